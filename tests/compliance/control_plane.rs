use crate::lab::Lab;

const WORLD: &str = "
name: control plane
vpcs:
  V:
    cidr: 10.1.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.1.0.0/24, az: a }, B: { cidr: 10.1.1.0/24, az: b } }
    route_tables: { T: { subnets: A }, Edge: {} }
    instances: { a: { subnet: A } }
  W:
    cidr: 10.2.0.0/16
    subnets: { Sw: { cidr: 10.2.0.0/24 } }
peerings: { V-W: { requester: V, accepter: W } }
transit_gateways: { Hub: {} }
";

/// Calls row by row: `command => answer`.
fn check(lab: &mut Lab, table: &str) {
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (command, expected) = row.split_once("=>").expect("a command and its answer");
        let came = lab.try_aws(&format!("ec2 {}", command.trim())).map_or_else(|e| e, |()| "ok".to_owned());
        assert_eq!(came.trim_end(), expected.trim(), "{row}");
    }
}

#[test]
fn quotas_are_enforced() {
    let quotas = "
quotas:
  vpcs_per_region: 2
  subnets_per_vpc: 2
  route_tables_per_vpc: 3
  routes_per_route_table: 4
  internet_gateways_per_region: 1
  elastic_ips_per_region: 1
  security_groups_per_region: 3
  security_groups_per_interface: 1
  rules_per_security_group: 3
  network_acls_per_vpc: 2
  rules_per_network_acl: 1
  interfaces_per_region: 1
";
    let mut lab = Lab::of(&format!("{WORLD}{quotas}"));
    check(
        &mut lab,
        "
        create-vpc --cidr-block 10.9.0.0/16 => VpcLimitExceeded: The maximum number of VPCs has been reached.
        create-subnet --vpc-id V --cidr-block 10.1.2.0/24 => SubnetLimitExceeded: The maximum number of subnets has been reached.
        create-route-table --vpc-id V => RouteTableLimitExceeded:
        create-internet-gateway => InternetGatewayLimitExceeded: The maximum number of internet gateways has been reached.
        allocate-address => ok
        allocate-address => AddressLimitExceeded: The maximum number of addresses has been reached.
        create-network-interface --subnet-id A => NetworkInterfaceLimitExceeded:
        create-security-group --group-name G --vpc-id V => ok
        create-security-group --group-name H --vpc-id V => SecurityGroupLimitExceeded:
        modify-instance-attribute --instance-id a --groups V/default G => SecurityGroupsPerInterfaceLimitExceeded:
        create-network-acl --vpc-id V --tag-specifications ResourceType=network-acl,Tags=[{Key=Name,Value=N}] => ok
        create-network-acl --vpc-id V => NetworkAclLimitExceeded:
        create-network-acl-entry --network-acl-id N --rule-number 1 --protocol all --rule-action allow --cidr-block 0.0.0.0/0 --ingress => ok
        create-network-acl-entry --network-acl-id N --rule-number 2 --protocol all --rule-action allow --cidr-block 0.0.0.0/0 --ingress => NetworkAclEntryLimitExceeded:
        authorize-security-group-ingress --group-id G --protocol tcp --port 1 --cidr 0.0.0.0/0 => ok
        create-managed-prefix-list --prefix-list-name Many --max-entries 3 --address-family IPv4 => ok
        authorize-security-group-ingress --group-id G --ip-permissions IpProtocol=tcp,FromPort=2,ToPort=2,PrefixListIds=[{PrefixListId=Many}] => RulesPerSecurityGroupLimitExceeded:
        create-route --route-table-id T --destination-prefix-list-id Many --gateway-id Gateway => ok
        create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --gateway-id Gateway => ok
        create-route --route-table-id T --destination-cidr-block 198.51.100.0/24 --gateway-id Gateway => RouteLimitExceeded: The maximum number of routes has been reached.",
    );
}

