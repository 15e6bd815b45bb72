//! What a scenario says of links: what they are like, what breaks and what is repaired.

use super::expect::Names;
use super::fields::Fields;
use super::problem::{Problem, Problems};
use super::yaml::{Node, Span, Value};
use crate::model::{Fault, LinkEnd, LinkSpec, LinkTraits, Model, Region, Scope, Zone, same_ends};

/// A link, its hosts called by name.
pub type Link = LinkSpec<String>;

/// What a `repair:` repairs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Repair {
    /// Everything.
    All,
    /// What one fault did.
    Fault(Fault<String>),
}

/// The words that ends can be called by.
#[derive(Clone, Debug)]
pub struct Places {
    /// The regions that zones called by a letter may be in.
    regions: Vec<Region>,
}

/// The keys that say what a link is like.
const TRAITS: [&str; 6] = ["latency", "jitter", "loss", "reorder", "duplicate", "bandwidth"];
/// The keys that say what breaks.
const FAULTS: [&str; 4] = ["zone_down", "cut", "partition", "link"];

impl Places {
    /// The regions that have subnets; the scenario's own if none has.
    pub fn of(model: &Model, scope: Scope) -> Self {
        let mut regions: Vec<Region> = model.subnets.values().map(|subnet| subnet.zone.region).collect();
        regions.sort();
        regions.dedup();
        if regions.is_empty() {
            regions.push(scope.region);
        }
        Self { regions }
    }

    /// The zones that a text can mean: several if a letter leaves the region open.
    fn zones(&self, text: &str) -> Vec<Zone> {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => self.regions.iter().filter_map(|region| region.zone(letter)).collect(),
            (_, _) => zone_by_name(text).into_iter().collect(),
        }
    }

    /// What to call zones.
    fn words(&self) -> Vec<String> {
        let one = self.regions.len() == 1;
        let zones = self.regions.iter().flat_map(|region| region.zones());
        zones.map(|zone| if one { zone.letter.to_string() } else { zone.to_string() }).collect()
    }
}

/// A zone by its whole name.
pub fn zone_by_name(text: &str) -> Option<Zone> {
    let letter = text.chars().last()?;
    let region = text.strip_suffix(letter)?.parse::<Region>().ok()?;
    region.zone(letter)
}

/// Reads `links:`.
pub fn links(node: &Node, places: &Places, names: &Names, problems: &mut Problems) -> Vec<Link> {
    let Some(list) = node.list(problems, "links") else { return Vec::new() };
    let mut links: Vec<(Span, Link)> = Vec::new();
    for node in list {
        let Some(link) = link(node, places, names, problems) else { continue };
        if let Some((first, _)) = links.iter().find(|(_, other)| same_ends(&other.ends, &link.ends)) {
            let problem =
                Problem::at(node.place, format!("the link {} is described twice", called(&link.ends)));
            problems.push(problem.also(*first, "first here").hint("put all its keys into one"));
            continue;
        }
        links.push((node.place, link));
    }
    links.into_iter().map(|(_, link)| link).collect()
}

fn link(node: &Node, places: &Places, names: &Names, problems: &mut Problems) -> Option<Link> {
    let mut fields = Fields::of(node, "a link", problems)?;
    let between = fields.required("between", problems);
    let ends = between.and_then(|node| two_ends(node, places, names, problems));
    let traits = traits(&mut fields, problems);
    fields.finish(problems);
    Some(LinkSpec { ends: ends?, traits: traits? })
}

