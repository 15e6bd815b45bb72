//! Parameters, conditions, functions and loops.

use std::collections::BTreeMap;

use super::{inventory, reading, rule, rules, troubles};
use crate::import::inventory::RouteTarget;
use crate::import::{Loss, Reading};

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
