//! Two daemons over loopback, without root and without packets, driven as a user drives them.

use std::fs;
use std::io::Read as _;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

#[path = "daemon/addresses.rs"]
mod addresses;
#[path = "daemon/by_hand.rs"]
mod by_hand;
#[path = "daemon/correlation.rs"]
mod correlation;
#[path = "daemon/extensions.rs"]
mod extensions;
#[path = "daemon/first_version.rs"]
mod first_version;
#[path = "daemon/microsoft.rs"]
mod microsoft;
#[path = "daemon/operate.rs"]
mod operate;
#[path = "daemon/realm.rs"]
mod realm;
#[path = "daemon/service.rs"]
mod service;
#[path = "daemon/xbox.rs"]
mod xbox;

const SECRET: &str = "correct horse battery staple";

/// A daemon, its folder and its ports; ended with the test.
struct Daemon {
    folder: PathBuf,
    process: Child,
}

/// Where a daemon listens: IKE and NAT-T.
#[derive(Clone, Copy)]
struct Place {
    address: &'static str,
    ports: [u16; 2],
}

impl Place {
    /// Ports that are free now, and in all likelihood a moment later.
    fn free(address: &'static str) -> Self {
        let sockets = [0, 0].map(|port| UdpSocket::bind((address, port)).unwrap());
        Self {
            address,
            ports: sockets.map(|socket| socket.local_addr().unwrap().port()),
        }
    }
}

fn configuration(here: Place, peer: Place, names: [&str; 2], secret: &str) -> String {
    format!(
        r#"
[daemon]
listen = ["{}"]
port = {}
nat_t_port = {}
control = "ikee.sock"
tun = "none"
key_log_dir = "keys"
[extensions.fragmentation-v2]
[connections.peer]
remote = "{}"
remote_ports = {{ ike = {}, nat_t = {} }}
local_id = "{}"
remote_id = "{}"
psk = "{secret}"
retransmit = {{ first = "200ms", longest = "1s", tries = 3 }}
[connections.peer.children.net]
"#,
        here.address,
        here.ports[0],
        here.ports[1],
        peer.address,
        peer.ports[0],
        peer.ports[1],
        names[0],
        names[1]
    )
}

impl Daemon {
    fn start(test: &str, name: &str, configuration: &str) -> Self {
        Self::start_with(test, name, configuration, |command| {
            command.args(["--log", "debug"]);
        })
    }

