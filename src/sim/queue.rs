//! Events in total order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Instant;

/// Which of two events due at the same instant happens first.
///
/// The order of the variants is semantics: changing it changes results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lane {
    /// A packet comes off a link.
    Arrive,
    /// A host's timer runs out.
    Wake,
    /// A program of the background traffic is started.
    Traffic,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    at: Instant,
    lane: Lane,
    seq: u64,
}

/// Events ordered by time, lane, and the order in which they were scheduled.
///
/// The events themselves are kept beside the heap and are never compared.
#[derive(Debug)]
pub struct EventQueue<E> {
    pending: BinaryHeap<Reverse<(Key, usize)>>,
    events: Vec<Option<E>>,
    free: Vec<usize>,
    now: Instant,
    next_seq: u64,
}

impl<E> EventQueue<E> {
    /// An empty queue at a moment.
    pub fn new(now: Instant) -> Self {
        Self { pending: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), now, next_seq: 0 }
    }

    /// Schedules an event.
    ///
    /// # Panics
    /// If `at` is in the past.
    pub fn push(&mut self, at: Instant, lane: Lane, event: E) {
        assert!(self.now <= at, "an event cannot be scheduled in the past");
        let slot = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() - 1
        });
        self.events[slot] = Some(event);
        self.pending.push(Reverse((Key { at, lane, seq: self.next_seq }, slot)));
        self.next_seq += 1;
    }

    /// Takes the next event out, and moves time to it.
    pub fn pop(&mut self) -> Option<(Instant, E)> {
        let Reverse((key, slot)) = self.pending.pop()?;
        self.now = key.at;
        self.free.push(slot);
        Some((key.at, self.events[slot].take().expect("a pending slot holds an event")))
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.pending.peek().map(|Reverse((key, _))| key.at)
    }

    /// The time of the last event taken out, or a later one set by [`Self::advance`].
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Moves time on to `to`, which no pending event may lie before.
    pub fn advance(&mut self, to: Instant) {
        assert!(self.next_at().is_none_or(|next| to <= next), "time cannot pass a pending event");
        self.now = self.now.max(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_broken_by_lane_and_then_by_order_of_scheduling() {
        let at = Instant::from_nanos;
        let mut queue = EventQueue::new(at(0));
        for (time, lane, name) in [
            (5, Lane::Wake, "e"),
            (5, Lane::Arrive, "c"),
            (1, Lane::Wake, "a"),
            (5, Lane::Arrive, "d"),
            (3, Lane::Wake, "b"),
        ] {
            queue.push(at(time), lane, name);
        }
        let mut order = Vec::new();
        while let Some((_, name)) = queue.pop() {
            order.push(name);
        }
        assert_eq!(order, ["a", "b", "c", "d", "e"]);
        assert_eq!(queue.now(), at(5));
    }

    #[test]
    #[should_panic(expected = "in the past")]
    fn the_past_cannot_be_scheduled() {
        let mut queue = EventQueue::new(Instant::from_nanos(10));
        queue.push(Instant::from_nanos(9), Lane::Wake, ());
    }
}
