//! One direction of a link: what chance does to the packets on it.

use std::time::Duration;

use crate::model::{LinkTraits, Ppm};
use crate::seed::{Seed, Stream};
use crate::time::Instant;

/// How long a packet is held back that is to be overtaken: longer than packets of one burst are apart,
/// shorter than anybody waits before sending again.
pub const HELD_BACK: Duration = Duration::from_millis(5);

/// One direction of a link.
#[derive(Debug)]
pub struct Wire {
    loss: Stream,
    jitter: Stream,
    reorder: Stream,
    duplicate: Stream,
    /// When the last packet came out that was not held back.
    last_out: Instant,
}

/// A packet that came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Through {
    /// When it came out, latency apart.
    pub at: Instant,
    /// Whether it did twice.
    pub is_doubled: bool,
}

impl Wire {
    /// The direction from one end to the other, with random numbers of its own.
    pub fn new(seed: Seed, from: &str, to: &str) -> Self {
        let name = format!("{from} > {to}");
        Self {
            loss: seed.stream("loss", &name),
            jitter: seed.stream("jitter", &name),
            reorder: seed.stream("reorder", &name),
            duplicate: seed.stream("duplicate", &name),
            last_out: Instant::EPOCH,
        }
    }

    /// Carries a packet that entered at some time; `None` if it is lost.
    pub fn carry(&mut self, traits: &LinkTraits, entered: Instant) -> Option<Through> {
        if happens(&mut self.loss, traits.loss) {
            return None;
        }
        // However long one took, those behind it come out after it.
        let mut at = (entered + self.jitter(traits)).max(self.last_out);
        if happens(&mut self.reorder, traits.reorder) {
            at += HELD_BACK;
        } else {
            self.last_out = at;
        }
        Some(Through { at, is_doubled: happens(&mut self.duplicate, traits.duplicate) })
    }

    fn jitter(&mut self, traits: &LinkTraits) -> Duration {
        let most = traits.jitter.unwrap_or_default().as_nanos() as u64;
        if most == 0 { Duration::ZERO } else { Duration::from_nanos(self.jitter.below(most + 1)) }
    }
}

/// Draws whether something happens; a share of zero draws nothing.
fn happens(stream: &mut Stream, share: Option<Ppm>) -> bool {
    match share.map_or(0, Ppm::get) {
        0 => false,
        millionths => stream.below(u64::from(Ppm::ALWAYS.get())) < u64::from(millionths),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: LinkTraits = LinkTraits {
        latency: None,
        jitter: None,
        loss: None,
        reorder: None,
        duplicate: None,
        bandwidth: None,
    };

    fn wire() -> Wire {
        Wire::new(Seed(1), "a", "b")
    }

    fn at(micros: u64) -> Instant {
        Instant::from_nanos(micros * 1_000)
    }

    /// When each of 10 000 packets, 10 µs apart, comes out.
    fn times(wire: &mut Wire, traits: &LinkTraits) -> Vec<Option<Through>> {
        (0..10_000).map(|number| wire.carry(traits, at(number * 10))).collect()
    }

    #[test]
    fn losses_are_those_of_the_seed() {
        let traits = LinkTraits { loss: Ppm::new(20_000), ..NOTHING };
        let lost = |wire: &mut Wire| times(wire, &traits).iter().filter(|came| came.is_none()).count();
        assert_eq!(lost(&mut wire()), lost(&mut wire()));
        assert_eq!(lost(&mut wire()), LOST_OF_10_000_AT_2_PERCENT);
        let always = LinkTraits { loss: Some(Ppm::ALWAYS), ..NOTHING };
        assert!(times(&mut wire(), &always).iter().all(Option::is_none));
    }

    /// Part of the result of a run with a seed: it must never change.
    const LOST_OF_10_000_AT_2_PERCENT: usize = 214;

    #[test]
    fn jitter_delays_and_keeps_the_order() {
        let jitter = Duration::from_millis(1);
        let came = times(&mut wire(), &LinkTraits { jitter: Some(jitter), ..NOTHING });
        let came: Vec<Instant> = came.into_iter().map(|came| came.expect("no loss").at).collect();
        assert!(came.is_sorted());
        let late = (0..).zip(&came).map(|(number, came)| came.since(at(number * 10)));
        assert!(late.clone().all(|late| late <= jitter));
        assert!(late.max().is_some_and(|most| most > jitter * 9 / 10));
    }

    #[test]
    fn only_packets_that_are_held_back_are_overtaken() {
        let traits = LinkTraits { reorder: Ppm::new(1_000), ..NOTHING };
        let came: Vec<Through> = times(&mut wire(), &traits).into_iter().flatten().collect();
        let mut held = 0;
        for (number, through) in (0..).zip(&came) {
            let late = through.at.since(at(number * 10));
            assert!(late.is_zero() || late == HELD_BACK);
            held += u64::from(late == HELD_BACK);
        }
        assert!((1..50).contains(&held), "{held} of 10 000 were held back");
    }

    #[test]
    fn a_knob_draws_from_its_own_stream() {
        let loss = LinkTraits { loss: Ppm::new(100_000), ..NOTHING };
        let all = LinkTraits {
            jitter: Some(Duration::from_millis(1)),
            reorder: Ppm::new(100_000),
            duplicate: Ppm::new(100_000),
            ..loss
        };
        let lost = |traits: &LinkTraits| -> Vec<bool> {
            times(&mut wire(), traits).iter().map(Option::is_none).collect()
        };
        assert_eq!(lost(&loss), lost(&all));
        assert_ne!(
            times(&mut wire(), &loss),
            times(&mut Wire::new(Seed(1), "b", "a"), &loss),
            "directions differ"
        );
    }

    #[test]
    fn zero_draws_nothing() {
        let zero = LinkTraits {
            jitter: Some(Duration::ZERO),
            loss: Ppm::new(0),
            reorder: Ppm::new(0),
            duplicate: Ppm::new(0),
            ..NOTHING
        };
        let mut drawn = wire();
        times(&mut drawn, &zero);
        let untouched = wire();
        assert_eq!(format!("{:?}", drawn.loss), format!("{:?}", untouched.loss));
        assert_eq!(format!("{:?}", drawn.jitter), format!("{:?}", untouched.jitter));
        assert_eq!(format!("{:?}", drawn.reorder), format!("{:?}", untouched.reorder));
        assert_eq!(format!("{:?}", drawn.duplicate), format!("{:?}", untouched.duplicate));
        assert!(zero.is_nothing());
    }
}
