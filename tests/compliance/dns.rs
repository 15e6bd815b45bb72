//! Names: who has which, seen from where.

use vpclab::model::Model;
use vpclab::scenario;
use vpclab::service::dns::{Vantage, answer};
use vpclab::time::Instant;

use crate::hosts::{check, holds, run};
use crate::lab::Lab;

const WORLD: &str = "
name: names
region: ap-northeast-2
vpcs:
  V:
    cidr: 10.0.0.0/16
    dns_hostnames: true
    internet_gateway: Igw
    subnets: { A: { cidr: 10.0.0.0/24, az: a }, B: { cidr: 10.0.1.0/24, az: b } }
    route_tables: { Table: { main: true, routes: { 0.0.0.0/0: Igw, 10.1.0.0/16: V-W } } }
    security_groups:
      Open: { ingress: [{ from: anywhere }] }
      Closed: { egress: [] }
    instances:
      a: { subnet: A, security_groups: Open, private_ip: 10.0.0.5 }
      b: { subnet: B, security_groups: Open, private_ip: 10.0.1.5, public_ip: true }
      shut: { subnet: B, security_groups: Closed, private_ip: 10.0.1.9 }
    endpoints:
      Kms: { id: vpce-0a1b2c3d4e5f67890, service: kms, subnets: [A, B], security_groups: Open }
      Bare: { id: vpce-0b1b2c3d4e5f67890, service: ssm, subnets: A, security_groups: Open, private_dns: false }
      Files: { id: vpce-0c1b2c3d4e5f67890, service: s3, subnets: A, security_groups: Open }
  W:
    cidr: 10.1.0.0/16
    dns_hostnames: true
    internet_gateway: IgwW
    subnets: { Sw: { cidr: 10.1.0.0/24 } }
    route_tables: { Tw: { main: true, routes: { 0.0.0.0/0: IgwW, 10.0.0.0/16: V-W } } }
    security_groups: { OpenW: { ingress: [{ from: anywhere }] } }
    instances: { w: { subnet: Sw, security_groups: OpenW, private_ip: 10.1.0.5, public_ip: true } }
  Us:
    region: us-east-1
    cidr: 10.2.0.0/16
    dns_hostnames: true
    internet_gateway: IgwU
    subnets: { Su: { cidr: 10.2.0.0/24 } }
    route_tables: { Tu: { main: true, routes: { 0.0.0.0/0: IgwU } } }
    instances: { us: { subnet: Su, private_ip: 10.2.0.5 } }
peerings: { V-W: { requester: V, accepter: W } }
elastic_ips:
  Eip: { address: 13.125.197.34, instance: a }
  EipU: { address: 54.236.237.225, instance: us }
internet:
  desk: { address: 198.51.100.7 }
  www.example.com: { address: 203.0.113.80, serves: { 80: hello } }
  kms.ap-northeast-2.amazonaws.com: { address: 52.95.195.10, service: kms }
  ssm.ap-northeast-2.amazonaws.com: { address: 52.95.195.11, service: ssm }
";
const OWN: &str = "ec2-13-125-197-34.ap-northeast-2.compute.amazonaws.com";

fn model(yaml: &str) -> Model {
    scenario::load(yaml).unwrap_or_else(|problems| panic!("{}", problems.render("names", yaml, false))).model
}

fn endpoint_name(name: &str) -> String {
    let model = model(WORLD);
    let endpoint = model.endpoints.values().find(|endpoint| endpoint.name.as_deref() == Some(name));
    endpoint.expect("it is there").regional_name()
}

#[test]
fn the_resolver_has_two_addresses() {
    check(
        WORLD,
        "
        a    | dig +short @10.0.0.2 www.example.com        | 203.0.113.80
        a    | dig +short @169.254.169.253 www.example.com | 203.0.113.80
        a    | dig +short +tcp www.example.com             | 203.0.113.80
        shut | dig +short www.example.com                  | 203.0.113.80",
    );
    // That of another VPC is not reached over a peering connection.
    let ran = run(WORLD, &["a: dig +short +time=1 +tries=1 @10.1.0.2 www.example.com"]);
    assert_eq!(ran[0].exit, Some(9));
}

