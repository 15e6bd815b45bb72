//! Delivery: what a run left in its output folder is sent to an S3 API and to a CloudWatch Logs API.
//!
//! Knows HTTP, the two services' requests, and the real clock, which signatures need. Never knows how
//! records came about: it reads files. A delivery can be repeated: objects have their keys, and of a
//! stream only events are put that are not there.

mod access;
mod error;
mod events;
mod http;
mod logs;
mod manifest;
mod s3;

use std::path::PathBuf;

pub use self::access::{Access, Credentials, MissingCredentials};
pub use self::error::{Error, Refusal};
use self::events::Events;
use self::http::Client;
pub use self::http::{Endpoint, NotAnEndpoint, Retry};
pub use self::logs::Rejected;
pub use self::manifest::{Manifest, Object, Stream};

/// Where it goes. What has no endpoint is not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoints {
    /// An S3 API.
    pub s3: Option<Endpoint>,
    /// A CloudWatch Logs API.
    pub logs: Option<Endpoint>,
}

/// Whoever delivers.
#[derive(Debug)]
pub struct Delivery {
    client: Client,
    endpoints: Endpoints,
    /// In place of that of each object and stream.
    region: Option<String>,
}

/// What was delivered of a folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delivered {
    /// How many objects were put.
    pub objects: u64,
    /// How long they are together.
    pub bytes: u64,
    /// How many streams were brought up to date.
    pub streams: u64,
    /// How many events they should have.
    pub events: u64,
    /// How many of them were there before.
    pub events_there: u64,
    /// Streams of which the service did not take everything.
    pub rejected: Vec<Rejected>,
    /// How many objects were not sent, for want of an endpoint.
    pub objects_left: u64,
    /// How many streams were not sent, for want of an endpoint.
    pub streams_left: u64,
}

impl Delivery {
    /// Reads the certificates of own authorities, if there are any; nothing is sent yet.
    pub fn new(endpoints: Endpoints, access: Access, retry: Retry) -> Result<Self, Error> {
        let Access { credentials, region, ca_bundle } = access;
        let client = Client::new(credentials, retry, ca_bundle.as_deref())?;
        Ok(Self { client, endpoints, region })
    }

    /// Sends what a folder holds, in the order of its manifest, and stops at the first thing that fails.
    pub fn deliver(&self, manifest: &Manifest) -> Result<Delivered, Error> {
        let mut delivered = Delivered::default();
        match &self.endpoints.s3 {
            Some(endpoint) => {
                for object in &manifest.objects {
                    let file = manifest.file(&object.file);
                    // An object is small: AWS closes a file of flow logs at 75 MB.
                    let bytes = std::fs::read(&file).map_err(|error| Error::unreadable(&file, error))?;
                    s3::put(&self.client, endpoint, object, self.region(&object.region), &bytes)?;
                    delivered.objects += 1;
                    delivered.bytes += bytes.len() as u64;
                }
            }
            None => delivered.objects_left = manifest.objects.len() as u64,
        }
        match &self.endpoints.logs {
            Some(endpoint) => {
                for stream in &manifest.streams {
                    let mut events = Events::read(&manifest.file(&stream.file))?;
                    let service = logs::Logs {
                        client: &self.client,
                        endpoint,
                        region: self.region(&stream.region),
                        group: &stream.group,
                        stream: &stream.stream,
                    };
                    let put = service.bring_up_to_date(&mut events)?;
                    delivered.streams += 1;
                    delivered.events += events.len() as u64;
                    delivered.events_there += put.there as u64;
                    delivered.rejected.extend(put.rejected);
                }
            }
            None => delivered.streams_left = manifest.streams.len() as u64,
        }
        Ok(delivered)
    }

    fn region<'a>(&'a self, own: &'a str) -> &'a str {
        self.region.as_deref().unwrap_or(own)
    }
}

/// Where a file is, as it is shown.
fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// The file in which a run says what is to be delivered.
const MANIFEST: &str = "delivery.json";

/// Where a folder's manifest is.
fn manifest_of(folder: &std::path::Path) -> PathBuf {
    folder.join(MANIFEST)
}
