use crate::lab::Lab;

fn lab(acls: &str) -> Lab {
    Lab::of(&format!(
        "
name: network ACLs
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ A: {{ cidr: 10.0.0.0/24 }}, B: {{ cidr: 10.0.1.0/24 }} }}
    network_acls:
{acls}
    security_groups: {{ Open: {{ ingress: [{{ from: anywhere }}] }} }}
    instances:
      a: {{ subnet: A, security_groups: Open }}
      a2: {{ subnet: A, security_groups: Open }}
      b: {{ subnet: B, security_groups: Open }}
      b2: {{ subnet: B, security_groups: Open }}
"
    ))
}

#[test]
fn the_lowest_number_that_matches_decides() {
    let mut lab = lab("
      Acl:
        subnets: B
        ingress:
          - { rule: 200, action: allow, from: anywhere }
          - { rule: 100, action: deny, tcp: 80, from: 10.0.0.0/24 }
          - { rule: 90, action: allow, tcp: 80, from: 10.0.0.4 }
        egress: [{ rule: 100, action: allow, to: anywhere }]");
    lab.check(
        "
        a  | tcp b:80 | delivered to b
        a2 | tcp b:80 | network-acl at Acl
        a2 | tcp b:81 | delivered to b",
    );
}

#[test]
fn what_no_rule_matches_is_denied() {
    let mut lab = lab("
      Acl:
        subnets: B
        ingress: [{ rule: 100, action: allow, tcp: 80, from: anywhere }]
        egress: [{ rule: 100, action: allow, to: anywhere }]");
    lab.check(
        "
        a | tcp b:80 | delivered to b
        a | udp b:80 | network-acl at Acl
        a | icmp b   | network-acl at Acl",
    );
}

#[test]
fn a_custom_acl_denies_everything_until_it_has_rules() {
    let mut lab = lab("\n      Acl: { subnets: B }");
    lab.check("a | tcp b:80 | network-acl at Acl\nb | tcp a:80 | network-acl at Acl");
    // The default one allows everything.
    let mut default = self::lab("\n      Unused: {}");
    default.check("a | tcp b:80 | delivered to b\nreply | SYN-ACK | delivered to a");
}

#[test]
fn answers_need_a_rule_for_the_ports_of_the_client() {
    let acl = |egress: &str| {
        format!(
            "
      Acl:
        subnets: B
        ingress: [{{ rule: 100, action: allow, tcp: 80, from: anywhere }}]
        egress: [{{ rule: 100, action: allow, tcp: {egress}, to: anywhere }}]"
        )
    };
    let mut forgot = lab(&acl("80"));
    forgot.check("a | tcp b:80 | delivered to b\nreply | SYN-ACK | network-acl at Acl");
    let mut right = lab(&acl("1024-65535"));
    right.check("a | tcp b:80 | delivered to b\nreply | SYN-ACK | delivered to a");
}

#[test]
fn nothing_is_asked_within_a_subnet() {
    let mut lab = lab("\n      Closed: { subnets: B }");
    lab.check("b | tcp b2:80 | delivered to b2\na | tcp b:80 | network-acl at Closed");
}

#[test]
fn the_subnet_left_and_the_subnet_entered_are_both_asked() {
    let one_way = |name: &str, subnet: &str, ingress: &str, egress: &str| {
        format!(
            "
      {name}:
        subnets: {subnet}
        ingress: [{{ rule: 100, action: {ingress}, from: anywhere }}]
        egress: [{{ rule: 100, action: {egress}, to: anywhere }}]"
        )
    };
    let mut out = lab(&one_way("Out", "A", "allow", "deny"));
    out.check("a | tcp b:80 | network-acl at Out\nb | tcp a:80 | delivered to a");
    let mut into = lab(&one_way("In", "A", "deny", "allow"));
    into.check("a | tcp b:80 | delivered to b\nb | tcp a:80 | network-acl at In");
}

#[test]
fn rules_match_icmp_types_and_codes() {
    let mut lab = lab("
      Acl:
        subnets: B
        ingress:
          - { rule: 100, action: allow, icmp: 8/0, from: anywhere }
        egress:
          - { rule: 100, action: allow, icmp: 3/4, to: anywhere }");
    lab.check("a | icmp b | delivered to b\nreply | - | network-acl at Acl");
}

#[test]
fn a_live_connection_is_cut_by_a_deny_in_either_direction() {
    let mut lab = lab("
      Acl:
        subnets: B
        ingress: [{ rule: 100, action: allow, from: anywhere }]
        egress: [{ rule: 100, action: allow, to: anywhere }]");
    lab.check(
        "
        a     | tcp b:80     | delivered to b
        reply | SYN-ACK      | delivered to a
        aws   | ec2 create-network-acl-entry --network-acl-id Acl --rule-number 1 --protocol tcp --rule-action deny --cidr-block 10.0.0.0/24 --port-range From=80,To=80 --ingress | ok
        a     | tcp b:80 ACK | network-acl at Acl",
    );
}

#[test]
fn the_router_is_not_filtered() {
    let mut lab = lab("\n      Closed: { subnets: A }");
    lab.check("a | icmp 10.0.0.1 | router-silent at router of A");
}
