//! Running other programs, and what a command comes back with.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::tree::Tree;

/// Failure is a message for a person: what went wrong, in which file, and what mends it.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// How a command ended that did not fail.
pub(crate) enum Outcome {
    /// Everything was done.
    Done,
    /// Something that is not part of the workspace is missing; the reason, in one line.
    Skipped(String),
}

/// Cargo of the toolchain in use, at the root of the workspace.
pub(crate) fn cargo(tree: &Tree) -> Command {
    let mut command = Command::new(cargo_program());
    command.current_dir(tree.root()).stdin(Stdio::null());
    command
}

/// The same before everything else that runs; for the superuser.
pub(crate) fn urgent_cargo(tree: &Tree) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "-10"]).arg(cargo_program());
    command.current_dir(tree.root()).stdin(Stdio::null());
    command
}

fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Prints the command line and runs it; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    println!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed: {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}

/// A command that runs beside others; what it says is shown when it has ended.
pub(crate) struct Aside {
    line: String,
    child: Child,
    said: PathBuf,
}

impl Aside {
    /// Starts the command, whose output goes to the file `said`, and waits until `sign` is in it, or it has ended.
    pub(crate) fn start(command: &mut Command, said: &Path, sign: &str) -> Result<Self> {
        let line = show(command);
        println!("$ {line} &");
        let output = File::create(said)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|error| format!("{}: {error}", said.display()))?;
        command.stdout(output.0).stderr(output.1);
        let child = command
            .spawn()
            .map_err(|error| format!("`{line}` could not be started: {error}"))?;
        let mut aside = Self {
            line,
            child,
            said: said.to_owned(),
        };
        while !aside.text().contains(sign) && matches!(aside.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(100));
        }
        Ok(aside)
    }

    fn text(&self) -> String {
        let bytes = std::fs::read(&self.said).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for the end; anything but success is an error.
    pub(crate) fn finish(mut self) -> Result<()> {
        let status = self.child.wait();
        println!("$ {}\n{}", self.line, self.text());
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{}` failed: {status}", self.line)),
            Err(error) => Err(format!("`{}` was lost: {error}", self.line)),
        }
    }
}

/// True when the command starts and succeeds; its output is swallowed.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where a program is on the search path.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// True for the superuser.
pub(crate) fn is_root() -> bool {
    // second field of "Uid:" is the effective one, proc(5)
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .and_then(|ids| ids.split_whitespace().nth(1))
        .is_some_and(|id| id == "0")
}

/// The command as one would type it, the program by its name only.
fn show(command: &Command) -> String {
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(key, value)| {
            Some(format!(
                "{}={}",
                key.to_string_lossy(),
                quote(&value?.to_string_lossy())
            ))
        })
        .collect();
    let program = Path::new(command.get_program());
    words.push(
        program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy()
            .into_owned(),
    );
    words.extend(
        command
            .get_args()
            .map(|argument| quote(&argument.to_string_lossy())),
    );
    words.join(" ")
}

fn quote(word: &str) -> String {
    if word.contains(' ') {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/usr/bin/cargo");
        command
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["doc", "--no-deps"]);
        assert_eq!(
            show(&command),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }

    #[test]
    fn what_runs_aside_is_awaited_and_judged() {
        let said = std::env::temp_dir().join(format!("xtask-aside-{}", std::process::id()));
        let script = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let begun = Aside::start(&mut script("echo ready; sleep 0.2; exit 3"), &said, "ready");
        let begun = begun.unwrap();
        assert_eq!(begun.text(), "ready\n");
        assert!(begun.finish().unwrap_err().contains("3"));
        let ended = Aside::start(&mut script("echo other"), &said, "ready").unwrap();
        assert!(ended.finish().is_ok());
        std::fs::remove_file(said).unwrap();
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_its_command_line() {
        let message = run(Command::new("false").arg("argument")).unwrap_err();
        assert!(message.contains("`false argument` failed"), "{message}");
    }
}
