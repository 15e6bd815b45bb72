//! Where the objects of buckets are read from, and what `s3://…` means.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::error::{QueryError, Result};

/// The list of what a run delivered, in its output folder.
const MANIFEST: &str = "delivery.json";
/// The folder of buckets, in a run's output folder.
const FOLDER: &str = "s3";

/// An object, as a listing has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ObjectSummary {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

impl ObjectSummary {
    /// Whether queries skip it: an object without bytes, and one whose name begins with `_` or `.`.
    pub fn is_hidden(&self) -> bool {
        let name = self.key.rsplit('/').next().unwrap_or_default();
        self.size == 0 || name.is_empty() || name.starts_with(['_', '.'])
    }
}

/// Buckets and the objects in them.
pub trait Storage: Send + Sync {
    /// Whether there is a bucket of this name.
    fn has_bucket(&self, bucket: &str) -> bool;

    /// The names of all buckets, in their order.
    fn buckets(&self) -> Vec<String>;

    /// The objects of a bucket whose keys begin with a prefix, in the order of their keys.
    fn list(&self, bucket: &str, prefix: &str) -> Vec<ObjectSummary>;

    /// Begins to read an object.
    fn open(&self, bucket: &str, key: &str) -> io::Result<Box<dyn Read + Send>>;

    /// All bytes of an object.
    fn bytes(&self, bucket: &str, key: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(bucket, key)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// What an object holds.
pub trait Body: Send + Sync {
    /// How many bytes.
    fn size(&self) -> u64;

    /// Begins to read them.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// Buckets as a map: objects by bucket and key.
#[derive(Clone, Debug)]
pub struct Buckets<B>(BTreeMap<String, BTreeMap<String, B>>);

impl<B> Default for Buckets<B> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<B> Buckets<B> {
    /// Makes a bucket, if there is none of this name; the objects in it.
    pub fn make_bucket(&mut self, bucket: &str) -> &mut BTreeMap<String, B> {
        self.0.entry(bucket.to_owned()).or_default()
    }
}

impl<B: Body> Storage for Buckets<B> {
    fn has_bucket(&self, bucket: &str) -> bool {
        self.0.contains_key(bucket)
    }

    fn buckets(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn list(&self, bucket: &str, prefix: &str) -> Vec<ObjectSummary> {
        let objects = self.0.get(bucket).into_iter().flat_map(|objects| objects.range(prefix.to_owned()..));
        let under = objects.take_while(|(key, _)| key.starts_with(prefix));
        under.map(|(key, body)| ObjectSummary { key: key.clone(), size: body.size() }).collect()
    }

    fn open(&self, bucket: &str, key: &str) -> io::Result<Box<dyn Read + Send>> {
        let body = self.0.get(bucket).and_then(|objects| objects.get(key));
        let missing =
            || io::Error::new(io::ErrorKind::NotFound, format!("s3://{bucket}/{key} does not exist"));
        body.ok_or_else(missing)?.open()
    }
}

/// Objects that are in memory.
pub type MemoryStorage = Buckets<Arc<[u8]>>;

impl Buckets<Arc<[u8]>> {
    /// Puts an object into a bucket, which is made if there is none.
    pub fn put(&mut self, bucket: &str, key: &str, bytes: impl Into<Arc<[u8]>>) {
        self.make_bucket(bucket).insert(key.to_owned(), bytes.into());
    }
}

impl Body for Arc<[u8]> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(Self::clone(self))))
    }
}

/// A file that is an object.
#[derive(Clone, Debug)]
pub struct ObjectFile {
    path: PathBuf,
    size: u64,
}

impl Body for ObjectFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.path).map_err(|error| at(&self.path, &error))?))
    }
}

/// What a run left in its output folder: what it delivered, and what somebody put below `s3/` since.
pub type FolderStorage = Buckets<ObjectFile>;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    objects: Vec<ManifestObject>,
}

#[derive(Deserialize)]
struct ManifestObject {
    bucket: String,
    key: String,
    file: String,
}

impl Buckets<ObjectFile> {
    /// Looks at a folder once; what comes into it later is not seen.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut storage = Self::default();
        let mut listed = BTreeSet::new();
        let path = folder.join(MANIFEST);
        if path.exists() {
            let text = fs::read(&path).map_err(|error| at(&path, &error))?;
            let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
            })?;
            for object in manifest.objects {
                let file = folder.join(&object.file);
                let objects = storage.make_bucket(&object.bucket);
                // An object whose file was taken away is gone, and its bucket is not.
                if let Ok(metadata) = fs::metadata(&file) {
                    listed.insert(file.clone());
                    objects.insert(object.key, ObjectFile { path: file, size: metadata.len() });
                }
            }
        }
        let root = folder.join(FOLDER);
        if root.is_dir() {
            for bucket in entries(&root)?.into_iter().filter(|path| path.is_dir()) {
                let name = name_of(&bucket);
                let mut found = Vec::new();
                walk(&bucket, "", &mut found)?;
                let objects = storage.make_bucket(&name);
                for (key, path) in found {
                    if !listed.contains(&path) {
                        let size = fs::metadata(&path).map_err(|error| at(&path, &error))?.len();
                        objects.entry(key).or_insert(ObjectFile { path, size });
                    }
                }
            }
        }
        Ok(storage)
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What is in a folder, in the order of names.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
        })
        .map_err(|error| at(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for path in entries(folder)? {
        let key = format!("{prefix}{}", name_of(&path));
        if path.is_dir() {
            walk(&path, &format!("{key}/"), found)?;
        } else {
            found.push((key, path));
        }
    }
    Ok(())
}

/// A place in a bucket, under which objects are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Location {
    /// The bucket's name.
    pub bucket: String,
    /// What keys begin with: nothing, or something that ends with a slash.
    pub prefix: String,
}

