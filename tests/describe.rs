//! What commands that describe print, and what can be expected of it.

use insta::assert_snapshot;
use vpclab::api::Ec2;
use vpclab::scenario;
use vpclab::scenario::aws::{self, AwsCommand};
use vpclab::suite::{self, Options};
use vpclab::time::Instant;

const TOPOLOGY: &str = r#"
name: describe
region: ap-northeast-2
account: "111111111111"
vpcs:
  A:
    id: vpc-0aaaaaaaaaaaaaaaa
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { id: subnet-0aaaaaaaaaaaaaaaa, cidr: 10.0.0.0/24, map_public_ip: true }
      Private: { id: subnet-0bbbbbbbbbbbbbbbb, cidr: 10.0.1.0/24 }
    route_tables:
      PublicTable: { id: rtb-0aaaaaaaaaaaaaaaa, subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      PrivateTable: { id: rtb-0bbbbbbbbbbbbbbbb, subnets: Private }
    security_groups:
      Web:
        ingress: [{ tcp: 80, from: anywhere }, { tcp: 80, from: Web }, { icmp: echo-request, from: anywhere }]
    instances:
      Server: { subnet: Public, security_groups: Web }
      Inside: { subnet: Private, security_groups: Web }
  B:
    id: vpc-0bbbbbbbbbbbbbbbb
    cidr: 10.1.0.0/16
    subnets: { SubnetB: { cidr: 10.1.0.0/24 } }
elastic_ips: { Eip: { id: eipalloc-0aaaaaaaaaaaaaaaa, address: 198.51.100.10 } }
on_prem: { Office: { cidr: 192.168.0.0/24, hosts: { desk: { address: 192.168.0.10 } } } }
steps:
"#;

/// Runs steps and says what failed, step by step.
fn failures(steps: &str) -> String {
    let result = suite::run_text("describe", &format!("{TOPOLOGY}{steps}"), &OPTIONS);
    let result = result.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let failed = result.steps.iter().filter(|step| !step.passed());
    failed.map(|step| format!("step {}: {}\n", step.number, step.failures.join("\n"))).collect()
}

const OPTIONS: Options = Options { seed: None, verbose: false };

fn check(steps: &str) {
    let failed = failures(steps);
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn a_terminated_instance_has_an_owner() {
    check(
        r#"
  - aws: ec2 terminate-instances --instance-ids Inside
  - aws: ec2 describe-instances
    expect: { output: { Reservations: [{ OwnerId: "111111111111" }, { OwnerId: "111111111111" }] } }
"#,
    );
}

#[test]
fn a_route_is_a_blackhole_while_its_nat_gateway_is_not_there() {
    check(
        "
  - aws: ec2 create-nat-gateway --subnet-id Public --allocation-id Eip
    as: DemoNATGW
  - aws: ec2 create-route --route-table-id PrivateTable --destination-cidr-block 0.0.0.0/0 --nat-gateway-id DemoNATGW
  - aws: ec2 describe-route-tables --route-table-ids PrivateTable
    expect:
      output:
        RouteTables:
          - Associations: [{ Main: false, SubnetId: Private, AssociationState: { State: associated } }]
            PropagatingVgws: []
            RouteTableId: PrivateTable
            Routes:
              - { DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: DemoNATGW, Origin: CreateRoute, State: active }
              - { DestinationCidrBlock: 10.0.0.0/16, GatewayId: local, Origin: CreateRouteTable, State: active }
            Tags: [{ Key: Name, Value: PrivateTable }]
            VpcId: A
            OwnerId: '111111111111'
  - aws: ec2 delete-nat-gateway --nat-gateway-id DemoNATGW
  - aws: ec2 describe-route-tables --route-table-ids PrivateTable
    expect: { output: { RouteTables: [{ Routes: [{ NatGatewayId: DemoNATGW, State: blackhole }] }] } }
  - aws: ec2 describe-nat-gateways --nat-gateway-ids DemoNATGW
    expect: { output: { NatGateways: [{ NatGatewayId: DemoNATGW, State: deleted, ConnectivityType: public }] } }
  - aws: ec2 describe-addresses --allocation-ids Eip
    expect: { output: { Addresses: [{ PublicIp: 198.51.100.10, AssociationId: ~ }] } }
  # What has the name of something that is gone is another thing.
  - aws: ec2 create-nat-gateway --subnet-id Public --allocation-id Eip
    as: DemoNATGW
  - aws: ec2 replace-route --route-table-id PrivateTable --destination-cidr-block 0.0.0.0/0 --nat-gateway-id DemoNATGW
  - aws: ec2 describe-route-tables --route-table-ids PrivateTable
    expect: { output: { RouteTables: [{ Routes: [{ DestinationCidrBlock: 0.0.0.0/0, State: active }] }] } }
",
    );
}

#[test]
fn a_route_to_a_peer_is_a_blackhole_until_it_has_accepted() {
    let route = |state: &str| {
        format!(
            "
  - aws: ec2 describe-route-tables --route-table-ids PublicTable
    expect: {{ output: {{ RouteTables: [{{ Routes: [{{ VpcPeeringConnectionId: DemoPeering, State: {state} }}] }}] }} }}
"
        )
    };
    check(&format!(
        "
  - aws: ec2 create-vpc-peering-connection --vpc-id A --peer-vpc-id B
    as: DemoPeering
    expect: {{ status: pending-acceptance }}
  - aws: ec2 create-route --route-table-id PublicTable --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id DemoPeering
  - aws: ec2 describe-vpc-peering-connections --vpc-peering-connection-ids DemoPeering
    expect:
      status: pending-acceptance
      output:
        VpcPeeringConnections:
          - AccepterVpcInfo: {{ OwnerId: '111111111111', VpcId: B, Region: ap-northeast-2, CidrBlock: ~, PeeringOptions: ~ }}
            RequesterVpcInfo:
              CidrBlock: 10.0.0.0/16
              CidrBlockSet: [{{ CidrBlock: 10.0.0.0/16 }}]
              PeeringOptions: {{ AllowDnsResolutionFromRemoteVpc: false }}
            ExpirationTime: 2024-07-05T09:00:00+00:00
            Status: {{ Code: pending-acceptance, Message: Pending Acceptance by 111111111111 }}
{pending}
  - aws: ec2 accept-vpc-peering-connection --vpc-peering-connection-id DemoPeering
{accepted}
  - aws: ec2 describe-vpc-peering-connections
    expect:
      output:
        VpcPeeringConnections:
          - AccepterVpcInfo: {{ CidrBlock: 10.1.0.0/16 }}
            ExpirationTime: ~
            Status: {{ Code: active, Message: Active }}
  - aws: ec2 delete-vpc-peering-connection --vpc-peering-connection-id DemoPeering
{deleted}
",
        pending = route("blackhole"),
        accepted = route("active"),
        deleted = route("blackhole"),
    ));
}

#[test]
fn everything_can_be_described() {
    check(
        "
  - aws: ec2 create-vpn-gateway --type ipsec.1
    as: Vgw
  - aws: ec2 attach-vpn-gateway --vpn-gateway-id Vgw --vpc-id A
  - aws: ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id Office --vpn-gateway-id Vgw
    as: Tunnel
  - aws: ec2 create-vpn-connection-route --vpn-connection-id Tunnel --destination-cidr-block 192.168.0.0/24
  - aws: ec2 enable-vgw-route-propagation --route-table-id PublicTable --gateway-id Vgw
  - aws: ec2 create-transit-gateway
    as: Hub
  - aws: ec2 create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id A --subnet-ids Private
    as: ToA
  - aws: ec2 create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id B --subnet-ids SubnetB
    as: ToB
  - aws: ec2 create-transit-gateway-route-table --transit-gateway-id Hub
    as: Routes
  - aws: ec2 create-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.1.0.0/16 --transit-gateway-attachment-id ToB
  - aws: ec2 create-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.9.0.0/16 --blackhole
  - aws: ec2 enable-transit-gateway-route-table-propagation --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA
  - aws: ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.s3 --route-table-ids PrivateTable
    as: S3
  - aws: ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.ssm --vpc-endpoint-type Interface --subnet-ids Private --security-group-ids Web --no-private-dns-enabled
    as: Ssm
  - aws: ec2 create-managed-prefix-list --prefix-list-name Offices --max-entries 3 --entries Cidr=192.168.0.0/24
  - aws: ec2 describe-vpcs --vpc-ids A
    expect: { output: { Vpcs: [{ CidrBlock: 10.0.0.0/16, IsDefault: false, CidrBlockAssociationSet: [{ CidrBlock: 10.0.0.0/16 }] }] } }
  - aws: ec2 describe-subnets --filters Name=vpc-id,Values=A
    expect: { output: { Subnets: [{ SubnetId: Public, AvailableIpAddressCount: 250 }, { SubnetId: Private, AvailableIpAddressCount: 248 }] } }
  - aws: ec2 describe-subnets --filters Name=tag:Name,Values=Nothing,Else
    expect: { output: { Subnets: [] } }
  - aws: ec2 describe-internet-gateways
    expect: { output: { InternetGateways: [{ InternetGatewayId: Gateway, Attachments: [{ State: available, VpcId: A }] }] } }
  - aws: ec2 describe-security-groups --group-ids Web
    expect:
      output:
        SecurityGroups:
          - IpPermissions:
              - { IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: 0.0.0.0/0 }], UserIdGroupPairs: [{ GroupId: Web }] }
              - { IpProtocol: icmp, FromPort: 8, ToPort: -1 }
            IpPermissionsEgress: [{ IpProtocol: -1, FromPort: ~ }]
  - aws: ec2 describe-network-acls --filters Name=vpc-id,Values=A
    expect: { output: { NetworkAcls: [{ IsDefault: true, Entries: [{ RuleNumber: 100, RuleAction: allow }, { RuleNumber: 32767, RuleAction: deny, Egress: true }] }] } }
  - aws: ec2 describe-network-interfaces
    expect:
      output:
        NetworkInterfaces:
          - { NetworkInterfaceId: Server, Status: in-use, InterfaceType: interface, Groups: [{ GroupName: Web }], Association: { IpOwnerId: amazon } }
          - { InterfaceType: vpc_endpoint, SubnetId: Private, RequesterManaged: true }
          - { InterfaceType: transit_gateway, Groups: [] }
  - aws: ec2 describe-instances --instance-ids Inside
    expect: { output: { Reservations: [{ OwnerId: '111111111111', Instances: [{ InstanceId: Inside, State: { Name: running }, PublicIpAddress: ~ }] }] } }
  - aws: ec2 describe-managed-prefix-lists
    expect: { output: { PrefixLists: [{ PrefixListName: com.amazonaws.ap-northeast-2.s3, PrefixListId: pl-78a54011, OwnerId: AWS }, { PrefixListName: Offices, MaxEntries: 3 }] } }
  - aws: ec2 get-managed-prefix-list-entries --prefix-list-id com.amazonaws.ap-northeast-2.dynamodb
    expect: { output: { Entries: [{ Cidr: 52.94.6.0/24 }] } }
  - aws: ec2 describe-vpc-endpoints
    expect: { output: { VpcEndpoints: [{ VpcEndpointId: S3, VpcEndpointType: Gateway, RouteTableIds: [PrivateTable], SubnetIds: [] }, { VpcEndpointId: Ssm, SubnetIds: [Private], Groups: [{ GroupId: Web }] }] } }
  - aws: ec2 describe-transit-gateways --transit-gateway-ids Hub
    expect: { output: { TransitGateways: [{ Options: { AmazonSideAsn: 64512, AutoAcceptSharedAttachments: disable, DefaultRouteTableAssociation: enable } }] } }
  - aws: ec2 describe-transit-gateway-attachments
    expect: { output: { TransitGatewayAttachments: [{ ResourceType: vpc, ResourceId: A, State: available, Association: { State: associated } }] } }
  - aws: ec2 describe-transit-gateway-vpc-attachments --transit-gateway-attachment-ids ToA
    expect: { output: { TransitGatewayVpcAttachments: [{ VpcId: A, SubnetIds: [Private], Options: { ApplianceModeSupport: disable } }] } }
  - aws: ec2 describe-transit-gateway-route-tables --transit-gateway-route-table-ids Routes
    expect: { output: { TransitGatewayRouteTables: [{ TransitGatewayId: Hub, DefaultAssociationRouteTable: false }] } }
  - aws: ec2 search-transit-gateway-routes --transit-gateway-route-table-id Routes --filters Name=type,Values=static,propagated
    expect:
      output:
        Routes:
          - { DestinationCidrBlock: 10.0.0.0/16, Type: propagated, State: active, TransitGatewayAttachments: [{ ResourceId: A }] }
          - { DestinationCidrBlock: 10.1.0.0/16, Type: static, State: active }
          - { DestinationCidrBlock: 10.9.0.0/16, Type: static, State: blackhole, TransitGatewayAttachments: ~ }
  - aws: ec2 search-transit-gateway-routes --transit-gateway-route-table-id Routes --filters Name=state,Values=deleted
    expect: { output: { Routes: [] } }
  - aws: ec2 describe-vpn-gateways
    expect: { output: { VpnGateways: [{ VpnGatewayId: Vgw, VpcAttachments: [{ VpcId: A, State: attached }] }] } }
  - aws: ec2 describe-customer-gateways
    expect: { output: { CustomerGateways: [{ CustomerGatewayId: Office, Type: ipsec.1 }] } }
  - aws: ec2 describe-vpn-connections --vpn-connection-ids Tunnel
    expect: { output: { VpnConnections: [{ VpnGatewayId: Vgw, CustomerGatewayId: Office, Routes: [{ DestinationCidrBlock: 192.168.0.0/24 }] }] } }
  - aws: ec2 describe-route-tables --route-table-ids PublicTable
    expect:
      output:
        RouteTables:
          - PropagatingVgws: [{ GatewayId: Vgw }]
            Routes: [{ DestinationCidrBlock: 192.168.0.0/24, GatewayId: Vgw, Origin: EnableVgwRoutePropagation }]
  - aws: ec2 describe-route-tables --route-table-ids PrivateTable
    expect: { output: { RouteTables: [{ Routes: [{ DestinationPrefixListId: com.amazonaws.ap-northeast-2.s3, GatewayId: S3, State: active }] }] } }
  - aws: ec2 describe-vpcs --vpc-ids vpc-00000000000000001
    expect: { error: InvalidVpcID.NotFound, message: The vpc ID 'vpc-00000000000000001' does not exist }
",
    );
}

