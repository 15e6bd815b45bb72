//! EC2's checks, error codes and messages: what is refused, and how.

use vpclab::api::Ec2;
use vpclab::ids::NatGatewayId;
use vpclab::model::{Model, NatGatewayState};
use vpclab::scenario::{self, aws};
use vpclab::time::Instant;

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

const TOPOLOGY: &str = r#"
name: api
region: ap-northeast-2
account: "111111111111"
vpcs:
  A:
    id: vpc-0aaaaaaaaaaaaaaaa
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      SubnetA: { id: subnet-0aaaaaaaaaaaaaaaa, cidr: 10.0.0.0/24, map_public_ip: true }
      SubnetA2: { cidr: 10.0.1.0/24 }
    route_tables:
      TableA: { id: rtb-0aaaaaaaaaaaaaaaa, subnets: SubnetA, routes: { 0.0.0.0/0: Gateway } }
      Spare: { id: rtb-0bbbbbbbbbbbbbbbb }
      MainA: { main: true }
    security_groups:
      GroupA: { id: sg-0aaaaaaaaaaaaaaaa, ingress: [{ tcp: 22, from: anywhere }] }
      Referrer: { ingress: [{ from: GroupA }] }
    network_acls: { AclA: { id: acl-0aaaaaaaaaaaaaaaa, subnets: SubnetA2, ingress: [{ rule: 100, action: allow, from: anywhere }] } }
    instances: { Host: { subnet: SubnetA, security_groups: GroupA, eni_id: eni-0aaaaaaaaaaaaaaaa } }
  B:
    id: vpc-0bbbbbbbbbbbbbbbb
    cidr: 10.1.0.0/16
    subnets: { SubnetB: { id: subnet-0bbbbbbbbbbbbbbbb, cidr: 10.1.0.0/24 } }
    route_tables: { TableB: { id: rtb-0cccccccccccccccc } }
    security_groups: { GroupB: { id: sg-0bbbbbbbbbbbbbbbb } }
    instances: { HostB: { subnet: SubnetB, eni_id: eni-0bbbbbbbbbbbbbbbb } }
  C: { account: "222222222222", id: vpc-0cccccccccccccccc, cidr: 10.2.0.0/16 }
peerings:
  Active: { id: pcx-0aaaaaaaaaaaaaaaa, requester: A, accepter: B }
  Pending: { id: pcx-0bbbbbbbbbbbbbbbb, requester: A, accepter: C, accepted: false }
"#;

/// A VPC with everything at its edge, and one with nothing.
const GATEWAYS: &str = r#"
name: gateways
region: ap-northeast-2
account: "111111111111"
vpcs:
  A:
    id: vpc-0aaaaaaaaaaaaaaaa
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { id: subnet-0aaaaaaaaaaaaaaaa, cidr: 10.0.0.0/24, az: a }
      Private: { id: subnet-0bbbbbbbbbbbbbbbb, cidr: 10.0.1.0/24, az: a }
      Other: { id: subnet-0dddddddddddddddd, cidr: 10.0.2.0/24, az: b }
    route_tables:
      TableA: { id: rtb-0aaaaaaaaaaaaaaaa, subnets: Private }
      Edge: { id: rtb-0bbbbbbbbbbbbbbbb }
    security_groups: { GroupA: { id: sg-0aaaaaaaaaaaaaaaa } }
    instances: { Host: { subnet: Private, eni_id: eni-0aaaaaaaaaaaaaaaa, security_groups: GroupA } }
  B:
    id: vpc-0bbbbbbbbbbbbbbbb
    cidr: 10.1.0.0/16
    subnets: { SubnetB: { id: subnet-0cccccccccccccccc, cidr: 10.1.0.0/28, az: a } }
    route_tables: { TableB: { id: rtb-0cccccccccccccccc } }
  C: { account: "222222222222", id: vpc-0cccccccccccccccc, cidr: 10.2.0.0/16, subnets: { SubnetC: { cidr: 10.2.0.0/24 } } }
elastic_ips: { Eip: { id: eipalloc-0aaaaaaaaaaaaaaaa }, Spare: { id: eipalloc-0bbbbbbbbbbbbbbbb } }
on_prem: { Office: { cidr: 192.168.0.0/24, hosts: { desk: { address: 192.168.0.10 } } } }
"#;

fn load(topology: &str) -> Model {
    match scenario::load(topology) {
        Ok(scenario) => scenario.model,
        Err(problems) => panic!("{}", problems.render("topology", topology, false)),
    }
}

fn model() -> Model {
    load(TOPOLOGY)
}

/// What a command of an account answers, in one line: its fields, or EC2's code and message.
fn answer(model: &mut Model, account: &str, now: Instant, command: &str) -> String {
    let command = aws::parse(command).unwrap_or_else(|mistakes| panic!("{command}: {mistakes:?}"));
    let default =
        vpclab::model::Scope { account: account.parse().unwrap(), region: "ap-northeast-2".parse().unwrap() };
    let before = format!("{model:?}");
    match command.run(&mut Ec2::new(model, command.scope(default), now), None) {
        Ok(output) => {
            let fields: Vec<String> =
                output.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
            fields.join(" ")
        }
        Err(failure) => {
            assert_eq!(before, format!("{model:?}"), "a refused operation changes nothing");
            let message = failure.message().unwrap_or_default();
            format!("{} {message}", failure.code().unwrap_or("-")).trim_end().to_owned()
        }
    }
}

