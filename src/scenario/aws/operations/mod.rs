//! The commands there are, the options they take, and the operations they call: a file for each noun.

mod address;
mod dhcp_options;
mod dynamodb;
mod endpoint;
mod flow_log;
mod iam;
mod instance;
mod instance_profile;
mod internet_gateway;
mod logs;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod peering;
mod prefix_list;
mod public_access;
mod route_table;
mod s3api;
mod security_group;
mod sns;
mod subnet;
mod tags;
mod transit_gateway;
mod vpc;
mod vpn;

use ipnet::Ipv4Net;
use serde_json::{Map, Value};

pub use self::iam::policy_arn;
use super::describe::View;
use super::params::{NameKind, Param, Ports, What, optional, required};
use super::shorthand::{self, Tree};
use super::{Call, Failure, Output};
use crate::api::{ApiError, Ec2, New};
use crate::ids::{EniId, InstanceId, PrefixListId};
use crate::model::{PortRange, Traffic};
use crate::scenario::resolve::{Kind, is_called, managed_prefix_list};
use crate::wire::Protocol;

/// A command of `aws`.
#[derive(Debug)]
pub struct Operation {
    /// The service that is asked, e.g. `ec2`.
    pub service: &'static str,
    /// As it is typed, e.g. `create-route`.
    pub command: &'static str,
    /// As the service calls it, e.g. `CreateRoute`.
    pub name: &'static str,
    /// What it makes.
    pub creates: Option<NameKind>,
    /// The member its document has, e.g. `RouteTables`, if it answers with one.
    pub describes: Option<&'static str>,
    pub params: &'static [Param],
    pub run: fn(&mut Call<'_, '_>) -> Answer,
}

type Answer = Result<Output, Failure>;

/// Every command, in no particular order.
pub fn all() -> impl Iterator<Item = &'static Operation> + Clone {
    OPERATIONS.iter().copied().flatten()
}

static OPERATIONS: [&[Operation]; 25] = [
    address::OPERATIONS,
    dhcp_options::OPERATIONS,
    dynamodb::OPERATIONS,
    endpoint::OPERATIONS,
    flow_log::OPERATIONS,
    iam::OPERATIONS,
    instance::OPERATIONS,
    instance_profile::OPERATIONS,
    internet_gateway::OPERATIONS,
    logs::OPERATIONS,
    nat_gateway::OPERATIONS,
    network_acl::OPERATIONS,
    network_interface::OPERATIONS,
    peering::OPERATIONS,
    prefix_list::OPERATIONS,
    public_access::OPERATIONS,
    route_table::OPERATIONS,
    s3api::OPERATIONS,
    security_group::OPERATIONS,
    sns::OPERATIONS,
    subnet::OPERATIONS,
    tags::OPERATIONS,
    transit_gateway::OPERATIONS,
    vpc::OPERATIONS,
    vpn::OPERATIONS,
];

const TAGS: Param = optional("tag-specifications", What::TagSpecifications);
const VPC: Param = required("vpc-id", What::Name(NameKind::Vpc));
const ROUTE_TABLE: Param = required("route-table-id", What::Name(NameKind::RouteTable));
const GROUPS: Param = optional("groups", What::Names(NameKind::SecurityGroup));
const SOURCE_DEST_CHECK: Param = optional("source-dest-check", What::Flag);
const NO_SOURCE_DEST_CHECK: Param = optional("no-source-dest-check", What::Flag);
const DESCRIPTION: Param = optional("description", What::Text);
/// For what is in a VPC.
const FILTERS: Param = optional("filters", What::Structures(FILTER));
const FILTER: &[Param] =
    &[required("Name", What::Choice(&["vpc-id", "tag:Name"])), required("Values", What::Texts)];

