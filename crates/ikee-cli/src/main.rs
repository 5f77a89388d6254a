#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod args;
mod client;
mod daemon;
mod demo;
mod inspect;
mod logging;
mod output;
mod status;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Daemon(arguments) => daemon::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Down(arguments) => client::down(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Status(arguments) => client::status(&arguments),
        Command::Up(arguments) => client::up(&arguments),
    }
}
