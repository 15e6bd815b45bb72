//! What is made of documents: samples of what the CLI prints, cut down to what each test is about.

use super::*;
use crate::import::inventory::{Block, Peer, RouteTarget, TransitResource};

fn files(texts: &[(&str, &str)]) -> Vec<(Rc<str>, String)> {
    texts.iter().map(|(name, text)| (Rc::from(*name), (*text).to_owned())).collect()
}

fn read_all(texts: &[(&str, &str)]) -> Reading {
    read(&files(texts)).expect("it is JSON")
}

fn notices(reading: &Reading) -> Vec<String> {
    reading.notices.iter().map(|it| format!("{}: {}", it.place, it.message)).collect()
}

const VPC: &str =
    r#"{ "Vpcs": [{ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111111111111" }] }"#;

#[test]
fn blocks_that_are_not_associated_any_more_are_none() {
    let reading = read_all(&[(
        "Vpcs.json",
        r#"{ "Vpcs": [{ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "CidrBlockAssociationSet": [
            { "CidrBlock": "10.0.0.0/16", "CidrBlockState": { "State": "associated" } },
            { "CidrBlock": "10.1.0.0/16", "CidrBlockState": { "State": "disassociated" } },
            { "CidrBlock": "10.2.0.0/16", "CidrBlockState": { "State": "associated" } }] }] }"#,
    )]);
    assert_eq!(reading.inventory.vpcs[0].cidrs, ["10.0.0.0/16", "10.2.0.0/16"]);
}

#[test]
fn kinds_are_told_by_their_members_whatever_the_case_and_the_file() {
    let vpcs = r#"[{ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16" }]"#;
    for (file, text) in [
        ("a.json", format!(r#"{{ "Vpcs": {vpcs} }}"#)),
        ("a.json", format!(r#"{{ "vpcs": {vpcs}, "provider": "aws" }}"#)),
        ("Vpcs.json", vpcs.to_owned()),
        ("some/where/vpcs.2024.json", vpcs.to_owned()),
    ] {
        let reading = read_all(&[(file, &text)]);
        assert_eq!(reading.inventory.vpcs.len(), 1, "{file}");
    }
}

#[test]
fn accounts_and_regions_are_those_of_the_documents_or_of_their_folders() {
    let reading = read_all(&[
        (
            "222222222222/eu-west-1/Vpcs.json",
            r#"{ "Vpcs": [{ "VpcId": "vpc-2", "CidrBlock": "10.0.0.0/16" }] }"#,
        ),
        ("Vpcs.json", VPC),
        (
            "Subnets.json",
            r#"{ "Subnets": [{ "SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
                "AvailabilityZone": "us-east-2b" }] }"#,
        ),
    ]);
    let scopes: Vec<(Option<&str>, Option<&str>)> = reading
        .inventory
        .vpcs
        .iter()
        .map(|vpc| (vpc.about.account.as_deref(), vpc.about.region.as_deref()))
        .collect();
    assert_eq!(
        scopes,
        [(Some("222222222222"), Some("eu-west-1")), (Some("111111111111"), Some("us-east-2"))],
        "the second VPC is where its subnet is"
    );
}

#[test]
fn routes_say_their_targets_and_whether_they_are_gone() {
    let reading = read_all(&[
        ("Vpcs.json", VPC),
        (
            "RouteTables.json",
            r#"{ "RouteTables": [{ "RouteTableId": "rtb-1", "VpcId": "vpc-1",
            "Associations": [{ "Main": true }, { "SubnetId": "subnet-1" },
                { "SubnetId": "subnet-2", "AssociationState": { "State": "disassociated" } }],
            "PropagatingVgws": [{ "GatewayId": "vgw-1" }],
            "Routes": [
              { "DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable" },
              { "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-1", "InstanceId": "i-1", "State": "active" },
              { "DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1" },
              { "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1" },
              { "DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation" },
              { "DestinationCidrBlock": "10.8.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "blackhole" },
              { "DestinationCidrBlock": "10.7.0.0/16" }] }] }"#,
        ),
    ]);
    let table = &reading.inventory.route_tables[0];
    assert!(table.is_main);
    assert_eq!(
        (table.subnets.as_slice(), table.propagating.as_slice()),
        (&["subnet-1".to_owned()][..], &["vgw-1".to_owned()][..])
    );
    let id = |id: &str| RouteTarget::Id(id.to_owned());
    let cidr = |block: &str| Block::Cidr(block.to_owned());
    let routes: Vec<_> = table
        .routes
        .iter()
        .map(|it| (it.destination.clone(), it.target.clone(), it.is_propagated, it.is_blackhole))
        .collect();
    assert_eq!(
        routes,
        [
            (cidr("10.0.0.0/16"), RouteTarget::Local, false, false),
            (cidr("0.0.0.0/0"), id("eni-1"), false, false),
            (Block::PrefixList("pl-1".to_owned()), id("vpce-1"), false, false),
            (Block::Ipv6("::/0".to_owned()), id("eigw-1"), false, false),
            (cidr("10.9.0.0/16"), id("vgw-1"), true, false),
            (cidr("10.8.0.0/16"), id("pcx-1"), false, true),
            (cidr("10.7.0.0/16"), id("a target of a kind that is not known"), false, false),
        ]
    );
}