#[test]
fn neither_groups_nor_acls_nor_flow_logs_see_questions() {
    let world = WORLD.replace(
        "    security_groups:\n      Open:",
        "    network_acls: { Nothing: { subnets: [A, B] } }\n    security_groups:\n      Open:",
    );
    let steps = "
  - { on: shut, run: dig +short www.example.com, expect: { stdout: 203.0.113.80, dropped: nothing } }
  - { on: shut, run: 'curl -s -m 2 http://169.254.169.254/', expect: { stdout_contains: Unauthorized } }
  - expect_flow_logs:
      - { interface-id: shut, log-status: OK, count: 0 }
";
    holds(&world, steps);
}

#[test]
fn private_names_are_those_of_addresses_that_somebody_has() {
    check(
        WORLD,
        "
        a  | dig +short ip-10-0-1-5.ap-northeast-2.compute.internal | 10.0.1.5
        a  | dig +short ip-10-0-0-99.ap-northeast-2.compute.internal |
        a  | dig +short ip-10-0-1-5.ec2.internal                    |
        us | dig +short ip-10-2-0-5.ec2.internal                    | 10.2.0.5
        w  | dig +short ip-10-0-1-5.ap-northeast-2.compute.internal |
        a  | dig +short -x 10.0.1.5                                 | ip-10-0-1-5.ap-northeast-2.compute.internal.
        us | dig +short -x 10.2.0.5                                 | ip-10-2-0-5.ec2.internal.
        a  | dig +short -x 10.0.0.99                                |
        b  | dig +short -x 203.0.113.80                             | www.example.com.",
    );
    // The domain of the region stands behind short names.
    holds(WORLD, "  - { on: a, run: nc -z ip-10-0-1-5 22 }");
}

#[test]
fn a_public_name_means_the_private_address_inside() {
    let us = "ec2-54-236-237-225.compute-1.amazonaws.com";
    check(
        WORLD,
        &format!(
            "
        a    | dig +short {OWN}              | 10.0.0.5
        b    | dig +short {OWN}              | 10.0.0.5
        w    | dig +short {OWN}              | 13.125.197.34
        desk | dig +short {OWN}              | 13.125.197.34
        desk | dig +short {us}               | 54.236.237.225
        us   | dig +short {us}               | 10.2.0.5
        desk | dig +short -x 13.125.197.34   | {OWN}.
        desk | dig +short ec2-13-125-197-35.ap-northeast-2.compute.amazonaws.com |"
        ),
    );
}

#[test]
fn a_peering_connection_can_let_public_names_mean_private_addresses() {
    let option = "aws ec2 modify-vpc-peering-connection-options --vpc-peering-connection-id V-W \
                  --requester-peering-connection-options AllowDnsResolutionFromRemoteVpc=true";
    check(
        WORLD,
        &format!(
            "
        w | dig +short {OWN}  | 13.125.197.34
        {option}
        w | dig +short {OWN}  | 10.0.0.5
        aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id V-W
        w | dig +short {OWN}  | 13.125.197.34"
        ),
    );
}

#[test]
fn without_the_server_nothing_is_answered() {
    let steps = "
  - { aws: ec2 modify-vpc-attribute --vpc-id V --no-enable-dns-support }
  - on: a
    run: dig +short www.example.com
    expect: { exit: 9, stdout: ';; connection timed out; no servers could be reached', dropped: dns-support-off, at: V }
  - { on: a, run: ping -c 1 www.example.com, expect: { exit: 2, stderr: 'ping: www.example.com: Temporary failure in name resolution' } }
  - { on: a, run: curl -s www.example.com, expect: { exit: 6 } }
  - { on: a, run: 'curl -s http://169.254.169.254/', expect: { stdout_contains: Unauthorized } }
";
    holds(WORLD, steps);
    let took = run(
        WORLD,
        &["aws ec2 modify-vpc-attribute --vpc-id V --no-enable-dns-support", "desk: ping -c 1 nx.test"],
    );
    assert_eq!(took[0].exit, Some(2));
}

#[test]
fn without_host_names_only_public_names_mean_anything() {
    check(
        WORLD,
        &format!(
            "
        aws ec2 modify-vpc-attribute --vpc-id V --no-enable-dns-hostnames
        a    | dig +short www.example.com                              | 203.0.113.80
        a    | dig +short ip-10-0-1-5.ap-northeast-2.compute.internal  |
        a    | dig +short -x 10.0.1.5                                  |
        a    | dig +short kms.ap-northeast-2.amazonaws.com             | 52.95.195.10
        desk | dig +short {OWN}                                        |"
        ),
    );
}

