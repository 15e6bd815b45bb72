//! Why a packet went no further.

use std::net::Ipv4Addr;

use crate::ids::{
    EniId, InternetGatewayId, NetworkAclId, PeeringId, RouteTableId, SecurityGroupId, SubnetId, VpcId,
};
use crate::model::{Direction, Location, Target, Zone};
use crate::wire::Malformed;

/// Why a packet went no further. One variant for each place where a walk can end, in walk order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DropReason {
    /// The bytes are not an intact IPv4 packet.
    Malformed(MalformedPacket),
    /// Nobody in the subnet has the address that was asked for.
    NoNeighbor {
        /// The interface that asked.
        eni: EniId,
        /// The address.
        address: Ipv4Addr,
    },
    /// The VPC carries unicast only.
    NotUnicast {
        /// The interface that sent it.
        eni: EniId,
    },
    /// The sender's address is not one of the interface's.
    SourceCheck {
        /// The interface that sent it.
        eni: EniId,
    },
    /// A link-local address at which nothing answers.
    LinkLocal {
        /// The interface that sent it.
        eni: EniId,
        /// The address.
        address: Ipv4Addr,
    },
    /// No security group rule allows it.
    SecurityGroup {
        /// The interface whose groups were asked.
        eni: EniId,
        /// Which way the packet was going.
        direction: Direction,
        /// The interface's first group: where a rule would go.
        group: SecurityGroupId,
    },
    /// A network ACL rule denies it.
    NetworkAcl {
        /// The subnet whose edge it was to cross.
        subnet: SubnetId,
        /// Its network ACL.
        acl: NetworkAclId,
        /// Which way the packet was going.
        direction: Direction,
        /// The rule; `None` is the final `*`.
        rule: Option<u16>,
    },
    /// The route table has no route for the destination.
    NoRoute {
        /// The table.
        table: RouteTableId,
    },
    /// The route leads to something that cannot carry traffic.
    Blackhole {
        /// The table.
        table: RouteTableId,
        /// What the route leads to.
        target: Target,
    },
    /// The sender has no public address for the internet gateway to use.
    NoPublicAddress {
        /// The gateway.
        gateway: InternetGatewayId,
        /// The sender's address.
        source: Ipv4Addr,
    },
    /// The internet gateway forwards nothing to private addresses.
    PrivateDestination {
        /// The gateway.
        gateway: InternetGatewayId,
        /// The table whose route led there.
        table: RouteTableId,
    },
    /// The internet gateway takes nothing from private addresses.
    PrivateSource {
        /// The gateway.
        gateway: InternetGatewayId,
    },
    /// The public address belongs to an interface whose VPC has no internet gateway.
    NoInternetGateway {
        /// The VPC.
        vpc: VpcId,
    },
    /// Nobody on the internet has the address.
    NoInternetHost {
        /// The address.
        address: Ipv4Addr,
    },
    /// A peering connection carries only what goes from one of its VPCs to the other.
    NotTransitive {
        /// The connection.
        peering: PeeringId,
        /// The VPC it leads to.
        vpc: VpcId,
    },
    /// The address lies in the VPC, and no interface has it.
    NoSuchAddress {
        /// The VPC.
        vpc: VpcId,
        /// The address.
        address: Ipv4Addr,
    },
    /// An Availability Zone it was to leave or to enter is down.
    ZoneDown {
        /// The zone.
        zone: Zone,
    },
    /// The link is cut.
    LinkCut {
        /// The near end.
        from: Location,
        /// The far end.
        to: Location,
    },
    /// Too much waits for the link already.
    LinkQueueFull {
        /// The near end.
        from: Location,
        /// The far end.
        to: Location,
    },
    /// The link lost it.
    LinkLoss {
        /// The near end.
        from: Location,
        /// The far end.
        to: Location,
    },
    /// The interface has no running instance behind it.
    NotRunning {
        /// The interface.
        eni: EniId,
    },
    /// The packet is for an address that the interface does not have.
    DestinationCheck {
        /// The interface it came to.
        eni: EniId,
    },
}

/// [`Malformed`], with an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MalformedPacket {
    /// Neither IPv4 nor ARP.
    NotIpv4,
    /// Lengths or header fields that contradict each other.
    Broken,
}

impl From<Malformed> for DropReason {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(match malformed {
            Malformed::NotIpv4 => MalformedPacket::NotIpv4,
            Malformed::Broken => MalformedPacket::Broken,
        })
    }
}

/// What is known of a reason apart from the objects it names.
struct Facts {
    code: &'static str,
    analyzer: Option<&'static str>,
    citation: &'static str,
}