#[test]
fn a_permission_is_a_rule_for_each_peer() {
    let reading = read_all(&[
        ("Vpcs.json", VPC),
        (
            "SecurityGroups.json",
            r#"{ "SecurityGroups": [{ "GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1", "IpPermissions": [
            { "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{ "CidrIp": "10.0.0.0/8" }, { "CidrIp": "192.0.2.1/32" }],
              "UserIdGroupPairs": [{ "GroupId": "sg-2" }], "PrefixListIds": [{ "PrefixListId": "pl-1" }],
              "Ipv6Ranges": [{ "CidrIpv6": "::/0" }] }] }] }"#,
        ),
    ]);
    let group = &reading.inventory.security_groups[0];
    let peers: Vec<String> = group
        .ingress
        .iter()
        .map(|rule| match &rule.peer {
            Peer::Block(Block::Cidr(text) | Block::Ipv6(text) | Block::PrefixList(text))
            | Peer::Group(text) => text.clone(),
        })
        .collect();
    assert_eq!(peers, ["10.0.0.0/8", "192.0.2.1/32", "sg-2", "pl-1", "::/0"]);
    assert_eq!(group.ingress[1].place.path, "SecurityGroups[0].IpPermissions[0].IpRanges[1]");
}

#[test]
fn the_last_rule_of_a_list_is_there_anyway() {
    let reading = read_all(&[
        ("Vpcs.json", VPC),
        (
            "NetworkAcls.json",
            r#"{ "NetworkAcls": [{ "NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [
            { "RuleNumber": 100, "Egress": false, "Protocol": "6", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0",
              "PortRange": { "From": 80, "To": 80 } },
            { "RuleNumber": 110, "Egress": false, "Protocol": "1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0",
              "IcmpTypeCode": { "Type": 8, "Code": -1 } },
            { "RuleNumber": 32767, "Egress": false, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0" },
            { "RuleNumber": 32768, "Egress": false, "Protocol": "-1", "RuleAction": "deny", "Ipv6CidrBlock": "::/0" }] }] }"#,
        ),
    ]);
    let entries = &reading.inventory.network_acls[0].entries;
    let traffic: Vec<_> = entries
        .iter()
        .map(|it| (it.number, it.traffic.protocol.as_str(), it.traffic.from, it.traffic.to))
        .collect();
    assert_eq!(traffic, [(100, "tcp", Some(80), Some(80)), (110, "icmp", Some(8), Some(-1))]);
}

