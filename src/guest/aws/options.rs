//! The command line of `aws` on a host: what may be typed.
//!
//! Knows options; never regions, keys or what a service answers.

use std::time::Duration;

use crate::guest::command::CommandError;
use crate::guest::curl::url::Url;
use crate::guest::words::Word;

/// What `aws` was asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    pub action: Action,
    pub region: Option<String>,
    pub endpoint_url: Option<Url>,
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
    pub sign: bool,
    pub verify: bool,
}

/// The commands there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    ConfigureList,
    CallerIdentity,
    ListBuckets,
    /// Of a bucket, with the beginning of their keys.
    ListObjects {
        bucket: String,
        prefix: String,
        recursive: bool,
    },
    Download {
        bucket: String,
        key: String,
        to: String,
    },
    Upload {
        from: String,
        bucket: String,
        key: String,
    },
    Remove {
        bucket: String,
        key: String,
    },
    Publish {
        topic: String,
        message: String,
        subject: Option<String>,
    },
    ListTopics,
    ListTables,
    GetItem {
        table: String,
        key: String,
    },
    PutItem {
        table: String,
        item: String,
    },
}

impl Action {
    /// As it stands in the user agent, e.g. `s3.ls`.
    pub fn command(&self) -> &'static str {
        match self {
            Self::ConfigureList => "configure.list",
            Self::CallerIdentity => "sts.get-caller-identity",
            Self::ListBuckets | Self::ListObjects { .. } => "s3.ls",
            Self::Download { .. } | Self::Upload { .. } => "s3.cp",
            Self::Remove { .. } => "s3.rm",
            Self::Publish { .. } => "sns.publish",
            Self::ListTopics => "sns.list-topics",
            Self::ListTables => "dynamodb.list-tables",
            Self::GetItem { .. } => "dynamodb.get-item",
            Self::PutItem { .. } => "dynamodb.put-item",
        }
    }
}

const COMMANDS: &str = "known: s3 ls, s3 cp, s3 rm, sts get-caller-identity, sns publish, sns list-topics, \
                        dynamodb list-tables, dynamodb get-item, dynamodb put-item, configure list; commands of the \
                        control plane are `aws:` steps of their own";
const KNOWN: &str = "known: --region, --endpoint-url, --cli-connect-timeout, --cli-read-timeout, --no-sign-request, \
                     --no-verify-ssl, --output json";
/// What the CLI does by itself.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An option of a command, with its value.
struct Given {
    name: Word,
    value: Option<Word>,
}

/// Everything behind the command.
struct Arguments<'w> {
    options: Vec<Given>,
    plain: Vec<&'w Word>,
}

impl Options {
    /// Reads the words behind the program's name.
    pub fn parse(program: &Word, words: &[Word]) -> Result<Self, CommandError> {
        let mut given = split(words)?;
        let mut options = Self {
            action: Action::ConfigureList,
            region: None,
            endpoint_url: None,
            connect_timeout: TIMEOUT,
            read_timeout: TIMEOUT,
            sign: true,
            verify: true,
        };
        options.region = given.text("region")?;
        if let Some(value) = given.take("endpoint-url").and_then(|given| given.value) {
            options.endpoint_url = Some(endpoint_url(&value)?);
        }
        for (name, limit) in [
            ("cli-connect-timeout", &mut options.connect_timeout),
            ("cli-read-timeout", &mut options.read_timeout),
        ] {
            if let Some(seconds) = given.number(name)? {
                // Zero is for ever, which is longer than any kernel waits.
                *limit = Duration::from_secs(if seconds == 0 { u64::from(u32::MAX) } else { seconds });
            }
        }
        options.sign = !given.flag("no-sign-request");
        options.verify = !given.flag("no-verify-ssl");
        given.text("output")?;
        let action = match given.command() {
            ("configure", "list") => Action::ConfigureList,
            ("dynamodb", "get-item") => Action::GetItem {
                table: given.required(program, "table-name")?,
                key: given.required(program, "key")?,
            },
            ("dynamodb", "list-tables") => Action::ListTables,
            ("dynamodb", "put-item") => Action::PutItem {
                table: given.required(program, "table-name")?,
                item: given.required(program, "item")?,
            },
            ("s3", "cp") => given.copy(program)?,
            ("s3", "ls") => given.list(program)?,
            ("s3", "rm") => match given.argument(0).and_then(bucket_and_key) {
                Some((bucket, key)) if !key.is_empty() => Action::Remove { bucket, key },
                Some(_) | None => return Err(usage(program, "`aws s3 rm` wants an object: s3://BUCKET/KEY")),
            },
            ("sns", "list-topics") => Action::ListTopics,
            ("sns", "publish") => Action::Publish {
                topic: given.required(program, "topic-arn")?,
                message: given.required(program, "message")?,
                subject: given.text("subject")?,
            },
            ("sts", "get-caller-identity") => Action::CallerIdentity,
            _ => return Err(usage(program, "there is no such command of `aws` on hosts").with_hint(COMMANDS)),
        };
        given.refuse_rest()?;
        Ok(Self { action, ..options })
    }
}

