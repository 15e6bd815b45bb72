//! What of an activity comes next: at which moment, on which host, which command.
//!
//! Draws times and choices from streams of its own, so one more activity changes nothing of another.

use std::sync::Arc;
use std::time::Duration;

use super::draw::{Shuffled, exponential};
use super::{Activity, Deed, Pace, Targets};
use crate::guest::{Command, Page};
use crate::seed::{Seed, Stream};
use crate::trace::{ActivityId, ActivityKind};

/// How long a program may take to fetch a page, or to try a password.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a load balancer waits for its target.
const HEALTH_CHECK_PATIENCE: Duration = Duration::from_secs(5);
/// How long a scanner waits for a port: its SYN is sent twice.
const KNOCK_PATIENCE: Duration = Duration::from_secs(3);
/// How long a command may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(600);
/// How long an upload may take.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(86_400);
/// What load balancers say they are.
const HEALTH_CHECKER: &str = "ELB-HealthChecker/2.0";
/// Users whose passwords are tried.
const USERS: [&str; 8] = ["root", "admin", "ubuntu", "ec2-user", "test", "oracle", "postgres", "git"];

/// A row of moments at which an activity starts a program. Some activities have several rows.
#[derive(Debug)]
pub struct Schedule<H> {
    activity: Arc<Activity<H>>,
    id: ActivityId,
    /// The host and the target that this row is about, where the activity has a row for each.
    host: Option<usize>,
    target: Option<usize>,
    times: Stream,
    choices: Stream,
    order: Option<Shuffled>,
    /// How many programs were started.
    started: u64,
    /// When the next beat is, from the start of the run.
    beat: Duration,
    /// When everything is over.
    end: Option<Duration>,
}

/// A program that is to be started.
#[derive(Debug)]
pub struct Due<H> {
    /// For which activity.
    pub activity: ActivityId,
    /// Where.
    pub on: H,
    /// Which.
    pub command: Command,
    /// When it is ended if it still runs.
    pub limit: Duration,
}

impl<H: Copy> Schedule<H> {
    /// All rows of an activity.
    pub fn all(seed: Seed, id: ActivityId, activity: Activity<H>) -> Vec<Self> {
        let activity = Arc::new(activity);
        let hosts = 0..activity.from.len();
        let row = |host: Option<usize>, target: Option<usize>| {
            Self::new(seed, id, Arc::clone(&activity), host, target)
        };
        match (activity.kind, activity.deed.targets()) {
            // Every one has a beat of its own.
            (ActivityKind::Beacon, _) => hosts.map(|host| row(Some(host), None)).collect(),
            (ActivityKind::HealthCheck, targets) => {
                let targets = 0..targets.len();
                hosts
                    .flat_map(|host| targets.clone().map(move |target| (host, target)))
                    .map(|(host, target)| row(Some(host), Some(target)))
                    .collect()
            }
            (
                ActivityKind::Clients
                | ActivityKind::Command
                | ActivityKind::Exfiltration
                | ActivityKind::PortScan
                | ActivityKind::SshBruteForce,
                _,
            ) => vec![row(None, None)],
        }
    }

    fn new(
        seed: Seed,
        id: ActivityId,
        activity: Arc<Activity<H>>,
        host: Option<usize>,
        target: Option<usize>,
    ) -> Self {
        let mut name = activity.name.clone();
        if let Some(host) = host {
            name += &format!(" from {}", activity.from[host].0);
        }
        if let Some(target) = target {
            name += &format!(" to {}", activity.deed.targets()[target]);
        }
        let mut times = seed.stream("traffic-times", &name);
        let mut choices = seed.stream("traffic-choices", &name);
        let mut beat = activity.begin;
        // Those who have a beat of their own do not begin together.
        if let (Some(_), Pace::Every { period, .. }) = (host, activity.pace) {
            beat += Duration::from_nanos(times.below(period.as_nanos() as u64));
        }
        let order = match &activity.deed {
            Deed::Knock { to, ports } => {
                let count: u64 = ports.iter().map(|range| range.len() as u64).sum();
                Some(Shuffled::new(&mut choices, count * to.len() as u64))
            }
            Deed::Fetch(_) | Deed::Guess(_) | Deed::Run(_) | Deed::Upload(..) => None,
        };
        let end = activity.length.map(|length| activity.begin + length);
        Self { activity, id, host, target, times, choices, order, started: 0, beat, end }
    }

