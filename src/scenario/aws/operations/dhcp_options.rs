//! DHCP option sets.

use std::str::FromStr;

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::super::shorthand::Tree;
use super::{Answer, Call, Failure, Operation, TAGS, VPC, answer, describe as describes, op};
use crate::api::{CreateDhcpOptions, Ec2};
use crate::ids::DhcpOptionsId;

const OPTIONS: Param = required("dhcp-options-id", What::Name(NameKind::DhcpOptions));
const CONFIGURATION: &[Param] = &[
    required("Key", What::Choice(&["domain-name", "domain-name-servers", "ntp-servers"])),
    required("Values", What::Texts),
];

pub const OPERATIONS: &[Operation] = &[
    op("associate-dhcp-options", "AssociateDhcpOptions", None, &[OPTIONS, VPC], |call| {
        // `default` stands for no set at all.
        let options = match call.text("dhcp-options-id") {
            Some("default") => None,
            Some(_) | None => Some(call.id::<DhcpOptionsId>("dhcp-options-id")?),
        };
        call.on("vpc-id", |ec2, vpc| ec2.associate_dhcp_options(options, vpc))
    }),
    op(
        "create-dhcp-options",
        "CreateDhcpOptions",
        Some(NameKind::DhcpOptions),
        &[required("dhcp-configurations", What::Structures(CONFIGURATION)), TAGS],
        create,
    ),
    op("delete-dhcp-options", "DeleteDhcpOptions", None, &[OPTIONS], |call| {
        call.on("dhcp-options-id", |ec2, id| ec2.delete_dhcp_options(id))
    }),
    describes(
        "describe-dhcp-options",
        "DescribeDhcpOptions",
        "DhcpOptions",
        &[optional("dhcp-options-ids", What::Names(NameKind::DhcpOptions))],
        |call| call.show("dhcp-options-ids", Ec2::describe_dhcp_options, describe::dhcp_options),
    ),
];

fn create(call: &mut Call<'_, '_>) -> Answer {
    let mut request = CreateDhcpOptions {
        new: call.naming(),
        domain_name_servers: Vec::new(),
        domain_name: None,
        ntp_servers: Vec::new(),
    };
    for configuration in call.structures("dhcp-configurations") {
        let values = values(&configuration);
        match configuration.text("Key") {
            Some("domain-name-servers") => request.domain_name_servers = read(call, &values)?,
            Some("ntp-servers") => request.ntp_servers = read(call, &values)?,
            Some(_) | None => request.domain_name = values.into_iter().next(),
        }
    }
    let id = call.call(|ec2| ec2.create_dhcp_options(request))?;
    answer([("DhcpOptionsId", id.to_string())])
}

/// The values of an option: a list, or one text with commas.
fn values(configuration: &Tree) -> Vec<String> {
    let texts = configuration.elements("Values").iter().filter_map(|value| match value {
        Tree::Text(text) => Some(text.as_str()),
        Tree::List(_) | Tree::Map(_) => None,
    });
    texts.flat_map(|text| text.split(',')).map(|text| text.trim().to_owned()).collect()
}

fn read<T: FromStr>(call: &Call<'_, '_>, values: &[String]) -> Result<Vec<T>, Failure> {
    let all: Result<_, _> = values.iter().map(|text| text.parse()).collect();
    all.map_err(|_| call.refused(call.ec2.invalid_value()))
}
