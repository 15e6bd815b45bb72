//! Two packets where nothing else moves: does one get there, and its answer back?
//!
//! Walks real frames through the plane as the world does, link by link, but without a queue, hosts or
//! observers, so that a million pairs take seconds. Each question begins with a plane that remembers
//! nothing: none influences another. Time stands still: a link that is down drops, as does one that loses
//! everything; latency, bandwidth and what else is left to chance are not looked at.
//!
//! Knows of hosts whether they forward, and nothing of what listens: an answer comes whatever the port.

use std::net::Ipv4Addr;

use super::hosts::{TTL_INSTANCE, TTL_OUTSIDE};
use super::link::{Crossing, Endpoint};
use super::world::{Still, interface_of};
use crate::model::{Instance, InstanceState, Model, OutsideHost};
use crate::plane::{self, Place, State, Walk, Way, walk};
use crate::trace::{Asked, DropReason, Fate, Finding, Leg, Obstacle, Station};
use crate::wire::build::{self, Ends};
use crate::wire::{ArpRequest, FiveTuple, Mac, Packet, TcpFlags};

/// The port that questions are sent from: one that Linux and Windows both use for that.
const PORT: u16 = 50_000;
/// The identifier of pings, and the number of the only one.
const PING: (u16, u16) = (1, 1);
/// How many stretches a packet may go; its time to live ends it long before.
const STRETCHES_MAX: u32 = 1024;

/// A host that can be asked, or asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// What people call it: its name, or its id if it has none.
    pub name: String,
    /// Whether that is a name of its own.
    pub has_own_name: bool,
    /// The id of its interface; elsewhere its address.
    pub id: String,
    /// Where it is connected.
    pub station: Station,
}

/// Every host there is: running instances, further interfaces with hosts, then hosts on the internet and on premises
/// that somebody has described.
pub fn spots(model: &Model) -> Vec<Spot> {
    let running = |instance: &&Instance| instance.state == InstanceState::Running;
    let instances = model.instances.values().filter(running).map(|instance| Spot {
        name: instance.name.clone().unwrap_or_else(|| instance.id.to_string()),
        has_own_name: instance.name.is_some(),
        id: instance.eni.to_string(),
        station: Station::Eni(instance.eni),
    });
    let further = model.further_hosts().filter(|eni| model.is_up(eni)).map(|eni| Spot {
        name: model.eni_label(eni.id),
        has_own_name: eni.name.is_some(),
        id: eni.id.to_string(),
        station: Station::Eni(eni.id),
    });
    let outside = model.outside.values().filter(|host| !host.is_provided).map(|host| Spot {
        name: host.name.clone(),
        has_own_name: true,
        id: host.address.to_string(),
        station: Station::Outside(host.address),
    });
    let on_prem = model.on_prem.values().filter(|host| !host.is_provided).map(|host| Spot {
        name: host.name.clone(),
        has_own_name: true,
        id: host.address.to_string(),
        station: Station::OnPrem(host.network, host.address),
    });
    instances.chain(further).chain(outside).chain(on_prem).collect()
}

/// Asks one question after the other.
#[derive(Debug)]
pub struct Prober<'a> {
    world: &'a Still,
    // Reused from question to question.
    state: State,
    walk: Walk,
}

impl<'a> Prober<'a> {
    /// Somebody who asks in a world.
    pub fn new(world: &'a Still) -> Self {
        Self { world, state: State::default(), walk: Walk::default() }
    }

    /// Whether a packet gets from one host to another, and its answer back: with private addresses in VPCs
    /// and on premises, from the internet with the public one.
    pub fn ask(&mut self, from: Station, to: Station, asked: Asked) -> Finding {
        let closed = |leg, why| Finding::Closed { leg, why };
        let (src, dst) = (own_address(self.model(), from), address_for(self.model(), from, to));
        let Some(dst) = dst else { return closed(Leg::Request, Obstacle::NoAddress(to)) };
        if self.has(from, dst) {
            return closed(Leg::Request, Obstacle::OwnAddress(from));
        }
        self.state.clear();
        let request = match self.carry(from, to, question(src, dst, asked)) {
            Ok(request) => request,
            Err(why) => return closed(Leg::Request, why),
        };
        match self.carry(to, from, answer(&request, asked)) {
            Ok(_) => Finding::Open,
            Err(why) => closed(Leg::Reply, why),
        }
    }

