//! Transit gateways: which attachment a packet leaves by.
//!
//! Read first: "How transit gateways work" in the transit gateway guide.

use std::cmp::Reverse;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::flow::flow_of;
use super::walk::Cx;
use crate::ids::{EniId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId};
use crate::model::{
    AttachmentResource, AttachmentState, Eni, Location, TransitGatewayAttachment, TransitGatewayRouteTable,
};
use crate::seed;
use crate::trace::{DropReason, Step, TtlHop};
use crate::wire::Packet;

/// What a transit gateway lowers the segment size of a SYN to; AWS gives no number
/// (assumed: mss-clamp-8460).
const MSS: u16 = super::mtu::TRANSIT_GATEWAY - 40;

impl<'a> Cx<'a> {
    /// The interface of a VPC's attachment in the sender's zone: without one there is no way in
    /// (aws: tgw-attachment-per-zone).
    pub(super) fn attachment_interface(
        &self,
        gateway: TransitGatewayId,
        from: &Eni,
    ) -> Result<&'a Eni, DropReason> {
        let attachment = self.model.attachment_of_vpc(gateway, from.vpc).expect("the route is active");
        let zone = self.model.subnet(from.subnet).zone;
        let AttachmentResource::Vpc { interfaces, .. } = &attachment.resource else {
            unreachable!("a VPC is attached")
        };
        let found = interfaces.iter().find(|(subnet, _)| self.model.subnet(*subnet).zone == zone);
        let (_, eni) = found.ok_or(DropReason::TransitGatewayZone { attachment: attachment.id, zone })?;
        Ok(self.model.eni(*eni))
    }

    /// The attachment that a packet leaves a transit gateway by.
    pub(super) fn route_at_transit_gateway(
        &mut self,
        gateway: TransitGatewayId,
        attachment: TransitGatewayAttachmentId,
        packet: &mut Packet,
    ) -> Result<&'a TransitGatewayAttachment, DropReason> {
        self.step(Step::EnteredTransitGateway { gateway, attachment });
        // It counts as a hop (aws: tgw-ttl), and does not say so (assumed: tgw-ttl-silent).
        if !packet.decrement_ttl() {
            return Err(DropReason::TtlExpired { at: TtlHop::TransitGateway(gateway) });
        }
        packet.clamp_mss(MSS);
        let table = self.model.transit_gateway_table_of(gateway, attachment);
        let table = table.ok_or(DropReason::TransitGatewayNoAssociation { gateway, attachment })?;
        let (destination, chosen) = self
            .lookup_at_transit_gateway(table, packet.tuple().dst)
            .ok_or(DropReason::TransitGatewayNoRoute { table: table.id })?;
        self.step(Step::TransitGatewayRouted { table: table.id, destination, attachment: chosen });
        let attachments = &self.model.transit_gateway_attachments;
        chosen
            .and_then(|id| attachments.get(&id))
            .filter(|chosen| chosen.state == AttachmentState::Available)
            .ok_or(DropReason::TransitGatewayBlackhole { table: table.id })
    }

    /// The most specific route; of several for one block a static one, then one of a VPC, then one of a
    /// VPN connection (aws: tgw-route-priority). Blocks that two VPCs have are propagated for the first
    /// (aws: tgw-propagation).
    fn lookup_at_transit_gateway(
        &self,
        table: &TransitGatewayRouteTable,
        dst: Ipv4Addr,
    ) -> Option<(Ipv4Net, Option<TransitGatewayAttachmentId>)> {
        let mut best: Option<(Ipv4Net, u8, Option<TransitGatewayAttachmentId>)> = None;
        let mut consider = |block: Ipv4Net, rank: u8, attachment| {
            let key = |block: Ipv4Net, rank: u8| (Reverse(block.prefix_len()), rank);
            if block.contains(&dst) && best.is_none_or(|(b, r, _)| key(block, rank) < key(b, r)) {
                best = Some((block, rank, attachment));
            }
        };
        for route in &table.routes {
            consider(route.destination, 0, route.attachment);
        }
        for id in &table.propagations {
            match self.model.transit_gateway_attachments.get(id).map(|attachment| &attachment.resource) {
                Some(AttachmentResource::Vpc { vpc, .. }) => {
                    let blocks = self.model.vpcs.get(vpc).into_iter().flat_map(|vpc| vpc.blocks());
                    blocks.for_each(|block| consider(block, 1, Some(*id)));
                }
                Some(AttachmentResource::Vpn { connection }) => {
                    let routes = self.model.vpn_connections.get(connection).map(|vpn| vpn.routes.as_slice());
                    routes.unwrap_or_default().iter().for_each(|block| consider(*block, 2, Some(*id)));
                }
                // Peering attachments propagate nothing (aws: tgw-peering-static).
                Some(AttachmentResource::Peering { .. }) | None => {}
            }
        }
        best.map(|(block, _, attachment)| (block, attachment))
    }

    /// The interface by which a packet enters an attached VPC: that of the zone it came from, if there is
    /// one; in appliance mode the same for both directions of a flow (aws: tgw-appliance-mode).
    pub(super) fn way_into_vpc(
        &self,
        interfaces: &[(SubnetId, EniId)],
        appliance_mode: bool,
        from: Location,
        packet: &Packet,
    ) -> EniId {
        let same_zone = interfaces.iter().find(|(subnet, _)| match from {
            Location::Zone(zone) => self.model.subnet(*subnet).zone == zone,
            Location::OnPrem(..) | Location::Outside(_) => false,
        });
        match (appliance_mode, same_zone) {
            (false, Some((_, eni))) => *eni,
            // Which one is taken elsewhere is not documented (assumed: tgw-interface-by-hash).
            (true, _) | (false, None) => {
                let flow = flow_of(packet);
                let either_way = flow.min(flow.mirror());
                let hash = seed::hash(&["tgw-flow", &either_way.to_string()]);
                interfaces[(hash % interfaces.len() as u64) as usize].1
            }
        }
    }
}
