//! Accounts, regions and Availability Zones.

use std::fmt;
use std::str::FromStr;

use ipnet::Ipv4Net;

/// An AWS account number, printed with its twelve digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Account(u64);

impl Account {
    /// No account at all.
    pub const NOBODY: Self = Self(0);
}

impl FromStr for Account {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().map(Self).map_err(|_| ()) } else { Err(()) }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

/// An AWS region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(u8);

/// What is known of a region.
struct Facts {
    name: &'static str,
    /// What the region's zone ids begin with, e.g. `apne2-az1`.
    zone_prefix: &'static str,
    zones: &'static str,
    /// One range that its public addresses are taken from (assumed: aws-public-pool).
    public_pool: &'static str,
    /// Round trip to us-east-1 in milliseconds, which stands for its distance to any other region
    /// where no measured pair is known.
    rtt_to_us_east_1: u16,
}

const fn region(
    name: &'static str,
    zone_prefix: &'static str,
    zones: &'static str,
    public_pool: &'static str,
    rtt_to_us_east_1: u16,
) -> Facts {
    Facts { name, zone_prefix, zones, public_pool, rtt_to_us_east_1 }
}

static REGIONS: [Facts; 18] = [
    region("us-east-1", "use1", "abcdef", "3.80.0.0/12", 0),
    region("us-east-2", "use2", "abc", "18.216.0.0/14", 13),
    region("us-west-1", "usw1", "ab", "13.52.0.0/16", 61),
    region("us-west-2", "usw2", "abcd", "34.208.0.0/12", 68),
    region("ca-central-1", "cac1", "abd", "35.182.0.0/15", 17),
    region("sa-east-1", "sae1", "abc", "18.228.0.0/16", 114),
    region("eu-west-1", "euw1", "abc", "52.16.0.0/15", 76),
    region("eu-west-2", "euw2", "abc", "35.176.0.0/15", 77),
    region("eu-west-3", "euw3", "abc", "15.188.0.0/16", 84),
    region("eu-central-1", "euc1", "abc", "18.184.0.0/15", 91),
    region("eu-north-1", "eun1", "abc", "13.48.0.0/15", 112),
    region("ap-northeast-1", "apne1", "acd", "13.112.0.0/14", 149),
    region("ap-northeast-2", "apne2", "abcd", "13.124.0.0/16", 181),
    region("ap-southeast-1", "apse1", "abc", "13.228.0.0/15", 219),
    region("ap-southeast-2", "apse2", "abc", "13.236.0.0/14", 207),
    region("ap-south-1", "aps1", "abc", "13.232.0.0/14", 214),
    region("af-south-1", "afs1", "abc", "13.244.0.0/15", 225),
    region("me-south-1", "mes1", "abc", "15.184.0.0/16", 165),
];

/// Round trips between regions that do not touch us-east-1, in milliseconds (medians measured by others).
static MEASURED_RTT: [(&str, &str, u16); 9] = [
    ("us-west-2", "ap-northeast-1", 105),
    ("us-west-2", "ap-southeast-1", 165),
    ("us-west-2", "ap-southeast-2", 145),
    ("us-west-2", "eu-west-1", 118),
    ("us-west-2", "eu-central-1", 144),
    ("us-west-2", "ap-south-1", 233),
    ("ap-south-1", "ap-southeast-1", 63),
    ("ap-south-1", "eu-west-1", 149),
    ("eu-central-1", "eu-west-1", 21),
];

impl Region {
    /// All regions that are known, by name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        REGIONS.iter().map(|facts| facts.name)
    }

    fn facts(self) -> &'static Facts {
        &REGIONS[usize::from(self.0)]
    }

    /// E.g. `ap-northeast-2`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// All regions.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..REGIONS.len()).map(|at| Self(at as u8))
    }

    /// The Availability Zones, in order.
    pub fn zones(self) -> impl Iterator<Item = Zone> {
        self.facts().zones.chars().map(move |letter| Zone { region: self, letter })
    }

    /// The zone with a letter, if the region has it.
    pub fn zone(self, letter: char) -> Option<Zone> {
        self.zones().find(|zone| zone.letter == letter)
    }

    /// Where public addresses come from.
    pub fn public_pool(self) -> Ipv4Net {
        self.facts().public_pool.parse().expect("the table holds CIDR blocks")
    }

    /// Round trip to another region, in milliseconds; the distances to us-east-1 stand in for a pair
    /// nobody measured: their difference, but no less than 20 ms.
    pub fn rtt_to(self, other: Self) -> u16 {
        let (a, b) = (self.name(), other.name());
        let measured = MEASURED_RTT.iter().find(|(x, y, _)| (*x, *y) == (a, b) || (*x, *y) == (b, a));
        match (measured, self.facts().rtt_to_us_east_1, other.facts().rtt_to_us_east_1) {
            (Some((_, _, rtt)), _, _) => *rtt,
            (None, 0, rtt) | (None, rtt, 0) => rtt,
            (None, a, b) => a.abs_diff(b).max(20),
        }
    }
}

impl FromStr for Region {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        REGIONS.iter().position(|facts| facts.name == text).map(|at| Self(at as u8)).ok_or(())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An Availability Zone, e.g. `ap-northeast-2a`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Zone {
    /// Its region.
    pub region: Region,
    /// The letter the region's name is extended by.
    pub letter: char,
}

impl Zone {
    /// The zone id, e.g. `apne2-az1`. AWS maps letters to ids per account; here `a` is the first
    /// (assumed: az-id-mapping).
    pub fn id(self) -> String {
        let index = self.region.zones().position(|zone| zone == self).expect("a zone is one of its region");
        format!("{}-az{}", self.region.facts().zone_prefix, index + 1)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.region, self.letter)
    }
}

/// Whose a resource is, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// The owner.
    pub account: Account,
    /// The region it is in.
    pub region: Region,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_reads_back_and_has_a_pool() {
        for name in Region::names() {
            let region: Region = name.parse().unwrap();
            assert_eq!(region.to_string(), name);
            assert!(region.public_pool().prefix_len() <= 16);
        }
    }

    #[test]
    fn distances() {
        let rtt = |a: &str, b: &str| a.parse::<Region>().unwrap().rtt_to(b.parse().unwrap());
        assert_eq!(rtt("ap-northeast-2", "us-east-1"), 181);
        assert_eq!(rtt("eu-west-1", "eu-central-1"), 21);
        assert_eq!(rtt("ap-northeast-1", "ap-northeast-2"), 32);
    }

    #[test]
    fn accounts_have_twelve_digits() {
        assert_eq!("012345678901".parse::<Account>().unwrap().to_string(), "012345678901");
        assert!("12345".parse::<Account>().is_err());
    }
}
