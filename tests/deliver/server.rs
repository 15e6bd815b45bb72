//! A server that plays S3 and CloudWatch Logs: strict about what it is sent, and as unreliable as a test
//! wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use vpclab::sigv4::{self, Authorization};

pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// A page of GetLogEvents.
const PAGE_EVENTS: usize = 3;

/// What is there, and what came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    pub buckets: BTreeSet<String>,
    /// By bucket and key, unescaped.
    pub objects: BTreeMap<String, Vec<u8>>,
    pub groups: BTreeSet<String>,
    /// By group and stream.
    pub streams: BTreeMap<(String, String), Vec<(u64, String)>>,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is closed before anything is done.
    DropBefore,
    /// It is done, and the connection closed without an answer.
    DropAfter,
    /// Another answer.
    Answer(u16, &'static str),
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Came {
    /// E.g. `PUT /b/k`, `PutLogEvents`.
    pub what: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub region: String,
}

type Faults = Box<dyn FnMut(usize, &Came) -> Option<Fault> + Send>;

struct Inner {
    state: State,
    came: Vec<Came>,
    faults: Faults,
    /// What is older, and what is newer, is rejected.
    taken: std::ops::Range<u64>,
}

#[derive(Clone)]
pub struct Server {
    inner: Arc<Mutex<Inner>>,
    pub url: String,
}

impl Server {
    pub fn start() -> Self {
        Self::listen("http", |stream| Some(Box::new(stream)))
    }

    pub fn start_tls(config: rustls::ServerConfig) -> Self {
        let config = Arc::new(config);
        Self::listen("https", move |stream| {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, stream)))
        })
    }

    fn listen(
        scheme: &str,
        mut accept: impl FnMut(TcpStream) -> Option<Box<dyn Connection>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let inner = Inner {
            state: State::default(),
            came: Vec::new(),
            faults: Box::new(|_, _| None),
            taken: 0..u64::MAX,
        };
        let server = Self { inner: Arc::new(Mutex::new(inner)), url };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(mut connection) = stream.ok().and_then(&mut accept) else { continue };
                let serving = serving.clone();
                std::thread::spawn(move || while serving.serve(&mut *connection).is_some() {});
            }
        });
        server
    }

    pub fn bucket(self, name: &str) -> Self {
        self.lock().state.buckets.insert(name.to_owned());
        self
    }

    /// Has things go wrong: asked with the number of each request, from 0.
    pub fn faulty(self, faults: impl FnMut(usize, &Came) -> Option<Fault> + Send + 'static) -> Self {
        self.lock().faults = Box::new(faults);
        self
    }

    pub fn reliable(&self) {
        self.lock().faults = Box::new(|_, _| None);
    }

    pub fn takes_only(&self, taken: std::ops::Range<u64>) {
        self.lock().taken = taken;
    }

    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// What came since it was last asked.
    pub fn came(&self) -> Vec<Came> {
        std::mem::take(&mut self.lock().came)
    }

    pub fn what_came(&self) -> Vec<String> {
        self.came().into_iter().map(|came| came.what).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panicked in here")
    }

    /// Serves a request; nothing when the connection is over.
    fn serve(&self, connection: &mut dyn Connection) -> Option<()> {
        let (method, target, headers, body) = read(connection)?;
        let field = |name: &str| {
            let found = headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let operation = field("x-amz-target").and_then(|it| it.strip_prefix("Logs_20140328."));
        let what = operation.map_or_else(|| format!("{method} {target}"), str::to_owned);
        let authorization: Option<Authorization> = field("authorization").and_then(|it| it.parse().ok());
        let region = authorization.as_ref().map(|it| it.region.clone()).unwrap_or_default();
        let request = sigv4::Request { method: &method, target: &target, headers: &headers, body: &body };
        let is_signed = authorization.is_some_and(|it| {
            let service = if operation.is_some() { "logs" } else { "s3" };
            it.service == service && it.access_key_id == "AKIDEXAMPLE" && it.verify(&request, SECRET)
        });
        let came = Came { what, headers: headers.clone(), body: body.clone(), region };

        let mut inner = self.lock();
        let number = inner.came.len();
        let fault = (inner.faults)(number, &came);
        inner.came.push(came);
        let (status, text) = match (fault, operation) {
            (Some(Fault::DropBefore), _) => return None,
            (Some(Fault::Answer(status, text)), _) => (status, text.to_owned()),
            (_, None) if !is_signed => {
                (403, xml("SignatureDoesNotMatch", "The request signature we calculated does not match"))
            }
            (_, Some(_)) if !is_signed => {
                (403, r#"{"__type":"InvalidSignatureException","message":"it does not match"}"#.to_owned())
            }
            (fault, operation) => {
                let taken = inner.taken.clone();
                let answer = match operation {
                    Some(operation) => inner.state.logs(operation, &body, &taken),
                    None => inner.state.s3(&method, &target, &body),
                };
                if matches!(fault, Some(Fault::DropAfter)) {
                    return None;
                }
                answer
            }
        };
        drop(inner);
        let answer = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        connection.write_all(answer.as_bytes()).ok()?;
        connection.flush().ok()
    }
}

pub trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

type Request = (String, String, Vec<(String, String)>, Vec<u8>);

fn read(connection: &mut dyn Connection) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65536];
    let (head, mut request) = loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(parsed) = request.parse(&bytes) else {
            // As servers say to those who begin with TLS.
            let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            return None;
        };
        if let httparse::Status::Complete(head) = parsed {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            let headers = request.headers.iter().map(|it| (it.name.to_owned(), text(it.value))).collect();
            break (head, (request.method?.to_owned(), request.path?.to_owned(), headers, Vec::new()));
        }
        let read = connection.read(&mut chunk).ok().filter(|read| *read > 0)?;
        bytes.extend(&chunk[..read]);
    };
    let headers: &Vec<(String, String)> = &request.2;
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a number"));
    while bytes.len() < head + length {
        let read = connection.read(&mut chunk).ok().filter(|read| *read > 0)?;
        bytes.extend(&chunk[..read]);
    }
    assert_eq!(bytes.len(), head + length, "one request at a time");
    request.3 = bytes.split_off(head);
    Some(request)
}

