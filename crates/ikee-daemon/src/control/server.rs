//! The daemon's side of the control socket.
//!
//! Each client has a task of its own, so a slow, half-closed or babbling one costs a task and a
//! time-out, never the negotiations' time.

use core::time::Duration;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::{Code, Command, LONGEST_LINE, Request, Response, VERSION};

/// Clients at a time.
const CLIENTS: usize = 32;
/// How long a client may take over its request, or over reading the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command and where its answer goes.
pub(crate) type Call = (Command, oneshot::Sender<Response>);

/// The listening socket; dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Server {
    path: PathBuf,
    listener: Option<UnixListener>,
}

impl Server {
    /// Binds the socket with mode 0600; a stale one of a dead daemon is replaced.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
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
        fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
        fs::rename(&hidden, path)?;
        Ok(Self {
            path: path.to_owned(),
            listener: Some(listener),
        })
    }

    /// Starts to serve clients; their commands come out of the receiver.
    pub(crate) fn serve(&mut self) -> mpsc::Receiver<Call> {
        let (sender, receiver) = mpsc::channel(CLIENTS);
        if let Some(listener) = self.listener.take() {
            tokio::spawn(accept(listener, sender));
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

async fn accept(listener: UnixListener, commands: mpsc::Sender<Call>) {
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
            if let Err(error) = client(stream, commands).await {
                tracing::debug!("control client: {error}");
            }
            drop(place);
        });
    }
}

async fn client(mut stream: UnixStream, commands: mpsc::Sender<Call>) -> io::Result<()> {
    let caller = stream.peer_cred()?.uid();
    if caller != 0 && caller != rustix::process::geteuid().as_raw() {
        tracing::warn!("control socket: user {caller} may not use it");
        let no = Response::refused(
            Code::Forbidden,
            "only the daemon's user and root may use this socket",
        );
        return answer(&mut stream, &no).await;
    }
    let mut buffer = Vec::new();
    while let Some(line) = timeout(PATIENCE, line(&mut stream, &mut buffer)).await?? {
        let response = match understand(&line) {
            Ok(command) => call(command, &commands).await,
            Err(response) => response,
        };
        answer(&mut stream, &response).await?;
    }
    Ok(())
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

fn understand(line: &[u8]) -> Result<Command, Response> {
    let bad = |error: serde_json::Error| {
        Response::refused(Code::BadRequest, format!("not a request: {error}"))
    };
    let value: serde_json::Value = serde_json::from_slice(line).map_err(bad)?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) => {
            let what = format!("version {version} is not spoken here; write \"version\":{VERSION}");
            return Err(Response::refused(Code::Version, what));
        }
        None => {
            let what = format!("a request needs \"version\":{VERSION}");
            return Err(Response::refused(Code::BadRequest, what));
        }
    }
    serde_json::from_value::<Request>(value)
        .map(|request| request.command)
        .map_err(bad)
}

async fn call(command: Command, commands: &mpsc::Sender<Call>) -> Response {
    let (sender, receiver) = oneshot::channel();
    let ending = || Response::refused(Code::Ending, "the daemon is ending");
    match commands.try_send((command, sender)) {
        Ok(()) => receiver.await.unwrap_or_else(|_| ending()),
        Err(mpsc::error::TrySendError::Full(_)) => {
            Response::refused(Code::Busy, "too many requests at once")
        }
        Err(mpsc::error::TrySendError::Closed(_)) => ending(),
    }
}

async fn answer(stream: &mut UnixStream, response: &Response) -> io::Result<()> {
    let mut line = serde_json::to_vec(response)?;
    line.push(b'\n');
    timeout(PATIENCE, stream.write_all(&line)).await?
}

#[cfg(test)]
mod tests;
