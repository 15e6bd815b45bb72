//! The fields of flow-log records: their names, versions and types.

use std::fmt;
use std::str::FromStr;

/// How Parquet files hold a field (aws: flow-log-parquet).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldType {
    /// A number of 32 bits.
    Int32,
    /// A number of 64 bits.
    Int64,
    /// A text.
    String,
}

/// In whose records a field can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldUse {
    /// In those of network interfaces and regional NAT gateways.
    Interface,
    /// In those of transit gateways.
    TransitGateway,
    /// In both.
    Both,
}

macro_rules! fields {
    ($($variant:ident = $name:literal, $version:literal, $kind:ident, $in:ident;)*) => {
        /// A field of a record, in AWS's order (aws: flow-log-fields, tgw-flow-log-fields).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs, reason = "each variant is the field it is named after")]
        pub enum Field {
            $($variant,)*
        }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As it stands in formats and headers, e.g. `interface-id`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The version of flow logs it came with: 2 to 11; those of transit gateways have 6.
            pub const fn version(self) -> u8 {
                match self {
                    $(Self::$variant => $version,)*
                }
            }

            /// Its type in Parquet files.
            pub const fn kind(self) -> FieldType {
                match self {
                    $(Self::$variant => FieldType::$kind,)*
                }
            }

            /// Whose records have it.
            pub const fn used_in(self) -> FieldUse {
                match self {
                    $(Self::$variant => FieldUse::$in,)*
                }
            }
        }
    };
}

fields! {
    Version = "version", 2, Int32, Both;
    ResourceType = "resource-type", 6, String, TransitGateway;
    AccountId = "account-id", 2, String, Both;
    TgwId = "tgw-id", 6, String, TransitGateway;
    TgwAttachmentId = "tgw-attachment-id", 6, String, TransitGateway;
    TgwSrcVpcAccountId = "tgw-src-vpc-account-id", 6, String, TransitGateway;
    TgwDstVpcAccountId = "tgw-dst-vpc-account-id", 6, String, TransitGateway;
    TgwSrcVpcId = "tgw-src-vpc-id", 6, String, TransitGateway;
    TgwDstVpcId = "tgw-dst-vpc-id", 6, String, TransitGateway;
    TgwSrcSubnetId = "tgw-src-subnet-id", 6, String, TransitGateway;
    TgwDstSubnetId = "tgw-dst-subnet-id", 6, String, TransitGateway;
    TgwSrcEni = "tgw-src-eni", 6, String, TransitGateway;
    TgwDstEni = "tgw-dst-eni", 6, String, TransitGateway;
    TgwSrcAzId = "tgw-src-az-id", 6, String, TransitGateway;
    TgwDstAzId = "tgw-dst-az-id", 6, String, TransitGateway;
    TgwPairAttachmentId = "tgw-pair-attachment-id", 6, String, TransitGateway;
    InterfaceId = "interface-id", 2, String, Interface;
    SrcAddr = "srcaddr", 2, String, Both;
    DstAddr = "dstaddr", 2, String, Both;
    SrcPort = "srcport", 2, Int32, Both;
    DstPort = "dstport", 2, Int32, Both;
    Protocol = "protocol", 2, Int32, Both;
    Packets = "packets", 2, Int64, Both;
    Bytes = "bytes", 2, Int64, Both;
    Start = "start", 2, Int64, Both;
    End = "end", 2, Int64, Both;
    Action = "action", 2, String, Interface;
    LogStatus = "log-status", 2, String, Both;
    VpcId = "vpc-id", 3, String, Interface;
    SubnetId = "subnet-id", 3, String, Interface;
    InstanceId = "instance-id", 3, String, Interface;
    TcpFlags = "tcp-flags", 3, Int32, Both;
    Type = "type", 3, String, Both;
    PktSrcAddr = "pkt-srcaddr", 3, String, Interface;
    PktDstAddr = "pkt-dstaddr", 3, String, Interface;
    PacketsLostNoRoute = "packets-lost-no-route", 6, Int64, TransitGateway;
    PacketsLostBlackhole = "packets-lost-blackhole", 6, Int64, TransitGateway;
    PacketsLostMtuExceeded = "packets-lost-mtu-exceeded", 6, Int64, TransitGateway;
    PacketsLostTtlExpired = "packets-lost-ttl-expired", 6, Int64, TransitGateway;
    Region = "region", 4, String, Both;
    AzId = "az-id", 4, String, Interface;
    SublocationType = "sublocation-type", 4, String, Interface;
    SublocationId = "sublocation-id", 4, String, Interface;
    PktSrcAwsService = "pkt-src-aws-service", 5, String, Both;
    PktDstAwsService = "pkt-dst-aws-service", 5, String, Both;
    FlowDirection = "flow-direction", 5, String, Both;
    TrafficPath = "traffic-path", 5, Int32, Interface;
    EcsClusterArn = "ecs-cluster-arn", 7, String, Interface;
    EcsClusterName = "ecs-cluster-name", 7, String, Interface;
    EcsContainerInstanceArn = "ecs-container-instance-arn", 7, String, Interface;
    EcsContainerInstanceId = "ecs-container-instance-id", 7, String, Interface;
    EcsContainerId = "ecs-container-id", 7, String, Interface;
    EcsSecondContainerId = "ecs-second-container-id", 7, String, Interface;
    EcsServiceName = "ecs-service-name", 7, String, Interface;
    EcsTaskDefinitionArn = "ecs-task-definition-arn", 7, String, Interface;
    EcsTaskArn = "ecs-task-arn", 7, String, Interface;
    EcsTaskId = "ecs-task-id", 7, String, Interface;
    RejectReason = "reject-reason", 8, String, Interface;
    ResourceId = "resource-id", 9, String, Interface;
    EncryptionStatus = "encryption-status", 10, Int32, Interface;
    InstanceTag = "instance-tag", 11, String, Interface;
    InstanceTag2 = "instance-tag-2", 11, String, Interface;
    InterfaceTag = "interface-tag", 11, String, Interface;
    InterfaceTag2 = "interface-tag-2", 11, String, Interface;
    AsgTag = "asg-tag", 11, String, Interface;
    AsgTag2 = "asg-tag-2", 11, String, Interface;
    InterfaceType = "interface-type", 11, String, Interface;
    NextHopInterfaceId = "next-hop-interface-id", 11, String, Interface;
    NextHopSubnetId = "next-hop-subnet-id", 11, String, Interface;
    NextHopAzId = "next-hop-az-id", 11, String, Interface;
    NextHopVpcId = "next-hop-vpc-id", 11, String, Interface;
    NextHopInterfaceType = "next-hop-interface-type", 11, String, Interface;
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownField;

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, UnknownField> {
        Self::ALL.iter().copied().find(|field| field.name() == text).ok_or(UnknownField)
    }
}
