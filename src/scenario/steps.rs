//! What happens in a scenario, step by step.

use std::ops::Range;
use std::time::Duration;

use super::athena::{self, AthenaExpectation};
use super::aws::{self, AwsCommand, NameKind};
use super::draft;
use super::expect::{self, ApiExpectation, CommandExpectation, MetricsExpectation, Names, labels};
use super::fields::Fields;
use super::flow_pattern::{self, FlowLogExpectation};
use super::links::{self, Places, Repair};
use super::placeholder;
use super::problem::{Lines, Problem, Problems};
use super::resolve::{Kind, Unresolved, managed_prefix_list, resolve};
use super::topology::unresolved;
use super::yaml::{IN_BRACES, Node, Span, Value};
use crate::guest::{self, Command, Service};
use crate::ids::{
    AddressAssociationId, AllocationId, CustomerGatewayId, DhcpOptionsId, EniId, FlowLogId,
    IamInstanceProfileAssociationId, InstanceId, InternetGatewayId, NatGatewayId, NetworkAclAssociationId,
    NetworkAclId, PeeringId, PrefixListId, PublicAccessExclusionId, RouteTableAssociationId, RouteTableId,
    SecurityGroupId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId,
    VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
};
use crate::model::{Account, Fault, Model};

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its title.
    pub name: Option<String>,
    /// The line of the file it begins at.
    pub line: usize,
    /// What is done, and what is to come of it.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Somebody runs statements in Athena.
    Athena {
        /// The statements.
        statements: String,
        /// Where results are saved: `s3://bucket/prefix/`.
        output_location: Option<String>,
        /// What is to come of the last one.
        expect: AthenaExpectation,
    },
    /// Somebody changes resources.
    Aws {
        /// The command as typed.
        typed: String,
        /// The command.
        command: AwsCommand,
        /// Whose it is, unless it is the scenario's account.
        account: Option<Account>,
        /// The name of what it makes.
        creates: Option<String>,
        /// What listens on the instance it launches.
        serves: Vec<(u16, Service)>,
        /// What is to come of it.
        expect: ApiExpectation,
    },
    /// Something breaks.
    Fault {
        /// In words.
        what: String,
        /// What.
        fault: Fault<String>,
    },
    /// Something is made whole again.
    Repair {
        /// In words.
        what: String,
        /// What.
        repair: Repair,
    },
    /// Flow logs are looked at, once the current aggregation interval is over.
    ExpectFlowLogs(FlowLogExpectation),
    /// The metrics of NAT gateways are looked at.
    ExpectMetrics(MetricsExpectation),
    /// Somebody types a command on a host.
    Run {
        /// The host's name.
        on: String,
        /// The command as typed.
        typed: String,
        /// The command.
        command: Command,
        /// After how long it is interrupted.
        timeout: Duration,
        /// What is to come of it.
        expect: CommandExpectation,
    },
    /// Time passes.
    Wait(Duration),
}

/// After this long a command is interrupted, unless the step says otherwise. Longer than a connection
/// attempt of Linux takes to fail.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The things that steps do; each step does one.
const KINDS: [&str; 8] =
    ["run", "aws", "athena", "wait", "fault", "repair", "expect_flow_logs", "expect_metrics"];

/// What else a step can say.
const DETAILS: [&str; 7] = ["on", "timeout", "account", "as", "serves", "output_location", "expect"];

/// What steps can speak of.
pub struct Known<'a> {
    /// The names there are.
    pub names: Names,
    /// The zones and regions there are.
    pub places: Places,
    /// What exists at the beginning.
    pub model: &'a Model,
}

/// Reads the steps, checking every name against what will exist by then.
pub fn read<'a>(source: &'a str, node: &Node, known: Known<'a>, problems: &'a mut Problems) -> Vec<Step> {
    let Some(list) = node.list(problems, "steps") else { return Vec::new() };
    let Known { names, places, model } = known;
    let (ended, broken) = (Vec::new(), Vec::new());
    let mut reader = Reader { lines: Lines::of(source), names, places, ended, broken, model, problems };
    list.iter().filter_map(|node| reader.step(node)).collect()
}

