//! Background traffic in a world: programs start on hosts at the times that activities draw.
//!
//! Knows schedules and hosts; what a program does, only the host knows.

use super::queue::Lane;
use super::world::{Event, World};
use crate::guest::{Opened, Origin};
use crate::time::Instant;
use crate::trace::{ActivityId, FlowOpened, Observer, Opener, Station};
use crate::traffic::{Activity, Schedule};

/// The background traffic of a world.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    begin: Instant,
    schedules: Vec<Schedule<Station>>,
}

impl Traffic {
    pub fn is_empty(&self) -> bool {
        self.schedules.is_empty()
    }
}

impl<O: Observer> World<O> {
    /// Begins background traffic; its activities are numbered in this order.
    pub fn begin_traffic(&mut self, activities: Vec<Activity<Station>>) {
        let seed = self.seed;
        let all = (0..).map(ActivityId).zip(activities);
        let schedules = all.flat_map(|(id, activity)| Schedule::all(seed, id, activity)).collect();
        self.traffic = Traffic { begin: self.now(), schedules };
        for number in 0..self.traffic.schedules.len() {
            self.schedule_traffic(number);
        }
    }

    /// Starts the program that is due. A host that is stopped or gone misses it.
    pub(super) fn start_traffic(&mut self, number: usize) {
        let now = self.now();
        let due = self.traffic.schedules[number].start();
        if let Some(slot) = self.hosts.get_mut(&due.on) {
            let origin = Origin::Background(due.activity.0);
            slot.host.start_unattended(&due.command, origin, due.limit, now);
            self.settle(due.on);
        }
        self.schedule_traffic(number);
    }

    fn schedule_traffic(&mut self, number: usize) {
        let Traffic { begin, schedules } = &mut self.traffic;
        if let Some(after) = schedules[number].next_at() {
            // A moment that has passed while the last program was drawn is now.
            let at = (*begin + after).max(self.queue.now());
            self.queue.push(at, Lane::Traffic, Event::Traffic { schedule: number });
        }
    }
}

/// For whose sake a flow is begun, as observers are told.
pub(super) fn flow_opened(opened: Opened) -> FlowOpened {
    let by = match opened.origin {
        Origin::Background(number) => Opener::Activity(ActivityId(number)),
        Origin::Served(tuple) => Opener::Flow(tuple),
        Origin::Typed => Opener::Step,
    };
    FlowOpened { tuple: opened.tuple, by }
}
