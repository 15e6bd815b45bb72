//! What arrives at a host: which connection a packet is for, and what is nobody's.
//!
//! Knows packets and connections; never what a program makes of them.

use smoltcp::iface::{Interface, PollIngressSingleResult, SocketSet};
use smoltcp::wire::{IpAddress, IpListenEndpoint};

use super::{ConnectionId, News, Stack, set_timestamp, timestamp, timestamp_at, to_smoltcp};
use crate::guest::connection::{Connection, ConnectionError, Role};
use crate::guest::device::Device;
use crate::time::Instant;
use crate::wire::build::{self, Ends};
use crate::wire::{
    ArpReply, ECHO_REQUEST, Echo, FiveTuple, Icmp, Packet, Parsed, Protocol, TcpFlags, checksums_are_valid,
    parse,
};

impl Stack {
    /// Takes in a frame that arrived.
    pub fn receive(&mut self, now: Instant, frame: Vec<u8>) {
        match parse(frame) {
            Ok(Parsed::Arp(request, _)) => self.link.asked(now, request),
            Ok(Parsed::Ipv4(packet)) if self.link.accepts(packet.destination_mac()) => {
                self.receive_packet(now, packet);
            }
            Ok(Parsed::Ipv4(_)) => {}
            Err((_, bytes)) => {
                if let Some(reply) = ArpReply::parse(&bytes) {
                    self.link.answered(now, reply);
                }
            }
        }
    }

    fn receive_packet(&mut self, now: Instant, packet: Packet) {
        if !self.link.is_own(packet.tuple().dst) {
            if self.forwards {
                self.forward(now, packet);
            }
            return;
        }
        let Some(packet) = self.reassembly.take(now, packet) else { return };
        let tuple = packet.tuple().mirror();
        if tuple.protocol == Protocol::TCP {
            self.receive_segment(now, tuple, packet);
        } else if let Some(icmp) = packet.icmp() {
            match icmp.echo {
                Some(echo) if icmp.kind == ECHO_REQUEST => self.answer_echo(now, echo, &packet),
                Some(_) | None => self.receive_icmp(now, icmp, &packet),
            }
        } else if tuple.protocol == Protocol::UDP && self.served_datagrams.contains(&tuple.src_port) {
            self.news.push(News::Datagram(tuple, packet.udp_payload().to_vec()));
        } else if tuple.protocol != Protocol::UDP || !self.hear_answer(&packet) {
            self.answer_for_nobody(now, packet);
        }
    }

    fn receive_segment(&mut self, now: Instant, tuple: FiveTuple, packet: Packet) {
        let opens = packet.tcp_flags() == TcpFlags(TcpFlags::SYN);
        let mut known = self.by_tuple.get(&tuple).copied();
        if opens && let Some(old) = known.take_if(|id| self.connection(*id).is_waiting_out()) {
            self.remove(old);
        }
        match known {
            Some(id) if opens && self.connection(id).is_handshaking_server() => self.repeat_syn_ack(now, id),
            Some(id) => self.deliver(now, id, packet),
            None if opens && self.served.contains_key(&tuple.src_port) => {
                let haul = self.served[&tuple.src_port];
                let mut connection = Connection::new(now, tuple, Role::Server, self.mtu, haul);
                let socket = connection.socket_mut();
                socket.set_tsval_generator(Some(timestamp));
                let endpoint =
                    IpListenEndpoint { addr: Some(IpAddress::Ipv4(tuple.src)), port: tuple.src_port };
                socket.listen(endpoint).expect("a new socket listens");
                let id = self.insert(connection);
                self.deliver(now, id, packet);
            }
            None => {
                // A SYN-ACK to a probe is answered too: no connection was meant.
                self.hear_answer(&packet);
                self.answer_for_nobody(now, packet);
            }
        }
    }

    fn deliver(&mut self, now: Instant, id: ConnectionId, packet: Packet) {
        let connection = self.connections.get_mut(&id).expect("a filed connection exists");
        let flags = packet.tcp_flags();
        connection.hears(now, flags);
        ingress(
            self.interfaces.wide(connection.tuple.src),
            &mut self.device,
            &mut connection.set,
            now,
            packet.into_frame(),
            self.timestamp_offset,
        );
        connection.heard(flags);
        if connection.acknowledges_at_once() {
            self.flush(now, id);
        } else {
            self.emit(now);
            self.unhurried.insert(id);
        }
        self.announce(id);
    }

    /// Tells the program that holds a connection, or the host if there is a new one.
    fn announce(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(owner) = connection.owner {
            self.news.push(News::Stirred(owner));
        } else if !connection.announced
            && self.served.contains_key(&connection.tuple.src_port)
            && !connection.is_connecting()
            && !connection.is_over()
        {
            connection.announced = true;
            self.news.push(News::Accepted(id, connection.tuple.src_port));
        }
    }

