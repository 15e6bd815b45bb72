//! Bandwidth: how long packets wait for those before them.
//!
//! A limit is a queue with a time at which it is free again. A packet starts when all queues it stands in
//! are free and passes at the pace of the slowest, so several limits on one wire do not add up. A queue
//! that is free is the same as none: those are forgotten, and cost nothing.

use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use crate::ids::EniId;
use crate::model::{Bandwidth, Direction, Location};
use crate::time::Instant;
use crate::wire::FiveTuple;

/// How long a packet waits at most: what comes later is dropped. About what a home router holds for its
/// line; it is far more than 5 Gbps ever needs here.
pub const WAIT_MAX: Duration = Duration::from_millis(500);

/// Queues that are free are swept out when there are twice as many as after the last time, from this
/// number on.
const SWEEP_LEN_MIN: usize = 1024;

/// What a limit is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Queue {
    /// A conversation, in one direction. Addresses may overlap: it matters whose they are.
    Flow { location: Location, eni: Option<EniId>, tuple: FiveTuple },
    /// Everything an instance sends or receives.
    Instance { eni: EniId, direction: Direction },
    /// What it exchanges with other regions and the internet.
    Beyond { eni: EniId, direction: Direction },
    /// A link that the scenario describes, by its number, in one direction.
    Link { number: usize, backward: bool },
}

/// A queue would make a packet wait longer than [`WAIT_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// All queues in which something waits.
#[derive(Default, Debug)]
pub struct Pacer {
    busy_until: IndexMap<Queue, Instant, FixedState>,
    sweep_at_len: usize,
}

impl Pacer {
    /// Lets so many bytes pass some limits; says when the last of them has.
    pub fn pass(
        &mut self,
        now: Instant,
        bytes: usize,
        limits: &[(Queue, Bandwidth)],
    ) -> Result<Instant, Full> {
        let free_at = |(queue, _): &(Queue, Bandwidth)| self.busy_until.get(queue).copied();
        let start = limits.iter().filter_map(free_at).fold(now, Instant::max);
        if start.since(now) > WAIT_MAX {
            return Err(Full);
        }
        let mut done = start;
        for (queue, bandwidth) in limits {
            let free = start + bandwidth.time_for(bytes);
            self.busy_until.insert(*queue, free);
            done = done.max(free);
        }
        self.sweep(now);
        Ok(done)
    }

    fn sweep(&mut self, now: Instant) {
        if self.busy_until.len() < self.sweep_at_len.max(SWEEP_LEN_MIN) {
            return;
        }
        self.busy_until.retain(|_, free| *free > now);
        self.sweep_at_len = self.busy_until.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBPS: u64 = 1_000_000;

    fn link(number: usize) -> Queue {
        Queue::Link { number, backward: false }
    }

    fn at(micros: u64) -> Instant {
        Instant::from_nanos(micros * 1_000)
    }

    #[test]
    fn packets_queue_up_and_the_slowest_limit_sets_the_pace() {
        let (slow, fast) = (Bandwidth::new(100 * MBPS).unwrap(), Bandwidth::new(1_000 * MBPS).unwrap());
        let mut pacer = Pacer::default();
        // 1250 bytes are 100 µs at 100 Mbps and 10 µs at 1 Gbps.
        assert_eq!(pacer.pass(at(0), 1250, &[(link(0), slow), (link(1), fast)]), Ok(at(100)));
        assert_eq!(pacer.pass(at(0), 1250, &[(link(0), slow), (link(1), fast)]), Ok(at(200)));
        assert_eq!(pacer.pass(at(110), 1250, &[(link(1), fast)]), Ok(at(120)));
        assert_eq!(
            pacer.pass(at(500), 1250, &[(link(0), slow)]),
            Ok(at(600)),
            "an idle link does not save up"
        );
        assert_eq!(pacer.pass(at(500), 1250, &[]), Ok(at(500)));
    }

    #[test]
    fn a_queue_is_bounded() {
        let mut pacer = Pacer::default();
        let limits = [(link(0), Bandwidth::new(MBPS).unwrap())];
        // 1250 bytes take 10 ms: 51 of them start within half a second.
        let passed = (0..100).filter(|_| pacer.pass(at(0), 1250, &limits).is_ok()).count();
        assert_eq!(passed, 51);
        assert_eq!(pacer.pass(at(10_000), 1250, &limits), Ok(at(520_000)), "one has gone, one may come");
        assert_eq!(pacer.pass(at(10_000), 1250, &limits), Err(Full));
    }

    #[test]
    fn what_is_free_is_forgotten() {
        let mut pacer = Pacer::default();
        for number in 0..100_000 {
            pacer.pass(at(number), 1250, &[(link(number as usize), Bandwidth::gbps(5))]).unwrap();
            assert!(pacer.busy_until.len() <= SWEEP_LEN_MIN);
        }
    }
}
