//! The DNS names of what is in a VPC.
//!
//! Knows how names are made and read; who is told which is in `service/`.

use std::net::Ipv4Addr;

use super::{Region, ServiceName, VpcEndpoint, Zone};
use crate::seed;

/// Where AWS's oldest names come from: there they have no region in them.
const FIRST_REGION: &str = "us-east-1";

/// The domain of the private names in a region (aws: dns-private-name).
pub fn internal_domain(region: Region) -> String {
    match region.name() {
        FIRST_REGION => "ec2.internal".to_owned(),
        name => format!("{name}.compute.internal"),
    }
}

/// The name of a private address, e.g. `ip-10-0-0-5.ap-northeast-2.compute.internal` (aws: dns-private-name).
pub fn private_name(region: Region, address: Ipv4Addr) -> String {
    format!("ip-{}.{}", dashed(address), internal_domain(region))
}

/// The name of a public address, e.g. `ec2-13-125-197-34.ap-northeast-2.compute.amazonaws.com`
/// (aws: dns-public-name).
pub fn public_name(region: Region, address: Ipv4Addr) -> String {
    format!("ec2-{}.{}", dashed(address), public_domain(region))
}

/// The address in a private name of a region.
pub fn private_address(region: Region, name: &str) -> Option<Ipv4Addr> {
    let host = name.strip_suffix(&internal_domain(region))?.strip_suffix('.')?;
    undashed(host.strip_prefix("ip-")?)
}

/// The region and the address in a public name.
pub fn public_address(name: &str) -> Option<(Region, Ipv4Addr)> {
    let (host, domain) = name.strip_prefix("ec2-")?.split_once('.')?;
    let region = match domain.strip_suffix(".amazonaws.com")? {
        "compute-1" => FIRST_REGION,
        regional => regional.strip_suffix(".compute").filter(|region| *region != FIRST_REGION)?,
    };
    Some((region.parse().ok()?, undashed(host)?))
}

fn public_domain(region: Region) -> String {
    match region.name() {
        FIRST_REGION => "compute-1.amazonaws.com".to_owned(),
        name => format!("{name}.compute.amazonaws.com"),
    }
}

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}

fn undashed(text: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.replace('-', ".").parse().ok()?;
    // Only one spelling is the name.
    (dashed(address) == text).then_some(address)
}

/// The public name of a service in a region, e.g. `s3.ap-northeast-2.amazonaws.com`.
pub fn service_domain(service: &ServiceName) -> String {
    let region = service.region();
    if service.is_notebook() {
        return format!("notebook.{region}.sagemaker.aws");
    }
    // `ecr.dkr` is `dkr.ecr` here.
    let labels: Vec<&str> = service.service().rsplit('.').collect();
    format!("{}.{region}.amazonaws.com", labels.join("."))
}

impl VpcEndpoint {
    /// The name that leads to all its interfaces, e.g.
    /// `vpce-099deb00b40f00e22-lj2wisx3.monitoring.us-east-2.vpce.amazonaws.com` (aws: endpoint-dns-names).
    pub fn regional_name(&self) -> String {
        format!("{}-{}.{}", self.id, self.suffix(), self.name_domain())
    }

    /// The name that leads to its interface in one zone.
    pub fn zonal_name(&self, zone: Zone) -> String {
        format!("{}-{}-{zone}.{}", self.id, self.suffix(), self.name_domain())
    }

    fn name_domain(&self) -> String {
        let region = self.service.region();
        if self.service.is_notebook() {
            return format!("notebook.{region}.vpce.sagemaker.aws");
        }
        let labels: Vec<&str> = self.service.service().rsplit('.').collect();
        format!("{}.{region}.vpce.amazonaws.com", labels.join("."))
    }

    /// The letters and digits that AWS adds.
    fn suffix(&self) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut rest = seed::hash(&["endpoint-name", &self.id.to_string()]);
        let letters = (0..8).map(|_| {
            let digit = DIGITS[(rest % 36) as usize];
            rest /= 36;
            char::from(digit)
        });
        letters.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_and_read() {
        let seoul: Region = "ap-northeast-2".parse().expect("a region");
        let virginia: Region = "us-east-1".parse().expect("a region");
        let cases = [
            (seoul, "10.0.0.5", "ip-10-0-0-5.ap-northeast-2.compute.internal"),
            (virginia, "10.24.34.0", "ip-10-24-34-0.ec2.internal"),
        ];
        for (region, address, name) in cases {
            let address: Ipv4Addr = address.parse().expect("an address");
            assert_eq!(private_name(region, address), name);
            assert_eq!(private_address(region, name), Some(address));
        }
        let cases = [
            (seoul, "13.125.197.34", "ec2-13-125-197-34.ap-northeast-2.compute.amazonaws.com"),
            (virginia, "54.236.237.225", "ec2-54-236-237-225.compute-1.amazonaws.com"),
        ];
        for (region, address, name) in cases {
            let address: Ipv4Addr = address.parse().expect("an address");
            assert_eq!(public_name(region, address), name);
            assert_eq!(public_address(name), Some((region, address)));
        }
        for name in ["ec2-1-2-3.compute-1.amazonaws.com", "ec2-01-2-3-4.compute-1.amazonaws.com", "ec2-", ""]
        {
            assert_eq!(public_address(name), None, "{name}");
        }
    }
}
