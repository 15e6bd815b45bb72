//! Numbers that are drawn otherwise than uniformly, with whole numbers only: floats are not the same on
//! every machine.

use std::time::Duration;

use crate::seed::Stream;

/// A time between two things that happen at random, with this mean: exponentially distributed.
///
/// Von Neumann's method ("Various techniques used in connection with random digits", 1951): draw numbers as
/// long as they fall. If the first that rises is at an even place, the first of all is the fraction; else one
/// more unit has passed, and it begins anew.
pub fn exponential(stream: &mut Stream, mean: Duration) -> Duration {
    let mut units = 0_u32;
    loop {
        let first = stream.next_u64();
        let (mut last, mut place) = (first, 2_u32);
        loop {
            let next = stream.next_u64();
            if next > last {
                break;
            }
            (last, place) = (next, place + 1);
        }
        if place.is_multiple_of(2) {
            let fraction = (mean.as_nanos() * u128::from(first)) >> 64;
            return mean * units + Duration::from_nanos(fraction as u64);
        }
        units += 1;
    }
}

/// The numbers below a bound in an order that seems to have no rule, each once, without memory for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shuffled {
    len: u64,
    factor: u64,
    offset: u64,
}

impl Shuffled {
    /// An order of the numbers below `len`, which must not be zero and fits 32 bits.
    pub fn new(stream: &mut Stream, len: u64) -> Self {
        let offset = stream.below(len);
        let mut factor = stream.below(len).max(1);
        // What has a divisor in common with the length does not meet every number.
        while common_divisor(factor, len) > 1 {
            factor = factor % len + 1;
        }
        Self { len, factor, offset }
    }

    /// The number at a place; `None` behind the last.
    pub fn at(&self, place: u64) -> Option<u64> {
        (place < self.len).then(|| (place * self.factor + self.offset) % self.len)
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn gaps_have_the_mean_and_the_shape_of_the_exponential_distribution() {
        const DRAWS: u32 = 200_000;
        const MEAN: Duration = Duration::from_secs(30);
        let mut stream = Seed(1).stream("test", "gaps");
        let gaps: Vec<Duration> = (0..DRAWS).map(|_| exponential(&mut stream, MEAN)).collect();
        let mean = gaps.iter().sum::<Duration>() / DRAWS;
        // The standard error of the mean is 30 s / 447.
        assert!((Duration::from_millis(29_800)..Duration::from_millis(30_200)).contains(&mean), "{mean:?}");
        // e^-x of all gaps are longer than x: of 10,000 so many.
        for (tenths, expected) in [(1, 9_048), (5, 6_065), (10, 3_679), (20, 1_353), (30, 498), (50, 67)] {
            let longer = gaps.iter().filter(|gap| **gap > MEAN * tenths / 10).count() as u32;
            let came = longer * 10 / (DRAWS / 1_000);
            assert!(came.abs_diff(expected) <= 40, "{tenths}: {came} of 10,000, not {expected}");
        }
    }

    #[test]
    fn a_shuffled_order_has_every_number_once() {
        let mut stream = Seed(1).stream("test", "shuffled");
        for len in [1, 2, 3, 10, 12, 1_024, 3_072, 65_535] {
            let order = Shuffled::new(&mut stream, len);
            let mut numbers: Vec<u64> = (0..).map_while(|place| order.at(place)).collect();
            assert!(len < 10 || !numbers.is_sorted());
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..len), "{len}");
        }
    }
}
