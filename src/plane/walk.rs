//! The path of a packet, from one stretch to the next.
//!
//! Read first: "Network ACL basics", "Connection tracking" and "Route priority" in the VPC and EC2 guides.

use std::net::Ipv4Addr;

use super::State;
use super::state::Effect;
use crate::ids::{EniId, RouteTableId, SubnetId};
use crate::model::{Direction, Eni, Location, Model, OutsideHost, Target};
use crate::time::Instant;
use crate::trace::{DropReason, Fate, Station, Step};
use crate::wire::{FiveTuple, Packet};

/// How many places a packet may pass within one stretch; none needs more than a few.
pub const CROSSINGS_MAX: u32 = 32;

/// Where a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Out of an interface: source check, security group, network ACL, route.
    Leaving(EniId),
    /// At the router of the interface's subnet, target chosen.
    At {
        /// The interface it left.
        from: EniId,
        /// What the route leads to.
        target: Target,
        /// The table that chose it; `None` within a subnet.
        table: Option<RouteTableId>,
    },
    /// Out of a host on the internet.
    LeavingOutside(Ipv4Addr),
    /// On the internet, with public addresses, sent from a location.
    OnInternet(Location),
    /// Into an interface: network ACL, security group, destination check.
    Arriving {
        /// The interface.
        eni: EniId,
        /// Where from.
        from: Origin,
    },
    /// Before a host on the internet.
    ArrivingOutside(Ipv4Addr),
}

/// Whether an arriving packet comes from a subnet of the same VPC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It does: from this one.
    Subnet(SubnetId),
    /// It comes from another VPC or from the internet.
    Elsewhere,
}

/// Where a stretch ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// On a link; the walk goes on at `to` when the packet has crossed it.
    Link {
        /// Where the walk goes on.
        to: Place,
        /// The near end.
        from: Location,
        /// The far end.
        towards: Location,
    },
    /// At the end of the journey.
    End(Fate),
}

/// What a walk has to say, apart from where it led. Reused from packet to packet.
#[derive(Default, Debug)]
pub struct Walk {
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What [`State::commit`] is to remember.
    pub effects: Vec<Effect>,
}

impl Walk {
    /// Forgets the last packet.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.effects.clear();
    }
}

/// Carries a packet from a place to the next link or to its end, rewriting it as it is translated and
/// recording every decision in `out`.
pub fn walk(
    model: &Model,
    state: &State,
    place: Place,
    packet: &mut Packet,
    now: Instant,
    out: &mut Walk,
) -> Way {
    let mut cx = Cx { model, state, now, out };
    let mut place = place;
    for _ in 0..CROSSINGS_MAX {
        match cx.cross(place, packet) {
            Ok(Next::Go(next)) => place = next,
            Ok(Next::Travel(to, from, towards)) => return Way::Link { to, from, towards },
            Ok(Next::Stop(station)) => return cx.end(Fate::Delivered(station)),
            Err(reason) => return cx.end(Fate::Dropped(reason)),
        }
    }
    panic!("a packet passed {CROSSINGS_MAX} places without meeting a link: {packet}")
}

/// Where a packet goes from a place.
enum Next {
    /// On, at once.
    Go(Place),
    /// Over a link between two locations.
    Travel(Place, Location, Location),
    /// To a host.
    Stop(Station),
}

/// What every leaf of the walk can see.
pub(super) struct Cx<'a> {
    pub model: &'a Model,
    pub state: &'a State,
    pub now: Instant,
    pub out: &'a mut Walk,
}