struct Reader<'a> {
    lines: Lines<'a>,
    names: Names,
    places: Places,
    /// Faults of earlier steps that nothing has repaired, and where they are.
    broken: Vec<(Span, Fault<String>)>,
    /// Instances that an earlier step terminated: their names are free again.
    ended: Vec<String>,
    model: &'a Model,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn step(&mut self, node: &Node) -> Option<Step> {
        let before = self.problems.as_slice().len();
        let mut fields = Fields::of(node, "a step", self.problems)?;
        let name = fields.optional("name").and_then(|node| node.text(self.problems)).map(str::to_owned);
        let given: Vec<(&str, &Node)> =
            KINDS.iter().filter_map(|kind| fields.optional(kind).map(|node| (*kind, node))).collect();
        let action = match given.as_slice() {
            [("run", node)] => self.run(node, &mut fields),
            [("aws", node)] => self.aws(node, &mut fields),
            [("athena", node)] => self.athena(node, &mut fields),
            [("wait", node)] => node.duration(self.problems).map(|duration| Action::Wait(duration.value)),
            [("fault", node)] => self.fault(node),
            [("repair", node)] => self.repair(node),
            [("expect_metrics", node)] => {
                expect::metrics(node, &self.names, self.problems).map(Action::ExpectMetrics)
            }
            [(_, node)] => flow_pattern::flow_logs(node, &self.lines, &self.names, self.problems)
                .map(Action::ExpectFlowLogs),
            [] => {
                accept_all(&mut fields);
                self.problems.push(
                    Problem::at(first_line(node), "a step without anything to do")
                        .hint(format!("give it one of `{}`", KINDS.join("`, `"))),
                );
                None
            }
            [(first, _), (second, node), ..] => {
                accept_all(&mut fields);
                let message = format!("a step does one thing: it has `{first}` and `{second}`");
                self.problems.push(Problem::at(node.place, message).hint("make two steps of it"));
                None
            }
        };
        fields.finish(self.problems);
        if let Some(problem) = cut_command(node) {
            // All else that is wrong with the step comes of it.
            self.problems.truncate(before);
            self.problems.push(problem);
        }
        let line = self.lines.number(node.span.start);
        Some(Step { name, line, action: action? })
    }

    fn run(&mut self, node: &Node, fields: &mut Fields<'_>) -> Option<Action> {
        let on = fields.required("on", self.problems).and_then(|node| self.host(node));
        let timeout = fields.optional("timeout").and_then(|node| node.duration(self.problems));
        let expect = fields.optional("expect");
        let expect = match expect {
            Some(node) => expect::command(node, &self.lines, &self.names, self.problems),
            None => Some(CommandExpectation::default()),
        };
        let typed = node.text(self.problems)?.trim();
        self.check_placeholders(node, typed);
        let command = match guest::parse(&placeholder::masked(typed)) {
            Ok(command) => Some(command),
            Err(error) => {
                let span = self.part_of(node, typed, &error.range);
                let problem = Problem::at(span, error.message);
                self.problems.push(match error.hint {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                });
                None
            }
        };
        Some(Action::Run {
            on: on?,
            typed: typed.to_owned(),
            command: command?,
            timeout: timeout.map_or(TIMEOUT, |timeout| timeout.value),
            expect: expect?,
        })
    }

    fn athena(&mut self, node: &Node, fields: &mut Fields<'_>) -> Option<Action> {
        let output_location = fields.optional("output_location").and_then(|node| {
            let text = node.text(self.problems)?;
            if !text.strip_prefix("s3://").is_some_and(|rest| !rest.starts_with('/') && !rest.is_empty()) {
                let problem = Problem::at(node.place, format!("`{text}` is no place in a bucket"));
                self.problems.push(problem.hint("write it like s3://bucket/prefix/"));
            }
            Some(text.to_owned())
        });
        let expect = match fields.optional("expect") {
            Some(node) => athena::read(node, self.problems)?,
            None => AthenaExpectation::default(),
        };
        let statements = node.text(self.problems)?.to_owned();
        if statements.trim().is_empty() {
            let problem = Problem::at(node.place, "there is no statement");
            self.problems.push(problem.hint("write one like `athena: SELECT count(*) FROM vpc_flow_logs`"));
        }
        if !cfg!(feature = "athena") {
            let problem = Problem::at(node.place, "this vpclab was built without Athena");
            self.problems.push(problem.hint("build it with the feature `athena`"));
            return None;
        }
        Some(Action::Athena { statements, output_location, expect })
    }

    /// A placeholder names something that exists, or that a step before has made.
    fn check_placeholders(&mut self, node: &Node, typed: &str) {
        for (range, name) in placeholder::names(typed) {
            if !self.names.may_own_interface(name) {
                let span = self.part_of(node, typed, &range);
                let known = self.names.interfaces.iter().map(String::as_str);
                self.problems.push(Problem::unknown(span, "interface endpoint or instance", name, known));
            }
        }
    }

    fn fault(&mut self, node: &Node) -> Option<Action> {
        let (fault, what) = links::fault(node, &self.places, &self.names, self.problems)?;
        let earlier = self.broken.iter().position(|(_, other)| other.is_same(&fault));
        match (&fault, earlier) {
            // A link may get worse and worse.
            (Fault::Link(_), Some(earlier)) => self.broken[earlier].0 = node.place,
            (Fault::Cut(_) | Fault::Partition(_) | Fault::ZoneDown(_), Some(earlier)) => {
                let problem = Problem::at(node.place, format!("this is broken already: {what}"));
                self.problems
                    .push(problem.also(self.broken[earlier].0, "since this step").hint("leave one out"));
            }
            (_, None) => self.broken.push((node.place, fault.clone())),
        }
        Some(Action::Fault { what, fault })
    }

    fn repair(&mut self, node: &Node) -> Option<Action> {
        let (repair, what) = links::repair(node, &self.places, &self.names, self.problems)?;
        match &repair {
            Repair::All => self.broken.clear(),
            Repair::Fault(fault) => match self.broken.iter().position(|(_, other)| other.is_same(fault)) {
                Some(at) => drop(self.broken.remove(at)),
                None => {
                    let known: Vec<String> =
                        self.broken.iter().map(|(_, fault)| links::in_words(fault)).collect();
                    let problem = Problem::at(node.place, format!("nothing to repair: {what}"));
                    self.problems.push(match known.as_slice() {
                        [] => problem.note("no earlier step breaks anything that is still broken"),
                        known => problem.note(format!("broken at this step: {}", known.join("; "))),
                    });
                }
            },
        }
        Some(Action::Repair { what, repair })
    }

    fn host(&mut self, node: &Node) -> Option<String> {
        let name = node.text(self.problems)?;
        if self.names.hosts.iter().all(|host| host != name) {
            let known = self.names.hosts.iter().map(String::as_str);
            self.problems.push(Problem::unknown(node.span, "host", name, known));
            return None;
        }
        Some(name.to_owned())
    }

    fn aws(&mut self, node: &Node, fields: &mut Fields<'_>) -> Option<Action> {
        let account = fields.optional("account").and_then(|node| {
            node.parse::<Account>(self.problems, "an account number of twelve digits, in quotes")
        });
        let name = fields
            .optional("as")
            .and_then(|node| node.text(self.problems).map(|text| (node, text.to_owned())));
        let serves_at = fields.optional("serves").map(|node| node.place);
        let serves = draft::serves(fields, self.problems);
        let expect = fields.optional("expect");
        let typed = node.text(self.problems)?.trim();
        let command = match aws::parse(typed) {
            Ok(command) => command,
            Err(mistakes) => {
                for mistake in mistakes {
                    let problem = Problem::at(self.part_of(node, typed, &mistake.range), mistake.message);
                    self.problems.push(match mistake.hint {
                        Some(hint) => problem.hint(hint),
                        None => problem,
                    });
                }
                // Whatever it would have made has the name all the same.
                if let Some((_, name)) = name {
                    self.names.hosts.push(name.clone());
                    self.names.instances.push(name.clone());
                    self.names.labels.push(name.clone());
                    self.names.flow_logs.push(name.clone());
                    self.names.given.push(name);
                }
                return None;
            }
        };
        if let (Some(place), false) = (serves_at, command.creates() == Some(NameKind::Instance)) {
            let message = format!("`{}` launches no instance that could serve", command.command());
            self.problems.push(Problem::at(place, message).hint("leave `serves` out"));
        }
        self.check_names(node, typed, &command);
        let creates = self.learn(&command, name);
        let expect = match expect {
            Some(node) => expect::api(node, &command, self.problems)?,
            None => ApiExpectation::default(),
        };
        Some(Action::Aws {
            typed: typed.to_owned(),
            command,
            account: account.map(|account| account.value),
            creates,
            serves,
            expect,
        })
    }

    /// Every name in the command is one of the topology, or was made by a step before.
    fn check_names(&mut self, node: &Node, typed: &str, command: &AwsCommand) {
        for (kind, text, range) in command.names() {
            let name = text.rsplit('/').next().unwrap_or(&text);
            if self.names.given.iter().any(|given| given == name) {
                continue;
            }
            if let Some(problem) = check_name(self.model, kind, &text, self.part_of(node, typed, &range)) {
                self.problems.push(problem);
            }
        }
    }

    /// Remembers the names a command gives. `as:` is for commands that make something.
    fn learn(&mut self, command: &AwsCommand, name: Option<(&Node, String)>) -> Option<String> {
        if let (Some((node, _)), None) = (&name, command.creates()) {
            let message = format!("`{}` makes nothing that could be named", command.command());
            self.problems.push(Problem::at(node.place, message).hint("leave `as` out"));
        }
        if let (Some((node, name)), Some(NameKind::Instance)) = (&name, command.creates())
            && self.names.hosts.contains(name)
            && !self.ended.contains(name)
        {
            let problem = Problem::at(node.span, format!("there is a host called `{name}` already"));
            self.problems.push(problem.hint("steps call hosts by name: give each its own"));
        }
        if let (Some((node, name)), Some(NameKind::Instance)) = (&name, command.creates()) {
            self.problems.extend(draft::bad_host_name(node.span, name));
        }
        if command.command() == "terminate-instances" {
            self.ended.extend(command.names().map(|(_, name, _)| name));
        }
        let name = name.map(|(_, name)| name);
        for made in name.iter().cloned().chain(command.name_tag()).chain(command.own_name()) {
            if command.creates() == Some(NameKind::Instance) {
                self.names.hosts.push(made.clone());
                self.names.instances.push(made.clone());
            }
            self.names.given.push(made.clone());
            if command.creates() == Some(NameKind::FlowLog) {
                self.names.flow_logs.push(made.clone());
            }
            self.names.labels.push(made);
        }
        name
    }

    /// The place of a part of a text in the file; the whole text if it is not written there as it is.
    fn part_of(&self, node: &Node, text: &str, range: &Range<usize>) -> Span {
        part_of(self.lines.source, node, text, range)
    }
}