#[test]
fn private_dns_leads_to_the_endpoint_from_its_vpc_only() {
    check(
        WORLD,
        "
        a    | dig +short kms.ap-northeast-2.amazonaws.com | 10.0.0.4 / 10.0.1.4
        b    | dig +short KMS.AP-northeast-2.amazonaws.com | 10.0.0.4 / 10.0.1.4
        w    | dig +short kms.ap-northeast-2.amazonaws.com | 52.95.195.10
        desk | dig +short kms.ap-northeast-2.amazonaws.com | 52.95.195.10
        a    | dig +short ssm.ap-northeast-2.amazonaws.com | 52.95.195.11
        aws ec2 modify-vpc-endpoint --vpc-endpoint-id Bare --private-dns-enabled
        a    | dig +short ssm.ap-northeast-2.amazonaws.com | 10.0.0.6
        aws ec2 modify-vpc-endpoint --vpc-endpoint-id Kms --no-private-dns-enabled
        a    | dig +short kms.ap-northeast-2.amazonaws.com | 52.95.195.10",
    );
}

#[test]
fn the_names_of_endpoints_are_public_and_mean_private_addresses() {
    let (kms, files) = (endpoint_name("Kms"), endpoint_name("Files"));
    let (id, rest) = kms.split_once(".kms.").expect("a service");
    assert!(id.starts_with("vpce-0a1b2c3d4e5f67890-"));
    assert_eq!(rest, "ap-northeast-2.vpce.amazonaws.com");
    check(
        WORLD,
        &format!(
            "
        a    | dig +short {kms}                             | 10.0.0.4 / 10.0.1.4
        w    | dig +short {kms}                             | 10.0.0.4 / 10.0.1.4
        desk | dig +short {kms}                             | 10.0.0.4 / 10.0.1.4
        desk | dig +short {id}-ap-northeast-2b.kms.{rest}   | 10.0.1.4
        desk | dig +short bucket.{files}                    | 10.0.0.7
        desk | dig +short my-files.bucket.{files}           | 10.0.0.7
        desk | dig +short x.{kms}                           |"
        ),
    );
}

#[test]
fn s3_stays_public_for_who_is_in_the_vpc_unless_it_is_told_otherwise() {
    let s3 = "s3.ap-northeast-2.amazonaws.com";
    check(
        WORLD,
        &format!(
            "
        a | dig +short {s3}            | 52.219.58.47
        a | dig +short my-files.{s3}   | 52.219.58.47 / s3-r-w.ap-northeast-2.amazonaws.com.
        aws ec2 create-vpc-endpoint --vpc-id V --service-name com.amazonaws.ap-northeast-2.s3 --route-table-ids Table
        aws ec2 modify-vpc-endpoint --vpc-endpoint-id Files --private-dns-enabled
        a | dig +short {s3}            | 52.219.58.47
        aws ec2 modify-vpc-endpoint --vpc-endpoint-id Files --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false
        a | dig +short {s3}            | 10.0.0.7
        a | dig +short my-files.{s3}   | 10.0.0.7
        a | dig +short s3-control.ap-northeast-2.amazonaws.com | 10.0.0.7
        a | dig +short s3.us-east-1.amazonaws.com +noedns | {}
        w | dig +short {s3}            | 52.219.58.47",
            service_address("s3", "us-east-1")
        ),
    );
}

fn service_address(service: &str, region: &str) -> std::net::Ipv4Addr {
    let name = format!("com.amazonaws.{region}.{service}").parse().expect("a name");
    let outside = model(WORLD).outside;
    outside.values().find(|host| host.service.as_ref() == Some(&name)).expect("it is there").address
}

