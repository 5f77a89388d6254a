//! The client's side of the control socket, blocking.

use core::fmt;
use core::time::Duration;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{Command, News, Refusal, Request, Response, VERSION};

/// Longest answer, in octets: a status with some thousand SAs.
const LONGEST_ANSWER: u64 = 64 << 20;

/// How long the first answer to `events` may take.
const FIRST: Duration = Duration::from_secs(10);

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
    let stream = connect(socket)?;
    let answer = exchange(&mut BufReader::new(&stream), request, patience);
    let answer = answer.map_err(ClientError::Broken)?;
    let response: Response =
        serde_json::from_str(&answer).map_err(|_| ClientError::NotUnderstood)?;
    if response.version == VERSION {
        Ok(response)
    } else {
        Err(ClientError::NotUnderstood)
    }
}

/// Reads events and hands each to `each`, with the line it came in, until that says no (`None` comes out), or the
/// daemon does (its reason).
///
/// # Errors
/// Nobody listens, the connection broke, or the daemon's lines make no sense.
pub fn follow(
    socket: &Path,
    mut each: impl FnMut(&str, &News) -> bool,
) -> Result<Option<Refusal>, ClientError> {
    let stream = connect(socket)?;
    let mut reader = BufReader::new(&stream);
    let first = exchange(&mut reader, &Request::new(Command::Events), FIRST)
        .and_then(|line| stream.set_read_timeout(None).map(|()| line))
        .map_err(ClientError::Broken)?;
    let response: Response =
        serde_json::from_str(&first).map_err(|_| ClientError::NotUnderstood)?;
    if !response.ok {
        return Ok(response.error);
    }
    for line in reader.lines() {
        let line = line.map_err(ClientError::Broken)?;
        if let Ok(news) = serde_json::from_str::<News>(&line) {
            if !each(&line, &news) {
                return Ok(None);
            }
            continue;
        }
        let last: Response = serde_json::from_str(&line).map_err(|_| ClientError::NotUnderstood)?;
        return Ok(last.error);
    }
    Err(ClientError::Broken(io::ErrorKind::UnexpectedEof.into()))
}

fn connect(socket: &Path) -> Result<UnixStream, ClientError> {
    UnixStream::connect(socket).map_err(|error| ClientError::Unreachable {
        socket: socket.to_owned(),
        error,
    })
}

fn exchange(
    reader: &mut BufReader<&UnixStream>,
    request: &Request,
    patience: Duration,
) -> io::Result<String> {
    let mut stream = *reader.get_ref();
    stream.set_read_timeout(Some(patience))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    reader.take(LONGEST_ANSWER).read_line(&mut answer)?;
    if answer.ends_with('\n') {
        Ok(answer)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
