//! What EC2 describes of a network becomes the same network again, and sources that cannot are refused whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use serde_json::{Value, json};

use vpclab::api::Ec2;
use vpclab::ids::TransitGatewayAttachmentId;
use vpclab::import::{self, Import, Loss, Options, Source};
use vpclab::model::{Model, Scope, TransitGatewayRouteTable};
use vpclab::scenario::{self, aws};
use vpclab::seed::{Seed, Stream};
use vpclab::time::Instant;

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);

/// The commands that need no option, and what tells their documents apart.
const DESCRIBES: [&str; 20] = [
    "describe-addresses",
    "describe-customer-gateways",
    "describe-flow-logs",
    "describe-instances",
    "describe-internet-gateways",
    "describe-managed-prefix-lists",
    "describe-nat-gateways",
    "describe-network-acls",
    "describe-network-interfaces",
    "describe-route-tables",
    "describe-security-groups",
    "describe-subnets",
    "describe-transit-gateway-attachments",
    "describe-transit-gateway-route-tables",
    "describe-transit-gateway-vpc-attachments",
    "describe-transit-gateways",
    "describe-vpc-endpoints",
    "describe-vpc-peering-connections",
    "describe-vpcs",
    "describe-vpn-connections",
];

fn scopes(model: &Model) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = Vec::new();
    let all = model.vpcs.values().map(|vpc| vpc.scope);
    for scope in all.chain(model.transit_gateways.values().map(|gateway| gateway.scope)) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

fn run(model: &mut Model, scope: Scope, command: &str) -> Option<Value> {
    let parsed = aws::parse(command).unwrap_or_else(|mistakes| panic!("{command}: {mistakes:?}"));
    let output = parsed.run(&mut Ec2::new(model, scope, NOW), None).ok()?;
    output.document
}

/// The documents of a network, account by account and region by region, as a collector writes them.
fn collect(model: &mut Model) -> Vec<(Rc<str>, String)> {
    let mut files = Vec::new();
    for scope in scopes(model) {
        let folder = format!("{}/{}", scope.account, scope.region);
        let mut put = |name: String, document: Option<Value>| {
            if let Some(document) = document {
                files.push((Rc::from(format!("{folder}/{name}.json")), document.to_string()));
            }
        };
        for describe in DESCRIBES {
            put(describe.to_owned(), run(model, scope, &format!("ec2 {describe}")));
        }
        put("describe-vpn-gateways".to_owned(), run(model, scope, "ec2 describe-vpn-gateways"));
        for list in model.prefix_lists.values().filter(|list| list.region == scope.region) {
            let entries: Vec<Value> =
                list.entries.iter().map(|block| json!({ "Cidr": block.to_string() })).collect();
            put(format!("{}.entries", list.id), Some(json!({ "Entries": entries })));
        }
        let vpcs: Vec<String> = model.vpcs.keys().map(ToString::to_string).collect();
        for vpc in vpcs {
            for attribute in ["enableDnsSupport", "enableDnsHostnames"] {
                let command = format!("ec2 describe-vpc-attribute --vpc-id {vpc} --attribute {attribute}");
                put(format!("{vpc}.{attribute}"), run(model, scope, &command));
            }
        }
        for table in model.transit_gateway_route_tables.values() {
            if model.transit_gateways[&table.transit_gateway].scope == scope {
                for (name, document) in of_transit_table(table) {
                    put(format!("{}.{name}", table.id), Some(document));
                }
            }
        }
    }
    files
}