#[test]
fn names_need_not_be_kept_apart_from_what_is_over() {
    check(
        "
  - aws: ec2 create-nat-gateway --subnet-id SubnetB --connectivity-type private --private-ip-address 10.1.0.9
    as: Nat
  - aws: ec2 create-tags --resources Nat --tags Key=Name,Value=Other
  - aws: ec2 delete-nat-gateway --nat-gateway-id Other
  - aws: ec2 delete-subnet --subnet-id SubnetB
  - aws: ec2 delete-vpc --vpc-id B
  - aws: ec2 describe-nat-gateways --nat-gateway-ids Other
    expect: { output: { NatGateways: [{ State: deleted, VpcId: B }] } }
  - aws: ec2 describe-nat-gateways --filter Name=vpc-id,Values=A
    expect: { output: { NatGateways: [] } }
",
    );
}

#[test]
fn an_elastic_ip_is_free_once_its_address_has_drained() {
    check(
        "
  - aws: ec2 allocate-address
    as: Second
  - aws: ec2 create-nat-gateway --subnet-id Public --allocation-id Eip --secondary-allocation-ids Second
    as: Nat
  - aws: ec2 disassociate-nat-gateway-address --nat-gateway-id Nat --association-ids Second
  - aws: ec2 describe-nat-gateways --nat-gateway-ids Nat
    expect: { output: { NatGateways: [{ NatGatewayAddresses: [{ AllocationId: Eip, IsPrimary: true, Status: succeeded }, { AllocationId: Second, Status: disassociating }] }] } }
  - aws: ec2 release-address --allocation-id Second
    expect: { error: InvalidIPAddress.InUse }
  - wait: 350s
  - aws: ec2 release-address --allocation-id Second
  - aws: ec2 describe-network-interfaces --network-interface-ids Nat
    expect: { output: { NetworkInterfaces: [{ PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: 10.0.0.5 }] }] } }
