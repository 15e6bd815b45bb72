//! What a person types: what is understood, and where a mistake is.

use crate::guest::parse;

/// The marked part, the message and the hint of a line's mistake.
#[track_caller]
fn check(line: &str, marked: &str, message: &str, hint: &str) {
    let error = parse(line).expect_err("a mistake");
    let found = (&line[error.range.clone()], error.message.as_str(), error.hint.as_deref().unwrap_or(""));
    assert_eq!(found, (marked, message, hint), "{line}");
}

const NEEDS_SHELL: &str =
    "only one command without a shell is supported; quote the character if it is meant literally";

const PROGRAMS: &str = "programs: aws, curl, dig, iperf3, nc, ping, ssh, traceroute";

#[test]
fn shells_are_refused() {
    for (line, marked) in [
        ("curl a | grep b", "|"),
        ("curl a; curl b", ";"),
        ("curl a && curl b", "&"),
        ("curl a > b", ">"),
        ("curl $HOST", "$"),
        ("curl `hostname`", "`"),
        ("ping \"$HOST\"", "$"),
    ] {
        check(line, marked, &format!("`{marked}` needs a shell, and there is none here"), NEEDS_SHELL);
    }
    parse("curl 'http://a/?x=1&y=2'").expect("quoted characters are only characters");
    parse("curl -H \"X: \\\"a\\\" \\$b\" http://a/?x=1").expect("so are escaped ones");
}

#[test]
fn mistakes_are_found_where_they_are() {
    check("", "", "an empty command", PROGRAMS);
    check("crul http://a", "crul", "there is no program `crul` here", "did you mean `curl`?");
    check("terraform apply", "terraform", "there is no program `terraform` here", PROGRAMS);
    check("curl -s", "curl", "`curl` needs a URL", "for example `curl -sS -m 5 http://10.0.0.4/`");
    check(
        "curl --max-tme 5 a",
        "--max-tme",
        "`curl` has no option `--max-tme` here",
        "did you mean `--max-time`?",
    );
    check("curl -sSmx a", "x", "`x` is not a number of seconds", "");
    check("curl -m", "-m", "this option needs a value", "");
    check("curl a b", "b", "`curl` fetches one URL at a time here", "");
    check("curl 'a", "'a", "a quote that is not closed", "");
    check("ping -c", "-c", "this option needs a value", "");
    check("ping -c three a", "three", "`three` is not a whole number that fits", "");
    check("ping -c 0 a", "0", "`ping` sends at least one probe", "");
    check(
        "ping -qZ a",
        "Z",
        "`ping` has no option `-Z` here",
        "options: -4, -c, -i, -M, -n, -q, -s, -t, -w, -W",
    );
    check("ping -t 0 a", "0", "the time to live is 1 to 255", "");
    check("ping -M maybe a", "maybe", "`-M` has no mode `maybe` here", "modes: do, want, dont");
    check("traceroute", "traceroute", "`traceroute` needs a host", "for example `traceroute -n 10.0.0.4`");
    check("traceroute -q 11 a", "11", "expected a number from 1 to 10, found `11`", "");
    check("traceroute -f5 -m4 a", "traceroute", "the first hop lies behind the last", "");
    check("traceroute a 100", "100", "`traceroute` traces one host, with packets of the usual size", "");
    check("traceroute -w 5,x a", "5,x", "`x` is not a whole number that fits", "");
    check("nc a 80", "nc", "there is nobody to type what `nc` sends", "`-z` only tries to connect");
    check("nc -z a", "nc", "`nc` needs a host and a port", "for example `nc -zv 10.0.0.4 80`");
    check("nc -z a 0", "0", "expected a port from 1 to 65535, found `0`", "");
    check("nc -z a 80 81", "81", "`nc` tries one port at a time", "");
    check("nc -w0 -z a 80", "0", "`nc` waits longer than that", "");
    check("nc -l 80", "-l", "`nc` has no option `-l` here", "options: -4, -n, -p, -u, -v, -w, -z");
    check("ping a b", "b", "`ping` asks one host at a time", "");
    check(
        "ssh 10.0.0.4",
        "ssh",
        "an interactive login has nobody to type",
        "give ssh a command: `ssh 10.0.0.4 ping -c 1 10.0.0.4`",
    );
    check("ssh -p 0 a curl b", "0", "ports begin at 1", "");
    check("ssh -o Port a curl b", "Port", "`-o` wants `Key=Value`", "");
}

#[test]
fn mistakes_in_remote_commands_are_found_before_anything_runs() {
    check("ssh a crul b", "crul", "there is no program `crul` here", "did you mean `curl`?");
    check("ssh a ssh b ping -c x c", "x", "`x` is not a whole number that fits", "");
    check("ssh a 'ping -c x c'", "x", "`x` is not a whole number that fits", "");
    check("ssh a \"ssh b 'crul c'\"", "crul", "there is no program `crul` here", "did you mean `curl`?");
    check("ssh a 'curl b; curl c'", ";", "`;` needs a shell, and there is none here", NEEDS_SHELL);
    parse("ssh -A -i key.pem ec2-user@a curl -sS -m 5 http://b")
        .expect("options behind the command are its own");
}

#[test]
fn write_out_formats_are_checked() {
    let error = parse("curl -w '%{http_cod}' a").expect_err("a mistake");
    assert_eq!((error.range, error.message.as_str()), (8..21, "there is no variable `%{http_cod}`"));
    check("curl -w '%{x' a", "'%{x'", "a `%{` in the format is not closed", "");
}

#[test]
fn options_of_aws_have_their_values_behind_a_space_or_an_equals_sign() {
    let spaced = parse("aws s3 ls --region us-east-1").expect("a command");
    assert_eq!(parse("aws --region=us-east-1 s3 ls").expect("a command"), spaced);
    let known = "known: --region, --endpoint-url, --cli-connect-timeout, --cli-read-timeout, --no-sign-request, \
                 --no-verify-ssl, --output json";
    check("aws s3 ls --regon=x", "--regon", "`aws` has no option `--regon` here", known);
    check("aws s3 ls --region", "--region", "this option needs a value", "");
    check("aws s3 ls s3://b --recursive=yes", "yes", "this option has no value", "");
    check("aws s3 ls --cli-read-timeout=x", "x", "this is not a number of seconds", "");
    check(
        "aws s3 ls --endpoint-url=http://a:b",
        "http://a:b",
        "URL rejected: Port number was not a decimal number between 0 and 65535",
        "",
    );
    check("aws s3 ls --output=text", "text", "only `--output json` is known here", "");
}
