//! Terraform's plans and states, as the networks they make.
//!
//! `tree` finds the resources of a document, `refer` follows expressions of a plan to what they name, and the other
//! files turn kinds of resources of the AWS provider into an inventory. In a plan, what is to be created has no id
//! yet: its address stands for it.
//!
//! Knows Terraform's JSON and the AWS provider. Must never know the language of scenarios.

mod filters;
mod gateways;
mod hosts;
mod network;
mod others;
mod refer;
#[cfg(test)]
mod tests;
mod transit;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use self::tree::{Resource, Tree};
use super::inventory::{About, Loss, Notice, Place, Reading, Trouble};
use super::json;

/// Reads what `terraform show -json` prints of a plan or a state, or a state as it is stored.
pub fn read(file: &Rc<str>, text: &str) -> Result<Reading, Vec<Trouble>> {
    let document = json::parse(file, text).map_err(|trouble| vec![trouble])?;
    let tree = Tree::of(&document).map_err(|message| {
        let hint = "give what `terraform show -json` prints of a plan or a state".to_owned();
        vec![Trouble { place: Place::file(file), message, hint: Some(hint) }]
    })?;
    let mut builder = Builder {
        file: Rc::clone(file),
        tree: &tree,
        reading: Reading::default(),
        members: Vec::new(),
        defaults: BTreeMap::new(),
        others: BTreeMap::new(),
    };
    builder.build();
    Ok(builder.reading)
}

/// Makes an inventory of a tree.
struct Builder<'t> {
    file: Rc<str>,
    tree: &'t Tree<'t>,
    reading: Reading,
    /// Attachments of transit gateways, and whether they take part in the default table: association, propagation.
    members: Vec<(String, bool, bool)>,
    /// The ids of what comes with VPCs, as their attributes say them: whose, and what.
    defaults: BTreeMap<String, (String, &'static str)>,
    /// Kinds that have nothing to do with packets, with how many there are.
    others: BTreeMap<&'t str, usize>,
}

impl<'t> Builder<'t> {
    /// Things first, then what is said of them elsewhere: rules, routes, associations.
    fn build(&mut self) {
        let tree = self.tree;
        for message in &tree.notes {
            let place = Place::file(&self.file);
            self.reading.notices.push(Notice { place, loss: Loss::Matters, message: message.clone() });
        }
        for is_data in [false, true] {
            for resource in tree.resources.iter().filter(|it| it.is_data == is_data) {
                self.thing(resource);
            }
        }
        for resource in &tree.resources {
            self.detail(resource);
        }
        self.default_tables();
        self.settle();
        let others = std::mem::take(&mut self.others);
        if !others.is_empty() {
            let kinds: Vec<String> = others.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let message = format!("kinds without a network: {}", kinds.join(", "));
            self.reading.notices.push(Notice {
                place: Place::file(&self.file),
                loss: Loss::Harmless,
                message,
            });
        }
    }

    /// What is known only when everything is read.
    fn settle(&mut self) {
        let defaults = std::mem::take(&mut self.defaults);
        let inventory = &mut self.reading.inventory;
        // An instance knows its address, and not that it is an Elastic one.
        let elastic: BTreeSet<String> =
            inventory.addresses.iter().filter_map(|address| address.public_ip.clone()).collect();
        for eni in &mut inventory.interfaces {
            eni.public_ips.retain(|ip| !elastic.contains(&ip.address));
        }
        // What is made and looked at is one thing; what is made comes first.
        macro_rules! unify {
            ($($kind:ident),*) => {$({
                let mut seen = BTreeSet::new();
                inventory.$kind.retain(|it| seen.insert(it.about.id.clone()));
            })*};
        }
        unify!(vpcs, subnets, internet_gateways, prefix_lists, security_groups, interfaces);
        for (id, (vpc, what)) in defaults {
            if what == "default_security_group_id" {
                filters::default_group(inventory, &id, &vpc);
            }
        }
    }

    fn thing(&mut self, resource: &'t Resource<'t>) {
        if resource.is_data {
            return self.data(resource);
        }
        match resource.kind {
            "aws_vpc" | "aws_default_vpc" => self.vpc(resource),
            "aws_subnet" | "aws_default_subnet" => self.subnet(resource),
            "aws_route_table" | "aws_default_route_table" => self.route_table(resource),
            "aws_network_acl" | "aws_default_network_acl" => self.network_acl(resource),
            "aws_security_group" | "aws_default_security_group" => self.security_group(resource),
            "aws_network_interface" => self.interface(resource),
            "aws_instance" | "aws_spot_instance_request" => self.instance(resource),
            "aws_internet_gateway" => self.internet_gateway(resource),
            "aws_nat_gateway" => self.nat_gateway(resource),
            "aws_eip" => self.address(resource),
            "aws_vpc_peering_connection" => self.peering(resource),
            "aws_vpc_endpoint" => self.endpoint(resource),
            "aws_ec2_managed_prefix_list" => self.prefix_list(resource),
            "aws_ec2_transit_gateway" => self.transit_gateway(resource),
            "aws_ec2_transit_gateway_vpc_attachment" => self.transit_attachment(resource),
            "aws_ec2_transit_gateway_peering_attachment" => self.transit_peering(resource),
            "aws_ec2_transit_gateway_route_table" => self.transit_table(resource),
            "aws_vpn_gateway" => self.vpn_gateway(resource),
            "aws_customer_gateway" => self.customer_gateway(resource),
            "aws_vpn_connection" => self.vpn_connection(resource),
            "aws_flow_log" => self.flow_log(resource),
            _ => {}
        }
    }