const fn facts(code: &'static str, analyzer: Option<&'static str>, citation: &'static str) -> Facts {
    Facts { code, analyzer, citation }
}

impl DropReason {
    /// Every code, with Reachability Analyzer's where it has one, in walk order.
    pub const CODES: [(&'static str, Option<&'static str>); 22] = [
        ("malformed", None),
        ("no-neighbor", None),
        ("not-unicast", None),
        ("source-check", Some("ENI_SOURCE_DEST_CHECK_RESTRICTION")),
        ("link-local", None),
        ("security-group", Some("ENI_SG_RULES_MISMATCH")),
        ("network-acl", Some("SUBNET_ACL_RESTRICTION")),
        ("no-route", Some("NO_ROUTE_TO_DESTINATION")),
        ("blackhole", Some("BAD_STATE_ROUTE")),
        ("igw-no-public-address", Some("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")),
        ("igw-private-destination", Some("IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS")),
        ("igw-private-source", Some("IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS")),
        ("no-internet-gateway", None),
        ("no-internet-host", None),
        ("peering-not-transitive", Some("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR")),
        ("no-such-address", Some("NO_POSSIBLE_DESTINATION")),
        ("zone-down", None),
        ("link-cut", None),
        ("link-queue-full", None),
        ("link-loss", None),
        ("not-running", Some("BAD_STATE")),
        ("destination-check", Some("ENI_SOURCE_DEST_CHECK_RESTRICTION")),
    ];

    /// A stable name for scenarios, JSON and documentation.
    pub fn code(self) -> &'static str {
        self.facts().code
    }

    /// The explanation code of AWS's Reachability Analyzer for the same thing, where it has one.
    pub fn analyzer_code(self) -> Option<&'static str> {
        self.facts().analyzer
    }

    /// The key of the AWS fact behind it.
    pub fn citation(self) -> &'static str {
        self.facts().citation
    }

    fn facts(self) -> Facts {
        match self {
            Self::Malformed(_) => facts("malformed", None, "unicast-ipv4-only"),
            Self::NoNeighbor { .. } => facts("no-neighbor", None, "arp-unknown-silent"),
            Self::NotUnicast { .. } => facts("not-unicast", None, "unicast-ipv4-only"),
            Self::SourceCheck { .. } => {
                facts("source-check", Some("ENI_SOURCE_DEST_CHECK_RESTRICTION"), "eni-source-dest-check")
            }
            Self::LinkLocal { .. } => facts("link-local", None, "route-reserved-destination"),
            Self::SecurityGroup { .. } => {
                facts("security-group", Some("ENI_SG_RULES_MISMATCH"), "sg-allow-only")
            }
            Self::NetworkAcl { .. } => {
                facts("network-acl", Some("SUBNET_ACL_RESTRICTION"), "nacl-rule-order")
            }
            Self::NoRoute { .. } => {
                facts("no-route", Some("NO_ROUTE_TO_DESTINATION"), "route-longest-prefix")
            }
            Self::Blackhole { .. } => facts("blackhole", Some("BAD_STATE_ROUTE"), "route-blackhole"),
            Self::NoPublicAddress { .. } => facts(
                "igw-no-public-address",
                Some("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"),
                "igw-one-to-one-nat",
            ),
            Self::PrivateDestination { .. } => facts(
                "igw-private-destination",
                Some("IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"),
                "igw-public-only",
            ),
            Self::PrivateSource { .. } => facts(
                "igw-private-source",
                Some("IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS"),
                "igw-public-only",
            ),
            Self::NoInternetGateway { .. } => facts("no-internet-gateway", None, "igw-one-to-one-nat"),
            Self::NoInternetHost { .. } => facts("no-internet-host", None, "igw-one-to-one-nat"),
            Self::NotTransitive { .. } => {
                facts("peering-not-transitive", Some("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"), "pcx-no-transit")
            }
            Self::NoSuchAddress { .. } => {
                facts("no-such-address", Some("NO_POSSIBLE_DESTINATION"), "local-no-eni")
            }
            Self::ZoneDown { .. } => facts("zone-down", None, "zone-down-isolates"),
            Self::LinkCut { .. } => facts("link-cut", None, "link-fault"),
            Self::LinkQueueFull { .. } => facts("link-queue-full", None, "bandwidth-single-flow"),
            Self::LinkLoss { .. } => facts("link-loss", None, "backbone-loss"),
            Self::NotRunning { .. } => facts("not-running", Some("BAD_STATE"), "instance-not-running"),
            Self::DestinationCheck { .. } => {
                facts("destination-check", Some("ENI_SOURCE_DEST_CHECK_RESTRICTION"), "eni-source-dest-check")
            }
        }
    }
}
