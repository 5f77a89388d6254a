//! `up`, `down` and `status`: one question to the daemon each.

use core::time::Duration;
use std::process::ExitCode;

use ikee_daemon::control::client::ask;
use ikee_daemon::control::{Code, Command, Request, Response};

use crate::args::{ConnectionArgs, SocketArgs, StatusArgs};
use crate::output::{FAILED, Style, UNREACHABLE, USAGE, fail, print};
use crate::status;

/// A negotiation ends by itself: a silent peer is given up after about a minute.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_secs(10);

pub(crate) fn up(arguments: &ConnectionArgs) -> ExitCode {
    done(
        &arguments.socket,
        Command::Up {
            name: arguments.name.clone(),
        },
    )
}

pub(crate) fn down(arguments: &ConnectionArgs) -> ExitCode {
    done(
        &arguments.socket,
        Command::Down {
            name: arguments.name.clone(),
        },
    )
}

pub(crate) fn status(arguments: &StatusArgs) -> ExitCode {
    let response = match question(&arguments.socket, Command::Status, SHORT) {
        Ok(response) => response,
        Err(code) => return code,
    };
    let Some(status) = response.status else {
        return fail(
            UNREACHABLE,
            "the daemon's answer holds no status; is it another version?",
        );
    };
    if arguments.json {
        return match serde_json::to_string_pretty(&status) {
            Ok(json) => print(&format!("{json}\n")),
            Err(error) => fail(FAILED, &error.to_string()),
        };
    }
    print(&status::table(&status, Style::of_stdout()))
}

fn done(socket: &SocketArgs, command: Command) -> ExitCode {
    match question(socket, command, LONG) {
        Ok(response) => print(&format!(
            "{}\n",
            response.message.as_deref().unwrap_or("done")
        )),
        Err(code) => code,
    }
}

/// Asks, and reports what went wrong.
fn question(
    socket: &SocketArgs,
    command: Command,
    patience: Duration,
) -> Result<Response, ExitCode> {
    let response = ask(&socket.path, &Request::new(command), patience)
        .map_err(|error| fail(UNREACHABLE, &error.to_string()))?;
    match &response.error {
        None if response.ok => Ok(response),
        None => Err(fail(FAILED, "the daemon refused without a reason")),
        Some(refusal) => Err(fail(exit_code(refusal.code), &refusal.message)),
    }
}

const fn exit_code(code: Code) -> u8 {
    match code {
        Code::UnknownConnection => USAGE,
        Code::Version | Code::BadRequest | Code::Forbidden | Code::Ending | Code::Busy => {
            UNREACHABLE
        }
        _ => FAILED,
    }
}
