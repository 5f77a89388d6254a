#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod args;
mod cga;
mod client;
mod daemon;
mod demo;
mod events;
mod explain;
mod generate;
mod inspect;
mod list;
mod logging;
mod output;
mod probe;
mod status;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Cga(arguments) => cga::run(&arguments),
        Command::Completions(arguments) => generate::completions(&arguments),
        Command::Daemon(arguments) => daemon::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Down(arguments) => client::down(&arguments),
        Command::Events(arguments) => events::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::List(arguments) => client::list(&arguments),
        Command::LogLevel(arguments) => client::log_level(&arguments),
        Command::Man(arguments) => generate::man(&arguments),
        Command::Rekey(arguments) => client::rekey(&arguments),
        Command::Reload(arguments) => client::reload(&arguments),
        Command::Probe(arguments) => probe::run(&arguments),
        Command::Status(arguments) => client::status(&arguments),
        Command::Up(arguments) => client::up(&arguments),
    }
}
