//! Plans and states of Terraform, whatever is in them: no panic, and what becomes a scenario loads.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use vpclab::import::{self, Options, Source};
use vpclab::scenario;

fuzz_target!(|text: &str| {
    let source = Source::Terraform("plan.json".into(), text.to_owned());
    if let Ok(made) = import::import_source(&source, &BTreeMap::new(), &Options::default()) {
        assert!(scenario::load(&made.text).is_ok(), "{}", made.text);
    }
});