/// The place of a part of a text in the file; the whole text if it is not written there as it is.
pub(super) fn part_of(source: &str, node: &Node, text: &str, range: &Range<usize>) -> Span {
    let written = &source[node.span.start..node.span.end];
    match written.find(text) {
        Some(offset) => {
            let start = node.span.start + offset;
            Span { start: start + range.start, end: start + range.end.max(range.start) }
        }
        None => node.span,
    }
}

/// Which keys go with a step cannot be said if it is not clear what it does.
fn accept_all(fields: &mut Fields<'_>) {
    for key in DETAILS {
        fields.optional(key);
    }
}

/// A command that a comma has cut: inside `{ }` what follows is a key without a value.
fn cut_command(node: &Node) -> Option<Problem> {
    let Value::Map(entries) = &node.value else { return None };
    let rest = entries.windows(2).find_map(|pair| match pair {
        [(command, _), (rest, value)] if ["aws", "run"].contains(&command.text.as_str()) => {
            let is_key = DETAILS.contains(&rest.text.as_str()) || KINDS.contains(&rest.text.as_str());
            (value.is_null() && !is_key && rest.text != "name").then_some(rest)
        }
        _ => None,
    })?;
    Some(Problem::at(rest.span, "the comma before this ends the command").hint(IN_BRACES))
}

