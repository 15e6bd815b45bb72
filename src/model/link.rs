//! Links between places: what they are made of, and what can go wrong on them.
//!
//! AWS has no such noun: a scenario describes them. Knows no packets and no queues.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Region, Zone};
use crate::ids::CustomerGatewayId;

/// Where something is, as far as distance goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Location {
    /// In an Availability Zone.
    Zone(Zone),
    /// At a host on the internet.
    Outside(Ipv4Addr),
    /// At a host on premises.
    OnPrem(CustomerGatewayId, Ipv4Addr),
}

impl Location {
    /// The region it is in, if it is in AWS.
    pub fn region(self) -> Option<Region> {
        match self {
            Self::Zone(zone) => Some(zone.region),
            Self::Outside(_) | Self::OnPrem(..) => None,
        }
    }
}

/// How often something happens, in millionths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ppm(u32);

impl Ppm {
    /// Always.
    pub const ALWAYS: Self = Self(1_000_000);

    /// So many of a million; `None` if that is more than always.
    pub fn new(millionths: u32) -> Option<Self> {
        Some(Self(millionths)).filter(|share| *share <= Self::ALWAYS)
    }

    /// How many of a million.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// How fast bits pass, in bits per second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bandwidth(u64);

impl Bandwidth {
    /// So many thousand millions of bits per second.
    pub const fn gbps(gigabits: u64) -> Self {
        Self(gigabits * 1_000_000_000)
    }

    /// So many bits per second; `None` for zero, with which nothing would ever pass.
    pub fn new(bits_per_second: u64) -> Option<Self> {
        Some(Self(bits_per_second)).filter(|bandwidth| bandwidth.0 > 0)
    }

    /// How long so many bytes take, rounded up to nanoseconds.
    pub fn time_for(self, bytes: usize) -> Duration {
        let bits = bytes as u128 * 8 * 1_000_000_000;
        let nanos = bits.div_ceil(u128::from(self.0));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// One end of a link. `H` says how hosts are called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LinkEnd<H> {
    /// An instance, or a host on the internet.
    Host(H),
    /// All hosts on the internet; opposite one of them, all that is beyond its own line.
    Internet,
    /// All zones of a region.
    Region(Region),
    /// An Availability Zone.
    Zone(Zone),
}

impl<H: Clone> LinkEnd<H> {
    /// The same with hosts called otherwise.
    pub fn resolve<T, E>(&self, host: &mut impl FnMut(&H) -> Result<T, E>) -> Result<LinkEnd<T>, E> {
        Ok(match self {
            Self::Host(name) => LinkEnd::Host(host(name)?),
            Self::Internet => LinkEnd::Internet,
            Self::Region(region) => LinkEnd::Region(*region),
            Self::Zone(zone) => LinkEnd::Zone(*zone),
        })
    }
}

/// What a scenario says of a link; `None` leaves it as it is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LinkTraits {
    /// One-way time, in place of the default.
    pub latency: Option<Duration>,
    /// A packet takes longer by up to this much.
    pub jitter: Option<Duration>,
    /// How many packets are lost.
    pub loss: Option<Ppm>,
    /// How many packets are held back until others have overtaken them.
    pub reorder: Option<Ppm>,
    /// How many packets arrive twice.
    pub duplicate: Option<Ppm>,
    /// How fast bits pass, in each direction.
    pub bandwidth: Option<Bandwidth>,
}

impl LinkTraits {
    /// These, and those of `base` where these say nothing.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            latency: self.latency.or(base.latency),
            jitter: self.jitter.or(base.jitter),
            loss: self.loss.or(base.loss),
            reorder: self.reorder.or(base.reorder),
            duplicate: self.duplicate.or(base.duplicate),
            bandwidth: self.bandwidth.or(base.bandwidth),
        }
    }

    /// Whether a packet does not notice them. A latency of zero is one.
    pub fn is_nothing(self) -> bool {
        let never = |share: Option<Ppm>| share.is_none_or(|share| share.get() == 0);
        self.latency.is_none()
            && self.jitter.is_none_or(|jitter| jitter.is_zero())
            && [self.loss, self.reorder, self.duplicate].into_iter().all(never)
            && self.bandwidth.is_none()
    }
}

