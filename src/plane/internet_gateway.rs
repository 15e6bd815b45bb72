//! The internet gateway: one public address for one private address, both ways, without memory
//! (aws: igw-one-to-one-nat); the tables for what comes in through a gateway; Block Public Access.

use std::net::Ipv4Addr;

use super::walk::Cx;
use crate::ids::{InternetGatewayId, RouteTableId, SubnetId, VpcId};
use crate::model::{
    BlockMode, Eni, ExcludedResource, ExclusionMode, Gateway, NatGateway, Owner, Subnet, Target,
};
use crate::trace::{DropReason, Step, Translator};
use crate::wire::{Packet, Rewrite};

impl<'a> Cx<'a> {
    /// Puts the public address of the sender in place of its private one.
    pub(super) fn translate_to_public(
        &mut self,
        gateway: InternetGatewayId,
        table: RouteTableId,
        from: &Eni,
        packet: &mut Packet,
    ) -> Result<(), DropReason> {
        let tuple = packet.tuple();
        let sender = self.model.eni_with_address(from.vpc, tuple.src);
        let public = sender.and_then(|eni| eni.public_of(tuple.src));
        let public = public.ok_or(DropReason::NoPublicAddress { gateway, source: tuple.src })?;
        check_public_destination(gateway, table, tuple.dst)?;
        self.check_symmetry(gateway, from, tuple.src)?;
        packet.rewrite(Rewrite { src: Some(public), ..Rewrite::default() });
        let by = Translator::InternetGateway(gateway);
        self.step(Step::Translated { by, from: tuple, to: packet.tuple() });
        Ok(())
    }

    /// Puts the private address of the receiver in place of its public one.
    pub(super) fn translate_to_private(&mut self, eni: &Eni, packet: &mut Packet) -> Result<(), DropReason> {
        let tuple = packet.tuple();
        let gateway = self.gateway_of(eni.vpc)?;
        check_public_source(gateway, tuple.src)?;
        let private = eni.private_of(tuple.dst).expect("the address was found by its mapping");
        packet.rewrite(Rewrite { dst: Some(private), ..Rewrite::default() });
        let by = Translator::InternetGateway(gateway);
        self.step(Step::Translated { by, from: tuple, to: packet.tuple() });
        // What is refused here is logged at the interface it was for (aws: bpa-flow-log).
        self.check_public_access(eni, gateway).inspect_err(|_| {
            let (eni, tuple) = (eni.id, packet.tuple());
            let direction = crate::model::Direction::Ingress;
            self.out.steps.push(Step::Metered { eni, direction, tuple, accepted: false });
        })
    }

    /// A regional NAT gateway's packet, which has a public address already, leaves the VPC.
    pub(super) fn leave_regional_nat(
        &self,
        nat: &NatGateway,
        gateway: InternetGatewayId,
        table: RouteTableId,
        packet: &Packet,
    ) -> Result<(), DropReason> {
        self.check_public_access_of(nat.vpc, None, true, gateway)?;
        check_public_destination(gateway, table, packet.tuple().dst)
    }

    /// What comes back for a regional NAT gateway enters the VPC.
    pub(super) fn enter_regional_nat(&self, nat: &NatGateway, packet: &Packet) -> Result<(), DropReason> {
        let gateway = self.gateway_of(nat.vpc)?;
        check_public_source(gateway, packet.tuple().src)?;
        self.check_public_access_of(nat.vpc, None, true, gateway)
    }

    fn gateway_of(&self, vpc: VpcId) -> Result<InternetGatewayId, DropReason> {
        self.model.vpc(vpc).internet_gateway.ok_or(DropReason::NoInternetGateway { vpc })
    }

    /// The host that has a public address.
    pub(super) fn internet_host(&self, address: Ipv4Addr) -> Result<Ipv4Addr, DropReason> {
        if self.model.outside.contains_key(&address) {
            return Ok(address);
        }
        Err(DropReason::NoInternetHost { address })
    }