#[test]
fn a_vpc_grows_by_blocks_that_fit() {
    let mut lab = Lab::of(WORLD);
    let restricted = "InvalidVpc.Range: The CIDR 'X' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html";
    for block in ["192.168.0.0/24", "172.20.0.0/16", "198.19.0.0/24", "169.254.0.0/16", "10.0.0.0/24"] {
        check(
            &mut lab,
            &format!(
                "associate-vpc-cidr-block --vpc-id V --cidr-block {block} => {}",
                restricted.replace('X', block)
            ),
        );
    }
    lab.aws("ec2 create-route --route-table-id T --destination-cidr-block 10.50.0.0/24 --gateway-id Gateway");
    check(
        &mut lab,
        "
        associate-vpc-cidr-block --vpc-id V --cidr-block 10.1.128.0/17 => InvalidVpc.Range:
        associate-vpc-cidr-block --vpc-id V --cidr-block 10.2.0.0/24   => InvalidParameterValue:
        associate-vpc-cidr-block --vpc-id V --cidr-block 10.50.0.0/16  => InvalidParameterValue:
        associate-vpc-cidr-block --vpc-id V --cidr-block 10.50.0.0/25  => ok
        associate-vpc-cidr-block --vpc-id V --cidr-block 100.64.0.0/16 => ok
        create-subnet --vpc-id V --cidr-block 100.64.1.0/24 => ok",
    );
    let local = |lab: &Lab| {
        let table = lab.model.route_tables.values().find(|table| table.name.as_deref() == Some("T")).unwrap();
        table.routes().iter().filter(|route| route.target == vpclab::model::Target::Local).count()
    };
    assert_eq!(local(&lab), 3, "each block has a local route");
    let of = |lab: &Lab, n: usize| {
        let vpc = lab.model.vpcs.values().find(|vpc| vpc.name.as_deref() == Some("V")).unwrap();
        vpc.cidrs[n].association.to_string()
    };
    let primary = of(&lab, 0);
    let refused = lab.try_aws(&format!("ec2 disassociate-vpc-cidr-block --association-id {primary}"));
    assert_eq!(
        refused,
        Err(format!(
            "OperationNotPermitted: The vpc CIDR block with association ID {primary} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
        ))
    );
    let second = of(&lab, 1);
    lab.aws(&format!("ec2 disassociate-vpc-cidr-block --association-id {second}"));
    assert_eq!(local(&lab), 2);
    // A VPC that asks for a connection does not grow.
    lab.aws("ec2 create-vpc --cidr-block 10.7.0.0/16 --tag-specifications ResourceType=vpc,Tags=[{Key=Name,Value=X}]");
    lab.aws("ec2 create-vpc-peering-connection --vpc-id X --peer-vpc-id V");
    check(&mut lab, "associate-vpc-cidr-block --vpc-id X --cidr-block 10.8.0.0/16 => InvalidParameterValue:");
}

#[test]
fn attributes_of_a_vpc() {
    let mut lab = Lab::of(&format!("{WORLD}\n").replace("  W:\n", "  W:\n    dns_hostnames: true\n"));
    let vpc = |lab: &Lab, name: &str| {
        lab.model.vpcs.values().find(|vpc| vpc.name.as_deref() == Some(name)).unwrap().clone()
    };
    assert!(vpc(&lab, "V").dns_support && !vpc(&lab, "V").dns_hostnames);
    check(
        &mut lab,
        "
        modify-vpc-attribute --vpc-id V --enable-dns-support Value=false => ok
        modify-vpc-attribute --vpc-id V --enable-dns-hostnames Value=true => InvalidParameterCombination:
        modify-vpc-attribute --vpc-id V --enable-dns-support Value=true => ok
        modify-vpc-attribute --vpc-id V --enable-dns-hostnames Value=true => ok",
    );
    assert!(vpc(&lab, "V").dns_hostnames);
}

#[test]
fn options_of_a_peering_connection() {
    let mut lab = Lab::of(WORLD);
    let modify = "modify-vpc-peering-connection-options --vpc-peering-connection-id V-W --requester-peering-connection-options AllowDnsResolutionFromRemoteVpc=true";
    check(
        &mut lab,
        &format!(
            "
        {modify} => InvalidVpcPeeringConnectionState.DnsHostnamesDisabled:
        modify-vpc-attribute --vpc-id V --enable-dns-hostnames Value=true => ok
        modify-vpc-attribute --vpc-id W --enable-dns-hostnames Value=true => ok
        {modify} => ok"
        ),
    );
    let pcx = lab.model.peerings.values().next().unwrap();
    assert!(pcx.requester.allow_dns_resolution && !pcx.accepter.allow_dns_resolution);
    lab.aws("ec2 delete-vpc-peering-connection --vpc-peering-connection-id V-W");
    let id = lab.model.peerings.values().next().unwrap().id;
    check(
        &mut lab,
        &format!(
            "{modify} => InvalidStateTransition: VpcPeeringConnectionID {id} is not in the correct state for the request."
        ),
    );
}

