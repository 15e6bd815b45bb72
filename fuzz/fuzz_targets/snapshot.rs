//! Documents of an account, whatever is in them: no panic, and what becomes a scenario loads.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use vpclab::import::{self, Options, Source};
use vpclab::scenario;

fuzz_target!(|text: &str| {
    // Files begin at lines that name them.
    let files = text.split("\n#").map(|file| {
        let (name, text) = file.split_once('\n').unwrap_or(("Vpcs.json", file));
        (name.into(), text.to_owned())
    });
    let source = Source::Snapshot(files.collect());
    if let Ok(made) = import::import_source(&source, &BTreeMap::new(), &Options::default()) {
        assert!(scenario::load(&made.text).is_ok(), "{}", made.text);
    }
});
