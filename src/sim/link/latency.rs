//! How far it is from place to place, unless a scenario says otherwise.
//!
//! Figures are typical measured ones, not promises of AWS (assumed: link-latency).

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::model::{Location, Model, Region, Zone};

/// Between two interfaces of one Availability Zone.
const SAME_ZONE: Duration = Duration::from_micros(100);
/// Between two zones of one region.
const CROSS_ZONE: Duration = Duration::from_micros(400);
/// From an interface to the host it runs on, which answers ARP.
pub const TO_HYPERVISOR: Duration = Duration::from_micros(10);

/// One-way time between two locations.
pub fn latency(model: &Model, from: Location, towards: Location) -> Duration {
    match (from, towards) {
        (Location::Zone(a), Location::Zone(b)) => between_zones(a, b),
        (Location::Zone(zone), Location::Outside(host)) | (Location::Outside(host), Location::Zone(zone)) => {
            to_edge(model, host) + between_regions(model, zone.region, host)
        }
        (Location::Outside(a), Location::Outside(b)) => to_edge(model, a) + to_edge(model, b),
        (Location::OnPrem(network, host), other) | (other, Location::OnPrem(network, host)) => {
            let own = model.on_prem.get(&(network, host)).map_or(Duration::ZERO, |host| host.latency);
            match other {
                Location::OnPrem(..) => SAME_ZONE,
                Location::Outside(other) => own + to_edge(model, other),
                Location::Zone(_) => own,
            }
        }
    }
}

/// From a region to the one in which a host stands for a service.
fn between_regions(model: &Model, here: Region, host: Ipv4Addr) -> Duration {
    let service = model.outside.get(&host).and_then(|host| host.service.as_ref());
    let there = service.map(|service| service.region()).filter(|there| *there != here);
    there.map_or(Duration::ZERO, |there| Duration::from_millis(u64::from(here.rtt_to(there))) / 2)
}

fn between_zones(a: Zone, b: Zone) -> Duration {
    if a.region != b.region {
        Duration::from_millis(u64::from(a.region.rtt_to(b.region))) / 2
    } else if a == b {
        SAME_ZONE
    } else {
        CROSS_ZONE
    }
}

fn to_edge(model: &Model, host: Ipv4Addr) -> Duration {
    model.outside.get(&host).map_or(Duration::ZERO, |host| host.latency)
}
