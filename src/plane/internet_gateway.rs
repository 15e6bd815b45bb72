//! The internet gateway: one public address for one private address, both ways, without memory
//! (aws: igw-one-to-one-nat).

use std::net::Ipv4Addr;

use super::walk::Cx;
use crate::ids::{EniId, InternetGatewayId, RouteTableId};
use crate::model::Eni;
use crate::trace::{DropReason, Step};
use crate::wire::{Packet, Rewrite};

impl Cx<'_> {
    /// Puts the public address of the sender in place of its private one.
    pub(super) fn translate_to_public(
        &mut self,
        gateway: InternetGatewayId,
        table: Option<RouteTableId>,
        from: EniId,
        packet: &mut Packet,
    ) -> Result<(), DropReason> {
        let tuple = packet.tuple();
        let vpc = self.model.eni(from).vpc;
        let public = self.model.eni_with_address(vpc, tuple.src).and_then(|eni| eni.public_of(tuple.src));
        let public = public.ok_or(DropReason::NoPublicAddress { gateway, source: tuple.src })?;
        // aws: igw-public-only
        if is_private(tuple.dst) {
            let table = table.expect("a route led to the gateway");
            return Err(DropReason::PrivateDestination { gateway, table });
        }
        packet.rewrite(Rewrite { src: Some(public), ..Rewrite::default() });
        self.step(Step::Translated { gateway, from: tuple, to: packet.tuple() });
        Ok(())
    }

    /// Puts the private address of the receiver in place of its public one.
    pub(super) fn translate_to_private(&mut self, eni: &Eni, packet: &mut Packet) -> Result<(), DropReason> {
        let tuple = packet.tuple();
        let vpc = self.model.vpc(eni.vpc);
        let gateway = vpc.internet_gateway.ok_or(DropReason::NoInternetGateway { vpc: vpc.id })?;
        // aws: igw-public-only
        if is_private(tuple.src) {
            return Err(DropReason::PrivateSource { gateway });
        }
        let private = eni.private_of(tuple.dst).expect("the address was found by its mapping");
        packet.rewrite(Rewrite { dst: Some(private), ..Rewrite::default() });
        self.step(Step::Translated { gateway, from: tuple, to: packet.tuple() });
        Ok(())
    }

    /// The host that has a public address.
    pub(super) fn internet_host(&self, address: Ipv4Addr) -> Result<Ipv4Addr, DropReason> {
        if self.model.outside.contains_key(&address) {
            return Ok(address);
        }
        Err(DropReason::NoInternetHost { address })
    }
}

/// RFC 1918 private space, and RFC 6598 shared space.
fn is_private(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private() || (a == 100 && (64..128).contains(&b))
}
