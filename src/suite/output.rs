//! The output folder of a scenario: complete, or not there.
//!
//! Files are written to a folder beside it, which takes its place when the run is over. A folder that
//! is in the way is replaced only if an earlier run made it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::destinations::{FOLDERS, MANIFEST};
use super::recorder::CaptureFiles;

/// The file by which a folder is known to be a run's.
pub const RESULT: &str = "result.json";
/// The file with the tables that statements of Athena made.
const TABLES: &str = "athena.json";

/// A folder that is being filled.
#[derive(Debug)]
pub struct Folder {
    /// Where it will be.
    target: PathBuf,
    partial: PathBuf,
}

impl Folder {
    /// Begins to fill the folder `target`.
    pub fn begin(target: &Path) -> io::Result<Self> {
        if let Some(file) = target.ancestors().find(|path| path.is_file()) {
            let message = format!("{} is not a folder; choose one with --out", file.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
        }
        if !is_replaceable(target)? {
            let message = format!(
                "{} is in the way: it holds more than the output of a run; move it, or choose another folder with --out",
                target.display()
            );
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let partial = target.with_file_name(format!(".{name}.partial"));
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(|error| at(&partial, error))?;
        Ok(Self { target: target.to_owned(), partial })
    }

    /// Where records go, as the simulator sees them.
    pub fn flow_logs(&self) -> io::Result<PathBuf> {
        self.subfolder("flow-logs")
    }

    /// Where it is being filled.
    pub fn partial(&self) -> PathBuf {
        self.partial.clone()
    }

    /// Where captures go.
    pub fn captures(&self) -> io::Result<CaptureFiles> {
        CaptureFiles::new(self.subfolder("pcap")?)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.partial.join(name);
        File::create(&path).and_then(|mut file| file.write_all(bytes)).map_err(|error| at(&path, error))
    }

    /// Puts the folder in its place.
    pub fn finish(self) -> io::Result<PathBuf> {
        let old = self.partial.with_extension("old");
        remove(&old)?;
        if self.target.exists() {
            fs::rename(&self.target, &old).map_err(|error| at(&self.target, error))?;
        }
        fs::rename(&self.partial, &self.target).map_err(|error| at(&self.target, error))?;
        remove(&old)?;
        Ok(self.target)
    }

    fn subfolder(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.partial.join(name);
        fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
        Ok(folder)
    }
}

/// Whether nothing is lost if a run's output takes the place of what is there: nothing, or what an earlier
/// run left and nobody added to.
fn is_replaceable(target: &Path) -> io::Result<bool> {
    const MADE: [&str; 7] = [RESULT, MANIFEST, TABLES, "pcap", "flow-logs", FOLDERS[0], FOLDERS[1]];
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(at(target, error)),
    };
    for entry in entries {
        let name = entry.map_err(|error| at(target, error))?.file_name();
        if MADE.iter().all(|made| *made != name) {
            return Ok(false);
        }
    }
    match fs::read_to_string(target.join(RESULT)) {
        Ok(text) => Ok(text.contains("\"schema\": ") && text.contains("\"scenario\": ")),
        // An empty folder may be filled.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(fs::read_dir(target)?.next().is_none()),
        Err(error) => Err(at(target, error)),
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The longest name a file is given, without what follows it; systems take 255.
const NAME_LEN_MAX: usize = 100;

/// Names of files in a folder: as systems can have them, and each given once.
#[derive(Debug, Default)]
pub struct FileNames(Vec<String>);

impl FileNames {
    /// A free name that is as like `name` as can be.
    pub fn give(&mut self, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = name.chars().map(plain).take(NAME_LEN_MAX).collect();
        // Some systems do not tell `A` from `a`.
        let is_free = |name: &String| self.0.iter().all(|taken| !taken.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| format!("{name}-{n}"));
        let given = std::iter::once(name.clone()).chain(numbered).find(is_free).expect("numbers do not end");
        self.0.push(given.clone());
        given
    }
}

/// A file that grows, and is open only while it does: there may be more of them than a system lets be open.
#[derive(Debug)]
pub struct GrowingFile {
    path: PathBuf,
    buffer: Vec<u8>,
}

impl GrowingFile {
    const BUFFER: usize = 1 << 14;

    /// A file at a path, which comes into being with its first bytes.
    pub fn new(path: PathBuf) -> Self {
        Self { path, buffer: Vec::new() }
    }
}

impl Write for GrowingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= Self::BUFFER {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(&self.buffer));
        self.buffer.clear();
        written.map_err(|error| at(&self.path, error))
    }
}
