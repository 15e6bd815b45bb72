//! What `Ref` and `Fn::GetAtt` say of each kind of resource.
//!
//! Knows the attributes of EC2's resources, and of what flow logs are delivered to. Must never know a template.

use crate::scenario::problem::suggest;

/// What an attribute is.
#[derive(Clone, Copy, Debug)]
pub enum Attribute {
    /// The resource's id.
    Itself,
    /// A name that a property may give; otherwise one is made of the stack's name and the logical id.
    Named(&'static str, fn(&str, &str) -> String),
    /// Something that came with the resource, called by its id and this.
    Part(&'static str),
    /// What a property says, and otherwise only AWS can tell.
    Property(&'static str),
    /// What only AWS can tell.
    Told,
}

use Attribute::{Itself, Named, Part, Property, Told};

/// The attributes of a kind by name.
type Attributes = &'static [(&'static str, Attribute)];

/// The group that comes with a VPC.
pub const DEFAULT_GROUP: &str = "DefaultSecurityGroup";

/// The network ACL that comes with a VPC.
pub const DEFAULT_ACL: &str = "DefaultNetworkAcl";

/// The attachment that comes with a VPN connection of a transit gateway.
pub const VPN_ATTACHMENT: &str = "TransitGatewayAttachment";

static EC2: [(&str, Attributes); 42] = [
    (
        "VPC",
        &[
            ("VpcId", Itself),
            ("CidrBlock", Property("CidrBlock")),
            ("CidrBlockAssociations", Told),
            ("DefaultSecurityGroup", Part(DEFAULT_GROUP)),
            ("DefaultNetworkAcl", Part(DEFAULT_ACL)),
            ("Ipv6CidrBlocks", Told),
        ],
    ),
    ("VPCCidrBlock", &[("Id", Itself), ("IpSource", Told), ("Ipv6AddressAttribute", Told)]),
    (
        "Subnet",
        &[
            ("SubnetId", Itself),
            ("VpcId", Property("VpcId")),
            ("AvailabilityZone", Property("AvailabilityZone")),
            ("AvailabilityZoneId", Property("AvailabilityZoneId")),
            ("CidrBlock", Property("CidrBlock")),
            ("Ipv6CidrBlocks", Told),
            ("NetworkAclAssociationId", Told),
            ("OutpostArn", Told),
            ("BlockPublicAccessStates", Told),
        ],
    ),
    ("SubnetCidrBlock", &[("Id", Itself), ("IpSource", Told), ("Ipv6AddressAttribute", Told)]),
    ("RouteTable", &[("RouteTableId", Itself)]),
    ("Route", &[("CidrBlock", Property("DestinationCidrBlock"))]),
    ("SubnetRouteTableAssociation", &[("Id", Itself)]),
    ("GatewayRouteTableAssociation", &[("AssociationId", Itself)]),
    ("VPNGatewayRoutePropagation", &[("Id", Itself)]),
    ("NetworkAcl", &[("Id", Itself)]),
    ("NetworkAclEntry", &[("Id", Itself)]),
    ("SubnetNetworkAclAssociation", &[("AssociationId", Itself)]),
    ("SecurityGroup", &[("GroupId", Itself), ("Id", Itself), ("VpcId", Property("VpcId"))]),
    ("SecurityGroupIngress", &[("Id", Itself)]),
    ("SecurityGroupEgress", &[("Id", Itself)]),
    (
        "NetworkInterface",
        &[
            ("Id", Itself),
            ("PrimaryPrivateIpAddress", Property("PrivateIpAddress")),
            ("PrimaryIpv6Address", Told),
            ("SecondaryPrivateIpAddresses", Told),
            ("VpcId", Told),
        ],
    ),
    ("NetworkInterfaceAttachment", &[("AttachmentId", Itself)]),
    (
        "Instance",
        &[
            ("InstanceId", Itself),
            ("AvailabilityZone", Property("AvailabilityZone")),
            ("PrivateIp", Property("PrivateIpAddress")),
            ("PublicIp", Told),
            ("PrivateDnsName", Told),
            ("PublicDnsName", Told),
            ("VpcId", Told),
            ("State", Told),
            ("State.Code", Told),
            ("State.Name", Told),
        ],
    ),
    ("InternetGateway", &[("InternetGatewayId", Itself)]),
    ("EgressOnlyInternetGateway", &[("Id", Itself)]),
    ("VPCGatewayAttachment", &[("AttachmentType", Told)]),
    ("NatGateway", &[("NatGatewayId", Itself), ("EniId", Told)]),
    ("EIP", &[("AllocationId", Itself), ("PublicIp", Told)]),
    ("EIPAssociation", &[("Id", Itself)]),
    ("VPCPeeringConnection", &[("Id", Itself)]),
    (
        "VPCEndpoint",
        &[("Id", Itself), ("CreationTimestamp", Told), ("DnsEntries", Told), ("NetworkInterfaceIds", Told)],
    ),
    ("PrefixList", &[("PrefixListId", Itself), ("Arn", Told), ("OwnerId", Told), ("Version", Told)]),
    ("TransitGateway", &[("Id", Itself), ("TransitGatewayArn", Told), ("EncryptionSupportState", Told)]),
    ("TransitGatewayAttachment", &[("Id", Itself)]),
    ("TransitGatewayVpcAttachment", &[("Id", Itself)]),
    (
        "TransitGatewayPeeringAttachment",
        &[
            ("TransitGatewayAttachmentId", Itself),
            ("CreationTime", Told),
            ("State", Told),
            ("Status", Told),
            ("Status.Code", Told),
            ("Status.Message", Told),
        ],
    ),
    ("TransitGatewayRouteTable", &[("TransitGatewayRouteTableId", Itself)]),
    ("TransitGatewayRoute", &[]),
    ("TransitGatewayRouteTableAssociation", &[]),
    ("TransitGatewayRouteTablePropagation", &[]),
    ("VPNGateway", &[("VPNGatewayId", Itself)]),
    ("CustomerGateway", &[("CustomerGatewayId", Itself)]),
    ("VPNConnection", &[("VpnConnectionId", Itself), ("TransitGatewayAttachmentId", Part(VPN_ATTACHMENT))]),
    ("VPNConnectionRoute", &[]),
    ("FlowLog", &[("Id", Itself)]),
    ("DHCPOptions", &[("DhcpOptionsId", Itself)]),
    ("VPCDHCPOptionsAssociation", &[]),
];

fn of_ec2(kind: &str) -> Option<Attributes> {
    let name = kind.strip_prefix("AWS::EC2::")?;
    EC2.iter().find(|(one, _)| *one == name).map(|(_, attributes)| *attributes)
}

/// What `Ref` gives.
pub fn of_ref(kind: &str) -> Attribute {
    match kind {
        // Its public address, not its id.
        "AWS::EC2::EIP" => Told,
        "AWS::S3::Bucket" => Named("BucketName", |stack, id| format!("{stack}-{id}").to_ascii_lowercase()),
        "AWS::Logs::LogGroup" => Named("LogGroupName", |stack, id| format!("{stack}-{id}")),
        kind if of_ec2(kind).is_some() => Itself,
        _ => Told,
    }
}

/// What `Fn::GetAtt` gives; otherwise the attribute that may be meant, if the kind is known and has no such
/// attribute.
pub fn of(kind: &str, attribute: &str) -> Result<Attribute, Option<&'static str>> {
    match (kind, attribute) {
        ("AWS::S3::Bucket" | "AWS::Logs::LogGroup", "Arn") => return Ok(of_ref(kind)),
        ("AWS::SSM::Parameter", "Value") => return Ok(Property("Value")),
        _ => {}
    }
    let Some(attributes) = of_ec2(kind) else { return Ok(Told) };
    let found = attributes.iter().find(|(name, _)| *name == attribute);
    found.map(|(_, attribute)| *attribute).ok_or_else(|| {
        let names = attributes.iter().map(|(name, _)| *name);
        suggest(attribute, names.clone()).or_else(|| names.into_iter().next())
    })
}

/// The ARN of a bucket or of a log group.
pub fn arn(kind: &str, partition: &str, (region, account): (&str, &str), name: &str) -> String {
    match kind {
        "AWS::S3::Bucket" => format!("arn:{partition}:s3:::{name}"),
        _ => format!("arn:{partition}:logs:{region}:{account}:log-group:{name}:*"),
    }
}
