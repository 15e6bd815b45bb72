//! What packets look for in large networks, so that nobody has to look through all tables for each of them.
//!
//! Worked out from the tables when it is first asked for after a change. Knows nothing that the tables do not
//! say. Must never be asked while somebody changes them: that is for the plane.

use std::net::Ipv4Addr;
use std::sync::OnceLock;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use ipnet::Ipv4Net;

use super::{AttachmentResource, Gateway, Model, RouteTable, TransitGatewayRouteTable};
use crate::ids::{
    PeeringId, RouteTableId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcId,
    VpnConnectionId,
};
use crate::time::Instant;

/// The lookups of a model, or nothing if nobody has asked since it was changed.
#[derive(Default, Debug)]
pub(super) struct Cached(OnceLock<Lookups>);

/// A copy is there to be changed.
impl Clone for Cached {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Where to find what.
#[derive(Debug)]
pub struct Lookups {
    gateway_tables: IndexMap<(VpcId, Gateway), RouteTableId, FixedState>,
    peerings: IndexMap<(VpcId, VpcId), Vec<PeeringId>, FixedState>,
    transit_tables:
        IndexMap<(TransitGatewayId, TransitGatewayAttachmentId), TransitGatewayRouteTableId, FixedState>,
    transit_routes: IndexMap<TransitGatewayRouteTableId, TransitRoutes, FixedState>,
    vpn_attachments: IndexMap<VpnConnectionId, TransitGatewayAttachmentId, FixedState>,
}

/// The routes of a transit gateway's table, static and propagated: for each block the one that is taken.
#[derive(Default, Debug)]
struct TransitRoutes {
    by_block: IndexMap<Ipv4Net, TransitRoute, FixedState>,
    /// The lengths of their prefixes, the longest first.
    lengths: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct TransitRoute {
    block: Ipv4Net,
    rank: u8,
    attachment: Option<TransitGatewayAttachmentId>,
}

impl TransitRoutes {
    /// Of several for one block a static one, then one of a VPC, then one of a VPN connection
    /// (aws: tgw-route-priority). Blocks that two VPCs have are propagated for the first (aws: tgw-propagation).
    fn new(table: &TransitGatewayRouteTable, model: &Model) -> Self {
        let mut routes = Self::default();
        for route in &table.routes {
            routes.consider(route.destination, 0, route.attachment);
        }
        for id in &table.propagations {
            match model.transit_gateway_attachments.get(id).map(|attachment| &attachment.resource) {
                Some(AttachmentResource::Vpc { vpc, .. }) => {
                    let blocks = model.vpcs.get(vpc).into_iter().flat_map(|vpc| vpc.blocks());
                    blocks.for_each(|block| routes.consider(block, 1, Some(*id)));
                }
                Some(AttachmentResource::Vpn { connection }) => {
                    let blocks = model.vpn_connections.get(connection).map(|vpn| vpn.routes.as_slice());
                    blocks.unwrap_or_default().iter().for_each(|block| routes.consider(*block, 2, Some(*id)));
                }
                // Peering attachments propagate nothing (aws: tgw-peering-static).
                Some(AttachmentResource::Peering { .. }) | None => {}
            }
        }
        routes.lengths = routes.by_block.keys().map(Ipv4Net::prefix_len).collect();
        routes.lengths.sort_unstable_by(|a, b| b.cmp(a));
        routes.lengths.dedup();
        routes
    }

    fn consider(&mut self, block: Ipv4Net, rank: u8, attachment: Option<TransitGatewayAttachmentId>) {
        let route = TransitRoute { block, rank, attachment };
        let taken = self.by_block.entry(block.trunc()).or_insert(route);
        if rank < taken.rank {
            *taken = route;
        }
    }

    /// The most specific one.
    fn find(&self, dst: Ipv4Addr) -> Option<&TransitRoute> {
        let block = |length: &u8| Ipv4Net::new(dst, *length).expect("the length of a prefix").trunc();
        self.lengths.iter().find_map(|length| self.by_block.get(&block(length)))
    }
}

impl Lookups {
    fn new(model: &Model) -> Self {
        let mut lookups = Self {
            gateway_tables: IndexMap::default(),
            peerings: IndexMap::default(),
            transit_tables: IndexMap::default(),
            transit_routes: IndexMap::default(),
            vpn_attachments: IndexMap::default(),
        };
        for table in model.route_tables.values() {
            for (_, gateway) in &table.gateways {
                lookups.gateway_tables.entry((table.vpc, *gateway)).or_insert(table.id);
            }
        }
        for peering in model.peerings.values() {
            let (requester, accepter) = (peering.requester.vpc, peering.accepter.vpc);
            for ends in [(requester, accepter), (accepter, requester)] {
                lookups.peerings.entry(ends).or_default().push(peering.id);
            }
        }
        for table in model.transit_gateway_route_tables.values() {
            for attachment in &table.associations {
                lookups.transit_tables.entry((table.transit_gateway, *attachment)).or_insert(table.id);
            }
            lookups.transit_routes.insert(table.id, TransitRoutes::new(table, model));
        }
        for attachment in model.transit_gateway_attachments.values() {
            if let AttachmentResource::Vpn { connection } = attachment.resource {
                lookups.vpn_attachments.entry(connection).or_insert(attachment.id);
            }
        }
        lookups
    }
}

impl Model {
    /// Forgets the lookups: the tables are about to change.
    pub(crate) fn forget_lookups(&mut self) {
        self.lookups.0.take();
    }

    fn lookups(&self) -> &Lookups {
        self.lookups.0.get_or_init(|| Lookups::new(self))
    }

    /// The gateway's table for what comes in through it, if it has one (aws: rtb-gateway).
    pub fn gateway_route_table(&self, vpc: VpcId, gateway: Gateway) -> Option<&RouteTable> {
        self.lookups().gateway_tables.get(&(vpc, gateway)).map(|table| &self.route_tables[table])
    }

    /// The table of a transit gateway that packets which an attachment brings are routed by
    /// (aws: tgw-one-association).
    pub fn transit_gateway_table_for(
        &self,
        gateway: TransitGatewayId,
        attachment: TransitGatewayAttachmentId,
    ) -> Option<TransitGatewayRouteTableId> {
        self.lookups().transit_tables.get(&(gateway, attachment)).copied()
    }

    /// The most specific route of a transit gateway's table, and the attachment it leads to.
    pub fn transit_gateway_route_to(
        &self,
        table: TransitGatewayRouteTableId,
        dst: Ipv4Addr,
    ) -> Option<(Ipv4Net, Option<TransitGatewayAttachmentId>)> {
        let found = self.lookups().transit_routes.get(&table)?.find(dst)?;
        Some((found.block, found.attachment))
    }

    /// The attachment of a VPN connection to a transit gateway.
    pub fn attachment_of_vpn(&self, connection: VpnConnectionId) -> Option<TransitGatewayAttachmentId> {
        self.lookups().vpn_attachments.get(&connection).copied()
    }

    /// Whether groups of one of two VPCs are known in the other by a peering connection, as far as packets ask
    /// (aws: sg-reference-peering).
    pub fn knows_groups_of_peer(&self, a: VpcId, b: VpcId, now: Instant) -> bool {
        let between = self.lookups().peerings.get(&(a, b)).map(Vec::as_slice).unwrap_or_default();
        between.iter().any(|id| self.peerings[id].connects_in_region(now))
    }
}
