use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ikee::doi::encapsulation::Mode;

use super::*;
use crate::config::{Settings, Versions, parse};

const V1: &str =
    "[connections.a]\nversion = \"ikev1\"\nlocal_id = \"a\"\nremote_id = \"b\"\npsk = \"x\"\n";

fn read(text: &str) -> Settings {
    parse(Path::new("t.toml"), text).unwrap()
}

fn refused(text: &str) -> String {
    parse(Path::new("t.toml"), text).unwrap_err().to_string()
}

fn with(keys: &str) -> String {
    format!("{V1}{keys}\n")
}

#[test]
fn ikev1_is_off_unless_a_connection_asks_for_it() {
    let plain = V1.replace("version = \"ikev1\"\n", "");
    let settings = read(&plain);
    assert!(settings.ikev1.connections.is_empty());
    assert_eq!(settings.connections[0].versions, Versions::V2);
    let settings = read(V1);
    assert!(settings.endpoint.connections.is_empty());
    assert_eq!(settings.ikev1.connections.len(), 1);
    assert_eq!(settings.connections[0].versions, Versions::V1);
    let settings = read(&V1.replace("ikev1", "both"));
    assert_eq!(settings.ikev1.connections.len(), 1);
    assert_eq!(settings.endpoint.connections.len(), 1);
    assert_eq!(settings.connections.len(), 1);
    assert_eq!(settings.connections[0].versions.name(), "1+2");
    let policies = (
        settings.ikev1.connections[0].policy,
        settings.endpoint.connections[0].policy,
    );
    assert_eq!(policies.0, policies.1);
}

#[test]
fn a_connection_is_read_with_everything_that_ikev1_has() {
    let settings = read(&with(
        "remote = \"192.0.2.1\"\nproposals = [\"aes256-sha256-modp2048\", \"aes128-sha1-modp1536\"]\n\
         lifetime = { time = \"2h\", margin = \"5m\", initial_contact = false }\nliveness = 0\n\
         [connections.a.children.net]\nproposals = [\"aes128-sha256-modp2048\"]\nmode = \"transport\"\n\
         local = [\"10.1.0.0/16\"]\nlifetime = { time = \"30m\", kilobytes = 5000, margin = \"1m\" }",
    ));
    let it = &settings.ikev1.connections[0];
    assert_eq!(it.proposals.len(), 2);
    let lifetime = (it.lifetime.time.as_secs(), it.lifetime.margin.as_secs());
    assert_eq!(lifetime, (7200, 300));
    assert_eq!(
        (it.options.initial_contact, it.options.liveness),
        (false, None)
    );
    let child = &it.children[0];
    assert_eq!(child.mode, Mode::Transport);
    assert!(matches!(child.local, Selector::Fixed(_)));
    assert_eq!(child.remote, Selector::Dynamic);
    assert_eq!(child.lifetime.kilobytes, Some(5000));
    assert_eq!(child.lifetime.time.as_secs(), 1800);
}

#[test]
fn aggressive_mode_with_a_psk_has_to_be_asked_for_twice() {
    let line = refused(&with("aggressive = true"));
    assert!(
        line.starts_with("t.toml:6:14: ") && line.contains("aggressive_psk = true"),
        "{line}"
    );
    let settings = read(&with("aggressive = true\naggressive_psk = true"));
    assert!(settings.ikev1.connections[0].options.aggressive);
    let line = refused(&with("aggressive_psk = true"));
    assert!(line.contains("leave it out"), "{line}");
}

#[test]
fn options_of_the_other_version_are_refused_by_name() {
    let v2 = V1.replace("version = \"ikev1\"\n", "");
    for (text, key) in [
        (
            with("lifetime = { rekey = \"1h\" }"),
            "lifetime.rekey is for IKEv2",
        ),
        (
            with("remote_ports = { nat_t_first = true }"),
            "remote_ports.nat_t_first",
        ),
        (
            format!("{v2}aggressive = false\n"),
            "aggressive is for IKEv1",
        ),
        (
            format!("{v2}xauth = {{ user = \"u\" }}\n"),
            "xauth is for IKEv1",
        ),
        (
            format!("{v2}[connections.a.children.n]\nlifetime = {{ kilobytes = 1 }}\n"),
            "lifetime.kilobytes is for IKEv1",
        ),
    ] {
        let line = refused(&text);
        assert!(line.contains(key) && line.contains("both"), "{line}");
        read(
            &text
                .replace(
                    "[connections.a]\nversion = \"ikev1\"",
                    "[connections.a]\nversion = \"both\"",
                )
                .replace(
                    "[connections.a]\nlocal",
                    "[connections.a]\nversion = \"both\"\nlocal",
                )
                .replace(
                    "xauth = { user = \"u\" }",
                    "xauth = { user = \"u\", password = \"p\" }",
                ),
        );
    }
}

#[test]
fn proposals_are_each_versions_own_and_both_take_what_they_can_read() {
    let line = refused(&with("proposals = [\"aes256gcm16-prfsha256-modp2048\"]"));
    assert!(
        line.contains("IKEv1 proposal") && line.contains("CBC"),
        "{line}"
    );
    let both = V1.replace("ikev1", "both");
    let settings = read(&format!(
        "{both}proposals = [\"aes256gcm16-prfsha256-modp2048\", \"aes256-sha256-modp2048\"]\n"
    ));
    assert_eq!(settings.endpoint.connections[0].proposals.len(), 2);
    assert_eq!(settings.ikev1.connections[0].proposals.len(), 1);
    let line = refused(&format!(
        "{both}proposals = [\"aes256gcm16-prfsha256-modp2048\"]\n"
    ));
    assert!(line.contains("IKEv1 proposal"), "{line}");
}

