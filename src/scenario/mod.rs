//! The scenario language: from a YAML file to a model, and to steps with expectations.
//!
//! Everything a file describes is made through `api/`, so EC2's own checks apply to it. Every mistake
//! is found before anything runs, with its place. Reads no files itself and runs nothing: whoever calls
//! gives the text and executes the steps.
//!
//! Reading order: [`load`] here; `draft` takes the YAML apart; `topology` makes the resources;
//! `steps` and `expect` read the rest; [`aws`] is the AWS CLI. [`yaml`], [`fields`] and [`problem`]
//! know nothing of VPCs.

mod athena;
pub mod aws;
mod base;
mod document;
mod draft;
mod expect;
pub mod fields;
mod flow_pattern;
mod links;
pub mod placeholder;
pub mod problem;
mod resolve;
mod steps;
mod topology;
mod traffic;
mod units;
pub mod yaml;

use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

pub use athena::{AthenaExpectation, RowExpectation};
pub use base::{Base, Imported, Importer};
pub use document::Pattern;
pub use expect::{
    ApiExpectation, CommandExpectation, Count, DropExpectation, Exit, MetricsExpectation, PacketExpectation,
    PacketFate, PacketKind, Party, Text,
};
pub use flow_pattern::{Comparison, FieldPattern, FlowLogExpectation, FlowPattern, Wanted};
pub use links::{Link, Repair};
pub use resolve::{Kind, Unresolved, is_called, resolve};
pub use steps::{Action, Step};

use self::fields::Fields;
use self::problem::{Problem, Problems};
use self::yaml::Node;
use crate::guest::HostSetup;
use crate::ids::EniId;
use crate::model::{Bandwidth, Instance, InstanceState, Model, Scope};
use crate::seed::Seed;
use crate::time::Instant;
use crate::trace::Station;
use crate::traffic::Activity;

/// What hosts do by themselves.
pub type Hosts = IndexMap<Station, HostSetup, FixedState>;

/// A scenario without mistakes.
#[derive(Debug)]
pub struct Scenario {
    /// Its title.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub description: Option<String>,
    /// When it begins.
    pub start: Instant,
    /// The seed, unless the command line gives another.
    pub seed: Seed,
    /// Whose `aws` commands are, and where, unless a step says otherwise.
    pub scope: Scope,
    /// Everything that exists at the beginning.
    pub model: Model,
    /// What hosts do by themselves.
    pub hosts: Hosts,
    /// Links that are not like others.
    pub links: Vec<Link>,
    /// The bandwidth of instances that have one.
    pub bandwidths: Vec<(EniId, Bandwidth)>,
    /// How many flows are recorded at an interface in an interval, if that is limited.
    pub flow_log_capacity: Option<usize>,
    /// Background traffic.
    pub traffic: Vec<Activity<()>>,
    /// What happens.
    pub steps: Vec<Step>,
    /// What of the source it begins with could not be carried over, in the words of a report.
    pub not_imported: Vec<String>,
}

/// The version of the language. Files that need a later one are refused.
const VERSION: u32 = 1;

/// When a scenario begins that does not say so: 2024-06-28T09:00:00Z.
const START: Instant = Instant::from_unix_seconds(1_719_565_200);

/// Reads a scenario that imports nothing, or says all that is wrong with it.
pub fn load(source: &str) -> Result<Scenario, Problems> {
    load_with(source, &mut |_| Err("there is no file that its path could be relative to".to_owned()))
}

/// Reads a scenario, or says all that is wrong with it; what it begins with is imported.
pub fn load_with(source: &str, import: Importer<'_>) -> Result<Scenario, Problems> {
    let mut problems = Problems::new();
    let scenario = yaml::parse(source, &mut problems).and_then(|root| {
        let (root, ground) = base::lay_over(source, root, import, &mut problems);
        let mut scenario = read(source, &root, &mut problems);
        if let Some(ground) = ground {
            ground.place(&mut problems);
            if let Some(scenario) = &mut scenario {
                scenario.not_imported = ground.notices();
            }
        }
        scenario
    });
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(scenario),
        Some(_) | None => Err(problems),
    }
}