/// Where to point when a step as a whole is meant.
fn first_line(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.place, |(key, _)| key.span),
        Value::Null | Value::Scalar { .. } | Value::List(_) => node.place,
    }
}

fn check_name(model: &Model, kind: NameKind, text: &str, span: Span) -> Option<Problem> {
    match kind {
        NameKind::Any => check_any(model, text, span),
        NameKind::CustomerGateway => check::<CustomerGatewayId>(model, text, span),
        // `default` stands for no set at all.
        NameKind::DhcpOptions if text == "default" => None,
        NameKind::DhcpOptions => check::<DhcpOptionsId>(model, text, span),
        NameKind::ElasticIp if text.starts_with(AddressAssociationId::PREFIX) => None,
        NameKind::ElasticIp => check::<AllocationId>(model, text, span),
        NameKind::Endpoint => check::<VpcEndpointId>(model, text, span),
        NameKind::FlowLog => check::<FlowLogId>(model, text, span),
        NameKind::FlowLogResource => check_flow_log_resource(model, text, span),
        NameKind::Eni => check::<EniId>(model, text, span),
        NameKind::Gateway => check_gateway(model, text, span),
        NameKind::Instance => check::<InstanceId>(model, text, span),
        NameKind::InstanceProfile => {
            check_named("instance profile", model.instance_profiles.values().map(|x| &x.name), text, span)
        }
        NameKind::InternetGateway => check::<InternetGatewayId>(model, text, span),
        NameKind::ManagedPolicy => check_policy(model, text, span),
        NameKind::NatGateway => check::<NatGatewayId>(model, text, span),
        NameKind::NetworkAcl => check::<NetworkAclId>(model, text, span),
        NameKind::Peering => check::<PeeringId>(model, text, span),
        NameKind::PrefixList if managed_prefix_list(text).is_some() => None,
        NameKind::PrefixList => check::<PrefixListId>(model, text, span),
        NameKind::ProfileAssociation if text.starts_with(IamInstanceProfileAssociationId::PREFIX) => None,
        NameKind::ProfileAssociation => check::<InstanceId>(model, text, span),
        NameKind::Role => check_named("role", model.roles.values().map(|x| &x.name), text, span),
        NameKind::RouteTable => check::<RouteTableId>(model, text, span),
        NameKind::RouteTableAssociation if text.starts_with(RouteTableAssociationId::PREFIX) => None,
        NameKind::RouteTableAssociation => {
            check_gateway(model, text, span).and_then(|_| check_subnet_or_vpc(model, text, span))
        }
        NameKind::SecurityGroup => check::<SecurityGroupId>(model, text, span),
        // An association of a network ACL is called by its subnet.
        NameKind::Subnet if text.starts_with(NetworkAclAssociationId::PREFIX) => None,
        NameKind::Subnet => check::<SubnetId>(model, text, span),
        NameKind::SubnetOrVpc if text.starts_with(PublicAccessExclusionId::PREFIX) => None,
        NameKind::SubnetOrVpc => check_subnet_or_vpc(model, text, span),
        NameKind::TransitGateway => check::<TransitGatewayId>(model, text, span),
        NameKind::TransitGatewayAttachment => check::<TransitGatewayAttachmentId>(model, text, span),
        NameKind::TransitGatewayRouteTable => check::<TransitGatewayRouteTableId>(model, text, span),
        NameKind::User => check_named("user", model.users.values().map(|x| &x.name), text, span),
        NameKind::Vpc => check::<VpcId>(model, text, span),
        NameKind::VpnConnection => check::<VpnConnectionId>(model, text, span),
        NameKind::VpnGateway => check::<VpnGatewayId>(model, text, span),
    }
}

