//! What people already have, as scenarios: collected `describe` documents, Terraform, CloudFormation.
//!
//! A reader for each kind of source fills an [`Inventory`] in EC2's terms; `compose` writes the text of a scenario
//! of it, with the ids and names of the source; and `scenario` loads that text as any other, so that every resource
//! is made by an operation of `api/`. What cannot be carried over is a [`Notice`] with its place in the source, never
//! a silent omission.
//!
//! Knows the layouts of other tools. Must never know packets, or make a resource by itself.

pub mod cloudformation;
mod compose;
mod inventory;
mod json;
mod report;
pub mod snapshot;
mod source;
pub mod terraform;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

pub use compose::Options;
pub use inventory::{Inventory, Loss, Notice, Place, Reading, Trouble};
pub use source::{Source, find};

use self::compose::{Composed, compose};
use crate::model::{Account, Region};
use crate::scenario::{self, problem::Problem};

/// A scenario that was made of a source.
#[derive(Clone, Debug)]
pub struct Import {
    /// The text of the scenario, without steps.
    pub text: String,
    /// What begins where in it.
    pub places: Vec<(usize, Place)>,
    /// What is not in it, or not as in the source; in the order of the places.
    pub notices: Vec<Notice>,
    /// What is in it.
    pub counts: Vec<(&'static str, usize)>,
}

/// How often what EC2 refuses is left out before it is given up: each time more may be refused that named it.
const ROUNDS_MAX: usize = 20;

/// Makes a scenario of what was read. What EC2 refuses is left out, and said.
pub fn import(reading: Reading, options: &Options) -> Result<Import, Vec<Trouble>> {
    let Reading { mut inventory, mut notices } = reading;
    check(options)?;
    if inventory.vpcs.is_empty() && inventory.transit_gateways.is_empty() {
        let message = match missing_vpcs(&inventory).as_slice() {
            [] => "there is no VPC in it".to_owned(),
            ids => format!("there is no VPC in it, only parts of {}", ids.join(", ")),
        };
        let place = Place { file: options.source.as_str().into(), path: String::new() };
        let hint = Some("docs/import.md says how to collect one".to_owned());
        return Err(vec![Trouble { place, message, hint }]);
    }
    for _ in 0..ROUNDS_MAX {
        let composed = compose(&inventory, options);
        let Err(problems) = scenario::load(&composed.page.text) else {
            return Ok(finished(&inventory, composed, notices));
        };
        let mut refused = Vec::new();
        for problem in problems.as_slice() {
            refused.push((place_of(problem, &composed, options)?, problem));
        }
        // What stands on something that is refused is written anew without it: a route becomes a blackhole.
        let ranks = inventory.ranks();
        let rank = |place: &Place| ranks.get(place).copied().unwrap_or(u8::MAX);
        let first = refused.iter().map(|(place, _)| rank(place)).min();
        refused.retain(|(place, _)| Some(rank(place)) == first);
        let places = refused.iter().map(|(place, _)| place.clone()).collect();
        notices.extend(refused.into_iter().map(|(place, problem)| Notice {
            place,
            loss: Loss::Matters,
            message: left_out(problem),
        }));
        inventory.leave_out(&places);
    }
    let place = Place { file: options.source.as_str().into(), path: String::new() };
    let message = format!("after {ROUNDS_MAX} rounds of leaving out what EC2 refuses there is still more");
    Err(vec![Trouble { place, message, hint: None }])
}

fn finished(inventory: &Inventory, composed: Composed, mut notices: Vec<Notice>) -> Import {
    notices.extend(composed.notices);
    notices.sort();
    notices.dedup();
    Import { text: composed.page.text, places: composed.page.places, notices, counts: counts(inventory) }
}

/// Where in the source something stands that is refused.
fn place_of(problem: &Problem, composed: &Composed, options: &Options) -> Result<Place, Vec<Trouble>> {
    let places = &composed.page.places;
    let before = places.partition_point(|(begin, _)| *begin <= problem.span.start);
    let found = before.checked_sub(1).and_then(|at| places.get(at));
    found.map(|(_, place)| place.clone()).ok_or_else(|| {
        let place = Place { file: options.source.as_str().into(), path: String::new() };
        vec![Trouble { place, message: problem.message.clone(), hint: problem.hint.clone() }]
    })
}

fn left_out(problem: &Problem) -> String {
    let mut text = format!("left out: {}", problem.message);
    for note in &problem.notes {
        // Long lists of what is known do not help here.
        if !note.starts_with("known: ") {
            let _ = write!(text, " ({note})");
        }
    }
    text
}

/// Whose and where things are that do not say it must be known.
fn check(options: &Options) -> Result<(), Vec<Trouble>> {
    let trouble = |what: &str, text: &str, hint: String| {
        let place = Place { file: format!("--{what}").into(), path: String::new() };
        Trouble { place, message: format!("`{text}` is no {what} that is known"), hint: Some(hint) }
    };
    let mut troubles = Vec::new();
    if let Some(region) = options.region.as_ref().filter(|it| it.parse::<Region>().is_err()) {
        let known: Vec<&str> = Region::names().collect();
        troubles.push(trouble("region", region, format!("known: {}", known.join(", "))));
    }
    if let Some(account) = options.account.as_ref().filter(|it| it.parse::<Account>().is_err()) {
        troubles.push(trouble("account", account, "accounts have twelve digits".to_owned()));
    }
    if troubles.is_empty() { Ok(()) } else { Err(troubles) }
}

/// The VPCs that something is said to be in.
fn missing_vpcs(inventory: &Inventory) -> Vec<String> {
    let subnets = inventory.subnets.iter().map(|it| it.vpc.clone());
    let tables = inventory.route_tables.iter().map(|it| it.vpc.clone());
    let groups = inventory.security_groups.iter().map(|it| it.vpc.clone());
    let acls = inventory.network_acls.iter().map(|it| it.vpc.clone());
    let all: BTreeSet<String> = subnets.chain(tables).chain(groups).chain(acls).collect();
    all.into_iter().filter(|id| !id.is_empty()).collect()
}

fn counts(inventory: &Inventory) -> Vec<(&'static str, usize)> {
    let rules = |group: &inventory::SecurityGroup| group.ingress.len() + group.egress.len();
    let all = [
        ("VPCs", inventory.vpcs.len()),
        ("subnets", inventory.subnets.len()),
        ("route tables", inventory.route_tables.len()),
        ("network ACLs", inventory.network_acls.len()),
        ("security groups", inventory.security_groups.len()),
        ("security group rules", inventory.security_groups.iter().map(rules).sum()),
        ("instances", inventory.instances.len()),
        ("interfaces", inventory.interfaces.len()),
        ("internet gateways", inventory.internet_gateways.len()),
        ("NAT gateways", inventory.nat_gateways.len()),
        ("Elastic IPs", inventory.addresses.len()),
        ("peering connections", inventory.peerings.len()),
        ("endpoints", inventory.endpoints.len()),
        ("prefix lists", inventory.prefix_lists.len()),
        ("transit gateways", inventory.transit_gateways.len()),
        ("VPN connections", inventory.vpn_connections.len()),
        ("flow logs", inventory.flow_logs.len()),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Reads a source and makes a scenario of it.
pub fn import_source(
    source: &Source,
    parameters: &BTreeMap<String, String>,
    options: &Options,
) -> Result<Import, Vec<Trouble>> {
    import(source.read(parameters, options)?, options)
}