#[test]
fn an_interface_within_its_instance_is_the_one_of_the_other_document() {
    let inline = r#"{ "Reservations": [{ "OwnerId": "111111111111", "Instances": [
        { "InstanceId": "i-1", "State": { "Name": "running" }, "SubnetId": "subnet-1", "NetworkInterfaces": [
            { "NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.4", "Attachment": { "DeviceIndex": 0 },
              "PrivateIpAddresses": [{ "Primary": false, "PrivateIpAddress": "10.0.1.5" }, { "Primary": true, "PrivateIpAddress": "10.0.1.4",
                "Association": { "PublicIp": "198.51.100.4", "IpOwnerId": "amazon" } }] }] },
        { "InstanceId": "i-2", "State": { "Name": "terminated" } },
        { "InstanceId": "i-3", "State": { "Name": "stopped" }, "SubnetId": "subnet-1" }] }] }"#;
    let alone = read_all(&[("Vpcs.json", VPC), ("Reservations.json", inline)]);
    let states: Vec<_> =
        alone.inventory.instances.iter().map(|it| (it.about.id.as_str(), it.is_stopped)).collect();
    assert_eq!(states, [("i-1", false), ("i-3", true)]);
    let eni = &alone.inventory.interfaces[0];
    assert_eq!(eni.private_ips, ["10.0.1.4", "10.0.1.5"]);
    assert_eq!(eni.instance, Some(("i-1".to_owned(), 0)));
    let public = &eni.public_ips[0];
    assert_eq!((public.address.as_str(), public.allocation.as_deref()), ("198.51.100.4", None));

    let own = r#"{ "NetworkInterfaces": [{ "NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.4",
        "Description": "of its own document", "Status": "in-use" }] }"#;
    let both =
        read_all(&[("Vpcs.json", VPC), ("NetworkInterfaces.json", own), ("Reservations.json", inline)]);
    let [eni] = both.inventory.interfaces.as_slice() else { panic!("one interface") };
    assert_eq!(
        (eni.description.as_str(), eni.instance.clone()),
        ("of its own document", Some(("i-1".to_owned(), 0)))
    );
}

#[test]
fn what_several_accounts_describe_is_taken_once_and_a_clash_is_said() {
    let subnet = |cidr: &str, tags: &str| {
        format!(
            r#"{{ "Subnets": [{{ "SubnetId": "subnet-1", "VpcId": "vpc-1", "OwnerId": "111111111111", "CidrBlock": "{cidr}", "Tags": {tags} }}] }}"#
        )
    };
    let tagged = r#"[{ "Key": "Name", "Value": "shared" }]"#;
    let shared = read_all(&[
        ("111111111111/Vpcs.json", VPC),
        ("111111111111/Subnets.json", &subnet("10.0.1.0/24", tagged)),
        ("222222222222/Subnets.json", &subnet("10.0.1.0/24", "[]")),
    ]);
    assert_eq!(shared.inventory.subnets.len(), 1, "tags are not shared");
    assert!(!notices(&shared).iter().any(|it| it.contains("otherwise")), "{:?}", notices(&shared));
    let clash = read_all(&[
        ("111111111111/Vpcs.json", VPC),
        ("111111111111/Subnets.json", &subnet("10.0.1.0/24", "[]")),
        ("222222222222/Subnets.json", &subnet("10.0.2.0/24", "[]")),
    ]);
    let said = "222222222222/Subnets.json: Subnets[0]: subnet-1 is described otherwise in 111111111111/Subnets.json: Subnets[0]: \
                this one is left out";
    assert!(notices(&clash).iter().any(|it| it == said), "{:?}", notices(&clash));
}

