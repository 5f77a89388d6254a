//! Every chore of the workspace, as `cargo xtask COMMAND`.
//!
//! One module per command. The tool uses std, an argument parser and `toml`, and depends on none of the crates that it
//! looks after: what needs them is a test, an example or a bench that a command runs.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the terminal talks to it"
)]

mod bench;
mod dag;
mod features;
mod fuzz;
mod interop;
mod ledger;
mod new_extension;
mod shell;
mod source;
mod test;
mod tidy;
mod tree;
mod vendor_ids;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::Outcome;
use crate::tree::Tree;

/// Every chore of the workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that CI checks, the tests last
    Test {
        /// Only formatting, tidy, dag, ledger, clippy and the tests without documentation tests
        #[arg(long)]
        quick: bool,
    },
    /// Rules of the house that no compiler checks: sizes, names, files that every crate has
    Tidy,
    /// Layering of the crates, from their manifests
    Dag {
        /// Print the graph in the DOT language instead
        #[arg(long)]
        dot: bool,
    },
    /// Requirements against the code and the tests that cite them
    Ledger {
        /// Print a table of all sections, and of all crates, too
        #[arg(long)]
        report: bool,
        /// Write the table of all crates into ARCHITECTURE.md
        #[arg(long)]
        write: bool,
    },
    /// The facade with no feature, each alone and all; the base crates without std
    Features,
    /// The vendor-ID table of isakmp-wire
    VendorIds {
        /// Recompute every MD5 preimage instead of printing the table
        #[arg(long)]
        check: bool,
    },
    /// Tests against other IKE implementations, in network namespaces (root)
    Interop {
        /// strongswan, libreswan, openiked, or all that are there
        #[arg(default_value = interop::ALL)]
        peer: String,
        /// Only tests whose name contains this
        filter: Option<String>,
    },
    /// Run a fuzz target of tests/fuzz, or `all`, or `replay`
    Fuzz {
        /// A target's name; `all` runs each in turn; `replay` runs the seeded replay on stable
        target: String,
        /// How long each target runs
        #[arg(default_value_t = 60)]
        seconds: u32,
    },
    /// The benchmarks, with criterion's own arguments
    Bench {
        /// Passed on to `cargo bench`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A new extension crate, wired into the workspace and the facade
    NewExtension {
        /// Name without the prefix, such as `realm`
        name: String,
        /// Section of [MS-IKEE], such as `3.14`
        section: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match Tree::find().and_then(|tree| dispatch(&tree, cli.command)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Skipped(why)) => {
            println!("skipped: {why}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(tree: &Tree, command: Command) -> shell::Result<Outcome> {
    match command {
        Command::Test { quick } => test::run(tree, quick),
        Command::Tidy => tidy::run(tree),
        Command::Dag { dot } => dag::run(tree, dot),
        Command::Ledger { report, write } => ledger::run(tree, report, write),
        Command::Features => features::run(tree),
        Command::VendorIds { check } => vendor_ids::run(tree, check),
        Command::Interop { peer, filter } => interop::run(tree, &peer, filter.as_deref()),
        Command::Fuzz { target, seconds } => fuzz::run(tree, &target, seconds),
        Command::Bench { arguments } => bench::run(tree, &arguments),
        Command::NewExtension { name, section } => new_extension::run(tree, &name, &section),
    }
}
