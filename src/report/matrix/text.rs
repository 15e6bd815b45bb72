//! Matrices and comparisons as people read them: a table of signs if it is small, otherwise lists of groups;
//! then counts, and refusals by reason.

use std::fmt::Write as _;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::group::Group;
use super::{Cell, Comparison, Difference, Matrix, Refusal, Refusals, Verdict};
use crate::report::text::{Ink, Style, printable};
use crate::trace::{Asked, Leg};

/// A table of signs has at most so many columns.
const COLUMNS_MAX: usize = 40;
/// A table of signs has at most so many rows.
const ROWS_MAX: usize = 80;
/// So many groups of senders are shown for a port.
const GROUPS_SHOWN_MAX: usize = 20;
/// So many hosts of a group, places of a reason and pairs of a difference are named.
const NAMED_MAX: usize = 3;
/// So many pairs of a comparison are named for each reason.
const PAIRS_MAX: usize = 10;
/// The signs of refusals, by reason.
const SIGNS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Which packet, and the code of the reason.
type Reason = (Leg, &'static str);
/// How many pairs a reason refused, and how many of them where.
type Counted = (usize, Vec<(usize, String)>);

impl Matrix {
    /// All of it, and how to ask for more.
    pub fn render(&self, style: Style) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}  ({})", style.paint(Ink::Bold, &printable(&self.title)), self.path);
        let after = match self.after {
            0 => "before the first step".to_owned(),
            step => format!("after step {step}"),
        };
        let (senders, receivers) = (counted(self.from.len(), "host"), counted(self.to.len(), "host"));
        let _ = writeln!(out, "{senders} to {receivers}, {after}");
        let signs = self.signs();
        let is_small = self.from.len() <= ROWS_MAX && self.to.len() <= COLUMNS_MAX;
        for port in 0..self.ports.len() {
            out.push('\n');
            if is_small {
                self.table(&mut out, port, &signs, style);
            } else {
                self.list(&mut out, port, style);
            }
        }
        self.summary(&mut out, &signs, is_small, style);
        self.how_to_ask(&mut out, style);
        not_imported(&mut out, &self.path, self.not_imported);
        out
    }

    /// A sign for each reason, in the order in which they were met.
    fn signs(&self) -> IndexMap<Reason, char, FixedState> {
        let mut signs = IndexMap::default();
        for refusal in self.refusals.iter() {
            let next = SIGNS.chars().nth(signs.len()).unwrap_or('#');
            signs.entry(reason(refusal)).or_insert(next);
        }
        signs
    }

    fn table(&self, out: &mut String, port: usize, signs: &IndexMap<Reason, char, FixedState>, style: Style) {
        // A host has the same number as a row and as a column.
        let number = |host: usize| host + 1;
        let digits = self.hosts.len().to_string().len();
        let name = |host: usize| printable(&self.hosts[host].name).into_owned();
        let names = self.from.iter().map(|host| name(*host).chars().count()).max().unwrap_or_default();
        let width = digits + 2 + names;
        let title = self.ports[port].to_string();
        let padding = " ".repeat(width.saturating_sub(title.len()));
        let _ = write!(out, "{}{padding}", style.paint(Ink::Bold, &title));
        for to in &self.to {
            let _ = write!(out, " {:>digits$}", number(*to));
        }
        out.push('\n');
        for (row, from) in self.from.iter().enumerate() {
            let _ = write!(out, "{:>digits$}  {:<names$}", number(*from), name(*from));
            for cell in self.row(port, row) {
                let sign = match self.verdict(*cell) {
                    Verdict::Closed(refusal) => signs[&reason(refusal)],
                    Verdict::Itself => '-',
                    Verdict::Open => '+',
                };
                let _ = write!(out, " {sign:>digits$}");
            }
            out.push('\n');
        }
        let only_columns: Vec<String> = self
            .to
            .iter()
            .filter(|host| !self.from.contains(host))
            .map(|host| format!("{} {}", number(*host), name(*host)))
            .collect();
        if !only_columns.is_empty() {
            let _ = writeln!(out, "columns: {}", only_columns.join(", "));
        }
    }

    fn list(&self, out: &mut String, port: usize, style: Style) {
        let _ = writeln!(out, "{}", style.paint(Ink::Bold, &self.ports[port].to_string()));
        let (groups, rest) = self.groups(port);
        for group in groups.iter().take(GROUPS_SHOWN_MAX) {
            self.group(out, group);
        }
        let others = groups.iter().skip(GROUPS_SHOWN_MAX).map(|group| group.senders.len()).sum::<usize>();
        if others + rest > 0 {
            let _ = writeln!(
                out,
                "  and {} in smaller groups: --format csv has all",
                counted(others + rest, "sender")
            );
        }
    }

    fn group(&self, out: &mut String, group: &Group) {
        let senders = group.senders.iter().map(|sender| self.from[*sender]);
        let _ = writeln!(out, "  {}", self.named(senders));
        let receivers = |wanted: &dyn Fn(Cell) -> bool| {
            let found = self.to.iter().zip(&group.row).filter(|(_, cell)| wanted(**cell));
            found.map(|(host, _)| *host).collect::<Vec<usize>>()
        };
        let open = receivers(&|cell| cell == Cell::OPEN);
        if !open.is_empty() {
            let _ = writeln!(out, "    reach       {}", self.named(open));
        }
        let mut seen: Vec<Reason> = Vec::new();
        for cell in &group.row {
            let Verdict::Closed(refusal) = self.verdict(*cell) else { continue };
            let key = reason(refusal);
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let closed = receivers(&|cell| match self.verdict(cell) {
                Verdict::Closed(other) => reason(other) == key,
                Verdict::Itself | Verdict::Open => false,
            });
            let _ = writeln!(out, "    do not reach {}: {}, {}", self.named(closed), key.0, key.1);
        }
    }

    /// The first of some hosts, and how many there are.
    fn named(&self, hosts: impl IntoIterator<Item = usize>) -> String {
        let hosts: Vec<usize> = hosts.into_iter().collect();
        let shown = hosts.iter().take(NAMED_MAX).map(|host| printable(&self.hosts[*host].name).into_owned());
        let shown: Vec<String> = shown.collect();
        match hosts.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    fn summary(
        &self,
        out: &mut String,
        signs: &IndexMap<Reason, char, FixedState>,
        is_small: bool,
        style: Style,
    ) {
        let mut counts: Vec<usize> = vec![0; self.refusals.iter().count()];
        let (mut open, mut asked) = (0, 0);
        for cell in self.cells.iter().filter(|cell| **cell != Cell::ITSELF) {
            asked += 1;
            match *cell {
                Cell::OPEN => open += 1,
                Cell(at) => counts[at as usize] += 1,
            }
        }
        let verdict = format!("{open} of {asked} open");
        let ink = if open == asked { Ink::Good } else { Ink::Bold };
        let _ = writeln!(out, "\n{}, {} refused", style.paint(ink, &verdict), asked - open);
        let mut reasons: IndexMap<Reason, Counted, FixedState> = IndexMap::default();
        for (refusal, count) in self.refusals.iter().zip(counts) {
            let (all, places) = reasons.entry(reason(refusal)).or_default();
            *all += count;
            match places.iter_mut().find(|(_, at)| *at == refusal.at) {
                Some((there, _)) => *there += count,
                None => places.push((count, refusal.at.clone())),
            }
        }
        reasons.sort_by(|_, (a, _), _, (b, _)| b.cmp(a));
        let wide = reasons.values().map(|(all, _)| all.to_string().len()).max().unwrap_or_default();
        for ((leg, code), (all, mut places)) in reasons {
            places.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
            let shown: Vec<String> = places
                .iter()
                .filter(|(_, at)| !at.is_empty())
                .take(NAMED_MAX)
                .map(|(count, at)| match places.len() {
                    1 => printable(at).into_owned(),
                    _ => format!("{} ({count})", printable(at)),
                })
                .collect();
            let more = places.len().saturating_sub(NAMED_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let sign = if is_small { format!("{}  ", signs[&(leg, code)]) } else { String::new() };
            let line = format!("  {sign}{all:>wide$}  {leg:<7}  {code}");
            let at = if shown.is_empty() { String::new() } else { format!(" at {}{more}", shown.join(", ")) };
            let _ = writeln!(out, "{line}{at}");
        }
    }

    fn how_to_ask(&self, out: &mut String, style: Style) {
        let note = "A port at which nothing listens counts as open if packets get there and back.";
        let _ = writeln!(out, "\n{}", style.paint(Ink::Dim, note));
        let after = if self.after > 0 { format!(" --after {}", self.after) } else { String::new() };
        let path = &self.path;
        if let Some((from, to, port)) = self.first_refused() {
            let to = match port {
                Asked::Ping => to.to_owned(),
                Asked::Tcp(port) => format!("{to}:{port}"),
                Asked::Udp(port) => format!("{to}:{port}/udp"),
            };
            let line = format!("why: vpclab explain {path} --from {} --to {}{after}", word(from), word(&to));
            let _ = writeln!(out, "{}", style.paint(Ink::Dim, &line));
        }
    }

    /// A pair that is closed and that `vpclab explain` can be asked about.
    fn first_refused(&self) -> Option<(&str, &str, Asked)> {
        let known = |host: usize| Some(&self.hosts[host]).filter(|host| host.is_known);
        for (at, port) in self.ports.iter().enumerate() {
            for (row, from) in self.from.iter().enumerate() {
                for (cell, to) in self.row(at, row).iter().zip(&self.to) {
                    let is_closed = matches!(self.verdict(*cell), Verdict::Closed(_));
                    if let (true, Some(from), Some(to)) = (is_closed, known(*from), known(*to)) {
                        return Some((&from.name, &to.name, *port));
                    }
                }
            }
        }
        None
    }
}

/// Says that something of a source is missing, and where it is listed.
fn not_imported(out: &mut String, path: &str, count: usize) {
    if count > 0 {
        let (is, it, them) = if count == 1 { ("is", "it is", "it") } else { ("are", "they are", "them") };
        let things = counted(count, "thing");
        let _ = writeln!(
            out,
            "\n{things} of the source {is} not as {it} there: `vpclab import {path}` lists {them}"
        );
    }
}

impl Comparison {
    /// What is another, grouped by port and reason.
    pub fn render(&self, style: Style) -> String {
        let mut out = String::new();
        let [before, after] = &self.paths;
        let _ = writeln!(out, "{}", style.paint(Ink::Bold, &format!("{before} -> {after}")));
        for (sign, words, hosts) in [('-', "only before", &self.removed), ('+', "only after", &self.added)] {
            for host in hosts {
                let _ = writeln!(out, "{sign} host {}, {words}", printable(host));
            }
        }
        for (title, opens) in [("opened", true), ("closed", false)] {
            let of_kind = self.differences.iter().filter(|difference| difference.opens() == opens);
            let mut groups: IndexMap<(Asked, String), Vec<&Difference>, FixedState> = IndexMap::default();
            for difference in of_kind {
                let key = (difference.port, self.change(difference));
                groups.entry(key).or_default().push(difference);
            }
            for ((port, change), pairs) in groups {
                let ink = if opens { Ink::Good } else { Ink::Bad };
                let title = style.paint(ink, title);
                let count = counted(pairs.len(), "pair");
                let _ = writeln!(out, "\n{title}  {port}, {count}: {}", printable(&change));
                for pair in pairs.iter().take(PAIRS_MAX) {
                    let _ = writeln!(out, "  {} -> {}", printable(&pair.from), printable(&pair.to));
                }
                if pairs.len() > PAIRS_MAX {
                    let _ = writeln!(out, "  and {} more: --format csv has all", pairs.len() - PAIRS_MAX);
                }
            }
        }
        let other = match self.other_reason {
            0 => String::new(),
            count => format!(", {count} refused for another reason"),
        };
        let _ = writeln!(
            out,
            "\n{} compared: {} opened, {} closed{other}",
            counted(self.compared, "pair"),
            self.opened(),
            self.closed()
        );
        for (path, count) in self.paths.iter().zip(self.not_imported) {
            not_imported(&mut out, path, count);
        }
        out
    }

    /// Before and after, in words.
    fn change(&self, difference: &Difference) -> String {
        let words = |cell, refusals: &Refusals| match refusals.verdict(cell) {
            Verdict::Closed(refusal) => refusal.words(),
            Verdict::Itself | Verdict::Open => "open".to_owned(),
        };
        let before = words(difference.before, &self.refusals[0]);
        format!("{before} -> {}", words(difference.after, &self.refusals[1]))
    }
}

fn reason(refusal: &Refusal) -> Reason {
    (refusal.leg, refusal.code)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "%+,-./:=@_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