/// Runs rows of `command => answer` one after the other in one world. `*` stands for the rest of an answer.
fn check_in(model: &mut Model, rows: &str) {
    let mut others = Vec::new();
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (command, expected) = row.split_once(" =>").expect("a row has an arrow");
        let (came, expected) = (answer(model, "111111111111", NOW, command), expected.trim());
        let is_met = match expected.strip_suffix('*') {
            Some(begin) => came.starts_with(begin),
            None => came == expected,
        };
        if !is_met {
            others.push(format!("{command}\n   => {expected}\n came {came}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n\n"));
}

fn check(rows: &str) {
    check_in(&mut model(), rows);
}

#[test]
fn vpcs_and_subnets() {
    check(
        "
        ec2 create-vpc --cidr-block 10.9.0.0/15 => InvalidVpc.Range The CIDR '10.9.0.0/15' is invalid.
        ec2 create-vpc --cidr-block 10.9.0.0/29 => InvalidVpc.Range The CIDR '10.9.0.0/29' is invalid.
        ec2 delete-vpc --vpc-id A => DependencyViolation The vpc 'vpc-0aaaaaaaaaaaaaaaa' has dependencies and cannot be deleted.
        ec2 delete-vpc --vpc-id vpc-00000000000000001 => InvalidVpcID.NotFound The vpc ID 'vpc-00000000000000001' does not exist
        ec2 delete-vpc --vpc-id C => InvalidVpcID.NotFound The vpc ID 'vpc-0cccccccccccccccc' does not exist
        ec2 create-subnet --vpc-id A --cidr-block 10.1.0.0/24 => InvalidSubnet.Range The CIDR '10.1.0.0/24' is invalid.
        ec2 create-subnet --vpc-id A --cidr-block 10.0.9.0/29 => InvalidSubnet.Range The CIDR '10.0.9.0/29' is invalid.
        ec2 create-subnet --vpc-id A --cidr-block 10.0.0.128/25 => InvalidSubnet.Conflict The CIDR '10.0.0.128/25' conflicts with another subnet
        ec2 create-subnet --vpc-id A --cidr-block 10.0.0.0/20 => InvalidSubnet.Conflict The CIDR '10.0.0.0/20' conflicts with another subnet
        ec2 create-subnet --vpc-id A --cidr-block 10.0.2.0/24 --availability-zone us-east-1a => InvalidParameterValue Value (us-east-1a) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ap-northeast-2a, ap-northeast-2b, ap-northeast-2c, ap-northeast-2d.
        ec2 delete-subnet --subnet-id SubnetA => DependencyViolation The subnet 'subnet-0aaaaaaaaaaaaaaaa' has dependencies and cannot be deleted.
        ec2 delete-subnet --subnet-id SubnetA2 =>
        ",
    );
}

#[test]
fn routes() {
    let inside = "is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.";
    check(&format!(
        "
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 --vpc-peering-connection-id Active => InvalidParameterValue The destination CIDR block 10.0.0.0/16 {inside}
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.1.0/24 --gateway-id Gateway => InvalidParameterValue The destination CIDR block 10.0.1.0/24 {inside}
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.1.0/25 --network-interface-id Host => InvalidParameterValue Route destination doesn't match any subnet CIDR blocks.
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.1.0/24 --network-interface-id Host =>
        ec2 create-route --route-table-id TableA --destination-cidr-block 0.0.0.0/0 --gateway-id Gateway => RouteAlreadyExists The route identified by 0.0.0.0/0 already exists.
        ec2 create-route --route-table-id TableB --destination-cidr-block 0.0.0.0/0 --gateway-id Gateway => InvalidParameterValue route table rtb-0cccccccccccccccc and network gateway {} belong to different networks
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --network-interface-id HostB => InvalidParameterValue route table rtb-0aaaaaaaaaaaaaaaa and interface eni-0bbbbbbbbbbbbbbbb belong to different networks
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --gateway-id igw-00000000000000001 => InvalidGatewayID.NotFound The gateway ID 'igw-00000000000000001' does not exist
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id pcx-00000000000000001 => InvalidVpcPeeringConnectionID.NotFound The vpcPeeringConnection ID 'pcx-00000000000000001' does not exist
        ec2 create-route --route-table-id rtb-00000000000000001 --destination-cidr-block 10.1.0.0/16 --gateway-id Gateway => InvalidRouteTableID.NotFound The routeTable ID 'rtb-00000000000000001' does not exist
        ec2 create-route --route-table-id TableA --destination-cidr-block 169.254.169.0/24 --gateway-id Gateway => InvalidParameterValue
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 => MissingParameter {one}
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --gateway-id Gateway --vpc-peering-connection-id Active => InvalidParameterCombination {one}
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.77/16 --vpc-peering-connection-id Active =>
        ec2 delete-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 =>
        ec2 delete-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 => InvalidRoute.NotFound no route with destination-cidr-block 10.1.0.0/16 in route table rtb-0aaaaaaaaaaaaaaaa
        ec2 delete-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 => InvalidParameterValue cannot remove local route 10.0.0.0/16 in route table rtb-0aaaaaaaaaaaaaaaa
        ec2 replace-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --gateway-id Gateway => InvalidParameterValue There is no route defined for '10.1.0.0/16' in the route table. Use CreateRoute instead.
        ec2 replace-route --route-table-id TableA --destination-cidr-block 0.0.0.0/0 --vpc-peering-connection-id Active =>
        ec2 replace-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 --gateway-id Gateway => InvalidParameterValue The destination CIDR block 10.0.0.0/16 {inside}
        ec2 replace-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 --network-interface-id Host =>
        ec2 replace-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 --local-target =>
        ",
        model().internet_gateways[0].id,
        one = "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId or instanceId",
    ));
}

#[test]
fn route_tables() {
    check(
        "
        ec2 associate-route-table --route-table-id Spare --subnet-id SubnetA => Resource.AlreadyAssociated the specified association for route table rtb-0bbbbbbbbbbbbbbbb conflicts with an existing association
        ec2 associate-route-table --route-table-id Spare --subnet-id SubnetB => InvalidParameterValue route table rtb-0bbbbbbbbbbbbbbbb and subnet subnet-0bbbbbbbbbbbbbbbb belong to different networks
        ec2 delete-route-table --route-table-id TableA => DependencyViolation The routeTable 'rtb-0aaaaaaaaaaaaaaaa' has dependencies and cannot be deleted.
        ec2 disassociate-route-table --association-id rtbassoc-00000000000000001 => InvalidAssociationID.NotFound The association ID 'rtbassoc-00000000000000001' does not exist
        ec2 disassociate-route-table --association-id SubnetA =>
        ec2 delete-route-table --route-table-id TableA =>
        ec2 delete-route-table --route-table-id Spare =>
        ",
    );
    // The main table moves with its association; subnets without a table of their own follow.
    let mut model = model();
    let moved = answer(
        &mut model,
        "111111111111",
        NOW,
        "ec2 replace-route-table-association --association-id A --route-table-id Spare",
    );
    assert!(moved.starts_with("NewAssociationId=rtbassoc-"), "{moved}");
    let subnet = model.subnets.values().find(|subnet| subnet.name.as_deref() == Some("SubnetA2")).unwrap();
    assert_eq!(model.route_table_of(subnet).name.as_deref(), Some("Spare"));
    let refused = answer(&mut model, "111111111111", NOW, "ec2 delete-route-table --route-table-id Spare");
    assert_eq!(
        refused,
        "DependencyViolation The routeTable 'rtb-0bbbbbbbbbbbbbbbb' has dependencies and cannot be deleted."
    );
    let refused = answer(&mut model, "111111111111", NOW, "ec2 disassociate-route-table --association-id A");
    assert!(
        refused.starts_with(
            "InvalidParameterValue cannot disassociate the main route table association rtbassoc-"
        ),
        "{refused}"
    );
}

#[test]
fn internet_gateways_and_addresses() {
    let gateway = model().internet_gateways[0].id;
    check(&format!(
        "
        ec2 attach-internet-gateway --internet-gateway-id Gateway --vpc-id B => Resource.AlreadyAssociated resource {gateway} is already attached to network vpc-0aaaaaaaaaaaaaaaa
        ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id B => Gateway.NotAttached resource {gateway} is not attached to network vpc-0bbbbbbbbbbbbbbbb
        ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id A => DependencyViolation Network vpc-0aaaaaaaaaaaaaaaa has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.
        ec2 delete-internet-gateway --internet-gateway-id Gateway => DependencyViolation The internetGateway '{gateway}' has dependencies and cannot be deleted.
        ec2 release-address --allocation-id eipalloc-00000000000000001 => InvalidAllocationID.NotFound The allocation ID 'eipalloc-00000000000000001' does not exist
        ec2 terminate-instances --instance-ids Host =>
        ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id A =>
        ec2 delete-internet-gateway --internet-gateway-id Gateway =>
        ",
    ));
    let mut model = model();
    let mut run = |command: &str| answer(&mut model, "111111111111", NOW, command);
    let allocated = run(
        "ec2 allocate-address --address 198.51.100.10 --tag-specifications ResourceType=elastic-ip,Tags=[{Key=Name,Value=Fixed}]",
    );
    let allocation = allocated.split("AllocationId=").nth(1).unwrap().to_owned();
    assert_eq!(
        run("ec2 associate-address --allocation-id Fixed --instance-id HostB"),
        "Gateway.NotAttached Network vpc-0bbbbbbbbbbbbbbbb is not attached to any internet gateway"
    );
    assert!(
        run("ec2 associate-address --allocation-id Fixed --instance-id Host")
            .starts_with("AssociationId=eipassoc-")
    );
    assert_eq!(
        run("ec2 release-address --allocation-id Fixed"),
        "InvalidIPAddress.InUse Address 198.51.100.10 is in use."
    );
    assert_eq!(run("ec2 disassociate-address --association-id Fixed"), "");
    assert_eq!(run("ec2 release-address --allocation-id Fixed"), "");
    assert!(allocation.starts_with("eipalloc-"));
}

#[test]
fn interfaces_and_instances() {
    check(
        "
        ec2 run-instances --subnet-id SubnetA --private-ip-address 10.0.0.3 => InvalidParameterValue Address 10.0.0.3 is in subnet's reserved address range
        ec2 run-instances --subnet-id SubnetA --private-ip-address 10.0.0.255 => InvalidParameterValue Address 10.0.0.255 is in subnet's reserved address range
        ec2 run-instances --subnet-id SubnetA --private-ip-address 10.0.1.9 => InvalidParameterValue Address does not fall within the subnet's address range
        ec2 run-instances --subnet-id SubnetA --private-ip-address 10.0.0.4 => InvalidIPAddress.InUse Address 10.0.0.4 is in use.
        ec2 run-instances --subnet-id SubnetA --security-group-ids GroupB => InvalidParameter Security group sg-0bbbbbbbbbbbbbbbb and subnet subnet-0aaaaaaaaaaaaaaaa belong to different networks.
        ec2 modify-network-interface-attribute --network-interface-id eni-00000000000000001 --no-source-dest-check => InvalidNetworkInterfaceID.NotFound The networkInterface ID 'eni-00000000000000001' does not exist
        ec2 run-instances --subnet-id subnet-00000000000000001 => InvalidSubnetID.NotFound The subnet ID 'subnet-00000000000000001' does not exist
        ",
    );
}

#[test]
fn a_subnet_that_is_full_says_so() {
    let yaml = "name: full\nvpcs: { V: { cidr: 10.0.0.0/28, subnets: { S: { cidr: 10.0.0.0/28, id: subnet-0aaaaaaaaaaaaaaaa } } } }\n";
    let mut model = scenario::load(yaml).unwrap().model;
    let mut run = || {
        let command = aws::parse("ec2 run-instances --subnet-id S").unwrap();
        let scope = model.vpcs[0].scope;
        command.run(&mut Ec2::new(&mut model, scope, NOW), None).map_err(|failure| failure.to_string())
    };
    // Sixteen addresses, five of them reserved.
    let addresses: Vec<String> = (0..11).map(|_| run().unwrap().fields[1].1.clone()).collect();
    assert_eq!((addresses[0].as_str(), addresses[10].as_str()), ("10.0.0.4", "10.0.0.14"));
    assert_eq!(
        run().unwrap_err(),
        "An error occurred (InsufficientFreeAddressesInSubnet) when calling the RunInstances operation: There are not \
         enough free addresses in subnet 'subnet-0aaaaaaaaaaaaaaaa' to satisfy the requested number of instances."
    );
}

#[test]
fn filters() {
    check(
        "
        ec2 create-security-group --group-name groupa --vpc-id A => InvalidGroup.Duplicate
        ec2 authorize-security-group-ingress --group-id GroupA --protocol tcp --port 22 --cidr 0.0.0.0/0 => InvalidPermission.Duplicate
        ec2 authorize-security-group-ingress --group-id GroupA --protocol tcp --port 80 --source-group GroupB =>
        ec2 authorize-security-group-ingress --group-id GroupA --protocol tcp --port 80 => MissingParameter
        ec2 revoke-security-group-ingress --group-id GroupA --protocol tcp --port 443 --cidr 0.0.0.0/0 => InvalidPermission.NotFound
        ec2 revoke-security-group-ingress --group-id GroupA --protocol tcp --port 22 --cidr 0.0.0.0/0 =>
        ec2 delete-security-group --group-id GroupA => DependencyViolation
        ec2 delete-security-group --group-id A/default => CannotDelete
        ec2 delete-security-group --group-id Referrer =>
        ec2 create-network-acl-entry --network-acl-id AclA --rule-number 100 --protocol all --rule-action deny --cidr-block 0.0.0.0/0 --ingress => NetworkAclEntryAlreadyExists The network acl entry identified by 100 already exists.
        ec2 create-network-acl-entry --network-acl-id AclA --rule-number 100 --protocol all --rule-action deny --cidr-block 0.0.0.0/0 --egress =>
        ec2 delete-network-acl-entry --network-acl-id AclA --rule-number 200 --ingress => InvalidNetworkAclEntry.NotFound
        ec2 delete-network-acl --network-acl-id AclA => DependencyViolation
        ec2 replace-network-acl-association --association-id SubnetB --network-acl-id AclA => InvalidParameterValue
        ",
    );
}

#[test]
fn peering_connections_live_and_die() {
    let mut model = model();
    let mut run =
        |account: &str, days: u32, command: &str| answer(&mut model, account, NOW + DAY * days, command);
    let (us, them) = ("111111111111", "222222222222");
    let pending = "VpcPeeringConnectionId=pcx-0bbbbbbbbbbbbbbbb Status=";
    let wrong_state = "InvalidStateTransition VpcPeeringConnectionID pcx-0bbbbbbbbbbbbbbbb is not in the correct state for the request.";

    // Asking again for the same pair returns what is there, from either side.
    let again = run(us, 0, "ec2 create-vpc-peering-connection --vpc-id B --peer-vpc-id A");
    assert_eq!(again, "VpcPeeringConnectionId=pcx-0aaaaaaaaaaaaaaaa Status=active");
    let accept = "ec2 accept-vpc-peering-connection --vpc-peering-connection-id Pending";
    let reject = "ec2 reject-vpc-peering-connection --vpc-peering-connection-id Pending";
    let delete = "ec2 delete-vpc-peering-connection --vpc-peering-connection-id Pending";
    let describe = "ec2 describe-vpc-peering-connections --vpc-peering-connection-ids Pending";
    assert_eq!(run(us, 0, accept), "OperationNotPermitted User cannot accept peering pcx-0bbbbbbbbbbbbbbbb");
    assert_eq!(
        run(them, 0, &format!("{accept} --region us-east-1")),
        "OperationNotPermitted Incorrect region (us-east-1) specified for this request. VPC peering connection \
         pcx-0bbbbbbbbbbbbbbbb must be accepted in region ap-northeast-2"
    );
    assert_eq!(
        run("333333333333", 0, describe),
        "InvalidVpcPeeringConnectionID.NotFound The vpcPeeringConnection ID 'pcx-0bbbbbbbbbbbbbbbb' does not exist"
    );
    assert_eq!(run(them, 0, delete), wrong_state, "only the requester takes a request back");
    // A request that nobody answers for seven days expires.
    assert_eq!(run(us, 6, describe), format!("{pending}pending-acceptance"));
    assert_eq!(run(us, 7, describe), format!("{pending}expired"));
    assert_eq!(run(them, 7, accept), wrong_state);
    assert_eq!(run(them, 6, reject), format!("{pending}rejected"));
    assert_eq!(run(us, 6, delete), wrong_state);
    // An active one is deleted from either side, and cannot be accepted again.
    let active = "--vpc-peering-connection-id Active";
    let deleted = run(us, 0, &format!("ec2 delete-vpc-peering-connection {active}"));
    assert_eq!(deleted, "VpcPeeringConnectionId=pcx-0aaaaaaaaaaaaaaaa Status=deleted");
    assert!(
        run(us, 0, &format!("ec2 accept-vpc-peering-connection {active}"))
            .starts_with("InvalidStateTransition")
    );
    let route = "ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16";
    assert!(run(us, 0, &format!("{route} {active}")).starts_with("InvalidVpcPeeringConnectionID.NotFound"));
}

#[test]
fn nat_gateways() {
    let mut model = load(GATEWAYS);
    model.quotas.nat_gateways_per_zone = 2;
    let tag =
        |name: &str| format!("--tag-specifications ResourceType=natgateway,Tags=[{{Key=Name,Value={name}}}]");
    let (nat, private) = (tag("Nat"), tag("Inner"));
    check_in(
        &mut model,
        &format!(
            "
        ec2 create-nat-gateway --subnet-id Public => MissingParameter
        ec2 create-nat-gateway => MissingParameter
        ec2 create-nat-gateway --vpc-id A --subnet-id Public --allocation-id Eip => InvalidParameterCombination
        ec2 create-nat-gateway --vpc-id A --availability-mode zonal => InvalidParameterCombination
        ec2 create-nat-gateway --subnet-id Public --availability-mode regional => InvalidParameterCombination
        ec2 create-nat-gateway --subnet-id Public --connectivity-type private --allocation-id Eip => InvalidParameterCombination
        ec2 create-nat-gateway --vpc-id A --availability-mode regional --connectivity-type private => InvalidParameterCombination
        ec2 create-nat-gateway --subnet-id subnet-00000000000000001 --allocation-id Eip => InvalidSubnetID.NotFound The subnet ID 'subnet-00000000000000001' does not exist
        ec2 create-nat-gateway --subnet-id Public --allocation-id Eip --private-ip-address 10.0.0.2 => InvalidParameterValue Address 10.0.0.2 is in subnet's reserved address range
        ec2 create-nat-gateway --subnet-id Public --allocation-id Eip {nat} => NatGatewayId=nat-*
        ec2 create-nat-gateway --subnet-id Private --connectivity-type private {private} => NatGatewayId=nat-*
        ec2 create-nat-gateway --subnet-id Private --connectivity-type private => NatGatewayLimitExceeded Performing this operation would exceed the limit of 2 NAT gateways
        ec2 release-address --allocation-id Eip => InvalidIPAddress.InUse Address {eip} is in use.
        ec2 assign-private-nat-gateway-address --nat-gateway-id Nat --private-ip-address-count 1 => InvalidParameterValue
        ec2 assign-private-nat-gateway-address --nat-gateway-id Inner --private-ip-address-count 7 =>
        ec2 assign-private-nat-gateway-address --nat-gateway-id Inner --private-ip-address-count 1 => InvalidParameterValue
        ec2 associate-nat-gateway-address --nat-gateway-id Nat --allocation-ids Eip => Resource.AlreadyAssociated
        ec2 associate-nat-gateway-address --nat-gateway-id Nat --allocation-ids Spare Spare => InvalidParameterValue
        ec2 associate-nat-gateway-address --nat-gateway-id Nat --allocation-ids Spare =>
        ec2 disassociate-nat-gateway-address --nat-gateway-id Nat --association-ids Eip => InvalidParameterValue
        ec2 disassociate-nat-gateway-address --nat-gateway-id Nat --association-ids Spare =>
        ec2 disassociate-address --association-id Eip => AuthFailure
        ec2 associate-address --allocation-id Eip --instance-id Host => AuthFailure
        ec2 delete-subnet --subnet-id Public => DependencyViolation The subnet 'subnet-0aaaaaaaaaaaaaaaa' has dependencies and cannot be deleted.
        ec2 create-route --route-table-id TableB --destination-cidr-block 0.0.0.0/0 --nat-gateway-id Nat => InvalidParameterValue
        ec2 create-route --route-table-id TableA --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-00000000000000001 => InvalidNatGatewayID.NotFound The natGateway ID 'nat-00000000000000001' does not exist
        ec2 delete-nat-gateway --nat-gateway-id nat-00000000000000001 => NatGatewayNotFound The Nat Gateway nat-00000000000000001 was not found
        ec2 delete-nat-gateway --nat-gateway-id Nat => NatGatewayId=nat-*
        ec2 delete-nat-gateway --nat-gateway-id Nat => NatGatewayId=nat-*
        ec2 release-address --allocation-id Eip =>
        ",
            eip = model_eip("Eip"),
        ),
    );
}

fn model_eip(name: &str) -> std::net::Ipv4Addr {
    let model = load(GATEWAYS);
    model.elastic_ips.values().find(|eip| eip.name.as_deref() == Some(name)).expect("it is there").ip
}

/// What is wrong with the addresses or the VPC does not fail the call, but the gateway.
#[test]
fn nat_gateways_that_fail_say_why() {
    let mut model = load(GATEWAYS);
    let mut fail = |options: &str| {
        let made = answer(&mut model, "111111111111", NOW, &format!("ec2 create-nat-gateway {options}"));
        let id = made.strip_prefix("NatGatewayId=").and_then(|rest| rest.strip_suffix(" State=failed"));
        let id = id.unwrap_or_else(|| panic!("{options}: {made}"));
        let nat = &model.nat_gateways[&id.parse::<NatGatewayId>().unwrap()];
        match &nat.state {
            NatGatewayState::Failed { code, message } => format!("{code}: {message}"),
            NatGatewayState::Available | NatGatewayState::Deleted => panic!("{options}: {:?}", nat.state),
        }
    };
    assert_eq!(
        fail("--subnet-id SubnetB --allocation-id Eip"),
        "Gateway.NotAttached: Network vpc-0bbbbbbbbbbbbbbbb has no Internet gateway attached"
    );
    assert_eq!(
        fail("--vpc-id B --availability-mode regional"),
        "Gateway.NotAttached: Network vpc-0bbbbbbbbbbbbbbbb has no Internet gateway attached"
    );
    assert_eq!(
        fail("--subnet-id Public --allocation-id eipalloc-00000000000000001"),
        "InvalidAllocationID.NotFound: Elastic IP address eipalloc-00000000000000001 could not be associated with this \
         NAT gateway"
    );
    let full = "--subnet-id SubnetB --connectivity-type private --secondary-private-ip-address-count 7";
    // Eleven addresses: eight for the first one.
    let mut model = load(GATEWAYS);
    let run = |model: &mut Model, command: &str| answer(model, "111111111111", NOW, command);
    assert!(run(&mut model, &format!("ec2 create-nat-gateway {full}")).ends_with("State=available"));
    assert!(run(&mut model, &format!("ec2 create-nat-gateway {full}")).ends_with("State=failed"));
    let message = "Subnet has insufficient free addresses to create this NAT gateway".to_owned();
    let failed = NatGatewayState::Failed { code: "InsufficientFreeAddressesInSubnet", message };
    assert_eq!(model.nat_gateways[1].state, failed);
    let public = "ec2 create-nat-gateway --subnet-id Public --allocation-id Eip";
    assert!(run(&mut model, public).ends_with("State=available"));
    assert!(run(&mut model, public).ends_with("State=failed"));
    let message = "Elastic IP address eipalloc-0aaaaaaaaaaaaaaaa is already associated".to_owned();
    assert_eq!(
        model.nat_gateways[3].state,
        NatGatewayState::Failed { code: "Resource.AlreadyAssociated", message }
    );
}

#[test]
fn blocks_of_vpcs() {
    check_in(
        &mut load(GATEWAYS),
        "
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 172.16.0.0/16 => InvalidVpc.Range The CIDR '172.16.0.0/16' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.9.0.0/15 => InvalidVpc.Range The CIDR '10.9.0.0/15' is invalid.
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.3.0.0/16 => AssociationId=vpc-cidr-assoc-*
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.3.1.0/24 => InvalidVpc.Range
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.4.0.0/16 => AssociationId=vpc-cidr-assoc-*
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.5.0.0/16 => AssociationId=vpc-cidr-assoc-*
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.6.0.0/16 => AssociationId=vpc-cidr-assoc-*
        ec2 associate-vpc-cidr-block --vpc-id A --cidr-block 10.7.0.0/16 => CidrLimitExceeded This network 'vpc-0aaaaaaaaaaaaaaaa' has met its maximum number of allowed CIDRs: 5
        ec2 create-subnet --vpc-id A --cidr-block 10.3.0.0/24 => SubnetId=subnet-*
        ec2 disassociate-vpc-cidr-block --association-id A/10.3.0.0/16 => DependencyViolation
        ec2 disassociate-vpc-cidr-block --association-id 10.4.0.0/16 =>
        ec2 disassociate-vpc-cidr-block --association-id vpc-cidr-assoc-00000000000000001 => InvalidVpcCidrBlockAssociationID.NotFound
        ec2 disassociate-vpc-cidr-block --association-id 10.0.0.0/16 => OperationNotPermitted The vpc CIDR block with association ID *
        ec2 modify-vpc-attribute --vpc-id A => MissingParameter
        ec2 modify-vpc-attribute --vpc-id A --enable-dns-support Value=false --enable-dns-hostnames Value=true => InvalidParameterCombination
        ec2 modify-vpc-attribute --vpc-id A --enable-dns-support '{\"Value\":false}' =>
        ec2 modify-vpc-attribute --vpc-id A --enable-dns-hostnames true => InvalidParameterCombination
        ",
    );
}

#[test]
fn addresses_of_interfaces() {
    check_in(
        &mut load(GATEWAYS),
        "
        ec2 assign-private-ip-addresses --network-interface-id Host => MissingParameter
        ec2 assign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.1.9 --secondary-private-ip-address-count 1 => InvalidParameterCombination
        ec2 assign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.2.9 => InvalidParameterValue Address does not fall within the subnet's address range
        ec2 assign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.1.9 10.0.1.10 => AssignedPrivateIpAddresses=10.0.1.9 10.0.1.10
        ec2 assign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.1.9 => InvalidIPAddress.InUse Address 10.0.1.9 is in use.
        ec2 assign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.1.20 10.0.1.20 => InvalidParameterValue
        ec2 assign-private-ip-addresses --network-interface-id Host --secondary-private-ip-address-count 2 => AssignedPrivateIpAddresses=10.0.1.5 10.0.1.6
        ec2 unassign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.1.4 => InvalidParameterValue
        ec2 unassign-private-ip-addresses --network-interface-id Host --private-ip-addresses 10.0.1.9 10.0.1.10 =>
        ec2 modify-network-interface-attribute --network-interface-id Host --connection-tracking-specification TcpEstablishedTimeout=59 => InvalidParameterValue
        ec2 modify-network-interface-attribute --network-interface-id Host --connection-tracking-specification TcpEstablishedTimeout=350,UdpTimeout=60 =>
        ec2 modify-network-interface-attribute --network-interface-id Host => MissingParameter
        ec2 modify-network-interface-attribute --network-interface-id Host --no-source-dest-check --groups GroupA => InvalidParameterCombination
        ",
    );
}

#[test]
fn transit_gateways() {
    let tag = |kind: &str, name: &str| {
        format!("--tag-specifications ResourceType={kind},Tags=[{{Key=Name,Value={name}}}]")
    };
    let mut model = load(GATEWAYS);
    let made = answer(
        &mut model,
        "111111111111",
        NOW,
        &format!(
            "ec2 create-transit-gateway --options DefaultRouteTablePropagation=disable {}",
            tag("transit-gateway", "Hub")
        ),
    );
    let hub = made.strip_prefix("TransitGatewayId=").expect("an id").to_owned();
    check_in(
        &mut model,
        &format!(
            "
        ec2 create-transit-gateway-vpc-attachment --transit-gateway-id tgw-00000000000000001 --vpc-id A --subnet-ids Public => InvalidTransitGatewayID.NotFound Transit Gateway tgw-00000000000000001 was deleted or does not exist.
        ec2 create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id A --subnet-ids Public Private => DuplicateSubnetsInSameZone
        ec2 create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id A --subnet-ids SubnetB => InvalidSubnetID.NotFound
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --transit-gateway-id Hub => InvalidTransitGatewayID.NotFound Transit Gateway {hub} was deleted or does not exist.
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --transit-gateway-id tgw-00000000000000001 => InvalidTransitGatewayID.NotFound The transitGateway ID 'tgw-00000000000000001' does not exist.
        ec2 create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id A --subnet-ids Public --options ApplianceModeSupport=enable {a} => TransitGatewayAttachmentId=*
        ec2 create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id A --subnet-ids Public => DuplicateTransitGatewayAttachment {hub} has non-deleted Transit Gateway Attachments with same VPC ID.
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.1.0.0/16 --transit-gateway-id Hub =>
        ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.2.0/24 --transit-gateway-id Hub => InvalidParameterValue The destination CIDR block 10.0.2.0/24 is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.
        ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToA --add-subnet-ids Private => DuplicateSubnetsInSameZone
        ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToA --remove-subnet-ids Public => InvalidParameterValue
        ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToA --add-subnet-ids Other --options SecurityGroupReferencingSupport=disable =>
        ec2 create-transit-gateway-route-table --transit-gateway-id Hub {table} => TransitGatewayRouteTableId=*
        ec2 associate-transit-gateway-route-table --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA => Resource.AlreadyAssociated
        ec2 enable-transit-gateway-route-table-propagation --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA =>
        ec2 enable-transit-gateway-route-table-propagation --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA => TransitGatewayRouteTablePropagation.Duplicate
        ec2 disable-transit-gateway-route-table-propagation --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA =>
        ec2 disable-transit-gateway-route-table-propagation --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA => TransitGatewayRouteTablePropagation.NotFound
        ec2 create-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 => MissingParameter
        ec2 create-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 --blackhole --transit-gateway-attachment-id ToA => InvalidParameterCombination
        ec2 create-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 --blackhole =>
        ec2 create-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 --blackhole => RouteAlreadyExists
        ec2 replace-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 --transit-gateway-attachment-id ToA =>
        ec2 replace-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.9.0.0/16 --transit-gateway-attachment-id ToA => InvalidRoute.NotFound
        ec2 delete-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 =>
        ec2 delete-transit-gateway-route --transit-gateway-route-table-id Routes --destination-cidr-block 10.0.0.0/16 => InvalidRoute.NotFound
        ec2 disassociate-transit-gateway-route-table --transit-gateway-route-table-id Routes --transit-gateway-attachment-id ToA => InvalidAssociation.NotFound
        ec2 delete-transit-gateway-route-table --transit-gateway-route-table-id Routes =>
        ec2 delete-transit-gateway --transit-gateway-id Hub => IncorrectState {hub} has non-deleted Transit Gateway Attachments.
        ec2 accept-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToA => IncorrectState
        ec2 delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToA => TransitGatewayAttachmentId=*
        ec2 delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id ToA => IncorrectState
        ec2 delete-transit-gateway --transit-gateway-id Hub =>
        ",
            a = tag("transit-gateway-attachment", "ToA"),
            table = tag("transit-gateway-route-table", "Routes"),
        ),
    );
}

#[test]
fn attachments_of_others_wait_to_be_accepted() {
    let mut model = load(GATEWAYS);
    let mut run = |account: &str, command: &str| answer(&mut model, account, NOW, &format!("ec2 {command}"));
    let (us, them) = ("111111111111", "222222222222");
    let hub = "create-transit-gateway --tag-specifications ResourceType=transit-gateway,Tags=[{Key=Name,Value=Hub}]";
    assert!(run(us, hub).starts_with("TransitGatewayId="));
    let attach = "create-transit-gateway-vpc-attachment --transit-gateway-id Hub --vpc-id C --subnet-ids SubnetC \
                  --tag-specifications ResourceType=transit-gateway-attachment,Tags=[{Key=Name,Value=ToC}]";
    assert!(run(them, attach).ends_with("State=pendingAcceptance"));
    let (accept, reject) = ("accept-transit-gateway-vpc-attachment", "reject-transit-gateway-vpc-attachment");
    let it = "--transit-gateway-attachment-id ToC";
    assert_eq!(run(them, &format!("{accept} {it}")), "InvalidTransitGatewayAttachmentID.NotFound");
    assert!(run(us, &format!("{accept} {it}")).ends_with("State=available"));
    assert_eq!(run(us, &format!("{reject} {it}")), "IncorrectState");
    assert!(run(them, &format!("delete-transit-gateway-vpc-attachment {it}")).ends_with("State=deleted"));
}

#[test]
fn vpns() {
    let mut model = load(GATEWAYS);
    let made = answer(
        &mut model,
        "111111111111",
        NOW,
        "ec2 create-vpn-gateway --type ipsec.1 --tag-specifications ResourceType=vpn-gateway,Tags=[{Key=Name,Value=Vgw}]",
    );
    let vgw = made.strip_prefix("VpnGatewayId=").expect("an id").to_owned();
    check_in(
        &mut model,
        &format!(
            "
        ec2 attach-vpn-gateway --vpn-gateway-id vgw-00000000000000001 --vpc-id A => InvalidVpnGatewayID.NotFound The virtual private gateway ID 'vgw-00000000000000001' does not exist
        ec2 enable-vgw-route-propagation --route-table-id TableA --gateway-id Vgw => Gateway.NotAttached
        ec2 create-route --route-table-id TableA --destination-cidr-block 192.168.0.0/24 --gateway-id Vgw => InvalidParameterValue route table rtb-0aaaaaaaaaaaaaaaa and network gateway {vgw} belong to different networks
        ec2 attach-vpn-gateway --vpn-gateway-id Vgw --vpc-id A =>
        ec2 attach-vpn-gateway --vpn-gateway-id Vgw --vpc-id B => InvalidVpcState
        ec2 detach-vpn-gateway --vpn-gateway-id Vgw --vpc-id B => InvalidVpnGatewayAttachment.NotFound
        ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id Office => MissingParameter
        ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id cgw-00000000000000001 --vpn-gateway-id Vgw => InvalidCustomerGatewayID.NotFound
        ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id Office --vpn-gateway-id Vgw --options StaticRoutesOnly=true --tag-specifications ResourceType=vpn-connection,Tags=[{{Key=Name,Value=Tunnel}}] => VpnConnectionId=vpn-*
        ec2 enable-vgw-route-propagation --route-table-id TableA --gateway-id Vgw =>
        ec2 create-vpn-connection-route --vpn-connection-id Tunnel --destination-cidr-block 192.168.0.0/24 =>
        ec2 delete-vpn-connection-route --vpn-connection-id Tunnel --destination-cidr-block 192.168.9.0/24 => InvalidRoute.NotFound
        ec2 delete-vpn-gateway --vpn-gateway-id Vgw => IncorrectState
        ec2 disable-vgw-route-propagation --route-table-id TableA --gateway-id Vgw =>
        ec2 delete-vpn-connection --vpn-connection-id Tunnel =>
        ec2 delete-vpn-connection --vpn-connection-id Tunnel => InvalidVpnConnectionID.NotFound
        ec2 delete-vpc --vpc-id A => DependencyViolation The vpc 'vpc-0aaaaaaaaaaaaaaaa' has dependencies and cannot be deleted.
        ec2 detach-vpn-gateway --vpn-gateway-id Vgw --vpc-id A =>
        ec2 delete-vpn-gateway --vpn-gateway-id Vgw =>
        "
        ),
    );
}

#[test]
fn endpoints_and_prefix_lists() {
    let mut model = load(GATEWAYS);
    let made = answer(
        &mut model,
        "111111111111",
        NOW,
        "ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.s3 --route-table-ids TableA \
         --tag-specifications ResourceType=vpc-endpoint,Tags=[{Key=Name,Value=S3}]",
    );
    let s3 = made.strip_prefix("VpcEndpointId=").expect("an id").to_owned();
    check_in(
        &mut model,
        &format!(
            "
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.us-east-1.s3 => InvalidServiceName The Vpc Endpoint Service 'com.amazonaws.us-east-1.s3' does not exist
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.ssm => InvalidServiceName The Vpc Endpoint Service 'com.amazonaws.ap-northeast-2.ssm' does not exist
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.s3 --subnet-ids Public => InvalidParameterCombination
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.s3 --route-table-ids TableA => RouteAlreadyExists route table rtb-0aaaaaaaaaaaaaaaa already has a route with destination-prefix-list-id pl-78a54011
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.ssm --vpc-endpoint-type Interface --subnet-ids Public => InvalidParameter Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for vpc-0aaaaaaaaaaaaaaaa
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.ssm --vpc-endpoint-type Interface --subnet-ids Public Private --no-private-dns-enabled => DuplicateSubnetsInSameZone
        ec2 create-vpc-endpoint --vpc-id A --service-name com.amazonaws.ap-northeast-2.ssm --vpc-endpoint-type Interface --subnet-ids Public --security-group-ids GroupA --no-private-dns-enabled --tag-specifications ResourceType=vpc-endpoint,Tags=[{{Key=Name,Value=Ssm}}] => VpcEndpointId=vpce-*
        ec2 modify-vpc-endpoint --vpc-endpoint-id Ssm --add-subnet-ids Other --remove-subnet-ids Public =>
        ec2 create-route --route-table-id Edge --destination-cidr-block 192.0.2.0/24 --vpc-endpoint-id S3 => RouteNotSupported Route table contains unsupported route target: {s3}. VPC Endpoints of this type cannot be used as route targets.
        ec2 create-route --route-table-id Edge --destination-cidr-block 192.0.2.0/24 --gateway-id S3 => RouteNotSupported Route table contains unsupported route target: {s3}. VPC Endpoints of this type cannot be used as route targets.
        ec2 delete-route --route-table-id TableA --destination-prefix-list-id com.amazonaws.ap-northeast-2.s3 => InvalidParameterValue
        ec2 create-route --route-table-id TableA --destination-prefix-list-id com.amazonaws.ap-northeast-2.s3 --gateway-id Gateway => RouteAlreadyExists The route identified by pl-78a54011 already exists.
        ec2 create-route --route-table-id TableA --gateway-id Gateway => MissingParameter The request must contain exactly one of: destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId
        ec2 create-route --route-table-id TableA --destination-cidr-block 0.0.0.0/0 --destination-prefix-list-id pl-78a54011 --gateway-id Gateway => InvalidParameterCombination The request must contain exactly one of: destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId
        ec2 delete-route --route-table-id Edge --destination-prefix-list-id pl-78a54011 => InvalidRoute.NotFound no route with destination-prefix-list-id pl-78a54011 in route table rtb-0bbbbbbbbbbbbbbbb
        ec2 modify-vpc-endpoint --vpc-endpoint-id S3 --remove-route-table-ids TableA --add-route-table-ids Edge =>
        ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-00000000000000001 => InvalidVpcEndpointId.NotFound
        ec2 delete-vpc-endpoints --vpc-endpoint-ids S3 Ssm =>
        ec2 create-managed-prefix-list --prefix-list-name Offices --max-entries 1 --entries Cidr=192.0.2.0/24 Cidr=198.51.100.0/24 => PrefixListMaxEntriesExceeded
        ec2 create-managed-prefix-list --prefix-list-name Offices --max-entries 2 --address-family IPv4 --entries Cidr=192.0.2.0/24,Description=main => PrefixListId=pl-*
        ec2 modify-managed-prefix-list --prefix-list-id Offices --add-entries Cidr=198.51.100.0/24 Cidr=203.0.113.0/24 => PrefixListMaxEntriesExceeded
        ec2 modify-managed-prefix-list --prefix-list-id Offices --remove-entries Cidr=203.0.113.0/24 => InvalidParameterValue
        ec2 modify-managed-prefix-list --prefix-list-id Offices --add-entries Cidr=198.51.100.0/24 --current-version 1 =>
        ec2 modify-managed-prefix-list --prefix-list-id com.amazonaws.ap-northeast-2.s3 --add-entries Cidr=198.51.100.0/24 => InvalidPrefixListID.NotFound
        ec2 authorize-security-group-ingress --group-id GroupA --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443,PrefixListIds=[{{PrefixListId=Offices}}] =>
        ec2 authorize-security-group-egress --group-id GroupA --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443,PrefixListIds=[{{PrefixListId=com.amazonaws.ap-northeast-2.dynamodb}}] =>
        ec2 authorize-security-group-ingress --group-id GroupA --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443 => MissingParameter
        ec2 authorize-security-group-ingress --group-id GroupA --protocol tcp --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443 => InvalidParameterCombination
        ec2 authorize-security-group-ingress --group-id GroupA --ip-permissions IpProtocol=icmp,FromPort=8,ToPort=-1,IpRanges=[{{CidrIp=10.0.0.0/8}},{{CidrIp=192.0.2.0/24}}] IpProtocol=-1,UserIdGroupPairs=[{{GroupId=GroupA}}] =>
        ec2 delete-managed-prefix-list --prefix-list-id Offices => DependencyViolation
        ec2 revoke-security-group-ingress --group-id GroupA --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443,PrefixListIds=[{{PrefixListId=Offices}}] =>
        ec2 delete-managed-prefix-list --prefix-list-id Offices =>
        "
        ),
    );
}

#[test]
fn lists_of_structures_as_json() {
    check_in(
        &mut load(GATEWAYS),
        r#"
        ec2 authorize-security-group-ingress --group-id GroupA --ip-permissions '[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"IpRanges":[{"CidrIp":"0.0.0.0/0"}]},{"IpProtocol":"udp","FromPort":53,"ToPort":53,"UserIdGroupPairs":[{"GroupId":"GroupA"}]}]' =>
        ec2 authorize-security-group-ingress --group-id GroupA --protocol udp --port 53 --source-group GroupA => InvalidPermission.Duplicate
        ec2 create-managed-prefix-list --prefix-list-name Offices --max-entries 2 --address-family IPv4 --entries '[{"Cidr":"192.0.2.0/24"}]' => PrefixListId=pl-*
        ec2 authorize-security-group-ingress --group-id GroupA --ip-permissions IpProtocol=tcp,FromPort=90,IpRanges=[{CidrIp=10.0.0.0/8}] => InvalidParameterValue
        ec2 authorize-security-group-ingress --group-id GroupA --ip-permissions IpProtocol=tcp,ToPort=90,IpRanges=[{CidrIp=10.0.0.0/8}] => InvalidParameterValue
        "#,
    );
}

#[test]
fn tables_of_gateways() {
    let gateway = load(GATEWAYS).internet_gateways[0].id;
    check_in(
        &mut load(GATEWAYS),
        &format!(
            "
        ec2 associate-route-table --route-table-id Edge => MissingParameter
        ec2 associate-route-table --route-table-id Edge --subnet-id Public --gateway-id Gateway => InvalidParameterCombination
        ec2 associate-route-table --route-table-id TableB --gateway-id Gateway => InvalidParameterValue route table rtb-0cccccccccccccccc and network gateway {gateway} belong to different networks
        ec2 associate-route-table --route-table-id Edge --gateway-id Gateway => AssociationId=rtbassoc-*
        ec2 associate-route-table --route-table-id Edge --gateway-id Gateway => Resource.AlreadyAssociated the specified association for route table rtb-0bbbbbbbbbbbbbbbb conflicts with an existing association
        ec2 create-route --route-table-id Edge --destination-cidr-block 0.0.0.0/0 --gateway-id Gateway => InvalidParameterValue
        ec2 create-route --route-table-id Edge --destination-cidr-block 10.0.0.0/24 --network-interface-id Host =>
        ec2 delete-route-table --route-table-id Edge => DependencyViolation The routeTable 'rtb-0bbbbbbbbbbbbbbbb' has dependencies and cannot be deleted.
        ec2 replace-route-table-association --association-id Gateway --route-table-id TableB => InvalidParameterValue route table rtb-0cccccccccccccccc and network gateway {gateway} belong to different networks
        ec2 replace-route-table-association --association-id Gateway --route-table-id TableA => NewAssociationId=rtbassoc-*
        ec2 replace-route-table-association --association-id Gateway --route-table-id Edge => NewAssociationId=rtbassoc-*
        ec2 disassociate-route-table --association-id Gateway =>
        ec2 delete-route-table --route-table-id Edge =>
        "
        ),
    );
}

#[test]
fn an_internet_gateway_stays_while_addresses_are_mapped() {
    let mapped = "DependencyViolation Network vpc-0aaaaaaaaaaaaaaaa has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.";
    check_in(
        &mut load(GATEWAYS),
        &format!(
            "
        ec2 create-nat-gateway --vpc-id A --availability-mode regional --tag-specifications ResourceType=natgateway,Tags=[{{Key=Name,Value=Nat}}] => NatGatewayId=*
        ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id A => {mapped}
        ec2 delete-nat-gateway --nat-gateway-id Nat => NatGatewayId=*
        ec2 create-nat-gateway --subnet-id Public --allocation-id Eip --tag-specifications ResourceType=natgateway,Tags=[{{Key=Name,Value=Nat}}] => NatGatewayId=*
        ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id A => {mapped}
        ec2 delete-nat-gateway --nat-gateway-id Nat => NatGatewayId=*
        ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id A =>
        "
        ),
    );
}

#[test]
fn public_access_and_names_over_peerings() {
    check_in(
        &mut model(),
        "
        ec2 create-vpc-block-public-access-exclusion --internet-gateway-exclusion-mode allow-egress => MissingParameter
        ec2 create-vpc-block-public-access-exclusion --vpc-id A --subnet-id SubnetA --internet-gateway-exclusion-mode allow-egress => InvalidParameterCombination
        ec2 create-vpc-block-public-access-exclusion --vpc-id C --internet-gateway-exclusion-mode allow-egress => InvalidVpcID.NotFound The vpc ID 'vpc-0cccccccccccccccc' does not exist
        ec2 create-vpc-block-public-access-exclusion --vpc-id A --internet-gateway-exclusion-mode allow-egress => ExclusionId=vpcbpa-exclude-*
        ec2 create-vpc-block-public-access-exclusion --vpc-id A --internet-gateway-exclusion-mode allow-bidirectional => InvalidParameterValue
        ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-bidirectional => InternetGatewayBlockMode=block-bidirectional
        ec2 delete-vpc-block-public-access-exclusion --exclusion-id vpcbpa-exclude-00000000000000001 => InvalidVpcBlockPublicAccessExclusionId.NotFound
        ec2 delete-vpc-block-public-access-exclusion --exclusion-id A =>
        ec2 modify-vpc-peering-connection-options --vpc-peering-connection-id Active --requester-peering-connection-options AllowDnsResolutionFromRemoteVpc=true => InvalidVpcPeeringConnectionState.DnsHostnamesDisabled
        ec2 modify-vpc-attribute --vpc-id A --enable-dns-hostnames true =>
        ec2 modify-vpc-attribute --vpc-id B --enable-dns-hostnames true =>
        ec2 modify-vpc-peering-connection-options --vpc-peering-connection-id Active --requester-peering-connection-options AllowDnsResolutionFromRemoteVpc=true --accepter-peering-connection-options AllowDnsResolutionFromRemoteVpc=true =>
        ec2 modify-vpc-peering-connection-options --vpc-peering-connection-id Pending --requester-peering-connection-options AllowDnsResolutionFromRemoteVpc=true => InvalidStateTransition VpcPeeringConnectionID pcx-0bbbbbbbbbbbbbbbb is not in the correct state for the request.
        ",
    );
}
