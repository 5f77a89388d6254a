use std::path::Path;

use ikee::ext::Extensions;

use crate::config::{Settings, parse};
use crate::extensions;

use super::*;

const PLAIN: &str =
    "[connections.a]\nremote = \"192.0.2.1\"\nlocal_id = \"a\"\nremote_id = \"b\"\npsk = \"x\"\n";

fn parsed(text: &str) -> Settings {
    parse(Path::new("t.toml"), text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    let error = parse(Path::new("t.toml"), text).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

fn names(set: &Extensions) -> Vec<&'static str> {
    set.names().collect()
}

fn v1(settings: &Settings) -> Vec<&'static str> {
    names(&extensions::ikev1(&settings.extensions))
}

fn v2(settings: &Settings) -> Vec<&'static str> {
    names(&extensions::ikev2(
        &settings.extensions,
        &settings.connections,
    ))
}

#[test]
fn what_rfcs_have_and_harms_no_plain_peer_is_on_without_a_table() {
    let settings = parsed(PLAIN);
    assert_eq!(
        v1(&settings),
        ["nat-t", "fragmentation", "reliable-delete", "status"]
    );
    assert_eq!(v2(&settings), ["fragmentation-v2"]);
}

#[test]
fn each_table_switches_its_extension_on_and_off() {
    for (name, in_v1, in_v2) in [
        ("nat-t", true, false),
        ("fragmentation", true, false),
        ("reliable-delete", true, false),
        ("status", true, true),
        ("coexistence", true, false),
        ("failover", true, false),
        ("dos", true, false),
        ("dpd", true, true),
        ("correlation", false, true),
        ("server-address", true, true),
        ("realm", false, true),
        ("xbox", false, true),
        ("fragmentation-v2", false, true),
        ("pcscf", false, true),
    ] {
        let called = match name {
            "realm" => "security-realm",
            other => other,
        };
        let on = parsed(&format!("[extensions.{name}]\n{PLAIN}"));
        assert_eq!(v1(&on).contains(&called), in_v1, "{name}");
        assert_eq!(v2(&on).contains(&called), in_v2, "{name}");
        let off = parsed(&format!("[extensions.{name}]\nenabled = false\n{PLAIN}"));
        assert!(!v1(&off).contains(&called), "{name}");
        assert!(!v2(&off).contains(&called), "{name}");
    }
}

#[test]
fn every_option_of_every_table_is_taken() {
    let settings = parsed(&format!(
        "[extensions]\n\
         nat-t = {{ forced = true, keepalive = \"9s\", ipv6 = false, revisions = \"draft\" }}\n\
         fragmentation = {{ delay = \"4s\", timer = \"second-round-trip\", eager = true, identity_only = true, memory = 65536 }}\n\
         reliable-delete = {{ schedule = \"windows\", everybody = true }}\n\
         status = {{ everybody = true, release = 8 }}\n\
         coexistence = {{ module = true, announce = true, keying_modules = [\"authip\", \"ikev2\"], prefer_authip = \"2s\" }}\n\
         failover = {{ side = \"cluster\", idle = \"5m\", idle_cluster = \"1m\", moves = false }}\n\
         dos = {{ cookie = \"windows\" }}\n\
         dpd = {{ ikev1 = false, ikev2 = true, tcp = true, patience = \"30s\", clusters_only = true, restart = false }}\n\
         correlation = {{ success = 1 }}\n\
         server-address = {{ ask = \"none\", ipv4 = \"10.0.0.1\", ipv6 = \"fd00::1\" }}\n\
         xbox = {{ limits = {{ 0 = 16, 1 = 4 }} }}\n\
         fragmentation-v2 = {{ packet_size_ipv4 = 1400, packet_size_ipv6 = 1400, timeout = \"60s\", memory = 65536 }}\n\
         pcscf = {{ ask = \"ipv4\", addresses = [\"10.0.0.2\"] }}\n{PLAIN}"
    ));
    assert!(!v1(&settings).contains(&"dpd"));
    assert!(v2(&settings).contains(&"dpd"));
}

/// [MS-IKEE] §3.5.6.1
#[test]
fn an_idle_child_that_no_packet_brings_back_is_a_warning() {
    let children =
        "version = \"ikev1\"\n[connections.a.children.net]\nremote = [\"10.2.0.0/16\"]\n";
    let client = format!("[extensions.failover]\n{PLAIN}{children}");
    let warnings = parsed(&client).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("add start = \"trap\""));
    for fine in [
        client.replace("failover]", "failover]\nside = \"cluster\""),
        client.replace("version = \"ikev1\"", ""),
        client.replace("remote = \"192.0.2.1\"", ""),
        format!("{client}start = \"trap\"\n"),
        client.replace("[extensions.failover]\n", ""),
    ] {
        assert_eq!(parsed(&fine).warnings, [""; 0], "{fine}");
    }
}

