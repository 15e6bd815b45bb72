//! Virtual private gateways, and the router of a network on premises at the other end of the tunnel.

use std::net::Ipv4Addr;

use super::walk::Cx;
use crate::ids::{CustomerGatewayId, VpnGatewayId};
use crate::model::{Eni, VpnConnection, VpnEnd};
use crate::trace::{DropReason, Step};
use crate::wire::Packet;

impl<'a> Cx<'a> {
    /// The VPN connection that takes a packet to premises: the one with the most specific static route.
    /// Only interfaces of the VPC may send (aws: vgw-private-addresses, vgw-static-routes).
    pub(super) fn route_at_vpn_gateway(
        &self,
        gateway: VpnGatewayId,
        from: &Eni,
        packet: &Packet,
    ) -> Result<&'a VpnConnection, DropReason> {
        let tuple = packet.tuple();
        if self.model.eni_with_address(from.vpc, tuple.src).is_none() {
            return Err(DropReason::VpnSource { gateway, source: tuple.src });
        }
        let of_gateway = self.model.vpn_connections.values();
        let of_gateway = of_gateway.filter(|vpn| vpn.end == VpnEnd::VpnGateway(gateway));
        let routes =
            of_gateway.flat_map(|vpn| vpn.routes.iter().map(move |route| (route.prefix_len(), route, vpn)));
        let best = routes.filter(|(_, route, _)| route.contains(&tuple.dst)).max_by_key(|(len, ..)| *len);
        best.map(|(_, _, vpn)| vpn).ok_or(DropReason::VpnNoRoute { gateway })
    }

    /// The connection by which a network on premises reaches an address: one that ends in a VPC which has
    /// it, otherwise one that ends at a transit gateway (assumed: on-prem-router).
    pub(super) fn route_on_premises(
        &self,
        network: CustomerGatewayId,
        dst: Ipv4Addr,
    ) -> Result<&'a VpnConnection, DropReason> {
        let connections = self.model.vpn_connections.values();
        let mut own = connections.filter(|vpn| vpn.customer_gateway == network);
        let has_it = |vpn: &&VpnConnection| match vpn.end {
            VpnEnd::TransitGateway(_) => false,
            VpnEnd::VpnGateway(gateway) => {
                let vpc = self.model.vpn_gateways.get(&gateway).and_then(|gateway| gateway.vpc);
                vpc.is_some_and(|vpc| self.model.vpc(vpc).contains(dst))
            }
        };
        let is_transit = |vpn: &&VpnConnection| matches!(vpn.end, VpnEnd::TransitGateway(_));
        own.clone().find(has_it).or_else(|| own.find(is_transit)).ok_or(DropReason::OnPremNoRoute { network })
    }

    /// Sends a packet through a tunnel. The customer gateway lowers the segment size of SYNs to what fits
    /// (assumed: customer-gateway-clamps-mss).
    pub(super) fn tunnel(&mut self, connection: &VpnConnection, packet: &mut Packet) {
        packet.clamp_mss(super::mtu::VPN_MSS);
        self.step(Step::Tunnelled { connection: connection.id });
    }

    /// A virtual private gateway lets in what is for an interface of its VPC (aws: vgw-private-addresses).
    pub(super) fn receiver_behind_vpn(
        &self,
        gateway: VpnGatewayId,
        dst: Ipv4Addr,
    ) -> Result<&'a Eni, DropReason> {
        let vpc = self.model.vpn_gateways[&gateway].vpc.expect("a connection led to its VPC");
        self.model.eni_with_address(vpc, dst).ok_or(DropReason::VpnDestination { gateway })
    }

    /// The host on premises that has an address.
    pub(super) fn on_prem_host(
        &self,
        network: CustomerGatewayId,
        address: Ipv4Addr,
    ) -> Result<Ipv4Addr, DropReason> {
        if self.model.on_prem.contains_key(&(network, address)) {
            return Ok(address);
        }
        Err(DropReason::NoOnPremHost { network, address })
    }
}
