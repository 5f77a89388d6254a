//! `completions` and `man`: what packages install beside the program.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Arguments, CompletionsArgs, ManArgs};
use crate::output::{FAILED, fail, print};

pub(crate) fn completions(arguments: &CompletionsArgs) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "ikee",
        &mut text,
    );
    print(&String::from_utf8_lossy(&text))
}

pub(crate) fn man(arguments: &ManArgs) -> ExitCode {
    let folder = &arguments.folder;
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, &format!("{}: {error}", folder.display())),
    }
}
