//! The documentation is true: what it shows is what the program prints, what it describes is what there is.

use std::path::Path;
use std::process::Command;

use vpclab::scenario;
use vpclab::trace::DropReason;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the file is there")
}

/// The fenced blocks of a language, in order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("an end").to_owned()).collect()
}

fn vpclab(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vpclab"))
        .args(arguments.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn sessions_in_the_readme_print_what_they_show() {
    let sessions = blocks(&read("README.md"), "console");
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        let (command, shown) = session.split_once('\n').expect("a command and its output");
        let printed = vpclab(command.strip_prefix("$ vpclab ").expect("a command of vpclab"));
        let mut rest = printed.as_str();
        // `...` stands for lines that are left out.
        for (at, part) in shown.split("...\n").enumerate() {
            let found = rest
                .find(part)
                .unwrap_or_else(|| panic!("`{command}` does not print:\n{part}\nbut:\n{rest}"));
            assert!(at > 0 || found == 0, "the session begins with what is printed first");
            rest = &rest[found + part.len()..];
        }
        assert!(rest.is_empty(), "the session ends before the output of `{command}` does:\n{rest}");
    }
}

#[test]
fn the_first_scenario_of_the_readme_is_the_one_that_ships() {
    assert_eq!(blocks(&read("README.md"), "yaml")[0], read("scenarios/hello.yaml"));
}

#[test]
fn the_readme_names_every_scenario() {
    let readme = read("README.md");
    for entry in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).expect("the folder")
    {
        let name = entry.expect("it can be read").file_name().to_string_lossy().into_owned();
        assert!(readme.contains(&format!("scenarios/{name}")), "README.md does not name scenarios/{name}");
    }
}

/// The topology of the reference, put together from its blocks, is one that loads.
#[test]
fn the_reference_describes_a_topology_that_loads() {
    let reference = read("docs/scenarios.md");
    let topology: Vec<String> = blocks(&reference, "yaml")
        .into_iter()
        .filter(|block| ["vpcs:", "elastic_ips:", "internet:"].iter().any(|key| block.starts_with(key)))
        .collect();
    assert_eq!(topology.len(), 3);
    // A host that a rule of the example names.
    let yaml = format!("name: reference\n{}", topology.concat()).replace("from: Bastion }", "from: Web }");
    let scenario = scenario::load(&yaml)
        .unwrap_or_else(|problems| panic!("{}", problems.render("reference", &yaml, false)));
    assert_eq!(scenario.model.instances.len(), 1);
}

#[test]
fn the_reference_lists_every_reason_for_a_drop() {
    let reference = read("docs/scenarios.md");
    let rows =
        reference.lines().skip_while(|line| !line.starts_with("| code | Reachability Analyzer")).skip(2);
    let listed: Vec<(String, Option<String>)> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let analyzer = Some(cells[2].trim_matches('`').to_owned()).filter(|code| !code.is_empty());
            (cells[1].trim_matches('`').to_owned(), analyzer)
        })
        .collect();
    let there = DropReason::CODES.map(|(code, analyzer)| (code.to_owned(), analyzer.map(str::to_owned)));
    assert_eq!(listed, there);
}
