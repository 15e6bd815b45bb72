//! Messages of any bytes to a resolver: it answers something that can be read, or nothing.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use vpclab::model::Model;
use vpclab::scenario;
use vpclab::service::dns::{Vantage, answer};
use vpclab::time::Instant;

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| scenario::load(include_str!("world.yaml")).expect("it loads").model)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((knobs, message)) = bytes.split_first() else { return };
    let vpc = model().vpcs.values().next().expect("a VPC").id;
    let vantage = if knobs & 1 == 0 { Vantage::Vpc(vpc) } else { Vantage::Elsewhere };
    let now = Instant::from_unix_seconds(1_719_565_200);
    let Some(reply) = answer(model(), vantage, now, message, knobs & 2 == 0) else { return };
    assert_eq!(reply[..2], message[..2], "an answer has the id of its question");
    assert!(reply[2] & 0x80 != 0, "and says that it is one");
});