#[test]
fn weak_proposals_alone_need_the_mark() {
    let weak = "proposals = [\"3des-md5-modp1024\"]";
    let line = refused(&with(weak));
    assert!(
        line.contains("weak proposals only") && line.contains("legacy = true"),
        "{line}"
    );
    let settings = read(&with(&format!("legacy = true\n{weak}")));
    assert!(settings.ikev1.connections[0].options.legacy);
}

#[test]
fn a_child_has_one_selector_for_each_side() {
    let line = refused(&with(
        "[connections.a.children.n]\nlocal = [\"10.0.0.0/8\", \"fd00::/8\"]",
    ));
    assert!(
        line.starts_with("t.toml:7:9: ") && line.contains("one selector"),
        "{line}"
    );
}

#[test]
fn ah_has_integrity_only() {
    let child = "[connections.a.children.n]\nprotocol = \"ah\"\n";
    let settings = read(&with(&format!("{child}proposals = [\"sha256-modp2048\"]")));
    let suites = &settings.ikev1.connections[0].children[0].suites;
    let Suites::Ah(list) = suites else {
        panic!("{suites:?}")
    };
    assert_eq!((list[0].integrity.len(), list[0].groups.len()), (1, 1));
    let line = refused(&with(&format!("{child}proposals = [\"aes256-sha256\"]")));
    assert!(line.contains("AH proposal"), "{line}");
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ikee-v1-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn users_and_passwords_come_from_files_of_the_owner() {
    let folder = scratch("users");
    let config = folder.join("t.toml");
    let users = folder.join("users");
    let put = |text: &str, mode| {
        fs::write(&users, text).unwrap();
        fs::set_permissions(&users, fs::Permissions::from_mode(mode)).unwrap();
    };
    let server = with("xauth = { users_file = \"users\" }");
    put("# ours\nalice:one:two\r\n\nbob:three\n", 0o600);
    let settings = parse(&config, &server).unwrap();
    let Some(Xauth::Server(list)) = &settings.ikev1.connections[0].authentication.xauth else {
        panic!("a server")
    };
    let read: Vec<(&str, &[u8])> = list
        .iter()
        .map(|it| (it.name.as_str(), it.password.as_slice()))
        .collect();
    assert_eq!(read, [("alice", &b"one:two"[..]), ("bob", b"three")]);
    for (text, mode, what) in [
        ("alice:one\n", 0o644, "can be read by others"),
        ("alice\n", 0o600, "users:1: a line without a colon"),
        (
            "alice:one\nalice:two\n",
            0o600,
            "users:2: this name is there already",
        ),
        ("alice:\n", 0o600, "is empty; write NAME:PASSWORD"),
        ("# none\n", 0o600, "a line for each user"),
    ] {
        put(text, mode);
        let line = parse(&config, &server).unwrap_err().to_string();
        assert!(line.contains(what) && !line.contains("one"), "{line}");
    }
    put("secret\n", 0o600);
    let client = with("xauth = { user = \"alice\", password_file = \"users\" }");
    let settings = parse(&config, &client).unwrap();
    let Some(Xauth::Client(user)) = &settings.ikev1.connections[0].authentication.xauth else {
        panic!("a client")
    };
    assert_eq!(user.password.as_slice(), b"secret");
    assert!(!format!("{settings:?}").contains("secret"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn halves_of_xauth_are_refused() {
    for (keys, what) in [
        ("xauth = {}", "without a user"),
        ("xauth = { user = \"u\" }", "one of xauth.password and"),
        (
            "xauth = { password = \"p\", users_file = \"f\" }",
            "without a user",
        ),
        (
            "xauth = { user = \"u\", users_file = \"f\" }",
            "both xauth.user and",
        ),
        ("mode_config = \"push\"", "mode_config is about addresses"),
        (
            "auth.remote = [\"psk\", \"null\"]",
            "cannot prove itself so in IKEv1",
        ),
    ] {
        let line = refused(&with(keys));
        assert!(line.contains(what), "{line}");
    }
}

#[test]
fn mode_config_is_pulled_or_pushed_by_either_side() {
    let of = |keys: &str| {
        let settings = read(&with(keys));
        settings.ikev1.connections[0].addressing.clone()
    };
    let pulls = of("addresses.request = [\"ipv4\"]");
    assert!(pulls.request_v4 && !pulls.await_push);
    let waits = of("addresses.request = [\"ipv4\"]\nmode_config = \"push\"");
    assert!(!waits.request_v4 && waits.await_push);
    let server = of(
        "addresses = { assign_ipv4 = \"10.0.0.2\", dns = [\"10.0.0.1\"] }\nmode_config = \"push\"",
    );
    assert!(server.push && server.assign.dns.len() == 1 && server.leased);
}

#[test]
fn a_fingerprint_sees_the_users_passwords() {
    let print = |password: &str| {
        let keys = format!("xauth = {{ user = \"u\", password = \"{password}\" }}");
        read(&with(&keys)).fingerprints[0]
    };
    assert_eq!(print("one"), print("one"));
    assert_ne!(print("one"), print("two"));
    assert_ne!(
        read(V1).fingerprints[0],
        read(&V1.replace("ikev1", "both")).fingerprints[0]
    );
}