    /// With arguments and environment of the test's own.
    fn start_with(
        test: &str,
        name: &str,
        configuration: &str,
        more: impl FnOnce(&mut Command),
    ) -> Self {
        let folder =
            std::env::temp_dir().join(format!("ikee-{test}-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ikee.toml");
        fs::write(&file, configuration).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ikee"));
        command.args(["daemon", "-c"]).arg(&file);
        more(&mut command);
        let process = command.stderr(Stdio::from(log)).spawn().unwrap();
        let daemon = Self { folder, process };
        for _ in 0..200 {
            if daemon.log().contains("listens on") {
                return daemon;
            }
            sleep(Duration::from_millis(25));
        }
        panic!("it does not start: {}", daemon.log());
    }

    fn pair(test: &str, secrets: [&str; 2]) -> [Self; 2] {
        let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
        [
            Self::start(
                test,
                "a",
                &configuration(a, b, ["a.example", "b.example"], secrets[0]),
            ),
            Self::start(
                test,
                "b",
                &configuration(b, a, ["b.example", "a.example"], secrets[1]),
            ),
        ]
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("ikee.sock")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits until the log has a text.
    fn logs(&self, wanted: &str) {
        for _ in 0..400 {
            if self.log().contains(wanted) {
                return;
            }
            sleep(Duration::from_millis(25));
        }
        panic!("{wanted:?} is not in the log: {}", self.log());
    }

    /// Replaces the configuration's text.
    fn configure(&self, configuration: &str) {
        fs::write(self.folder.join("ikee.toml"), configuration).unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn control(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ikee"));
        command
            .args(arguments)
            .arg("--socket")
            .arg(self.socket())
            .output()
            .unwrap()
    }

    fn status(&self) -> Value {
        let output = self.control(&["status", "--json"]);
        assert!(
            output.status.success(),
            "{}\n{}",
            text(&output.stderr),
            self.log()
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Ends it as an operator does; the log comes out.
    fn end(mut self) -> String {
        self.signal(rustix::process::Signal::TERM);
        let status = self.process.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.log());
        assert!(!self.socket().exists(), "the control socket is left behind");
        self.log()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // it may have ended already
        drop(self.process.kill());
        drop(self.process.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines(path: &Path) -> usize {
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    fs::read_to_string(path).unwrap().lines().count()
}

#[test]
fn a_connection_goes_up_and_down_and_the_daemons_end_cleanly() {
    let [a, b] = Daemon::pair("life", [SECRET; 2]);
    assert_eq!(a.status()["sas"], Value::Array(Vec::new()));
    let up = a.control(&["up", "peer"]);
    assert_eq!(
        up.status.code(),
        Some(0),
        "{}\n{}",
        text(&up.stderr),
        a.log()
    );
    assert!(
        text(&up.stdout).starts_with("peer is up with 'b.example' at 127.0.0.1:"),
        "{}",
        text(&up.stdout)
    );
    assert_eq!(
        a.control(&["up", "peer"]).status.code(),
        Some(0),
        "a second up is content"
    );
    for (daemon, role, peer) in [
        (&a, "initiator", "b.example"),
        (&b, "responder", "a.example"),
    ] {
        let status = daemon.status();
        let sa = &status["sas"][0];
        assert_eq!(
            (&sa["state"], &sa["role"]),
            (&"established".into(), &role.into()),
            "{status}"
        );
        assert_eq!(sa["remote_id"], peer);
        assert_eq!(sa["children"][0]["name"], "net");
        assert_eq!(lines(&daemon.folder.join("keys/ikev2_decryption_table")), 1);
        assert_eq!(lines(&daemon.folder.join("keys/esp_sa")), 2);
    }
    assert!(text(&a.control(&["status"]).stdout).contains("peer  established"));
    let down = a.control(&["down", "peer"]);
    assert_eq!(text(&down.stdout), "peer is down\n");
    assert_eq!(b.status()["sas"], Value::Array(Vec::new()));
    assert_eq!(
        b.control(&["up", "peer"]).status.code(),
        Some(0),
        "{}",
        b.log()
    );
    let log = b.end();
    assert!(
        log.contains("IKE SA closed: deleted by us") && log.contains("ended"),
        "{log}"
    );
    let log = a.end();
    assert!(log.contains("IKE SA closed: deleted by the peer"), "{log}");
    assert!(!log.contains(SECRET), "the secret is in the log");
}

#[test]
fn a_wrong_secret_is_one_line_and_exit_code_1() {
    let [a, b] = Daemon::pair("secret", [SECRET, "another"]);
    let up = a.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(1));
    let stderr = text(&up.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.starts_with("ikee: peer is not up: ") && stderr.contains("AUTHENTICATION_FAILED"),
        "{stderr}"
    );
    assert!(b.log().contains("WARN"), "{}", b.log());
}

#[test]
fn an_unknown_connection_is_exit_code_2_and_names_the_known() {
    let [a, _b] = Daemon::pair("name", [SECRET; 2]);
    for command in ["up", "down"] {
        let output = a.control(&[command, "pear"]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            text(&output.stderr),
            "ikee: there is no connection \"pear\"; there is peer\n"
        );
    }
}

#[test]
fn a_peer_that_is_not_there_is_exit_code_1() {
    let (here, nobody) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let text = configuration(here, nobody, ["a.example", "b.example"], SECRET);
    let a = Daemon::start("silent", "a", &text);
    let up = a.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(1));
    let said = self::text(&up.stderr);
    assert!(
        said.starts_with("ikee: peer is not up: no IKE SA with 127.0.0.1:")
            && said.ends_with(": no answer from the peer\n"),
        "{said}"
    );
}

/// B20 of the catalogue of bad input: nothing that arrives ends the daemon.
#[test]
fn garbage_from_the_network_harms_nobody() {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let a = Daemon::start(
        "garbage",
        "a",
        &configuration(here, there, ["a.example", "b.example"], SECRET),
    );
    let b = Daemon::start(
        "garbage",
        "b",
        &configuration(there, here, ["b.example", "a.example"], SECRET),
    );
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut noise = fs::File::open("/dev/urandom").unwrap();
    let mut bytes = [0; 1500];
    for round in 0..500_usize {
        noise.read_exact(&mut bytes).unwrap();
        let length = round * 7 % bytes.len();
        if round % 2 == 0 {
            // a header that claims to be IKE_SA_INIT of the right length
            bytes[8..20].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 33, 0x20, 34, 8]);
            bytes[20..24].fill(0);
            bytes[24..28].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        }
        for port in there.ports {
            stranger
                .send_to(&bytes[..length], (there.address, port))
                .unwrap();
        }
    }
    let up = a.control(&["up", "peer"]);
    assert_eq!(
        up.status.code(),
        Some(0),
        "{}\n{}",
        text(&up.stderr),
        b.log()
    );
    assert!(b.status()["dropped"].as_u64().unwrap() > 0);
    assert!(!b.end().contains("internal error"));
}

#[test]
fn a_second_daemon_is_refused_with_one_line() {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let a = Daemon::start(
        "second",
        "a",
        &configuration(here, there, ["a.example", "b.example"], SECRET),
    );
    let again = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ikee"));
        command
            .args(["daemon", "--log", "error", "-c"])
            .args(arguments)
            .output()
            .unwrap()
    };
    let output = again(&[a.folder.join("ikee.toml").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains("ikee.sock: another daemon listens there"),
        "{stderr}"
    );
    let other = a.folder.join("other.toml");
    let same_ports = fs::read_to_string(a.folder.join("ikee.toml"))
        .unwrap()
        .replace("ikee.sock", "other.sock");
    fs::write(&other, same_ports).unwrap();
    let output = again(&[other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    let wanted = format!("ikee: cannot listen on UDP 127.0.0.1:{}: ", here.ports[0]);
    assert!(
        stderr.starts_with(&wanted) && stderr.contains("another program has it"),
        "{stderr}"
    );
    assert_eq!(
        a.control(&["status"]).status.code(),
        Some(0),
        "the first one is untouched"
    );
}

#[path = "daemon/explain.rs"]
mod explain;

#[path = "daemon/probe.rs"]
mod probe;