    fn detail(&mut self, resource: &'t Resource<'t>) {
        if resource.is_data {
            return;
        }
        match resource.kind {
            "aws_vpc_ipv4_cidr_block_association" => self.secondary_block(resource),
            "aws_main_route_table_association" => self.main_table(resource),
            "aws_route" => self.route_of_its_own(resource),
            "aws_route_table_association" => self.table_association(resource),
            "aws_vpn_gateway_route_propagation" => self.propagation(resource),
            "aws_network_acl_rule" => self.acl_rule(resource),
            "aws_network_acl_association" => self.acl_association(resource),
            "aws_security_group_rule" => self.group_rule(resource),
            "aws_vpc_security_group_ingress_rule" => self.single_rule(resource, true),
            "aws_vpc_security_group_egress_rule" => self.single_rule(resource, false),
            "aws_network_interface_attachment" => self.interface_attachment(resource),
            "aws_network_interface_sg_attachment" => self.group_attachment(resource),
            "aws_ec2_instance_state" => self.instance_state(resource),
            "aws_eip_association" => self.address_association(resource),
            "aws_internet_gateway_attachment" => self.gateway_attachment(resource),
            "aws_vpn_gateway_attachment" => self.vpn_attachment(resource),
            "aws_vpn_connection_route" => self.vpn_route(resource),
            "aws_ec2_managed_prefix_list_entry" => self.list_entry(resource),
            "aws_vpc_endpoint_route_table_association"
            | "aws_vpc_endpoint_subnet_association"
            | "aws_vpc_endpoint_security_group_association"
            | "aws_vpc_endpoint_policy" => {
                self.endpoint_detail(resource);
            }
            "aws_ec2_transit_gateway_route" => self.transit_route(resource),
            "aws_ec2_transit_gateway_route_table_association" => self.transit_association(resource, true),
            "aws_ec2_transit_gateway_route_table_propagation" => self.transit_association(resource, false),
            kind => self.other(resource, kind),
        }
    }

    /// What every resource has.
    fn about(&self, resource: &Resource<'t>) -> About {
        let mut tags = resource.tags();
        let name = tags.remove("Name").filter(|name| !name.trim().is_empty());
        let arn = resource.text("arn").unwrap_or_default();
        let in_arn = |part: usize| arn.split(':').nth(part).map(str::to_owned).filter(|it| !it.is_empty());
        let zone = resource.text("availability_zone");
        let zone = zone.map(|zone| zone.trim_end_matches(char::is_alphabetic).to_owned());
        About {
            id: resource.id(),
            name: name.or_else(|| resource.text("id").is_none().then(|| resource.short_name())),
            tags,
            account: resource.text("owner_id").filter(|it| it.len() == 12).or_else(|| in_arn(4)),
            region: in_arn(3)
                .or_else(|| resource.text("region"))
                .or(zone)
                .or_else(|| self.tree.region_of(resource)),
            place: self.place(resource, ""),
        }
    }

    fn place(&self, resource: &Resource<'_>, attribute: &str) -> Place {
        let path = match attribute {
            "" => resource.address.clone(),
            attribute => format!("{}.{attribute}", resource.address),
        };
        Place { file: Rc::clone(&self.file), path }
    }

    fn lost(&mut self, resource: &Resource<'_>, attribute: &str, message: impl Into<String>) {
        let place = self.place(resource, attribute);
        self.reading.notices.push(Notice { place, loss: Loss::Matters, message: message.into() });
    }

    /// The id that an attribute has, or that of what its expression names. What cannot be known before the apply is
    /// said.
    fn id_at(&mut self, resource: &'t Resource<'t>, attribute: &str) -> Option<String> {
        let found = self.ids_at(resource, attribute);
        self.only(resource, attribute, found)
    }

    /// The same of a list.
    fn ids_at(&mut self, resource: &'t Resource<'t>, attribute: &str) -> Vec<String> {
        let known = texts_of(resource.values.get(attribute));
        if !known.is_empty() && !resource.is_unknown(attribute) {
            return known;
        }
        let mut found = known;
        if let Some(expression) = resource.expression(attribute) {
            for id in self.tree.follow(resource, expression) {
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        }
        self.say_unknown(resource, attribute, found.is_empty());
        found
    }

    /// A text that must be known, such as a block; said if it is not.
    fn text_at(&mut self, resource: &'t Resource<'t>, attribute: &str) -> Option<String> {
        let known = resource.text(attribute);
        if known.is_some() {
            return known;
        }
        let expression = resource.expression(attribute);
        let found =
            expression.and_then(|expression| self.tree.follow(resource, expression).into_iter().next());
        // An address stands for an id; for anything else it is no value.
        let found = found.filter(|text| self.tree.at(text).is_none());
        self.say_unknown(resource, attribute, found.is_none());
        found
    }

    /// What AWS chooses is not known and not missed; what the configuration says is.
    fn say_unknown(&mut self, resource: &'t Resource<'t>, attribute: &str, is_missing: bool) {
        if is_missing && resource.is_unknown(attribute) && resource.expression(attribute).is_some() {
            self.unknown(resource, attribute);
        }
    }

    fn unknown(&mut self, resource: &Resource<'_>, attribute: &str) {
        self.lost(resource, attribute, "not known until the apply: left out");
    }
}

/// A text or a number, or the texts of a list.
fn texts_of(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Number(number)) => vec![number.to_string()],
        Some(Value::Array(items)) => items.iter().flat_map(|item| texts_of(Some(item))).collect(),
        Some(Value::String(_) | Value::Null | Value::Bool(_) | Value::Object(_)) | None => Vec::new(),
    }
}