fn xml(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
}

impl State {
    fn s3(&mut self, method: &str, target: &str, body: &[u8]) -> (u16, String) {
        assert_eq!(method, "PUT");
        let place = String::from_utf8(sigv4::uri_decode(&target[1..])).expect("UTF-8");
        let (bucket, _) = place.split_once('/').expect("bucket and key");
        if !self.buckets.contains(bucket) {
            return (404, xml("NoSuchBucket", "The specified bucket does not exist"));
        }
        self.objects.insert(place, body.to_vec());
        (200, String::new())
    }

    fn logs(&mut self, operation: &str, body: &[u8], taken: &std::ops::Range<u64>) -> (u16, String) {
        let body: Value = serde_json::from_slice(body).expect("it is JSON");
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let group = text("logGroupName").expect("a group");
        let stream = (group.clone(), text("logStreamName").unwrap_or_default());
        let no = |code: &str, message: &str| (400, json!({ "__type": code, "message": message }).to_string());
        let there_already = no("com.amazonaws.logs#ResourceAlreadyExistsException", "it is there");
        match operation {
            "CreateLogGroup" if !self.groups.insert(group.clone()) => there_already,
            "CreateLogGroup" => (200, String::new()),
            _ if !self.groups.contains(&group) => no("ResourceNotFoundException", "there is no such group"),
            "CreateLogStream" if self.streams.contains_key(&stream) => there_already,
            "CreateLogStream" => {
                self.streams.insert(stream, Vec::new());
                (200, String::new())
            }
            "GetLogEvents" => (200, page(&self.streams[&stream], &body).to_string()),
            "PutLogEvents" => {
                let events: Vec<(u64, String)> = body["logEvents"]
                    .as_array()
                    .expect("events")
                    .iter()
                    .map(|it| {
                        (
                            it["timestamp"].as_u64().expect("a time"),
                            it["message"].as_str().expect("text").to_owned(),
                        )
                    })
                    .collect();
                let bytes: usize = events.iter().map(|(_, message)| message.len() + 26).sum();
                let span = events.last().expect("not empty").0.saturating_sub(events[0].0);
                if events.len() > 10_000
                    || bytes > 1_048_576
                    || span > 86_400_000
                    || !events.is_sorted_by_key(|it| it.0)
                {
                    return no("InvalidParameterException", "such a batch is not taken");
                }
                let too_old = events.iter().filter(|it| it.0 < taken.start).count();
                let too_new = events.iter().position(|it| it.0 >= taken.end);
                let mut info = json!({});
                if too_old > 0 {
                    info["tooOldLogEventEndIndex"] = json!(too_old);
                }
                if let Some(too_new) = too_new {
                    info["tooNewLogEventStartIndex"] = json!(too_new);
                }
                let good = &events[too_old..too_new.unwrap_or(events.len())];
                self.streams.get_mut(&stream).expect("the stream is there").extend_from_slice(good);
                let is_any = info.as_object().is_some_and(|info| !info.is_empty());
                (200, if is_any { json!({ "rejectedLogEventsInfo": info }) } else { json!({}) }.to_string())
            }
            other => panic!("nobody asks for {other}"),
        }
    }

    /// All events of a stream, by time.
    pub fn events(&self, group: &str, stream: &str) -> Vec<(u64, String)> {
        let mut events = self.streams[&(group.to_owned(), stream.to_owned())].clone();
        events.sort();
        events
    }
}

/// A page of events: as on AWS, one may be empty and not be the last, and the last one's token repeats.
fn page(events: &[(u64, String)], request: &Value) -> Value {
    assert_eq!(request["startFromHead"], json!(true));
    let time = |name: &str| request[name].as_u64().expect("a time");
    let mut events: Vec<_> =
        events.iter().filter(|it| (time("startTime")..time("endTime")).contains(&it.0)).collect();
    events.sort();
    let (from, size) = match request["nextToken"].as_str() {
        None => (0, 0),
        Some(token) => (token.strip_prefix("f/").expect("our token").parse().expect("a number"), PAGE_EVENTS),
    };
    let to = (from + size).min(events.len());
    let shown: Vec<Value> = events[from..to]
        .iter()
        .map(|(timestamp, message)| json!({ "timestamp": timestamp, "message": message, "ingestionTime": 1 }))
        .collect();
    json!({ "events": shown, "nextForwardToken": format!("f/{to}"), "nextBackwardToken": "b/0" })
}
