//! What a host does with packets that are not for it: nothing, or what a router does.
//!
//! Knows Linux's `ip_forward`; never who asked for it. Translates no addresses and sends no redirects.

use super::Stack;
use crate::time::Instant;
use crate::wire::Packet;
use crate::wire::build::{self, Ends};

impl Stack {
    /// Sends a packet for somebody else on its way.
    ///
    /// The order is Linux's: hops, then size; an error quotes the packet as it came.
    pub(super) fn forward(&mut self, now: Instant, mut packet: Packet) {
        let from = self.link.address();
        let destination = packet.tuple().dst;
        if destination.is_broadcast() || destination.is_multicast() {
            return;
        }
        // The link fills in the stations.
        if packet.ttl() <= 1 {
            self.report(now, &packet, |about| build::time_exceeded(Ends::TEST, from, about));
        } else if packet.ip_len() > self.mtu && packet.dont_fragment() {
            let mtu = self.mtu;
            self.report(now, &packet, |about| build::fragmentation_needed(Ends::TEST, from, about, mtu));
        } else if packet.decrement_ttl() {
            self.link.send_on(now, packet, self.mtu);
        }
    }

    /// Sends an error about a packet to who sent it, unless there may be none (RFC 1122, 3.2.2).
    pub(super) fn report(&mut self, now: Instant, about: &Packet, error: impl FnOnce(&Packet) -> Packet) {
        let source = about.tuple().src;
        let is_nobody = source.is_unspecified() || source.is_broadcast() || source.is_multicast();
        if about.is_icmp_error() || about.is_later_fragment() || is_nobody {
            return;
        }
        let mut error = error(about);
        error.set_ttl(self.link.ttl());
        error.set_dont_fragment(false);
        self.send_packet(now, error);
    }
}
