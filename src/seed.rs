//! Named random streams from one seed.
//!
//! Knows no global generator. A stream is found by what it is for and for whom, so a new consumer
//! never shifts the numbers an old one draws. The generator is SplitMix64, written out here because
//! its numbers are part of a run's result and must never change with a dependency.

/// The seed of a run. One seed, one result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream for one purpose and one consumer, e.g. `stream("ephemeral-ports", "BastionHost")`.
    pub fn stream(self, purpose: &str, consumer: &str) -> Stream {
        Stream { state: mix(self.0 ^ hash(&[purpose, consumer])) }
    }
}

/// A sequence of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The next number, uniform over all 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// The next number below `bound`, which must not be zero.
    ///
    /// Takes the high half of a 128-bit product; the bias is below 2⁻³² for every bound used here.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a random number below zero does not exist");
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

/// A stable 64-bit hash of a path of names: FNV-1a with the parts' lengths, then mixed.
///
/// Part of the public result: ids, MAC addresses and addresses derive from it.
pub fn hash(parts: &[&str]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain((part.len() as u32).to_le_bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    mix(state)
}

/// SplitMix64's finaliser.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_depend_on_each_other() {
        let seed = Seed(1);
        let alone: Vec<u64> = {
            let mut s = seed.stream("a", "x");
            (0..4).map(|_| s.next_u64()).collect()
        };
        let mut other = seed.stream("b", "x");
        other.next_u64();
        let mut again = seed.stream("a", "x");
        assert_eq!(alone, (0..4).map(|_| again.next_u64()).collect::<Vec<_>>());
        assert_ne!(seed.stream("a", "x").next_u64(), Seed(2).stream("a", "x").next_u64());
    }

    #[test]
    fn the_numbers_are_fixed_for_ever() {
        assert_eq!(Seed(1).stream("test", "vector").next_u64(), 17_247_022_801_641_212_227);
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }

    #[test]
    fn below_stays_below() {
        let mut stream = Seed(7).stream("test", "below");
        assert!((0..1000).all(|_| stream.below(14_116) < 14_116));
    }
}
