//! A folder of documents as `aws … describe-*` and the SDKs print them: of one or several accounts and regions, under
//! whatever names of files.
//!
//! Knows the keys of EC2's documents. Must never know the language of scenarios.
//!
//! What a document is about is told by its members, such as `Vpcs`; a document that is a list is told by the name of
//! its file. Folders named like an account or a region say where their documents come from.

mod gateways;
mod hosts;
mod logs;
mod merge;
mod network;
#[cfg(test)]
mod tests;
mod transit;

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::inventory::{About, Loss, Notice, Place, Reading, Trouble};
use super::json::{self, At};
use crate::model::{Account, Region};

/// Reads documents: names of files relative to the folder, and their texts.
pub fn read(files: &[(Rc<str>, String)]) -> Result<Reading, Vec<Trouble>> {
    let (mut documents, mut troubles) = (Vec::new(), Vec::new());
    for (file, text) in files {
        // Collectors leave files behind that nothing was written to.
        if text.trim().is_empty() {
            let message = "the file is empty".to_owned();
            let hint = Some("collect it again, or remove it".to_owned());
            troubles.push(Trouble { place: Place::file(file), message, hint });
            continue;
        }
        match json::parse(file, text) {
            Ok(value) => documents.push((file, value)),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let mut reader = Reader::default();
    for (file, value) in &documents {
        reader.document(file, value);
    }
    reader.finish();
    Ok(reader.reading)
}

/// What is read so far.
#[derive(Default)]
struct Reader {
    reading: Reading,
    /// Where the document comes from that is being read, as far as its folders say it.
    account: Option<String>,
    region: Option<String>,
    /// The kinds that were there, even if they listed nothing.
    seen: BTreeMap<&'static str, ()>,
    /// Facts that belong to resources of other documents.
    loose: merge::Loose,
    /// Kinds that are not carried over, with how many there are and where the first is.
    others: BTreeMap<String, (usize, Place)>,
}

/// The members of documents, in AWS's case; tools that write them in snake case mean the same.
const KINDS: [&str; 31] = [
    "Addresses",
    "Associations",
    "CustomerGateways",
    "Entries",
    "FlowLogs",
    "Instances",
    "InternetGateways",
    "LoadBalancers",
    "ManagedPrefixLists",
    "NatGateways",
    "NetworkAcls",
    "NetworkInterfaces",
    "PrefixLists",
    "Reservations",
    "RouteTables",
    "Routes",
    "SecurityGroupRules",
    "SecurityGroups",
    "Subnets",
    "TransitGatewayAttachments",
    "TransitGatewayPeeringAttachments",
    "TransitGatewayPropagations",
    "TransitGatewayRouteTablePropagations",
    "TransitGatewayRouteTables",
    "TransitGatewayStaticRoutes",
    "TransitGatewayVpcAttachments",
    "TransitGateways",
    "VpcEndpoints",
    "VpcPeeringConnections",
    "VpnConnections",
    "VpnGateways",
];

/// Members that say nothing of a network, or only what other documents say.
const WITHOUT_PACKETS: [&str; 34] = [
    "AccountAttributes",
    "AvailabilityZones",
    "ElasticsearchDomains",
    "DBInstances",
    "DhcpOptions",
    "DomainStatusList",
    "EgressOnlyInternetGateways",
    "Functions",
    "IamInstanceProfileAssociations",
    "Images",
    "InstanceTypes",
    "KeyPairs",
    "LaunchTemplates",
    "ListenerDescriptions",
    "Listeners",
    "LoadBalancerAttributes",
    "LoadBalancerListeners",
    "LoadBalancerTargetHealth",
    "NetworkInterfacePermissions",
    "Owner",
    "PlacementGroups",
    "RdsInstances",
    "Regions",
    "ReservedInstances",
    "ResponseMetadata",
    "Rules",
    "ServiceDetails",
    "ServiceNames",
    "Snapshots",
    "Tags",
    "TargetGroups",
    "TargetHealthDescriptions",
    "Volumes",
    "VpcEndpointServices",
];

impl Reader {
    fn document(&mut self, file: &Rc<str>, value: &Value) {
        self.set_scope(file);
        let root = At::root(file, value);
        let stem = file.rsplit('/').next().unwrap_or(file).split('.').next().unwrap_or_default();
        match value {
            Value::Array(_) => match kind_of(stem) {
                Some(kind) => self.list(kind, &root, file),
                None => {
                    let message = "it cannot be told what this list is of: left out".to_owned();
                    self.lost(&root.place(), message);
                }
            },
            Value::Object(members) => {
                self.attributes(&root);
                for (key, member) in members {
                    self.member(key, member, &root.get(key), file);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.lost(&root.place(), "it holds no document: left out".to_owned());
            }
        }
    }

    fn member(&mut self, key: &str, value: &Value, at: &At<'_>, file: &Rc<str>) {
        match (kind_of(key), value) {
            (Some(kind), Value::Array(_)) => self.list(kind, at, file),
            (None, Value::Array(items)) if !is_harmless(key) && !items.is_empty() => {
                let (count, _) = self.others.entry(key.to_owned()).or_insert_with(|| (0, at.place()));
                *count += items.len();
            }
            (None, Value::Object(_))
                if !is_harmless(key) && !["EnableDnsSupport", "EnableDnsHostnames"].contains(&key) =>
            {
                self.lost(&at.place(), format!("{key}: the kind is not known, and left out"));
            }
            (_, Value::Bool(true)) if key == "AdditionalRoutesAvailable" => {
                self.lost(
                    &at.place(),
                    "there are more routes than are listed: the others are missing".to_owned(),
                );
            }
            (_, Value::String(token)) if key == "NextToken" && !token.is_empty() => {
                let message =
                    "the document is one page of several (it has a NextToken): the others are missing";
                self.lost(&at.place(), message.to_owned());
            }
            (_, _) => {}
        }
    }

    fn list(&mut self, kind: &'static str, list: &At<'_>, file: &Rc<str>) {
        self.seen.insert(kind, ());
        for at in list.elements() {
            match kind {
                "Addresses" => self.address(&at),
                "Associations" => self.table_association(&at, file),
                "CustomerGateways" => self.customer_gateway(&at),
                "Entries" => self.list_entry(&at, file),
                "FlowLogs" => self.flow_log(&at),
                "Instances" => self.instance(&at, None),
                "InternetGateways" => self.internet_gateway(&at),
                "LoadBalancers" => self.load_balancer(&at),
                "NatGateways" => self.nat_gateway(&at),
                "NetworkAcls" => self.network_acl(&at),
                "NetworkInterfaces" => self.interface(&at, None),
                "ManagedPrefixLists" | "PrefixLists" => self.prefix_list(&at),
                "Reservations" => self.reservation(&at),
                "RouteTables" => self.route_table(&at),
                "Routes" => self.transit_route(&at, file),
                "SecurityGroupRules" => {}
                "SecurityGroups" => self.security_group(&at),
                "Subnets" => self.subnet(&at),
                "TransitGatewayAttachments" => self.transit_attachment(&at),
                "TransitGatewayPeeringAttachments" => self.transit_peering(&at),
                "TransitGatewayPropagations" => self.transit_propagations(&at),
                "TransitGatewayRouteTablePropagations" => self.transit_propagation(&at, table_in(file)),
                "TransitGatewayRouteTables" => self.transit_table(&at),
                "TransitGatewayStaticRoutes" => self.transit_routes(&at),
                "TransitGatewayVpcAttachments" => self.transit_vpc_attachment(&at),
                "TransitGateways" => self.transit_gateway(&at),
                "VpcEndpoints" => self.endpoint(&at),
                "VpcPeeringConnections" => self.peering(&at),
                "VpnConnections" => self.vpn_connection(&at),
                "VpnGateways" => self.vpn_gateway(&at),
                _ => self.vpc(&at),
            }
        }
    }

    /// Folders named like an account or a region say whose the documents in them are.
    fn set_scope(&mut self, file: &str) {
        let mut folders: Vec<&str> = file.split(['/', '\\']).collect();
        folders.pop();
        self.account = folders.iter().find(|it| it.parse::<Account>().is_ok()).map(|it| (*it).to_owned());
        self.region = folders.iter().find(|it| looks_like_region(it)).map(|it| (*it).to_owned());
    }

    /// What every resource has; one without an id is left out, and said.
    fn about(&mut self, at: &At<'_>, id: &str) -> Option<About> {
        let Some(id) = at.text(id) else {
            self.lost(&at.place(), format!("it has no {id}: left out"));
            return None;
        };
        let mut tags = tags(at);
        let name = tags.remove("Name").filter(|name| !name.trim().is_empty());
        let owner = at.text("OwnerId").filter(|owner| owner.parse::<Account>().is_ok());
        let arn = ["SubnetArn", "TransitGatewayArn", "PrefixListArn", "SecurityGroupArn"]
            .iter()
            .find_map(|key| at.text(key))
            .unwrap_or_default();
        let in_arn = |part: usize| arn.split(':').nth(part).map(str::to_owned).filter(|it| !it.is_empty());
        let region = at.text("Region").or_else(|| self.region.clone()).or_else(|| in_arn(3));
        let zone =
            at.text("AvailabilityZone").map(|zone| zone.trim_end_matches(char::is_alphabetic).to_owned());
        Some(About {
            id,
            name,
            tags,
            account: owner.or_else(|| self.account.clone()).or_else(|| in_arn(4)),
            region: region.or(zone).filter(|region| looks_like_region(region)),
            place: at.place(),
        })
    }

    fn lost(&mut self, place: &Place, message: String) {
        self.reading.notices.push(Notice { place: place.clone(), loss: Loss::Matters, message });
    }

    fn harmless(&mut self, place: &Place, message: String) {
        self.reading.notices.push(Notice { place: place.clone(), loss: Loss::Harmless, message });
    }
}

/// The kind a member or a file is of: `vpc_peering_connections` and `VpcPeeringConnections` are one.
fn kind_of(key: &str) -> Option<&'static str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let key = plain(key);
    let known = KINDS.iter().find(|kind| plain(kind) == key).copied();
    known.or_else(|| (key == "vpcs").then_some("Vpcs"))
}

fn is_harmless(key: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    WITHOUT_PACKETS.iter().any(|known| plain(known) == plain(key))
}

/// `us-east-1`, `us-gov-west-1`: whether it is simulated is asked later.
fn looks_like_region(text: &str) -> bool {
    text.parse::<Region>().is_ok() || {
        let parts: Vec<&str> = text.split('-').collect();
        let number =
            parts.last().is_some_and(|last| last.len() == 1 && last.bytes().all(|b| b.is_ascii_digit()));
        let words = parts.iter().take(parts.len() - 1);
        parts.len() >= 3
            && number
            && parts.first().is_some_and(|first| first.len() == 2)
            && words.clone().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
    }
}

/// The route table of a transit gateway that a file is named after.
fn table_in(file: &str) -> Option<String> {
    id_in(file, "tgw-rtb-")
}

/// An id in the name of a file.
fn id_in(file: &str, prefix: &str) -> Option<String> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let at = name.find(prefix)?;
    let digits: String = name.get(at + prefix.len()..)?.chars().take_while(char::is_ascii_hexdigit).collect();
    (!digits.is_empty()).then(|| format!("{prefix}{digits}"))
}

fn tags(at: &At<'_>) -> BTreeMap<String, String> {
    let lists = ["Tags", "TagSet"].iter().flat_map(|key| at.list(key));
    lists.filter_map(|tag| Some((tag.text("Key")?, tag.text("Value").unwrap_or_default()))).collect()
}