#[test]
fn vpc_endpoints() {
    let mut lab = Lab::of(WORLD);
    let table = table_id(&lab, "T");
    check(
        &mut lab,
        "
        create-vpc-endpoint --vpc-id V --service-name com.amazonaws.us-east-1.s3 --route-table-ids T => ok
        create-vpc-endpoint --vpc-id V --service-name com.amazonaws.us-east-1.s3 --route-table-ids T => RouteAlreadyExists: route table {T} already has a route with destination-prefix-list-id pl-63a5400a
        create-vpc-endpoint --vpc-id V --service-name com.amazonaws.us-east-1.dynamodb --route-table-ids T => ok
        create-vpc-endpoint --vpc-id V --service-name com.amazonaws.eu-west-1.s3 --route-table-ids T => InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.eu-west-1.s3' does not exist
        create-vpc-endpoint --vpc-id V --vpc-endpoint-type Interface --service-name com.amazonaws.us-east-1.sns --subnet-ids A B --private-dns-enabled => InvalidParameter: Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for vpc-07e0877106062a165
        modify-vpc-attribute --vpc-id V --enable-dns-hostnames Value=true => ok
        create-vpc-endpoint --vpc-id V --vpc-endpoint-type Interface --service-name com.amazonaws.us-east-1.sns --subnet-ids A B --private-dns-enabled => ok
        create-vpc-endpoint --vpc-id V --vpc-endpoint-type Interface --service-name com.amazonaws.us-east-1.sns --subnet-ids A A => DuplicateSubnetsInSameZone:"
            .replace("{T}", &table)
            .as_str(),
    );
}

fn table_id(lab: &Lab, name: &str) -> String {
    let found = lab.model.route_tables.values().find(|table| table.name.as_deref() == Some(name));
    found.expect("a table").id.to_string()
}

#[test]
fn routes_to_what_cannot_be_a_target() {
    let mut lab = Lab::of(WORLD);
    lab.aws(
        "ec2 create-vpc-endpoint --vpc-id V --service-name com.amazonaws.us-east-1.s3 --route-table-ids Edge",
    );
    let endpoint = lab.model.endpoints.keys().next().unwrap().to_string();
    let hub = lab.model.transit_gateways.keys().next().unwrap().to_string();
    check(
        &mut lab,
        &format!(
            "
        create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --vpc-endpoint-id {endpoint} => RouteNotSupported: Route table contains unsupported route target: {endpoint}. VPC Endpoints of this type cannot be used as route targets.
        create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --transit-gateway-id Hub => InvalidTransitGatewayID.NotFound: Transit Gateway {hub} was deleted or does not exist.
        create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --transit-gateway-id tgw-0123456789abcdef0 => InvalidTransitGatewayID.NotFound: The transitGateway ID 'tgw-0123456789abcdef0' does not exist.
        create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --nat-gateway-id nat-0123456789abcdef0 => InvalidNatGatewayID.NotFound: The natGateway ID 'nat-0123456789abcdef0' does not exist
        create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --gateway-id vgw-0123456789abcdef0 => InvalidGatewayID.NotFound: The gateway ID 'vgw-0123456789abcdef0' does not exist"
        ),
    );
}

#[test]
fn the_table_of_a_gateway_is_kept_narrow() {
    let mut lab = Lab::of(WORLD);
    let edge = table_id(&lab, "Edge");
    check(
        &mut lab,
        &format!(
            "
        create-route --route-table-id T --destination-cidr-block 0.0.0.0/0 --gateway-id Gateway => ok
        associate-route-table --route-table-id T --gateway-id Gateway => InvalidParameterValue:
        associate-route-table --route-table-id Edge --gateway-id Gateway => ok
        associate-route-table --route-table-id Edge --gateway-id Gateway => Resource.AlreadyAssociated: the specified association for route table {edge} conflicts with an existing association
        create-route --route-table-id Edge --destination-cidr-block 192.0.2.0/24 --instance-id a => InvalidParameterValue:
        create-route --route-table-id Edge --destination-cidr-block 10.1.1.0/24 --instance-id a => ok
        delete-route-table --route-table-id Edge => DependencyViolation: The routeTable '{edge}' has dependencies and cannot be deleted."
        ),
    );
}

#[test]
fn vpn_gateways_and_connections() {
    let mut lab = Lab::of(WORLD);
    let named = |kind: &str, name: &str| {
        format!("--tag-specifications ResourceType={kind},Tags=[{{Key=Name,Value={name}}}]")
    };
    lab.aws(&format!("ec2 create-vpn-gateway --type ipsec.1 {}", named("vpn-gateway", "One")));
    lab.aws(&format!("ec2 create-vpn-gateway --type ipsec.1 {}", named("vpn-gateway", "Two")));
    check(
        &mut lab,
        "
        attach-vpn-gateway --vpn-gateway-id One --vpc-id V => ok
        attach-vpn-gateway --vpn-gateway-id Two --vpc-id V => InvalidVpcState:
        attach-vpn-gateway --vpn-gateway-id One --vpc-id W => InvalidVpcState:
        detach-vpn-gateway --vpn-gateway-id Two --vpc-id V => InvalidVpnGatewayAttachment.NotFound:
        delete-vpn-gateway --vpn-gateway-id One => IncorrectState:
        detach-vpn-gateway --vpn-gateway-id One --vpc-id V => ok
        delete-vpn-gateway --vpn-gateway-id One => ok",
    );
}