#[test]
fn private_dns_of_s3_wants_a_gateway_endpoint_that_stays() {
    let mut lab = Lab::of(WORLD);
    let vpc = lab.model.vpcs.values().find(|vpc| vpc.name.as_deref() == Some("V")).expect("it is there").id;
    let refused = format!(
        "InvalidParameter: To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {vpc} must have a gateway \
         endpoint for the service."
    );
    let on = "ec2 modify-vpc-endpoint --vpc-endpoint-id Files --private-dns-enabled";
    assert_eq!(lab.try_aws(on), Err(refused.clone()));
    let create = "ec2 create-vpc-endpoint --vpc-id W --service-name com.amazonaws.ap-northeast-2.s3 \
                  --vpc-endpoint-type Interface --subnet-ids Sw --private-dns-enabled";
    assert!(lab.try_aws(create).is_err());
    lab.aws(&format!("{create} --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false"));
    lab.aws("ec2 create-vpc-endpoint --vpc-id V --service-name com.amazonaws.ap-northeast-2.s3 --route-table-ids Table --tag-specifications ResourceType=vpc-endpoint,Tags=[{Key=Name,Value=Gate}]");
    lab.aws(on);
    let delete = "ec2 delete-vpc-endpoints --vpc-endpoint-ids Gate";
    assert!(lab.try_aws(delete).is_err(), "the names need it");
    lab.aws("ec2 modify-vpc-endpoint --vpc-endpoint-id Files --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false");
    lab.aws(delete);
    let of_kms = "ec2 modify-vpc-endpoint --vpc-endpoint-id Kms --dns-options PrivateDnsOnlyForInboundResolverEndpoint=true";
    assert_eq!(lab.try_aws(of_kms), Err("InvalidParameter: ".to_owned()));
}

#[test]
fn a_name_leads_to_one_endpoint_and_needs_both_attributes() {
    let mut lab = Lab::of(WORLD);
    let vpc = lab.model.vpcs.values().find(|vpc| vpc.name.as_deref() == Some("V")).expect("it is there").id;
    let create = "ec2 create-vpc-endpoint --vpc-id V --service-name com.amazonaws.ap-northeast-2.kms \
                  --vpc-endpoint-type Interface --subnet-ids B";
    let refused = format!(
        "InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
         kms.ap-northeast-2.amazonaws.com in the VPC {vpc}"
    );
    assert_eq!(lab.try_aws(create), Err(refused));
    lab.aws("ec2 modify-vpc-attribute --vpc-id V --no-enable-dns-hostnames");
    let refused = format!(
        "InvalidParameter: Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes \
         set to true for {vpc}"
    );
    assert_eq!(lab.try_aws(create), Err(refused));
}

#[test]
fn what_is_not_there_is_said_with_the_authority() {
    let ran = run(
        WORLD,
        &[
            "a: dig ip-10-0-0-99.ap-northeast-2.compute.internal",
            "a: dig -t AAAA kms.ap-northeast-2.amazonaws.com",
        ],
    );
    let soa = "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400";
    for (ran, status) in ran.iter().zip(["NXDOMAIN", "NOERROR"]) {
        assert_eq!(ran.exit, Some(0));
        assert!(ran.stdout.contains(&format!("status: {status}")), "{}", ran.stdout);
        assert!(ran.stdout.contains(";; flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1"));
        assert!(ran.stdout.contains(soa), "{}", ran.stdout);
    }
}

#[test]
fn answers_look_as_they_do_at_aws() {
    let ran = run(WORLD, &["a: dig kms.ap-northeast-2.amazonaws.com", "a: dig +noedns www.example.com"]);
    for part in [
        "flags: qr rd ra; QUERY: 1, ANSWER: 2",
        "EDNS: version: 0, flags:; udp: 4096",
        ". 60 IN\tA\t10.0.0.4",
    ] {
        assert!(ran[0].stdout.contains(part), "{}", ran[0].stdout);
    }
    assert!(!ran[1].stdout.contains("EDNS"));
}

/// A question as bytes.
fn question(name: &str, kind: u16, class: u16) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(class.to_be_bytes());
    bytes
}

fn ask(model: &Model, message: &[u8], over_udp: bool) -> Option<Vec<u8>> {
    let vpc = model.vpcs.values().next().expect("a VPC").id;
    answer(model, Vantage::Vpc(vpc), Instant::from_unix_seconds(1_719_565_200), message, over_udp)
}