",
    );
}

#[test]
fn what_differs_is_said_with_its_place() {
    let steps = "
  - aws: ec2 describe-route-tables --route-table-ids PublicTable
    expect: { output: { RouteTables: [{ VpcId: B, Routes: [{ GatewayId: Gateway, State: blackhole }] }] } }
  - aws: ec2 describe-vpcs --vpc-ids vpc-00000000000000001
    expect: { output: { Vpcs: [] } }
";
    assert_snapshot!(failures(steps), @"
    step 1: output RouteTables[0].VpcId: B, came vpc-0aaaaaaaaaaaaaaaa
    output RouteTables[0].Routes[1].State: blackhole, came active
    step 2: success
    ");
}

#[test]
fn mistakes_in_expectations_are_found_before_anything_runs() {
    let steps = "
  - aws: ec2 create-vpc --cidr-block 10.9.0.0/16
    expect: { output: { Vpcs: [] } }
  - aws: ec2 describe-vpcs
    expect: { output: { VPCs: [] } }
  - aws: ec2 describe-vpcs
    expect: { error: InvalidVpcID.NotFound, output: { Vpcs: [] } }
  - aws: ec2 describe-nat-gateways --nat-gateway-ids Nat
  - aws: ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id tgw-attach-00000000000000001 --options DnsSupport=on
  - aws: ec2 authorize-security-group-ingress --group-id Web --ip-permissions IpProtocol=tcp,FromPort=1,ToPort=1,PrefixListIds=[{PrefixListId=Offices}]
";
    let problems = scenario::load(&format!("{TOPOLOGY}{steps}")).expect_err("it has mistakes");
    let said: Vec<String> = problems.as_slice().iter().map(|problem| problem.message.clone()).collect();
    assert_snapshot!(said.join("\n"), @"
    `create-vpc` answers with no document
    unknown member `VPCs`
    a command that is refused has no output
    unknown NAT gateway `Nat`
    `--options` wants a structure, with some of `DnsSupport=enable|disable,SecurityGroupReferencingSupport=enable|disable,Ipv6Support=disable,ApplianceModeSupport=enable|disable`, found `DnsSupport=on`
    unknown prefix list `Offices`
    ");
}

/// The document as the CLI prints it.
#[test]
fn documents_are_printed_in_full() {
    let steps = "
  - aws: ec2 describe-vpcs --vpc-ids A
";
    let result = suite::run_text("describe", &format!("{TOPOLOGY}{steps}"), &OPTIONS).expect("no mistakes");
    let text = vpclab::report::text::render(&result, vpclab::report::text::Style::Plain);
    let shown: Vec<&str> = text.lines().skip(1).filter(|line| line.starts_with("     ")).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    $ aws ec2 describe-vpcs --vpc-ids A
      {
          "Vpcs": [
              {
                  "OwnerId": "111111111111",
                  "InstanceTenancy": "default",
                  "CidrBlockAssociationSet": [
                      {
                          "AssociationId": "vpc-cidr-assoc-0f796d75e0bb0f8a3",
                          "CidrBlock": "10.0.0.0/16",
                          "CidrBlockState": {
                              "State": "associated"
                          }
                      }
                  ],
                  "IsDefault": false,
                  "Tags": [
                      {
                          "Key": "Name",
                          "Value": "A"
                      }
                  ],
                  "VpcId": "vpc-0aaaaaaaaaaaaaaaa",
                  "State": "available",
                  "CidrBlock": "10.0.0.0/16",
                  "DhcpOptionsId": "dopt-0306827ccd97eb4d3"
              }
          ]
      }
    "#);
}

/// Everything can be described at any moment, whatever is made and unmade in whatever order.
#[test]
fn describing_never_fails() {
    let mut model = scenario::load(&format!("{TOPOLOGY}  - wait: 1s\n")).expect("no mistakes").model;
    let scope = model.vpcs[0].scope;
    let known = aws::parse("ec2 there-is-no-such-thing").expect_err("it is no command")[0].hint.clone();
    let known = known.expect("a list");
    let known = known.trim_start_matches("known: ").split(", ");
    let describes: Vec<AwsCommand> = known
        .filter_map(|name| aws::parse(&format!("ec2 {name}")).ok())
        .filter(|c| c.describes().is_some())
        .collect();
    assert!(describes.len() > 15, "most need no option");
    let mut now = Instant::from_unix_seconds(1_719_565_200);
    for command in "
        create-vpn-gateway --type ipsec.1 => Vgw
        attach-vpn-gateway --vpn-gateway-id Vgw --vpc-id A
        create-vpn-connection --type ipsec.1 --customer-gateway-id Office --vpn-gateway-id Vgw => Tunnel
        create-vpn-connection-route --vpn-connection-id Tunnel --destination-cidr-block 192.168.0.0/24
        enable-vgw-route-propagation --route-table-id PublicTable --gateway-id Vgw
        create-transit-gateway => Hub
        create-transit-gateway => Far
        create-transit-gateway-peering-attachment --transit-gateway-id Hub --peer-transit-gateway-id Far => Between
        accept-transit-gateway-peering-attachment --transit-gateway-attachment-id Between
        create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id B --subnet-ids SubnetB => ToB
        create-vpn-connection --type ipsec.1 --customer-gateway-id Office --transit-gateway-id Hub => Direct
        create-vpc-endpoint --vpc-id B --service-name com.amazonaws.ap-northeast-2.s3 --vpc-endpoint-type Interface --subnet-ids SubnetB => S3
        create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.s3 --route-table-ids PrivateTable => Gate
        create-nat-gateway --subnet-id Public --allocation-id Eip => Nat
        create-nat-gateway --vpc-id A --availability-mode regional => Everywhere
        create-route --route-table-id PrivateTable --destination-cidr-block 0.0.0.0/0 --nat-gateway-id Nat
        create-route --route-table-id PrivateTable --destination-cidr-block 10.1.0.0/16 --instance-id Server
        create-vpc-peering-connection --vpc-id A --peer-vpc-id B => Pair
        accept-vpc-peering-connection --vpc-peering-connection-id Pair
        create-security-group --group-name Other --vpc-id B => Other
        authorize-security-group-ingress --group-id Web --protocol tcp --port 1 --source-group Other
        create-managed-prefix-list --prefix-list-name Offices --max-entries 3 --entries Cidr=192.168.0.0/24
        authorize-security-group-ingress --group-id Web --ip-permissions IpProtocol=udp,FromPort=1,ToPort=1,PrefixListIds=[{PrefixListId=Offices}]
        delete-security-group --group-id Other
        stop-instances --instance-ids Server
        terminate-instances --instance-ids Server
        terminate-instances --instance-ids Inside
        delete-nat-gateway --nat-gateway-id Nat
        delete-nat-gateway --nat-gateway-id Everywhere
        release-address --allocation-id Eip
        detach-internet-gateway --internet-gateway-id Gateway --vpc-id A
        delete-internet-gateway --internet-gateway-id Gateway
        delete-vpn-connection --vpn-connection-id Direct
        delete-vpn-connection --vpn-connection-id Tunnel
        detach-vpn-gateway --vpn-gateway-id Vgw --vpc-id A
        delete-vpn-gateway --vpn-gateway-id Vgw
        delete-vpc-endpoints --vpc-endpoint-ids S3 Gate
        delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToB
        delete-transit-gateway-peering-attachment --transit-gateway-attachment-id Between
        delete-transit-gateway --transit-gateway-id Far
        delete-transit-gateway --transit-gateway-id Hub
        delete-subnet --subnet-id SubnetB
        delete-vpc --vpc-id B
        delete-subnet --subnet-id Public
        delete-subnet --subnet-id Private
        delete-route-table --route-table-id PublicTable
        delete-route-table --route-table-id PrivateTable
        delete-security-group --group-id Web
        delete-vpc --vpc-id A
    "
    .lines()
    .map(str::trim)
    .filter(|line| !line.is_empty())
    {
        now += std::time::Duration::from_secs(1);
        let (command, name) = match command.split_once(" => ") {
            Some((command, name)) => (command, Some(name)),
            None => (command, None),
        };
        let parsed = aws::parse(&format!("ec2 {command}")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let run = parsed.run(&mut Ec2::new(&mut model, scope, now), name);
        assert!(run.is_ok(), "{command}: {}", run.unwrap_err());
        for describe in &describes {
            let output = describe.run(&mut Ec2::new(&mut model, scope, now), None);
            let output = output.unwrap_or_else(|failure| panic!("{} after {command}: {failure}", describe.command()));
            assert!(output.document.is_some(), "{}", describe.command());
        }
    }
    assert!(model.vpcs.values().all(|vpc| vpc.scope != scope), "nothing is left");
}
