//! Two matrices of the same questions: what the second one opens and closes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Matrix, Refusals, Verdict};
use crate::trace::Asked;

/// What is another in the second of two matrices.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was probed, before and after.
    pub paths: [String; 2],
    /// Hosts that are only in the first one.
    pub removed: Vec<String>,
    /// Hosts that are only in the second one.
    pub added: Vec<String>,
    /// How many pairs and ports are in both.
    pub compared: usize,
    /// How many of them are closed in both, for different reasons: that is no difference.
    pub other_reason: usize,
    /// What is opened or closed.
    pub differences: Vec<Difference>,
    /// What the cells of differences mean, before and after.
    pub refusals: [Refusals; 2],
    /// How much of the sources they were imported from is not as it is there.
    pub not_imported: [usize; 2],
}

/// A pair that is open in one matrix and closed in the other. Hosts are called as in the second one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Who asks.
    pub from: String,
    /// Who is asked.
    pub to: String,
    /// What for.
    pub port: Asked,
    /// What became of it before.
    pub before: Cell,
    /// What becomes of it now.
    pub after: Cell,
}

impl Difference {
    /// Whether it is open now.
    pub fn opens(&self) -> bool {
        self.after == Cell::OPEN
    }

    /// The word for it.
    pub(super) fn kind(&self) -> &'static str {
        if self.opens() { "opened" } else { "closed" }
    }
}

impl Comparison {
    /// Compares. Hosts are the same if their interfaces have the same id, otherwise if they have the same name.
    pub fn new(before: Matrix, after: Matrix) -> Self {
        let not_imported = [before.not_imported, after.not_imported];
        let matched = matched(&before, &after);
        let name = |matrix: &Matrix, host: usize| matrix.hosts[host].name.clone();
        let gone = |host: &usize| !matched.contains_key(host);
        let removed = (0..before.hosts.len()).filter(gone).map(|host| name(&before, host)).collect();
        let kept: BTreeSet<usize> = matched.values().copied().collect();
        let is_new = |host: &usize| !kept.contains(host);
        let added = (0..after.hosts.len()).filter(is_new).map(|host| name(&after, host)).collect();
        let rows = common(&before.from, &after.from, &matched);
        let columns = common(&before.to, &after.to, &matched);
        let (mut compared, mut other_reason, mut differences) = (0, 0, Vec::new());
        for (port, asked) in before.ports.iter().enumerate() {
            let Some(port_after) = after.ports.iter().position(|other| other == asked) else { continue };
            for (row, row_after) in &rows {
                let (cells, cells_after) = (before.row(port, *row), after.row(port_after, *row_after));
                for (column, column_after) in &columns {
                    let (old, new) = (cells[*column], cells_after[*column_after]);
                    if old == Cell::ITSELF || new == Cell::ITSELF {
                        continue;
                    }
                    compared += 1;
                    if (old == Cell::OPEN) != (new == Cell::OPEN) {
                        differences.push(Difference {
                            from: name(&after, after.from[*row_after]),
                            to: name(&after, after.to[*column_after]),
                            port: *asked,
                            before: old,
                            after: new,
                        });
                    } else if !is_same(before.verdict(old), after.verdict(new)) {
                        other_reason += 1;
                    }
                }
            }
        }
        let paths = [before.path, after.path];
        let refusals = [before.refusals, after.refusals];
        Self { paths, removed, added, compared, other_reason, differences, refusals, not_imported }
    }

    /// Whether nothing is another, the hosts included.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.removed.is_empty() && self.added.is_empty()
    }

    /// How many pairs are open now that were closed.
    pub fn opened(&self) -> usize {
        self.differences.iter().filter(|difference| difference.opens()).count()
    }

    /// How many pairs are closed now that were open.
    pub fn closed(&self) -> usize {
        self.differences.len() - self.opened()
    }
}

fn is_same(before: Verdict<'_>, after: Verdict<'_>) -> bool {
    match (before, after) {
        (Verdict::Closed(before), Verdict::Closed(after)) => {
            (before.leg, before.code, &before.at) == (after.leg, after.code, &after.at)
        }
        (before, after) => before == after,
    }
}

/// The hosts of the first matrix that are in the second one, and which they are there.
fn matched(before: &Matrix, after: &Matrix) -> BTreeMap<usize, usize> {
    let by = |key: fn(&super::Host) -> &str| -> BTreeMap<&str, usize> {
        after.hosts.iter().enumerate().map(|(at, host)| (key(host), at)).collect()
    };
    let (ids, names) = (by(|host| &host.id), by(|host| &host.name));
    let is_interface = |id: &str| id.starts_with("eni-");
    let of_id = |host: &super::Host| ids.get(host.id.as_str()).filter(|_| is_interface(&host.id)).copied();
    let mut matched: BTreeMap<usize, usize> =
        before.hosts.iter().enumerate().filter_map(|(at, host)| Some((at, of_id(host)?))).collect();
    let mut taken: Vec<bool> = vec![false; after.hosts.len()];
    matched.values().for_each(|at| taken[*at] = true);
    for (at, host) in before.hosts.iter().enumerate() {
        if let Some(there) = names.get(host.name.as_str()).filter(|there| !taken[**there])
            && !matched.contains_key(&at)
        {
            matched.insert(at, *there);
            taken[*there] = true;
        }
    }
    matched
}

/// The positions of what is in two lists of hosts.
fn common(before: &[usize], after: &[usize], matched: &BTreeMap<usize, usize>) -> Vec<(usize, usize)> {
    let position: BTreeMap<usize, usize> = after.iter().enumerate().map(|(at, host)| (*host, at)).collect();
    let there = |host: &usize| position.get(matched.get(host)?).copied();
    before.iter().enumerate().filter_map(|(at, host)| Some((at, there(host)?))).collect()
}
