//! `ikee cga` as typed: addresses made, interrupted, gone on with, checked, tampered with.

use core::net::Ipv6Addr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn ikee(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["cga"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program was built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An empty folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ikee-cga-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        ikee(&self.0, arguments)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{text}");
        fs::write(self.0.join(name), text.replace(from, to)).unwrap();
    }

    /// One line of the file of an address.
    fn line(&self, key: &str) -> String {
        let text = self.read("cga.toml");
        let found = text.lines().find(|it| it.starts_with(key)).unwrap();
        found.to_owned()
    }

    /// The reason that `verify` gives.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(&[&["verify", "cga.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let stderr = text(&output.stderr);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        stderr
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn made(name: &str, sec: &str) -> Folder {
    let folder = Folder::new(name);
    let output = folder.run(&["generate", "--prefix", "2001:db8::/64", "--sec", sec]);
    assert!(output.status.success(), "{output:?}");
    folder
}

#[test]
fn addresses_with_sec_0_and_1_are_made_and_verify() {
    for sec in ["0", "1"] {
        let folder = made(&format!("sec{sec}"), sec);
        let output = folder.run(&["verify", "cga.toml"]);
        assert!(output.status.success(), "{output:?}");
        let stdout = text(&output.stdout);
        assert!(stdout.ends_with(&format!(" with sec {sec}\n")), "{stdout}");

        let output = folder.run(&["show", "cga.toml", "--json"]);
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let address: Ipv6Addr = shown["address"].as_str().unwrap().parse().unwrap();
        assert_eq!(address.segments()[..4], [0x2001, 0xdb8, 0, 0]);
        assert_eq!(shown["sec"].to_string(), sec);
        assert_eq!(shown["key_bits"], 2048);
        assert_eq!(shown["refused"], serde_json::Value::Null);
        assert_eq!(shown["subnet"], "2001:db8::/64");
        if sec == "1" {
            assert!(shown["hash2"].as_str().unwrap().starts_with("0000"));
        }
    }
}

#[test]
fn the_private_key_is_for_its_owner_only_and_nothing_is_written_over() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = made("modes", "0");
    let mode = fs::metadata(folder.0.join("cga.key")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!folder.0.join("cga.search.toml").exists());
    let key = folder.read("cga.key");
    let again = folder.run(&["generate", "--prefix", "2001:db8::/64", "--sec", "0"]);
    assert_eq!(again.status.code(), Some(2));
    fs::remove_file(folder.0.join("cga.toml")).unwrap();
    let again = folder.run(&["generate", "--prefix", "2001:db8::/64", "--sec", "0"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("cga.key is there already"));
    assert_eq!(folder.read("cga.key"), key);
}

#[test]
fn an_interrupted_search_for_sec_2_goes_on_where_it_was() {
    let folder = Folder::new("resume");
    let generate = |tries: &str| {
        let arguments = ["generate", "--prefix", "fe80::/64", "--sec", "2", "--tries"];
        folder.run(&[&arguments[..], &[tries]].concat())
    };
    let output = generate("20000");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the same command goes on from there"));
    let state = folder.read("cga.search.toml");
    let (key, start) = (folder.read("cga.key"), line(&state, "start"));
    let first = tries(&state);
    assert!(first >= 20_000);

    generate("30000");
    let state = folder.read("cga.search.toml");
    assert_eq!(line(&state, "start"), start);
    assert_eq!(folder.read("cga.key"), key);
    assert!(tries(&state) >= first + 30_000);

    // one that belongs to another search is not gone on with
    let other = folder.run(&["generate", "--prefix", "fe80::/64", "--sec", "1"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("a search for sec 2"));
}

fn line(state: &str, key: &str) -> String {
    let found = state.lines().find(|it| it.starts_with(key)).unwrap();
    found.to_owned()
}

fn tries(state: &str) -> u64 {
    let line = line(state, "tries = ");
    line["tries = ".len()..].parse().unwrap()
}

#[test]
fn a_search_that_is_nearly_there_finds_the_modifier_when_it_goes_on() {
    let folder = made("near", "1");
    let modifier = folder.line("modifier")["modifier = \"".len()..][..32].to_owned();
    let found = u128::from_str_radix(&modifier, 16).unwrap();
    let start = found.wrapping_sub(70_000);
    fs::remove_file(folder.0.join("cga.toml")).unwrap();
    let state = format!("sec = 1\nstart = \"{start:032x}\"\ntries = 70000\n");
    fs::write(folder.0.join("cga.search.toml"), state).unwrap();
    let output = folder.run(&["generate", "--prefix", "2001:db8::/64", "--threads", "1"]);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.line("modifier").contains(&modifier));
}

#[test]
fn ctrl_c_ends_a_search_in_order() {
    let folder = Folder::new("interrupt");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["cga", "generate", "--prefix", "fe80::/64", "--sec", "2"])
        .current_dir(&folder.0)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let state = folder.0.join("cga.search.toml");
    while !state.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    // the search has begun when its first state is there, and listens soon after
    std::thread::sleep(Duration::from_millis(500));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(tries(&folder.read("cga.search.toml")) > 0);
    assert!(!folder.0.join("cga.toml").exists());
}

