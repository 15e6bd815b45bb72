//! Identifiers, one type for each kind of resource, printed as AWS prints them.
//!
//! An id is derived from the names a scenario gives, so it is the same in every run and on every
//! machine; a scenario may also pin one. Knows nothing of the resources themselves.

use std::fmt;
use std::str::FromStr;

use crate::seed;

/// The hexadecimal part of an id: its value, and how many digits it is printed with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Hex(u128);

impl Hex {
    /// New ids have 17 digits; ids from before 2016 had 8 (aws: id-format).
    const DIGITS: u32 = 17;
    const DIGITS_MAX: usize = 24;
    const VALUE_BITS: u32 = 120;

    fn derive(parts: &[&str]) -> Self {
        Self::new(u128::from(seed::hash(parts)), Self::DIGITS)
    }

    fn new(value: u128, digits: u32) -> Self {
        Self(value | (u128::from(digits) << Self::VALUE_BITS))
    }

    fn parse(text: &str) -> Option<Self> {
        let hex = !text.is_empty()
            && text.len() <= Self::DIGITS_MAX
            && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        hex.then(|| Self::new(u128::from_str_radix(text, 16).expect("hex digits"), text.len() as u32))
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0 & ((1 << Self::VALUE_BITS) - 1);
        write!(f, "{value:0width$x}", width = (self.0 >> Self::VALUE_BITS) as usize)
    }
}

/// A text that is not an id of the kind asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Invalid id: \"{text}\" (expecting \"{prefix}...\")")]
pub struct MalformedId {
    /// What was given.
    pub text: String,
    /// What it should begin with, e.g. `eni-`.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Hex);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id of the resource that a path of names leads to, e.g. account, region, VPC, name.
            pub fn derive(path: &[&str]) -> Self {
                let mut parts = vec![$prefix];
                parts.extend_from_slice(path);
                Self(Hex::derive(&parts))
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                text.strip_prefix($prefix)
                    .and_then(Hex::parse)
                    .map(Self)
                    .ok_or_else(|| MalformedId { text: text.to_owned(), prefix: $prefix })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!("{}{}", $prefix, self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }
    )*};
}

ids! {
    /// An Elastic IP allocation.
    AllocationId = "eipalloc-";
    /// The association of an Elastic IP with a private address.
    AddressAssociationId = "eipassoc-";
    /// A DHCP option set.
    DhcpOptionsId = "dopt-";
    /// A network interface.
    EniId = "eni-";
    /// A customer gateway: the on-premises end of VPN connections.
    CustomerGatewayId = "cgw-";
    /// A flow log.
    FlowLogId = "fl-";
    /// The association of an instance profile with an instance.
    IamInstanceProfileAssociationId = "iip-assoc-";
    /// An instance.
    InstanceId = "i-";
    /// An internet gateway.
    InternetGatewayId = "igw-";
    /// A NAT gateway.
    NatGatewayId = "nat-";
    /// A network ACL.
    NetworkAclId = "acl-";
    /// The association of a network ACL with a subnet.
    NetworkAclAssociationId = "aclassoc-";
    /// A VPC peering connection.
    PeeringId = "pcx-";
    /// A prefix list.
    PrefixListId = "pl-";
    /// An exclusion from VPC Block Public Access.
    PublicAccessExclusionId = "vpcbpa-exclude-";
    /// A route table.
    RouteTableId = "rtb-";
    /// The association of a route table with a subnet or a gateway, or the main one with its VPC.
    RouteTableAssociationId = "rtbassoc-";
    /// A security group.
    SecurityGroupId = "sg-";
    /// A rule of a security group.
    SecurityGroupRuleId = "sgr-";
    /// A subnet.
    SubnetId = "subnet-";
    /// A transit gateway.
    TransitGatewayId = "tgw-";
    /// The attachment of something to a transit gateway.
    TransitGatewayAttachmentId = "tgw-attach-";
    /// A route table of a transit gateway.
    TransitGatewayRouteTableId = "tgw-rtb-";
    /// A VPC.
    VpcId = "vpc-";
    /// The association of a block with a VPC.
    VpcCidrAssociationId = "vpc-cidr-assoc-";
    /// A VPC endpoint.
    VpcEndpointId = "vpce-";
    /// A Site-to-Site VPN connection.
    VpnConnectionId = "vpn-";
    /// A virtual private gateway.
    VpnGatewayId = "vgw-";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_aws_prints_them() {
        let id = EniId::derive(&["123456789012", "ap-northeast-2", "BastionHost"]);
        let text = id.to_string();
        assert_eq!(text.len(), "eni-".len() + 17);
        assert_eq!(text.parse(), Ok(id));
        assert_ne!(id, EniId::derive(&["123456789012", "ap-northeast-2", "PrivateInstance"]));
    }

    #[test]
    fn pinned_ids_keep_their_digits() {
        for text in ["eni-1235b8ca123456789", "eni-0c19436730cc350ae", "eni-12345678", "eni-00000001"] {
            assert_eq!(text.parse::<EniId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_ids_are_refused_in_aws_words() {
        for text in ["", "eni-", "eni-xyz", "subnet-1234", "eni-0C19", "eni-0000000000000000000000000"] {
            let error = text.parse::<EniId>().unwrap_err();
            assert_eq!(error.to_string(), format!("Invalid id: \"{text}\" (expecting \"eni-...\")"));
        }
    }
}
