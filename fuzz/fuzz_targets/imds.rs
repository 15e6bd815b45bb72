//! Requests of any text to the instance metadata service: each has an answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpclab::api::Ec2;
use vpclab::guest::HttpRequest;
use vpclab::scenario;
use vpclab::service::imds;

fuzz_target!(|parts: (&str, &str, &str, &str)| {
    let scenario = scenario::load(include_str!("world.yaml")).expect("it loads");
    let (mut model, scope, now) = (scenario.model, scenario.scope, scenario.start);
    let eni = model.instances.values().next().expect("an instance").eni;
    let (method, target, field, value) = parts;
    let methods = ["GET", "HEAD", "PUT", method];
    for method in methods {
        for field in ["X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds", field] {
            let request = HttpRequest {
                method: method.to_owned(),
                target: target.to_owned(),
                headers: vec![(field.to_owned(), value.to_owned())],
                body: Vec::new(),
            };
            let answer = imds::answer(&mut Ec2::new(&mut model, scope, now), eni, &request);
            assert!((200..500).contains(&answer.status));
        }
    }
});