fn endpoint_url(value: &Word) -> Result<Url, CommandError> {
    let text = &value.text;
    if !(text.starts_with("http://") || text.starts_with("https://")) {
        let message = format!(
            "Bad value for --endpoint-url \"{text}\": scheme is missing.  Must be of the form http://<hostname>/ or https://<hostname>/"
        );
        return Err(usage(value, &message));
    }
    Url::parse(text).map_err(|why| usage(value, why))
}

fn usage(word: &Word, message: &str) -> CommandError {
    CommandError::new(word.range.clone(), message)
}

fn split(words: &[Word]) -> Result<Arguments<'_>, CommandError> {
    const FLAGS: [&str; 4] = ["--no-sign-request", "--no-verify-ssl", "--recursive", "--no-progress"];
    let mut given = Arguments { options: Vec::new(), plain: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.text.starts_with("--") {
            given.plain.push(word);
            continue;
        }
        let (name, value) = match word.halves() {
            Some((name, value)) => (name, Some(value)),
            None => (word.clone(), None),
        };
        let value = match (FLAGS.contains(&name.text.as_str()), value) {
            (true, None) => None,
            (true, Some(value)) => return Err(usage(&value, "this option has no value")),
            (false, Some(value)) => Some(value),
            (false, None) => {
                let next = words.next().ok_or_else(|| usage(word, "this option needs a value"))?;
                Some(next.clone())
            }
        };
        given.options.push(Given { name, value });
    }
    Ok(given)
}

impl Arguments<'_> {
    fn command(&self) -> (&str, &str) {
        let word = |at: usize| self.plain.get(at).map_or("", |word| word.text.as_str());
        (word(0), word(1))
    }

    /// What stands behind the command.
    fn argument(&self, at: usize) -> Option<&str> {
        self.plain.get(2 + at).map(|word| word.text.as_str())
    }

    fn take(&mut self, name: &str) -> Option<Given> {
        let at = self.options.iter().position(|given| given.name.text.strip_prefix("--") == Some(name))?;
        Some(self.options.remove(at))
    }

    fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some()
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, CommandError> {
        match self.take(name).and_then(|given| given.value) {
            Some(value) if name == "output" && value.text != "json" => {
                Err(usage(&value, "only `--output json` is known here"))
            }
            value => Ok(value.map(|value| value.text)),
        }
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>, CommandError> {
        let Some(value) = self.take(name).and_then(|given| given.value) else { return Ok(None) };
        let number: u32 = value.text.parse().map_err(|_| usage(&value, "this is not a number of seconds"))?;
        Ok(Some(number.into()))
    }

    fn required(&mut self, program: &Word, name: &str) -> Result<String, CommandError> {
        let message = format!("the following arguments are required: --{name}");
        self.text(name)?.ok_or_else(|| usage(program, &message))
    }

    fn list(&mut self, program: &Word) -> Result<Action, CommandError> {
        let recursive = self.flag("recursive");
        match self.argument(0) {
            None | Some("s3://") => Ok(Action::ListBuckets),
            Some(text) => match bucket_and_key(text).or_else(|| bucket_and_key(&format!("s3://{text}"))) {
                Some((bucket, prefix)) => Ok(Action::ListObjects { bucket, prefix, recursive }),
                None => {
                    Err(usage(program, "`aws s3 ls` wants s3://BUCKET or s3://BUCKET/PREFIX, or nothing"))
                }
            },
        }
    }

    fn copy(&mut self, program: &Word) -> Result<Action, CommandError> {
        self.flag("no-progress");
        let wants = "`aws s3 cp` wants a file and an object, in either order: a.txt s3://BUCKET/a.txt";
        let (Some(from), Some(to)) = (self.argument(0), self.argument(1)) else {
            return Err(usage(program, wants));
        };
        match (bucket_and_key(from), bucket_and_key(to)) {
            (Some((bucket, key)), None) if !key.is_empty() => {
                Ok(Action::Download { to: file_name(to, &key), bucket, key })
            }
            (None, Some((bucket, key))) => {
                let name = from.rsplit('/').next().unwrap_or(from);
                // What ends with a slash is a folder.
                let key = if key.is_empty() || key.ends_with('/') { format!("{key}{name}") } else { key };
                Ok(Action::Upload { from: from.to_owned(), bucket, key })
            }
            (_, _) => Err(usage(program, wants)),
        }
    }

    fn refuse_rest(&self) -> Result<(), CommandError> {
        if let Some(given) = self.options.first() {
            let message = format!("`aws` has no option `{}` here", given.name.text);
            return Err(usage(&given.name, &message).with_hint(KNOWN));
        }
        let takes = match self.command() {
            ("s3", "cp") => 2,
            ("s3", "ls" | "rm") => 1,
            _ => 0,
        };
        match self.plain.get(2 + takes) {
            Some(word) => Err(usage(word, "this is one word too many")),
            None => Ok(()),
        }
    }
}

/// Where a download lands: under its own name if a folder is given.
fn file_name(to: &str, key: &str) -> String {
    let name = key.rsplit('/').next().unwrap_or(key);
    match to {
        "." => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        file => file.to_owned(),
    }
}

fn bucket_and_key(text: &str) -> Option<(String, String)> {
    let rest = text.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then(|| (bucket.to_owned(), key.to_owned()))
}
