//! Exit codes.

/// How the program ends. The order is by gravity: of several scenarios, the gravest counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// All expectations held.
    Success,
    /// All expectations held, but not everything was delivered.
    Undelivered,
    /// An expectation did not hold, or something differs.
    Failure,
    /// Wrong usage, or a scenario with mistakes.
    Usage,
    /// A bug in vpclab.
    Bug,
}

impl Exit {
    /// The code for the operating system.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Undelivered => 3,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Bug => 70,
        }
    }
}
