//! Route tables: which target a destination is sent to.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::ids::{EniId, InternetGatewayId, PeeringId, RouteTableAssociationId, RouteTableId, VpcId};

/// The routes of one or more subnets.
#[derive(Clone, Debug)]
pub struct RouteTable {
    /// Its id.
    pub id: RouteTableId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The VPC it is in.
    pub vpc: VpcId,
    /// Set on the VPC's main table: the association that makes it so.
    pub main_association: Option<RouteTableAssociationId>,
    /// Longest prefix first, so the first route that contains a destination is the one.
    routes: Vec<Route>,
}

/// One row of a route table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Where packets are going.
    pub destination: Ipv4Net,
    /// What carries them there.
    pub target: Target,
    /// How the row came about.
    pub origin: RouteOrigin,
}

/// How a route came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteOrigin {
    /// Added by hand.
    CreateRoute,
    /// Came with the table.
    CreateRouteTable,
}

/// What a route leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// The attached internet gateway.
    InternetGateway(InternetGatewayId),
    /// The VPC itself.
    Local,
    /// An interface, typically of a middlebox.
    NetworkInterface(EniId),
    /// A peering connection.
    Peering(PeeringId),
}

/// Whether a route's target can carry traffic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteState {
    /// It can.
    Active,
    /// The target is gone, detached or not ready; packets are dropped.
    Blackhole,
}

impl RouteTable {
    /// A table with the local routes only, as every table begins (aws: rtb-local-routes).
    pub(crate) fn new(id: RouteTableId, name: Option<String>, vpc: VpcId, cidrs: &[Ipv4Net]) -> Self {
        let mut table = Self { id, name, vpc, main_association: None, routes: Vec::new() };
        for &destination in cidrs {
            table.insert(Route { destination, target: Target::Local, origin: RouteOrigin::CreateRouteTable });
        }
        table
    }

    /// All routes, longest prefix first.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The most specific route that matches a destination (aws: route-longest-prefix).
    ///
    /// A blackhole route matches as any other: AWS documents no fall-through to a less specific one
    /// (assumed: blackhole-no-fallthrough).
    pub fn lookup(&self, destination: Ipv4Addr) -> Option<&Route> {
        self.routes.iter().find(|route| route.destination.contains(&destination))
    }

    /// The route for exactly this block.
    pub fn route_to(&self, destination: Ipv4Net) -> Option<&Route> {
        self.routes.iter().find(|route| route.destination == destination)
    }

    /// Adds a route, or replaces the one for the same block.
    pub(crate) fn insert(&mut self, route: Route) {
        self.remove(route.destination);
        let key = |r: &Route| (std::cmp::Reverse(r.destination.prefix_len()), r.destination.network());
        let at = self.routes.partition_point(|r| key(r) < key(&route));
        self.routes.insert(at, route);
    }

    pub(crate) fn remove(&mut self, destination: Ipv4Net) {
        self.routes.retain(|route| route.destination != destination);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins_whatever_the_order_of_insertion() {
        let pcx = |n: &str| Target::Peering(PeeringId::derive(&[n]));
        let mut routes = [
            ("10.1.0.0/16", pcx("b")),
            ("10.1.0.77/32", pcx("d")),
            ("0.0.0.0/0", Target::InternetGateway(InternetGatewayId::derive(&["igw"]))),
        ];
        for _ in 0..routes.len() {
            routes.rotate_left(1);
            let local = ["10.0.0.0/16".parse().unwrap()];
            let mut table =
                RouteTable::new(RouteTableId::derive(&["t"]), None, VpcId::derive(&["v"]), &local);
            for (destination, target) in routes {
                let destination = destination.parse().unwrap();
                table.insert(Route { destination, target, origin: RouteOrigin::CreateRoute });
            }
            let target = |address: &str| table.lookup(address.parse().unwrap()).map(|route| route.target);
            assert_eq!(target("10.1.0.77"), Some(pcx("d")));
            assert_eq!(target("10.1.0.78"), Some(pcx("b")));
            assert_eq!(target("10.0.9.9"), Some(Target::Local));
            assert!(matches!(target("8.8.8.8"), Some(Target::InternetGateway(_))));
        }
    }
}