#[test]
fn tables_of_transit_gateways_come_from_several_documents() {
    let reading = read_all(&[
        ("Vpcs.json", VPC),
        (
            "TransitGateways.json",
            r#"{ "TransitGateways": [{ "TransitGatewayId": "tgw-1", "State": "available", "Options": {
                "DefaultRouteTableAssociation": "enable", "AssociationDefaultRouteTableId": "tgw-rtb-1" } }] }"#,
        ),
        (
            "TransitGatewayVpcAttachments.json",
            r#"{ "TransitGatewayVpcAttachments": [{ "TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1",
                "VpcId": "vpc-1", "State": "available", "SubnetIds": ["subnet-1"], "Options": { "ApplianceModeSupport": "enable" } }] }"#,
        ),
        (
            "TransitGatewayAttachments.json",
            r#"{ "TransitGatewayAttachments": [
                { "TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1", "ResourceType": "vpc", "ResourceId": "vpc-1",
                  "State": "available", "Association": { "TransitGatewayRouteTableId": "tgw-rtb-1", "State": "associated" } },
                { "TransitGatewayAttachmentId": "tgw-attach-2", "TransitGatewayId": "tgw-1", "ResourceType": "vpn", "ResourceId": "vpn-1", "State": "available" },
                { "TransitGatewayAttachmentId": "tgw-attach-3", "TransitGatewayId": "tgw-1", "ResourceType": "vpc", "ResourceId": "vpc-9", "State": "deleted" }] }"#,
        ),
        (
            "tgw-rtb-1.propagations.json",
            r#"{ "TransitGatewayRouteTablePropagations": [{ "TransitGatewayAttachmentId": "tgw-attach-2", "State": "enabled" },
                { "TransitGatewayAttachmentId": "tgw-attach-3", "State": "disabled" }] }"#,
        ),
        (
            "tgw-rtb-1.routes.json",
            r#"{ "Routes": [{ "DestinationCidrBlock": "10.9.0.0/16", "Type": "static", "State": "blackhole" },
                { "DestinationCidrBlock": "10.8.0.0/16", "Type": "propagated", "TransitGatewayAttachments": [] },
                { "DestinationCidrBlock": "10.7.0.0/16", "Type": "static", "TransitGatewayAttachments": [{ "TransitGatewayAttachmentId": "tgw-attach-1" }] }] }"#,
        ),
    ]);
    let [table] = reading.inventory.transit_tables.as_slice() else { panic!("one table") };
    assert!(table.is_default);
    assert_eq!(
        (table.associations.as_slice(), table.propagations.as_slice()),
        (&["tgw-attach-1".to_owned()][..], &["tgw-attach-2".to_owned()][..])
    );
    let routes: Vec<_> = table.routes.iter().map(|it| (it.cidr.as_str(), it.attachment.as_deref())).collect();
    // What was learned of nobody who is known must not take another route.
    assert_eq!(routes, [("10.9.0.0/16", None), ("10.7.0.0/16", Some("tgw-attach-1")), ("10.8.0.0/16", None)]);
    let resources: Vec<_> = reading.inventory.transit_attachments.iter().map(|it| &it.resource).collect();
    assert!(matches!(resources[0], TransitResource::Vpc { appliance_mode: true, .. }));
    assert_eq!(resources[1], &TransitResource::Vpn { connection: "vpn-1".to_owned() });
    assert_eq!(resources.len(), 2);
}

#[test]
fn a_file_that_is_no_json_ends_it_and_all_of_them_are_named() {
    let troubles = read(&files(&[("a.json", "{ \"Vpcs\": ["), ("b.json", ""), ("c.json", VPC)]))
        .expect_err("two are broken");
    let said: Vec<String> = troubles.iter().map(|it| format!("{}: {}", it.place, it.message)).collect();
    assert_eq!(
        said,
        [
            "a.json: line 1, column 11: this is not JSON: EOF while parsing a list",
            "b.json: the file is empty"
        ]
    );
}

#[test]
fn what_is_not_known_or_not_complete_is_said() {
    let reading = read_all(&[
        (
            "Vpcs.json",
            r#"{ "Vpcs": [{ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16" }, {}], "NextToken": "abc" }"#,
        ),
        ("CarrierGateways.json", r#"{ "CarrierGateways": [{}, {}] }"#),
        ("Volumes.json", r#"{ "Volumes": [{}] }"#),
        ("things.json", "[1, 2]"),
    ]);
    let said = notices(&reading);
    for expected in [
        "Vpcs.json: Vpcs[1]: it has no VpcId: left out",
        "Vpcs.json: NextToken: the document is one page of several (it has a NextToken): the others are missing",
        "CarrierGateways.json: CarrierGateways: 2 CarrierGateways: the kind is not known, and left out",
        "things.json: it cannot be told what this list is of: left out",
    ] {
        assert!(said.iter().any(|it| it == expected), "{expected} in {said:#?}");
    }
    assert!(!said.iter().any(|it| it.contains("Volumes")));
}