impl<'a> Cx<'a> {
    /// Every branch a packet can take is in this function. Leaves never decide where next.
    fn cross(&mut self, place: Place, packet: &mut Packet) -> Result<Next, DropReason> {
        Ok(match place {
            Place::Leaving(eni) => {
                let eni = self.model.eni(eni);
                let subnet = self.model.subnet(eni.subnet);
                self.step(Step::Left { eni: eni.id });
                self.check_unicast(eni, packet)?;
                self.check_source(eni, packet)?;
                self.check_link_local(eni, packet)?;
                // aws: nacl-subnet-boundary
                let leaves_subnet = !subnet.cidr.contains(&packet.tuple().dst);
                // What no route carries is metered all the same (assumed: flow-log-unroutable-accept).
                self.metered(eni, Direction::Egress, packet.tuple(), |cx| {
                    cx.security_group(eni, Direction::Egress, packet)?;
                    if leaves_subnet { cx.network_acl(subnet, Direction::Egress, packet) } else { Ok(()) }
                })?;
                if leaves_subnet {
                    let (table, target) = self.route(subnet, packet.tuple().dst)?;
                    Next::Go(Place::At { from: eni.id, target, table: Some(table) })
                } else {
                    self.step(Step::SameSubnet { subnet: subnet.id });
                    Next::Go(Place::At { from: eni.id, target: Target::Local, table: None })
                }
            }
            Place::At { from, target: Target::Local, .. } => {
                let from = self.model.eni(from);
                let to = self.owner_in_vpc(from.vpc, packet.tuple().dst)?;
                self.travel_between(from, to, Origin::Subnet(from.subnet))
            }
            Place::At { from, target: Target::NetworkInterface(to), .. } => {
                let (from, to) = (self.model.eni(from), self.model.eni(to));
                self.travel_between(from, to, Origin::Subnet(from.subnet))
            }
            Place::At { from, target: Target::Peering(peering), .. } => {
                let from = self.model.eni(from);
                let there = self.cross_peering(peering, from.vpc, packet)?;
                let to = self.owner_in_vpc(there, packet.tuple().dst)?;
                self.travel_between(from, to, Origin::Elsewhere)
            }
            Place::At { from, target: Target::InternetGateway(gateway), table } => {
                self.translate_to_public(gateway, table, from, packet)?;
                Next::Go(Place::OnInternet(self.location(self.model.eni(from))))
            }
            Place::LeavingOutside(host) => {
                self.step(Step::LeftOutside { host });
                Next::Go(Place::OnInternet(Location::Outside(host)))
            }
            Place::OnInternet(from) => match self.model.eni_with_public_address(packet.tuple().dst) {
                Some(eni) => {
                    self.translate_to_private(eni, packet)?;
                    Next::Travel(
                        Place::Arriving { eni: eni.id, from: Origin::Elsewhere },
                        from,
                        self.location(eni),
                    )
                }
                None => {
                    let host = self.internet_host(packet.tuple().dst)?;
                    Next::Travel(Place::ArrivingOutside(host), from, Location::Outside(host))
                }
            },
            Place::Arriving { eni, from } => {
                // It may have been deleted while the packet was on its way.
                let eni = self.running(eni)?;
                let subnet = self.model.subnet(eni.subnet);
                // aws: nacl-subnet-boundary
                let enters_subnet = from != Origin::Subnet(subnet.id);
                self.metered(eni, Direction::Ingress, packet.tuple(), |cx| {
                    if enters_subnet {
                        cx.network_acl(subnet, Direction::Ingress, packet)?;
                    }
                    cx.security_group(eni, Direction::Ingress, packet)
                })?;
                self.check_destination(eni, packet)?;
                self.address_frame(subnet, enters_subnet, eni, packet);
                self.step(Step::Arrived { eni: eni.id });
                Next::Stop(Station::Eni(eni.id))
            }
            Place::ArrivingOutside(host) => {
                packet.set_macs(OutsideHost::provider_mac(), self.model.outside[&host].mac());
                self.step(Step::ArrivedOutside { host });
                Next::Stop(Station::Outside(host))
            }
        })
    }

    pub(super) fn step(&mut self, step: Step) {
        self.out.steps.push(step);
    }

    fn end(&mut self, fate: Fate) -> Way {
        self.step(Step::Ended(fate));
        Way::End(fate)
    }

    /// Lets an interface's filters decide, and its meter count what they decided.
    fn metered(
        &mut self,
        eni: &Eni,
        direction: Direction,
        tuple: FiveTuple,
        filters: impl FnOnce(&mut Self) -> Result<(), DropReason>,
    ) -> Result<(), DropReason> {
        let verdict = filters(self);
        self.step(Step::Metered { eni: eni.id, direction, tuple, accepted: verdict.is_ok() });
        verdict
    }

    fn travel_between(&self, from: &Eni, to: &Eni, origin: Origin) -> Next {
        Next::Travel(Place::Arriving { eni: to.id, from: origin }, self.location(from), self.location(to))
    }

    fn location(&self, eni: &Eni) -> Location {
        Location::Zone(self.model.subnet(eni.subnet).zone)
    }
}