/// [MS-IKEE] note 29: one set of numbers for both IKEs
#[test]
fn a_flood_is_the_same_for_both_ikes() {
    let text = "[limits]\ncookies = \"always\"\ncookie_threshold = 200\ncookie_threshold_off = 50\nhalf_open_per_address = 9\n";
    let settings = parsed(&format!("{text}[extensions.dos]\n{PLAIN}"));
    let wanted = Protection {
        mode: Protect::Always,
        on: 200,
        off: 50,
        per_address: 9,
    };
    assert_eq!(settings.endpoint.limits.protection, wanted);
    assert_eq!(settings.extensions.dos, Some(wanted));
    assert_eq!(settings.ikev1.limits.half_open_per_address, 9);
    // the first releases have them always on
    let old = PLAIN.replace(
        "[connections.a]",
        "[connections.a]\nversion = \"ikev1\"\nlegacy = true",
    );
    let settings = parsed(&format!(
        "as = \"windows-2000-sp4\"\n[extensions.dos]\n{old}"
    ));
    assert_eq!(
        settings.extensions.dos.map(|it| it.mode),
        Some(Protect::Always)
    );
}

#[test]
fn connections_tell_their_realms_and_types() {
    let text = format!("{PLAIN}realm = \"game\"\nxbox = 1\n");
    let settings = parsed(&text);
    let special = &settings.connections[0].special;
    assert_eq!(special.realm, Some(RealmId::from_name("game")));
    assert_eq!(special.xbox, Some(Negotiation::One));
    assert!(v2(&settings).contains(&"security-realm") && v2(&settings).contains(&"xbox"));
    let set = extensions::ikev2(&settings.extensions, &settings.connections);
    let realms = set.get::<ikee::realm::SecurityRealm>().unwrap();
    assert_eq!(realms.realm(settings.connections[0].policy), special.realm);
    let id = parsed(&text.replace("game", "hex:000102030405060708090a0b0c0d0e0f"));
    let wanted = RealmId::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert_eq!(id.connections[0].special.realm, Some(wanted));
    assert_ne!(id.fingerprints, settings.fingerprints);
}

#[test]
fn a_connection_is_correlated_with_another_one() {
    let second = PLAIN.replace("connections.a", "connections.b");
    let text = format!("[extensions.correlation]\n{PLAIN}{second}correlate_with = \"a\"\n");
    let settings = parsed(&text);
    assert_eq!(
        settings.connections[1].special.correlate_with.as_deref(),
        Some("a")
    );
    for (from, to, wanted) in [
        (
            "with = \"a\"",
            "with = \"c\"",
            "there is no connection \"c\" to correlate \"b\" with",
        ),
        (
            "with = \"a\"",
            "with = \"b\"",
            "connection \"b\" cannot be correlated with itself",
        ),
        (
            "[extensions.correlation]",
            "",
            "[extensions.correlation] is off; switch it on, or leave correlate_with out",
        ),
        (
            "remote = \"192.0.2.1\"",
            "remote = \"192.0.2.2\"",
            "have to have the same remote = \"ADDRESS\"",
        ),
        (
            "[connections.a]",
            "[connections.a]\nversion = \"ikev1\"",
            "connection \"a\" is of IKEv1; only SAs of IKEv2",
        ),
    ] {
        let error = refused(&text.replacen(from, to, 1));
        assert!(error.contains(wanted), "{error}");
    }
    let error = refused(&text.replace("correlate_with", "start = true\ncorrelate_with"));
    assert!(
        error.contains("connection \"b\" cannot start by itself, as \"a\" has to be up before"),
        "{error}"
    );
}

#[test]
fn as_a_release_its_suites_its_extensions_and_its_number() {
    let settings = parsed(&format!(
        "as = \"windows-10\"\n{PLAIN}version = \"both\"\n[connections.a.children.net]\n"
    ));
    assert_eq!(settings.extensions.release(), Some(Release::Windows10));
    let like = profile::windows(Release::Windows10);
    assert_eq!(
        settings.ikev1.connections[0].proposals.len(),
        like.phase_1.len()
    );
    let offered = like.ikev2.as_ref().unwrap();
    assert_eq!(
        settings.endpoint.connections[0].proposals.len(),
        offered.ike.len()
    );
    assert_eq!(
        settings.endpoint.connections[0].children[0].proposals.len(),
        offered.esp.len()
    );
    assert_eq!(settings.ikev1.profile, ikev1::Profile::MICROSOFT);
    assert_eq!(
        v1(&settings),
        [
            "coexistence",
            "status",
            "nat-t",
            "fragmentation",
            "discovery",
            "failover",
            "cga",
            "reliable-delete"
        ]
    );
    // Windows does not have RFC 3706
    assert_eq!(settings.ikev1.connections[0].options.liveness, None);
    assert!(settings.endpoint.connections[0].liveness.is_some());
    assert_eq!(
        v2(&settings),
        [
            "status",
            "announcements",
            "fragmentation-v2",
            "server-address",
            "correlation"
        ]
    );
    // what the file says is said
    let own = parsed(&format!(
        "as = \"windows-10\"\n{PLAIN}proposals = [\"aes256-sha256-ecp256\"]\n"
    ));
    assert_eq!(own.endpoint.connections[0].proposals.len(), 1);
}

