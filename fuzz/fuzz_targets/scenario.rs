//! A scenario of any text: it loads, or every mistake is said.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpclab::scenario;

fuzz_target!(|text: &str| {
    if let Err(problems) = scenario::load(text) {
        assert!(!problems.render("fuzz", text, false).is_empty());
    }
});
