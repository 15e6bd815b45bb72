//! Sending what runs left behind to services, and what is printed about it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Exit, Format, broken_output, usage};
use crate::deliver::{Access, Delivered, Delivery, Endpoint, Endpoints, Error, Manifest, Rejected, Retry};
use crate::report::text;

/// How many streams are named of those that did not get everything.
const STREAMS_SHOWN_MAX: usize = 10;

/// Where what a run left is sent to.
#[derive(Debug, clap::Args)]
#[group(id = "endpoints")]
pub struct EndpointArgs {
    /// Put flow logs for S3 there: the URL of an S3 API
    ///
    /// Requests are signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN for AWS_REGION or
    /// AWS_DEFAULT_REGION; without either, for the region of each bucket. AWS_CA_BUNDLE names certificates to trust.
    #[arg(long, value_name = "URL")]
    pub s3_endpoint: Option<Endpoint>,
    /// Put flow logs for CloudWatch Logs there: the URL of its API
    ///
    /// Log groups and streams are made. Events that are in a stream already are not put again.
    #[arg(long, value_name = "URL")]
    pub logs_endpoint: Option<Endpoint>,
}

/// What `vpclab deliver` takes.
#[derive(Debug, clap::Args)]
#[command(mut_group("endpoints", |group| group.required(true).multiple(true)))]
pub struct DeliverArgs {
    /// Output folders of scenarios
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    #[command(flatten)]
    pub endpoints: EndpointArgs,
}

/// Whoever delivers, and says so.
pub struct Courier {
    delivery: Delivery,
    /// The options, as they are typed again to repeat a delivery.
    options: String,
    format: Format,
}

impl Courier {
    /// Nobody if nothing is to be delivered; the exit code if what is needed for it is not there.
    pub fn hire(args: &EndpointArgs, format: Format) -> Result<Option<Self>, Exit> {
        let endpoints = Endpoints { s3: args.s3_endpoint.clone(), logs: args.logs_endpoint.clone() };
        let named = [("--s3-endpoint", &endpoints.s3), ("--logs-endpoint", &endpoints.logs)];
        let named = named.iter().filter_map(|(name, url)| Some((name, url.as_ref()?)));
        let options: Vec<String> =
            named.map(|(name, url)| format!("{name} {}", quoted(&url.to_string()))).collect();
        if options.is_empty() {
            return Ok(None);
        }
        let access = Access::from_environment(|name| std::env::var(name).ok())
            .map_err(|missing| usage(&format!("{missing}\n\nhint: {}", missing.hint())))?;
        let delivery =
            Delivery::new(endpoints, access, Retry::USUAL).map_err(|error| usage(&explained(&error)))?;
        Ok(Some(Self { delivery, options: options.join(" "), format }))
    }

    /// Delivers what a run left in a folder, if it is anything.
    pub fn deliver_run(&self, folder: &Path) -> Exit {
        match Manifest::read(folder) {
            Ok(None) => {
                self.say(folder, "nothing: the scenario's flow logs go neither to S3 nor to CloudWatch Logs")
            }
            Ok(Some(manifest)) => self.deliver(folder, &manifest),
            Err(error) => usage(&explained(&error)),
        }
    }

    fn deliver(&self, folder: &Path, manifest: &Manifest) -> Exit {
        let delivered = match self.delivery.deliver(manifest) {
            Ok(delivered) => delivered,
            Err(error) => return self.trouble(folder, &explained(&error), "what was not delivered"),
        };
        let exit = self.say(folder, &one_line(&delivered));
        match rejections(&delivered.rejected) {
            Some(text) => exit.max(self.trouble(folder, &text, "what was rejected")),
            None => exit,
        }
    }

    /// One line about a folder, where it does not get among documents for programs.
    fn say(&self, folder: &Path, what: &str) -> Exit {
        let line = format!("delivered  {}: {}\n", folder.display(), text::printable(what));
        let printed = match self.format {
            Format::Text => io::stdout().write_all(line.as_bytes()),
            Format::Json => io::stderr().write_all(line.as_bytes()),
        };
        printed.map_or_else(|error| broken_output(&error), |()| Exit::Success)
    }

