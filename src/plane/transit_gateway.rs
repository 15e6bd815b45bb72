//! Transit gateways: which attachment a packet leaves by.
//!
//! Read first: "How transit gateways work" in the transit gateway guide.

use super::flow::flow_of;
use super::walk::Cx;
use crate::ids::{EniId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId};
use crate::model::{AttachmentResource, AttachmentState, Eni, Location, TransitGatewayAttachment};
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
        let table = self.model.transit_gateway_table_for(gateway, attachment);
        let table = table.ok_or(DropReason::TransitGatewayNoAssociation { gateway, attachment })?;
        // aws: tgw-route-priority
        let (destination, chosen) = self
            .model
            .transit_gateway_route_to(table, packet.tuple().dst)
            .ok_or(DropReason::TransitGatewayNoRoute { table })?;
        self.step(Step::TransitGatewayRouted { table, destination, attachment: chosen });
        let attachments = &self.model.transit_gateway_attachments;
        chosen
            .and_then(|id| attachments.get(&id))
            .filter(|chosen| chosen.state == AttachmentState::Available)
            .ok_or(DropReason::TransitGatewayBlackhole { table })
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