impl Location {
    /// Reads `s3://bucket/prefix`. A prefix is a folder: it ends with a slash, whether that is written or not.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = |why: &str| {
            Err(QueryError::new(
                "INVALID_TABLE_PROPERTY",
                format!("LOCATION '{text}' {why}: write s3://bucket/prefix/"),
            ))
        };
        let scheme = text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        let rest = match scheme {
            Some((scheme, rest)) if ["s3", "s3a", "s3n"].contains(&scheme.as_str()) => rest,
            Some((scheme, _)) => {
                return malformed(&format!("is no place in S3 (No FileSystem for scheme: {scheme})"));
            }
            None if text.starts_with("arn:") => return malformed("is an ARN, not a URI of S3"),
            None => return malformed("is no URI of S3"),
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return malformed("has no bucket");
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if bucket.starts_with('.') || !bucket.chars().all(is_name) {
            return malformed("has no name of a bucket");
        }
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        Ok(Self { bucket: bucket.to_owned(), prefix: format!("{prefix}{slash}") })
    }

    /// Reads a location whose bucket must be there.
    pub fn existing(text: &str, storage: &dyn Storage) -> Result<Self> {
        let location = Self::parse(text)?;
        location.check_bucket(storage)?;
        Ok(location)
    }

    /// Says that the bucket is not there, and which ones are.
    pub fn check_bucket(&self, storage: &dyn Storage) -> Result<()> {
        if storage.has_bucket(&self.bucket) {
            return Ok(());
        }
        let buckets = storage.buckets();
        let there = match buckets.as_slice() {
            [] => "there are no buckets with objects".to_owned(),
            [only] => format!("the only bucket is {only}"),
            several => format!("the buckets are {}", several.join(", ")),
        };
        Err(QueryError::new(
            "HIVE_METASTORE_ERROR",
            format!(
                "The specified bucket does not exist (Bucket: {}; Location: {self}): {there}",
                self.bucket
            ),
        ))
    }

    /// The objects under it that queries read, in the order of their keys.
    pub fn objects(&self, storage: &dyn Storage) -> Vec<ObjectSummary> {
        let mut objects = storage.list(&self.bucket, &self.prefix);
        objects.retain(|object| !object.is_hidden());
        objects
    }

    /// The place of a key in the same bucket.
    pub fn with_prefix(&self, prefix: impl Into<String>) -> Self {
        Self { bucket: self.bucket.clone(), prefix: prefix.into() }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_of_a_bucket() {
        assert_eq!(Location::parse("s3://b").unwrap().to_string(), "s3://b/");
        assert_eq!(Location::parse("s3://b/x/y").unwrap().to_string(), "s3://b/x/y/");
        for wrong in ["b/x", "https://b/x", "s3:///x", "arn:aws:s3:::b"] {
            assert_eq!(Location::parse(wrong).unwrap_err().code, "INVALID_TABLE_PROPERTY", "{wrong}");
        }
        let mut storage = MemoryStorage::default();
        storage.put("logs", "x/1", *b"1");
        storage.put("logs", "x/_2", *b"2");
        storage.put("logs", "x/3", *b"");
        storage.put("logs", "xy", *b"4");
        let error = Location::existing("s3://log/x", &storage).unwrap_err().to_string();
        assert!(error.contains("Bucket: log;") && error.contains("the only bucket is logs"), "{error}");
        let objects = Location::existing("s3://logs/x", &storage).unwrap().objects(&storage);
        assert_eq!(objects, [ObjectSummary { key: "x/1".into(), size: 1 }]);
    }

    #[test]
    fn a_folder_holds_what_was_delivered_and_what_was_put_there() {
        let folder = std::env::temp_dir().join(format!("vpclab-athena-storage-{}", std::process::id()));
        let put = |file: &str, text: &str| {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("s3/b/x_y.log", "delivered");
        put("s3/b/by/hand.log", "by hand");
        put("s3/other/z", "z");
        put(
            MANIFEST,
            r#"{"schema":1,"objects":[{"bucket":"b","region":"r","key":"x:y.log","file":"s3/b/x_y.log"}]}"#,
        );
        let storage = FolderStorage::of(&folder).unwrap();
        assert_eq!(storage.buckets(), ["b", "other"]);
        let keys: Vec<String> = storage.list("b", "").into_iter().map(|object| object.key).collect();
        assert_eq!(keys, ["by/hand.log", "x:y.log"]);
        assert_eq!(storage.bytes("b", "x:y.log").unwrap(), b"delivered");
        assert!(storage.bytes("b", "x").is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