#[test]
fn what_a_release_decides_or_cannot_do_is_said() {
    let old = PLAIN.replace("[connections.a]", "[connections.a]\nversion = \"ikev1\"");
    for (text, wanted) in [
        (
            format!("as = \"windows-3.1\"\n{PLAIN}"),
            "t.toml:1:6: \"windows-3.1\" is no release of Windows; write one of windows-2000, ",
        ),
        (
            format!("as = \"windows-xp\"\n{PLAIN}"),
            "connection \"a\": Windows XP has no IKEv2; write version = \"ikev1\"",
        ),
        (
            format!("as = \"windows-2000\"\n{old}"),
            "connection \"a\": Windows 2000 has no NAT traversal, and data_plane = \"userspace\"",
        ),
        (
            format!("as = \"windows-xp-sp2\"\n{old}"),
            "connection \"a\" has weak proposals only",
        ),
        (
            format!("as = \"windows-7\"\n[extensions.nat-t]\n{old}"),
            "as = \"windows-7\" decides what [extensions.nat-t] says; leave out one of them",
        ),
        (
            format!("{PLAIN}as = \"windows-7\"\n"),
            "connection \"a\": a peer hears what we are like before a connection is chosen; move as to the top of the file",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn mistakes_in_a_table_are_said_with_their_place() {
    for (text, wanted) in [
        (
            "[extensions.natt]\n",
            "t.toml:1:13: unknown field `natt`, expected one of `nat-t`, `fragmentation`,",
        ),
        (
            "[extensions.dos]\nthresholds = 1\n",
            "t.toml:2:1: unknown field `thresholds`, expected `enabled` or `cookie`",
        ),
        (
            "[extensions.status]\nrelease = 10\n",
            "t.toml:2:11: release is the number in Microsoft's vendor ID; write 2",
        ),
        (
            "[extensions.coexistence]\nprefer_authip = 3\n",
            "t.toml:2:17: prefer_authip needs somebody who speaks AuthIP",
        ),
        (
            "[extensions.dpd]\nikev1 = false\nikev2 = false\n",
            "[extensions.dpd] has nothing left to do; leave out",
        ),
        (
            "[extensions.xbox]\nlimits = { one = 1 }\n",
            "t.toml:2:12: \"one\" is no type of an Xbox negotiation; write a",
        ),
        (
            "[extensions.failover]\nside = \"both-ways\"\n",
            "t.toml:2:8: unknown variant `both-ways`, expected",
        ),
        (
            "[extensions.pcscf]\naddresses = [\"proxy\"]\n",
            "t.toml:2:14: \"proxy\" is not an IP address; write",
        ),
        (
            "[extensions.nat-t]\nkeepalive = \"soon\"\n",
            "t.toml:2:13: \"soon\" is not a duration; write",
        ),
        (
            "[daemon]\ndata_plane = \"kernel\"\n[extensions.dpd]\n",
            "t.toml:3:1: [extensions.dpd] looks at TCP segments, which the kernel's data plane does not show; add tcp = false",
        ),
    ] {
        let error = refused(&format!("{text}{PLAIN}"));
        assert!(error.contains(wanted), "{error}\nexpected: {wanted}");
    }
    parsed(&format!(
        "[daemon]\ndata_plane = \"kernel\"\n[extensions.dpd]\ntcp = false\n{PLAIN}"
    ));
}

#[test]
fn what_a_connection_says_must_fit_its_version_and_the_tables() {
    for (lines, wanted) in [
        (
            "xbox = 2\n",
            "t.toml:6:8: xbox = 2 is no type of a negotiation; write 0 or 1",
        ),
        (
            "realm = \"\"\n",
            "t.toml:6:9: the realm is empty; write a realm",
        ),
        (
            "realm = \"hex:01\"\n",
            "t.toml:6:9: \"hex:01\" is no id of a realm; write \"hex:\" and 32 digits",
        ),
        (
            "version = \"ikev1\"\nrealm = \"game\"\n",
            "t.toml:7:9: connection \"a\": realm is for IKEv2; leave it out, or write version = \"ikev2\" or \"both\"",
        ),
    ] {
        let error = refused(&format!("{PLAIN}{lines}"));
        assert!(error.contains(wanted), "{error}\nexpected: {wanted}");
    }
    let error = refused(&format!(
        "[extensions.realm]\nenabled = false\n{PLAIN}realm = \"game\"\n"
    ));
    assert!(
        error
            .contains("has realm, and [extensions.realm] is off; switch it on, or leave realm out"),
        "{error}"
    );
}
