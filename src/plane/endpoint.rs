//! VPC endpoints: the private way to a service, and back.
//!
//! A gateway endpoint is the target of a route: the packet goes to the service with the sender's private
//! address. An interface endpoint is an interface whose owner puts the service's address in place of its
//! own. Either way the answer finds back because the endpoint remembers who asked.

use std::net::Ipv4Addr;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::state::Effect;
use super::walk::Cx;
use crate::ids::{EniId, VpcEndpointId};
use crate::model::{EndpointKind, Eni, VpcEndpoint};
use crate::time::Instant;
use crate::trace::{DropReason, MtuLimit, Step, Translator};
use crate::wire::{ECHO_REQUEST, FiveTuple, Packet, Protocol, Rewrite};

/// The longest packet that an endpoint carries (aws: endpoint-mtu).
pub(super) const MTU: u16 = 8500;
/// What interface endpoints lower the segment size of a SYN to: AWS gives no number
/// (assumed: mss-clamp-8460).
pub(super) const MSS: u16 = MTU - 40;
/// Connections through an interface endpoint that are idle for so long are forgotten (aws: endpoint-idle).
const IDLE: Duration = Duration::from_secs(350);
/// A gateway endpoint has no such limit; what remembers the way back has (assumed: gateway-endpoint-memory).
const GATEWAY_IDLE: Duration = Duration::from_secs(432_000);

/// An answer of a service: from its host, to whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SessionKey(FiveTuple);

/// How the answer goes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// Through which endpoint.
    pub endpoint: VpcEndpointId,
    /// By which of its interfaces, if it has any.
    pub interface: Option<(EniId, Ipv4Addr)>,
}

/// Everybody who talks to a service through an endpoint.
#[derive(Default, Debug)]
pub(super) struct Sessions {
    by_answer: IndexMap<SessionKey, (Session, Instant), FixedState>,
    sweep_at_len: usize,
}

const SWEEP_LEN_MIN: usize = 1024;

impl Sessions {
    fn find(&self, key: SessionKey, now: Instant) -> Option<Session> {
        self.by_answer.get(&key).filter(|(_, expires)| now < *expires).map(|(session, _)| *session)
    }

    /// The endpoint through which an answer goes back.
    pub fn endpoint_of(&self, answer: FiveTuple, now: Instant) -> Option<VpcEndpointId> {
        self.find(SessionKey(answer), now).map(|session| session.endpoint)
    }

    pub fn clear(&mut self) {
        self.by_answer.clear();
    }

    pub fn see(&mut self, key: SessionKey, session: Session, now: Instant) {
        let idle = if session.interface.is_some() { IDLE } else { GATEWAY_IDLE };
        self.by_answer.insert(key, (session, now + idle));
        if self.by_answer.len() >= self.sweep_at_len.max(SWEEP_LEN_MIN) {
            self.by_answer.retain(|_, (_, expires)| now < *expires);
            self.sweep_at_len = self.by_answer.len() * 2;
        }
    }
}

impl<'a> Cx<'a> {
    /// Lets TCP and pings of its VPC into a gateway endpoint, nothing else (aws: endpoint-gateway-protocol).
    pub(super) fn enter_gateway_endpoint(
        &mut self,
        endpoint: VpcEndpointId,
        packet: &Packet,
    ) -> Result<(), DropReason> {
        // What a transit gateway or another connection brings gets no further (aws: endpoint-gateway-not-extended).
        let (endpoint_vpc, source) = (self.model.endpoints[&endpoint].vpc, packet.tuple().src);
        if !self.model.vpcs[&endpoint_vpc].contains(source) {
            return Err(DropReason::GatewayEndpointSource { endpoint, source });
        }
        let is_ping = packet.icmp().is_some_and(|icmp| icmp.kind == ECHO_REQUEST);
        if packet.tuple().protocol != Protocol::TCP && !is_ping {
            return Err(DropReason::GatewayEndpointProtocol { endpoint });
        }
        // DynamoDB's connections are tracked whatever the rules, with two entries each
        // (aws: sg-automatically-tracked).
        if self.model.endpoints[&endpoint].service.service() == "dynamodb" {
            self.track_automatically(2);
        }
        Ok(())
    }

