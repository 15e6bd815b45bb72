//! What hosts listen on, which no source says: what their security groups let in, if that is wanted.

use std::collections::BTreeSet;

use super::super::inventory::{About, Interface, SecurityGroup};
use super::Composer;
use super::page::{Doc, Map};

/// Of a range as wide as this nobody listens on all ports.
const PORTS_MAX: i64 = 16;

/// The ports whose pages are encrypted.
const HTTPS: [i64; 2] = [443, 8443];

/// Where something else listens anyway.
const SSH: i64 = 22;

impl Composer<'_> {
    /// A page for each port that the groups of an interface let in by TCP.
    pub(super) fn serves(&mut self, about: &About, eni: &Interface, is_instance: bool) -> Doc {
        let mut map = Map::default();
        if !self.options.listens {
            return map.doc();
        }
        let mut ports: BTreeSet<i64> = BTreeSet::new();
        let groups: Vec<&SecurityGroup> = self
            .inventory
            .security_groups
            .iter()
            .filter(|it| eni.security_groups.contains(&it.about.id))
            .collect();
        for rule in groups.iter().flat_map(|group| &group.ingress) {
            let (from, to) = (rule.traffic.from.unwrap_or(-1), rule.traffic.to.unwrap_or(-1));
            let is_tcp = ["tcp", "6"].contains(&rule.traffic.protocol.as_str());
            if !is_tcp || from < 1 || to < from || to > 65_535 {
                continue;
            }
            if to - from < PORTS_MAX {
                ports.extend(from..=to);
            } else {
                let message = format!("nobody listens on the range of ports {from}-{to}: it is too wide");
                self.harmless(&rule.place, message);
            }
        }
        let name = self.names.key(&about.id);
        for port in ports.into_iter().filter(|port| !is_instance || *port != SSH) {
            let body = Doc::text(format!("{name} on port {port}\n"));
            if HTTPS.contains(&port) {
                let mut page = Map::default();
                page.put("body", body).put("certificate", Doc::plain("valid"));
                map.put(port.to_string(), page.doc());
            } else if port == SSH {
                map.put(port.to_string(), Doc::plain("ssh"));
            } else {
                map.put(port.to_string(), body);
            }
        }
        map.doc()
    }
}
