//! What it takes to import a company's account: `cargo bench --bench import`.
//! `VPCLAB_SNAPSHOT=DIR cargo bench --bench import` leaves the documents there, to measure memory with
//! `/usr/bin/time -v vpclab import DIR`.

use std::collections::BTreeMap;
use std::rc::Rc;

use divan::{Bencher, black_box};
use serde_json::{Value, json};

use vpclab::import::{self, Options, Source};

fn main() {
    if let Some(folder) = std::env::var_os("VPCLAB_SNAPSHOT") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in documents(LARGE) {
            std::fs::write(folder.join(&*name), text).expect("room on the disk");
        }
        return;
    }
    divan::main();
}

/// How large a network is.
#[derive(Clone, Copy, Debug)]
struct Size {
    vpcs: usize,
    /// In each VPC.
    subnets: usize,
    /// In each subnet, half of them instances, half of them interfaces of services.
    interfaces: usize,
    /// In each VPC, of 10 rules each.
    groups: usize,
}

/// 10 VPCs with 500 interfaces, and 200 with 10,000: 2,000 subnets, 20,000 rules.
const SMALL: Size = Size { vpcs: 10, subnets: 10, interfaces: 5, groups: 10 };
const LARGE: Size = Size { vpcs: 200, subnets: 10, interfaces: 5, groups: 10 };

const ACCOUNT: &str = "111122223333";

/// An id with the digits of a number.
fn id(kind: &str, number: usize) -> String {
    format!("{kind}-{number:017x}")
}

/// The documents of a network: VPCs behind one transit gateway, each with an internet gateway, a NAT gateway, subnets,
/// a table for each of them, groups that name blocks and each other.
fn documents(size: Size) -> Vec<(Rc<str>, String)> {
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let gateway = id("tgw", 1);
    let options = json!({ "DefaultRouteTableAssociation": "enable", "DefaultRouteTablePropagation": "enable",
        "AssociationDefaultRouteTableId": id("tgw-rtb", 1) });
    let transit =
        json!({ "TransitGatewayId": gateway, "State": "available", "OwnerId": ACCOUNT, "Options": options });
    lists.entry("TransitGateways").or_default().push(transit);
    for vpc in 0..size.vpcs {
        put_vpc(size, vpc, &mut lists);
    }
    let document = |(kind, list): (&str, Vec<Value>)| {
        (Rc::from(format!("{kind}.json").as_str()), json!({ kind: list }).to_string())
    };
    lists.into_iter().map(document).collect()
}

fn put_vpc(size: Size, vpc: usize, lists: &mut BTreeMap<&str, Vec<Value>>) {
    let mut put = |kind: &'static str, value: Value| lists.entry(kind).or_default().push(value);
    let (vpc_id, block) = (id("vpc", vpc), |rest: &str| format!("10.{vpc}.{rest}"));
    put(
        "Vpcs",
        json!({ "VpcId": vpc_id, "OwnerId": ACCOUNT, "CidrBlock": block("0.0/16"),
        "Tags": [{ "Key": "Name", "Value": format!("vpc-of-team-{vpc}") }] }),
    );
    let igw = id("igw", vpc);
    put(
        "InternetGateways",
        json!({ "InternetGatewayId": igw, "Attachments": [{ "VpcId": vpc_id, "State": "available" }] }),
    );
    put(
        "NetworkAcls",
        json!({ "NetworkAclId": id("acl", vpc), "VpcId": vpc_id, "IsDefault": true, "Entries": [
        { "RuleNumber": 100, "Egress": true, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0" },
        { "RuleNumber": 100, "Egress": false, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0" }] }),
    );
    for group in 0..size.groups {
        put("SecurityGroups", security_group(size, vpc, group));
    }
    let subnets: Vec<String> =
        (0..size.subnets).map(|subnet| id("subnet", vpc * size.subnets + subnet)).collect();
    put(
        "TransitGatewayVpcAttachments",
        json!({ "TransitGatewayAttachmentId": id("tgw-attach", vpc),
        "TransitGatewayId": id("tgw", 1), "VpcId": vpc_id, "State": "available", "SubnetIds": [&subnets[0]] }),
    );
    for (at, subnet) in subnets.iter().enumerate() {
        put(
            "Subnets",
            json!({ "SubnetId": subnet, "VpcId": vpc_id, "OwnerId": ACCOUNT,
            "CidrBlock": block(&format!("{at}.0/24")), "AvailabilityZone": "us-east-1a",
            "Tags": [{ "Key": "Name", "Value": format!("subnet {at}") }] }),
        );
        put(
            "RouteTables",
            json!({ "RouteTableId": id("rtb", vpc * size.subnets + at), "VpcId": vpc_id,
            "Associations": [{ "SubnetId": subnet }], "Routes": [
                { "DestinationCidrBlock": block("0.0/16"), "GatewayId": "local", "Origin": "CreateRouteTable" },
                { "DestinationCidrBlock": "10.0.0.0/8", "TransitGatewayId": id("tgw", 1) },
                { "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": igw }] }),
        );
        for number in 0..size.interfaces {
            let host = (vpc * size.subnets + at) * size.interfaces + number;
            let group = id("sg", vpc * size.groups + host % size.groups);
            let instance = (number % 2 == 0).then(|| id("i", host));
            put(
                "NetworkInterfaces",
                json!({ "NetworkInterfaceId": id("eni", host), "SubnetId": subnet, "VpcId": vpc_id,
                "PrivateIpAddress": block(&format!("{at}.{}", 10 + number)), "Groups": [{ "GroupId": group }],
                "Description": if instance.is_some() { "" } else { "RDSNetworkInterface" }, "Status": "in-use",
                "Attachment": { "InstanceId": instance, "DeviceIndex": 0, "Status": "attached" } }),
            );
            if let Some(instance) = instance {
                put(
                    "Instances",
                    json!({ "InstanceId": instance, "State": { "Name": "running" }, "SubnetId": subnet,
                    "InstanceType": "m5.large", "Tags": [{ "Key": "Name", "Value": format!("host-{host}") }] }),
                );
            }
        }
    }
}

fn security_group(size: Size, vpc: usize, group: usize) -> Value {
    let permission = |rule: usize| {
        let port = 1000 + rule;
        let peer = match rule % 3 {
            0 => json!({ "IpRanges": [{ "CidrIp": format!("10.{}.0.0/16", (vpc + rule) % size.vpcs) }] }),
            1 => {
                json!({ "UserIdGroupPairs": [{ "GroupId": id("sg", vpc * size.groups + (group + rule) % size.groups) }] })
            }
            _ => json!({ "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }),
        };
        let mut rule = json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port });
        rule.as_object_mut().expect("an object").extend(peer.as_object().expect("an object").clone());
        rule
    };
    let everything = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
    json!({ "GroupId": id("sg", vpc * size.groups + group), "GroupName": format!("group-{group}"),
        "VpcId": id("vpc", vpc), "OwnerId": ACCOUNT,
        "IpPermissions": (0..10).map(permission).collect::<Vec<_>>(), "IpPermissionsEgress": everything })
}

#[divan::bench(args = [SMALL, LARGE], sample_count = 3, sample_size = 1)]
fn documents_of_an_account(bencher: Bencher<'_, '_>, size: Size) {
    let source = Source::Snapshot(documents(size));
    let options = Options { title: "account".to_owned(), ..Options::default() };
    bencher.bench_local(|| {
        let made = import::import_source(black_box(&source), &BTreeMap::new(), &options).expect("it imports");
        assert_eq!(made.notices, [], "everything is carried over");
        made.text.len()
    });
}
