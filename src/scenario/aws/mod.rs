//! `aws …` as people type it: checked when a file is read, run when its step comes.
//!
//! Names may stand wherever the AWS CLI wants an id. Knows the command line only; what an operation
//! does is in `api/`.

mod describe;
mod operations;
mod params;
mod shorthand;

use std::fmt;
use std::ops::Range;

pub use operations::policy_arn;
pub use params::NameKind;

use self::operations::Operation;
use self::params::{Param, What};
use super::problem::suggest;
use super::resolve::{Kind, Unresolved, resolve};
use crate::api::{ApiError, Ec2};
use crate::guest::words::{self, Word};
use crate::ids::VpcId;
use crate::model::{Model, Region, Scope};

/// A command whose options exist and whose values can be read.
#[derive(Clone, Debug)]
pub struct AwsCommand {
    operation: &'static Operation,
    values: Vec<Given>,
    region: Option<Region>,
}

/// An option with its value.
#[derive(Clone, Debug)]
struct Given {
    param: &'static Param,
    text: String,
    range: Range<usize>,
}

/// A mistake in a command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// Which bytes of the line.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What an operation answered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Output {
    /// What matters of it, by the names of the fields.
    pub fields: Vec<(&'static str, String)>,
    /// The whole answer of a command that describes, as the CLI prints it.
    pub document: Option<serde_json::Value>,
}

/// Why a command failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The service refused the operation.
    Refused {
        /// E.g. `CreateRoute`.
        operation: &'static str,
        /// Its code and message.
        error: ApiError,
    },
    /// A name that means several things now.
    Ambiguous {
        /// The name.
        name: String,
    },
    /// A name that led somewhere when the file was read leads nowhere now.
    Gone {
        /// The name.
        name: String,
    },
}

impl Failure {
    /// AWS's error code, if AWS answered.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Refused { error, .. } => Some(error.code),
            Self::Ambiguous { .. } | Self::Gone { .. } => None,
        }
    }

    /// AWS's message, if AWS answered.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Refused { error, .. } => Some(&error.message),
            Self::Ambiguous { .. } | Self::Gone { .. } => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { operation, error } => f.write_str(&error.as_printed_by_cli(operation)),
            Self::Ambiguous { name } => {
                write!(f, "there are several things called `{name}`; say which by its id")
            }
            Self::Gone { name } => write!(f, "nothing called `{name}` exists any more"),
        }
    }
}

/// Reads a command line without the word `aws`; says everything that is wrong with it.
pub fn parse(line: &str) -> Result<AwsCommand, Vec<Mistake>> {
    let words = words::split(line)
        .map_err(|error| vec![Mistake { range: error.range, message: error.message, hint: error.hint }])?;
    let words: &[Word] = match words.as_slice() {
        [first, rest @ ..] if first.text == "aws" => rest,
        all => all,
    };
    let operation = match words {
        [service, name, ..] if operations::all().any(|known| known.service == service.text) => {
            find_operation(&service.text, name)?
        }
        [service] if operations::all().any(|known| known.service == service.text) => {
            return Err(vec![mistake(service, format!("`aws {}` wants a command", service.text), None)]);
        }
        [service, ..] => {
            let message = format!("there is no service `{}` here", service.text);
            return Err(vec![mistake(
                service,
                message,
                Some("commands begin with `ec2`, `iam`, `logs`, `s3api`, `dynamodb` or `sns`".to_owned()),
            )]);
        }
        [] => {
            return Err(vec![Mistake {
                range: 0..line.len(),
                message: "an empty command".to_owned(),
                hint: None,
            }]);
        }
    };
    read_options(operation, &words[1], &words[2..])
}

fn mistake(word: &Word, message: String, hint: Option<String>) -> Mistake {
    Mistake { range: word.range.clone(), message, hint }
}

fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(word, known).map(|near| format!("did you mean `{near}`?"))
}

fn find_operation(service: &str, name: &Word) -> Result<&'static Operation, Vec<Mistake>> {
    let of_service = operations::all().filter(|operation| operation.service == service);
    of_service.clone().find(|operation| operation.command == name.text).ok_or_else(|| {
        let mut known: Vec<&str> = of_service.map(|operation| operation.command).collect();
        known.sort_unstable();
        // Who types a part means the rest, whatever else is near.
        let longer: Vec<&str> = known.iter().copied().filter(|known| known.starts_with(&name.text)).collect();
        let near = if longer.is_empty() || name.text.is_empty() { &known } else { &longer };
        let hint = did_you_mean(&name.text, near.iter().copied()).unwrap_or_else(|| match near.as_slice() {
            near if near.len() < known.len() => format!("did you mean `{}`?", near.join("` or `")),
            known => format!("known: {}", known.join(", ")),
        });
        vec![mistake(name, format!("`aws {service}` has no command `{}` here", name.text), Some(hint))]
    })
}

