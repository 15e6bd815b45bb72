//! A CloudFormation template of any text: it is read, or all that is wrong is said.

#![no_main]

use std::collections::BTreeMap;
use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use vpclab::import::cloudformation::read;

fuzz_target!(|text: &str| {
    let (file, mut values) = (Rc::from("fuzz.yaml"), BTreeMap::new());
    // What was missing is said in the second round.
    for _ in 0..2 {
        let Err(troubles) = read(&file, text, &values) else { return };
        assert!(troubles.iter().all(|trouble| !trouble.message.is_empty()) && !troubles.is_empty());
        for hint in troubles.into_iter().filter_map(|trouble| trouble.hint) {
            let names = hint.split("--set ").skip(1).filter_map(|setting| setting.split_once('='));
            let names = names.map(|(name, _)| name.trim_matches('\'').to_owned());
            values.extend(names.map(|name| (name, "10.0.0.0/16".to_owned())));
        }
    }
});
