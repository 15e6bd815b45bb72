//! What resources become.

use super::{inventory, losses, reading, rules};
use crate::import::inventory::{Block, EndpointKind, LogDestination, RouteTarget, TransitResource};

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
    Properties: { GroupId: !GetAtt Apart.GroupId, IpProtocol: -1, FromPort: 0, ToPort: 65535, CidrIpv6: '::/0' }
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
  Ip2: { Type: AWS::EC2::EIP }
  IpTie2: { Type: AWS::EC2::EIPAssociation, Properties: { AllocationId: !GetAtt Ip2.AllocationId, NetworkInterfaceId: !Ref Late, PrivateIpAddress: !Select [0, !GetAtt Late.SecondaryPrivateIpAddresses] } }
  IpTie3: { Type: AWS::EC2::EIPAssociation, Properties: { AllocationId: eipalloc-0123456789abcdef0, NetworkInterfaceId: !Ref Late, PrivateIpAddress: !GetAtt Late.PrimaryPrivateIpAddress } }
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
    let associated: Vec<_> =
        inventory.addresses.iter().map(|address| address.associated_with.as_deref()).collect();
    assert_eq!(associated, [Some("Eni"), None, Some("Late")]);
    assert_eq!(inventory.addresses[2].private_ip, None);
    assert_eq!(inventory.route_tables[0].routes[0].target, RouteTarget::Id("One".to_owned()));
    assert_eq!(
        losses(&reading),
        [
            "Resources.Lost: an instance without a subnet, which is in the account's default VPC, is left out",
            "Resources.Group.Properties.SecurityGroupIngress[0].CidrIp: `Ip/32` is known only when the stack is made: \
             what names it is left out",
            "Resources.IpTie2.Properties.PrivateIpAddress: `Late.SecondaryPrivateIpAddresses[0]` is known only when the \
             stack is made: the address is left out",
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
