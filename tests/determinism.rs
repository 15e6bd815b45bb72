//! One seed, one result: byte by byte, on every machine and in every build profile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vpclab::seed::Seed;
use vpclab::suite::{self, Options, Plan, Report};

/// Every file of an output folder.
type Files = BTreeMap<String, Vec<u8>>;

fn run(name: &str, seed: Option<u64>, jobs: usize) -> Files {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("determinism").join(name);
    let _ = std::fs::remove_dir_all(&out);
    let scenarios = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"));
    let mut files = suite::find(&[scenarios]).expect("the scenarios are there");
    for file in &mut files {
        // The path is part of the result, and the repository may lie anywhere.
        file.shown = format!("scenarios/{}.yaml", file.output_name);
    }
    let options = Options { seed: seed.map(Seed), verbose: true };
    let plan = Plan { options, jobs, out: Some(out.clone()), captures: true, color: false };
    suite::run_all(files, &plan, |report| {
        assert!(matches!(&report, Report::Ran(result) if result.passed()), "{report:?}");
    });
    let mut files = Files::new();
    read(&out, &out, &mut files);
    files
}

fn read(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it is inside").display().to_string();
            files.insert(name, std::fs::read(&path).expect("it can be read"));
        }
    }
}

/// FNV-1a over names and contents.
fn fingerprint(files: &Files) -> u64 {
    let bytes = files.iter().flat_map(|(name, bytes)| name.bytes().chain(bytes.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_any_number_of_jobs() {
    let (first, second) = (run("first", None, 1), run("second", None, 4));
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    for (name, bytes) in &first {
        assert!(bytes == &second[name], "{name} differs");
    }
    // Debug and release builds, and all machines, must agree on this number. It changes with every
    // change of what a run leaves behind: look at what changed, then accept the new one.
    insta::assert_snapshot!("fingerprint", format!("{:016x} in {} files", fingerprint(&first), first.len()));
}

#[test]
fn another_seed_differs_where_it_should_and_only_there() {
    let (one, other) = (run("one", Some(1), 2), run("other", Some(2), 2));
    // Where packets are lost by chance, the seed decides which; and where a hash of the ports chooses the
    // way, it decides that. The CLI rests between its tries for as long as it likes, and background traffic comes when it likes.
    let by_chance = [
        "lossy-link",
        "private-subnet-to-s3",
        "s3-gateway-or-interface",
        "sns-from-private-subnet",
        "tgw-appliance-mode",
        "traffic-and-truth",
        "vpc-endpoints",
    ];
    let is_by_chance = |name: &str| by_chance.iter().any(|scenario| name.starts_with(scenario));
    // The names of objects end with a hash of what is in them, and results of queries are called by ids from the seed.
    let without_hash = |name: &String| match (name.rsplit_once("Z_"), name.split_once("-athena-results/")) {
        (Some((object, _)), _) => object.to_owned(),
        (None, Some((bucket, _))) => bucket.to_owned(),
        (None, None) => name.clone(),
    };
    let names =
        |files: &Files| files.keys().filter(|name| !is_by_chance(name)).map(without_hash).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    let captures = one.iter().filter(|(name, _)| name.ends_with("all.pcapng"));
    for (name, bytes) in captures {
        assert!(bytes != &other[name], "{name} holds other sequence numbers and ports");
    }
    // Who talked to whom does not depend on the seed: without ports the logs are the same.
    let without_ports = |files: &Files, name: &str| -> Vec<String> {
        let text = String::from_utf8(files[name].clone()).expect("text");
        let fields = |line: &str| {
            let fields = line
                .split(' ')
                .enumerate()
                .filter(|(at, _)| ![5, 6].contains(at))
                .map(|(_, field)| field.to_owned());
            fields.collect::<Vec<_>>().join(" ")
        };
        text.lines().map(fields).collect()
    };
    let is_certain = |name: &&String| name.ends_with("all.log") && !is_by_chance(name);
    for name in one.keys().filter(is_certain) {
        assert_eq!(without_ports(&one, name), without_ports(&other, name), "{name}");
    }
}
