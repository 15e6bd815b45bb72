//! What background traffic is called: activities, their kinds, and the flows that are theirs.
//!
//! Knows names; never what an activity does or when.

use crate::wire::FiveTuple;

/// An activity of a scenario's background traffic: its number in the order of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ActivityId(pub u32);

/// What kind of thing an activity is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ActivityKind {
    /// A program that reports to its controller again and again.
    Beacon,
    /// People who fetch pages.
    Clients,
    /// A command that somebody wrote down.
    Command,
    /// Data that leaves.
    Exfiltration,
    /// A load balancer that looks after its targets.
    HealthCheck,
    /// Somebody who looks for open ports.
    PortScan,
    /// Somebody who tries passwords.
    SshBruteForce,
}

impl ActivityKind {
    /// All kinds by the names they have in files, in the order of these.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("beacon", Self::Beacon),
        ("clients", Self::Clients),
        ("command", Self::Command),
        ("exfiltration", Self::Exfiltration),
        ("health-check", Self::HealthCheck),
        ("port-scan", Self::PortScan),
        ("ssh-brute-force", Self::SshBruteForce),
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, kind)| *kind == self);
        found.map(|(name, _)| *name).expect("every kind has a name")
    }

    /// Whether somebody who looks at the logs should find it, unless the file says otherwise.
    pub const fn is_malicious(self) -> bool {
        match self {
            Self::Beacon | Self::Exfiltration | Self::PortScan | Self::SshBruteForce => true,
            Self::Clients | Self::Command | Self::HealthCheck => false,
        }
    }
}

/// What an activity is, for those who only watch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivityFacts {
    /// Its name in the file.
    pub name: String,
    /// Its kind.
    pub kind: ActivityKind,
    /// Whether somebody who looks at the logs should find it.
    pub malicious: bool,
}

/// A flow that a program of a host begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowOpened {
    /// Addresses and ports as the sender sees them. Pings have their identifier in place of both ports.
    pub tuple: FiveTuple,
    /// For whose sake.
    pub by: Opener,
}

/// For whose sake a flow is begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opener {
    /// For that of an activity.
    Activity(ActivityId),
    /// For that of a step.
    Step,
    /// For that of whoever this other flow belongs to: a service was asked to.
    Flow(FiveTuple),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_names() {
        assert!(ActivityKind::NAMES.is_sorted());
        for (name, kind) in ActivityKind::NAMES {
            assert_eq!(kind.name(), name);
        }
    }
}
