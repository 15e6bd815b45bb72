//! An inventory of resources whose properties are worked out.
//!
//! Knows what the properties of EC2's resources mean. Must never know a function or a parameter.
//!
//! Things come first, then what ties them together: a template may name both in any order.

mod filters;
mod gateways;
mod hosts;
mod logs;
mod network;
mod routing;
mod transit;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::rc::Rc;

use ipnet::Ipv4Net;
use serde_json::Value;

use self::hosts::Attached;
use crate::import::inventory::About;
use crate::import::json::At;
use crate::import::{Inventory, Loss, Notice, Place, Reading, Trouble};

/// A resource whose properties are worked out.
#[derive(Debug)]
pub struct Item {
    /// Its logical id.
    pub id: String,
    /// Its type, without `AWS::EC2::`.
    pub kind: &'static str,
    /// Whether it belongs to another resource.
    pub is_tie: bool,
    /// Its properties.
    pub properties: Value,
    /// The texts in them that stand for what only AWS can tell.
    pub unknown: BTreeSet<String>,
}

/// Makes an inventory.
#[derive(Debug)]
pub struct Builder {
    file: Rc<str>,
    region: Option<String>,
    account: Option<String>,
    inventory: Inventory,
    notices: Vec<Notice>,
    troubles: Vec<Trouble>,
    /// Texts that stand for what only AWS can tell.
    unknown: BTreeSet<String>,
    /// The kinds of all resources by logical id.
    kinds: BTreeMap<String, &'static str>,
    /// Logical ids of security groups by `GroupName`.
    group_names: BTreeMap<String, String>,
    /// Security groups whose egress rule is the one they came with.
    with_default_egress: BTreeSet<String>,
    attached: Vec<Attached>,
}

/// A number that nothing can have, no port and no rule: what has it is left out, and said.
const NO_NUMBER: i64 = 1 << 20;

impl Builder {
    /// One that has made nothing yet. Everything is in one region and account, as far as they are known.
    pub fn new(file: &Rc<str>, region: Option<String>, account: Option<String>) -> Self {
        Self {
            file: Rc::clone(file),
            region,
            account,
            inventory: Inventory::default(),
            notices: Vec::new(),
            troubles: Vec::new(),
            unknown: BTreeSet::new(),
            kinds: BTreeMap::new(),
            group_names: BTreeMap::new(),
            with_default_egress: BTreeSet::new(),
            attached: Vec::new(),
        }
    }