#[test]
fn what_cannot_be_read_is_refused_or_ignored() {
    let model = model(WORLD);
    let code = |message: &[u8]| ask(&model, message, true).map(|reply| (reply[..2].to_vec(), reply[3] & 15));
    let good = question("www.example.com", 1, 1);
    assert_eq!(code(&good), Some((vec![0xab, 0xcd], 0)));
    for nothing in [&[][..], &[1], &[1, 2]] {
        assert_eq!(code(nothing), None, "not even an id and flags");
    }
    assert_eq!(code(&good[..20]), Some((vec![0xab, 0xcd], 1)), "FORMERR");
    let mut none = good[..12].to_vec();
    none[5] = 0;
    assert_eq!(code(&none), Some((vec![0xab, 0xcd], 1)), "no question");
    let mut is_answer = good.clone();
    is_answer[2] |= 0x80;
    assert_eq!(code(&is_answer), None, "an answer is not answered");
    let mut status = good;
    status[2] |= 2 << 3;
    assert_eq!(code(&status), Some((vec![0xab, 0xcd], 4)), "NOTIMP");
}

#[test]
fn an_answer_too_long_for_udp_is_cut_short() {
    let zones: Vec<String> = (0..40).map(|n| format!("    S{n}: {{ cidr: 10.0.{n}.0/24, az: a }}")).collect();
    let yaml = format!(
        "name: x\nvpcs:\n  V:\n    cidr: 10.0.0.0/16\n    dns_hostnames: true\n    subnets:\n  {}\n",
        zones.join("\n  ")
    );
    let model = model(&yaml);
    // The longest name there can be, twice in an answer, is longer than 512 bytes.
    let name = format!("{}.s3.us-east-1.amazonaws.com", ["x".repeat(63).as_str(); 3].join("."));
    let message = question(&name, 1, 1);
    let (udp, tcp) =
        (ask(&model, &message, true).expect("an answer"), ask(&model, &message, false).expect("one"));
    let (is_cut, answers) = (|reply: &[u8]| reply[2] & 2 != 0, |reply: &[u8]| reply[7]);
    assert!(!is_cut(&tcp) && answers(&tcp) == 2);
    assert!(udp.len() <= 512 && is_cut(&udp) == (tcp.len() > 512));
}

#[test]
fn dhcp_options_say_whom_to_ask() {
    let world = WORLD
        .replace("    subnets: { A: {", "    dhcp_options: { domain_name_servers: b, domain_name: corp.example, ntp_servers: 169.254.169.123 }\n    subnets: { A: {")
        .replace("b: { subnet: B,", "b: { serves: { 53: dns }, subnet: B,");
    let steps = "
  - on: a
    run: dig +short kms.ap-northeast-2.amazonaws.com @10.0.1.5
    expect: { stdout_contains: [10.0.0.4, 10.0.1.4] }
  - on: a
    run: dig www.example.com
    expect: { stdout_contains: ';; SERVER: 10.0.1.5#53(10.0.1.5)', packets: [{ udp: any, from: a, to: b, fate: delivered }] }
  - expect_flow_logs:
      - { interface-id: a, srcaddr: a, dstaddr: b, dstport: 53, protocol: udp, action: ACCEPT }
  - { aws: ec2 revoke-security-group-ingress --group-id Open --protocol all --cidr 0.0.0.0/0 }
  - { on: a, run: dig +short www.example.com, expect: { exit: 9, dropped: security-group, at: Open } }
  - { aws: ec2 associate-dhcp-options --dhcp-options-id default --vpc-id V }
  - { on: a, run: dig www.example.com, expect: { stdout_contains: ';; SERVER: 169.254.169.253#53' } }
  - { aws: ec2 describe-vpcs --vpc-ids V, expect: { output: { Vpcs: [{ DhcpOptionsId: default }] } } }
  - aws: ec2 describe-dhcp-options --dhcp-options-ids V
    expect:
      output:
        DhcpOptions:
          - DhcpConfigurations:
              - { Key: domain-name, Values: [{ Value: corp.example }] }
              - { Key: domain-name-servers, Values: [{ Value: 10.0.1.5 }] }
              - { Key: ntp-servers, Values: [{ Value: 169.254.169.123 }] }
";
    holds(&world, steps);
}