/// What IAM knows by name.
fn check_named<'m>(
    what: &str,
    names: impl Iterator<Item = &'m String> + Clone,
    text: &str,
    span: Span,
) -> Option<Problem> {
    let is_known = names.clone().any(|name| name == text);
    (!is_known).then(|| Problem::unknown(span, what, text, names.map(String::as_str)))
}

/// A managed policy by its ARN or its name.
fn check_policy(model: &Model, text: &str, span: Span) -> Option<Problem> {
    let all = || model.managed_policies.values().chain(Model::aws_policies());
    let is_known = all().any(|policy| policy.arn == text || policy.name == text);
    (!is_known)
        .then(|| Problem::unknown(span, "managed policy", text, all().map(|policy| policy.name.as_str())))
}

fn check_subnet_or_vpc(model: &Model, text: &str, span: Span) -> Option<Problem> {
    check::<VpcId>(model, text, span).and_then(|_| check::<SubnetId>(model, text, span))
}

/// What a flow log can watch: an instance stands for its interface.
fn check_flow_log_resource(model: &Model, text: &str, span: Span) -> Option<Problem> {
    check::<VpcId>(model, text, span)
        .and_then(|problem| check::<SubnetId>(model, text, span).map(|_| problem))
        .and_then(|problem| check::<EniId>(model, text, span).map(|_| problem))
        .and_then(|problem| check::<NatGatewayId>(model, text, span).map(|_| problem))
        .and_then(|problem| check::<TransitGatewayId>(model, text, span).map(|_| problem))
        .and_then(|problem| check::<TransitGatewayAttachmentId>(model, text, span).map(|_| problem))
}

fn check_gateway(model: &Model, text: &str, span: Span) -> Option<Problem> {
    check::<VpnGatewayId>(model, text, span)
        .and_then(|_| check::<VpcEndpointId>(model, text, span))
        .and_then(|_| check::<InternetGatewayId>(model, text, span))
}

fn check<K: Kind>(model: &Model, text: &str, span: Span) -> Option<Problem> {
    resolve::<K>(model, text, None).err().map(|why| unresolved::<K>(span, text, why))
}

/// Tags go to anything; an id of whatever kind is left to EC2.
fn check_any(model: &Model, text: &str, span: Span) -> Option<Problem> {
    let all = labels(model);
    let is_id = text
        .split_once('-')
        .is_some_and(|(_, hex)| hex.len() >= 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let name = text.rsplit('/').next().unwrap_or(text);
    if is_id || all.iter().any(|label| label == name) {
        return None;
    }
    let why = Unresolved::Unknown { known: all };
    Some(unresolved::<VpcId>(span, text, why))
        .map(|problem| Problem { message: format!("unknown resource `{text}`"), ..problem })
}
