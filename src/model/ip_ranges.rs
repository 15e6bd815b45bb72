//! Which service of AWS has an address, as AWS's published ranges say.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use ipnet::Ipv4Net;

use super::{Model, PrefixList, Region};

/// The codes in the ranges (aws: ip-ranges-services).
pub const SERVICES: [&str; 26] = [
    "AMAZON",
    "AMAZON_APPFLOW",
    "AMAZON_CONNECT",
    "API_GATEWAY",
    "AURORA_DSQL",
    "CHIME_MEETINGS",
    "CHIME_VOICECONNECTOR",
    "CLOUD9",
    "CLOUDFRONT",
    "CLOUDFRONT_ORIGIN_FACING",
    "CODEBUILD",
    "DYNAMODB",
    "EBS",
    "EC2",
    "EC2_INSTANCE_CONNECT",
    "GLOBALACCELERATOR",
    "IVS_LOW_LATENCY",
    "IVS_REALTIME",
    "KINESIS_VIDEO_STREAMS",
    "MEDIA_PACKAGE_V2",
    "ROUTE53",
    "ROUTE53_HEALTHCHECKS",
    "ROUTE53_HEALTHCHECKS_PUBLISHING",
    "ROUTE53_RESOLVER",
    "S3",
    "WORKSPACES_GATEWAYS",
];

impl Model {
    /// The code of the service that has an address: what a scenario says of its host, S3 or DYNAMODB in the blocks
    /// of their prefix lists, EC2 in the pool of a region's public addresses. A service that has no code of its own
    /// is AMAZON (assumed: flow-log-aws-service).
    pub fn aws_service_of(&self, address: Ipv4Addr) -> Option<&str> {
        let host = self.outside.get(&address);
        if let Some(said) = host.and_then(|host| host.aws_service.as_deref()) {
            return Some(said);
        }
        if let Some(service) = host.and_then(|host| host.service.as_ref()) {
            return Some(match service.service() {
                "s3" => "S3",
                "dynamodb" => "DYNAMODB",
                _ => "AMAZON",
            });
        }
        RANGES.iter().find(|(block, _)| block.contains(&address)).map(|(_, code)| *code)
    }
}

/// Blocks and whose they are, the most specific owner first: all of AWS's blocks are EC2's or AMAZON's as well.
static RANGES: LazyLock<Vec<(Ipv4Net, &str)>> = LazyLock::new(|| {
    let of_list = |service: &'static str, code: &'static str| {
        let lists = Region::all().filter_map(move |region| PrefixList::managed(region, service));
        lists.flat_map(move |(_, list)| list.entries.into_iter().map(move |block| (block, code)))
    };
    let of_ec2 = Region::all().map(|region| (region.public_pool(), "EC2"));
    of_list("s3", "S3").chain(of_list("dynamodb", "DYNAMODB")).chain(of_ec2).collect()
});
