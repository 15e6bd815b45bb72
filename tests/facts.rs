//! docs/compliance.md against the code and the tests, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with an ending.
fn texts(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let text = std::fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), ending, &mut found);
    found
}

struct Row {
    fact: String,
    tests: Vec<String>,
    is_exception: bool,
}

/// The rows of docs/compliance.md by key.
fn table() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(root().join("docs/compliance.md")).expect("the table is there");
    let mut rows = BTreeMap::new();
    let mut is_exception = false;
    for line in text.lines() {
        if line.starts_with("## ") {
            is_exception = line == "## Documented and not simulated";
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [key, fact, source, tests] = cells.as_slice() else { continue };
        let Some(key) = key.strip_prefix('`').and_then(|key| key.strip_suffix('`')) else { continue };
        assert!(!source.is_empty(), "{key} has no source");
        let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let row = Row { fact: (*fact).to_owned(), tests, is_exception };
        assert!(rows.insert(key.to_owned(), row).is_none(), "{key} has two rows");
    }
    assert!(rows.len() > 100, "the table is read");
    rows
}

/// The keys that the code names behind `aws: `, and as citations of drop reasons.
fn keys_of_the_code() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (_, text) in texts("src", "rs") {
        for line in text.lines() {
            let is_comment = line.split("aws: ").next().is_some_and(|before| before.contains("//"));
            for list in line.split("aws: ").skip(1).filter(|_| is_comment) {
                let list = list.split([')', ';']).next().expect("text");
                keys.extend(list.split(", ").map(|key| key.trim_end_matches('.').to_owned()));
            }
        }
    }
    keys
}

#[test]
fn every_rule_of_the_code_has_a_row() {
    let (rows, keys) = (table(), keys_of_the_code());
    let missing: Vec<&String> = keys.iter().filter(|key| !rows.contains_key(*key)).collect();
    assert!(missing.is_empty(), "no row in docs/compliance.md: {missing:?}");
}

#[test]
fn every_row_has_code_and_tests_or_says_why_not() {
    let keys = keys_of_the_code();
    let sources: String =
        ["src", "tests"].iter().flat_map(|f| texts(f, "rs")).map(|(_, text)| text).collect();
    let mut wrong = Vec::new();
    for (key, row) in table() {
        if row.is_exception {
            if keys.contains(&key) {
                wrong.push(format!("{key} is an exception, and the code names it"));
            }
            continue;
        }
        if !keys.contains(&key) && !sources.contains(&format!("\"{key}\"")) {
            wrong.push(format!("{key} is named nowhere in src"));
        }
        if row.tests.is_empty() {
            wrong.push(format!("{key} names no test"));
        }
        for test in row.tests {
            if !sources.contains(&format!("fn {test}()")) {
                wrong.push(format!("{key} names the test `{test}`, which does not exist"));
            }
        }
    }
    assert!(wrong.is_empty(), "docs/compliance.md:\n{}", wrong.join("\n"));
}

#[test]
fn facts_are_short_and_stand_once() {
    let mut seen = BTreeSet::new();
    for (key, row) in table() {
        assert!(row.fact.len() <= 200, "{key}: a fact is a sentence");
        assert!(seen.insert(row.fact), "{key}: the same fact twice");
    }
}

#[test]
fn every_citation_of_a_drop_is_a_fact_or_an_assumption() {
    let rows = table();
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README is there");
    let source = std::fs::read_to_string(root().join("src/trace/drop_reason.rs")).expect("it is there");
    let cited = source.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|text| {
        text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit())
    });
    // A link is broken by a scenario, not by a rule of AWS.
    let of_scenarios = ["link-fault"];
    let codes: BTreeSet<&str> = vpclab::trace::DropReason::CODES.iter().map(|(code, _)| *code).collect();
    for text in cited.filter(|text| !codes.contains(text) && !of_scenarios.contains(text)) {
        assert!(
            rows.contains_key(text) || readme.contains(&format!("`{text}`")),
            "{text} is explained nowhere"
        );
    }
}
