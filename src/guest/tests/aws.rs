//! `aws` against servers that nobody should run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::rig::{Output, Rig};
use crate::guest::{AccessKeys, Answer, AwsProfile, Certificate, HeaderValue, Identity, Service, Site};
use crate::wire::TcpFlags;

/// A host with keys, and a server with an answer for everything.
fn rig(answer: Answer) -> Rig {
    let mut rig = Rig::new(2);
    let keys =
        AccessKeys { id: "AKIAIOSFODNN7EXAMPLE".to_owned(), secret: "sécrét…".to_owned(), token: None };
    let profile =
        AwsProfile { region: Some("eu-west-1".to_owned()), keys: Some(keys), ..AwsProfile::default() };
    let files = BTreeMap::from([("a.txt".to_owned(), vec![b'a'; 100_000])]);
    rig.hosts[0].set_disk(profile, files);
    rig.hosts[1].serve(80, Service::Http(Site::everywhere(answer)));
    rig
}

fn run(rig: &mut Rig, command: &str) -> Output {
    rig.run(0, &format!("aws {command} --endpoint-url http://10.0.1.11"))
}

fn xml(body: &str) -> Answer {
    Answer::new(200, "OK", &[], "application/xml", body.as_bytes().to_vec())
}

#[test]
fn what_is_no_document_is_an_error() {
    for command in ["s3 ls", "s3 ls s3://my-bucket"] {
        run(&mut rig(Answer::plain("hello\n")), command).assert(
            255,
            "",
            "\nUnable to parse response (syntax error: line 1, column 0), invalid XML received. Further retries \
             may succeed:\nb'hello\\n'\n",
        );
    }
}

#[test]
fn a_list_does_not_go_round_in_circles() {
    let page = "<L><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></L>";
    run(&mut rig(xml(page)), "s3 ls s3://my-bucket").assert(
        255,
        "",
        "\nError during pagination: The same next token was received twice: {'ContinuationToken': 'x'}\n",
    );
}

#[test]
fn a_region_that_leads_nowhere_is_asked_once() {
    let elsewhere = [("x-amz-bucket-region", "nowhere\u{fe}/x")];
    let answer = Answer::new(301, "Moved Permanently", &elsewhere, "application/xml", Vec::new());
    run(&mut rig(answer), "s3 ls s3://my-bucket").assert(
        254,
        "",
        "\nAn error occurred (301) when calling the ListObjectsV2 operation: Moved Permanently\n",
    );
}

#[test]
fn a_missing_object_is_named() {
    let answer = Answer::new(404, "Not Found", &[], "application/xml", Vec::new());
    run(&mut rig(answer), "s3 cp s3://my-bucket/a.txt -").assert(
        1,
        "",
        "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"a.txt\" does not exist\n",
    );
}

#[test]
fn only_what_was_tried_to_the_end_says_so() {
    let mut busy = rig(Answer::new(503, "Slow Down", &[], "text/plain", Vec::new()));
    let output = run(&mut busy, "s3 ls");
    let text = "An error occurred (503) when calling the ListBuckets operation (reached max retries: 2): \
                Service Unavailable";
    output.assert(254, "", &format!("\n{text}\n"));
    assert!(output.took < Duration::from_secs(3), "a second and two at most: {:?}", output.took);
    let mut shut = rig(xml("<a/>"));
    shut.hosts[1].serve(80, Service::Passing(None));
    let pid = shut.start(0, "aws s3 ls --cli-read-timeout 1 --endpoint-url http://10.0.1.11");
    shut.run_for(Duration::from_millis(500));
    let denied = Answer::new(403, "Forbidden", &[], "text/plain", Vec::new());
    shut.hosts[1].serve(80, Service::Http(Site::everywhere(denied)));
    shut.settle();
    let finished = Output::new(shut.hosts[0].take_exit(pid).expect("it has ended"), Duration::ZERO);
    let text = "An error occurred (403) when calling the ListBuckets operation: Forbidden";
    finished.assert(254, "", &format!("\n{text}\n"));
}

#[test]
fn lengths_may_be_anything() {
    let with_length = |length: &str, body: &str| {
        let mut answer = xml(body);
        answer.headers.retain(|(name, _)| name != "Content-Length");
        answer.headers.push(("Content-Length".to_owned(), HeaderValue::Text(length.to_owned())));
        answer
    };
    let closed = "Read timeout on endpoint URL: \"http://10.0.1.11/\"";
    for length in ["18446744073709551615", "-1", "99999999999999999999", "nine", "5"] {
        let output = run(&mut rig(with_length(length, "<a/>")), "s3 ls --cli-read-timeout 1");
        assert!(output.stderr.contains(closed), "{length}: {}", output.stderr);
    }
}

#[test]
fn a_server_that_says_nothing_but_hello_is_left() {
    let answer = Answer::new(100, "Continue", &[], "text/plain", Vec::new());
    let output = run(&mut rig(answer), "s3 ls --cli-read-timeout 1");
    output.assert(255, "", "\nRead timeout on endpoint URL: \"http://10.0.1.11/\"\n");
    let mut silent = rig(xml("<a/>"));
    silent.hosts[1].serve(22, Service::Ssh);
    let output = silent.run(0, "aws s3 ls --endpoint-url http://10.0.1.11:22");
    output.assert(
        255,
        "",
        "\nConnection was closed before we received a valid response from endpoint URL: \"http://10.0.1.11:22/\".\n",
    );
}

#[test]
fn a_handshake_that_does_not_end_is_a_read_timeout() {
    let mut rig = rig(xml("<a/>"));
    // Whatever it says is lost.
    rig.hosts[1].serve(443, Service::Iperf);
    rig.passes = |packet| packet.tuple().src_port != 443 || packet.tcp_flags().0 & TcpFlags::SYN != 0;
    let output = rig.run(0, "aws s3 ls --cli-connect-timeout 2 --endpoint-url https://10.0.1.11");
    output.assert(255, "", "\nRead timeout on endpoint URL: \"https://10.0.1.11/\"\n");
    assert!(output.took < Duration::from_secs(10), "two seconds, three times: {:?}", output.took);
}

#[test]
fn a_server_that_does_not_want_a_file_does_not_get_it() {
    let mut rig = rig(Answer::new(403, "Forbidden", &[], "text/plain", Vec::new()));
    let output = run(&mut rig, "s3 cp a.txt s3://my-bucket/a.txt");
    assert_eq!(output.exit, 1, "{}", output.stderr);
    rig.settle();
    let sent: usize = rig.log.iter().map(|(_, _, frame)| frame.len()).sum();
    assert!(sent < 10_000, "the file has 100000 bytes");
}

#[test]
fn keys_in_any_letters_are_masked() {
    let output = rig(xml("<a/>")).run(0, "aws configure list");
    assert!(output.stdout.contains("secret_key     ****************rét… "), "{}", output.stdout);
}

#[test]
fn a_bucket_with_dots_is_asked_for_by_path_over_tls() {
    let mut rig = rig(xml("<a/>"));
    let identity = Identity { certificate: Certificate::Valid, names: Vec::new() };
    rig.hosts[1].serve(443, Service::Https(Site::everywhere(xml("<a/>")), identity));
    rig.run(0, "aws s3 ls s3://my.bucket --endpoint-url https://host-1.test").assert(0, "", "");
}
