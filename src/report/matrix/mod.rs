//! Who reaches whom: the findings of all pairs of hosts, and what they say in three formats.
//!
//! Knows hosts by what they are called, and refusals by their words, each kept once. Must never know how
//! a pair was asked, nor which pairs are worth asking.

mod compare;
mod formats;
mod group;
mod text;

use foldhash::fast::FixedState;
use indexmap::IndexSet;

pub use self::compare::{Comparison, Difference};

use super::labels;
use crate::model::Model;
use crate::trace::{Asked, Leg, Obstacle};

/// What became of every pair of hosts on every port.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What was probed, as the user called it.
    pub path: String,
    /// Its title.
    pub title: String,
    /// After how many steps.
    pub after: usize,
    /// Those who ask or are asked.
    pub hosts: Vec<Host>,
    /// Who asks: positions in `hosts`, the rows.
    pub from: Vec<usize>,
    /// Who is asked: the columns.
    pub to: Vec<usize>,
    /// What for.
    pub ports: Vec<Asked>,
    /// By port, then sender, then receiver.
    pub cells: Vec<Cell>,
    /// What cells mean.
    pub refusals: Refusals,
    /// How much of the source it was imported from is not as it is there.
    pub not_imported: usize,
}

/// A host, as far as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// What it is called; no two hosts of a matrix are called the same.
    pub name: String,
    /// The id of its interface; elsewhere its address.
    pub id: String,
    /// What listens there, if the scenario says so.
    pub listens: Option<Vec<Asked>>,
    /// Whether it is there for the probe only.
    pub is_stand_in: bool,
    /// Whether `vpclab explain` knows it by its name.
    pub is_known: bool,
}

impl Host {
    /// Whether something listens on a port; `None` if nobody says. Everybody answers pings.
    fn listens(&self, port: Asked) -> Option<bool> {
        self.listens.as_ref().map(|ports| port == Asked::Ping || ports.contains(&port))
    }
}

/// What became of one pair on one port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cell(u32);

/// The same, to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict<'m> {
    /// A packet or its answer did not arrive.
    Closed(&'m Refusal),
    /// Nobody is asked by itself.
    Itself,
    /// Both arrived.
    Open,
}

impl Cell {
    /// Both packets arrived.
    pub const OPEN: Self = Self(u32::MAX);
    /// A host and itself.
    pub const ITSELF: Self = Self(u32::MAX - 1);
}

/// Why a pair is closed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Refusal {
    /// Which of the packets did not arrive.
    pub leg: Leg,
    /// The code of the reason.
    pub code: &'static str,
    /// That of AWS's Reachability Analyzer.
    pub analyzer: Option<&'static str>,
    /// Where it ended, by name; empty if nowhere in particular.
    pub at: String,
    /// The id of that, if it has one.
    pub id: String,
}

impl Refusal {
    /// Puts an obstacle into the words of explanations.
    pub fn new(leg: Leg, why: Obstacle, model: &Model) -> Self {
        let host = |station| (labels::station_label(model, station), String::new());
        let (analyzer, (at, id)) = match why {
            Obstacle::Dropped(reason) => {
                let objects = labels::drop_objects(model, reason);
                (reason.analyzer_code(), objects.into_iter().next().unwrap_or_default())
            }
            Obstacle::NoAddress(station)
            | Obstacle::NotForwarded(station)
            | Obstacle::OtherHost(station)
            | Obstacle::OwnAddress(station)
            | Obstacle::TtlExpired(station) => (None, host(station)),
        };
        Self { leg, code: why.code(), analyzer, at, id }
    }

    /// E.g. `request, no-route at Table`.
    fn words(&self) -> String {
        let at = if self.at.is_empty() { String::new() } else { format!(" at {}", self.at) };
        format!("{}, {}{at}", self.leg, self.code)
    }
}

/// The refusals of a matrix, each once: millions of cells share them.
#[derive(Clone, Default, Debug)]
pub struct Refusals(IndexSet<Refusal, FixedState>);

impl Refusals {
    /// The cell that means a refusal.
    pub fn cell(&mut self, refusal: Refusal) -> Cell {
        let (at, _) = self.0.insert_full(refusal);
        Cell(u32::try_from(at).expect("there are fewer reasons than cells"))
    }

    /// All of them, in the order in which they were met.
    pub fn iter(&self) -> impl Iterator<Item = &Refusal> {
        self.0.iter()
    }

    /// What a cell means.
    pub fn verdict(&self, cell: Cell) -> Verdict<'_> {
        match cell {
            Cell::ITSELF => Verdict::Itself,
            Cell::OPEN => Verdict::Open,
            Cell(at) => Verdict::Closed(&self.0[at as usize]),
        }
    }
}

impl Matrix {
    /// The cells of one sender on one port, in the order of `to`; both by their positions.
    fn row(&self, port: usize, from: usize) -> &[Cell] {
        let begin = (port * self.from.len() + from) * self.to.len();
        &self.cells[begin..begin + self.to.len()]
    }

    /// What a cell means.
    fn verdict(&self, cell: Cell) -> Verdict<'_> {
        self.refusals.verdict(cell)
    }
}
