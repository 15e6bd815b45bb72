//! Why a packet went no further.

use std::net::Ipv4Addr;

use crate::ids::{
    CustomerGatewayId, EniId, InternetGatewayId, NatGatewayId, NetworkAclId, PeeringId, RouteTableId,
    SecurityGroupId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId,
    VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
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
    /// The interface has sent as many packets to link-local services as it may within a second.
    LinkLocalRate {
        /// The interface that sent it.
        eni: EniId,
    },
    /// The VPC has DNS support off.
    ResolverOff {
        /// The VPC.
        vpc: VpcId,
    },
    /// The router of a subnet answers nobody.
    RouterSilent {
        /// The subnet.
        subnet: SubnetId,
    },
    /// No security group rule allows it.
    SecurityGroup {
        /// The interface whose groups were asked.
        eni: EniId,
        /// Which way the packet was going.
        direction: Direction,
        /// The interface's first group: where a rule would go.
        group: SecurityGroupId,
        /// How near the rules came.
        why: Refusal,
    },
    /// The interface tracks as many flows as it can.
    TrackingExceeded {
        /// The interface.
        eni: EniId,
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
    /// It is longer than what the way can carry, and must not be cut.
    MtuExceeded {
        /// Where the way is too narrow.
        at: MtuLimit,
        /// The longest packet that gets on, in bytes.
        mtu: u16,
    },
    /// Its time to live ran out.
    TtlExpired {
        /// Where.
        at: TtlHop,
    },
    /// A NAT gateway does not serve its own subnet.
    NatOwnSubnet {
        /// The gateway.
        nat: NatGatewayId,
    },
    /// A NAT gateway serves the interfaces of its VPC only.
    NatSource {
        /// The gateway.
        nat: NatGatewayId,
        /// The sender's address.
        source: Ipv4Addr,
    },
    /// A NAT gateway carries TCP, UDP and ICMP, and fragments of UDP only.
    NatProtocol {
        /// The gateway.
        nat: NatGatewayId,
    },
    /// Nobody behind the NAT gateway has opened the connection, or it was idle for too long.
    NatNoSession {
        /// The gateway.
        nat: NatGatewayId,
    },
    /// The NAT gateway has no port left for the destination.
    NatPortsExhausted {
        /// The gateway.
        nat: NatGatewayId,
    },
    /// Block Public Access is on.
    PublicAccessBlocked {
        /// The gateway that refuses.
        gateway: InternetGatewayId,
    },
    /// What comes in for the sender's subnet is sent through a middlebox, so what leaves it has to be too.
    IngressRedirected {
        /// The gateway.
        gateway: InternetGatewayId,
        /// The gateway's route table.
        table: RouteTableId,
    },
    /// A middlebox behind an internet gateway needs a public address.
    MiddleboxNoPublicAddress {
        /// The middlebox.
        eni: EniId,
        /// The gateway's route table.
        table: RouteTableId,
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
    /// The internet gateway forwards nothing to the shared address space.
    SharedDestination {
        /// The gateway.
        gateway: InternetGatewayId,
        /// The table whose route led there.
        table: RouteTableId,
    },
    /// The internet gateway takes nothing from the shared address space.
    SharedSource {
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
    /// The VPC's attachment has no subnet in the sender's zone.
    TransitGatewayZone {
        /// The attachment.
        attachment: TransitGatewayAttachmentId,
        /// The zone.
        zone: Zone,
    },
    /// The attachment is associated with no route table of the transit gateway.
    TransitGatewayNoAssociation {
        /// The transit gateway.
        gateway: TransitGatewayId,
        /// The attachment.
        attachment: TransitGatewayAttachmentId,
    },
    /// The transit gateway's table has no route for the destination.
    TransitGatewayNoRoute {
        /// The table.
        table: TransitGatewayRouteTableId,
    },
    /// The transit gateway's route drops, or leads to what carries no traffic.
    TransitGatewayBlackhole {
        /// The table.
        table: TransitGatewayRouteTableId,
    },
    /// A virtual private gateway forwards only what interfaces of its VPC send.
    VpnSource {
        /// The gateway.
        gateway: VpnGatewayId,
        /// The sender's address.
        source: Ipv4Addr,
    },
    /// No VPN connection of the virtual private gateway has a route for the destination.
    VpnNoRoute {
        /// The gateway.
        gateway: VpnGatewayId,
    },
    /// A virtual private gateway lets in only what is for interfaces of its VPC.
    VpnDestination {
        /// The gateway.
        gateway: VpnGatewayId,
    },
    /// No connection of the network on premises leads to the destination.
    OnPremNoRoute {
        /// The customer gateway of the network.
        network: CustomerGatewayId,
    },
    /// Nobody in the network on premises has the address.
    NoOnPremHost {
        /// The customer gateway of the network.
        network: CustomerGatewayId,
        /// The address.
        address: Ipv4Addr,
    },
    /// A gateway endpoint carries TCP and pings only.
    GatewayEndpointProtocol {
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// A gateway endpoint serves its VPC only.
    GatewayEndpointSource {
        /// The endpoint.
        endpoint: VpcEndpointId,
        /// The sender.
        source: Ipv4Addr,
    },
    /// An interface endpoint carries TCP only, and does not answer pings.
    InterfaceEndpointProtocol {
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// The connection through the endpoint was idle for too long.
    EndpointIdle {
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// No host of the scenario stands for the endpoint's service.
    EndpointNoService {
        /// The endpoint.
        endpoint: VpcEndpointId,
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

/// How near the rules of security groups came to allowing a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// No rule matches.
    NoMatch,
    /// There are no rules of that direction at all.
    NoRules,
    /// A rule names the group of the sender or receiver, whose identity is lost on the way: by a
    /// middlebox, or by public addresses.
    ReferenceLost,
    /// A rule names a group of a VPC behind a transit gateway that does not pass groups on.
    ReferencingOff,
}

/// Where a way is too narrow for a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MtuLimit {
    /// At an endpoint.
    Endpoint(VpcEndpointId),
    /// At an interface.
    Interface(EniId),
    /// On the internet.
    Internet,
    /// At an internet gateway.
    InternetGateway(InternetGatewayId),
    /// At a NAT gateway.
    NatGateway(NatGatewayId),
    /// On a peering connection.
    Peering(PeeringId),
    /// At a transit gateway.
    TransitGateway(TransitGatewayId),
    /// In the tunnel of a VPN connection.
    Vpn(VpnConnectionId),
}

/// Where a time to live runs out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TtlHop {
    /// At a NAT gateway.
    NatGateway(NatGatewayId),
    /// At a transit gateway.
    TransitGateway(TransitGatewayId),
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
    /// Every code, with those of Reachability Analyzer that it can have, in walk order.
    pub const CODES: &'static [(&'static str, &'static [&'static str])] = &[
        ("malformed", &[]),
        ("no-neighbor", &[]),
        ("not-unicast", &[]),
        ("source-check", &["ENI_SOURCE_DEST_CHECK_RESTRICTION"]),
        ("link-local", &[]),
        ("link-local-rate", &[]),
        ("dns-support-off", &[]),
        ("router-silent", &[]),
        (
            "security-group",
            &[
                "ENI_SG_RULES_MISMATCH",
                "SG_HAS_NO_RULES",
                "SG_REFERENCES_NOT_PRESERVED",
                "SG_REFERENCING_SUPPORT",
            ],
        ),
        ("tracking-exceeded", &[]),
        ("network-acl", &["SUBNET_ACL_RESTRICTION"]),
        ("no-route", &["NO_ROUTE_TO_DESTINATION"]),
        ("blackhole", &["BAD_STATE_ROUTE"]),
        ("mtu-exceeded", &[]),
        ("ttl-expired", &[]),
        ("nat-own-subnet", &[]),
        ("nat-source", &["NGW_REQUIRES_SOURCE_IN_VPC"]),
        ("nat-protocol", &["PROTOCOL_RESTRICTION"]),
        ("nat-no-session", &[]),
        ("nat-ports-exhausted", &[]),
        ("public-access-blocked", &["VPC_BLOCK_PUBLIC_ACCESS_ENABLED"]),
        ("ingress-redirected", &["INGRESS_RTB_TRAFFIC_REDIRECTION"]),
        ("middlebox-no-public-address", &["INGRESS_RTB_NO_PUBLIC_IP"]),
        ("igw-no-public-address", &["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]),
        ("igw-private-destination", &["IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"]),
        ("igw-private-source", &["IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS"]),
        ("igw-shared-destination", &["IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"]),
        ("igw-shared-source", &["IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS"]),
        ("no-internet-gateway", &[]),
        ("no-internet-host", &["IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"]),
        ("peering-not-transitive", &["PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"]),
        ("tgw-zone", &["TGW_ROUTE_AZ_RESTRICTION"]),
        ("tgw-no-association", &["TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION"]),
        ("tgw-no-route", &["TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT"]),
        ("tgw-blackhole", &["TGW_RTB_BAD_STATE_ROUTE"]),
        ("vgw-source", &["VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS"]),
        ("vgw-no-route", &["CANNOT_ROUTE"]),
        ("vgw-destination", &["VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"]),
        ("on-prem-no-route", &[]),
        ("no-on-prem-host", &[]),
        ("gateway-endpoint-protocol", &["VPCE_GATEWAY_PROTOCOL_RESTRICTION"]),
        ("gateway-endpoint-source", &[]),
        ("interface-endpoint-protocol", &["PROTOCOL_RESTRICTION"]),
        ("endpoint-idle", &[]),
        ("endpoint-no-service", &[]),
        ("no-such-address", &["NO_POSSIBLE_DESTINATION"]),
        ("zone-down", &[]),
        ("link-cut", &[]),
        ("link-queue-full", &[]),
        ("link-loss", &[]),
        ("not-running", &["BAD_STATE"]),
        ("destination-check", &["ENI_SOURCE_DEST_CHECK_RESTRICTION"]),
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
            Self::LinkLocalRate { .. } => facts("link-local-rate", None, "link-local-rate"),
            Self::ResolverOff { .. } => facts("dns-support-off", None, "dns-support"),
            Self::RouterSilent { .. } => facts("router-silent", None, "router-silent"),
            Self::SecurityGroup { why, .. } => {
                let (analyzer, citation) = match why {
                    Refusal::NoMatch => ("ENI_SG_RULES_MISMATCH", "sg-allow-only"),
                    Refusal::NoRules => ("SG_HAS_NO_RULES", "sg-allow-only"),
                    Refusal::ReferenceLost => ("SG_REFERENCES_NOT_PRESERVED", "sg-reference-not-preserved"),
                    Refusal::ReferencingOff => ("SG_REFERENCING_SUPPORT", "tgw-sg-referencing"),
                };
                facts("security-group", Some(analyzer), citation)
            }
            Self::TrackingExceeded { .. } => facts("tracking-exceeded", None, "sg-tracking-limit"),
            Self::NetworkAcl { .. } => {
                facts("network-acl", Some("SUBNET_ACL_RESTRICTION"), "nacl-rule-order")
            }
            Self::NoRoute { .. } => {
                facts("no-route", Some("NO_ROUTE_TO_DESTINATION"), "route-longest-prefix")
            }
            Self::Blackhole { .. } => facts("blackhole", Some("BAD_STATE_ROUTE"), "route-blackhole"),
            Self::MtuExceeded { at, .. } => facts(
                "mtu-exceeded",
                None,
                match at {
                    MtuLimit::Endpoint(_) => "endpoint-mtu",
                    MtuLimit::Interface(_) => "mtu-vpc",
                    MtuLimit::Internet | MtuLimit::InternetGateway(_) => "mtu-internet",
                    MtuLimit::NatGateway(_) => "mtu-nat",
                    MtuLimit::Peering(_) => "mtu-peering",
                    MtuLimit::TransitGateway(_) => "mtu-tgw",
                    MtuLimit::Vpn(_) => "mtu-vpn",
                },
            ),
            Self::TtlExpired { at } => facts(
                "ttl-expired",
                None,
                match at {
                    TtlHop::NatGateway(_) => "nat-traceroute",
                    TtlHop::TransitGateway(_) => "tgw-ttl",
                },
            ),
            Self::NatOwnSubnet { .. } => facts("nat-own-subnet", None, "nat-own-subnet"),
            Self::NatSource { .. } => facts("nat-source", Some("NGW_REQUIRES_SOURCE_IN_VPC"), "nat-source"),
            Self::NatProtocol { .. } => facts("nat-protocol", Some("PROTOCOL_RESTRICTION"), "nat-protocols"),
            Self::NatNoSession { .. } => facts("nat-no-session", None, "nat-unsolicited"),
            Self::NatPortsExhausted { .. } => facts("nat-ports-exhausted", None, "nat-ports"),
            Self::PublicAccessBlocked { .. } => {
                facts("public-access-blocked", Some("VPC_BLOCK_PUBLIC_ACCESS_ENABLED"), "bpa-modes")
            }
            Self::IngressRedirected { .. } => {
                facts("ingress-redirected", Some("INGRESS_RTB_TRAFFIC_REDIRECTION"), "rtb-gateway-symmetric")
            }
            Self::MiddleboxNoPublicAddress { .. } => facts(
                "middlebox-no-public-address",
                Some("INGRESS_RTB_NO_PUBLIC_IP"),
                "rtb-gateway-public-ip",
            ),
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
            Self::SharedDestination { .. } => facts(
                "igw-shared-destination",
                Some("IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"),
                "igw-public-only",
            ),
            Self::SharedSource { .. } => facts(
                "igw-shared-source",
                Some("IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS"),
                "igw-public-only",
            ),
            Self::NoInternetGateway { .. } => facts("no-internet-gateway", None, "igw-one-to-one-nat"),
            Self::NoInternetHost { .. } => facts(
                "no-internet-host",
                Some("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"),
                "igw-one-to-one-nat",
            ),
            Self::NotTransitive { .. } => {
                facts("peering-not-transitive", Some("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"), "pcx-no-transit")
            }
            Self::TransitGatewayZone { .. } => {
                facts("tgw-zone", Some("TGW_ROUTE_AZ_RESTRICTION"), "tgw-attachment-per-zone")
            }
            Self::TransitGatewayNoAssociation { .. } => facts(
                "tgw-no-association",
                Some("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION"),
                "tgw-one-association",
            ),
            Self::TransitGatewayNoRoute { .. } => {
                facts("tgw-no-route", Some("TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT"), "tgw-route-priority")
            }
            Self::TransitGatewayBlackhole { .. } => {
                facts("tgw-blackhole", Some("TGW_RTB_BAD_STATE_ROUTE"), "tgw-blackhole")
            }
            Self::VpnSource { .. } => {
                facts("vgw-source", Some("VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS"), "vgw-private-addresses")
            }
            Self::VpnNoRoute { .. } => facts("vgw-no-route", Some("CANNOT_ROUTE"), "vgw-static-routes"),
            Self::VpnDestination { .. } => facts(
                "vgw-destination",
                Some("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"),
                "vgw-private-addresses",
            ),
            Self::OnPremNoRoute { .. } => facts("on-prem-no-route", None, "on-prem-router"),
            Self::NoOnPremHost { .. } => facts("no-on-prem-host", None, "on-prem-router"),
            Self::GatewayEndpointProtocol { .. } => facts(
                "gateway-endpoint-protocol",
                Some("VPCE_GATEWAY_PROTOCOL_RESTRICTION"),
                "endpoint-gateway-protocol",
            ),
            Self::GatewayEndpointSource { .. } => {
                facts("gateway-endpoint-source", None, "endpoint-gateway-not-extended")
            }
            Self::InterfaceEndpointProtocol { .. } => facts(
                "interface-endpoint-protocol",
                Some("PROTOCOL_RESTRICTION"),
                "endpoint-interface-no-ping",
            ),
            Self::EndpointIdle { .. } => facts("endpoint-idle", None, "endpoint-idle"),
            Self::EndpointNoService { .. } => facts("endpoint-no-service", None, "endpoint-interface"),
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
