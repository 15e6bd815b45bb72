//! `vpclab import`: what is written, and what is said of it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Exit, Format, broken_output, usage};
use crate::import::{Import, Loss, Notice, Options};
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

/// How many notices of no consequence are printed; the JSON report has all.
const HARMLESS_SHOWN_MAX: usize = 20;

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
        Format::Text => in_text(&made, args.output.as_deref().filter(|_| !is_refused)),
        Format::Json => in_json(&made),
    };
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

fn in_text(made: &Import, output: Option<&Path>) -> String {
    let mut text = String::new();
    let counts: Vec<String> = made.counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    text.push_str(&format!("imported: {}\n", counts.join(", ")));
    let of = |loss: Loss| made.notices.iter().filter(move |notice| notice.loss == loss);
    let line = |notice: &Notice| format!("  {}: {}\n", notice.place, notice.message);
    let (matters, harmless) = (of(Loss::Matters).count(), of(Loss::Harmless).count());
    if matters > 0 {
        text.push_str(&format!("\nnot as in the source, and packets may find out ({matters}):\n"));
        of(Loss::Matters).for_each(|notice| text.push_str(&line(notice)));
    }
    if harmless > 0 {
        text.push_str(&format!("\nleft out, and no IPv4 packet finds out ({harmless}):\n"));
        of(Loss::Harmless).take(HARMLESS_SHOWN_MAX).for_each(|notice| text.push_str(&line(notice)));
        if harmless > HARMLESS_SHOWN_MAX {
            text.push_str(&format!(
                "  and {} more (--format json lists all)\n",
                harmless - HARMLESS_SHOWN_MAX
            ));
        }
    }
    if let Some(output) = output {
        let shown = output.display();
        text.push_str(&format!("\nwrote {shown}: add steps to it, or look with `vpclab probe {shown}`\n"));
    }
    text
}

fn in_json(made: &Import) -> String {
    #[derive(Serialize)]
    struct Line<'n> {
        file: &'n str,
        path: &'n str,
        matters: bool,
        message: &'n str,
    }
    #[derive(Serialize)]
    struct Document<'n> {
        imported: Vec<(&'n str, usize)>,
        notices: Vec<Line<'n>>,
    }
    let notices = made.notices.iter().map(|notice| Line {
        file: &notice.place.file,
        path: &notice.place.path,
        matters: notice.loss == Loss::Matters,
        message: &notice.message,
    });
    let document = Document { imported: made.counts.clone(), notices: notices.collect() };
    serde_json::to_string_pretty(&document).map_or_else(|error| error.to_string(), |text| format!("{text}\n"))
}
