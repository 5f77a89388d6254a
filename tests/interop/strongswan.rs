//! The peer.

use std::fs;

use crate::lab::{Family, Host, Lab, say, text, wait_for};

/// A charon that runs until it is dropped.
pub(crate) struct StrongSwan<'lab> {
    lab: &'lab Lab,
    host: Host,
}

impl<'lab> StrongSwan<'lab> {
    /// Starts charon with a scenario of the lab and its options.
    pub(crate) fn start(
        lab: &'lab Lab,
        scenario: &str,
        host: Host,
        family: Family,
        env: &[(&str, &str)],
    ) -> Self {
        let mut all = vec![("FAMILY", if family == Family::V4 { "4" } else { "6" })];
        all.extend_from_slice(env);
        lab.script("strongswan-up.sh", &[scenario, host.name()], &all);
        Self { lab, host }
    }

    fn control(&self, command: &str) -> Result<String, String> {
        let output = self
            .lab
            .try_script("strongswan-ctl.sh", &[self.host.name(), command], &[]);
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
            .unwrap_or_else(|error| panic!("strongSwan did not come up: {error}"));
        self.assert_up();
    }

    /// Initiates, which must fail.
    pub(crate) fn up_fails(&self) {
        self.control("up").expect_err("it should not come up");
    }

    /// Deletes the IKE SA.
    pub(crate) fn down(&self) {
        self.control("down")
            .unwrap_or_else(|error| panic!("strongSwan did not go down: {error}"));
    }

    /// Both SAs stand, or do within a moment.
    pub(crate) fn assert_up(&self) {
        wait_for(3, "strongSwan has both SAs", || {
            self.control("status").is_ok()
        });
    }

    /// What `swanctl --list-sas` prints.
    pub(crate) fn sas(&self) -> String {
        self.control("sas").expect("swanctl")
    }

    pub(crate) fn log(&self) -> String {
        let file = self
            .lab
            .run
            .join(format!("ss-{}", self.host.name()))
            .join("log");
        fs::read_to_string(file).unwrap_or_default()
    }

    /// The log says this by now, or does within a moment.
    pub(crate) fn assert_logged(&self, what: &str) {
        wait_for(3, &format!("strongSwan logs {what:?}"), || {
            self.log().contains(what)
        });
    }
}

impl Drop for StrongSwan<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("--- charon on {:?}\n{}", self.host, self.log()));
        }
        self.lab
            .try_script("strongswan-down.sh", &[self.host.name()], &[]);
    }
}
