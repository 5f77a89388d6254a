//! The daemon's side of the control socket.
//!
//! Each client has a task of its own, so a slow, half-closed or babbling one costs a task and a
//! time-out, never the negotiations' time.

use core::time::Duration;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::access::Access;
use super::{Code, Command, LONGEST_LINE, Request, Response, VERSION};

/// Clients at a time.
const CLIENTS: usize = 32;
/// How long a client may take over its request, or over reading the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command and where its answer goes.
pub(crate) type Call = (Command, oneshot::Sender<Answer>);

/// What a command is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One line.
    Once(Response),
    /// One line, and then others as they come. When the sender goes, the reader was too slow.
    Stream(Response, mpsc::Receiver<Line>),
}

/// A line that many readers get.
pub(crate) type Line = Arc<str>;

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Once(response)
    }
}

/// The listening socket; dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Server {
    path: PathBuf,
    access: Access,
    listener: Option<UnixListener>,
}

impl Server {
    /// Binds the socket with mode 0600, or 0660 for a group; a stale one of a dead daemon is replaced.
    /// It belongs to `owner` where that is given: the user that the daemon will become.
    pub(crate) fn bind(path: &Path, owner: Option<u32>, access: Access) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "something that is not a socket is in its place",
                ));
            }
            Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
                return Err(io::Error::new(
                    io::ErrorKind::AddrInUse,
                    "another daemon listens there",
                ));
            }
            _ => {}
        }
        // made under another name, so that nobody meets it before its mode is set
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(format!(".{}", std::process::id()));
        let hidden = PathBuf::from(hidden);
        drop(fs::remove_file(&hidden));
        let listener = UnixListener::bind(&hidden)?;
        let mode = if access.group().is_some() {
            0o660
        } else {
            0o600
        };
        fs::set_permissions(&hidden, Permissions::from_mode(mode))?;
        if owner.is_some() || access.group().is_some() {
            chown(&hidden, owner, access.group())?;
        }
        fs::rename(&hidden, path)?;
        Ok(Self {
            path: path.to_owned(),
            access,
            listener: Some(listener),
        })
    }

    /// Starts to serve clients; their commands come out of the receiver.
    pub(crate) fn serve(&mut self) -> mpsc::Receiver<Call> {
        let (sender, receiver) = mpsc::channel(CLIENTS);
        if let Some(listener) = self.listener.take() {
            tokio::spawn(accept(listener, self.access, sender));
        }
        receiver
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!("control socket {}: {error}", self.path.display());
        }
    }
}

async fn accept(listener: UnixListener, access: Access, commands: mpsc::Sender<Call>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("control socket: {error}");
                // out of descriptors, most likely: let some go first
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("control socket: more than {CLIENTS} clients; one was turned away");
            continue;
        };
        let commands = commands.clone();
        tokio::spawn(async move {
            if let Err(error) = client(stream, access, commands).await {
                tracing::debug!("control client: {error}");
            }
            drop(place);
        });
    }
}

async fn client(
    mut stream: UnixStream,
    access: Access,
    commands: mpsc::Sender<Call>,
) -> io::Result<()> {
    let caller = stream.peer_cred()?;
    if !access.allows(caller.uid(), caller.gid()) {
        tracing::warn!("control socket: user {} may not use it", caller.uid());
        let no = Response::refused(Code::Forbidden, access.to_string());
        return answer(&mut stream, &no).await;
    }
    let mut buffer = Vec::new();
    while let Some(line) = timeout(PATIENCE, line(&mut stream, &mut buffer)).await?? {
        let given = match understand(&line) {
            Ok(command) => call(command, &commands).await,
            Err(response) => (*response).into(),
        };
        match given {
            Answer::Once(response) => answer(&mut stream, &response).await?,
            Answer::Stream(response, lines) => {
                answer(&mut stream, &response).await?;
                return relay(&mut stream, lines).await;
            }
        }
    }
    Ok(())
}

/// Passes lines on until the client leaves, or has missed some.
async fn relay(stream: &mut UnixStream, mut lines: mpsc::Receiver<Line>) -> io::Result<()> {
    let mut ignored = [0; 256];
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            read = stream.read(&mut ignored) => match read? {
                0 => return Ok(()),
                _ => continue,
            },
        };
        let Some(line) = line else {
            let why = "too slow: some events are lost; ask again";
            return answer(stream, &Response::refused(Code::Slow, why)).await;
        };
        timeout(PATIENCE, stream.write_all(line.as_bytes())).await??;
    }
}

/// The next line without its end; `None` at the end of the stream.
async fn line(stream: &mut UnixStream, buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(end) = buffer.iter().position(|&b| b == b'\n') {
            let mut line: Vec<u8> = buffer.drain(..=end).collect();
            line.pop();
            return Ok(Some(line));
        }
        if buffer.len() >= LONGEST_LINE {
            let what = format!("a request is longer than {LONGEST_LINE} octets");
            answer(stream, &Response::refused(Code::BadRequest, &*what)).await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await? {
            0 if buffer.is_empty() => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => buffer.extend_from_slice(chunk.get(..n).unwrap_or_default()),
        }
    }
}

fn understand(line: &[u8]) -> Result<Command, Box<Response>> {
    let bad = |error: serde_json::Error| {
        Box::new(Response::refused(
            Code::BadRequest,
            format!("not a request: {error}"),
        ))
    };
    let value: serde_json::Value = serde_json::from_slice(line).map_err(bad)?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) => {
            let what = format!("version {version} is not spoken here; write \"version\":{VERSION}");
            return Err(Box::new(Response::refused(Code::Version, what)));
        }
        None => {
            let what = format!("a request needs \"version\":{VERSION}");
            return Err(Box::new(Response::refused(Code::BadRequest, what)));
        }
    }
    serde_json::from_value::<Request>(value)
        .map(|request| request.command)
        .map_err(bad)
}

async fn call(command: Command, commands: &mpsc::Sender<Call>) -> Answer {
    let (sender, receiver) = oneshot::channel();
    let ending = || Response::refused(Code::Ending, "the daemon is ending");
    match commands.try_send((command, sender)) {
        Ok(()) => receiver.await.unwrap_or_else(|_| ending().into()),
        Err(mpsc::error::TrySendError::Full(_)) => {
            Response::refused(Code::Busy, "too many requests at once").into()
        }
        Err(mpsc::error::TrySendError::Closed(_)) => ending().into(),
    }
}

async fn answer(stream: &mut UnixStream, response: &Response) -> io::Result<()> {
    let mut line = serde_json::to_vec(response)?;
    line.push(b'\n');
    timeout(PATIENCE, stream.write_all(&line)).await?
}

#[cfg(test)]
mod tests;
