//! Templates of our own, and what becomes of them.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::read;
use crate::import::inventory::{
    Block, EndpointKind, LogDestination, Peer, Permission, RouteTarget, TransitResource,
};
use crate::import::{Inventory, Loss, Reading};

fn settings(set: &[(&str, &str)]) -> BTreeMap<String, String> {
    set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn reading(text: &str, set: &[(&str, &str)]) -> Reading {
    read(&Rc::from("net.yaml"), text, &settings(set)).unwrap_or_else(|troubles| panic!("{troubles:#?}"))
}

fn inventory(text: &str) -> Inventory {
    reading(text, &[]).inventory
}

/// All troubles, a line each, with their hints.
fn troubles(text: &str, set: &[(&str, &str)]) -> Vec<String> {
    let troubles = read(&Rc::from("net.yaml"), text, &settings(set)).expect_err("it is wrong");
    let line = |trouble: crate::import::Trouble| {
        let hint = trouble.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}: {}{hint}", trouble.place.path, trouble.message)
    };
    troubles.into_iter().map(line).collect()
}

/// All notices that matter, a line each.
fn losses(reading: &Reading) -> Vec<String> {
    let that_matter = reading.notices.iter().filter(|notice| notice.loss == Loss::Matters);
    that_matter.map(|notice| format!("{}: {}", notice.place.path, notice.message)).collect()
}

/// A rule as one line.
fn rule(permission: &Permission) -> String {
    let traffic = &permission.traffic;
    let ports = match (traffic.from, traffic.to) {
        (None, None) => String::new(),
        (from, to) => format!(" {}-{}", from.unwrap_or(-1), to.unwrap_or(-1)),
    };
    let peer = match &permission.peer {
        Peer::Block(Block::Cidr(block) | Block::Ipv6(block) | Block::PrefixList(block)) => block,
        Peer::Group(group) => group,
    };
    format!("{}{ports} {peer}", traffic.protocol)
}

fn rules(permissions: &[Permission]) -> Vec<String> {
    permissions.iter().map(rule).collect()
}

const TWO_TIERS: &str = r#"
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Range: { Type: String, Default: 10.1.0.0/16, AllowedPattern: '\d+\.\d+\.\d+\.\d+/\d+' }
  Stage: { Type: String, Default: test, AllowedValues: [test, prod] }
  Password: { Type: String, NoEcho: true }
  Admins: { Type: CommaDelimitedList, Default: "192.0.2.0/24, 198.51.100.0/24" }
Mappings:
  Ports: { web: { http: 80, https: 443 } }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  WantsNat: !And [!Condition IsProd, !Not [!Equals [!Ref 'AWS::Region', eu-west-3]]]
Resources:
  Net:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: !Ref Range
      EnableDnsHostnames: true
      Tags: [{ Key: Name, Value: !Sub '${AWS::StackName}-vpc' }, { Key: Stage, Value: !Ref Stage }]
  Gateway: { Type: 'AWS::EC2::InternetGateway' }
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: { VpcId: !Ref Net, InternetGatewayId: !Ref Gateway }
  Public:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Net
      CidrBlock: !Select [0, !Cidr [!GetAtt Net.CidrBlock, 4, 8]]
      AvailabilityZone: !Select [0, !GetAZs '']
      MapPublicIpOnLaunch: yes
  Private:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !GetAtt Net.VpcId
      CidrBlock: !Select [1, !Cidr [!Ref Range, 4, 8]]
      AvailabilityZone: !Sub '${AWS::Region}b'
  Table: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: !Ref Net } }
  Default:
    Type: AWS::EC2::Route
    DependsOn: Attachment
    Properties: { RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway }
  Associated:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: { RouteTableId: !Ref Table, SubnetId: !Ref Public }
  NatAddress: { Type: 'AWS::EC2::EIP', Condition: WantsNat }
  Nat:
    Type: AWS::EC2::NatGateway
    Condition: WantsNat
    Properties: { SubnetId: !Ref Public, AllocationId: !GetAtt NatAddress.AllocationId }
  WebSG:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      VpcId: !Ref Net
      SecurityGroupIngress:
        - !If [IsProd, !Ref 'AWS::NoValue', { IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Select [1, !Ref Admins] }]
        - IpProtocol: tcp
          FromPort: !FindInMap [Ports, web, https]
          ToPort: !FindInMap [Ports, web, https]
          CidrIp: 0.0.0.0/0
        - { IpProtocol: 1, FromPort: 8, ToPort: -1, SourceSecurityGroupId: !GetAtt Net.DefaultSecurityGroup }
  Web:
    Type: AWS::EC2::Instance
    Properties:
      ImageId: !Ref Password
      SubnetId: !Ref Public
      SecurityGroupIds: [!Ref WebSG]
      PrivateIpAddress: 10.1.0.10
      SourceDestCheck: false
