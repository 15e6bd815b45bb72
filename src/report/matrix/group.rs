//! Senders that reach the same receivers for the same reasons, so that a large matrix can be told.

use super::{Cell, Matrix};

/// Senders whose rows say the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Group {
    /// Positions in `Matrix::from`.
    pub senders: Vec<usize>,
    /// What each receiver is to them, in the order of `Matrix::to`.
    pub row: Vec<Cell>,
}

/// So many groups are told apart; whoever fits into none of them is in the last one.
const GROUPS_MAX: usize = 200;

impl Matrix {
    /// The senders of a port in groups, the largest first; and how many fit into none, because there would be
    /// too many groups.
    pub(super) fn groups(&self, port: usize) -> (Vec<Group>, usize) {
        let (mut groups, mut rest): (Vec<Group>, usize) = (Vec::new(), 0);
        for sender in 0..self.from.len() {
            let row = self.row(port, sender);
            match groups.iter().position(|group| fits(&group.row, row)) {
                Some(at) => {
                    groups[at].senders.push(sender);
                    // Nobody asks itself, but the others of its group do ask it.
                    for (shown, own) in groups[at].row.iter_mut().zip(row) {
                        if *shown == Cell::ITSELF {
                            *shown = *own;
                        }
                    }
                }
                None if groups.len() < GROUPS_MAX => {
                    groups.push(Group { senders: vec![sender], row: row.to_vec() });
                }
                None => rest += 1,
            }
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.senders.len()));
        (groups, rest)
    }
}

fn fits(shown: &[Cell], own: &[Cell]) -> bool {
    let is_same = |(a, b): (&Cell, &Cell)| a == b || *a == Cell::ITSELF || *b == Cell::ITSELF;
    shown.iter().zip(own).all(is_same)
}
