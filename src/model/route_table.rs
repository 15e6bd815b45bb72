//! Route tables: which target a destination is sent to.

use std::cmp::Reverse;
use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{PrefixList, Table};
use crate::ids::{
    EniId, InternetGatewayId, NatGatewayId, PeeringId, PrefixListId, RouteTableAssociationId, RouteTableId,
    TransitGatewayId, VpcEndpointId, VpcId, VpnGatewayId,
};

/// The routes of one or more subnets, or of what comes in through a gateway.
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
    /// The gateways whose incoming packets it routes (aws: rtb-gateway).
    pub gateways: Vec<(RouteTableAssociationId, Gateway)>,
    /// The virtual private gateways whose routes it takes over.
    pub propagating: Vec<VpnGatewayId>,
    /// In the order of their destinations.
    routes: Vec<Route>,
    /// The routes as packets find them, longest prefixes first and then by their addresses: the first block that
    /// contains a destination is the one.
    choices: Vec<Choice>,
    /// Where in `choices` the blocks of each length end.
    lengths: Vec<(u8, usize)>,
}

/// One row of a route table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Where packets are going.
    pub destination: Destination,
    /// What carries them there.
    pub target: Target,
    /// How the row came about.
    pub origin: RouteOrigin,
}

/// The packets that a route is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Destination {
    /// Those to a block.
    Cidr(Ipv4Net),
    /// Those to any block of a prefix list.
    PrefixList(PrefixListId),
}

impl Destination {
    /// The block, if it is one.
    pub fn cidr(self) -> Option<Ipv4Net> {
        match self {
            Self::Cidr(block) => Some(block),
            Self::PrefixList(_) => None,
        }
    }
}

impl From<Ipv4Net> for Destination {
    fn from(block: Ipv4Net) -> Self {
        Self::Cidr(block)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(block) => block.fmt(f),
            Self::PrefixList(id) => id.fmt(f),
        }
    }
}

/// How a route came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteOrigin {
    /// Added by hand.
    CreateRoute,
    /// Came with the table.
    CreateRouteTable,
    /// Taken over from a virtual private gateway.
    EnableVgwRoutePropagation,
}

impl RouteOrigin {
    /// AWS's word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::CreateRoute => "CreateRoute",
            Self::CreateRouteTable => "CreateRouteTable",
            Self::EnableVgwRoutePropagation => "EnableVgwRoutePropagation",
        }
    }
}

/// What a route leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// A gateway endpoint; always with its service's prefix list.
    GatewayEndpoint(VpcEndpointId),
    /// The attached internet gateway.
    InternetGateway(InternetGatewayId),
    /// The VPC itself.
    Local,
    /// A NAT gateway.
    NatGateway(NatGatewayId),
    /// An interface, typically of a middlebox.
    NetworkInterface(EniId),
    /// A peering connection.
    Peering(PeeringId),
    /// A transit gateway.
    TransitGateway(TransitGatewayId),
    /// The attached virtual private gateway.
    VpnGateway(VpnGatewayId),
}

/// A gateway that can have a route table for what comes in through it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gateway {
    /// An internet gateway.
    Internet(InternetGatewayId),
    /// A virtual private gateway.
    Vpn(VpnGatewayId),
}

/// Whether a route's target can carry traffic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteState {
    /// It can.
    Active,
    /// The target is gone, detached or not ready; packets are dropped.
    Blackhole,
}

/// A block, and the route it belongs to.
#[derive(Clone, Copy, Debug)]
struct Choice {
    block: Ipv4Net,
    rank: Rank,
    /// Position in `routes`.
    route: usize,
}

/// Which of two routes for the same block is taken. The order of the variants is semantics
/// (aws: route-priority).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Rank {
    Static,
    /// Of several lists AWS takes a random one, and stays with it; here it is the one with the lowest id
    /// (assumed: prefix-list-overlap-lowest).
    PrefixList(PrefixListId),
    Propagated,
}

impl RouteTable {
    /// A table with the local routes only, as every table begins (aws: rtb-local-routes).
    pub(crate) fn new(id: RouteTableId, name: Option<String>, vpc: VpcId, cidrs: &[Ipv4Net]) -> Self {
        let mut table = Self {
            id,
            name,
            vpc,
            main_association: None,
            gateways: Vec::new(),
            propagating: Vec::new(),
            routes: Vec::new(),
            choices: Vec::new(),
            lengths: Vec::new(),
        };
        let lists = Table::default();
        for &block in cidrs {
            let destination = block.into();
            let route = Route { destination, target: Target::Local, origin: RouteOrigin::CreateRouteTable };
            table.insert(route, &lists);
        }
        table
    }