    fn answer_for_nobody(&mut self, now: Instant, packet: Packet) {
        let Self { interfaces, device, nobody, timestamp_offset, .. } = self;
        ingress(
            interfaces.wide(packet.tuple().dst),
            device,
            nobody,
            now,
            packet.into_frame(),
            *timestamp_offset,
        );
        self.emit(now);
    }

    fn repeat_syn_ack(&mut self, now: Instant, id: ConnectionId) {
        if let Some(frame) = self.connection(id).syn_ack.clone() {
            self.link.send_again(now, frame, timestamp_at(now, self.timestamp_offset));
        }
    }

    /// Answers an echo request. Linux lets routers fragment the reply.
    fn answer_echo(&mut self, now: Instant, echo: Echo, request: &Packet) {
        const ICMP_HEADER_LEN: usize = 8;
        let FiveTuple { src: from, dst: own, .. } = request.tuple();
        let is_nobody = from.is_unspecified() || from.is_broadcast() || from.is_multicast();
        if is_nobody || !checksums_are_valid(request.frame()) {
            return;
        }
        let payload = &request.ip_payload()[ICMP_HEADER_LEN..];
        // The link fills in the stations.
        let mut reply = build::echo_reply(Ends::TEST, own, from, echo.identifier, echo.sequence, payload);
        reply.set_ttl(self.link.ttl());
        reply.set_dont_fragment(false);
        self.send_packet(now, reply);
    }

    fn receive_icmp(&mut self, now: Instant, icmp: Icmp, packet: &Packet) {
        if let (Some(quoted), Some(mtu)) = (icmp.quoted, packet.next_hop_mtu()) {
            self.learn_path(now, quoted.tuple, mtu);
        }
        if let Some(quoted) = icmp.quoted
            && let Some(&id) = self.by_tuple.get(&quoted.tuple)
            && let Some(error) = unreachable(icmp.kind, icmp.code)
        {
            // An established connection outlives such messages.
            if self.connection(id).is_connecting() {
                self.fail(now, id, error);
            }
        }
        self.hear_icmp(packet);
    }

    /// Takes in that a packet of this host was too long for its path.
    fn learn_path(&mut self, now: Instant, about: FiveTuple, mtu: u16) {
        let connection = self.by_tuple.get(&about).copied();
        // Nobody can make a path narrow with a segment that was never sent.
        let is_ours =
            self.link.is_own(about.src) && (about.protocol != Protocol::TCP || connection.is_some());
        if !is_ours || self.link.is_own(about.dst) {
            return;
        }
        self.paths.learn(now, about.dst, mtu);
        if let Some(id) = connection {
            self.resend_shorter(now, id);
        }
    }

    /// A packet found no neighbour.
    pub(super) fn undeliverable(&mut self, now: Instant, packet: Packet) {
        let from = self.link.address();
        if !self.link.is_own(packet.tuple().src) {
            // It was to be forwarded. The link fills in the stations.
            self.report(now, &packet, |about| build::host_unreachable(Ends::TEST, from, about));
            return;
        }
        if let Some(&id) = self.by_tuple.get(&packet.tuple())
            && self.connection(id).is_connecting()
        {
            self.fail(now, id, ConnectionError::HostUnreachable);
        }
        self.hear_undeliverable(&packet);
    }
}

/// What an ICMP error does to a connection that is being made (Linux: `tcp_v4_err`).
fn unreachable(kind: u8, code: u8) -> Option<ConnectionError> {
    const DESTINATION_UNREACHABLE: u8 = 3;
    const TIME_EXCEEDED: u8 = 11;
    match (kind, code) {
        (DESTINATION_UNREACHABLE, 0 | 6 | 9 | 11) => Some(ConnectionError::NetworkUnreachable),
        (DESTINATION_UNREACHABLE, 2 | 3) => Some(ConnectionError::Refused),
        // The packet was too big: a matter of size, not of reach.
        (DESTINATION_UNREACHABLE, 4) => None,
        (DESTINATION_UNREACHABLE | TIME_EXCEEDED, _) => Some(ConnectionError::HostUnreachable),
        _ => None,
    }
}

fn ingress(
    interface: &mut Interface,
    device: &mut Device,
    sockets: &mut SocketSet<'static>,
    now: Instant,
    frame: Vec<u8>,
    timestamp_offset: u32,
) {
    set_timestamp(now, timestamp_offset);
    device.arrive(frame);
    let result = interface.poll_ingress_single(to_smoltcp(now), device, sockets);
    assert!(result != PollIngressSingleResult::None, "a frame was laid ready");
}