/// A link that a scenario describes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkSpec<H> {
    /// Its ends, in no particular order.
    pub ends: [LinkEnd<H>; 2],
    /// What it is like.
    pub traits: LinkTraits,
}

/// Something that breaks, until it is repaired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault<H> {
    /// Nothing passes between two ends.
    Cut([LinkEnd<H>; 2]),
    /// A link becomes another.
    Link(LinkSpec<H>),
    /// Nothing passes between the ends of different groups.
    Partition(Vec<Vec<LinkEnd<H>>>),
    /// An Availability Zone is cut off from everything, and its interfaces from each other.
    ZoneDown(Zone),
}

impl<H: Clone + PartialEq> Fault<H> {
    /// Whether both are about the same thing, so that repairing one is repairing the other.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cut(a), Self::Cut(b)) => same_ends(a, b),
            (Self::Link(a), Self::Link(b)) => same_ends(&a.ends, &b.ends),
            (Self::Partition(a), Self::Partition(b)) => a == b,
            (Self::ZoneDown(a), Self::ZoneDown(b)) => a == b,
            (Self::Cut(_) | Self::Link(_) | Self::Partition(_) | Self::ZoneDown(_), _) => false,
        }
    }

    /// The same with hosts called otherwise.
    pub fn resolve<T, E>(&self, host: &mut impl FnMut(&H) -> Result<T, E>) -> Result<Fault<T>, E> {
        Ok(match self {
            Self::Cut(ends) => Fault::Cut(resolve_ends(ends, host)?),
            Self::Link(spec) => Fault::Link(spec.resolve(host)?),
            Self::Partition(groups) => {
                let mut resolve =
                    |group: &Vec<LinkEnd<H>>| group.iter().map(|end| end.resolve(host)).collect();
                Fault::Partition(groups.iter().map(&mut resolve).collect::<Result<_, E>>()?)
            }
            Self::ZoneDown(zone) => Fault::ZoneDown(*zone),
        })
    }
}

impl<H: Clone> LinkSpec<H> {
    /// The same with hosts called otherwise.
    pub fn resolve<T, E>(&self, host: &mut impl FnMut(&H) -> Result<T, E>) -> Result<LinkSpec<T>, E> {
        Ok(LinkSpec { ends: resolve_ends(&self.ends, host)?, traits: self.traits })
    }
}

fn resolve_ends<H: Clone, T, E>(
    [a, b]: &[LinkEnd<H>; 2],
    host: &mut impl FnMut(&H) -> Result<T, E>,
) -> Result<[LinkEnd<T>; 2], E> {
    Ok([a.resolve(host)?, b.resolve(host)?])
}

/// Whether two pairs are one, whichever end comes first.
pub fn same_ends<H: PartialEq>([a, b]: &[LinkEnd<H>; 2], [c, d]: &[LinkEnd<H>; 2]) -> bool {
    (a == c && b == d) || (a == d && b == c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_for_bytes() {
        assert_eq!(Bandwidth::gbps(5).time_for(1500), Duration::from_nanos(2_400));
        assert_eq!(Bandwidth::new(3).unwrap().time_for(1), Duration::from_nanos(2_666_666_667));
        assert_eq!(Bandwidth::new(0), None);
    }

    #[test]
    fn a_share_is_at_most_all() {
        assert_eq!(Ppm::new(1_000_000), Some(Ppm::ALWAYS));
        assert_eq!(Ppm::new(1_000_001), None);
    }

    #[test]
    fn the_order_of_ends_makes_no_difference() {
        let fault = |a: &str, b: &str| Fault::Cut([LinkEnd::Host(a.to_owned()), LinkEnd::Host(b.to_owned())]);
        assert!(fault("a", "b").is_same(&fault("b", "a")));
        assert!(!fault("a", "b").is_same(&fault("a", "c")));
        assert!(!fault("a", "b").is_same(&Fault::Partition(Vec::new())));
    }
}
