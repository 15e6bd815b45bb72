//! Frames of any bytes at the interfaces of a small world: every packet comes to an end, and nothing panics.

#![no_main]

use std::net::Ipv4Addr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vpclab::ids::EniId;
use vpclab::model::{Direction, Model};
use vpclab::scenario::{self, station_of};
use vpclab::seed::Seed;
use vpclab::sim::World;
use vpclab::time::Instant;
use vpclab::trace::{DropReason, Observer, Station, Stretch};

struct Nobody;

impl Observer for Nobody {
    fn on_stretch(&mut self, _: &Stretch<'_>, _: &Model) {}
    fn on_frame(&mut self, _: Instant, _: Station, _: Direction, _: &[u8], _: Option<DropReason>) {}
    fn wants_frames(&self) -> bool {
        false
    }
    fn on_malformed(&mut self, _: Instant, _: Station, _: usize, _: DropReason) {}
    fn on_unanswered_arp(&mut self, _: Instant, _: EniId, _: Ipv4Addr, _: &Model) {}
}

const WORLD: &str = include_str!("world.yaml");

fn world() -> World<Nobody> {
    let scenario = scenario::load(WORLD).expect("it loads");
    World::new(Seed(1), scenario.start, scenario.model, scenario.hosts, Nobody)
}

fuzz_target!(|bytes: &[u8]| {
    let mut world = world();
    let mut rest = bytes;
    // Each frame has a station and its length before it.
    while let Some(([at, high, low], after)) = rest.split_first_chunk::<3>() {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (frame, next) = after.split_at(len);
        let name = ["a", "b", "w", "Host"][usize::from(at % 4)];
        let station = station_of(world.model(), name).expect("it is there");
        world.inject(station, frame.to_vec());
        let until = world.now() + Duration::from_millis(u64::from(at / 4));
        world.run_until(until, |_| false);
        rest = next;
    }
    let until = world.now() + Duration::from_secs(5);
    world.run_until(until, |_| false);
});
