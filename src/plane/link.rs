//! What the host under an instance does with a frame before and after the filters: neighbours, address
//! checks, and finding who has an address.

use std::net::Ipv4Addr;

use super::link_local::is_resolver;
use super::walk::Cx;
use crate::ids::{EniId, VpcId};
use crate::model::{Eni, Model, Subnet};
use crate::trace::{DropReason, MtuLimit};
use crate::wire::{ArpRequest, Mac, Packet};

/// The hardware address to answer an interface's ARP request with. The host answers for the router and
/// for every interface of the subnet; for anybody else nobody does (assumed: arp-unknown-silent).
pub fn answer_arp(model: &Model, eni: EniId, request: ArpRequest) -> Option<Mac> {
    let eni = model.eni(eni);
    let subnet = model.subnet(eni.subnet);
    if request.target == subnet.router() || is_resolver(model.vpc(eni.vpc), request.target) {
        return Some(subnet.router_mac);
    }
    let neighbour = model.eni_with_address(eni.vpc, request.target)?;
    (neighbour.subnet == subnet.id && neighbour.id != eni.id).then_some(neighbour.mac)
}

impl<'a> Cx<'a> {
    /// A VPC carries neither broadcast nor multicast (aws: unicast-ipv4-only).
    pub(super) fn check_unicast(&self, eni: &Eni, packet: &Packet) -> Result<(), DropReason> {
        let dst = packet.tuple().dst;
        let subnet = self.model.subnet(eni.subnet);
        let unicast = !packet.destination_mac().is_group()
            && !dst.is_multicast()
            && !dst.is_broadcast()
            && dst != subnet.cidr.broadcast();
        if unicast { Ok(()) } else { Err(DropReason::NotUnicast { eni: eni.id }) }
    }

    /// An interface sends from its own addresses only (aws: eni-source-dest-check).
    pub(super) fn check_source(&self, eni: &Eni, packet: &Packet) -> Result<(), DropReason> {
        if !eni.source_dest_check || eni.has(packet.tuple().src) {
            return Ok(());
        }
        Err(DropReason::SourceCheck { eni: eni.id })
    }

    /// An interface receives for its own addresses only (aws: eni-source-dest-check).
    pub(super) fn check_destination(&self, eni: &Eni, packet: &Packet) -> Result<(), DropReason> {
        if !eni.source_dest_check || eni.has(packet.tuple().dst) {
            return Ok(());
        }
        Err(DropReason::DestinationCheck { eni: eni.id })
    }

    /// The fabric finds the receiver by its protocol address: whatever the sender believed, the frame gets
    /// the hardware address of the one who has it (aws: fabric-maps-addresses).
    pub(super) fn address_frame(&self, subnet: &Subnet, enters_subnet: bool, to: &Eni, packet: &mut Packet) {
        let came_by_router = enters_subnet || packet.destination_mac() == subnet.router_mac;
        let from = if came_by_router { subnet.router_mac } else { packet.source_mac() };
        packet.set_macs(from, to.mac);
    }

    /// Neither groups nor network ACLs nor flow logs see what is for the router (aws: sg-never-filtered),
    /// which answers nobody (assumed: router-silent).
    pub(super) fn check_router(&self, subnet: &Subnet, packet: &Packet) -> Result<(), DropReason> {
        if packet.tuple().dst == subnet.router() {
            return Err(DropReason::RouterSilent { subnet: subnet.id });
        }
        Ok(())
    }

    /// No interface carries longer packets (aws: mtu-vpc).
    pub(super) fn check_size(&self, eni: &Eni, packet: &Packet) -> Result<(), DropReason> {
        let mtu = super::mtu::VPC;
        if packet.ip_len() > mtu {
            return Err(DropReason::MtuExceeded { at: MtuLimit::Interface(eni.id), mtu });
        }
        Ok(())
    }

    /// The interface that has an address of a VPC (assumed: local-no-eni).
    pub(super) fn owner_in_vpc(&self, vpc: VpcId, address: Ipv4Addr) -> Result<&'a Eni, DropReason> {
        self.model.eni_with_address(vpc, address).ok_or(DropReason::NoSuchAddress { vpc, address })
    }

    /// The interface, if there is a running instance behind it.
    pub(super) fn running(&self, eni: EniId) -> Result<&'a Eni, DropReason> {
        let found = self.model.enis.get(&eni).filter(|eni| self.model.is_up(eni));
        found.ok_or(DropReason::NotRunning { eni })
    }
}
