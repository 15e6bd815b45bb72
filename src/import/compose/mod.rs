//! From what a source describes to the text of a scenario.
//!
//! Knows the keys of the scenario language and what EC2's terms mean. Must never know in what the source was written,
//! or make a resource: `scenario` reads the text, and `api` makes everything.

mod gateways;
mod hosts;
mod listen;
mod logs;
mod names;
mod page;
mod routes;
mod rules;
mod scopes;
mod transit;
mod vpcs;

use std::collections::{BTreeMap, BTreeSet};

use self::names::Names;
use self::page::{Doc, Map, Page};
use self::scopes::Scopes;
use super::inventory::{About, Interface, Inventory, Loss, Notice, Place, Subnet};

/// How it is done.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The title of the scenario.
    pub title: String,
    /// Where it comes from, as it is shown.
    pub source: String,
    /// The account of what does not say whose it is.
    pub account: Option<String>,
    /// The region of what does not say where it is.
    pub region: Option<String>,
    /// Whether hosts listen on the ports that their security groups let in.
    pub listens: bool,
}

/// The text of a scenario, where its parts come from, and what is not in it.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The text, and what begins where.
    pub page: Page,
    /// What could not be carried over as it stands.
    pub notices: Vec<Notice>,
}

/// Writes it.
pub fn compose(inventory: &Inventory, options: &Options) -> Composed {
    let mut composer = Composer::new(inventory, options);
    let mut root = Map::default();
    root.put("name", Doc::text(&options.title));
    root.put("description", Doc::text(format!("Imported from {}.", options.source)));
    root.put("region", Doc::text(composer.scopes.region()));
    root.put("account", Doc::text(composer.scopes.account()));
    // What exists was allowed to: accounts have quotas of their own.
    root.put("quotas", Doc::plain("unlimited"));
    root.unless_empty("prefix_lists", composer.prefix_lists());
    let transit = composer.transit_gateways();
    root.unless_empty("vpcs", composer.vpcs());
    root.unless_empty("peerings", composer.peerings());
    root.unless_empty("transit_gateways", transit);
    root.unless_empty("on_prem", composer.on_prem());
    root.unless_empty("elastic_ips", composer.elastic_ips());
    composer.flow_logs(&mut root);
    let mut notices = composer.notices;
    notices.sort();
    notices.dedup();
    Composed { page: Page::write(&root), notices }
}

struct Composer<'i> {
    inventory: &'i Inventory,
    options: &'i Options,
    names: Names,
    scopes: Scopes,
    subnets: BTreeMap<&'i str, &'i Subnet>,
    interfaces: BTreeMap<&'i str, &'i Interface>,
    /// The interfaces of gateways and endpoints.
    of_gateways: BTreeSet<&'i str>,
    /// The primary interfaces of instances.
    primary: BTreeMap<&'i str, &'i Interface>,
    notices: Vec<Notice>,
}

impl<'i> Composer<'i> {
    fn new(inventory: &'i Inventory, options: &'i Options) -> Self {
        let mut notices = Vec::new();
        Self {
            inventory,
            options,
            names: Names::of(inventory),
            scopes: Scopes::of(inventory, options, &mut notices),
            subnets: inventory.subnets.iter().map(|it| (it.about.id.as_str(), it)).collect(),
            interfaces: inventory.interfaces.iter().map(|it| (it.about.id.as_str(), it)).collect(),
            of_gateways: hosts::interfaces_of_gateways(inventory),
            primary: hosts::primary_interfaces(inventory),
            notices,
        }
    }

    /// Something decides over packets and is not as in the source.
    fn lost(&mut self, place: &Place, message: impl Into<String>) {
        self.notices.push(Notice { place: place.clone(), loss: Loss::Matters, message: message.into() });
    }

    /// Something is not as in the source, and no packet will find out.
    fn harmless(&mut self, place: &Place, message: impl Into<String>) {
        self.notices.push(Notice { place: place.clone(), loss: Loss::Harmless, message: message.into() });
    }

    /// The entries of everything that is in a VPC.
    fn named(&self, about: &About) -> (String, Map) {
        let mut map = Map::default();
        let called = self.names.get(&about.id);
        map.maybe("id", called.and_then(|called| called.id.clone()).map(Doc::text));
        (self.names.key(&about.id), map)
    }

    /// The names of things, from a VPC; what is not in the source is left out and said.
    fn refer_all(&mut self, ids: &[String], near: &str, what: &str, place: &Place) -> Vec<Doc> {
        let mut found = Vec::new();
        for id in ids {
            match self.names.refer(id, Some(near)) {
                Some(name) => found.push(Doc::text(name)),
                None => self.lost(place, format!("{what} {id} is not in the source: left out")),
            }
        }
        found
    }

    /// The VPC that a subnet is in, if both are in the source.
    fn vpc_of_subnet(&self, subnet: &str) -> Option<&'i str> {
        let vpc = self.subnets.get(subnet).map(|subnet| subnet.vpc.as_str())?;
        self.names.get(vpc).map(|_| vpc)
    }
}
