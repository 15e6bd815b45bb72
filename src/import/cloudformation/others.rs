//! The resources that are not carried over, and what is lost by each.
//!
//! Knows which services have interfaces in subnets, or forward packets. Must never know a value, but whether a
//! property is there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::template::Declared;
use crate::import::{Loss, Notice, Place};

/// What has interfaces in subnets that a template does not tell of, whatever it says.
static WITH_INTERFACES: [&str; 54] = [
    "AWS::AmazonMQ::Broker",
    "AWS::AppStream::Fleet",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::Batch::ComputeEnvironment",
    "AWS::Cloud9::EnvironmentEC2",
    "AWS::CloudHSM::Cluster",
    "AWS::DAX::Cluster",
    "AWS::DMS::ReplicationInstance",
    "AWS::DataSync::LocationEFS",
    "AWS::DataSync::LocationNFS",
    "AWS::DirectoryService::MicrosoftAD",
    "AWS::DirectoryService::SimpleAD",
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::EC2::EC2Fleet",
    "AWS::EC2::InstanceConnectEndpoint",
    "AWS::EC2::SpotFleet",
    "AWS::ECS::Service",
    "AWS::ECS::TaskSet",
    "AWS::EFS::MountTarget",
    "AWS::EKS::Cluster",
    "AWS::EKS::Nodegroup",
    "AWS::EMR::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::ElasticBeanstalk::Environment",
    "AWS::ElasticLoadBalancing::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::FSx::FileSystem",
    "AWS::GameLift::Fleet",
    "AWS::Glue::Connection",
    "AWS::GlobalAccelerator::EndpointGroup",
    "AWS::ImageBuilder::InfrastructureConfiguration",
    "AWS::KinesisAnalyticsV2::Application",
    "AWS::MSK::Cluster",
    "AWS::MSK::ServerlessCluster",
    "AWS::MWAA::Environment",
    "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::Neptune::DBInstance",
    "AWS::OpenSearchServerless::VpcEndpoint",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBProxy",
    "AWS::RDS::DBProxyEndpoint",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Workgroup",
    "AWS::Route53Resolver::ResolverEndpoint",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::NotebookInstance",
    "AWS::Transfer::Server",
    "AWS::WorkSpaces::Workspace",
    "AWS::WorkSpacesWeb::NetworkSettings",
];

/// What has interfaces in subnets if one of these properties is there.
static IN_A_VPC: [&str; 6] =
    ["NetworkConfiguration", "VPCOptions", "VpcConfig", "VpcConfiguration", "VpcConnectorArn", "VPCConfig"];

/// What is part of the network, and not simulated.
static NETWORK: [&str; 9] = [
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::StackSet",
    "AWS::DirectConnect::",
    "AWS::NetworkFirewall::Firewall",
    "AWS::NetworkFirewall::VpcEndpointAssociation",
    "AWS::NetworkManager::",
    "AWS::RAM::Permission",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
    "AWS::VpcLattice::",
];

/// Kinds of EC2 that treat no IPv4 packet otherwise. All that are not here may.
static HARMLESS_OF_EC2: [&str; 32] = [
    "CapacityReservation",
    "CapacityReservationFleet",
    "DHCPOptions",
    "EgressOnlyInternetGateway",
    "EnclaveCertificateIamRoleAssociation",
    "Host",
    "IPAM",
    "IPAMAllocation",
    "IPAMPool",
    "IPAMPoolCidr",
    "IPAMResourceDiscovery",
    "IPAMResourceDiscoveryAssociation",
    "IPAMScope",
    "KeyPair",
    "LaunchTemplate",
    "NetworkInsightsAccessScope",
    "NetworkInsightsAccessScopeAnalysis",
    "NetworkInsightsAnalysis",
    "NetworkInsightsPath",
    "NetworkInterfacePermission",
    "NetworkPerformanceMetricSubscription",
    "PlacementGroup",
    "SnapshotBlockPublicAccess",
    "SubnetCidrBlock",
    "TrafficMirrorFilter",
    "TrafficMirrorFilterRule",
    "TrafficMirrorSession",
    "TrafficMirrorTarget",
    "VPCDHCPOptionsAssociation",
    "VPCEndpointConnectionNotification",
    "Volume",
    "VolumeAttachment",
];

/// Collects what is not carried over.
#[derive(Default, Debug)]
pub struct Others {
    notices: Vec<Notice>,
    /// The harmless ones: how many there are of each type, and where the first is.
    counted: BTreeMap<String, (usize, Place)>,
}

impl Others {
    /// Takes note of a resource.
    pub fn add(&mut self, declared: &Declared, place: Place) {
        match lost(declared) {
            Some(what) => {
                let message = format!("a resource of type {} is left out: {what}", declared.kind);
                self.notices.push(Notice { place, loss: Loss::Matters, message });
            }
            None => self.counted.entry(declared.kind.clone()).or_insert((0, place)).0 += 1,
        }
    }

    /// What is to be said.
    pub fn notices(self) -> Vec<Notice> {
        let harmless = self.counted.into_iter().map(|(kind, (count, place))| {
            let message = match count {
                1 => format!("a resource of type {kind} is left out: no IPv4 packet is treated otherwise for it"),
                count => format!(
                    "{count} resources of type {kind} are left out: no IPv4 packet is treated otherwise for them"
                ),
            };
            Notice { place, loss: Loss::Harmless, message }
        });
        self.notices.into_iter().chain(harmless).collect()
    }
}

/// What matters of a resource that is not carried over.
fn lost(declared: &Declared) -> Option<&'static str> {
    let kind = declared.kind.as_str();
    let properties = match &declared.properties {
        Value::Object(properties) => Some(properties),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    };
    let says = |name: &&str| properties.is_some_and(|properties| properties.contains_key(*name));
    match kind {
        "AWS::CloudFormation::Stack" => {
            Some("what a nested stack makes is in another template; import that as well")
        }
        kind if kind.ends_with("::MODULE") => Some("what a module makes is in another template"),
        kind if WITH_INTERFACES.contains(&kind) => {
            Some("it has interfaces in subnets, which a template does not tell")
        }
        kind if NETWORK
            .iter()
            .any(|prefix| kind == *prefix || kind.starts_with(prefix) && prefix.ends_with(':')) =>
        {
            Some("it may treat packets, and is not simulated")
        }
        kind if kind.starts_with("AWS::EC2::") => {
            let name = kind.trim_start_matches("AWS::EC2::");
            let is_harmless = HARMLESS_OF_EC2.contains(&name) || name.starts_with("VPCEndpointService");
            (!is_harmless).then_some("it may treat packets, and is not simulated")
        }
        "AWS::CloudFormation::CustomResource" => Some("what a custom resource does is not known"),
        kind if kind.starts_with("Custom::") => Some("what a custom resource does is not known"),
        _ if IN_A_VPC.iter().any(says) => {
            Some("it has interfaces in subnets, which a template does not tell")
        }
        _ => None,
    }
}
