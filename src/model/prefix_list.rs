//! Prefix lists: sets of blocks under one id, managed by AWS or by a customer.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{Region, Scope};
use crate::ids::PrefixListId;

/// A set of blocks that routes and security group rules can name.
#[derive(Clone, Debug)]
pub struct PrefixList {
    /// Its id.
    pub id: PrefixListId,
    /// Its name; that of a list AWS manages is the name of the service.
    pub name: String,
    /// The owner and region; `None` for a list that AWS manages.
    pub owner: Option<Scope>,
    /// The region it is for.
    pub region: Region,
    /// The blocks.
    pub entries: Vec<Ipv4Net>,
    /// How many blocks it may have: what it counts as in a route table (aws: route-quota).
    pub max_entries: usize,
}

impl PrefixList {
    /// Whether one of the blocks contains an address.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.entries.iter().any(|block| block.contains(&address))
    }
}

/// What is known of a region's prefix lists for gateway endpoints: ids, and the blocks.
struct Managed {
    region: &'static str,
    s3: (&'static str, &'static [&'static str]),
    dynamodb: (&'static str, &'static [&'static str]),
}

/// Ids as AWS has them; the blocks of ap-northeast-2 and us-east-1 as published, of the others one
/// block that belongs to the service there (assumed: managed-prefix-list-blocks).
static MANAGED: [Managed; 11] = [
    Managed {
        region: "us-east-1",
        s3: ("pl-63a5400a", &["54.231.0.0/17", "52.216.0.0/15", "3.5.16.0/21", "3.5.0.0/20"]),
        dynamodb: ("pl-02cd2c6b", &["52.94.0.0/22", "52.119.224.0/20"]),
    },
    Managed {
        region: "us-east-2",
        s3: ("pl-7ba54012", &["52.219.80.0/20"]),
        dynamodb: ("pl-4ca54025", &["52.94.4.0/24"]),
    },
    Managed {
        region: "us-west-1",
        s3: ("pl-6ba54002", &["52.219.112.0/21"]),
        dynamodb: ("pl-6ea54007", &["52.94.8.0/24"]),
    },
    Managed {
        region: "us-west-2",
        s3: ("pl-68a54001", &["52.218.128.0/17"]),
        dynamodb: ("pl-00a54069", &["52.94.10.0/24"]),
    },
    Managed {
        region: "eu-west-1",
        s3: ("pl-6da54004", &["52.218.0.0/17"]),
        dynamodb: ("pl-6fa54006", &["52.94.24.0/23"]),
    },
    Managed {
        region: "eu-central-1",
        s3: ("pl-6ea54007", &["52.219.44.0/22"]),
        dynamodb: ("pl-66a5400f", &["52.94.17.0/24"]),
    },
    Managed {
        region: "ap-northeast-1",
        s3: ("pl-61a54008", &["52.219.0.0/20"]),
        dynamodb: ("pl-78a54011", &["52.94.9.0/24"]),
    },
    Managed {
        region: "ap-northeast-2",
        s3: (
            "pl-78a54011",
            &[
                "3.5.140.0/22",
                "3.5.144.0/23",
                "3.5.184.0/21",
                "52.219.144.0/22",
                "52.219.148.0/23",
                "52.219.202.0/23",
                "52.219.204.0/22",
                "52.219.56.0/22",
                "52.219.60.0/23",
            ],
        ),
        dynamodb: ("pl-48a54021", &["52.94.6.0/24", "35.71.109.0/24"]),
    },
    Managed {
        region: "ap-southeast-1",
        s3: ("pl-6fa54006", &["52.219.32.0/21"]),
        dynamodb: ("pl-67a5400e", &["52.94.11.0/24"]),
    },
    Managed {
        region: "ap-southeast-2",
        s3: ("pl-6ca54005", &["52.92.52.0/22"]),
        dynamodb: ("pl-62a5400b", &["52.94.13.0/24"]),
    },
    Managed {
        region: "ap-south-1",
        s3: ("pl-78a54011", &["52.219.62.0/23"]),
        dynamodb: ("pl-66a7420f", &["52.94.14.0/24"]),
    },
];

impl PrefixList {
    /// The name of the list behind a service's gateway endpoint, e.g. `com.amazonaws.us-east-1.s3`.
    pub fn managed_name(region: Region, service: &str) -> String {
        format!("com.amazonaws.{region}.{service}")
    }

    /// The list AWS manages for `s3` or `dynamodb` in a region; `None` where it is not known.
    pub(crate) fn managed(region: Region, service: &str) -> Option<(PrefixListId, Self)> {
        let known = MANAGED.iter().find(|managed| managed.region == region.name())?;
        let (id, blocks) = match service {
            "s3" => known.s3,
            "dynamodb" => known.dynamodb,
            _ => return None,
        };
        let id: PrefixListId = id.parse().expect("the table holds ids");
        let entries: Vec<Ipv4Net> =
            blocks.iter().map(|block| block.parse().expect("the table holds CIDR blocks")).collect();
        // The weight of both lists is 1 (aws: managed-prefix-list-weight).
        let name = Self::managed_name(region, service);
        Some((id, Self { id, name, owner: None, region, entries, max_entries: 1 }))
    }
}