"#;

#[test]
fn short_forms_conditions_and_functions() {
    let Reading { inventory, notices } = reading(TWO_TIERS, &[("AWS::Region", "eu-west-1")]);
    assert!(notices.is_empty(), "{notices:?}");
    let vpc = &inventory.vpcs[0];
    assert_eq!((vpc.about.id.as_str(), vpc.about.name.as_deref()), ("Net", Some("net-vpc")));
    assert_eq!(vpc.about.tags, BTreeMap::from([("Stage".to_owned(), "test".to_owned())]));
    assert_eq!(vpc.about.region.as_deref(), Some("eu-west-1"));
    assert_eq!(
        (vpc.cidrs.as_slice(), vpc.dns_hostnames),
        (["10.1.0.0/16".to_owned()].as_slice(), Some(true))
    );
    let subnets: Vec<_> =
        inventory.subnets.iter().map(|subnet| (subnet.cidr.as_str(), subnet.map_public_ip)).collect();
    assert_eq!(subnets, [("10.1.0.0/24", true), ("10.1.1.0/24", false)]);
    assert_eq!(inventory.subnets[1].zone.as_deref(), Some("eu-west-1b"));
    assert_eq!(inventory.internet_gateways[0].vpc.as_deref(), Some("Net"));
    let table = &inventory.route_tables[0];
    assert_eq!((table.subnets.as_slice(), table.is_main), (["Public".to_owned()].as_slice(), false));
    assert_eq!(table.routes[0].target, RouteTarget::Id("Gateway".to_owned()));
    assert_eq!(table.routes[0].place.to_string(), "net.yaml: Resources.Default");
    assert!(inventory.nat_gateways.is_empty() && inventory.addresses.is_empty());
    let [default, web] = inventory.security_groups.as_slice() else { panic!("two groups") };
    assert_eq!(
        rules(&web.ingress),
        ["tcp 22-22 198.51.100.0/24", "tcp 443-443 0.0.0.0/0", "icmp 8--1 Net.DefaultSecurityGroup"]
    );
    assert_eq!(rules(&web.egress), ["-1 0.0.0.0/0"]);
    assert_eq!((default.group_name.as_str(), default.vpc.as_str()), ("default", "Net"));
    assert_eq!(rules(&default.ingress), ["-1 Net.DefaultSecurityGroup"]);
    let interface = &inventory.interfaces[0];
    assert_eq!((interface.about.id.as_str(), interface.subnet.as_str()), ("Web.eth0", "Public"));
    assert_eq!(interface.private_ips, ["10.1.0.10"]);
    assert_eq!(interface.instance, Some(("Web".to_owned(), 0)));
    assert!(!interface.source_dest_check && interface.is_attached);
    assert_eq!(inventory.instances[0].subnet, None);
}

#[test]
fn what_a_condition_leaves_out() {
    let prod = reading(TWO_TIERS, &[("AWS::Region", "eu-west-1"), ("Stage", "prod")]).inventory;
    assert_eq!(prod.nat_gateways[0].allocations, ["NatAddress"]);
    // The place is that in the file, although the first rule is gone.
    let ingress = &prod.security_groups[1].ingress;
    assert_eq!(rule(&ingress[0]), "tcp 443-443 0.0.0.0/0");
    assert_eq!(ingress[0].place.path, "Resources.WebSG.Properties.SecurityGroupIngress[1]");
    let reading = reading(TWO_TIERS, &[]);
    let said = &reading.notices[0];
    assert_eq!(said.loss, Loss::Harmless);
    assert_eq!(said.message, "`AWS::Region` is taken to be us-east-1; `--set AWS::Region=…` says otherwise");
    assert_eq!(reading.inventory.subnets[0].zone.as_deref(), Some("us-east-1a"));
}

