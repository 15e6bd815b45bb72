//! What arrives at a host: which connection a packet is for, and what is nobody's.
//!
//! Knows packets and connections; never what a program makes of them.

use smoltcp::iface::{Interface, PollIngressSingleResult, SocketSet};
use smoltcp::wire::{IpAddress, IpListenEndpoint};

use super::{ConnectionId, News, Stack, set_timestamp, timestamp, timestamp_at, to_smoltcp};
use crate::guest::connection::{Connection, ConnectionError, Role};
use crate::guest::device::Device;
use crate::time::Instant;
use crate::wire::{ArpReply, FiveTuple, Packet, Parsed, Protocol, TcpFlags, parse};

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
        let tuple = packet.tuple().mirror();
        if packet.is_later_fragment() {
            return;
        }
        if tuple.protocol == Protocol::TCP {
            self.receive_segment(now, tuple, packet);
        } else if packet.icmp().is_some_and(|icmp| icmp.kind != ECHO_REQUEST) {
            self.receive_icmp(now, packet);
        } else {
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
            None if opens && self.served.contains(&tuple.src_port) => {
                let mut connection = Connection::new(now, tuple, Role::Server, self.mtu);
                let socket = connection.socket_mut();
                socket.set_tsval_generator(Some(timestamp));
                let endpoint =
                    IpListenEndpoint { addr: Some(IpAddress::Ipv4(tuple.src)), port: tuple.src_port };
                socket.listen(endpoint).expect("a new socket listens");
                let id = self.insert(connection);
                self.deliver(now, id, packet);
            }
            None => self.answer_for_nobody(now, packet),
        }
    }

    fn deliver(&mut self, now: Instant, id: ConnectionId, packet: Packet) {
        let connection = self.connections.get_mut(&id).expect("a filed connection exists");
        let flags = packet.tcp_flags();
        connection.hears(now, flags);
        ingress(
            &mut self.interface,
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
            && self.served.contains(&connection.tuple.src_port)
            && !connection.is_connecting()
            && !connection.is_over()
        {
            connection.announced = true;
            self.news.push(News::Accepted(id, connection.tuple.src_port));
        }
    }

    fn answer_for_nobody(&mut self, now: Instant, packet: Packet) {
        let Self { interface, device, nobody, timestamp_offset, .. } = self;
        ingress(interface, device, nobody, now, packet.into_frame(), *timestamp_offset);
        self.emit(now);
    }

    fn repeat_syn_ack(&mut self, now: Instant, id: ConnectionId) {
        if let Some(frame) = self.connection(id).syn_ack.clone() {
            self.link.send_again(now, frame, timestamp_at(now, self.timestamp_offset));
        }
    }

    fn receive_icmp(&mut self, now: Instant, packet: Packet) {
        let icmp = packet.icmp().expect("an ICMP message");
        if let Some(quoted) = icmp.quoted
            && let Some(&id) = self.by_tuple.get(&quoted.tuple)
            && let Some(error) = unreachable(icmp.kind, icmp.code)
        {
            // An established connection outlives such messages.
            if self.connection(id).is_connecting() {
                self.fail(now, id, error);
            }
        }
        self.news.push(News::Icmp(packet));
    }

    /// A packet of this host found no neighbour.
    pub(super) fn undeliverable(&mut self, now: Instant, packet: Packet) {
        if let Some(&id) = self.by_tuple.get(&packet.tuple())
            && self.connection(id).is_connecting()
        {
            self.fail(now, id, ConnectionError::HostUnreachable);
        }
        self.news.push(News::Undeliverable(packet));
    }
}

const ECHO_REQUEST: u8 = 8;

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
