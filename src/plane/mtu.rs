//! Packets that are too long for what comes next: cut, or dropped and perhaps reported.
//!
//! Read first: "Network maximum transmission unit (MTU) for your EC2 instance" in the EC2 guide.

use super::walk::{Cx, Next, Place};
use crate::ids::EniId;
use crate::trace::{DropReason, MtuLimit, Step};
use crate::wire::Packet;
use crate::wire::build::{self, Ends};

/// Within a VPC, and between peered VPCs of one region (aws: mtu-vpc, mtu-peering).
pub(super) const VPC: u16 = 9001;
/// Between peered VPCs of different regions (aws: mtu-peering).
pub(super) const INTER_REGION: u16 = 8500;
/// Through an internet gateway (aws: mtu-internet).
pub(super) const INTERNET: u16 = 1500;
/// Through a transit gateway (aws: mtu-tgw).
pub(super) const TRANSIT_GATEWAY: u16 = 8500;
/// In the tunnel of a VPN connection (aws: mtu-vpn).
pub(super) const VPN: u16 = 1446;
/// What fits into such a tunnel.
pub(super) const VPN_MSS: u16 = VPN - 40;

/// Who tells the sender that its packet was too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reporter {
    /// The interface that dropped it, with its own address.
    Interface(EniId),
    /// Nobody.
    Nobody,
    /// The router of the subnet of the interface it left, with the router's address
    /// (aws: mtu-router-reports).
    Router(EniId),
}

impl Cx<'_> {
    /// `None` if a packet fits. Otherwise it goes on in parts from `place`, unless its sender forbids
    /// that: then it is dropped.
    pub(super) fn fit(
        &mut self,
        packet: &Packet,
        mtu: u16,
        at: MtuLimit,
        reporter: Reporter,
        place: Place,
    ) -> Result<Option<Next>, DropReason> {
        if packet.ip_len() <= mtu {
            return Ok(None);
        }
        if !packet.dont_fragment() {
            self.step(Step::Fragmented { mtu });
            return Ok(Some(Next::Split { mtu, place }));
        }
        match reporter {
            Reporter::Nobody => {}
            Reporter::Interface(eni) => {
                let own = self.model.eni(eni);
                let ends = Ends { src: own.mac, dst: own.mac };
                let error = build::fragmentation_needed(ends, own.primary_ip(), packet, mtu);
                self.answer(packet, error, Place::Leaving(eni));
            }
            Reporter::Router(eni) => {
                let sender = self.model.eni(eni);
                let subnet = self.model.subnet(sender.subnet);
                let ends = Ends { src: subnet.router_mac, dst: sender.mac };
                let error = build::fragmentation_needed(ends, subnet.router(), packet, mtu);
                self.answer(packet, error, Place::Answering(eni));
            }
        }
        Err(DropReason::MtuExceeded { at, mtu })
    }

    /// The same at a transit gateway, which cuts nothing (aws: mtu-tgw). It reports to senders in VPCs
    /// (aws: tgw-pmtud); with which address is not documented (assumed: tgw-pmtud-router).
    pub(super) fn check_transit_mtu(
        &mut self,
        packet: &Packet,
        limit: MtuLimit,
        reporter: Reporter,
        place: Place,
    ) -> Result<(), DropReason> {
        if packet.ip_len() > TRANSIT_GATEWAY && !packet.dont_fragment() {
            return Err(DropReason::MtuExceeded { at: limit, mtu: TRANSIT_GATEWAY });
        }
        self.fit(packet, TRANSIT_GATEWAY, limit, reporter, place).map(|_| ())
    }

    /// Sends an answer to what was dropped, unless that is an error itself or a later fragment (RFC 1122).
    pub(super) fn answer(&mut self, about: &Packet, answer: Packet, place: Place) {
        if !about.is_icmp_error() && !about.is_later_fragment() {
            self.out.answer = Some((answer, place));
        }
    }
}
