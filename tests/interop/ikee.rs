//! The daemon under test, and how it is asked.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::lab::{Family, Host, Lab, say, text, wait_for};

/// The secret of the lab.
pub(crate) const PSK: &str = "lab-psk-0123456789";

/// What a test varies of the configuration.
pub(crate) struct Config {
    host: Host,
    remote: Option<String>,
    pub(crate) local_id: String,
    pub(crate) remote_id: String,
    pub(crate) psk: String,
    pub(crate) proposals: String,
    pub(crate) esp: String,
    /// Further keys of the connection.
    pub(crate) connection: String,
    /// Further keys of the child.
    pub(crate) child: String,
    /// Selectors of the child; `None` leaves the key out.
    pub(crate) local: Option<String>,
    pub(crate) remote_ts: Option<String>,
    /// Further sections.
    pub(crate) sections: String,
    /// How much is logged.
    pub(crate) log: &'static str,
}

fn selectors(host: Host) -> Option<String> {
    let [v4, v6] = Family::BOTH.map(|family| host.inner(family));
    Some(format!(r#"["{v4}/32", "{v6}/128"]"#))
}

impl Config {
    fn new(host: Host, remote: Option<String>) -> Self {
        Self {
            host,
            remote,
            local_id: host.identity().into(),
            remote_id: host.other().identity().into(),
            psk: PSK.into(),
            proposals: "aes256-sha256-modp2048".into(),
            esp: "aes128gcm16".into(),
            connection: String::new(),
            child: String::new(),
            local: selectors(host),
            remote_ts: selectors(host.other()),
            sections: String::new(),
            log: "debug",
        }
    }

    /// An initiator on A.
    pub(crate) fn initiator(family: Family) -> Self {
        Self::new(Host::A, Some(family.address_of_b().into()))
    }

    /// A responder on B.
    pub(crate) fn responder() -> Self {
        Self::new(Host::B, None)
    }

    /// The same in IKEv1, which has one selector for each side.
    pub(crate) fn v1(mut self) -> Self {
        self.connection = "version = \"ikev1\"\n".into();
        self.esp = "aes256-sha256".into();
        self.selecting(Family::V4)
    }

    /// With the protected addresses of one family.
    pub(crate) fn selecting(mut self, family: Family) -> Self {
        let one = |host: Host| {
            let length = if family == Family::V4 { 32 } else { 128 };
            Some(format!(r#"["{}/{length}"]"#, host.inner(family)))
        };
        (self.local, self.remote_ts) = (one(self.host), one(self.host.other()));
        self
    }

    fn toml(&self) -> String {
        let mut toml = format!("[daemon]\ncontrol = \"ikee.sock\"\n{}\n", self.sections);
        let Self {
            local_id,
            remote_id,
            psk,
            proposals,
            esp,
            connection,
            child,
            ..
        } = self;
        let psk = match psk.as_str() {
            "" => String::new(),
            psk => format!("psk = \"{psk}\"\n"),
        };
        toml += "[connections.lab]\n";
        if let Some(remote) = &self.remote {
            writeln!(toml, "remote = \"{remote}\"").expect("text");
        }
        write!(
            toml,
            "local_id = \"{local_id}\"\nremote_id = \"{remote_id}\"\n{psk}\
             proposals = [\"{proposals}\"]\n{connection}\n\
             [connections.lab.children.net]\nproposals = [\"{esp}\"]\n{child}\n"
        )
        .expect("text");
        for (key, value) in [("local", &self.local), ("remote", &self.remote_ts)] {
            if let Some(value) = value {
                writeln!(toml, "{key} = {value}").expect("text");
            }
        }
        toml
    }
}

/// Writes a file that nobody else may read.
fn write(file: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(file).expect("the configuration");
    std::io::Write::write_all(&mut out, text.as_bytes()).expect("the configuration");
}

/// A daemon that runs until it is dropped.
pub(crate) struct Ikee<'lab> {
    lab: &'lab Lab,
    host: Host,
    directory: PathBuf,
    process: Child,
}

impl<'lab> Ikee<'lab> {
    /// Starts the daemon, which must refuse to; what it says.
    pub(crate) fn refused(lab: &Lab, config: &Config) -> String {
        let directory = lab.run.join("refused");
        fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join("ikee.toml");
        write(&file, &config.toml());
        let output = lab
            .ikee(config.host)
            .args(["daemon", "-c"])
            .arg(&file)
            .output()
            .expect("the daemon");
        assert!(!output.status.success(), "it should not start");
        text(&output.stderr)
    }

    /// Starts the daemon on the configuration's host; it serves when this returns.
    pub(crate) fn start(lab: &'lab Lab, config: &Config) -> Self {
        let host = config.host;
        let directory = lab.run.join(format!("ikee-{}", host.name()));
        if directory.exists() {
            fs::remove_dir_all(&directory).expect("the old state");
        }
        fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join("ikee.toml");
        write(&file, &config.toml());
        let log = File::create(directory.join("log")).expect("the log");
        let process = lab
            .ikee(host)
            .args(["daemon", "--log", config.log, "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the daemon");
        let mut ikee = Self {
            lab,
            host,
            directory,
            process,
        };
        let socket = ikee.directory.join("ikee.sock");
        wait_for(10, "the daemon serves", || {
            let ended = ikee.process.try_wait().expect("the daemon");
            assert!(ended.is_none(), "the daemon ended: {ended:?}");
            socket.exists()
        });
        ikee
    }

    /// Has another configuration lie there.
    pub(crate) fn rewrite(&self, config: &Config) {
        self.rewrite_text(&config.toml());
    }

    /// Has this lie there for a configuration.
    pub(crate) fn rewrite_text(&self, text: &str) {
        write(&self.directory.join("ikee.toml"), text);
    }

    /// A command to the daemon: what it said, on stdout or on stderr.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self
            .lab
            .ikee(self.host)
            .args(arguments)
            .arg("-s")
            .arg(self.directory.join("ikee.sock"))
            .output()
            .expect("ikee");
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    /// `ikee up lab`, which must succeed.
    pub(crate) fn up(&self) -> String {
        self.ask(&["up", "lab"])
            .unwrap_or_else(|error| panic!("ikee up: {error}"))
    }

    /// `ikee up lab`, which must fail with one line; that line.
    pub(crate) fn up_fails(&self) -> String {
        let said = self.ask(&["up", "lab"]).expect_err("it should not come up");
        assert_eq!(said.trim_end().lines().count(), 1, "one line: {said:?}");
        say(&format!("    {}", said.trim_end()));
        said
    }

    /// `ikee down lab`, which must succeed.
    pub(crate) fn down(&self) -> String {
        self.ask(&["down", "lab"])
            .unwrap_or_else(|error| panic!("ikee down: {error}"))
    }

    /// The SAs that the daemon reports.
    pub(crate) fn sas(&self) -> Vec<Value> {
        let status = self.ask(&["status", "--json"]).expect("a status");
        let status: Value = serde_json::from_str(&status).expect("JSON");
        status["sas"].as_array().expect("SAs").clone()
    }

    /// The one SA with its one child, which must stand.
    pub(crate) fn sa(&self) -> Value {
        let sas = self.sas();
        assert_eq!(sas.len(), 1, "one SA: {sas:#?}");
        assert_eq!(sas[0]["state"], "established", "{sas:#?}");
        let children = sas[0]["children"].as_array().map_or(0, Vec::len);
        assert_eq!(children, 1, "one child: {sas:#?}");
        sas[0].clone()
    }

    /// The number of the daemon's process.
    pub(crate) fn id(&self) -> u32 {
        // `ip netns exec` has become the daemon
        self.process.id()
    }

    /// What the daemon logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).expect("the log")
    }

    /// Ends the daemon as an operator does; it must end well.
    pub(crate) fn stop(mut self) {
        self.terminate();
        let mut code = None;
        wait_for(10, "the daemon ends", || {
            code = self.process.try_wait().expect("the daemon");
            code.is_some()
        });
        assert!(
            code.is_some_and(|code| code.success()),
            "the daemon ended with {code:?}"
        );
    }

    fn terminate(&self) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {id}");
    }
}

impl Drop for Ikee<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("--- ikee on {:?}\n{}", self.host, self.log()));
        }
        if matches!(self.process.try_wait(), Ok(None)) {
            self.process.kill().unwrap_or_default();
            self.process.wait().map(|_| ()).unwrap_or_default();
        }
    }
}