#[test]
fn settings_that_are_wrong() {
    assert_eq!(
        troubles(TWO_TIERS, &[("Rang", "10.0.0.0/8"), ("Stage", "dev")]),
        [
            "Parameters: the template has no parameter `Rang` (did you mean `Range`? Parameters: `Range`, `Stage`, \
             `Password`, `Admins`)",
            "Parameters.Stage: `dev` is not among the allowed values (allowed: `test`, `prod`)",
        ]
    );
    assert_eq!(
        troubles(TWO_TIERS, &[("Range", "ten")]),
        [r"Parameters.Range: `ten` does not match the allowed pattern `\d+\.\d+\.\d+\.\d+/\d+`"]
    );
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let text = r#"
Parameters:
  A: { Type: String }
  B: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /net/range }
  C: { Type: 'List<AWS::EC2::AvailabilityZone::Name>' }
  Unused: { Type: String }
Conditions:
  HasA: !Not [!Equals [!Ref A, '']]
  AlsoHasA: !Not [!Equals [!Ref A, '']]
Resources:
  Net: { Type: 'AWS::EC2::VPC', Condition: HasA, Properties: { CidrBlock: !Ref B } }
  Sub:
    Type: AWS::EC2::Subnet
    Condition: AlsoHasA
    Properties:
      VpcId: !Ref Net
      CidrBlock: !ImportValue { 'Fn::Sub': 'block-of-${AWS::StackName}' }
      AvailabilityZone: !Select [1, !Ref C]
"#;
    assert_eq!(
        troubles(text, &[]),
        [
            "Parameters: these parameters have neither a default nor a value: `A`, `C` \
             (say them: `--set A=… --set C=us-east-1a,us-east-1b`)",
            "Parameters: the values of these parameters are in the parameter store: `B` (say them: `--set B=…`)",
            "Resources.Sub.Properties.CidrBlock: the value of the export `block-of-net` of another stack is not known \
             (say it: `--set 'ImportValue:block-of-net=…'`)",
        ]
    );
    let set = [
        ("A", "x"),
        ("B", "10.0.0.0/16"),
        ("C", "us-east-1a,us-east-1b"),
        ("ImportValue:block-of-net", "10.0.9.0/24"),
    ];
    let subnet = &reading(text, &set).inventory.subnets[0];
    assert_eq!((subnet.cidr.as_str(), subnet.zone.as_deref()), ("10.0.9.0/24", Some("us-east-1b")));
    let set = [set[0], set[1], set[2], set[3], ("ImportValue:other", "x")];
    assert_eq!(troubles(text, &set), [": the template imports no `other` (imported are `block-of-net`)"]);
}

#[test]
fn json_with_long_forms() {
    let text = r#"{
      "Resources": {
        "Net": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "More": {"Type": "AWS::EC2::VPCCidrBlock", "Properties": {"VpcId": {"Ref": "Net"}, "CidrBlock": "10.1.0.0/16"}},
        "Acl": {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": {"Ref": "Net"}}},
        "In": {"Type": "AWS::EC2::NetworkAclEntry", "Properties": {"NetworkAclId": {"Ref": "Acl"}, "RuleNumber": 100,
          "Protocol": "6", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": "443", "To": "443"}}},
        "Out": {"Type": "AWS::EC2::NetworkAclEntry", "Properties": {"NetworkAclId": {"Fn::GetAtt": ["Net", "DefaultNetworkAcl"]},
          "RuleNumber": 90, "Protocol": 1, "RuleAction": "deny", "Egress": "true", "CidrBlock": "10.0.0.0/8",
          "Icmp": {"Type": 8, "Code": -1}}},
        "Sub": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Net"},
          "CidrBlock": {"Fn::Join": ["", ["10.0.", {"Fn::Select": ["2", {"Fn::Split": [".", "10.0.7.0"]}]}, ".0/24"]]}}},
        "Tie": {"Type": "AWS::EC2::SubnetNetworkAclAssociation", "Properties": {"NetworkAclId": {"Ref": "Acl"}, "SubnetId": {"Ref": "Sub"}}}
      }
    }"#;
    let inventory = inventory(text);
    assert_eq!(inventory.vpcs[0].cidrs, ["10.0.0.0/16", "10.1.0.0/16"]);
    assert_eq!(inventory.subnets[0].cidr, "10.0.7.0/24");
    let [acl, default] = inventory.network_acls.as_slice() else { panic!("two") };
    assert_eq!((acl.subnets.as_slice(), acl.is_default), (["Sub".to_owned()].as_slice(), false));
    assert_eq!((acl.entries[0].traffic.protocol.as_str(), acl.entries[0].traffic.from), ("tcp", Some(443)));
    assert!(default.is_default);
    assert_eq!(default.about.id, "Net.DefaultNetworkAcl");
    let entry = &default.entries[2];
    assert_eq!((entry.number, entry.is_egress, entry.allows), (90, true, false));
    assert_eq!((entry.traffic.from, entry.traffic.to), (Some(8), Some(-1)));
}