/// What a link is like; `None` if there is a mistake in it.
fn traits(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<LinkTraits> {
    let before = problems.as_slice().len();
    let mut duration = |key, problems: &mut Problems| {
        fields.optional(key).and_then(|node| node.duration(problems)).map(|length| length.value)
    };
    let (latency, jitter) = (duration("latency", problems), duration("jitter", problems));
    let mut share = |key, problems: &mut Problems| {
        fields.optional(key).and_then(|node| node.share(problems)).map(|share| share.value)
    };
    let traits = LinkTraits {
        latency,
        jitter,
        loss: share("loss", problems),
        reorder: share("reorder", problems),
        duplicate: share("duplicate", problems),
        bandwidth: fields
            .optional("bandwidth")
            .and_then(|node| node.bandwidth(problems))
            .map(|found| found.value),
    };
    (problems.as_slice().len() == before).then_some(traits)
}

/// Reads what breaks; also says it in words.
pub fn fault(
    node: &Node,
    places: &Places,
    names: &Names,
    problems: &mut Problems,
) -> Option<(Fault<String>, String)> {
    let mut fields = Fields::of(node, "a fault", problems)?;
    let fault = one_fault(node, &mut fields, places, names, problems);
    let traits = traits(&mut fields, problems);
    fields.finish(problems);
    let given = TRAITS.map(|key| fields_text(node, key).map(|text| format!("{key} {text}")));
    let given: Vec<String> = given.into_iter().flatten().collect();
    let fault = match (fault?, traits?) {
        (Fault::Link(spec), traits) => {
            if given.is_empty() {
                let problem = Problem::at(node.place, "a fault that changes nothing of the link");
                problems
                    .push(problem.hint(format!("add some of `{}`, or make it a `cut`", TRAITS.join("`, `"))));
                return None;
            }
            Fault::Link(LinkSpec { traits, ..spec })
        }
        (other, _) if given.is_empty() => other,
        (Fault::Cut(_) | Fault::Partition(_) | Fault::ZoneDown(_), _) => {
            let key = given[0].split(' ').next().unwrap_or_default();
            let message = format!("`{key}` goes with `link`: where nothing passes it says nothing");
            let hint = format!("leave `{key}` out, or write `link:` and two ends");
            problems.push(Problem::at(node.place, message).hint(hint));
            return None;
        }
    };
    let mut words = in_words(&fault);
    if !given.is_empty() {
        words = format!("{words}: {}", given.join(", "));
    }
    Some((fault, words))
}

/// Reads what is repaired; also says it in words.
pub fn repair(
    node: &Node,
    places: &Places,
    names: &Names,
    problems: &mut Problems,
) -> Option<(Repair, String)> {
    if let Value::Scalar { text, .. } = &node.value {
        if text == "all" {
            return Some((Repair::All, "everything".to_owned()));
        }
        let problem = Problem::at(node.place, format!("expected `all` or a fault, found `{text}`"));
        problems
            .push(problem.hint("name what is repaired as the fault did, e.g. `repair: { zone_down: b }`"));
        return None;
    }
    let mut fields = Fields::of(node, "a repair", problems)?;
    let fault = one_fault(node, &mut fields, places, names, problems);
    fields.finish(problems);
    let fault = fault?;
    let words = in_words(&fault);
    Some((Repair::Fault(fault), words))
}

/// One of the four kinds of faults, without what a link becomes.
fn one_fault(
    node: &Node,
    fields: &mut Fields<'_>,
    places: &Places,
    names: &Names,
    problems: &mut Problems,
) -> Option<Fault<String>> {
    let given: Vec<(&str, &Node)> =
        FAULTS.iter().filter_map(|kind| fields.optional(kind).map(|node| (*kind, node))).collect();
    match given.as_slice() {
        [("zone_down", node)] => zone(node, places, problems).map(Fault::ZoneDown),
        [("cut", node)] => two_ends(node, places, names, problems).map(Fault::Cut),
        [("partition", node)] => partition(node, places, names, problems).map(Fault::Partition),
        [(_, node)] => {
            let ends = two_ends(node, places, names, problems)?;
            Some(Fault::Link(LinkSpec { ends, traits: LinkTraits::default() }))
        }
        [] => {
            let problem = Problem::at(node.place, "it does not say what breaks");
            problems.push(problem.hint(format!("give it one of `{}`", FAULTS.join("`, `"))));
            None
        }
        [(first, _), (second, node), ..] => {
            let message = format!("one thing at a time: there are `{first}` and `{second}`");
            problems.push(Problem::at(node.place, message).hint("make two steps of it"));
            None
        }
    }
}

fn partition(
    node: &Node,
    places: &Places,
    names: &Names,
    problems: &mut Problems,
) -> Option<Vec<Vec<LinkEnd<String>>>> {
    let list = node.list(problems, "groups of ends, e.g. `[[a], [b, internet]]`")?;
    if list.len() < 2 {
        let problem = Problem::at(node.place, "a partition takes two groups or more");
        problems.push(problem.hint("write e.g. `partition: [[a], [b, internet]]`"));
        return None;
    }
    let mut groups: Vec<Vec<LinkEnd<String>>> = Vec::new();
    for group in list {
        let mut ends = Vec::new();
        for node in group.list(problems, "a group of ends, e.g. `[b, internet]`")? {
            let end = end(node, places, names, problems)?;
            if groups.iter().flatten().any(|other| *other == end) {
                let problem = Problem::at(node.place, format!("`{}` is in two groups", name_of(&end)));
                problems.push(problem.hint("leave one of them out"));
                return None;
            }
            ends.push(end);
        }
        groups.push(ends);
    }
    Some(groups)
}

fn two_ends(
    node: &Node,
    places: &Places,
    names: &Names,
    problems: &mut Problems,
) -> Option<[LinkEnd<String>; 2]> {
    let list = node.list(problems, "two ends, e.g. `[a, internet]`")?;
    let [a, b] = list else {
        let problem = Problem::at(node.place, format!("a link has two ends, found {}", list.len()));
        problems.push(problem.hint("write e.g. `[a, internet]`; more make a `partition`"));
        return None;
    };
    let (a, b) = (end(a, places, names, problems), end(b, places, names, problems));
    let ends = [a?, b?];
    if let [LinkEnd::Host(a), LinkEnd::Host(b)] = &ends
        && a == b
    {
        problems.push(Problem::at(node.place, format!("`{a}` has no link to itself")).hint("name two ends"));
        return None;
    }
    Some(ends)
}

/// A host by name, `internet`, a region, a zone by letter or name: what comes first is meant.
fn end(node: &Node, places: &Places, names: &Names, problems: &mut Problems) -> Option<LinkEnd<String>> {
    let text = node.text(problems)?;
    if names.hosts.iter().any(|host| host == text) {
        return Some(LinkEnd::Host(text.to_owned()));
    }
    if text == "internet" {
        return Some(LinkEnd::Internet);
    }
    if let Ok(region) = text.parse() {
        return Some(LinkEnd::Region(region));
    }
    match places.zones(text).as_slice() {
        [zone] => Some(LinkEnd::Zone(*zone)),
        [] => {
            let mut known = places.words();
            known.push("internet".to_owned());
            known.extend(places.regions.iter().map(ToString::to_string));
            known.extend(names.hosts.iter().cloned());
            let problem =
                Problem::unknown(node.span, "end of a link", text, known.iter().map(String::as_str));
            problems.push(problem.note("an end is an Availability Zone, a region, `internet` or a host"));
            None
        }
        several => {
            problems.push(ambiguous(node, text, several));
            None
        }
    }
}

fn zone(node: &Node, places: &Places, problems: &mut Problems) -> Option<Zone> {
    let text = node.text(problems)?;
    match places.zones(text).as_slice() {
        [zone] => Some(*zone),
        [] => {
            let known = places.words();
            let known = known.iter().map(String::as_str);
            problems.push(Problem::unknown(node.span, "Availability Zone", text, known));
            None
        }
        several => {
            problems.push(ambiguous(node, text, several));
            None
        }
    }
}

fn ambiguous(node: &Node, text: &str, zones: &[Zone]) -> Problem {
    let names: Vec<String> = zones.iter().map(|zone| format!("`{zone}`")).collect();
    Problem::at(node.span, format!("there is a zone `{text}` in several regions"))
        .hint(format!("say which: {}", names.join(", ")))
}

/// The text of a key, as written.
fn fields_text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    let Value::Map(entries) = &node.value else { return None };
    let (_, node) = entries.iter().find(|(found, _)| found.text == key)?;
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// What an end is called.
fn name_of(end: &LinkEnd<String>) -> String {
    match end {
        LinkEnd::Host(name) => name.clone(),
        LinkEnd::Internet => "internet".to_owned(),
        LinkEnd::Region(region) => region.to_string(),
        LinkEnd::Zone(zone) => zone.to_string(),
    }
}

fn called([a, b]: &[LinkEnd<String>; 2]) -> String {
    format!("{} - {}", name_of(a), name_of(b))
}

/// What a fault is about, e.g. `zone us-east-1b`, `the link us-east-1a - internet`.
pub fn in_words(fault: &Fault<String>) -> String {
    match fault {
        Fault::Cut(ends) => format!("cut {}", called(ends)),
        Fault::Link(spec) => format!("link {}", called(&spec.ends)),
        Fault::Partition(groups) => {
            let group = |ends: &Vec<LinkEnd<String>>| ends.iter().map(name_of).collect::<Vec<_>>().join(", ");
            format!("partition {}", groups.iter().map(group).collect::<Vec<_>>().join(" | "))
        }
        Fault::ZoneDown(zone) => format!("zone down {zone}"),
    }
}