/// What `get-transit-gateway-route-table-…` and `search-transit-gateway-routes` print, which do not name the table.
fn of_transit_table(table: &TransitGatewayRouteTable) -> [(&'static str, Value); 3] {
    let attachment =
        |id: &TransitGatewayAttachmentId| json!({ "TransitGatewayAttachmentId": id.to_string() });
    let with = |ids: &[TransitGatewayAttachmentId], state: &str| -> Vec<Value> {
        let state = |mut it: Value| {
            it["State"] = state.into();
            it
        };
        ids.iter().map(attachment).map(state).collect()
    };
    let routes = table.routes.iter().map(|route| {
        json!({ "DestinationCidrBlock": route.destination.to_string(), "Type": "static",
            "TransitGatewayAttachments": route.attachment.iter().map(attachment).collect::<Vec<_>>() })
    });
    [
        ("associations", json!({ "Associations": with(&table.associations, "associated") })),
        (
            "propagations",
            json!({ "TransitGatewayRouteTablePropagations": with(&table.propagations, "enabled") }),
        ),
        ("routes", json!({ "Routes": routes.collect::<Vec<_>>(), "AdditionalRoutesAvailable": false })),
    ]
}

fn import(files: Vec<(Rc<str>, String)>) -> Import {
    let options = Options { title: "again".to_owned(), source: "documents".to_owned(), ..Options::default() };
    import::import_source(&Source::Snapshot(files), &BTreeMap::new(), &options)
        .unwrap_or_else(|troubles| panic!("{troubles:?}"))
}

/// A document without what an import need not keep: the order of lists, and ids of associations that EC2 makes up.
fn settled(value: &Value) -> Value {
    const MADE_UP: [&str; 14] = [
        "AssociationId",
        "NetworkAclAssociationId",
        "RouteTableAssociationId",
        "MacAddress",
        "CreateTime",
        "CreationTime",
        "CreationTimestamp",
        "DhcpOptionsId",
        "OwnerId",
        // A default VPC becomes one like any other.
        "IsDefault",
        "DefaultForAz",
        // No document says what a role may do.
        "IamInstanceProfile",
        "MetadataOptions",
        "ReservationId",
    ];
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| !MADE_UP.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key.clone(), settled(value))).collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(settled).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Scenarios in which something is not described, or not carried over, and what that is.
const NOT_THE_SAME: [(&str, &str); 1] = [("sg-untracked-flows", "for how long idle flows are tracked")];

/// What EC2 cannot describe, and the import says that it assumes: whether the program of a host forwards packets.
const ASSUMED: &str = "taken to forward, without NAT";

