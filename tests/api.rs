//! EC2's checks, error codes and messages: what is refused, and how.

use vpclab::api::Ec2;
use vpclab::model::Model;
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

fn model() -> Model {
    match scenario::load(TOPOLOGY) {
        Ok(scenario) => scenario.model,
        Err(problems) => panic!("{}", problems.render("topology", TOPOLOGY, false)),
    }
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

/// Runs rows of `command => answer` one after the other in one world.
fn check(rows: &str) {
    let mut model = model();
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (command, expected) = row.split_once(" =>").expect("a row has an arrow");
        assert_eq!(answer(&mut model, "111111111111", NOW, command), expected.trim(), "{command}");
    }
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
