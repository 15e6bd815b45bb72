//! Choosing a route.

use std::net::Ipv4Addr;

use super::walk::Cx;
use crate::ids::RouteTableId;
use crate::model::{RouteState, RouteTable, Subnet, Target};
use crate::trace::{DropReason, Step};

impl Cx<'_> {
    /// The target of the most specific route of a subnet's table (aws: route-longest-prefix). Without
    /// one the packet is dropped in silence (assumed: no-route-silent).
    pub(super) fn route(
        &mut self,
        subnet: &Subnet,
        dst: Ipv4Addr,
    ) -> Result<(RouteTableId, Target), DropReason> {
        self.route_by(self.model.route_table_of(subnet), dst)
    }

    /// The same with a table of somebody who is in no subnet.
    pub(super) fn route_by(
        &mut self,
        table: &RouteTable,
        dst: Ipv4Addr,
    ) -> Result<(RouteTableId, Target), DropReason> {
        let route = table.lookup(dst).ok_or(DropReason::NoRoute { table: table.id })?;
        self.step(Step::Routed { table: table.id, destination: route.destination, target: route.target });
        // aws: route-blackhole
        match self.model.route_state(route, table.vpc, self.now) {
            RouteState::Active => Ok((table.id, route.target)),
            RouteState::Blackhole => Err(DropReason::Blackhole { table: table.id, target: route.target }),
        }
    }
}
