//! CloudWatch Logs: a stream gets the events that it does not have yet.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use super::events::{Event, Events, batches};
use super::http::{Call, Client, Endpoint, Trouble};

/// How many pages of a stream are read, against services whose pages do not end.
const PAGES_MAX: usize = 1_000_000;

/// A stream of events in a service.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// Whoever sends.
    pub client: &'a Client,
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// The region requests are signed for.
    pub region: &'a str,
    /// The log group.
    pub group: &'a str,
    /// The stream.
    pub stream: &'a str,
}

/// What came of bringing a stream up to date.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Put {
    /// How many events were there before.
    pub there: usize,
    /// What the service did not take.
    pub rejected: Option<Rejected>,
}

/// Events that the service did not take, and will never take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// The log group.
    pub group: String,
    /// The stream.
    pub stream: String,
    /// How many events were put.
    pub events: usize,
    /// How many of them are older than 14 days.
    pub too_old: usize,
    /// How many are older than the group keeps events.
    pub expired: usize,
    /// How many are more than two hours ahead.
    pub too_new: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<Event>,
    next_forward_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutAnswer {
    rejected_log_events_info: Option<RejectedInfo>,
}

/// Events of a request, which are sorted by time, before or from these places.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RejectedInfo {
    too_old_log_event_end_index: Option<usize>,
    expired_log_event_end_index: Option<usize>,
    too_new_log_event_start_index: Option<usize>,
}

impl Logs<'_> {
    /// Makes group and stream if they are not there, and puts the events that are missing in the stream.
    pub fn bring_up_to_date(&self, events: &mut Events) -> Result<Put, Error> {
        self.create("CreateLogGroup", &json!({ "logGroupName": self.group }))?;
        self.create("CreateLogStream", &self.named(json!({})))?;
        let mut patience = self.client.patience();
        let mut before = None;
        // A request of which nothing was heard may have had success. So what is there is read again before
        // anything is put again, and no event gets in twice.
        'again: loop {
            self.read(events)?;
            let missing = events.missing();
            let there = *before.get_or_insert(events.len() - missing.len());
            let mut rejected = Rejected {
                group: self.group.to_owned(),
                stream: self.stream.to_owned(),
                events: missing.len(),
                too_old: 0,
                expired: 0,
                too_new: 0,
            };
            for batch in batches(&missing) {
                let body = self.named(json!({ "logEvents": batch.iter().map(|event| {
                    json!({ "timestamp": event.timestamp, "message": event.message })
                }).collect::<Vec<_>>() }));
                let call = Request::new(self, "PutLogEvents", &body);
                match self.client.send_once(&call.call(self)) {
                    Ok(answer) => rejected.add(&call.read(&answer)?, batch.len()),
                    Err(trouble) => {
                        patience.wait(&call.call(self), trouble).map_err(|error| self.hinted(error))?;
                        continue 'again;
                    }
                }
                // The next request has all its tries.
                patience = self.client.patience();
            }
            return Ok(Put { there, rejected: (rejected.count() > 0).then_some(rejected) });
        }
    }

    /// Takes note of the events that are in the stream.
    fn read(&self, events: &mut Events) -> Result<(), Error> {
        events.forget();
        let Some((first, last)) = events.span() else { return Ok(()) };
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut body = self.named(json!({
                "startFromHead": true,
                "startTime": first,
                // It is not part of the span itself.
                "endTime": last + 1,
            }));
            if let Some(token) = &token {
                body["nextToken"] = json!(token);
            }
            let call = Request::new(self, "GetLogEvents", &body);
            let answer = self.client.send(&call.call(self)).map_err(|error| self.hinted(error))?;
            let page: Page = call.read(&answer)?;
            for event in &page.events {
                events.is_there(event.timestamp, &event.message);
            }
            // A page may be empty without being the last: that is the one whose token repeats.
            if page.next_forward_token.is_none() || page.next_forward_token == token {
                return Ok(());
            }
            token = page.next_forward_token;
        }
        let call = Request::new(self, "GetLogEvents", &json!({}));
        Err(call.unreadable(format!("the stream does not end after {PAGES_MAX} pages")))
    }

    /// Makes something that may be there already.
    fn create(&self, operation: &'static str, body: &Value) -> Result<(), Error> {
        let request = Request::new(self, operation, body);
        let call = request.call(self);
        let mut patience = self.client.patience();
        loop {
            match self.client.send_once(&call) {
                Ok(_) => return Ok(()),
                Err(trouble) if is_there(&trouble) => return Ok(()),
                Err(trouble) => patience.wait(&call, trouble).map_err(|error| self.hinted(error))?,
            }
        }
    }

    fn named(&self, mut body: Value) -> Value {
        body["logGroupName"] = json!(self.group);
        body["logStreamName"] = json!(self.stream);
        body
    }

    fn hinted(&self, error: Error) -> Error {
        let needed = "logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents and logs:GetLogEvents";
        error.with_hint(|code| match code {
            "AccessDeniedException" => Some(format!(
                "whoever the credentials belong to needs {needed} for log group `{}`",
                self.group
            )),
            _ => None,
        })
    }
}

