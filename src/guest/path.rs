//! What a host knows of the paths to others: the longest packet that gets through.
//!
//! Knows destinations and sizes (Linux: the exceptions of a route's next hop); never who sends.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::time::Instant;

/// How long a router's word is believed (Linux: `mtu_expires`).
const BELIEVED: Duration = Duration::from_secs(600);
/// Nobody is believed who asks for less (Linux: `min_pmtu`).
const MTU_MIN: u16 = 552;
/// Destinations that are remembered; the oldest gives way to a newer one.
const DESTINATIONS_MAX: usize = 1024;

/// The paths that are known to be narrow.
#[derive(Default)]
pub(super) struct Paths {
    narrow: BTreeMap<Ipv4Addr, Path>,
}

struct Path {
    mtu: u16,
    until: Instant,
}

impl Paths {
    /// Takes in what a router says: only ever less than what was known.
    pub fn learn(&mut self, now: Instant, destination: Ipv4Addr, mtu: u16) {
        let mtu = mtu.max(MTU_MIN);
        if self.mtu(now, destination).is_some_and(|known| known < mtu) {
            return;
        }
        if self.narrow.len() == DESTINATIONS_MAX && !self.narrow.contains_key(&destination) {
            let oldest = self.narrow.iter().min_by_key(|(_, path)| path.until).map(|(oldest, _)| *oldest);
            if let Some(oldest) = oldest {
                self.narrow.remove(&oldest);
            }
        }
        self.narrow.insert(destination, Path { mtu, until: now + BELIEVED });
    }

    /// The longest packet that gets to a destination, as far as somebody has said so.
    pub fn mtu(&self, now: Instant, destination: Ipv4Addr) -> Option<u16> {
        self.narrow.get(&destination).filter(|path| now < path.until).map(|path| path.mtu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_only_gets_narrower_until_it_is_forgotten() {
        let (now, destination) = (Instant::EPOCH, Ipv4Addr::new(10, 0, 1, 4));
        let mut paths = Paths::default();
        let cases = [(1500, 1500), (8500, 1500), (1400, 1400), (0, 552), (1500, 552)];
        for (said, believed) in cases {
            paths.learn(now, destination, said);
            assert_eq!(paths.mtu(now, destination), Some(believed), "{said}");
        }
        assert_eq!(paths.mtu(now, Ipv4Addr::LOCALHOST), None);
        let later = now + BELIEVED;
        assert_eq!(paths.mtu(later, destination), None);
        paths.learn(later, destination, 8500);
        assert_eq!(paths.mtu(later, destination), Some(8500));
    }

    #[test]
    fn memory_is_bounded() {
        let mut paths = Paths::default();
        let address = |index: u32| Ipv4Addr::from_bits(0x0a00_0000 + index);
        for index in 0..2000 {
            paths.learn(Instant::EPOCH + Duration::from_millis(index.into()), address(index), 1500);
        }
        assert_eq!(paths.narrow.len(), DESTINATIONS_MAX);
        assert!(paths.narrow.keys().all(|destination| *destination >= address(976)));
    }
}