/// The networks of all scenarios, as EC2 describes them at their beginning, become themselves.
#[test]
fn what_is_described_is_imported_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|it| it.expect("a file").path()).collect();
    paths.sort();
    let (mut compared, mut wrong) = (0, Vec::new());
    for path in paths.iter().filter(|path| path.extension().is_some_and(|it| it == "yaml")) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("it can be read");
        let mut before = scenario::load(&text).expect("it has no mistakes").model;
        if before.vpcs.is_empty() {
            continue;
        }
        let files = collect(&mut before);
        let made = import(files);
        let matters: BTreeSet<String> = made
            .notices
            .iter()
            .filter(|it| it.loss == Loss::Matters && !it.message.ends_with(ASSUMED))
            .map(|it| format!("{}: {}", it.place, it.message))
            .collect();
        let mut after = scenario::load(&made.text).expect("it was loaded before").model;
        let mut differences = Vec::new();
        for scope in scopes(&before) {
            for describe in DESCRIBES {
                let command = format!("ec2 {describe}");
                let (one, other) = (run(&mut before, scope, &command), run(&mut after, scope, &command));
                let (one, other) = (one.as_ref().map(settled), other.as_ref().map(settled));
                if one != other {
                    differences.push(first_difference(describe, one.as_ref(), other.as_ref()));
                }
            }
        }
        compared += 1;
        let is_the_same = matters.is_empty() && differences.is_empty();
        if !is_the_same && NOT_THE_SAME.iter().all(|(known, _)| *known != name) {
            wrong.push(format!("{name}:\n  {matters:#?}\n  {}", differences.join("\n  ")));
        }
    }
    assert!(compared > 40, "{compared}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The elements that one has and the other has not, as far as they differ.
fn first_difference(what: &str, one: Option<&Value>, other: Option<&Value>) -> String {
    let (mut found, nothing) = (Vec::new(), Value::Null);
    compare("", one.unwrap_or(&nothing), other.unwrap_or(&nothing), &mut found);
    found.truncate(4);
    format!("{what}: {}", found.join("\n    "))
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}.{key}"), &of(a), &of(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{at}]"), a, b, found);
            }
        }
        (a, b) if a != b => found.push(format!("{path}: {a} became {b}")),
        (_, _) => {}
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn vpclab(arguments: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_vpclab"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

/// What a scenario begins with is what `vpclab import` writes.
#[test]
fn a_scenario_that_names_a_source_has_the_network_that_is_written() {
    let folder = folder("written");
    let written = folder.join("network.yaml");
    let (exit, _, report) =
        vpclab(&["import", "scenarios/import/aws", "-o", written.to_str().expect("a path")]);
    assert_eq!(exit, 0, "{report}");
    assert!(
        report.starts_with("imported: 1 VPC, 2 subnets, 2 route tables, 1 network ACL, 3 security groups"),
        "{report}"
    );
    let text = std::fs::read_to_string(&written).expect("it is there");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/import/aws");
    let beginning = format!("name: begins\ntopology: {{ from: {} }}\n", from.display());
    let beginning_path = folder.join("begins.yaml");
    std::fs::write(&beginning_path, &beginning).expect("room");
    let file = vpclab::suite::find(&[beginning_path]).expect("it is there").remove(0);
    let Ok(begins) = vpclab::suite::check(&file, false) else { panic!("it has no mistakes") };
    let written = scenario::load(&text).expect("it has no mistakes");
    assert_eq!(format!("{:?}", begins.model), format!("{:?}", written.model));
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let folder = folder("over");
    let file = folder.join("mine.yaml");
    std::fs::write(&file, "mine").expect("room");
    let path = file.to_str().expect("a path");
    let (exit, _, said) = vpclab(&["import", "scenarios/import/aws", "-o", path]);
    assert_eq!((exit, std::fs::read_to_string(&file).expect("it is there").as_str()), (2, "mine"), "{said}");
    let (exit, ..) = vpclab(&["import", "scenarios/import/aws", "-o", path, "--force"]);
    assert_eq!(exit, 0);
    assert_ne!(std::fs::read_to_string(&file).expect("it is there"), "mine");
}

/// Of a broken source nothing is written, and everything that is wrong is said.
#[test]
fn a_source_that_cannot_be_read_is_refused_whole() {
    let folder = folder("broken");
    std::fs::write(folder.join("Vpcs.json"), r#"{ "Vpcs": [{ "VpcId": "vpc-0123abcd", "CidrBlock": "10.0"#)
        .expect("room");
    std::fs::write(folder.join("Subnets.json"), "<html>").expect("room");
    let output = folder.join("network.yaml");
    let (exit, _, said) =
        vpclab(&["import", folder.to_str().expect("a path"), "-o", output.to_str().expect("a path")]);
    assert_eq!(exit, 2);
    assert_eq!(
        said,
        "error: Subnets.json: line 1, column 1: this is not JSON: expected value\nerror: Vpcs.json: line 1, column 56: this is \
         not JSON: EOF while parsing a string\n  hint: the file ends too early: collect it again\n\n2 errors: nothing was imported\n"
    );
    assert!(!output.exists());
    let (exit, _, said) = vpclab(&["import", "scenarios/nowhere"]);
    assert_eq!(exit, 2);
    assert!(said.starts_with("error: scenarios/nowhere: cannot be read: "), "{said}");
}

/// What is not carried over has its place, and `--strict` makes it an error.
#[test]
fn what_is_left_out_is_said_with_its_place() {
    let folder = folder("left-out");
    let documents = r#"{
      "Vpcs": [{ "VpcId": "vpc-0000000000000000a", "CidrBlock": "10.0.0.0/16", "OwnerId": "111111111111" }],
      "Subnets": [
        { "SubnetId": "subnet-0000000000000000a", "VpcId": "vpc-0000000000000000a", "CidrBlock": "10.0.0.0/24" },
        { "SubnetId": "subnet-0000000000000000b", "VpcId": "vpc-0000000000000000a", "CidrBlock": "10.9.0.0/24" },
        { "SubnetId": "subnet-0000000000000000c", "VpcId": "vpc-0000000000000000f", "CidrBlock": "10.0.0.0/24" }],
      "RouteTables": [{ "RouteTableId": "rtb-0000000000000000a", "VpcId": "vpc-0000000000000000a", "Associations": [{ "Main": true }],
        "Routes": [{ "DestinationCidrBlock": "10.8.0.0/16", "TransitGatewayId": "tgw-0000000000000000a", "State": "active" }] }],
      "SecurityGroups": [{ "GroupId": "sg-0000000000000000a", "GroupName": "web", "VpcId": "vpc-0000000000000000a", "IpPermissions": [
        { "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{ "GroupId": "sg-0000000000000000f" }] },
        { "IpProtocol": "tcp", "FromPort": 90, "ToPort": 80, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] },
        { "IpProtocol": "icmp", "FromPort": -1, "ToPort": 9, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }] }],
      "NetworkAcls": []
    }"#;
    std::fs::write(folder.join("all.json"), documents).expect("room");
    let path = folder.to_str().expect("a path");
    let (exit, text, report) = vpclab(&["import", path]);
    assert_eq!(exit, 0);
    assert!(text.contains("10.8.0.0/16: blackhole tgw-0000000000000000a"), "{text}");
    let expected = "
not as in the source, and packets may find out (6):
  all.json: RouteTables[0].Routes[0]: the target of the route to 10.8.0.0/16, tgw-0000000000000000a, is not in the source: a blackhole here
  all.json: SecurityGroups[0].IpPermissions[0].UserIdGroupPairs[0]: a rule names the group sg-0000000000000000f, which is not in the source: left out
  all.json: SecurityGroups[0].IpPermissions[1].IpRanges[0]: 90-80 is no range of ports: the rule is left out
  all.json: SecurityGroups[0].IpPermissions[2].IpRanges[0]: an ICMP code (9) without a type matches nothing: left out
  all.json: Subnets[1]: left out: EC2 refuses this: The CIDR '10.9.0.0/24' is invalid. (CreateSubnet answers InvalidSubnet.Range)
  all.json: Subnets[2]: the subnet left out: vpc-0000000000000000f is not in the source
";
    assert!(report.contains(expected), "{report}");
    let output = folder.join("network.yaml");
    let (exit, _, _) = vpclab(&["import", path, "--strict", "-o", output.to_str().expect("a path")]);
    assert_eq!((exit, output.exists()), (1, false));
    let (_, _, json) = vpclab(&["import", path, "--format", "json"]);
    let report: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(report["notices"].as_array().map(Vec::len), Some(6));
    assert_eq!(report["notices"][0]["path"], "RouteTables[0].Routes[0]");
}

/// Somebody who changes documents at random.
struct Vandal(Stream);

impl Vandal {
    fn number(&mut self, below: usize) -> usize {
        self.0.below(below.max(1) as u64) as usize
    }

    /// Changes one value of a document: takes it out, or puts something else in its place.
    fn spoil(&mut self, document: &mut Value) {
        let mut paths = Vec::new();
        pointers(document, String::new(), &mut paths);
        let (at, other) = (self.number(paths.len()), self.number(paths.len()));
        let elsewhere = document.pointer(&paths[other]).cloned().unwrap_or_default();
        let (parent, last) = paths[at].rsplit_once('/').unwrap_or_default();
        match self.number(6) {
            0 => match document.pointer_mut(parent) {
                Some(Value::Object(members)) => {
                    members.shift_remove(last);
                }
                Some(Value::Array(items)) => {
                    if let Some(at) = last.parse::<usize>().ok().filter(|at| *at < items.len()) {
                        items.remove(at);
                    }
                }
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
            },
            choice => {
                let value = match choice {
                    1 => Value::Null,
                    2 => json!(""),
                    3 => json!(-1),
                    4 => json!("0.0.0.0/0"),
                    _ => elsewhere,
                };
                if let Some(place) = document.pointer_mut(&paths[at]) {
                    *place = value;
                }
            }
        }
    }
}

fn pointers(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                pointers(value, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                pointers(value, format!("{path}/{at}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(path);
}

/// How many spoiled sources of each kind there are; `VPCLAB_SEEDS` says another number.
fn seeds() -> u64 {
    std::env::var("VPCLAB_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(150)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/import").join(path))
        .expect("the file")
}

/// Whatever is wrong with a source, the import ends with a scenario that loads or with what is wrong.
#[test]
fn spoiled_sources_never_panic() {
    let documents: Vec<String> = [
        "Vpcs",
        "Subnets",
        "RouteTables",
        "SecurityGroups",
        "NetworkAcls",
        "NetworkInterfaces",
        "Reservations",
        "NatGateways",
        "InternetGateways",
        "FlowLogs",
    ]
    .iter()
    .map(|kind| read(&format!("aws/{kind}.json")))
    .collect();
    let (state, plan) = (read("terraform/now.json"), read("terraform/plan.json"));
    let template = read("cloudformation/network.template");
    let parse = |text: &String| serde_json::from_str::<Value>(text).expect("it is JSON");
    let parameters: BTreeMap<String, String> =
        [("Office", "203.0.113.0/24"), ("WithNat", "yes")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let mut imported = 0;
    for seed in 0..seeds() {
        let mut vandal = Vandal(Seed(seed).stream("vandal", "import"));
        let mut account: Vec<Value> = documents.iter().map(parse).collect();
        let (mut state, mut plan) = (parse(&state), parse(&plan));
        for _ in 0..=vandal.number(4) {
            let at = vandal.number(account.len());
            vandal.spoil(&mut account[at]);
            vandal.spoil(&mut state);
            vandal.spoil(&mut plan);
        }
        let files =
            account.iter().enumerate().map(|(at, it)| (Rc::from(format!("{at}.json")), it.to_string()));
        let mut lines: Vec<&str> = template.lines().collect();
        let (at, other) = (vandal.number(lines.len()), vandal.number(lines.len()));
        lines.swap(at, other);
        lines.remove(vandal.number(lines.len()));
        let sources = [
            (Source::Snapshot(files.collect()), BTreeMap::new()),
            (Source::Terraform("now.json".into(), state.to_string()), BTreeMap::new()),
            (Source::Terraform("plan.json".into(), plan.to_string()), BTreeMap::new()),
            (Source::CloudFormation("network.template".into(), lines.join("\n")), parameters.clone()),
        ];
        let options = Options { listens: seed % 2 == 0, ..Options::default() };
        for (source, parameters) in &sources {
            match import::import_source(source, parameters, &options) {
                Ok(made) => {
                    imported += 1;
                    let loads = scenario::load(&made.text);
                    assert!(loads.is_ok(), "seed {seed}: {source:?}\n{}", made.text);
                }
                Err(troubles) => assert!(!troubles.is_empty(), "seed {seed}"),
            }
        }
    }
    assert!(imported as u64 > seeds(), "{imported} of four times {} are still networks", seeds());
}

/// A route whose target is refused drops its packets: no other route takes them.
#[test]
fn a_route_to_something_that_is_refused_is_a_blackhole() {
    let documents = r#"{
      "Vpcs": [{ "VpcId": "vpc-0000000000000000a", "CidrBlock": "10.0.0.0/16" }],
      "Subnets": [{ "SubnetId": "subnet-0000000000000000a", "VpcId": "vpc-0000000000000000a", "CidrBlock": "10.0.0.0/24" }],
      "InternetGateways": [{ "InternetGatewayId": "igw-0000000000000000a", "Attachments": [{ "VpcId": "vpc-0000000000000000a" }] }],
      "NatGateways": [{ "NatGatewayId": "nat-0000000000000000a", "SubnetId": "subnet-0000000000000000a", "ConnectivityType": "private",
        "NatGatewayAddresses": [{ "PrivateIp": "10.0.9.9" }] }],
      "RouteTables": [{ "RouteTableId": "rtb-0000000000000000a", "VpcId": "vpc-0000000000000000a", "Associations": [{ "Main": true }],
        "Routes": [{ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-0000000000000000a" },
          { "DestinationCidrBlock": "192.0.2.0/24", "NatGatewayId": "nat-0000000000000000a" }] }],
      "SecurityGroups": [], "NetworkAcls": []
    }"#;
    let made = import(vec![("all.json".into(), documents.to_owned())]);
    assert!(made.text.contains("192.0.2.0/24: blackhole nat-0000000000000000a"), "{}", made.text);
    let said: Vec<String> = made.notices.iter().map(|it| format!("{}: {}", it.place, it.message)).collect();
    assert_eq!(
        said,
        [
            "all.json: NatGateways[0]: left out: EC2 refuses this: Address does not fall within the subnet's address range \
             (CreateNatGateway answers InvalidParameterValue)",
            "all.json: RouteTables[0].Routes[1]: the target of the route to 192.0.2.0/24, nat-0000000000000000a, is not in the \
             source: a blackhole here",
        ]
    );
}
