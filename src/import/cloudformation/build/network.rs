//! VPCs and subnets.

use super::{Builder, Item};
use crate::import::inventory::{Subnet, Vpc};
use crate::import::json::At;

impl Builder {
    pub(super) fn vpc(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let of_pool = at.text("CidrBlock").is_none() && at.text("Ipv4IpamPoolId").is_some();
        if of_pool {
            let message =
                "the block of this VPC is taken from a pool of IPAM when the stack is made: it is left out";
            return self.matters(self.place(at), message);
        }
        let Some(cidr) = self.cidr(at, "CidrBlock") else { return };
        let dns_support = self.flag(at, "EnableDnsSupport");
        let dns_hostnames = self.flag(at, "EnableDnsHostnames");
        self.inventory.vpcs.push(Vpc { about, cidrs: vec![cidr], dns_support, dns_hostnames });
    }

    pub(super) fn vpc_cidr_block(&mut self, at: &At<'_>) {
        let Some(id) = self.need(at, "VpcId") else { return };
        if at.text("CidrBlock").is_none() {
            if at.text("Ipv4IpamPoolId").is_some() {
                let message = "a block that is taken from a pool of IPAM when the stack is made is left out";
                return self.matters(self.place(at), message);
            }
            return self.harmless(self.place(at), "a block of IPv6 is left out");
        }
        let Some(cidr) = self.cidr(at, "CidrBlock") else { return };
        match self.inventory.vpcs.iter_mut().find(|vpc| vpc.about.id == id) {
            Some(vpc) => vpc.cidrs.push(cidr),
            None => self.elsewhere(self.place(at), "a block", &id),
        }
    }

    pub(super) fn subnet(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(vpc) = self.need(at, "VpcId") else { return };
        if self.flag(at, "Ipv6Native") == Some(true) {
            return self.harmless(self.place(at), "a subnet that has only IPv6 is left out");
        }
        if at.text("CidrBlock").is_none() && at.text("Ipv4IpamPoolId").is_some() {
            let message = "the block of this subnet is taken from a pool of IPAM when the stack is made: it is left out";
            return self.matters(self.place(at), message);
        }
        let Some(cidr) = self.cidr(at, "CidrBlock") else { return };
        let zone = at.text("AvailabilityZone").filter(|zone| !self.is_unknown(zone));
        let map_public_ip = self.flag(at, "MapPublicIpOnLaunch").unwrap_or(false);
        self.inventory.subnets.push(Subnet { about, vpc, cidr, zone, map_public_ip });
    }
}
