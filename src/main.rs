//! The command line tool.

use std::process::ExitCode;

fn main() -> ExitCode {
    vpclab::cli::main(std::env::args_os()).code().into()
}