#[test]
fn sec_3_and_above_are_refused_with_the_time_that_they_would_take() {
    let folder = Folder::new("sec3");
    for sec in ["3", "7"] {
        let output = folder.run(&["generate", "--prefix", "fe80::/64", "--sec", sec]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = text(&output.stderr);
        assert!(stderr.contains(" years on average with "), "{stderr}");
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn a_prefix_that_is_none_of_64_bits_is_refused() {
    let folder = Folder::new("prefix");
    for prefix in [
        "2001:db8::",
        "2001:db8::/48",
        "2001:db8::1/64",
        "10.0.0.0/8",
    ] {
        let output = folder.run(&["generate", "--prefix", prefix]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("it has 64 bits always"));
    }
}

#[test]
fn each_thing_that_does_not_belong_is_refused_with_its_reason() {
    let folder = made("refusals", "1");
    let good = folder.read("cga.toml");
    let restore = || fs::write(folder.0.join("cga.toml"), &good).unwrap();
    let modifier = folder.line("modifier");
    let other = format!("modifier = \"{:032x}\"", 7);
    let refused = |from: &str, to: &str, reason: &str| {
        folder.change("cga.toml", from, to);
        let refusal = folder.refusal(&[]);
        assert!(refusal.contains(reason), "{refusal}");
        restore();
    };
    refused(&modifier, &other, "(Hash1)");
    refused(
        "2001:db8::/64",
        "2001:db9::/64",
        "prefix of the CGA parameters is not that",
    );
    refused(
        "collisions = 0",
        "collisions = 3",
        "collision count of the CGA is above 2",
    );
    refused("collisions = 0", "collisions = 1", "(Hash1)");
    refused("sec = 1", "sec = 0", "sec is 0, and 1 in the address");

    // an address that claims a longer search than was made
    let address = folder.line("address");
    let address: Ipv6Addr = address.split('"').nth(1).unwrap().parse().unwrap();
    let mut octets = address.octets();
    octets[8] |= 0xe0;
    let claimed = Ipv6Addr::from(octets).to_string();
    assert!(folder.refusal(&["--address", &claimed]).contains("(Hash2)"));

    // another host's key and certificate
    let stranger = made("stranger", "0");
    for (name, reason) in [
        ("cga.key", "not the key of the certificate"),
        ("cga.crt", "(Hash1)"),
    ] {
        let own = folder.read(name);
        fs::write(folder.0.join(name), stranger.read(name)).unwrap();
        let refusal = folder.refusal(&[]);
        assert!(refusal.contains(reason), "{refusal}");
        fs::write(folder.0.join(name), own).unwrap();
    }
    let output = folder.run(&["verify", "cga.toml"]);
    assert!(output.status.success());
}

/// What the daemon says of a configuration with this connection.
fn check(folder: &Folder, connection: &str) -> Output {
    let text = format!("[connections.a]\n{connection}");
    fs::write(folder.0.join("ikee.toml"), text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["daemon", "--check", "-c", "ikee.toml"])
        .current_dir(&folder.0)
        .output()
        .expect("the program was built")
}

/// [MS-IKEE] §3.4.1, §3.4.4.1: the method is one that a connection can have.
#[test]
fn a_connection_may_prove_itself_by_the_files_that_were_made() {
    let folder = made("daemon", "0");
    let good = "version = \"ikev1\"\nremote_id = \"any\"\nauth.cga = \"cga.toml\"\n";
    let output = check(&folder, good);
    assert_eq!(text(&output.stdout), "ikee.toml: fine, 1 connection(s)\n");

    let refused = |connection: &str, reason: &str| {
        let output = check(&folder, connection);
        assert_eq!(output.status.code(), Some(2), "{connection}");
        let stderr = text(&output.stderr);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(reason), "{stderr}");
    };
    let v2 = good.replace("ikev1", "ikev2");
    refused(&v2, "auth.cga is for IKEv1");
    refused(&good.replace("ikev1", "both"), "which only IKEv1 has");
    refused(&good.replace("cga.toml", "none.toml"), "none.toml: ");
    refused(
        &format!("{good}local = \"2001:db8::1\"\n"),
        "another local address than its CGA",
    );
    refused(&format!("{good}local_id = \"a\"\n"), "leave local_id out");
    refused(
        &good.replace("any", "b.example"),
        "remote_id that no CGA proves",
    );
    refused(
        &format!("{good}auth.local = \"psk\"\npsk = \"x\"\n"),
        "does not use its auth.cga",
    );
    refused(
        "version = \"ikev1\"\nremote_id = \"any\"\nauth.local = \"cga\"\n",
        "has no auth.cga",
    );

    folder.change("cga.toml", "collisions = 0", "collisions = 3");
    refused(good, "collision count of the CGA is above 2");
    folder.change("cga.toml", "collisions = 3", "collisions = 0");
    let stranger = made("daemon-stranger", "0");
    let own = folder.read("cga.key");
    fs::write(folder.0.join("cga.key"), stranger.read("cga.key")).unwrap();
    refused(good, "not its certificate's");
    fs::write(folder.0.join("cga.key"), own).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(folder.0.join("cga.key"), open).unwrap();
    refused(good, "can be read by others");
}