fn read_options(
    operation: &'static Operation,
    name: &Word,
    words: &[Word],
) -> Result<AwsCommand, Vec<Mistake>> {
    let mut command = AwsCommand { operation, values: Vec::new(), region: None };
    let mut mistakes = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(option) = word.text.strip_prefix("--") else {
            mistakes.push(mistake(word, format!("expected an option, found `{}`", word.text), None));
            continue;
        };
        let mut values: Vec<&Word> = Vec::new();
        while let Some(value) = words.next_if(|next| !next.text.starts_with("--")) {
            values.push(value);
        }
        if option == "region" {
            command.region = read_region(word, &values, &mut mistakes);
            continue;
        }
        let Some(param) = operation.params.iter().find(|param| param.name == option) else {
            let known: Vec<String> =
                operation.params.iter().map(|param| format!("--{}", param.name)).collect();
            let hint = did_you_mean(&word.text, known.iter().map(String::as_str))
                .unwrap_or_else(|| format!("known: {}", known.join(", ")));
            let Operation { service, command, .. } = operation;
            let message = format!("`aws {service} {command}` has no option `{}` here", word.text);
            mistakes.push(mistake(word, message, Some(hint)));
            continue;
        };
        read_values(param, word, &values, &mut command, &mut mistakes);
    }
    for param in operation.params.iter().filter(|param| param.required) {
        let given = command.values.iter().any(|given| given.param.name == param.name);
        let mentioned =
            mistakes.iter().any(|mistake| mistake.message.contains(&format!("--{}`", param.name)));
        if !given && !mentioned {
            let message = format!("the following arguments are required: --{}", param.name);
            mistakes.push(mistake(name, message, None));
        }
    }
    if mistakes.is_empty() { Ok(command) } else { Err(mistakes) }
}

fn read_region(option: &Word, values: &[&Word], mistakes: &mut Vec<Mistake>) -> Option<Region> {
    let [value] = values else {
        mistakes.push(mistake(option, "`--region` wants one region".to_owned(), None));
        return None;
    };
    let region = value.text.parse().ok();
    if region.is_none() {
        let hint = did_you_mean(&value.text, Region::names());
        mistakes.push(mistake(value, format!("unknown region `{}`", value.text), hint));
    }
    region
}

fn read_values(
    param: &'static Param,
    option: &Word,
    values: &[&Word],
    command: &mut AwsCommand,
    mistakes: &mut Vec<Mistake>,
) {
    let wanted = match (&param.what, values.len()) {
        (What::Flag, 0) => {
            command.values.push(Given { param, text: String::new(), range: option.range.clone() });
            return;
        }
        (What::Flag, _) => Err("no value"),
        (What::Switch, 0) => {
            command.values.push(Given { param, text: "true".to_owned(), range: option.range.clone() });
            return;
        }
        (_, 0) => Err("a value"),
        (_, 1) => Ok(()),
        (what, _) if what.is_list() => Ok(()),
        (_, _) => Err("one value"),
    };
    if let Err(wanted) = wanted {
        mistakes.push(mistake(option, format!("`--{}` wants {wanted}", param.name), None));
        return;
    }
    for value in values {
        match param.what.check(&value.text) {
            Ok(()) => {
                command.values.push(Given { param, text: value.text.clone(), range: value.range.clone() })
            }
            Err(expected) => {
                let message = format!("`--{}` wants {expected}, found `{}`", param.name, value.text);
                mistakes.push(mistake(value, message, None));
            }
        }
    }
}

