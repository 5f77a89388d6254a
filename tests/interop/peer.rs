//! The peers.

use std::fs;

use crate::lab::{Family, Host, Lab, say, text, wait_for};

/// An implementation that nobody here wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    StrongSwan,
    Libreswan,
    OpenIked,
}

impl Kind {
    /// As `cargo xtask interop` and the lab's scripts call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::StrongSwan => "strongswan",
            Self::Libreswan => "libreswan",
            Self::OpenIked => "openiked",
        }
    }

    /// Its log on a host, below the lab's folder.
    fn log(self, host: Host) -> String {
        let host = host.name();
        match self {
            Self::StrongSwan => format!("ss-{host}/log"),
            Self::Libreswan => format!("ls-{host}/log"),
            Self::OpenIked => format!("ik-{host}/stdout"),
        }
    }
}

/// A daemon of a peer that runs until the lab is taken down.
pub(crate) struct Peer<'lab> {
    kind: Kind,
    lab: &'lab Lab,
    host: Host,
}

impl<'lab> Peer<'lab> {
    /// Starts the lab's peer with a scenario and its options.
    pub(crate) fn start(
        lab: &'lab Lab,
        scenario: &str,
        host: Host,
        family: Family,
        env: &[(&str, &str)],
    ) -> Self {
        let kind = lab.peer;
        let mut all = vec![("FAMILY", if family == Family::V4 { "4" } else { "6" })];
        all.extend_from_slice(env);
        let script = format!("{}-up.sh", kind.name());
        lab.script(&script, &[scenario, host.name()], &all);
        Self { kind, lab, host }
    }

    fn control(&self, command: &str) -> Result<String, String> {
        let script = format!("{}-ctl.sh", self.kind.name());
        let output = self
            .lab
            .try_script(&script, &[self.host.name(), command], &[]);
        let said = text(&output.stdout) + &text(&output.stderr);
        if output.status.success() {
            Ok(said)
        } else {
            Err(said)
        }
    }

    /// Initiates; both SAs must stand.
    pub(crate) fn up(&self) {
        self.control("up")
            .unwrap_or_else(|error| panic!("the peer did not come up: {error}"));
        self.assert_up();
    }

    /// Initiates, which must fail.
    pub(crate) fn up_fails(&self) {
        self.control("up").expect_err("it should not come up");
    }

    /// Has it do what its script knows by this name, which must succeed.
    pub(crate) fn command(&self, command: &str) {
        self.control(command)
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    /// Deletes the IKE SA.
    pub(crate) fn down(&self) {
        self.control("down")
            .unwrap_or_else(|error| panic!("the peer did not go down: {error}"));
    }

    /// Both SAs stand, or do within a moment.
    pub(crate) fn assert_up(&self) {
        wait_for(3, "the peer has both SAs", || {
            self.control("status").is_ok()
        });
    }

    /// What it says of its SAs.
    pub(crate) fn sas(&self) -> String {
        self.control("sas").expect("its SAs")
    }

    pub(crate) fn log(&self) -> String {
        let file = self.lab.run.join(self.kind.log(self.host));
        fs::read_to_string(file).unwrap_or_default()
    }

    /// The log says this by now, or does within a moment.
    pub(crate) fn assert_logged(&self, what: &str) {
        wait_for(3, &format!("the peer logs {what:?}"), || {
            self.log().contains(what)
        });
    }
}

impl Drop for Peer<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!(
                "--- {} on {:?}\n{}",
                self.kind.name(),
                self.host,
                self.log()
            ));
        }
        // by the process's own number, which the lab keeps
        if self.kind == Kind::StrongSwan {
            self.lab
                .try_script("strongswan-down.sh", &[self.host.name()], &[]);
        }
    }
}
