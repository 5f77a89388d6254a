use std::path::Path;

use super::super::parse;
use super::*;

/// A file with these lines under `[daemon]`, in the section, in the connection and in its child.
fn file(daemon: &str, section: &str, connection: &str, child: &str) -> String {
    format!(
        "[daemon]\n{daemon}\n{section}\n[connections.a]\nlocal_id = \"a\"\nremote_id = \"b\"\npsk = \"x\"\n{connection}\n\
         [connections.a.children.net]\n{child}\n"
    )
}

const SECTION: &str = "[extensions.discovery]\nouter = \"outer\"";
const V1: &str = "version = \"ikev1\"\nremote = \"192.0.2.2\"";
const SELECTORS: &str = "local = [\"10.1.0.0/16\"]\nremote = [\"10.2.0.0/16\"]";

fn refused(daemon: &str, section: &str, connection: &str, child: &str) -> String {
    let text = file(daemon, section, connection, child);
    parse(Path::new("t.toml"), &text).unwrap_err().to_string()
}

#[test]
fn section_and_rule_are_read() {
    let section = format!(
        "{SECTION}\nflows = 1000\nforget = \"1m\"\nforget_secured = \"1h\"\nhold_off = \"5s\""
    );
    let child =
        format!("{SELECTORS}\ndiscovery = [\"inbound\", \"boundary\", \"guaranteed-encryption\"]");
    let text = file("", &section, V1, &child);
    let settings = parse(Path::new("t.toml"), &text).unwrap();
    let discovery = settings.extensions.discovery.unwrap();
    assert_eq!(discovery.outer, "outer");
    let expected = Limits {
        flows: 1000,
        clear: Duration::from_secs(60),
        secure: Duration::from_secs(3600),
        hold_off: Duration::from_secs(5),
    };
    assert_eq!(discovery.limits, expected);
    let rule = settings.connections[0].children[0].discovery.unwrap();
    assert_eq!(
        (rule.inbound, rule.outbound, rule.boundary, rule.guaranteed),
        (true, false, true, true)
    );
}

#[test]
fn without_the_section_it_is_off() {
    let settings = parse(Path::new("t.toml"), &file("", "", V1, SELECTORS)).unwrap();
    assert_eq!(settings.extensions.discovery, None);
    assert_eq!(settings.connections[0].children[0].discovery, None);
}

#[test]
fn the_kernels_data_plane_is_refused_by_name() {
    let error = refused("data_plane = \"kernel\"", SECTION, V1, SELECTORS);
    assert!(error.starts_with("t.toml:3:1: discovery"), "{error}");
    assert!(error.contains("kernel's data plane"), "{error}");
    assert!(error.contains("data_plane = \"userspace\""), "{error}");
}

#[test]
fn a_section_that_cannot_work_is_refused_with_what_would() {
    for (daemon, section, wanted) in [
        ("tun = \"none\"", SECTION, "name a device"),
        ("tun = \"outer\"", SECTION, "another one"),
        ("", "[extensions.discovery]", "outer"),
        (
            "",
            "[extensions.discovery]\nouter = \"\"",
            "1 to 15 letters",
        ),
        (
            "",
            "[extensions.discovery]\nouter = \"o\"\nflows = 0",
            "1 to 16777216",
        ),
    ] {
        let error = refused(daemon, section, V1, SELECTORS);
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn a_rule_that_cannot_work_is_refused_with_what_would() {
    let both = "discovery = [\"inbound\", \"outbound\"]";
    let with = |words: &str| format!("{SELECTORS}\ndiscovery = {words}");
    for (section, connection, child, wanted) in [
        ("", V1, with("[\"inbound\"]"), "add [extensions.discovery]"),
        (
            SECTION,
            "remote = \"192.0.2.2\"",
            with("[\"inbound\"]"),
            "version = \"ikev1\"",
        ),
        (SECTION, V1, with("[]"), "write \"inbound\""),
        (
            SECTION,
            V1,
            with("[\"guaranteed-encryption\"]"),
            "write \"inbound\"",
        ),
        (
            SECTION,
            V1,
            with("[\"outbound\", \"boundary\"]"),
            "beside \"boundary\"",
        ),
        (SECTION, V1, both.to_owned(), "add local"),
        (
            SECTION,
            "version = \"ikev1\"",
            with("[\"inbound\"]"),
            "add remote = \"ADDRESS\"",
        ),
        (SECTION, V1, with("[\"sideways\"]"), "sideways"),
    ] {
        let error = refused("", section, connection, &child);
        assert!(error.contains(wanted), "{error}");
    }
}
