//! What `aws` asks the instance metadata service: where the instance is, and the keys of its role.
//!
//! Knows the order of requests as botocore sends them, all on one connection; never what the answers are
//! used for.

use std::time::Duration;

use super::profile::AccessKeys;
use crate::guest::call::{Call, Called, Incoming, Limits, Outgoing, Target};
use crate::guest::process::Os;
use crate::guest::tls::Channel;
use crate::time::Instant;

const HOST: &str = "169.254.169.254";
/// One second, once (aws: imds-client-timeouts).
const PATIENCE: Duration = Duration::from_secs(1);
const TOKEN_LIFETIME: &str = "21600";

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// The region, by way of the zone.
    Region,
    /// The keys of the role.
    Keys,
}

/// What came of it.
pub enum Answer {
    Waiting(Option<Instant>),
    Region(Option<String>),
    Keys(Option<AccessKeys>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Token,
    Zone,
    RoleName,
    RoleKeys(String),
}

/// A conversation with the service.
pub struct Metadata {
    user_agent: String,
    question: Question,
    step: Step,
    token: Option<String>,
    channel: Option<Channel>,
    call: Option<Call>,
}

impl Metadata {
    pub fn new(user_agent: &str, question: Question) -> Self {
        let user_agent = user_agent.to_owned();
        Self { user_agent, question, step: Step::Token, token: None, channel: None, call: None }
    }

    /// Goes on as far as it can.
    pub fn poll(&mut self, os: &mut Os<'_>) -> Answer {
        loop {
            let step = self.step.clone();
            let call = match &mut self.call {
                Some(call) => call,
                None => {
                    let call = self.ask(os, &step);
                    self.call.insert(call)
                }
            };
            let response = match call.poll(os) {
                Called::Waiting => return Answer::Waiting(call.deadline()),
                Called::Done(response) => {
                    self.channel = call.take_channel();
                    Some(response)
                }
                Called::Failed(_) => None,
            };
            self.call = None;
            if let Some(answer) = self.take(&step, response.as_deref()) {
                if let Some(mut channel) = self.channel.take() {
                    channel.close(os);
                }
                return answer;
            }
        }
    }

    /// Takes in a response; says what it all comes to, if that is known.
    fn take(&mut self, step: &Step, response: Option<&Incoming>) -> Option<Answer> {
        let good = response.filter(|response| response.status == 200);
        let text = good.map(|response| String::from_utf8_lossy(&response.body).into_owned());
        match (step, text) {
            // Without a token, version 1 of the service may still answer.
            (Step::Token, token) => {
                self.token = token;
                self.step = match self.question {
                    Question::Region => Step::Zone,
                    Question::Keys => Step::RoleName,
                };
                None
            }
            (Step::Zone, zone) => {
                // A zone is a region and a letter.
                let region =
                    zone.map(|zone| zone.trim_end_matches(|c: char| c.is_ascii_lowercase()).to_owned());
                Some(Answer::Region(region.filter(|region| !region.is_empty())))
            }
            (Step::RoleName, Some(role)) if !role.trim().is_empty() => {
                self.step = Step::RoleKeys(role.trim().to_owned());
                None
            }
            (Step::RoleKeys(_), Some(text)) => Some(Answer::Keys(read_keys(&text))),
            (Step::RoleName | Step::RoleKeys(_), _) => Some(Answer::Keys(None)),
        }
    }

    fn ask(&mut self, os: &Os<'_>, step: &Step) -> Call {
        let (method, path) = match step {
            Step::Token => ("PUT", "/latest/api/token".to_owned()),
            Step::Zone => ("GET", "/latest/meta-data/placement/availability-zone/".to_owned()),
            Step::RoleName => ("GET", "/latest/meta-data/iam/security-credentials/".to_owned()),
            Step::RoleKeys(role) => ("GET", format!("/latest/meta-data/iam/security-credentials/{role}")),
        };
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: identity\r\nUser-Agent: {}\r\n",
            self.user_agent
        );
        match (step, &self.token) {
            (Step::Token, _) => {
                head.push_str(&format!("x-aws-ec2-metadata-token-ttl-seconds: {TOKEN_LIFETIME}\r\n"));
                head.push_str("Content-Length: 0\r\n");
            }
            (_, Some(token)) => head.push_str(&format!("x-aws-ec2-metadata-token: {token}\r\n")),
            (_, None) => {}
        }
        head.push_str("\r\n");
        let request = Outgoing { head: head.into_bytes(), ..Outgoing::default() };
        let target = Target { host: HOST.to_owned(), port: 80, tls: None };
        let limits = Limits { connect: PATIENCE, read: PATIENCE };
        match self.channel.take() {
            Some(channel) => Call::on(os, channel, target, limits, request),
            None => Call::new(target, limits, request),
        }
    }
}

fn read_keys(text: &str) -> Option<AccessKeys> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let field = |name: &str| document.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    if field("Code").as_deref() != Some("Success") {
        return None;
    }
    Some(AccessKeys { id: field("AccessKeyId")?, secret: field("SecretAccessKey")?, token: field("Token") })
}
