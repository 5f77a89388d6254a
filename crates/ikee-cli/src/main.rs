//! The `ikee` command line.

mod inspect;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// IKE with Microsoft's extensions.
#[derive(Debug, Parser)]
#[command(name = "ikee", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decode the IKE messages in a capture file, and decrypt them when the keys are given
    Inspect(inspect::InspectArgs),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Inspect(arguments) => inspect::run(&arguments),
    }
}
