//! Any request to AWS's services, signed or not: there is an answer, and nothing panics.

#![no_main]

use std::net::Ipv4Addr;

use libfuzzer_sys::fuzz_target;
use vpclab::api::{Ec2, Holder, Iam};
use vpclab::scenario;
use vpclab::service::{Request, answer};
use vpclab::sigv4;

const WORLD: &str = include_str!("service.yaml");
const ALL: &str = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

// The first byte says whom, the first line what, the lines up to an empty one are header fields.
fuzz_target!(|bytes: &[u8]| {
    let Some((knob, rest)) = bytes.split_first() else { return };
    let at = rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len());
    let Ok(head) = std::str::from_utf8(&rest[..at]) else { return };
    let body = rest.get(at + 2..).unwrap_or_default();
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or(("GET", "/"));
    let fields = lines.filter_map(|line| line.split_once(": "));
    let mut headers: Vec<(String, String)> =
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();

    let scenario = scenario::load(WORLD).expect("the world loads");
    let (mut model, now, scope) = (scenario.model, scenario.start, scenario.scope);
    let mut iam = Iam::new(&mut model, scope.account, now);
    iam.create_user("u").expect("a user");
    iam.put_policy(Holder::User("u"), "p", ALL).expect("a policy");
    let key = iam.create_access_key("u").expect("a key");
    let service = ["s3", "dynamodb", "sns", "sts", "notebook"][usize::from(knob & 7) % 5];
    if knob & 8 != 0 {
        let credentials = sigv4::Credentials {
            access_key_id: &key.access_key_id,
            secret_access_key: &key.secret_access_key,
            session_token: None,
        };
        let request = sigv4::Request { method, target, headers: &headers, body };
        headers.extend(sigv4::sign(&request, &credentials, scope.region.name(), service, now));
    }
    let endpoint = model.endpoints.keys().next().copied().filter(|_| knob & 16 != 0);
    let (source, region, headers) = (Ipv4Addr::new(10, 0, 0, 5), scope.region, headers.as_slice());
    let over_tls = knob & 32 == 0;
    let request = Request { method, target, headers, body, source, over_tls, endpoint, service, region };
    let came = answer(&mut Ec2::new(&mut model, scope, now), &request);
    assert!((200..502).contains(&came.status));
});
