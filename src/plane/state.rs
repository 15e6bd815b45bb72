//! What traffic has taught the plane: tracked flows, translations, and who uses which endpoint.
//!
//! Only looked up, never iterated for output, so the order of the tables is nobody's business.

use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::endpoint::{Session, SessionKey, Sessions};
use super::flow::DatagramKey;
use super::link_local::Allowances;
use super::nat_table::{NatEffect, NatTable};
use super::tracking::{FlowKey, Tracking};
use crate::ids::{EniId, VpcEndpointId};
use crate::model::{ConnectionTracking, Direction};
use crate::time::Instant;
use crate::wire::{FiveTuple, TcpFlags};

/// A change a walk asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// The first fragment of a datagram said which flow it belongs to.
    FirstFragment {
        /// The datagram.
        datagram: DatagramKey,
        /// Its flow.
        flow: FiveTuple,
    },
    /// A packet went to the services next to an interface.
    LinkLocal {
        /// The interface.
        eni: EniId,
    },
    /// A NAT gateway translated or dropped something.
    Nat(NatEffect),
    /// A packet went through an endpoint.
    Session {
        /// Whose answer will come back how.
        key: SessionKey,
        /// By which endpoint.
        session: Session,
    },
    /// A group let a packet of this flow through.
    Track {
        /// The flow.
        flow: FlowKey,
        /// Which way the packet went.
        direction: Direction,
        /// Its TCP control bits: a connection that is closed is soon forgotten.
        flags: TcpFlags,
        /// How many entries it takes; 0 if answers do not pass for its sake, but need rules of their own.
        entries: usize,
        /// How long the flow is remembered.
        timeouts: ConnectionTracking,
    },
}

/// The memory of the plane.
#[derive(Default, Debug)]
pub struct State {
    /// What security groups remember.
    pub tracking: Tracking,
    /// What NAT gateways remember.
    pub nat: NatTable,
    /// What endpoints remember.
    pub(super) sessions: Sessions,
    /// How much interfaces have sent to the services next to them.
    pub(super) allowances: Allowances,
    datagrams: IndexMap<DatagramKey, (FiveTuple, Instant), FixedState>,
}

/// How long the fragments of a datagram are waited for.
const DATAGRAM_WAIT: Duration = Duration::from_secs(30);
/// Expired datagrams are swept out when there are more than this.
const DATAGRAMS_MAX: usize = 4096;

impl State {
    /// Forgets what time has made void; to be called before a walk.
    pub fn expire(&mut self, now: Instant) {
        self.nat.expire(now);
    }

    /// Forgets everything, and keeps the room it took.
    pub fn clear(&mut self) {
        self.tracking.clear();
        self.nat.clear();
        self.sessions.clear();
        self.allowances.clear();
        self.datagrams.clear();
    }

    /// Applies what a walk learned.
    pub fn commit(&mut self, effects: &[Effect], now: Instant) {
        for effect in effects {
            match *effect {
                Effect::FirstFragment { datagram, flow } => {
                    if self.datagrams.len() >= DATAGRAMS_MAX {
                        self.datagrams.retain(|_, (_, expires)| now < *expires);
                    }
                    self.datagrams.insert(datagram, (flow, now + DATAGRAM_WAIT));
                }
                Effect::LinkLocal { eni } => self.allowances.spend(eni, now),
                Effect::Nat(effect) => self.nat.commit(effect, now),
                Effect::Session { key, session } => self.sessions.see(key, session, now),
                Effect::Track { flow, direction, flags, entries, timeouts } => {
                    self.tracking.see(flow, direction, flags, entries, timeouts, now);
                }
            }
        }
    }

    /// The endpoint that an answer of a service goes back through.
    pub fn endpoint_of(&self, answer: FiveTuple, now: Instant) -> Option<VpcEndpointId> {
        self.sessions.endpoint_of(answer, now)
    }

    /// Forgets all flows at an interface: whatever was behind it is gone.
    pub fn forget(&mut self, eni: EniId) {
        self.tracking.forget(eni);
        self.allowances.forget(eni);
    }

    pub(super) fn flow_of_datagram(&self, datagram: DatagramKey, now: Instant) -> Option<FiveTuple> {
        self.datagrams.get(&datagram).filter(|(_, expires)| now < *expires).map(|(flow, _)| *flow)
    }
}