    /// When the next program is to be started, from the start of the run; `None` if there is no next one.
    /// To be asked once for each [`Self::start`].
    pub fn next_at(&mut self) -> Option<Duration> {
        if self.order.is_some_and(|order| order.at(self.started).is_none()) {
            return None;
        }
        let at = match self.activity.pace {
            Pace::Once if self.started > 0 => return None,
            Pace::Once => self.beat,
            Pace::Random(mean) => {
                self.beat += exponential(&mut self.times, mean);
                self.beat
            }
            Pace::Every { period, jitter } => {
                let late = if jitter.is_zero() { 0 } else { self.times.below(jitter.as_nanos() as u64 + 1) };
                let at = self.beat + Duration::from_nanos(late);
                self.beat += period;
                at
            }
        };
        self.end.is_none_or(|end| at < end).then_some(at)
    }

    /// What is to be started now.
    pub fn start(&mut self) -> Due<H> {
        let place = self.started;
        self.started += 1;
        let host = self.host.unwrap_or_else(|| self.choose(self.activity.from.len()));
        let on = self.activity.from[host].1;
        let (command, limit) = self.command(place);
        Due { activity: self.id, on, command, limit }
    }

    fn command(&mut self, place: u64) -> (Command, Duration) {
        let target = match (self.target, self.activity.deed.targets().len()) {
            (Some(target), _) => target,
            (None, 0) => 0,
            (None, several) => self.choose(several),
        };
        match &self.activity.deed {
            Deed::Fetch(targets) => {
                let is_check = self.activity.kind == ActivityKind::HealthCheck;
                let patience = if is_check { HEALTH_CHECK_PATIENCE } else { PATIENCE };
                let agent = is_check.then_some(HEALTH_CHECKER);
                (Command::fetch(targets.page(target), agent), patience)
            }
            Deed::Guess(targets) => {
                let user = USERS[self.choices.below(USERS.len() as u64) as usize];
                (Command::guess(user, &targets.to[target], targets.port), PATIENCE)
            }
            Deed::Knock { to, ports } => {
                let count: u64 = ports.iter().map(|range| range.len() as u64).sum();
                let number = self.order.and_then(|order| order.at(place)).unwrap_or(0);
                let port = nth_port(ports, number % count);
                let host = &to[(number / count) as usize];
                (Command::knock(host, port, KNOCK_PATIENCE), COMMAND_PATIENCE)
            }
            Deed::Run(command) => (command.clone(), COMMAND_PATIENCE),
            Deed::Upload(targets, bytes) => (Command::upload(targets.page(target), *bytes), UPLOAD_PATIENCE),
        }
    }

    /// One of so many.
    fn choose(&mut self, len: usize) -> usize {
        if len == 1 { 0 } else { self.choices.below(len as u64) as usize }
    }
}

impl Deed {
    /// The hosts it may be about, where one of them is chosen.
    fn targets(&self) -> &[String] {
        match self {
            Self::Fetch(targets) | Self::Guess(targets) | Self::Upload(targets, _) => &targets.to,
            // It is about all of them.
            Self::Knock { .. } | Self::Run(_) => &[],
        }
    }
}

impl Targets {
    fn page(&self, target: usize) -> Page<'_> {
        Page { host: &self.to[target], port: self.port, tls: self.tls }
    }
}