#[test]
fn option_sets_are_made_given_and_deleted() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        aws | ec2 create-dhcp-options --dhcp-configurations Key=domain-name-servers,Values=10.0.1.5,AmazonProvidedDNS Key=domain-name,Values=corp.example --tag-specifications ResourceType=dhcp-options,Tags=[{Key=Name,Value=Own}] | ok
        aws | ec2 associate-dhcp-options --dhcp-options-id Own --vpc-id V  | ok
        aws | ec2 delete-dhcp-options --dhcp-options-id dopt-00000000000000001 | InvalidDhcpOptionID.NotFound:
        aws | ec2 associate-dhcp-options --dhcp-options-id dopt-00000000000000001 --vpc-id V | InvalidDhcpOptionID.NotFound:
        aws | ec2 create-dhcp-options --dhcp-configurations Key=domain-name-servers,Values=1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5 | InvalidParameterValue:
        aws | ec2 create-dhcp-options --dhcp-configurations Key=ntp-servers,Values=soon | InvalidParameterValue:",
    );
    let own = lab.model.dhcp_options.values().find(|set| set.name.is_some()).expect("it is there").id;
    let in_use =
        format!("DependencyViolation: The dhcpOptions '{own}' has dependencies and cannot be deleted.");
    assert_eq!(lab.try_aws("ec2 delete-dhcp-options --dhcp-options-id Own"), Err(in_use));
    lab.aws("ec2 associate-dhcp-options --dhcp-options-id default --vpc-id V");
    lab.aws("ec2 delete-dhcp-options --dhcp-options-id Own");
}

#[test]
fn a_server_on_the_internet_knows_no_private_names() {
    let world = WORLD
        .replace("desk: { address: 198.51.100.7 }", "desk: { address: 198.51.100.7, serves: { 53: dns } }");
    check(
        &world,
        &format!(
            "
        aws ec2 create-dhcp-options --dhcp-configurations Key=domain-name-servers,Values=198.51.100.7 --tag-specifications ResourceType=dhcp-options,Tags=[{{Key=Name,Value=Own}}]
        aws ec2 associate-dhcp-options --dhcp-options-id Own --vpc-id V
        a | dig +short kms.ap-northeast-2.amazonaws.com             | 52.95.195.10
        a | dig +short ip-10-0-1-5.ap-northeast-2.compute.internal  |
        a | dig +short {OWN}                                        | 13.125.197.34
        a | dig +short @10.0.0.2 {OWN}                              | 10.0.0.5"
        ),
    );
}

#[test]
fn link_local_services_take_1024_packets_a_second() {
    let mut lab = Lab::of(WORLD);
    for _ in 0..512 {
        lab.check(
            "
            a | udp 10.0.0.2:53        | delivered to link-local services of a
            a | tcp 169.254.169.254:80 | delivered to link-local services of a",
        );
    }
    lab.check(
        "
        a    | udp 10.0.0.2:53        | link-local-rate at a
        a    | udp 169.254.169.253:53 | link-local-rate at a
        a    | tcp 169.254.169.254:80 | link-local-rate at a
        b    | udp 10.0.0.2:53        | delivered to link-local services of b
        wait | 1                      | -
        a    | udp 10.0.0.2:53        | delivered to link-local services of a
        aws  | ec2 modify-vpc-attribute --vpc-id V --no-enable-dns-support | ok
        a    | udp 10.0.0.2:53        | dns-support-off at V
        a    | tcp 10.0.0.2:80        | link-local at a",
    );
}

#[test]
fn what_is_described_shows_its_names() {
    let steps = format!(
        "
  - aws: ec2 describe-instances --instance-ids a
    expect: {{ output: {{ Reservations: [{{ Instances: [{{ PrivateDnsName: ip-10-0-0-5.ap-northeast-2.compute.internal, PublicDnsName: {OWN} }}] }}] }} }}
  - aws: ec2 describe-vpc-endpoints --vpc-endpoint-ids Kms Files
    expect:
      output:
        VpcEndpoints:
          - {{ PrivateDnsEnabled: true, DnsEntries: [{{ DnsName: {} }}, {{ DnsName: kms.ap-northeast-2.amazonaws.com }}] }}
          - {{ PrivateDnsEnabled: false, DnsEntries: [{{ DnsName: '*.{}' }}] }}
  - {{ aws: ec2 describe-vpc-attribute --vpc-id V --attribute enableDnsSupport, expect: {{ output: {{ EnableDnsSupport: {{ Value: true }} }} }} }}
  - {{ aws: ec2 describe-vpc-attribute --vpc-id V --attribute enableDnsHostnames, expect: {{ output: {{ EnableDnsHostnames: {{ Value: true }} }} }} }}
",
        endpoint_name("Kms"),
        endpoint_name("Files")
    );
    holds(WORLD, &steps);
}
