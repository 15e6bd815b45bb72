//! Choosing a route.

use std::net::Ipv4Addr;

use super::walk::Cx;
use crate::ids::RouteTableId;
use crate::model::{RouteState, Subnet, Target};
use crate::trace::{DropReason, Step};

impl Cx<'_> {
    /// The target of the most specific route of a subnet's table (aws: route-longest-prefix). Without
    /// one the packet is dropped in silence (assumed: no-route-silent).
    pub(super) fn route(
        &mut self,
        subnet: &Subnet,
        dst: Ipv4Addr,
    ) -> Result<(RouteTableId, Target), DropReason> {
        let table = self.model.route_table_of(subnet);
        let route = table.lookup(dst).ok_or(DropReason::NoRoute { table: table.id })?;
        self.step(Step::Routed { table: table.id, destination: route.destination, target: route.target });
        // aws: route-blackhole
        match self.model.route_state(route, subnet.vpc, self.now) {
            RouteState::Active => Ok((table.id, route.target)),
            RouteState::Blackhole => Err(DropReason::Blackhole { table: table.id, target: route.target }),
        }
    }
}
