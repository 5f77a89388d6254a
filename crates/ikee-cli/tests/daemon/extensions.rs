//! Extensions as an operator meets them: switched on in the file, shown by `status`, told in the log.

use super::{Daemon, Place, SECRET, configuration, text};

/// Two daemons with these sections, and these keys in their connections.
fn pair(test: &str, sections: [&str; 2], keys: [&str; 2], more: &str) -> [Daemon; 2] {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let secret = format!("psk = \"{SECRET}\"\n");
    let own = |text: String, section: &str, keys: &str| {
        text.replace("[extensions.fragmentation-v2]\n", section)
            .replace(&secret, &format!("{secret}{keys}"))
    };
    let left = configuration(a, b, ["a.example", "b.example"], SECRET);
    let right = configuration(b, a, ["b.example", "a.example"], SECRET);
    let another = left.split("[connections.peer]").nth(1).unwrap_or_default();
    let another = another.replace("connections.peer", "connections.proof");
    let another = match more {
        "" => String::new(),
        more => format!(
            "[connections.proof]{}",
            another.replace(&secret, &format!("{secret}{}{more}", keys[0]))
        ),
    };
    let left = own(left, sections[0], keys[0]) + &another;
    [
        Daemon::start(test, "a", &left),
        Daemon::start(test, "b", &own(right, sections[1], keys[1])),
    ]
}

fn up(daemon: &Daemon, name: &str) -> String {
    let up = daemon.control(&["up", name]);
    assert_eq!(
        up.status.code(),
        Some(0),
        "{}\n{}",
        text(&up.stderr),
        daemon.log()
    );
    text(&up.stdout)
}

/// [MS-IKEE] §3.14, §3.16, note 6: what each has learned stands with the SA, in text and for machines, and in the log.
#[test]
fn what_extensions_have_learned_is_shown() {
    let [a, b] = pair(
        "learned",
        [
            "[extensions.pcscf]\n[extensions.status]\nrelease = 9\n",
            "[extensions.pcscf]\naddresses = [\"10.0.0.2\", \"fd00::2\"]\n[extensions.status]\n",
        ],
        ["realm = \"game\"\nxbox = 1\n", "realm = \"game\"\n"],
        "",
    );
    up(&a, "peer");
    a.logs("pcscf: the P-CSCFs are 10.0.0.2, fd00::2");
    let told = a.status()["sas"][0]["extensions"].clone();
    assert_eq!(told["pcscf"], "the P-CSCFs are 10.0.0.2, fd00::2", "{told}");
    assert_eq!(told["fragmentation-v2"], "both sides have it");
    assert_eq!(told["xbox"], "a negotiation of type 1");
    let table = text(&a.control(&["status"]).stdout);
    assert!(table.contains("  P-CSCF    10.0.0.2, fd00::2\n"), "{table}");
    let told = b.status()["sas"][0]["extensions"].clone();
    let realm = told["realm"].as_str().unwrap_or_default();
    assert!(realm.starts_with("the peer is a member of "), "{told}");
    assert_eq!(
        told["status"],
        "the peer is Windows 8, Windows Server 2012 or later"
    );
}

/// [MS-IKEE] §3.10: a connection that proves who the peer of another one is, and its answer.
#[test]
fn an_operator_has_two_sas_correlated() {
    let suite = "proposals = [\"aes256-sha256-ecp256\"]\n";
    let section = "[extensions.correlation]\n";
    let keys = [suite, suite];
    let [a, b] = pair(
        "correlated",
        [section; 2],
        keys,
        "correlate_with = \"peer\"\n",
    );
    let early = a.control(&["up", "proof"]);
    assert_ne!(early.status.code(), Some(0));
    let why = text(&early.stderr);
    assert!(
        why.contains("peer is not up, and this is about its SA; run `ikee up peer` first"),
        "{why}"
    );
    up(&a, "peer");
    let said = up(&a, "proof");
    assert!(
        said.starts_with("proof has proved that both SAs have the same peer"),
        "{said}"
    );
    b.logs("correlation: both SAs have the same peer");
    for daemon in [&a, &b] {
        let status = daemon.status();
        assert_eq!(status["sas"].as_array().map(Vec::len), Some(1), "{status}");
        assert_eq!(
            status["sas"][0]["extensions"]["correlation"],
            "has the peer of an SA that is gone"
        );
    }
    assert!(!a.log().contains("no IKE SA with"), "{}", a.log());
}

/// [MS-IKEE] §3.10: a peer without the extension makes an ordinary SA of it, and that is said.
#[test]
fn a_proof_that_nobody_takes_is_said_to_be_none() {
    let suite = "proposals = [\"aes256-sha256-ecp256\"]\n";
    let sections = ["[extensions.correlation]\n", ""];
    let [a, _b] = pair(
        "ignored",
        sections,
        [suite; 2],
        "correlate_with = \"peer\"\n",
    );
    up(&a, "peer");
    let proof = a.control(&["up", "proof"]);
    assert_ne!(proof.status.code(), Some(0));
    let why = text(&proof.stderr);
    assert!(
        why.contains("the peer does not know IKE SA correlation"),
        "{why}"
    );
}