#[test]
fn egress_rules_of_security_groups() {
    let text = r#"
Resources:
  Net: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Plain: { Type: AWS::EC2::SecurityGroup, Properties: { VpcId: !Ref Net } }
  Inline:
    Type: AWS::EC2::SecurityGroup
    Properties:
      VpcId: !Ref Net
      GroupName: named
      SecurityGroupEgress: [{ IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0 }]
  Apart: { Type: AWS::EC2::SecurityGroup, Properties: { VpcId: !Ref Net } }
  Out:
    Type: AWS::EC2::SecurityGroupEgress
    Properties: { GroupId: !Ref Apart, IpProtocol: udp, FromPort: 53, ToPort: 53, DestinationSecurityGroupId: !Ref Plain }
  Out2:
    Type: AWS::EC2::SecurityGroupEgress
    Properties: { GroupId: !GetAtt Apart.GroupId, IpProtocol: -1, CidrIpv6: '::/0' }
  In:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: { GroupId: !GetAtt Net.DefaultSecurityGroup, IpProtocol: 6, FromPort: 1, ToPort: 2, SourceSecurityGroupName: named }
"#;
    let groups = inventory(text).security_groups;
    let egress: Vec<_> = groups.iter().map(|group| rules(&group.egress)).collect();
    assert_eq!(
        egress,
        [
            vec!["-1 0.0.0.0/0".to_owned()],
            vec!["tcp 443-443 0.0.0.0/0".to_owned()],
            vec!["udp 53-53 Plain".to_owned(), "-1 ::/0".to_owned()],
            vec!["-1 0.0.0.0/0".to_owned()],
        ]
    );
    assert_eq!(groups[3].about.id, "Net.DefaultSecurityGroup");
    assert_eq!(rules(&groups[3].ingress), ["-1 Net.DefaultSecurityGroup", "tcp 1-2 Inline"]);
    assert_eq!(groups[1].group_name, "named");
}

