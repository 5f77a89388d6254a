//! `up`, `down`, `status` and their like: one question to the daemon each.

use core::time::Duration;
use std::process::ExitCode;

use ikee_daemon::control::client::ask;
use ikee_daemon::control::{Code, Command, Keys, Refusal, Request, Response};

use crate::args::{
    ConnectionArgs, ListArgs, LogLevelArgs, RekeyArgs, ReloadArgs, SocketArgs, StatusArgs,
};
use crate::output::{FAILED, Style, UNREACHABLE, USAGE, fail, print};
use crate::{list, status};

/// A negotiation ends by itself: a silent peer is given up after about a minute.
const LONG: Duration = Duration::from_secs(600);
pub(crate) const SHORT: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

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

pub(crate) fn rekey(arguments: &RekeyArgs) -> ExitCode {
    let what = match (arguments.ike, arguments.reauthenticate) {
        (true, _) => Keys::Ike,
        (_, true) => Keys::Reauthenticate,
        _ => Keys::Children,
    };
    done(
        &arguments.socket,
        Command::Rekey {
            name: arguments.name.clone(),
            what,
        },
    )
}

pub(crate) fn reload(arguments: &ReloadArgs) -> ExitCode {
    done(
        &arguments.socket,
        Command::Reload {
            check: arguments.check,
        },
    )
}

pub(crate) fn log_level(arguments: &LogLevelArgs) -> ExitCode {
    done(
        &arguments.socket,
        Command::LogLevel {
            level: arguments.level.map(Into::into),
        },
    )
}

pub(crate) fn list(arguments: &ListArgs) -> ExitCode {
    let response = match question(&arguments.socket, Command::List, SHORT) {
        Ok(response) => response,
        Err(code) => return code,
    };
    let connections = response.connections.unwrap_or_default();
    if !arguments.json {
        return print(&list::table(&connections, Style::of_stdout()));
    }
    match serde_json::to_string_pretty(&connections) {
        Ok(json) => print(&format!("{json}\n")),
        Err(error) => fail(FAILED, &error.to_string()),
    }
}

pub(crate) fn status(arguments: &StatusArgs) -> ExitCode {
    if !arguments.watch {
        return status_once(arguments);
    }
    loop {
        if Style::is_terminal() {
            // from the top of an empty screen
            print("\x1b[H\x1b[2J\x1b[3J");
        }
        let shown = status_once(arguments);
        if shown != ExitCode::SUCCESS {
            return shown;
        }
        std::thread::sleep(SECOND);
    }
}

fn status_once(arguments: &StatusArgs) -> ExitCode {
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
        if !arguments.watch {
            return json(&status);
        }
        return match serde_json::to_string(&status) {
            Ok(json) => print(&format!("{json}\n")),
            Err(error) => fail(FAILED, &error.to_string()),
        };
    }
    print(&status::table(&status, Style::of_stdout()))
}

/// Prints one JSON document.
pub(crate) fn json(value: &impl serde::Serialize) -> ExitCode {
    match serde_json::to_string_pretty(value) {
        Ok(json) => print(&format!("{json}\n")),
        Err(error) => fail(FAILED, &error.to_string()),
    }
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
pub(crate) fn question(
    socket: &SocketArgs,
    command: Command,
    patience: Duration,
) -> Result<Response, ExitCode> {
    let response = ask(&socket.path, &Request::new(command), patience)
        .map_err(|error| fail(UNREACHABLE, &error.to_string()))?;
    match &response.error {
        None if response.ok => Ok(response),
        None => Err(fail(FAILED, "the daemon refused without a reason")),
        Some(refused) => Err(refusal(refused)),
    }
}

/// Says why the daemon refused.
pub(crate) fn refusal(refused: &Refusal) -> ExitCode {
    fail(exit_code(refused.code), &refused.message)
}

const fn exit_code(code: Code) -> u8 {
    match code {
        Code::UnknownConnection | Code::BadConfiguration => USAGE,
        Code::Version | Code::BadRequest | Code::Forbidden | Code::Ending | Code::Busy => {
            UNREACHABLE
        }
        _ => FAILED,
    }
}
