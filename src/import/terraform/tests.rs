//! Small plans and states, and what becomes of them.

use serde_json::json;

use super::*;
use crate::import::inventory::{Block, EndpointKind, Peer, RouteTarget};

fn read_value(document: &Value) -> Reading {
    super::read(&"plan.json".into(), &document.to_string()).expect("it is Terraform's")
}

fn notices(reading: &Reading) -> Vec<String> {
    reading.notices.iter().map(|it| format!("{}: {}", it.place, it.message)).collect()
}

fn planned(kind: &str, name: &str, index: Option<Value>, values: Value) -> Value {
    let address = match &index {
        None => format!("{kind}.{name}"),
        Some(index) => format!("{kind}.{name}[{index}]"),
    };
    let mut resource =
        json!({ "address": address, "mode": "managed", "type": kind, "name": name, "values": values });
    if let Some(index) = index {
        resource["index"] = index;
    }
    resource
}

fn configured(kind: &str, name: &str, expressions: Value) -> Value {
    json!({ "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "expressions": expressions })
}

fn refers(to: &[&str]) -> Value {
    json!({ "references": to })
}

/// A network in a module, with instances of the root module in it.
fn plan() -> Value {
    json!({
        "format_version": "1.2",
        "planned_values": { "root_module": {
            "resources": [
                planned("aws_instance", "web", Some(json!("a")), json!({ "instance_type": "t3.micro", "tags": { "Name": "web" } })),
                planned("aws_instance", "web", Some(json!("b")), json!({ "instance_type": "t3.micro" })),
                planned("aws_security_group", "web", None, json!({ "name": "web" })),
                planned("aws_security_group_rule", "from_db", None, json!({ "type": "ingress", "protocol": "tcp", "from_port": 80, "to_port": 80, "self": false })),
                planned("aws_route", "late", None, json!({ "destination_cidr_block": "10.9.0.0/16" })),
            ],
            "child_modules": [{ "address": "module.net", "resources": [
                planned("aws_vpc", "main", None, json!({ "cidr_block": "10.0.0.0/16" })),
                planned("aws_subnet", "private", Some(json!("a")), json!({ "cidr_block": "10.0.1.0/24", "availability_zone": "eu-west-1a" })),
                planned("aws_subnet", "private", Some(json!("b")), json!({ "cidr_block": "10.0.2.0/24", "availability_zone": "eu-west-1b" })),
                planned("aws_internet_gateway", "gw", None, json!({})),
                planned("aws_route_table", "public", None, json!({})),
                planned("aws_route_table_association", "public", Some(json!(0)), json!({})),
                planned("aws_route_table_association", "public", Some(json!(1)), json!({})),
                planned("aws_default_security_group", "default", None, json!({ "ingress": [], "egress": [] })),
            ] }],
        } },
        "resource_changes": [
            { "address": "module.net.aws_route_table.public", "change": { "after_unknown": { "id": true, "route": true, "vpc_id": true } } },
            { "address": "aws_instance.web[\"a\"]", "change": { "after_unknown": { "subnet_id": true, "vpc_security_group_ids": true } } },
            { "address": "aws_route.late", "change": { "after_unknown": { "route_table_id": true, "gateway_id": true } } },
        ],
        "configuration": {
            "provider_config": { "aws": { "expressions": { "region": { "constant_value": "eu-west-1" } } } },
            "root_module": {
                "resources": [
                    configured("aws_instance", "web", json!({
                        "subnet_id": refers(&["module.net.subnet_ids", "module.net", "each.key"]),
                        "vpc_security_group_ids": refers(&["aws_security_group.web.id", "aws_security_group.web"]),
                    })),
                    configured("aws_security_group", "web", json!({ "vpc_id": refers(&["module.net.vpc_id", "module.net"]),
                        "ingress": [{ "from_port": { "constant_value": 443 }, "to_port": { "constant_value": 443 },
                            "protocol": { "constant_value": "tcp" }, "cidr_blocks": { "constant_value": ["0.0.0.0/0"] } }] })),
                    configured("aws_security_group_rule", "from_db", json!({
                        "security_group_id": refers(&["aws_security_group.web.id", "aws_security_group.web"]),
                        "source_security_group_id": refers(&["module.net.default_group", "module.net"]),
                    })),
                    configured("aws_route", "late", json!({ "route_table_id": refers(&["local.table"]), "gateway_id": refers(&["local.gateway"]) })),
                ],
                "module_calls": { "net": {
                    "expressions": { "block": { "constant_value": "10.0.0.0/16" } },
                    "module": {
                        "outputs": {
                            "vpc_id": { "expression": refers(&["aws_vpc.main.id", "aws_vpc.main"]) },
                            "subnet_ids": { "expression": refers(&["aws_subnet.private"]) },
                            "default_group": { "expression": refers(&["aws_default_security_group.default.id", "aws_default_security_group.default"]) },
                        },
                        "resources": [
                            configured("aws_vpc", "main", json!({ "cidr_block": refers(&["var.block"]) })),
                            configured("aws_subnet", "private", json!({ "vpc_id": refers(&["aws_vpc.main.id", "aws_vpc.main"]) })),
                            configured("aws_internet_gateway", "gw", json!({ "vpc_id": refers(&["aws_vpc.main.id", "aws_vpc.main"]) })),
                            configured("aws_route_table", "public", json!({ "vpc_id": refers(&["aws_vpc.main.id", "aws_vpc.main"]),
                                "route": [{ "cidr_block": { "constant_value": "0.0.0.0/0" }, "gateway_id": refers(&["aws_internet_gateway.gw.id", "aws_internet_gateway.gw"]) }] })),
                            configured("aws_route_table_association", "public", json!({
                                "route_table_id": refers(&["aws_route_table.public.id", "aws_route_table.public"]),
                                "subnet_id": refers(&["aws_subnet.private[\"a\"].id", "aws_subnet.private[\"a\"]", "aws_subnet.private"]) })),
                            configured("aws_default_security_group", "default", json!({ "vpc_id": refers(&["aws_vpc.main.id", "aws_vpc.main"]) })),
                        ],
                    },
                } },
            },
        },
    })
}

#[test]
fn references_of_a_plan_lead_through_modules_and_keys() {
    let reading = read_value(&plan());
    let inventory = &reading.inventory;
    assert_eq!(inventory.vpcs[0].about.region.as_deref(), Some("eu-west-1"));
    let vpc = "module.net.aws_vpc.main";
    let subnets: Vec<(&str, &str)> =
        inventory.subnets.iter().map(|it| (it.about.id.as_str(), it.vpc.as_str())).collect();
    assert_eq!(
        subnets,
        [("module.net.aws_subnet.private[\"a\"]", vpc), ("module.net.aws_subnet.private[\"b\"]", vpc)]
    );
    let placed: Vec<(&str, Option<&str>)> =
        inventory.instances.iter().map(|it| (it.about.id.as_str(), it.subnet.as_deref())).collect();
    assert_eq!(
        placed,
        [
            ("aws_instance.web[\"a\"]", Some("module.net.aws_subnet.private[\"a\"]")),
            ("aws_instance.web[\"b\"]", Some("module.net.aws_subnet.private[\"b\"]")),
        ],
        "each has the subnet of its key"
    );
    assert_eq!(
        inventory.instances[1].about.name.as_deref(),
        Some("web-b"),
        "without a tag, the local name and the key"
    );
    assert_eq!(inventory.interfaces[0].security_groups, ["aws_security_group.web"]);
    let table = &inventory.route_tables[0];
    assert_eq!(table.vpc, vpc);
    assert_eq!(table.routes[0].target, RouteTarget::Id("module.net.aws_internet_gateway.gw".to_owned()));
    assert_eq!(table.subnets, ["module.net.aws_subnet.private[\"a\"]"; 2]);
}

#[test]
fn rules_are_those_of_groups_and_those_of_their_own() {
    let reading = read_value(&plan());
    let groups = &reading.inventory.security_groups;
    let web = groups.iter().find(|it| it.group_name == "web").expect("the group");
    let peers: Vec<&Peer> = web.ingress.iter().map(|it| &it.peer).collect();
    assert_eq!(
        peers,
        [
            &Peer::Block(Block::Cidr("0.0.0.0/0".to_owned())),
            &Peer::Group("module.net.aws_default_security_group.default".to_owned()),
        ]
    );
    assert_eq!((web.ingress[0].traffic.from, web.ingress[1].traffic.from), (Some(443), Some(80)));
    assert_eq!(web.egress, [], "the provider takes the rule away that lets everything out");
    assert!(groups.iter().any(|it| it.group_name == "default" && it.ingress.is_empty()));
}

/// A route of which nothing is known is said, with its place.
#[test]
fn what_is_not_known_until_the_apply_is_said() {
    let said = notices(&read_value(&plan()));
    let expected = "plan.json: aws_route.late.route_table_id: not known until the apply: left out";
    assert!(said.iter().any(|it| it == expected), "{said:#?}");
}

#[test]
fn a_state_has_ids_and_says_some_things_twice() {
    let state = json!({ "version": 4, "terraform_version": "1.5.0", "resources": [
        { "mode": "managed", "type": "aws_vpc", "name": "main", "instances": [{ "attributes": { "id": "vpc-0a", "cidr_block": "10.0.0.0/16",
            "arn": "arn:aws:ec2:us-west-2:111122223333:vpc/vpc-0a", "owner_id": "111122223333", "enable_dns_hostnames": true,
            "tags": { "Name": "Main" }, "tags_all": { "Name": "Main", "Team": "net" } } }] },
        { "mode": "managed", "type": "aws_subnet", "name": "a", "module": "module.net[0]", "instances": [{ "index_key": "x", "attributes": {
            "id": "subnet-0a", "vpc_id": "vpc-0a", "cidr_block": "10.0.0.0/24", "availability_zone": "us-west-2a" } }] },
        { "mode": "managed", "type": "aws_eip", "name": "ip", "instances": [{ "attributes": { "id": "eipalloc-0a", "public_ip": "198.51.100.1", "instance": "i-0a", "network_interface": "eni-0a" } }] },
        { "mode": "managed", "type": "aws_instance", "name": "web", "instances": [{ "attributes": { "id": "i-0a", "subnet_id": "subnet-0a", "private_ip": "10.0.0.9",
            "primary_network_interface_id": "eni-0a", "public_ip": "198.51.100.1", "vpc_security_group_ids": ["sg-0a"], "source_dest_check": false, "instance_state": "running" } }] },
        { "mode": "managed", "type": "aws_vpc_endpoint", "name": "s3", "instances": [{ "attributes": { "id": "vpce-0a", "vpc_id": "vpc-0a", "service_name": "com.amazonaws.us-west-2.s3",
            "vpc_endpoint_type": "Gateway", "route_table_ids": ["rtb-0a"] } }] },
        { "mode": "managed", "type": "aws_lb", "name": "front", "instances": [{ "attributes": { "id": "arn:x" } }] },
        { "mode": "managed", "type": "aws_s3_bucket", "name": "b", "instances": [{ "attributes": {} }, { "attributes": {} }] },
        { "mode": "managed", "type": "aws_networkfirewall_firewall", "name": "fw", "instances": [{ "attributes": {} }] },
    ] });
    let reading = read_value(&state);
    let inventory = &reading.inventory;
    let vpc = &inventory.vpcs[0].about;
    assert_eq!(
        (vpc.id.as_str(), vpc.name.as_deref(), vpc.account.as_deref()),
        ("vpc-0a", Some("Main"), Some("111122223333"))
    );
    assert_eq!(
        (vpc.region.as_deref(), vpc.tags.get("Team").map(String::as_str)),
        (Some("us-west-2"), Some("net"))
    );
    assert_eq!(inventory.subnets[0].about.place.to_string(), "plan.json: module.net[0].aws_subnet.a[\"x\"]");
    let eni = &inventory.interfaces[0];
    assert_eq!(
        (eni.about.id.as_str(), eni.instance.clone(), eni.source_dest_check),
        ("eni-0a", Some(("i-0a".to_owned(), 0)), false)
    );
    assert_eq!(inventory.addresses[0].associated_with.as_deref(), Some("eni-0a"));
    assert_eq!(
        inventory.endpoints[0].kind,
        EndpointKind::Gateway { route_tables: vec!["rtb-0a".to_owned()] }
    );
    let said = notices(&reading);
    for expected in [
        "plan.json: aws_lb.front: its interfaces are not in Terraform's documents: nothing stands for it",
        "plan.json: aws_networkfirewall_firewall.fw: aws_networkfirewall_firewall is not simulated: left out",
        "plan.json: kinds without a network: 2 aws_s3_bucket",
    ] {
        assert!(said.iter().any(|it| it == expected), "{expected} in {said:#?}");
    }
}

#[test]
fn what_is_not_terraforms_is_refused() {
    let refused = |text: &str| {
        let troubles = super::read(&"x.json".into(), text).expect_err("it is refused");
        format!("{}: {}", troubles[0].place, troubles[0].message)
    };
    assert_eq!(
        refused("{ \"format_version\": \"1.2\", "),
        "x.json: line 1, column 27: this is not JSON: EOF while parsing a value"
    );
    assert_eq!(refused("{ \"Resources\": {} }"), "x.json: this is no JSON of Terraform");
    assert_eq!(refused("[]"), "x.json: this is no JSON of Terraform");
}

/// Expressions that lead in a circle end, even where each step of it branches.
#[test]
fn a_circle_of_modules_ends() {
    let document = json!({
        "format_version": "1.2",
        "planned_values": { "root_module": { "child_modules": [{ "address": "module.m", "resources": [
            planned("aws_subnet", "a", None, json!({ "cidr_block": "10.0.0.0/24" }))] }] } },
        "configuration": { "root_module": { "module_calls": { "m": {
            "expressions": { "v": refers(&["module.m.o", "module.m.p"]), "w": refers(&["module.m.p", "module.m.o"]) },
            "module": {
                "outputs": {
                    "o": { "expression": refers(&["var.v", "var.w"]) },
                    "p": { "expression": refers(&["var.w", "var.v"]) },
                },
                "resources": [configured("aws_subnet", "a", json!({ "vpc_id": refers(&["var.v"]) }))],
            } } } } },
    });
    assert_eq!(read_value(&document).inventory.subnets[0].vpc, "");
}