    /// All routes: blocks with the longest prefix first, then prefix lists.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route for a destination, and the block that matched: the most specific one, whatever its kind
    /// (aws: route-longest-prefix).
    ///
    /// A blackhole route matches as any other: AWS documents no fall-through to a less specific one
    /// (assumed: blackhole-no-fallthrough).
    pub fn lookup(&self, destination: Ipv4Addr) -> Option<&Route> {
        let mut begin = 0;
        for &(length, end) in &self.lengths {
            let network = Ipv4Net::new(destination, length).expect("the length of a prefix").network();
            let of_length = &self.choices[begin..end];
            let first = of_length.partition_point(|choice| choice.block.network() < network);
            if let Some(choice) = of_length.get(first).filter(|choice| choice.block.network() == network) {
                return Some(&self.routes[choice.route]);
            }
            begin = end;
        }
        None
    }

    /// The route for exactly this destination; one that was propagated may stand beside it.
    pub fn route_to(&self, destination: Destination) -> Option<&Route> {
        self.routes.iter().find(|route| {
            route.destination == destination && route.origin != RouteOrigin::EnableVgwRoutePropagation
        })
    }

    /// Adds a route, or replaces the one for the same destination.
    pub(crate) fn insert(&mut self, route: Route, lists: &Table<PrefixListId, PrefixList>) {
        let is_propagated = |r: &Route| r.origin == RouteOrigin::EnableVgwRoutePropagation;
        self.routes
            .retain(|r| r.destination != route.destination || is_propagated(r) != is_propagated(&route));
        let key = |r: &Route| {
            let block = r.destination.cidr().map(|block| (Reverse(block.prefix_len()), block.network()));
            (block.is_none(), block, r.destination)
        };
        let at = self.routes.partition_point(|r| key(r) <= key(&route));
        self.routes.insert(at, route);
        self.choose(lists);
    }

    /// Removes the routes that a test says.
    pub(crate) fn remove(&mut self, gone: impl Fn(&Route) -> bool, lists: &Table<PrefixListId, PrefixList>) {
        self.routes.retain(|route| !gone(route));
        self.choose(lists);
    }

    /// Works out again which route packets find; to be called when a prefix list has changed.
    pub(crate) fn choose(&mut self, lists: &Table<PrefixListId, PrefixList>) {
        let is_own = |route: &&Route| route.origin == RouteOrigin::CreateRouteTable;
        let own: Vec<Ipv4Net> =
            self.routes.iter().filter(is_own).filter_map(|route| route.destination.cidr()).collect();
        self.choices.clear();
        for (at, route) in self.routes.iter().enumerate() {
            match route.destination {
                Destination::Cidr(block) if route.origin == RouteOrigin::EnableVgwRoutePropagation => {
                    // What is learned never leads out of the VPC what stays in it
                    // (aws: route-propagated-never-local).
                    if !own.iter().any(|own| own.contains(&block)) {
                        self.choices.push(Choice { block, rank: Rank::Propagated, route: at });
                    }
                }
                Destination::Cidr(block) => {
                    self.choices.push(Choice { block, rank: Rank::Static, route: at });
                }
                Destination::PrefixList(id) => {
                    let blocks = lists.get(&id).map(|list| list.entries.as_slice()).unwrap_or_default();
                    let rank = Rank::PrefixList(id);
                    self.choices.extend(blocks.iter().map(|&block| Choice { block, rank, route: at }));
                }
            }
        }
        self.choices.sort_by_key(|choice| {
            (Reverse(choice.block.prefix_len()), choice.block.network(), choice.rank, choice.route)
        });
        let same_length = self.choices.chunk_by(|a, b| a.block.prefix_len() == b.block.prefix_len());
        let mut end = 0;
        self.lengths.clear();
        self.lengths.extend(same_length.map(|choices| {
            end += choices.len();
            (choices[0].block.prefix_len(), end)
        }));
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
                let destination = Destination::Cidr(destination.parse().unwrap());
                table.insert(
                    Route { destination, target, origin: RouteOrigin::CreateRoute },
                    &Table::default(),
                );
            }
            let target = |address: &str| table.lookup(address.parse().unwrap()).map(|route| route.target);
            assert_eq!(target("10.1.0.77"), Some(pcx("d")));
            assert_eq!(target("10.1.0.78"), Some(pcx("b")));
            assert_eq!(target("10.0.9.9"), Some(Target::Local));
            assert!(matches!(target("8.8.8.8"), Some(Target::InternetGateway(_))));
        }
    }
}