#[test]
fn interfaces_of_instances() {
    let text = r#"
Resources:
  Net: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Sub: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Net, CidrBlock: 10.0.0.0/24 } }
  Eni: { Type: AWS::EC2::NetworkInterface, Properties: { SubnetId: !Ref Sub, PrivateIpAddress: 10.0.0.5 } }
  Late: { Type: AWS::EC2::NetworkInterface, Properties: { SubnetId: !Ref Sub, PrivateIpAddresses: [{ PrivateIpAddress: 10.0.0.7, Primary: false }, { PrivateIpAddress: 10.0.0.6, Primary: true }] } }
  Tie: { Type: AWS::EC2::NetworkInterfaceAttachment, Properties: { NetworkInterfaceId: !Ref Late, InstanceId: !Ref One, DeviceIndex: 2 } }
  One:
    Type: AWS::EC2::Instance
    Properties:
      InstanceType: t3.micro
      NetworkInterfaces:
        - { DeviceIndex: 0, SubnetId: !Ref Sub, AssociatePublicIpAddress: true, GroupSet: [sg-0123456789abcdef0] }
        - { DeviceIndex: 1, NetworkInterfaceId: !Ref Eni }
  Lost: { Type: AWS::EC2::Instance, Properties: { InstanceType: t3.micro } }
  Ip: { Type: AWS::EC2::EIP, Properties: { Domain: vpc } }
  IpTie: { Type: AWS::EC2::EIPAssociation, Properties: { EIP: !Ref Ip, NetworkInterfaceId: !Ref Eni } }
  Table: { Type: AWS::EC2::RouteTable, Properties: { VpcId: !Ref Net } }
  ToOne: { Type: AWS::EC2::Route, Properties: { RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, InstanceId: !Ref One } }
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      VpcId: !Ref Net
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Sub '${Ip}/32' }]
"#;
    let reading = reading(text, &[]);
    let inventory = &reading.inventory;
    let devices: Vec<_> = inventory
        .interfaces
        .iter()
        .map(|interface| (interface.about.id.as_str(), interface.instance.clone().map(|(_, device)| device)))
        .collect();
    assert_eq!(devices, [("Eni", Some(1)), ("Late", Some(2)), ("One.eth0", Some(0))]);
    assert_eq!(inventory.interfaces[1].private_ips, ["10.0.0.6", "10.0.0.7"]);
    assert_eq!(inventory.interfaces[0].security_groups, ["Net.DefaultSecurityGroup"]);
    assert_eq!(inventory.interfaces[2].security_groups, ["sg-0123456789abcdef0"]);
    assert_eq!(inventory.instances.len(), 1);
    assert_eq!(inventory.instances[0].associate_public_ip, Some(true));
    assert_eq!(inventory.addresses[0].associated_with.as_deref(), Some("Eni"));
    assert_eq!(inventory.route_tables[0].routes[0].target, RouteTarget::Id("One".to_owned()));
    assert_eq!(
        losses(&reading),
        [
            "Resources.Lost: an instance without a subnet, which is in the account's default VPC, is left out",
            "Resources.Group.Properties.SecurityGroupIngress[0].CidrIp: `Ip/32` is known only when the stack is made: \
             what names it is left out",
        ]
    );
}

