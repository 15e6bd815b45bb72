//! The house rules, as far as a machine can hold them. The tables are those of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("the file is there")
}

/// Every source file: its path from `src/`, and its text.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let src = root().join("src");
    let mut paths = Vec::new();
    walk(&src, &mut paths);
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&src).expect("it is inside").display().to_string();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).expect("text"))).collect()
}

/// The module a file belongs to: `plane/walk.rs` is in `plane`, `time.rs` is `time`.
fn module(file: &str) -> &str {
    file.split(['/', '.']).next().expect("a name")
}

/// The rows of the table of ARCHITECTURE.md whose header begins with some words: the first column, and
/// the words in backticks of the second.
fn table(header: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = read("ARCHITECTURE.md");
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        for key in quoted(cells[0]) {
            table.insert(key, quoted(cells[1]).into_iter().collect());
        }
    }
    assert!(!table.is_empty(), "there is a table {header}");
    table
}

/// The modules of this crate that a text names.
fn imports(text: &str) -> BTreeSet<String> {
    let after = text.split("crate::").skip(1);
    after
        .map(|rest| {
            rest.chars().take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').collect()
        })
        .collect()
}

#[test]
fn modules_import_only_what_the_architecture_says() {
    let allowed = table("| module | imports |");
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in sources() {
        if ["lib", "main"].contains(&module(&file)) {
            continue;
        }
        // Tests may look further.
        let code = if file.contains("/tests/") {
            ""
        } else {
            text.split("#[cfg(test)]\nmod tests {").next().expect("code")
        };
        let imports = imports(code).into_iter().filter(|name| name != module(&file));
        used.entry(module(&file).to_owned()).or_default().extend(imports);
    }
    assert_eq!(used, allowed, "left: what the code imports; right: what ARCHITECTURE.md says");
}

#[test]
fn every_library_has_one_door() {
    let doors = table("| crate | door |");
    for (file, text) in sources() {
        for (library, door) in &doors {
            let named = [format!("{library}::"), format!("use {library};"), format!("use {library} as")];
            let is_named = |mark: &String| {
                // Not the end of another name: `serde` is not in `my_serde::`.
                let before = |at: usize| text[..at].chars().next_back();
                text.match_indices(mark)
                    .any(|(at, _)| before(at).is_none_or(|c| !c.is_alphanumeric() && c != '_'))
            };
            let named = named.iter().any(is_named);
            assert!(!named || door.contains(module(&file)), "{file} names {library}, whose door is {door:?}");
        }
    }
}

#[test]
fn the_code_map_is_complete() {
    let described: BTreeSet<String> = table("| module | knows |").into_keys().collect();
    let there: BTreeSet<String> = sources().iter().map(|(file, _)| module(file).to_owned()).collect();
    let there: BTreeSet<String> =
        there.into_iter().filter(|name| !["lib", "main"].contains(&name.as_str())).collect();
    assert_eq!(described, there);
}

#[test]
fn files_say_what_they_know_and_stay_small() {
    const LINES_MAX: usize = 750;
    for (file, text) in sources() {
        assert!(text.starts_with("//! "), "{file} does not begin with what it knows");
        assert!(text.lines().count() <= LINES_MAX, "{file} has more than {LINES_MAX} lines: split it");
    }
}

#[test]
fn the_way_of_a_packet_fits_a_screen() {
    const SCREEN: usize = 100;
    for (file, text) in sources().into_iter().filter(|(file, _)| module(file) == "plane") {
        let mut begin = None;
        for (at, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            if indent <= 4
                && (line.contains(" fn ") || line.starts_with("fn ") || line.starts_with("pub fn "))
            {
                begin = Some((at, line.trim().to_owned()));
            }
            if let (true, Some((from, name))) = (line == "    }" || line == "}", &begin) {
                assert!(at - from < SCREEN, "{file}: `{name}` has {} lines", at - from);
                begin = None;
            }
        }
    }
}

#[test]
fn only_the_control_plane_changes_resources() {
    let tables = [
        "vpcs",
        "subnets",
        "route_tables",
        "network_acls",
        "security_groups",
        "internet_gateways",
        "enis",
        "instances",
        "elastic_ips",
        "peerings",
        "roles",
        "users",
        "instance_profiles",
        "managed_policies",
        "sessions",
        "private_addresses",
        "public_addresses",
        "buckets",
        "dynamodb_tables",
        "topics",
    ];
    let changes = [
        "insert(",
        "get_mut(",
        "values_mut(",
        "iter_mut(",
        "shift_remove(",
        "swap_remove(",
        "entry(",
        "retain(",
        "clear(",
    ];
    for (file, text) in sources().into_iter().filter(|(file, _)| !["api", "model"].contains(&module(file))) {
        for (table, change) in tables.iter().flat_map(|table| changes.map(|change| (table, change))) {
            let call = format!("model.{table}.{change}");
            assert!(!text.contains(&call), "{file} changes resources: {call}");
        }
    }
}

#[test]
fn unsafe_code_is_in_one_file() {
    let files: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("unsafe_code") || text.contains("unsafe "))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(files, ["athena/table.rs"]);
}

#[test]
fn only_the_plane_asks_for_lookups() {
    let asks = [
        "gateway_route_table(",
        "transit_gateway_table_for(",
        "transit_gateway_route_to(",
        "attachment_of_vpn(",
        "knows_groups_of_peer(",
    ];
    for (file, text) in sources().into_iter().filter(|(file, _)| !["plane", "model"].contains(&module(file)))
    {
        for call in asks.map(|ask| format!("model.{ask}")) {
            assert!(!text.contains(&call), "{file} may ask while the model changes: {call}");
        }
    }
}

#[test]
fn core_types_are_not_serialized() {
    // What a program prints as JSON is a value of JSON already.
    let formats = ["report/json.rs", "guest/aws/output.rs", "suite/destinations.rs"];
    for (file, text) in sources().into_iter().filter(|(file, _)| !formats.contains(&file.as_str())) {
        assert!(
            !text.contains("serde::Serialize"),
            "{file}: formats have types of their own, in report/json.rs"
        );
    }
}

/// The keys behind a mark such as `aws: ` in comments.
fn keys(mark: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (_, text) in sources() {
        for line in text.lines() {
            let is_comment = line.split(mark).next().is_some_and(|before| before.contains("//"));
            for list in line.split(mark).skip(1).filter(|_| is_comment) {
                let list = list.split([')', ';']).next().expect("text");
                keys.extend(list.split(", ").map(|key| key.trim().trim_end_matches('.').to_owned()));
            }
        }
    }
    keys
}

#[test]
fn assumptions_are_listed_in_the_readme() {
    let readme = read("README.md");
    let rows = readme.lines().skip_while(|line| *line != "| key | assumption |").skip(2);
    let listed: BTreeSet<String> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| row.split('`').nth(1).expect("a key").to_owned())
        .collect();
    assert_eq!(keys("assumed: "), listed, "left: the code; right: the README");
}

#[test]
fn keys_are_well_formed() {
    let facts = keys("aws: ");
    assert!(facts.len() > 40, "rules name their sources");
    for key in facts.iter().chain(&keys("assumed: ")) {
        assert!(
            key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "`{key}` is no key"
        );
    }
    // A rule is either documented or assumed.
    assert_eq!(facts.intersection(&keys("assumed: ")).count(), 0);
}
