//! Background traffic: what activities there are, who starts which program, and when.
//!
//! Knows programs, times and a seed. Must never know how a host is found, what a packet is, or what a
//! simulation makes of it: whoever runs it asks a [`Schedule`] for what comes next.

mod draw;
mod schedule;

use std::ops::RangeInclusive;
use std::time::Duration;

pub use self::draw::exponential;
pub use self::schedule::{Due, Schedule};
use crate::guest::Command;
use crate::trace::{ActivityFacts, ActivityKind};

/// A part of the background traffic. `H` is how hosts are called: by name in a file, by place in a world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity<H> {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ActivityKind,
    /// Whether somebody who looks at the logs should find it.
    pub malicious: bool,
    /// The hosts on which its programs run, with their names.
    pub from: Vec<(String, H)>,
    /// What the programs do.
    pub deed: Deed,
    /// How often.
    pub pace: Pace,
    /// When it begins, from the start of the run.
    pub begin: Duration,
    /// For how long; until the run ends if it does not say.
    pub length: Option<Duration>,
}

/// What the programs of an activity do. Targets are called as one types them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// They fetch a page.
    Fetch(Targets),
    /// They try a password with sshd.
    Guess(Targets),
    /// They try to connect to every port of every target, once.
    Knock {
        /// The targets.
        to: Vec<String>,
        /// Their ports.
        ports: Vec<RangeInclusive<u16>>,
    },
    /// They run a command.
    Run(Command),
    /// They send so many bytes.
    Upload(Targets, u64),
}

/// Where a program connects to: one of some hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Targets {
    /// The hosts.
    pub to: Vec<String>,
    /// The port.
    pub port: u16,
    /// Whether with TLS.
    pub tls: bool,
}

/// How often something happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// Once.
    Once,
    /// At random: with this much time between two on average, and as likely at one moment as at another.
    Random(Duration),
    /// Again and again after this time, and up to `jitter` later.
    Every {
        /// From one beat to the next.
        period: Duration,
        /// How much later than its beat it may be.
        jitter: Duration,
    },
}

impl<H> Activity<H> {
    /// What those are told who only watch.
    pub fn facts(&self) -> ActivityFacts {
        ActivityFacts { name: self.name.clone(), kind: self.kind, malicious: self.malicious }
    }

    /// The same with hosts called otherwise; fails as `find` does.
    pub fn resolve<T, E>(self, find: &mut impl FnMut(&str) -> Result<T, E>) -> Result<Activity<T>, E> {
        let place = |(name, _): (String, H)| find(&name).map(|found| (name, found));
        let from: Result<_, E> = self.from.into_iter().map(place).collect();
        let Self { name, kind, malicious, deed, pace, begin, length, .. } = self;
        Ok(Activity { name, kind, malicious, from: from?, deed, pace, begin, length })
    }
}
