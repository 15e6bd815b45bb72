//! The plane, driven from link to link, in the words of the reference.

use vpclab::ids::EniId;
use vpclab::model::{Direction, Model, Owner};
use vpclab::plane::{Effect, NatEffect, Place, State, Walk, Way, walk};
use vpclab::time::Instant;
use vpclab::trace::{Fate, Station, Step};
use vpclab::wire::{self, checksums_are_valid};

use super::packet::{Flow, Packet};
use super::path::{Choices, End, Journey};

pub struct Trip<'a> {
    pub model: &'a Model,
    pub state: &'a mut State,
    pub now: Instant,
    pub steps: Vec<Step>,
    pub choices: Choices,
    /// Who received what, as bytes.
    pub received: Vec<(Station, wire::Packet)>,
}

impl Trip<'_> {
    pub fn begin(&mut self, from: Station, packet: wire::Packet) -> Journey {
        let place = match from {
            Station::Eni(eni) => Place::Leaving(eni),
            Station::LinkLocal(eni) => Place::LeavingLinkLocal(eni),
            Station::Outside(host) => Place::LeavingOutside(host),
            Station::OnPrem(network, host) => Place::LeavingOnPrem(network, host),
        };
        self.journey(place, packet)
    }

    fn journey(&mut self, mut place: Place, mut packet: wire::Packet) -> Journey {
        let (mut meters, mut answer) = (Vec::new(), None);
        let end = loop {
            let mut out = Walk::default();
            self.state.expire(self.now);
            let way = walk(self.model, self.state, place, &mut packet, self.now, &mut out);
            self.state.commit(&out.effects, self.now);
            assert!(checksums_are_valid(packet.frame()), "translations keep checksums valid");
            self.note(&out, &mut meters);
            self.steps.append(&mut out.steps);
            answer = answer.or(out.answer.take());
            match way {
                Way::Link { to, .. } => place = to,
                Way::Split { mtu, place } => {
                    let parts = packet.fragments(mtu);
                    break End::Split(mtu, parts.into_iter().map(|part| self.journey(place, part)).collect());
                }
                Way::End(Fate::Dropped(reason)) => break End::Dropped(reason.code()),
                Way::End(Fate::Delivered(station)) => {
                    let seen = Packet::of(&packet);
                    self.received.push((station, packet));
                    break End::Delivered(station, seen);
                }
                Way::End(Fate::Fragmented) => unreachable!("parts go on by themselves"),
            }
        };
        let answer = answer.map(|(packet, place)| {
            let seen = Packet::of(&packet);
            Box::new((seen, self.journey(place, packet)))
        });
        Journey { meters, end, answer }
    }

    fn note(&mut self, out: &Walk, meters: &mut Vec<(EniId, Direction, bool)>) {
        for step in &out.steps {
            if let Step::Metered { eni, direction, accepted, .. } = *step {
                meters.push((eni, direction, accepted));
            }
            if let Step::Left { eni } = *step
                && matches!(self.model.enis[&eni].owner, Some(Owner::TransitGateway(_)))
            {
                self.choices.emerged.push(eni);
            }
        }
        for effect in &out.effects {
            if let Effect::Nat(NatEffect::Forwarded { nat, binding, .. }) = effect {
                self.choices.ports.push((*nat, flow(binding.inside), binding.outside.src_port));
            }
        }
    }
}

fn flow(tuple: wire::FiveTuple) -> Flow {
    let wire::FiveTuple { src, dst, src_port, dst_port, protocol } = tuple;
    Flow { src, dst, src_port, dst_port, protocol: protocol.0 }
}