    /// Takes a packet through a gateway endpoint. The sender's address stays the private one
    /// (aws: endpoint-gateway-private-source).
    pub(super) fn through_gateway_endpoint(
        &mut self,
        endpoint: VpcEndpointId,
        packet: &Packet,
    ) -> Result<Ipv4Addr, DropReason> {
        let tuple = packet.tuple();
        let host = self.internet_host(tuple.dst)?;
        self.step(Step::ThroughEndpoint { endpoint });
        self.remember(tuple, Session { endpoint, interface: None }, packet);
        Ok(host)
    }

    /// Takes a packet that came to an interface of an endpoint to the service.
    pub(super) fn through_interface_endpoint(
        &mut self,
        endpoint: VpcEndpointId,
        eni: &Eni,
        packet: &mut Packet,
    ) -> Result<Ipv4Addr, DropReason> {
        let tuple = packet.tuple();
        // aws: endpoint-interface-no-ping
        if tuple.protocol != Protocol::TCP || packet.is_fragment() || !eni.has(tuple.dst) {
            return Err(DropReason::InterfaceEndpointProtocol { endpoint });
        }
        // Longer packets are dropped, and nobody is told (aws: endpoint-mtu).
        if packet.ip_len() > MTU {
            return Err(DropReason::MtuExceeded { at: MtuLimit::Endpoint(endpoint), mtu: MTU });
        }
        let service = &self.model.endpoints[&endpoint].service;
        let host = self.model.service_host(service).map(|host| host.address);
        let host = host.ok_or(DropReason::EndpointNoService { endpoint })?;
        let there = FiveTuple { dst: host, ..tuple };
        let session = Session { endpoint, interface: Some((eni.id, tuple.dst)) };
        // What is idle for too long is not delivered any more (aws: endpoint-idle); whether it is answered
        // with a RST is not documented (assumed: endpoint-idle-silent).
        let is_new = packet.tcp_flags().opens();
        if !is_new && self.state.sessions.find(SessionKey(there.mirror()), self.now) != Some(session) {
            return Err(DropReason::EndpointIdle { endpoint });
        }
        packet.clamp_mss(MSS);
        packet.rewrite(Rewrite { dst: Some(host), ..Rewrite::default() });
        self.step(Step::Translated { by: Translator::Endpoint(endpoint), from: tuple, to: packet.tuple() });
        self.remember(there, session, packet);
        Ok(host)
    }

    /// The endpoint through which a service's answer goes back, if it is one.
    pub(super) fn answer_through_endpoint(&mut self, packet: &Packet) -> Option<(&'a VpcEndpoint, Session)> {
        let key = SessionKey(super::flow::flow_of(packet));
        let session = self.state.sessions.find(key, self.now)?;
        let endpoint = self.model.endpoints.get(&session.endpoint)?;
        // An interface may be gone while its endpoint stays.
        let is_there = match (&endpoint.kind, session.interface) {
            (EndpointKind::Gateway { .. }, None) => true,
            (EndpointKind::Interface { interfaces, .. }, Some((eni, _))) => {
                interfaces.iter().any(|(_, of_endpoint)| *of_endpoint == eni)
            }
            (EndpointKind::Gateway { .. } | EndpointKind::Interface { .. }, _) => false,
        };
        if is_there {
            // It is not idle while answers come.
            self.out.effects.push(Effect::Session { key, session });
        }
        is_there.then_some((endpoint, session))
    }

    /// Puts the address of an endpoint's interface in place of its service's.
    pub(super) fn translate_answer(&mut self, endpoint: VpcEndpointId, own: Ipv4Addr, packet: &mut Packet) {
        let from = packet.tuple();
        packet.clamp_mss(MSS);
        packet.rewrite(Rewrite { src: Some(own), ..Rewrite::default() });
        self.step(Step::Translated { by: Translator::Endpoint(endpoint), from, to: packet.tuple() });
    }

    fn remember(&mut self, there: FiveTuple, session: Session, packet: &Packet) {
        let flow = FiveTuple { dst: there.dst, ..super::flow::flow_of(packet) };
        self.out.effects.push(Effect::Session { key: SessionKey(flow.mirror()), session });
    }
}