fn nth_port(ports: &[std::ops::RangeInclusive<u16>], mut n: u64) -> u16 {
    for range in ports {
        let len = range.len() as u64;
        if n < len {
            return range.start() + n as u16;
        }
        n -= len;
    }
    *ports.last().expect("a scan has ports").end()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn activity(kind: ActivityKind, from: &[&str], deed: Deed, pace: Pace) -> Activity<u32> {
        let from = (0..).zip(from).map(|(number, name)| ((*name).to_owned(), number)).collect();
        let (begin, length) = (Duration::from_secs(3600), Some(DAY));
        Activity { name: "Name".to_owned(), kind, malicious: false, from, deed, pace, begin, length }
    }

    fn targets(to: &[&str]) -> Targets {
        Targets { to: to.iter().map(|name| (*name).to_owned()).collect(), port: 80, tls: false }
    }

    /// All that a schedule starts, with its time.
    fn run(schedule: &mut Schedule<u32>) -> Vec<(Duration, Due<u32>)> {
        std::iter::from_fn(|| Some((schedule.next_at()?, schedule.start()))).collect()
    }

    #[test]
    fn a_rate_is_kept_over_a_day_and_hosts_are_chosen_alike() {
        let pace = Pace::Random(Duration::from_secs(30));
        let clients =
            activity(ActivityKind::Clients, &["A", "B", "C"], Deed::Fetch(targets(&["W", "X"])), pace);
        let mut rows = Schedule::all(Seed(1), ActivityId(0), clients.clone());
        assert_eq!(rows.len(), 1);
        let started = run(&mut rows[0]);
        // 2880 in a day on average; the standard deviation is 54.
        assert_eq!(started.len(), 2_866);
        assert!(started.is_sorted_by_key(|(at, _)| *at));
        let (first, last) = (started[0].0, started[started.len() - 1].0);
        assert!(clients.begin < first && last < clients.begin + DAY);
        for host in 0..3 {
            let count = started.iter().filter(|(_, due)| due.on == host).count();
            assert!((880..1_040).contains(&count), "{host}: {count}");
        }
        let again = run(&mut Schedule::all(Seed(1), ActivityId(0), clients.clone())[0]);
        assert!(again.iter().map(|(at, _)| at).eq(started.iter().map(|(at, _)| at)));
        let other = run(&mut Schedule::all(Seed(2), ActivityId(0), clients.clone())[0]);
        assert_ne!(other[0].0, first);
    }

    #[test]
    fn a_beat_is_kept_and_jitter_does_not_add_up() {
        let (period, jitter) = (Duration::from_secs(300), Duration::from_secs(30));
        let pace = Pace::Every { period, jitter };
        let beacon = activity(ActivityKind::Beacon, &["A", "B"], Deed::Fetch(targets(&["W"])), pace);
        let mut rows = Schedule::all(Seed(1), ActivityId(0), beacon.clone());
        assert_eq!(rows.len(), 2);
        let mut phases = BTreeSet::new();
        for (host, row) in rows.iter_mut().enumerate() {
            let started = run(row);
            assert_eq!(started.len(), 288);
            let phase = row.beat - period * (started.len() as u32 + 1);
            assert!(phase >= beacon.begin && phase < beacon.begin + period);
            phases.insert(phase);
            for (n, (at, due)) in (0..).zip(&started) {
                let beat = phase + period * n;
                assert!(beat <= *at && *at <= beat + jitter);
                assert_eq!(due.on, host as u32);
            }
        }
        assert_eq!(phases.len(), 2);
    }

    #[test]
    fn a_load_balancer_looks_after_every_target_by_itself() {
        let pace = Pace::Every { period: Duration::from_secs(10), jitter: Duration::ZERO };
        let deed = Deed::Fetch(targets(&["W", "X", "Y"]));
        let check = activity(ActivityKind::HealthCheck, &["A", "B"], deed, pace);
        let rows = Schedule::all(Seed(1), ActivityId(0), check);
        assert_eq!(rows.len(), 6);
        let seen: BTreeSet<String> = rows
            .into_iter()
            .map(|mut row| {
                row.next_at();
                let due = row.start();
                format!("{} {:?}", due.on, due.command)
            })
            .collect();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn a_scan_tries_every_port_once_and_is_over() {
        let deed =
            Deed::Knock { to: vec!["W".to_owned(), "X".to_owned()], ports: vec![22..=22, 1_000..=1_099] };
        let pace = Pace::Random(Duration::from_millis(50));
        let scan = activity(ActivityKind::PortScan, &["A"], deed, pace);
        let started = run(&mut Schedule::all(Seed(1), ActivityId(0), scan)[0]);
        assert_eq!(started.len(), 202);
        let commands: BTreeSet<String> =
            started.iter().map(|(_, due)| format!("{:?}", due.command)).collect();
        assert_eq!(commands.len(), 202);
    }
}