fn read(source: &str, root: &Node, problems: &mut Problems) -> Option<Scenario> {
    if root.is_null() {
        let problem = Problem::at(root.span, "an empty file");
        problems.push(problem.hint("a scenario begins with `name:`; docs/scenarios.md describes the rest"));
        return None;
    }
    let mut fields = Fields::of(root, "a scenario", problems)?;
    if let Some(node) = fields.optional("version") {
        node.integer(problems, VERSION..=VERSION);
    }
    let name = fields.required("name", problems).and_then(|node| node.text(problems));
    let description = fields.optional("description").and_then(|node| node.text(problems));
    let start = fields.optional("start").map(|node| node.timestamp(problems));
    fields.optional("topology");
    let seed = fields.optional("seed").map(|node| node.integer(problems, 0..=u64::MAX));
    let scope = draft::scope(&mut fields, None, problems);
    let topology = draft::topology(&mut fields, scope, problems);
    let capacity = fields.optional("flow_log_capacity").and_then(|node| node.integer(problems, 1..=u32::MAX));
    let links = fields.optional("links");
    let traffic = fields.optional("traffic");
    let serves = fields.optional("serves");
    let steps = fields.optional("steps");
    fields.finish(problems);

    let start = start.flatten().map_or(START, |start| start.value);
    let declared = draft::Declared::of(root);
    let mut built = topology::build(&topology, &declared, start, scope, problems);
    if let Some(node) = serves {
        serve(node, &mut built, problems);
    }
    let names = expect::Names::of(&built.model, declared);
    let places = links::Places::of(&built.model, scope);
    let links = links.map(|node| links::links(node, &places, &names, problems)).unwrap_or_default();
    let traffic = traffic.map(|node| traffic::read(source, node, &names, problems)).unwrap_or_default();
    let known = steps::Known { names, places, model: &built.model };
    let steps = steps.map(|node| steps::read(source, node, known, problems)).unwrap_or_default();
    Some(Scenario {
        name: name?.to_owned(),
        description: description.map(|text| text.trim_end().to_owned()),
        start,
        seed: Seed(seed.flatten().map_or(1, |seed| seed.value)),
        scope,
        model: built.model,
        hosts: built.hosts,
        links,
        bandwidths: built.bandwidths,
        flow_log_capacity: capacity.map(|capacity| capacity.value as usize),
        traffic,
        steps,
        not_imported: Vec::new(),
    })
}

/// `serves:` by host, beside what hosts say themselves.
fn serve(node: &Node, built: &mut topology::Built, problems: &mut Problems) {
    for (key, node) in node.entries(problems, "pages by port, by host").unwrap_or_default() {
        let services = draft::services(node, problems);
        match station_of(&built.model, &key.text) {
            Some(station) => {
                let setup = built.hosts.entry(station).or_default();
                setup.services.retain(|(port, _)| services.iter().all(|(other, _)| other != port));
                setup.services.extend(services);
            }
            None => {
                let known = built.model.host_names();
                problems.push(Problem::unknown(key.span, "host", &key.text, known));
            }
        }
    }
}

/// Where the host with a name is: behind the interface of a running instance, on the internet, or on
/// premises.
pub fn station_of(model: &Model, name: &str) -> Option<Station> {
    let is_there = |instance: &&Instance| {
        instance.name.as_deref() == Some(name) && instance.state != InstanceState::Terminated
    };
    let instance = model.instances.values().find(is_there);
    instance
        .map(|instance| Station::Eni(instance.eni))
        .or_else(|| {
            let eni = model.further_hosts().find(|eni| eni.name.as_deref() == Some(name))?;
            Some(Station::Eni(eni.id))
        })
        .or_else(|| outside_address(model, name).map(Station::Outside))
        .or_else(|| {
            let host = model.on_prem.values().find(|host| host.name == name)?;
            Some(Station::OnPrem(host.network, host.address))
        })
}

/// The address of a host on the internet.
fn outside_address(model: &Model, name: &str) -> Option<Ipv4Addr> {
    model.outside.values().find(|host| host.name == name).map(|host| host.address)
}
