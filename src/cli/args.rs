//! The arguments, as they are typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

#[cfg(feature = "athena")]
use super::athena::AthenaArgs;
#[cfg(feature = "deliver")]
use super::deliver::DeliverArgs;
use super::deliver::EndpointArgs;
use super::import::ImportArgs;

/// A packet-level simulator of the AWS VPC data plane
///
/// Runs scenarios: VPCs described in YAML, and commands that people type in them. Instances exchange
/// real frames; a run prints what happened and why packets died, and leaves flow logs and captures
/// behind.
#[derive(Debug, clap::Parser)]
#[command(name = "vpclab", version, after_help = EXIT_CODES)]
pub struct Args {
    #[command(subcommand)]
    pub command: Subcommand,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   all expectations held
  1   an expectation did not hold, a packet that was asked about does not arrive,
      something differs, or a statement failed
  2   wrong usage, or a scenario with mistakes
  3   all expectations held, but not everything could be delivered
  70  a bug in vpclab";

#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Run scenarios
    Run(RunArgs),
    /// Look for mistakes in scenarios without running them
    Check(CheckArgs),
    /// Say whether a packet gets somewhere and its answer back, and what decides on the way
    Explain(ExplainArgs),
    /// Make a scenario of what somebody already has: collected documents, Terraform, CloudFormation
    Import(ImportArgs),
    /// Say which hosts reach which, and what refuses the others
    Probe(ProbeArgs),
    /// Say which hosts reach which in one scenario and not in another
    Diff(DiffArgs),
    /// Run Athena's SQL over the flow logs that a run delivered to buckets
    #[cfg(feature = "athena")]
    Athena(AthenaArgs),
    /// Send what earlier runs left for S3 and CloudWatch Logs there, or to what imitates them
    #[cfg(feature = "deliver")]
    Deliver(DeliverArgs),
}

#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Scenario files, or folders of them
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,
    /// Where output is left, in a folder for each scenario
    #[arg(long, value_name = "DIR", default_value = "vpclab-out")]
    pub out: PathBuf,
    /// Leave nothing behind
    #[arg(long, conflicts_with_all = ["out", "endpoints"])]
    pub no_out: bool,
    /// Leave no captures: they take most of the room and time of a long run
    #[arg(long, conflicts_with = "no_out")]
    pub no_pcap: bool,
    /// In place of the scenarios' own seeds
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many scenarios run at a time; as many as there are processors unless given
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Explain the journey of every packet, not only of those that were dropped
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Print one line for each scenario
    #[arg(long, short)]
    pub quiet: bool,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub endpoints: EndpointArgs,
}

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// A scenario, whose own traffic does not run, or a source as for `vpclab import`
    pub scenario: PathBuf,
    /// The host that sends
    #[arg(long, value_name = "HOST")]
    pub from: String,
    /// Where to: a host or an address, with a port (`Web:443`, `Dns:53/udp`), or without for a ping
    #[arg(long, value_name = "HOST[:PORT]")]
    pub to: String,
    /// The step after which it is asked: its number, its name, or `end`; before the first one if not given
    #[arg(long, value_name = "STEP")]
    pub after: Option<String>,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, clap::Args)]
pub struct ProbeArgs {
    /// A scenario, whose own traffic does not run, or a source as for `vpclab import`
    pub scenario: PathBuf,
    #[command(flatten)]
    pub asked: AskedArgs,
}

#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// A scenario or a source: as it was
    #[arg(id = "a", value_name = "BEFORE")]
    pub before: PathBuf,
    /// A scenario or a source: as it is to be
    #[arg(id = "b", value_name = "AFTER")]
    pub after: PathBuf,
    #[command(flatten)]
    pub asked: AskedArgs,
}

/// Which pairs of hosts are asked, and how it is printed.
#[derive(Debug, clap::Args)]
pub struct AskedArgs {
    /// A host that asks, by name, id or address; all hosts unless given. Can be repeated
    #[arg(long, value_name = "HOST")]
    pub from: Vec<String>,
    /// A host that is asked; all hosts unless given. Can be repeated
    #[arg(long, value_name = "HOST")]
    pub to: Vec<String>,
    /// Ports: `443`, `53/udp`, `8000-8010`, `icmp`, or several of them with commas
    ///
    /// Unless given: what hosts of the scenario serve, otherwise the ports that security groups name, otherwise 443.
    /// Nothing has to listen there: the question is whether packets get there and back.
    #[arg(long, value_name = "LIST")]
    pub port: Vec<String>,
    /// The step after which it is asked: its number, its name, or `end`; before the first one if not given
    #[arg(long, value_name = "STEP")]
    pub after: Option<String>,
    /// How many hosts ask at a time; as many as there are processors unless given
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = MatrixFormat::Text)]
    pub format: MatrixFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum MatrixFormat {
    /// For people: a table, or groups of hosts if there are many
    Text,
    /// For spreadsheets: a line for each pair and port
    Csv,
    /// For programs: one JSON document
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: a JSON document for each scenario, one after the other
    Json,
}
