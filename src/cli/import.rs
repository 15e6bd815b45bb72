//! `vpclab import`: what is written, and what is said of it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Exit, Format, broken_output, usage};
use crate::import::{Loss, Options};
use crate::suite;

/// What `vpclab import` takes.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// A folder of `aws … describe-*` documents, the JSON of `terraform show -json`, or a CloudFormation template
    pub source: PathBuf,
    /// Where the scenario is written; to standard output if not given
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Let hosts listen on the ports that their security groups let in
    #[arg(long, value_enum, value_name = "WHERE")]
    pub listen: Option<Listen>,
    /// A parameter of a template; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub set: Vec<(String, String)>,
    /// The region of what does not say where it is
    #[arg(long)]
    pub region: Option<String>,
    /// The account of what does not say whose it is
    #[arg(long)]
    pub account: Option<String>,
    /// Fail if anything that decides over packets could not be carried over; nothing is written then
    #[arg(long)]
    pub strict: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What hosts listen on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Listen {
    /// On what the ingress rules of their security groups let in by TCP
    FromSecurityGroups,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Imports, writes and reports.
pub fn import(args: &ImportArgs) -> Exit {
    let shown = args.source.to_string_lossy().replace('\\', "/");
    let title = args.source.file_name().map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
    let options = Options {
        title,
        source: shown,
        account: args.account.clone(),
        region: args.region.clone(),
        listens: args.listen == Some(Listen::FromSecurityGroups),
    };
    if let Some(output) = &args.output
        && output.exists()
        && !args.force
    {
        return usage(&format!("{} is there already\n\nhint: --force writes over it", output.display()));
    }
    let parameters: BTreeMap<String, String> = args.set.iter().cloned().collect();
    let made = match suite::import(&args.source, &parameters, &options) {
        Ok(made) => made,
        Err(troubles) => {
            // There is nowhere left to complain to.
            let _ = io::stderr().write_all(suite::rendered(&troubles).as_bytes());
            return Exit::Usage;
        }
    };
    let is_refused = args.strict && made.notices.iter().any(|notice| notice.loss == Loss::Matters);
    let written = if is_refused { Ok(()) } else { write(args.output.as_deref(), &made.text) };
    if let Err(error) = written {
        return usage(&error);
    }
    let report = match args.format {
        Format::Text => made.in_text(),
        Format::Json => made.in_json(),
    };
    let written = args.output.as_deref().filter(|_| !is_refused && args.format == Format::Text);
    let next = written.map(|output| {
        let shown = output.display();
        format!("\nwrote {shown}: add steps to it, or look with `vpclab probe {shown}`\n")
    });
    let report = report + next.as_deref().unwrap_or_default();
    if let Err(error) = io::stderr().write_all(report.as_bytes()) {
        return broken_output(&error);
    }
    if is_refused { Exit::Failure } else { Exit::Success }
}

/// Writes the whole file or nothing.
fn write(output: Option<&Path>, text: &str) -> Result<(), String> {
    let Some(output) = output else {
        return match io::stdout().write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot print: {error}")),
            Ok(()) | Err(_) => Ok(()),
        };
    };
    let mut aside = output.as_os_str().to_owned();
    aside.push(".part");
    let written = std::fs::write(&aside, text).and_then(|()| std::fs::rename(&aside, output));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&aside);
        format!("cannot write {}: {error}", output.display())
    })
}
