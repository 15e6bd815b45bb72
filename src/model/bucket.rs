//! Buckets of S3 and the objects in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Account, Policy, Region};
use crate::time::Instant;

/// A bucket. Its name is unique among all accounts and regions (aws: s3-bucket-name).
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The owner.
    pub account: Account,
    /// The region it is in.
    pub region: Region,
    /// When it was made.
    pub created: Instant,
    /// What others than the owner's identities may do, and what nobody may.
    pub policy: Option<Policy>,
    /// What is in it, in the order in which S3 lists keys: that of their bytes.
    pub objects: BTreeMap<String, Object>,
}

impl Bucket {
    /// E.g. `arn:aws:s3:::my-bucket`.
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.name)
    }
}

/// What is kept under a key.
#[derive(Clone, Debug)]
pub struct Object {
    /// The bytes.
    pub content: Content,
    /// When it was put there.
    pub modified: Instant,
    /// Its ETag, quotes included.
    pub etag: String,
    /// What it is said to be, e.g. `text/plain`.
    pub content_type: String,
}

/// Bytes that are kept elsewhere, by whoever runs the simulation.
pub trait Stored: fmt::Debug + Send + Sync {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    fn read(&self) -> Vec<u8>;
}

/// The bytes of an object.
#[derive(Clone, Debug)]
pub enum Content {
    /// These.
    Bytes(Vec<u8>),
    /// So many of no meaning, which take no memory.
    Filler(u64),
    /// What is kept elsewhere.
    Stored(Arc<dyn Stored>),
}

impl Content {
    /// How long it is, in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Filler(len) => *len,
            Self::Stored(stored) => stored.len(),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