    /// The middlebox to which a gateway's table sends what came in for an address; `None` if that goes
    /// straight on (aws: rtb-gateway).
    pub(super) fn ingress_route(
        &mut self,
        gateway: Gateway,
        receiver: &'a Eni,
        dst: Ipv4Addr,
    ) -> Result<&'a Eni, DropReason> {
        let Some(table) = self.model.gateway_route_table(receiver.vpc, gateway) else { return Ok(receiver) };
        let route = table.lookup(dst).ok_or(DropReason::NoRoute { table: table.id })?;
        self.step(Step::Routed { table: table.id, destination: route.destination, target: route.target });
        let Target::NetworkInterface(id) = route.target else { return Ok(receiver) };
        let middlebox = self.model.enis.get(&id).filter(|eni| self.model.is_up(eni));
        let middlebox = middlebox.ok_or(DropReason::Blackhole { table: table.id, target: route.target })?;
        // aws: rtb-gateway-public-ip
        if matches!(gateway, Gateway::Internet(_)) && middlebox.public.is_empty() {
            return Err(DropReason::MiddleboxNoPublicAddress { eni: id, table: table.id });
        }
        Ok(middlebox)
    }

    /// What comes in for an address through a middlebox goes out through it too (aws: rtb-gateway-symmetric).
    fn check_symmetry(
        &self,
        gateway: InternetGatewayId,
        from: &Eni,
        src: Ipv4Addr,
    ) -> Result<(), DropReason> {
        let Some(table) = self.model.gateway_route_table(from.vpc, Gateway::Internet(gateway)) else {
            return Ok(());
        };
        match table.lookup(src).map(|route| route.target) {
            Some(Target::NetworkInterface(middlebox)) if middlebox != from.id => {
                Err(DropReason::IngressRedirected { gateway, table: table.id })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether Block Public Access lets an interface talk to the internet (aws: bpa-modes).
    pub(super) fn check_public_access(
        &self,
        eni: &Eni,
        gateway: InternetGatewayId,
    ) -> Result<(), DropReason> {
        let is_nat = matches!(eni.owner, Some(Owner::NatGateway(_)));
        self.check_public_access_of(eni.vpc, Some(eni.subnet), is_nat, gateway)
    }

    /// The same for what is in a VPC, and perhaps in one of its subnets.
    fn check_public_access_of(
        &self,
        vpc: VpcId,
        subnet: Option<SubnetId>,
        is_nat: bool,
        gateway: InternetGatewayId,
    ) -> Result<(), DropReason> {
        if self.model.public_access.is_empty() {
            return Ok(());
        }
        let excluded = |mode: ExclusionMode| {
            self.model.public_access_exclusions.values().any(|exclusion| {
                exclusion.mode == mode
                    && match exclusion.resource {
                        ExcludedResource::Subnet(id) => Some(id) == subnet,
                        ExcludedResource::Vpc(id) => id == vpc,
                    }
            })
        };
        let allowed = excluded(ExclusionMode::AllowBidirectional)
            || match self.model.block_mode(self.model.vpc(vpc).scope) {
                BlockMode::BlockBidirectional => is_nat && excluded(ExclusionMode::AllowEgress),
                // NAT gateways let connections out only (assumed: bpa-ingress-nat).
                BlockMode::BlockIngress => is_nat,
                BlockMode::Off => true,
            };
        if allowed { Ok(()) } else { Err(DropReason::PublicAccessBlocked { gateway }) }
    }

    /// Refuses, before it is metered, what Block Public Access will not let out (aws: bpa-flow-log).
    pub(super) fn check_public_access_before(
        &self,
        eni: &Eni,
        subnet: &Subnet,
        dst: Ipv4Addr,
    ) -> Result<(), DropReason> {
        if self.model.public_access.is_empty() {
            return Ok(());
        }
        match self.model.route_table_of(subnet).lookup(dst).map(|route| route.target) {
            Some(Target::InternetGateway(gateway)) => self.check_public_access(eni, gateway),
            Some(_) | None => Ok(()),
        }
    }
}

/// aws: igw-public-only
fn check_public_destination(
    gateway: InternetGatewayId,
    table: RouteTableId,
    dst: Ipv4Addr,
) -> Result<(), DropReason> {
    if dst.is_private() {
        return Err(DropReason::PrivateDestination { gateway, table });
    }
    if is_shared(dst) {
        return Err(DropReason::SharedDestination { gateway, table });
    }
    Ok(())
}

/// aws: igw-public-only
fn check_public_source(gateway: InternetGatewayId, src: Ipv4Addr) -> Result<(), DropReason> {
    if src.is_private() {
        return Err(DropReason::PrivateSource { gateway });
    }
    if is_shared(src) {
        return Err(DropReason::SharedSource { gateway });
    }
    Ok(())
}

/// RFC 6598 shared address space.
fn is_shared(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && (64..128).contains(&b)
}