#[test]
fn gateways_endpoints_and_logs() {
    let text = r#"
Resources:
  Net: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Sub: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Net, CidrBlock: 10.0.0.0/24 } }
  Table: { Type: AWS::EC2::RouteTable, Properties: { VpcId: !Ref Net } }
  Hub: { Type: AWS::EC2::TransitGateway, Properties: { DefaultRouteTableAssociation: disable, DefaultRouteTablePropagation: disable } }
  Spoke: { Type: AWS::EC2::TransitGatewayVpcAttachment, Properties: { TransitGatewayId: !Ref Hub, VpcId: !Ref Net, SubnetIds: [!Ref Sub], Options: { ApplianceModeSupport: enable } } }
  HubTable: { Type: AWS::EC2::TransitGatewayRouteTable, Properties: { TransitGatewayId: !Ref Hub } }
  A1: { Type: AWS::EC2::TransitGatewayRouteTableAssociation, Properties: { TransitGatewayRouteTableId: !Ref HubTable, TransitGatewayAttachmentId: !Ref Spoke } }
  P1: { Type: AWS::EC2::TransitGatewayRouteTablePropagation, Properties: { TransitGatewayRouteTableId: !Ref HubTable, TransitGatewayAttachmentId: !GetAtt Vpn.TransitGatewayAttachmentId } }
  R1: { Type: AWS::EC2::TransitGatewayRoute, Properties: { TransitGatewayRouteTableId: !Ref HubTable, DestinationCidrBlock: 10.9.0.0/16, Blackhole: true } }
  Router: { Type: AWS::EC2::CustomerGateway, Properties: { Type: ipsec.1, BgpAsn: 65000, IpAddress: 203.0.113.7 } }
  Vpn: { Type: AWS::EC2::VPNConnection, Properties: { Type: ipsec.1, CustomerGatewayId: !Ref Router, TransitGatewayId: !Ref Hub } }
  ToHub: { Type: AWS::EC2::Route, Properties: { RouteTableId: !Ref Table, DestinationPrefixListId: !Ref List, TransitGatewayId: !Ref Hub } }
  List: { Type: AWS::EC2::PrefixList, Properties: { PrefixListName: sites, AddressFamily: IPv4, MaxEntries: 3, Entries: [{ Cidr: 10.9.0.0/16 }] } }
  Store: { Type: AWS::EC2::VPCEndpoint, Properties: { VpcId: !Ref Net, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.s3', RouteTableIds: [!Ref Table], PolicyDocument: { Statement: [{ Effect: Allow, Action: '*', Principal: '*', Resource: '*' }] } } }
  Queue: { Type: AWS::EC2::VPCEndpoint, Properties: { VpcId: !Ref Net, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.sqs, SubnetIds: [!Ref Sub], PrivateDnsEnabled: true } }
  Bucket: { Type: AWS::S3::Bucket }
  Log: { Type: AWS::EC2::FlowLog, Properties: { ResourceId: !Ref Net, ResourceType: VPC, TrafficType: ALL, LogDestinationType: s3, LogDestination: !Sub '${Bucket.Arn}/logs/' } }
  Elsewhere: { Type: AWS::EC2::Route, Properties: { RouteTableId: rtb-0123456789abcdef0, DestinationCidrBlock: 10.9.0.0/16, TransitGatewayId: !Ref Hub } }
  Balancer: { Type: AWS::ElasticLoadBalancingV2::LoadBalancer }
  Stack: { Type: AWS::CloudFormation::Stack }
"#;
    let reading = reading(text, &[]);
    let inventory = &reading.inventory;
    assert!(!inventory.transit_gateways[0].has_default_table);
    let table = &inventory.transit_tables[0];
    assert_eq!(
        (table.associations.as_slice(), table.propagations.as_slice()),
        (["Spoke".to_owned()].as_slice(), ["Vpn.TransitGatewayAttachment".to_owned()].as_slice())
    );
    assert_eq!(table.routes[0].attachment, None);
    let [spoke, vpn] = inventory.transit_attachments.as_slice() else { panic!("two") };
    assert!(matches!(&spoke.resource, TransitResource::Vpc { appliance_mode: true, .. }));
    assert_eq!(vpn.resource, TransitResource::Vpn { connection: "Vpn".to_owned() });
    assert_eq!(inventory.route_tables[0].routes[0].destination, Block::PrefixList("List".to_owned()));
    let [store, queue] = inventory.endpoints.as_slice() else { panic!("two") };
    assert_eq!((store.service.as_str(), &store.policy), ("com.amazonaws.us-east-1.s3", &None));
    assert!(
        matches!(&queue.kind, EndpointKind::Interface { security_groups, .. } if *security_groups == ["Net.DefaultSecurityGroup"])
    );
    assert_eq!(
        inventory.flow_logs[0].destination,
        LogDestination::Bucket {
            name: "net-bucket".to_owned(),
            prefix: Some("logs".to_owned()),
            parquet: false,
            hive_compatible: false,
            per_hour: false,
        }
    );
    assert_eq!(
        losses(&reading),
        [
            "Resources.Elsewhere: a route of `rtb-0123456789abcdef0`, which is not in the template, is left out",
            "Resources.Balancer: a resource of type AWS::ElasticLoadBalancingV2::LoadBalancer is left out: it has \
             interfaces in subnets, which a template does not tell",
            "Resources.Stack: a resource of type AWS::CloudFormation::Stack is left out: what a nested stack makes is in \
             another template; import that as well",
        ]
    );
}

#[test]
fn loops() {
    let text = r#"
Transform: AWS::LanguageExtensions
Parameters: { Names: { Type: CommaDelimitedList, Default: 'a,b' } }
Mappings: { Blocks: { a: { Cidr: 10.0.1.0/24 }, b: { Cidr: 10.0.2.0/24 } } }
Resources:
  Net: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Fn::ForEach::Subnets:
    - Name
    - !Ref Names
    - Sub${Name}:
        Type: AWS::EC2::Subnet
        Properties: { VpcId: !Ref Net, CidrBlock: !FindInMap [Blocks, !Ref Name, Cidr] }
"#;
    let subnets = inventory(text).subnets;
    let subnets: Vec<_> =
        subnets.iter().map(|subnet| (subnet.about.id.as_str(), subnet.cidr.as_str())).collect();
    assert_eq!(subnets, [("Suba", "10.0.1.0/24"), ("Subb", "10.0.2.0/24")]);
}

#[test]
fn what_is_wrong_is_said_where() {
    let net = "Resources:\n  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}\n";
    for (text, expected) in [
        ("a: [", vec!["line 1, column 4: this is neither YAML nor JSON: "]),
        ("{\"a\": }", vec!["line 1, column 7: this is not JSON: expected value"]),
        ("{\"Resources\": {\"A\": 1, \"A\": 2}}", vec!["line 1, column 24: the key `A` is given twice"]),
        ("a: 1\na: 2", vec!["line 2, column 1: the key `a` is given twice"]),
        (
            "a: 1",
            vec![
                ": there are no `Resources` (a CloudFormation template has a section `Resources`; is this another kind of file?)",
            ],
        ),
        ("- 1", vec![": this is not a template (a template is a map with `Resources`)"]),
        ("Resources: {A: {Properties: {}}}", vec!["Resources.A: this resource has no `Type`"]),
        (
            &format!("{net}  Sub: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Nett}}}}"),
            vec![
                "Resources.Sub.Properties.VpcId: `Nett` is neither a parameter nor a resource of this template (did you mean `Net`?)",
            ],
        ),
        (
            &format!(
                "{net}  Sub: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !GetAtt Net.VpcID, CidrBlock: !Foo x}}}}"
            ),
            vec![
                "Resources.Sub.Properties.VpcId: `VpcID` is no attribute of a AWS::EC2::VPC (did you mean `VpcId`?)",
                "Resources.Sub.Properties.CidrBlock: there is no function `Fn::Foo`",
            ],
        ),
        (
            &format!(
                "{net}  Sub: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Net, CidrBlock: 10.0.0.0, MapPublicIpOnLaunch: maybe}}}}"
            ),
            vec![
                "Resources.Sub.Properties.CidrBlock: `10.0.0.0` is not a block of IPv4, such as 10.0.0.0/16",
            ],
        ),
        (
            "Conditions: {A: !Condition B, B: !Not [!Condition A]}\nResources: {N: {Type: AWS::EC2::VPC, Condition: A}}",
            vec!["Conditions.B: this leads in a circle: `Conditions.A` needs `Conditions.B` needs itself"],
        ),
        (
            "Resources: {N: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !GetAtt N.CidrBlock}}}",
            vec![
                "Resources.N.Properties.CidrBlock: this leads in a circle: `Resources.N.Properties.CidrBlock` needs itself",
                "Resources.N: resources need each other in a circle: `N` needs `N`",
            ],
        ),
        (
            "Resources: {A: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref B}}, B: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Sub 'x${A}'}}}",
            vec!["Resources.A: resources need each other in a circle: `A` needs `B` needs `A`"],
        ),
    ] {
        let found = troubles(text, &[]);
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.starts_with(expected), "{text}\n{found}\n{expected}");
        }
    }
}