    /// Makes all resources.
    pub fn fill(&mut self, items: Vec<Item>) {
        for item in &items {
            self.unknown.extend(item.unknown.iter().cloned());
            self.kinds.insert(item.id.clone(), item.kind);
            if let (Some(name), "SecurityGroup") = (item.properties["GroupName"].as_str(), item.kind) {
                self.group_names.insert(name.to_owned(), item.id.clone());
            }
        }
        let (ties, things): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.is_tie);
        for item in things.iter().chain(&ties) {
            let path = format!("Resources.{}.Properties", item.id);
            let at = At::inside(&self.file, path, &item.properties);
            self.make(item, &at);
        }
    }

    /// All that was made, or all that is wrong.
    pub fn finish(mut self) -> Result<Reading, Vec<Trouble>> {
        self.attach();
        self.join_default_groups();
        if self.troubles.is_empty() {
            Ok(Reading { inventory: self.inventory, notices: self.notices })
        } else {
            Err(self.troubles)
        }
    }

    fn make(&mut self, item: &Item, at: &At<'_>) {
        match item.kind {
            "VPC" => self.vpc(item, at),
            "VPCCidrBlock" => self.vpc_cidr_block(at),
            "Subnet" => self.subnet(item, at),
            "RouteTable" => self.route_table(item, at),
            "Route" => self.route(at),
            "SubnetRouteTableAssociation" => self.subnet_route_table(at),
            "GatewayRouteTableAssociation" => self.gateway_route_table(at),
            "VPNGatewayRoutePropagation" => self.route_propagation(at),
            "NetworkAcl" => self.network_acl(item, at),
            "NetworkAclEntry" => self.network_acl_entry(at),
            "SubnetNetworkAclAssociation" => self.subnet_network_acl(at),
            "SecurityGroup" => self.security_group(item, at),
            "SecurityGroupIngress" => self.security_group_ingress(at),
            "SecurityGroupEgress" => self.security_group_egress(at),
            "NetworkInterface" => self.network_interface(item, at),
            "NetworkInterfaceAttachment" => self.network_interface_attachment(at),
            "Instance" => self.instance(item, at),
            "EIP" => self.address(item, at),
            "EIPAssociation" => self.address_association(at),
            "InternetGateway" => self.internet_gateway(item, at),
            "VPCGatewayAttachment" => self.gateway_attachment(at),
            "NatGateway" => self.nat_gateway(item, at),
            "VPCPeeringConnection" => self.peering(item, at),
            "VPCEndpoint" => self.endpoint(item, at),
            "PrefixList" => self.prefix_list(item, at),
            "TransitGateway" => self.transit_gateway(item, at),
            "TransitGatewayAttachment" | "TransitGatewayVpcAttachment" => self.transit_vpc(item, at),
            "TransitGatewayPeeringAttachment" => self.transit_peering(item, at),
            "TransitGatewayRouteTable" => self.transit_table(item, at),
            "TransitGatewayRoute" => self.transit_route(at),
            "TransitGatewayRouteTableAssociation" => self.transit_association(at),
            "TransitGatewayRouteTablePropagation" => self.transit_propagation(at),
            "VPNGateway" => self.vpn_gateway(item, at),
            "CustomerGateway" => self.customer_gateway(item, at),
            "VPNConnection" => self.vpn_connection(item, at),
            "VPNConnectionRoute" => self.vpn_connection_route(at),
            "FlowLog" => self.flow_log(item, at),
            kind => self.matters(self.place(at), format!("a resource of type AWS::EC2::{kind} is left out")),
        }
    }

    /// What a resource has in common with all others.
    fn about(&self, item: &Item, at: &At<'_>) -> About {
        let mut about = self.about_id(&item.id, self.place_of(&item.id));
        about.name = Some(item.id.clone());
        for tag in at.list("Tags") {
            match (tag.text("Key").as_deref(), tag.text("Value")) {
                (Some("Name"), name @ Some(_)) => about.name = name,
                (Some(key), value) => {
                    about.tags.insert(key.to_owned(), value.unwrap_or_default());
                }
                (None, _) => {}
            }
        }
        about
    }

    /// What is known of something that has no name of its own.
    fn about_id(&self, id: &str, place: Place) -> About {
        About {
            id: id.to_owned(),
            name: None,
            tags: BTreeMap::new(),
            account: self.account.clone(),
            region: self.region.clone(),
            place,
        }
    }

    /// Where a resource or a part of it is written.
    fn place(&self, at: &At<'_>) -> Place {
        let Place { file, path } = at.place();
        let path = path.strip_suffix(".Properties").unwrap_or(&path).to_owned();
        Place { file, path }
    }

    fn place_of(&self, id: &str) -> Place {
        Place { file: Rc::clone(&self.file), path: format!("Resources.{id}") }
    }

    fn trouble(&mut self, place: Place, message: impl Into<String>) {
        self.troubles.push(Trouble { place, message: message.into(), hint: None });
    }

    fn matters(&mut self, place: Place, message: impl Into<String>) {
        self.notices.push(Notice { place, loss: Loss::Matters, message: message.into() });
    }

    fn harmless(&mut self, place: Place, message: impl Into<String>) {
        self.notices.push(Notice { place, loss: Loss::Harmless, message: message.into() });
    }

    /// A text that has to be there.
    fn need(&mut self, at: &At<'_>, key: &str) -> Option<String> {
        let text = at.text(key);
        if text.is_none() {
            let what = if at.get(key).value.is_null() { "is missing" } else { "is not a text" };
            self.trouble(self.place(at), format!("`{key}` {what}"));
        }
        text
    }

    fn flag(&mut self, at: &At<'_>, key: &str) -> Option<bool> {
        let text = at.text(key)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => {
                self.trouble(at.get(key).place(), format!("`{text}` is neither true nor false"));
                None
            }
        }
    }

    fn number(&mut self, at: &At<'_>, key: &str) -> Option<i64> {
        let text = at.text(key)?;
        if self.is_unknown(&text) {
            self.matters(
                at.get(key).place(),
                format!("`{text}` is known only when the stack is made: what it is of is left out"),
            );
            return Some(NO_NUMBER);
        }
        let number = text.parse().ok();
        if number.is_none() {
            self.trouble(at.get(key).place(), format!("`{text}` is not a whole number"));
        }
        number
    }

    /// A list of texts; one text alone is a list of one.
    fn texts(&mut self, at: &At<'_>, key: &str) -> Vec<String> {
        if let Some(text) = at.text(key) {
            return vec![text];
        }
        if at.get(key).value.is_object() {
            self.trouble(at.get(key).place(), "this is not a list");
        }
        let mut texts = Vec::new();
        for element in at.list(key) {
            match element.value {
                Value::Null => {}
                Value::String(text) => texts.push(text.clone()),
                Value::Bool(_) | Value::Number(_) => texts.push(element.value.to_string()),
                // A list in a list comes of a parameter that is a list.
                Value::Array(more) if more.iter().all(Value::is_string) => {
                    texts.extend(more.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                Value::Array(_) | Value::Object(_) => self.trouble(element.place(), "this is not a text"),
            }
        }
        texts
    }

    /// The elements of a list that are there; one map alone is a list of one.
    fn elements<'v>(&mut self, at: &At<'v>, key: &str) -> Vec<At<'v>> {
        let list = at.get(key);
        match list.value {
            Value::Null => Vec::new(),
            Value::Array(_) => list.elements().filter(|element| !element.value.is_null()).collect(),
            Value::Object(_) => vec![list],
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.trouble(list.place(), format!("`{key}` is not a list"));
                Vec::new()
            }
        }
    }

    /// A block of IPv4. What is none is a mistake, unless only AWS can tell it: then what needs it is left out.
    fn cidr(&mut self, at: &At<'_>, key: &str) -> Option<String> {
        let text = self.need(at, key)?;
        if text.parse::<Ipv4Net>().is_ok() {
            return Some(text);
        }
        let place = at.get(key).place();
        if self.is_unknown(&text) {
            let message = format!("`{text}` is known only when the stack is made: what names it is left out");
            self.matters(place, message);
        } else {
            self.trouble(place, format!("`{text}` is not a block of IPv4, such as 10.0.0.0/16"));
        }
        None
    }

    /// An address of IPv4, if one is said. What is none is a mistake, unless only AWS can tell it.
    fn ip(&mut self, at: &At<'_>, key: &str) -> Option<String> {
        let text = at.text(key)?;
        if text.parse::<Ipv4Addr>().is_ok() {
            return Some(text);
        }
        let place = at.get(key).place();
        if self.is_unknown(&text) {
            self.matters(
                place,
                format!("`{text}` is known only when the stack is made: the address is left out"),
            );
        } else {
            self.trouble(place, format!("`{text}` is not an address of IPv4, such as 10.0.0.5"));
        }
        None
    }

    /// Whether only AWS can tell what a text stands for.
    fn is_unknown(&self, text: &str) -> bool {
        self.unknown.contains(text) || text.contains("{{resolve:")
    }

    /// Says that something belongs to what is not in the template.
    fn elsewhere(&mut self, place: Place, what: &str, whose: &str) {
        self.matters(place, format!("{what} of `{whose}`, which is not in the template, is left out"));
    }
}