fn is_there(trouble: &Trouble) -> bool {
    trouble.code() == Some("ResourceAlreadyExistsException")
}

/// A request for an operation, as it is sent.
struct Request {
    shown: String,
    headers: [(&'static str, String); 2],
    body: Vec<u8>,
}

impl Request {
    fn new(logs: &Logs<'_>, operation: &str, body: &Value) -> Self {
        let Logs { endpoint, group, stream, .. } = logs;
        Self {
            shown: format!("{operation} at {endpoint} for stream `{stream}` of log group `{group}`"),
            headers: [
                ("Content-Type", "application/x-amz-json-1.1".to_owned()),
                ("X-Amz-Target", format!("Logs_20140328.{operation}")),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    fn call<'a>(&'a self, logs: &Logs<'a>) -> Call<'a> {
        Call {
            shown: self.shown.clone(),
            endpoint: logs.endpoint,
            service: "logs",
            region: logs.region,
            method: "POST",
            path: "/",
            headers: &self.headers,
            body: &self.body,
            refusal,
        }
    }

    /// Reads an answer.
    fn read<T: for<'de> Deserialize<'de>>(&self, answer: &[u8]) -> Result<T, Error> {
        // Some answer nothing where there is nothing to say.
        let answer = if answer.is_empty() { b"{}" } else { answer };
        serde_json::from_slice(answer)
            .map_err(|error| self.unreadable(format!("the answer cannot be read: {error}")))
    }

    fn unreadable(&self, problem: String) -> Error {
        let hint = Some("see that it is an API of CloudWatch Logs that answers there".to_owned());
        Error::Unanswered { call: self.shown.clone(), problem, tries: 1, hint }
    }
}

/// Reads `{"__type": "…", "message": "…"}`.
fn refusal(body: &str) -> Option<(String, String)> {
    let body: Value = serde_json::from_str(body).ok()?;
    let text = |name: &str| body.get(name)?.as_str().map(str::to_owned);
    let code = text("__type")?;
    // Some write the namespace in front: `com.amazonaws.logs#…`.
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    Some((code, text("message").or_else(|| text("Message")).unwrap_or_default()))
}

impl Rejected {
    fn add(&mut self, answer: &PutAnswer, events: usize) {
        let Some(info) = &answer.rejected_log_events_info else { return };
        let too_old = info.too_old_log_event_end_index.unwrap_or(0).min(events);
        self.too_old += too_old;
        // Both count from the first event: what is too old for everybody is not counted again.
        self.expired += info.expired_log_event_end_index.unwrap_or(0).min(events).saturating_sub(too_old);
        self.too_new += events - info.too_new_log_event_start_index.unwrap_or(events).min(events);
    }

    /// How many were rejected.
    pub fn count(&self) -> usize {
        self.too_old + self.expired + self.too_new
    }

    /// What helps.
    pub fn hint(&self) -> &'static str {
        "the real service takes events of the last 14 days that its log group still keeps, and up to two hours \
         ahead: set the scenario's `start:` to a time in between and run it again"
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, stream, events, too_old, expired, too_new } = self;
        let rejected = self.count();
        let reasons = [
            (too_old, "older than 14 days"),
            (expired, "older than the log group keeps events"),
            (too_new, "more than two hours ahead"),
        ];
        let reasons = reasons.iter().filter(|(count, _)| **count > 0);
        let reasons: Vec<String> = reasons.map(|(count, reason)| format!("{count} {reason}")).collect();
        let reasons = reasons.join(", ");
        write!(f, "{rejected} of {events} for stream `{stream}` of log group `{group}`: {reasons}")
    }
}
