//! The client's side of the control socket, blocking.

use core::fmt;
use core::time::Duration;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{Request, Response, VERSION};

/// Longest answer, in octets: a status with some thousand SAs.
const LONGEST_ANSWER: u64 = 64 << 20;

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens there, or we may not connect.
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The connection broke, or the answer took too long.
    Broken(io::Error),
    /// The answer cannot be read.
    NotUnderstood,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { socket, error } => {
                write!(
                    f,
                    "cannot reach the daemon at {}: {error}",
                    socket.display()
                )?;
                match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                        f.write_str("; start it with: ikee daemon -c FILE")
                    }
                    io::ErrorKind::PermissionDenied => f.write_str("; become its user, or root"),
                    _ => Ok(()),
                }
            }
            Self::Broken(error) => write!(f, "the daemon did not answer: {error}"),
            Self::NotUnderstood => {
                f.write_str("the daemon's answer cannot be read; is it another version?")
            }
        }
    }
}

impl core::error::Error for ClientError {}

/// Sends one request and waits for its answer.
///
/// # Errors
/// Nobody listens, the connection broke, `patience` is over, or the answer makes no sense.
pub fn ask(socket: &Path, request: &Request, patience: Duration) -> Result<Response, ClientError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| ClientError::Unreachable {
        socket: socket.to_owned(),
        error,
    })?;
    let answer = exchange(&mut stream, request, patience).map_err(ClientError::Broken)?;
    let response: Response =
        serde_json::from_str(&answer).map_err(|_| ClientError::NotUnderstood)?;
    if response.version == VERSION {
        Ok(response)
    } else {
        Err(ClientError::NotUnderstood)
    }
}

fn exchange(stream: &mut UnixStream, request: &Request, patience: Duration) -> io::Result<String> {
    stream.set_read_timeout(Some(patience))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST_ANSWER)).read_line(&mut answer)?;
    if answer.ends_with('\n') {
        Ok(answer)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