/// A service whose commands are made by its methods.
struct Service(&'static str);

const EC2: Service = Service("ec2");

impl Service {
    /// A command.
    const fn op(
        self,
        command: &'static str,
        name: &'static str,
        params: &'static [Param],
        run: fn(&mut Call<'_, '_>) -> Answer,
    ) -> Operation {
        Operation { service: self.0, command, name, creates: None, describes: None, params, run }
    }

    /// A command that answers with a document.
    const fn describe(
        self,
        command: &'static str,
        name: &'static str,
        member: &'static str,
        params: &'static [Param],
        run: fn(&mut Call<'_, '_>) -> Answer,
    ) -> Operation {
        Operation { service: self.0, command, name, creates: None, describes: Some(member), params, run }
    }
}

const fn op(
    command: &'static str,
    name: &'static str,
    creates: Option<NameKind>,
    params: &'static [Param],
    run: fn(&mut Call<'_, '_>) -> Answer,
) -> Operation {
    Operation { creates, ..EC2.op(command, name, params, run) }
}

const fn describe(
    command: &'static str,
    name: &'static str,
    member: &'static str,
    params: &'static [Param],
    run: fn(&mut Call<'_, '_>) -> Answer,
) -> Operation {
    EC2.describe(command, name, member, params, run)
}

impl Call<'_, '_> {
    /// The Name tag for what is made: the step's, or the one in the tags.
    fn naming<Id>(&self) -> New<Id> {
        New { name: self.name.map(str::to_owned).or_else(|| self.command.name_tag()), id: None }
    }

    /// Calls an operation on the thing an option names.
    fn on<K: Kind>(
        &mut self,
        option: &str,
        operation: impl FnOnce(&mut Ec2<'_>, K) -> Result<(), ApiError>,
    ) -> Answer {
        let id = self.id(option)?;
        done(self.call(|ec2| operation(ec2, id)))
    }

    /// The answer of a command that describes: one member, a list of what passes the filters.
    fn document(&self, mut elements: Vec<Value>) -> Output {
        for option in ["filters", "filter"] {
            for filter in self.structures(option) {
                elements.retain(|element| self.passes(&filter, element));
            }
        }
        let member = self.command.operation.describes.expect("a command that describes");
        let document = Map::from_iter([(member.to_owned(), Value::Array(elements))]);
        Output { fields: Vec::new(), document: Some(Value::Object(document)) }
    }

    fn passes(&self, filter: &Tree, element: &Value) -> bool {
        let of_tag = |tags: &Value| {
            let name = tags.as_array()?.iter().find(|tag| tag["Key"] == "Name")?;
            name["Value"].as_str().map(str::to_owned)
        };
        let came = if filter.text("Name") == Some("tag:Name") {
            of_tag(&element["Tags"]).or_else(|| of_tag(&element["TagSet"]))
        } else {
            element["VpcId"].as_str().map(str::to_owned)
        };
        let Some(came) = came else { return false };
        filter.elements("Values").iter().any(|wanted| match wanted {
            Tree::Text(wanted) => *wanted == came || is_called(self.model(), &came, wanted),
            Tree::List(_) | Tree::Map(_) => false,
        })
    }

    /// The structures behind an option.
    fn structures(&self, option: &str) -> Vec<Tree> {
        self.texts(option)
            .flat_map(|text| shorthand::read_all(text).expect("checked when the command was read"))
            .collect()
    }

    fn structure(&self, option: &str) -> Option<Tree> {
        self.structures(option).into_iter().next()
    }

    fn cidr(&self, name: &str) -> Ipv4Net {
        self.value(name).expect("a required option is there")
    }

    fn count(&self, name: &str) -> Option<usize> {
        self.value(name)
    }

    fn ips(&self, name: &str) -> Vec<std::net::Ipv4Addr> {
        self.texts(name).map(|text| text.parse().expect("checked when the command was read")).collect()
    }

    /// What two flags such as `--x` and `--no-x` say together.
    fn flag(&self, yes: &str, no: &str) -> Option<bool> {
        match (self.has(yes), self.has(no)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    fn missing(&self) -> Failure {
        self.refused(self.ec2.missing_parameter())
    }

    fn combined(&self) -> Failure {
        self.refused(self.ec2.invalid_combination())
    }

    /// The interface that a command is about: itself, or the one of an instance.
    fn interface(&self) -> Result<EniId, Failure> {
        match (self.optional_id("network-interface-id")?, self.optional_id::<InstanceId>("instance-id")?) {
            (Some(eni), _) => Ok(eni),
            (None, Some(instance)) => self.interface_of(instance),
            (None, None) => Err(self.missing()),
        }
    }

    fn interface_of(&self, instance: InstanceId) -> Result<EniId, Failure> {
        let found = self.model().instances.get(&instance).map(|instance| instance.eni);
        found.ok_or_else(|| Failure::Gone { name: instance.to_string() })
    }

    /// The prefix list that a text stands for. Those of AWS come into being when somebody names them.
    fn prefix_list(&mut self, text: &str) -> Result<PrefixListId, Failure> {
        let region = self.ec2.region();
        if let Some((of, service)) = managed_prefix_list(text).filter(|(of, _)| *of == region) {
            debug_assert_eq!(of, region, "the filter says so");
            return self.call(|ec2| ec2.managed_prefix_list(service));
        }
        if let Ok(id) = text.parse::<PrefixListId>()
            && !self.model().prefix_lists.contains_key(&id)
        {
            self.ec2.meet_managed_prefix_lists(Some(id));
        }
        self.resolve(text, None)
    }
}

impl<'m> Call<'_, 'm> {
    /// Shows what an option names, or everything of its kind.
    fn show<K: Kind, T>(
        &mut self,
        option: &str,
        find: impl for<'a> Fn(&'a Ec2<'m>, &[K]) -> Result<Vec<&'a T>, ApiError>,
        render: fn(&View<'_>, &T) -> Value,
    ) -> Answer {
        let ids = self.ids(option)?;
        let found = find(self.ec2, &ids).map_err(|error| self.refused(error))?;
        let view = View::of(self.ec2);
        let elements = found.into_iter().map(|thing| render(&view, thing)).collect();
        Ok(self.document(elements))
    }
}

fn done(result: Result<(), Failure>) -> Answer {
    result.map(|()| Output::default())
}

fn answer<const N: usize>(fields: [(&'static str, String); N]) -> Answer {
    Ok(Output { fields: fields.into(), document: None })
}

/// Whether a member of a structure says `enable`; `default` if it says nothing.
fn enables(options: Option<&Tree>, member: &str, default: bool) -> bool {
    options.and_then(|options| options.text(member)).map_or(default, |text| text == "enable")
}

/// What a rule with a protocol and ports is about; `None` if they do not go together: TCP and UDP want
/// a range, ICMP wants a type and a code (aws: sg-rule-fields).
fn traffic(protocol: Option<u8>, ports: Option<Ports>) -> Option<Traffic> {
    let range = || match ports? {
        Ports::All => Some(PortRange::ALL),
        Ports::Range(from, to) => (from <= to).then_some(PortRange { from, to }),
        Ports::One(port) => Some(PortRange::one(port)),
    };
    let byte = |number: u16| u8::try_from(number).ok().map(Some);
    Some(match protocol.map(Protocol) {
        None => Traffic::All,
        Some(Protocol::TCP) => Traffic::Tcp(range()?),
        Some(Protocol::UDP) => Traffic::Udp(range()?),
        Some(Protocol::ICMP) => match ports {
            None | Some(Ports::All) => Traffic::Icmp { kind: None, code: None },
            Some(Ports::One(kind)) => Traffic::Icmp { kind: byte(kind)?, code: None },
            Some(Ports::Range(kind, code)) => Traffic::Icmp { kind: byte(kind)?, code: byte(code)? },
        },
        Some(other) => Traffic::Other(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_there_once_and_named_as_its_operation() {
        let pascal = |command: &str| -> String {
            let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
            command.split('-').map(capital).collect()
        };
        let mut commands: Vec<&str> = all().map(|operation| operation.command).collect();
        commands.sort_unstable();
        let there = commands.len();
        commands.dedup();
        assert_eq!(there, commands.len());
        for operation in all() {
            assert_eq!(pascal(operation.command), operation.name);
        }
    }
}