impl AwsCommand {
    /// The command's own name, e.g. `create-route`.
    pub fn command(&self) -> &'static str {
        self.operation.command
    }

    /// The operation, e.g. `CreateRoute`.
    pub fn operation(&self) -> &'static str {
        self.operation.name
    }

    /// What the command makes, if it makes something that can be named.
    pub fn creates(&self) -> Option<NameKind> {
        self.operation.creates
    }

    /// The names in it, each with its kind and place, and whether the command itself is what gives it.
    pub fn names(&self) -> impl Iterator<Item = (NameKind, String, Range<usize>)> {
        self.values.iter().flat_map(|given| {
            let names = given.param.what.names(&given.text).into_iter();
            names.map(|(kind, name)| (kind, name, given.range.clone()))
        })
    }

    /// The only member of the document it answers with, e.g. `RouteTables`; `None` if it has none.
    pub fn describes(&self) -> Option<&'static str> {
        // The one command whose document has another member for each attribute.
        let attribute = self.values.iter().find(|given| given.param.name == "attribute");
        match (self.operation.command, attribute.map(|given| given.text.as_str())) {
            ("describe-vpc-attribute", Some("enableDnsHostnames")) => Some("EnableDnsHostnames"),
            ("describe-vpc-attribute", _) => Some("EnableDnsSupport"),
            _ => self.operation.describes,
        }
    }

    /// The Name tag the command gives to what it makes or tags.
    pub fn name_tag(&self) -> Option<String> {
        let tags = self.values.iter().filter(|given| given.param.what.is_tags());
        tags.filter_map(|given| params::name_in_tags(&given.text)).next()
    }

    /// The name that is no tag of what the command makes: of a security group, a role and the like.
    pub fn own_name(&self) -> Option<String> {
        let names = match self.operation.command {
            "create-instance-profile" => ["instance-profile-name"].as_slice(),
            "create-policy" => &["policy-name"],
            "create-role" => &["role-name"],
            "create-user" => &["user-name"],
            _ => &["group-name", "prefix-list-name"],
        };
        let is_name = |given: &&Given| names.contains(&given.param.name);
        self.values.iter().find(is_name).map(|given| given.text.clone())
    }

    /// Who calls, and where: the region the command says, otherwise that of `default`.
    pub fn scope(&self, default: Scope) -> Scope {
        Scope { account: default.account, region: self.region.unwrap_or(default.region) }
    }

    /// Runs it; `name` is given to what it makes.
    pub fn run(&self, ec2: &mut Ec2<'_>, name: Option<&str>) -> Result<Output, Failure> {
        (self.operation.run)(&mut Call { command: self, ec2, name })
    }
}

/// A command on its way to an operation.
struct Call<'c, 'm> {
    command: &'c AwsCommand,
    ec2: &'c mut Ec2<'m>,
    name: Option<&'c str>,
}

impl Call<'_, '_> {
    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.command
            .values
            .iter()
            .filter(move |given| given.param.name == name)
            .map(|given| given.text.as_str())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// A value that was checked when the command was read.
    fn value<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name).map(|text| {
            text.parse().unwrap_or_else(|_| panic!("`--{name}` was checked when the command was read"))
        })
    }

    /// The id a required option names.
    fn id<K: Kind>(&self, name: &str) -> Result<K, Failure> {
        let text = self.text(name).expect("a required option is there");
        self.resolve(text, None)
    }

    fn optional_id<K: Kind>(&self, name: &str) -> Result<Option<K>, Failure> {
        self.text(name).map(|text| self.resolve(text, None)).transpose()
    }

    fn ids<K: Kind>(&self, name: &str) -> Result<Vec<K>, Failure> {
        self.texts(name).map(|text| self.resolve(text, None)).collect()
    }

    fn resolve<K: Kind>(&self, text: &str, near: Option<VpcId>) -> Result<K, Failure> {
        resolve(self.model(), text, near)
            .map_err(|why| match why {
                Unresolved::Ambiguous { .. } => Failure::Ambiguous { name: text.to_owned() },
                Unresolved::Unknown { .. } => Failure::Gone { name: text.to_owned() },
            })
            // EC2 is asked all the same for what once had the name, and says itself that it is gone.
            .or_else(|failure| {
                let name = text.rsplit('/').next().unwrap_or(text);
                let once = self.model().ids_once_named(name).find_map(|id| id.parse().ok());
                once.filter(|_| matches!(failure, Failure::Gone { .. })).ok_or(failure)
            })
    }

    fn model(&self) -> &Model {
        self.ec2.model()
    }

    /// The refusal of this command's operation.
    fn refused(&self, error: ApiError) -> Failure {
        Failure::Refused { operation: self.command.operation.name, error }
    }

    /// Calls an operation.
    fn call<T>(&mut self, call: impl FnOnce(&mut Ec2<'_>) -> Result<T, ApiError>) -> Result<T, Failure> {
        call(self.ec2).map_err(|error| Failure::Refused { operation: self.command.operation.name, error })
    }
}