    fn trouble(&self, folder: &Path, text: &str, rest: &str) -> Exit {
        let (shown, typed) = (folder.display(), quoted(&folder.display().to_string()));
        let _ = writeln!(
            io::stderr(),
            "error: {shown}: {text}\nhint: {rest} stays in {shown}; to deliver it again: vpclab deliver {typed} {}",
            self.options
        );
        Exit::Undelivered
    }
}

/// Runs `vpclab deliver`.
pub fn deliver(args: &DeliverArgs) -> Exit {
    let courier = match Courier::hire(&args.endpoints, Format::Text) {
        Ok(Some(courier)) => courier,
        // The parser saw to it that there is an endpoint.
        Ok(None) => return Exit::Usage,
        Err(exit) => return exit,
    };
    // Mistakes come to light before anything is sent.
    let mut manifests = Vec::new();
    for folder in &args.folders {
        match Manifest::read(folder) {
            Ok(Some(manifest)) => manifests.push((folder, manifest)),
            Ok(None) => return usage(&nothing_there(folder)),
            Err(error) => return usage(&explained(&error)),
        }
    }
    let delivered = manifests.iter().map(|(folder, manifest)| courier.deliver(folder, manifest));
    delivered.fold(Exit::Success, Exit::max)
}

fn nothing_there(folder: &Path) -> String {
    let within = Manifest::folders_within(folder);
    let hint = if !folder.is_dir() {
        "name the output folder of a scenario; `vpclab run` makes it".to_owned()
    } else if within.is_empty() {
        "a run leaves that file if flow logs of its scenario go to S3 or CloudWatch Logs".to_owned()
    } else {
        let folders: Vec<String> = within.iter().map(|folder| quoted(folder)).collect();
        format!("name the folders of scenarios: {}", folders.join(" "))
    };
    format!("{}: there is no {} in it\n\nhint: {hint}", folder.display(), Manifest::name())
}

fn explained(error: &Error) -> String {
    // What services say is others' text.
    let hint = error.hint().map(|hint| format!("\n\nhint: {}", text::printable(hint)));
    format!("{}{}", text::printable(&error.to_string()), hint.unwrap_or_default())
}

/// What services never take, and what helps.
fn rejections(rejected: &[Rejected]) -> Option<String> {
    let streams = rejected
        .iter()
        .take(STREAMS_SHOWN_MAX)
        .map(|stream| format!("\n  {}", text::printable(&stream.to_string())));
    let mut text = format!("CloudWatch Logs rejected events{}", streams.collect::<String>());
    if rejected.len() > STREAMS_SHOWN_MAX {
        text.push_str(&format!("\n  … and of {} more streams", rejected.len() - STREAMS_SHOWN_MAX));
    }
    Some(format!("{text}\n\nhint: {}", rejected.first()?.hint()))
}

fn one_line(delivered: &Delivered) -> String {
    let Delivered { objects, bytes, streams, events, events_there, rejected, objects_left, streams_left } =
        delivered;
    let mut parts = Vec::new();
    if *objects_left > 0 {
        parts.push(format!("{} not sent (no --s3-endpoint)", counted(*objects_left, "object")));
    } else {
        parts.push(format!("{} ({})", counted(*objects, "object"), counted(*bytes, "byte")));
    }
    if *streams_left > 0 {
        parts.push(format!("{} not sent (no --logs-endpoint)", counted(*streams_left, "stream")));
    } else {
        let rejected = rejected.iter().map(|stream| stream.count() as u64).sum();
        let notes = [(*events_there, "there before"), (rejected, "rejected")];
        let notes = notes.iter().filter(|(count, _)| *count > 0);
        let notes: String = notes.map(|(count, note)| format!(", {count} of them {note}")).collect();
        parts.push(format!("{} in {}{notes}", counted(*events, "event"), counted(*streams, "stream")));
    }
    parts.join("; ")
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