    fn model(&self) -> &'a Model {
        &self.world.model
    }

    /// Carries a packet from host to host until the one that it is for has it.
    fn carry(&mut self, from: Station, goal: Station, mut packet: Packet) -> Result<Packet, Obstacle> {
        packet.set_ttl(match from {
            Station::Eni(_) => TTL_INSTANCE,
            Station::LinkLocal(_) | Station::OnPrem(..) | Station::Outside(_) => TTL_OUTSIDE,
        });
        let mut place = self.leave(from, &mut packet).map_err(Obstacle::Dropped)?;
        for _ in 0..STRETCHES_MAX {
            let station = match self.stretch(place, &mut packet).map_err(Obstacle::Dropped)? {
                Ahead::At(station) => station,
                Ahead::On(next) => {
                    place = next;
                    continue;
                }
            };
            match (self.has(station, packet.tuple().dst), station == goal) {
                (true, true) => return Ok(packet),
                (true, false) => return Err(Obstacle::OtherHost(station)),
                (false, _) if !self.forwards(station) => return Err(Obstacle::NotForwarded(station)),
                (false, _) if !packet.decrement_ttl() => return Err(Obstacle::TtlExpired(station)),
                (false, _) => place = self.leave(station, &mut packet).map_err(Obstacle::Dropped)?,
            }
        }
        panic!("a packet went {STRETCHES_MAX} stretches, and its time to live did not run out: {packet}")
    }

    /// From a place to the next link and over it, or to a host.
    fn stretch(&mut self, place: Place, packet: &mut Packet) -> Result<Ahead, DropReason> {
        let now = self.world.now;
        self.walk.clear();
        let way = walk(self.model(), &self.state, place, packet, now, &mut self.walk);
        self.state.commit(&self.walk.effects, now);
        match way {
            Way::Link { to, from, towards } => {
                let crossing = Crossing {
                    from: Endpoint { location: from, eni: interface_of(place) },
                    towards: Endpoint { location: towards, eni: interface_of(to) },
                    tuple: packet.tuple(),
                    bytes: packet.frame().len(),
                };
                self.world.links.blocks(&crossing).map_or(Ok(Ahead::On(to)), Err)
            }
            Way::End(Fate::Delivered(station)) => Ok(Ahead::At(station)),
            Way::End(Fate::Dropped(reason)) => Err(reason),
            Way::Split { .. } | Way::End(Fate::Fragmented) => {
                unreachable!("no way is too narrow for a packet without data")
            }
        }
    }

    /// Puts a host's packet on the wire, once it knows whose hardware address is next.
    fn leave(&self, station: Station, packet: &mut Packet) -> Result<Place, DropReason> {
        let (place, ends) = match station {
            Station::Eni(id) => {
                let (eni, target) = (self.model().eni(id), packet.tuple().dst);
                let subnet = self.model().subnet(eni.subnet);
                let next = if subnet.cidr.contains(&target) {
                    let request = ArpRequest { sender_mac: eni.mac, sender: eni.primary_ip(), target };
                    let mac = plane::answer_arp(self.model(), id, request);
                    mac.ok_or(DropReason::NoNeighbor { eni: id, address: target })?
                } else {
                    subnet.router_mac
                };
                (Place::Leaving(id), Ends { src: eni.mac, dst: next })
            }
            Station::LinkLocal(id) => {
                let mac = self.model().subnet(self.model().eni(id).subnet).router_mac;
                (Place::LeavingLinkLocal(id), Ends { src: mac, dst: self.model().eni(id).mac })
            }
            Station::OnPrem(network, address) => (Place::LeavingOnPrem(network, address), provider()),
            Station::Outside(address) => (Place::LeavingOutside(address), provider()),
        };
        packet.set_macs(ends.src, ends.dst);
        Ok(place)
    }

    /// Whether an address is one of a host's.
    fn has(&self, station: Station, address: Ipv4Addr) -> bool {
        match station {
            Station::Eni(eni) => self.model().eni(eni).has(address),
            Station::LinkLocal(_) => true,
            Station::OnPrem(_, own) | Station::Outside(own) => own == address,
        }
    }

    fn forwards(&self, station: Station) -> bool {
        self.world.setups.get(&station).is_some_and(|setup| setup.forwards)
    }
}

/// Where a packet is when a stretch is over.
#[derive(Clone, Copy)]
enum Ahead {
    At(Station),
    On(Place),
}

/// The address a host speaks from.
fn own_address(model: &Model, station: Station) -> Ipv4Addr {
    match station {
        Station::Eni(eni) | Station::LinkLocal(eni) => model.eni(eni).primary_ip(),
        Station::OnPrem(_, address) | Station::Outside(address) => address,
    }
}

/// The address by which a host is reached from another one.
fn address_for(model: &Model, from: Station, to: Station) -> Option<Ipv4Addr> {
    match (from, to) {
        (Station::Outside(_), Station::Eni(eni)) => {
            let eni = model.eni(eni);
            let first = || eni.public.first().map(|address| address.ip);
            eni.public_of(eni.primary_ip()).or_else(first)
        }
        (Station::Outside(_), Station::OnPrem(..)) => None,
        (Station::Eni(_) | Station::LinkLocal(_) | Station::OnPrem(..), _)
        | (Station::Outside(_), Station::LinkLocal(_) | Station::Outside(_)) => Some(own_address(model, to)),
    }
}

/// Whoever is not in a VPC sends to a router.
fn provider() -> Ends {
    let router = OutsideHost::provider_mac();
    Ends { src: Mac([2, 0, 0, 0, 0, 1]), dst: router }
}

/// The first packet.
fn question(src: Ipv4Addr, dst: Ipv4Addr, asked: Asked) -> Packet {
    let tuple = |dst_port| FiveTuple { src, dst, src_port: PORT, dst_port, protocol: asked.protocol() };
    match asked {
        Asked::Ping => build::echo_request(Ends::TEST, src, dst, PING.0, PING.1, &[]),
        Asked::Tcp(port) => build::tcp(Ends::TEST, tuple(port), TcpFlags(TcpFlags::SYN), &[]),
        Asked::Udp(port) => build::udp(Ends::TEST, tuple(port), &[]),
    }
}

/// What whoever received it sends back. On the way addresses and ports may have become others.
fn answer(request: &Packet, asked: Asked) -> Packet {
    let tuple = request.tuple().mirror();
    match asked {
        Asked::Ping => {
            let echo = request.icmp().and_then(|icmp| icmp.echo).expect("a ping stays one");
            build::echo_reply(Ends::TEST, tuple.src, tuple.dst, echo.identifier, echo.sequence, &[])
        }
        Asked::Tcp(_) => build::tcp(Ends::TEST, tuple, TcpFlags(TcpFlags::SYN | TcpFlags::ACK), &[]),
        Asked::Udp(_) => build::udp(Ends::TEST, tuple, &[]),
    }
}
