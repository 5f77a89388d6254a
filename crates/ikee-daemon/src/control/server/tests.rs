use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;

use super::super::client;
use super::*;

/// A server that answers every command with its name, and a folder for its socket.
struct Fixture {
    path: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fixture {
    fn start(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ikee-control-{name}-{}", std::process::id()));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, wait) = std::sync::mpsc::channel();
        let socket = path.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut server = Server::bind(&socket, None, Access::default()).unwrap();
                let mut calls = server.serve();
                ready.send(()).unwrap();
                let answers = async {
                    while let Some((command, reply)) = calls.recv().await {
                        let answer = Response::done(format!("{command:?}")).into();
                        reply.send(answer).unwrap();
                    }
                };
                tokio::select! { () = answers => {}, _ = stopped => {} }
            });
        });
        wait.recv().unwrap();
        Self {
            path,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.path).unwrap()
    }

    fn ask(&self, line: &[u8]) -> Response {
        let mut stream = self.connect();
        stream.write_all(line).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    fn works(&self) {
        let answer = client::ask(&self.path, &Request::new(Command::Status), PATIENCE).unwrap();
        assert_eq!(answer.message.as_deref(), Some("Status"));
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.thread.take().unwrap().join().unwrap();
        assert!(!self.path.exists(), "the socket's file outlives the server");
    }
}

fn code(response: &Response) -> Option<Code> {
    assert!(!response.ok);
    response.error.as_ref().map(|error| error.code)
}

#[test]
fn a_request_is_one_line_of_json_with_a_version() {
    let request = Request::new(Command::Up {
        name: "office".into(),
    });
    let line = serde_json::to_string(&request).unwrap();
    assert_eq!(line, r#"{"version":1,"command":"up","name":"office"}"#);
    assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
    let more = r#"{"version":1,"command":"status","later":true}"#;
    assert_eq!(
        serde_json::from_str::<Request>(more).unwrap().command,
        Command::Status
    );
}

#[test]
fn the_socket_is_for_its_owner_only() {
    let server = Fixture::start("mode");
    assert_eq!(fs::metadata(&server.path).unwrap().mode() & 0o777, 0o600);
    server.works();
}

#[test]
fn several_requests_may_follow_each_other() {
    let server = Fixture::start("several");
    let mut stream = server.connect();
    stream
        .write_all(
            b"{\"version\":1,\"command\":\"list\"}\n{\"version\":1,\"command\":\"status\"}\n",
        )
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert!(lines.next().unwrap().unwrap().contains("List"));
    assert!(lines.next().unwrap().unwrap().contains("Status"));
}

/// B18 of the catalogue of bad input.
#[test]
fn garbage_is_answered_and_does_no_harm() {
    let server = Fixture::start("garbage");
    for line in [
        &b"\n"[..],
        b"{}\n",
        b"\xFF\xFE\0\n",
        b"[1,2]\n",
        b"{\"version\":1,\"command\":\"explode\"}\n",
    ] {
        assert_eq!(code(&server.ask(line)), Some(Code::BadRequest), "{line:?}");
    }
    let deep = [b"[".repeat(10_000), b"\n".to_vec()].concat();
    assert_eq!(code(&server.ask(&deep)), Some(Code::BadRequest));
    assert_eq!(
        code(&server.ask(b"{\"version\":2,\"command\":\"status\"}\n")),
        Some(Code::Version)
    );
    server.works();
}

/// B18 of the catalogue of bad input.
#[test]
fn a_line_without_end_is_refused_at_the_limit() {
    let server = Fixture::start("long");
    assert_eq!(
        code(&server.ask(&vec![b'x'; LONGEST_LINE])),
        Some(Code::BadRequest)
    );
    let mut stream = server.connect();
    // whether the writes fail depends on when the server closes
    drop(stream.write_all(&vec![b'y'; LONGEST_LINE * 8]));
    drop(stream.read_to_end(&mut Vec::new()));
    server.works();
}

/// B18 of the catalogue of bad input.
#[test]
fn half_requests_and_silent_clients_keep_nobody_waiting() {
    let server = Fixture::start("half");
    let silent: Vec<UnixStream> = (0..CLIENTS - 2).map(|_| server.connect()).collect();
    server.connect().write_all(b"{\"version\":1,").unwrap();
    server.works();
    drop(silent);
    server.works();
}

/// B18 of the catalogue of bad input.
#[test]
fn more_clients_than_places_are_turned_away() {
    let server = Fixture::start("many");
    let silent: Vec<UnixStream> = (0..CLIENTS).map(|_| server.connect()).collect();
    // the server may not have accepted all of them yet, but it does so in order
    let mut late = server.connect();
    assert_eq!(late.read(&mut [0; 1]).unwrap_or(0), 0);
    drop(silent);
    for _ in 0..100 {
        if client::ask(&server.path, &Request::new(Command::Status), PATIENCE).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the places were not given back");
}

/// B18 of the catalogue of bad input: the socket's mode lets nobody else in, but modes can be changed.
#[test]
#[expect(clippy::print_stdout, reason = "it says why it did nothing")]
fn a_caller_without_permission_is_refused_whatever_the_mode() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can speak as somebody else");
        return;
    }
    let server = Fixture::start("other");
    fs::set_permissions(&server.path, Permissions::from_mode(0o666)).unwrap();
    let path = server.path.clone();
    // the credentials of one thread, which ends with them
    let line = std::thread::spawn(move || {
        use rustix::process::{Gid, Uid};
        let (user, group) = (Uid::from_raw(65_534), Gid::from_raw(65_534));
        rustix::thread::set_thread_res_gid(group, group, group).unwrap();
        rustix::thread::set_thread_res_uid(user, user, user).unwrap();
        let mut line = String::new();
        let stream = UnixStream::connect(path).unwrap();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    });
    let response: Response = serde_json::from_str(&line.join().unwrap()).unwrap();
    assert_eq!(code(&response), Some(Code::Forbidden));
    server.works();
}

#[test]
fn a_stale_socket_is_replaced_and_anything_else_is_left_alone() {
    let path = std::env::temp_dir().join(format!("ikee-control-stale-{}", std::process::id()));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let server = Server::bind(&path, None, Access::default()).unwrap();
    assert_eq!(
        Server::bind(&path, None, Access::default())
            .unwrap_err()
            .kind(),
        io::ErrorKind::AddrInUse
    );
    drop(server);
    fs::write(&path, "precious").unwrap();
    assert_eq!(
        Server::bind(&path, None, Access::default())
            .unwrap_err()
            .kind(),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
}

#[test]
fn nobody_there_is_said_with_the_remedy() {
    let error = client::ask(
        Path::new("/nonexistent/s"),
        &Request::new(Command::Status),
        PATIENCE,
    )
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("cannot reach the daemon at /nonexistent/s: ")
            && text.contains("ikee daemon -c"),
        "{text}"
    );
}
