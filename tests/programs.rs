//! What the programs of hosts say in whole scenarios; their smaller habits are tested beside them.

use vpclab::suite::{self, Options};

fn scenario(serves: &str, steps: &str) -> String {
    format!(
        "
name: programs
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ A: {{ cidr: 10.0.0.0/24, az: a }}, B: {{ cidr: 10.0.1.0/24, az: b }} }}
    security_groups:
      Web: {{ ingress: [{{ tcp: 80-81, from: anywhere }}, {{ udp: all, from: anywhere }}] }}
      Open: {{ ingress: [{{ from: anywhere }}] }}
    instances:
      client: {{ subnet: A, security_groups: Open }}
      web: {{ subnet: B, security_groups: Web, serves: {{ 80: {serves} }} }}
      open: {{ subnet: B, security_groups: Open }}
steps:
{steps}"
    )
}

const OPTIONS: Options = Options { seed: None, verbose: false };

/// Runs steps with this on port 80 of the web server; every expectation in them holds.
fn holds(serves: &str, steps: &str) {
    let result = suite::run_text("test", &scenario(serves, steps), &OPTIONS);
    for step in &result.unwrap_or_else(|text| panic!("{text}")).steps {
        assert!(step.passed(), "step {}: {:#?} {:#?}", step.number, step.outcome, step.failures);
    }
}

#[test]
fn a_page_of_many_bytes_is_served() {
    let steps = "
  - { on: client, run: 'curl -s -o page -w %{size_download} http://web', expect: { stdout: '10000000' } }
  - { on: client, run: curl -sI http://web, expect: { stdout_contains: 'Content-Length: 10000000' } }";
    holds("{ bytes: 10000000 }", steps);
}

#[test]
fn mistakes_about_pages_are_said() {
    for (page, mistake) in [
        ("{ bytes: 10, body: x }", "a page of so many bytes has no text and leads nowhere"),
        ("{ certificate: good }", "there is no certificate `good`"),
        ("{ names: a.example }", "names are those of a certificate"),
        (
            "{ certificate: valid, names: [a.example, '*.*.example'] }",
            "`*.*.example` is no name that a certificate can have",
        ),
        (
            "{ certificate: other-name, names: a.example }",
            "a certificate for another name has none of the server's",
        ),
        ("{ bytes: 10, redirect: 'http://x' }", "a page of so many bytes has no text and leads nowhere"),
        ("{ bytes: many }", "expected a whole number from 0 to 1000000000, found `many`"),
    ] {
        let yaml = scenario(page, "  - { on: client, run: ping -c 1 web }");
        let Err(text) = suite::run_text("test", &yaml, &OPTIONS) else { panic!("{page} has a mistake") };
        assert!(text.contains(mistake), "{text}");
    }
}

#[test]
fn ports_are_open_closed_or_filtered() {
    let steps = "
  - { on: client, run: nc -z web 80, expect: { stderr: '' } }
  - { on: client, run: nc -z web 81, expect: { exit: 1, stderr: 'Ncat: Connection refused.' } }
  - on: client
    run: nc -z -w 2 web 82
    expect: { exit: 1, stderr: 'Ncat: TIMEOUT.', dropped: security-group, at: Web }
  - { on: client, run: nc -zu web 5000, expect: { exit: 1, stderr: 'Ncat: Connection refused.' } }
  - { on: client, run: nc -zvu 10.0.1.99 5000, expect: { stderr_contains: UDP packet sent successfully } }";
    holds("page", steps);
}

#[test]
fn instances_of_a_vpc_are_one_hop_apart() {
    let line = |options: &str| {
        let to = r#"{ stdout_contains: ["30 hops max, 60 byte packets\n 1  open (10.0.1.5)  "] }"#;
        format!("  - {{ on: client, run: traceroute {options} open, expect: {to} }}\n")
    };
    let steps = ["", "-I", "-T -p 22"].map(line).concat();
    holds("page", &steps);
}