#[test]
fn what_costs_too_much_is_refused() {
    let bomb: String = (1..40).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1)).collect();
    assert_eq!(troubles(&format!("a0: &a0 [x, x]\n{bomb}"), &[]).len(), 1);
    let deep = format!("a: {}", "[".repeat(100) + &"]".repeat(100));
    assert_eq!(troubles(&deep, &[]), ["line 1, column 67: lists and maps are nested deeper than 64 levels"]);
    let doubling: String = (1..60)
        .map(|at| {
            format!(
                "  N{at}: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: !Sub '${{N{0}.CidrBlock}}${{N{0}.CidrBlock}}'}}}}\n",
                at - 1
            )
        })
        .collect();
    let text = format!("Resources:\n  N0: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 1}}}}\n{doubling}");
    assert!(troubles(&text, &[]).iter().any(|line| line.contains("too many or lead too deep")));
    let chain: String = (1..2000).map(|at| format!("  C{at}: !Not [!Condition C{}]\n", at - 1)).collect();
    let text = format!(
        "Conditions:\n  C0: !Equals [a, a]\n{chain}Resources: {{N: {{Type: AWS::EC2::VPC, Condition: C1999}}}}"
    );
    assert!(troubles(&text, &[]).iter().any(|line| line.contains("too many or lead too deep")));
}
