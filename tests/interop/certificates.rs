//! Certificates: chains, signatures of every kind, and messages that need fragments because of them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// A file of the lab's authority.
fn pki(lab: &Lab, file: &str) -> PathBuf {
    lab.run.join("pki").join(file)
}

/// An authority's certificate.
pub(crate) fn authority(lab: &Lab, name: &str) -> PathBuf {
    if !pki(lab, "done").exists() {
        lab.script("pki-make.sh", &[], &[]);
    }
    pki(lab, &format!("{name}.pem"))
}

/// Our side of a connection with certificates: that of `name`, and trust in `authority`.
pub(crate) fn with_certificate(
    lab: &Lab,
    mut config: Config,
    (name, root): (&str, &str),
) -> Config {
    let authority = authority(lab, root);
    let host = config.local_id.trim_end_matches(".lab").to_owned();
    let key = pki(lab, &format!("{name}-{host}.key.pem"));
    let status = Command::new("chmod").arg("600").arg(&key).status();
    assert!(status.is_ok_and(|it| it.success()), "chmod");
    config.psk.clear();
    config.connection += &format!(
        "auth.certificate = {:?}\nauth.key = {key:?}\nauth.authorities = [{:?}]\n",
        pki(lab, &format!("{name}-{host}.pem")),
        authority,
    );
    config
}

/// One scenario of the lab, we on one side: both SAs stand, packets pass, and strongSwan has seen `ours` as our proof.
struct Case {
    scenario: &'static str,
    certificates: (&'static str, &'static str),
    /// Further keys of the connection.
    keys: &'static str,
    /// What strongSwan says of our signature.
    ours: &'static str,
}

const SHA1: &str = "auth.sha1 = true\n";

const RSA: Case = Case {
    scenario: "v2-rsa",
    certificates: ("rsa", "rsa-ca"),
    keys: "",
    ours: "RSA_EMSA_PKCS1_SHA2_256 successful",
};
const RSA_SHA1: Case = Case {
    scenario: "v2-rsa-sha1",
    certificates: ("rsa", "rsa-ca"),
    keys: SHA1,
    ours: "RSA signature successful",
};
const ECDSA: Case = Case {
    scenario: "v2-ecdsa",
    certificates: ("ec", "ec-ca"),
    keys: "",
    ours: "ECDSA_WITH_SHA256_DER successful",
};
const ECDSA_9: Case = Case {
    scenario: "v2-ecdsa-9",
    certificates: ("ec", "ec-ca"),
    keys: "",
    ours: "ECDSA-256 signature successful",
};
const BIG: Case = Case {
    scenario: "v2-frag",
    certificates: ("big", "rsa-ca"),
    keys: "",
    ours: "successful",
};

fn initiates(case: &Case) {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, case.scenario, Host::B, Family::V4, &[]);
    initiates_to(&lab, &peer, case);
}

fn initiates_to(lab: &Lab, peer: &Peer<'_>, case: &Case) {
    let mut config = with_certificate(lab, Config::initiator(Family::V4), case.certificates);
    config.connection += case.keys;
    config.sections = "[extensions.fragmentation-v2]".into();
    let ikee = Ikee::start(lab, &config);
    ikee.up();
    peer.assert_up();
    peer.assert_logged("authentication of 'a.lab' with ");
    peer.assert_logged(case.ours);
    lab.assert_pings();
    assert_eq!(ikee.sa()["remote_id"], "b.lab");
    assert!(
        ikee.log().contains("the peer's certificate"),
        "{}",
        ikee.log()
    );
    ikee.stop();
}

fn responds(case: &Case) {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, case.scenario, Host::A, Family::V4, &[]);
    responds_to(&lab, &peer, case);
}

fn responds_to(lab: &Lab, peer: &Peer<'_>, case: &Case) {
    let mut config = with_certificate(lab, Config::responder(), case.certificates);
    config.connection += case.keys;
    config.sections = "[extensions.fragmentation-v2]".into();
    let ikee = Ikee::start(lab, &config);
    peer.up();
    peer.assert_logged("authentication of 'b.lab' with ");
    peer.assert_logged(case.ours);
    lab.assert_pings();
    assert_eq!(ikee.sa()["remote_id"], "a.lab");
    ikee.stop();
}

#[test]
fn rsa_by_rfc_7427_in_both_roles() {
    initiates(&RSA);
    responds(&RSA);
}

/// RFC 7296 §2.15: method 1, as peers without RFC 7427 have it.
#[test]
fn rsa_with_sha_1_in_both_roles() {
    initiates(&RSA_SHA1);
    responds(&RSA_SHA1);
}

#[test]
fn ecdsa_by_rfc_7427_in_both_roles() {
    initiates(&ECDSA);
    responds(&ECDSA);
}

/// RFC 4754: method 9.
#[test]
fn ecdsa_by_rfc_4754_in_both_roles() {
    initiates(&ECDSA_9);
    responds(&ECDSA_9);
}

/// Certificates of 4 KB pass although every IP fragment is lost: RFC 7383.
#[test]
fn large_certificates_pass_where_ip_fragments_do_not() {
    for respond in [false, true] {
        let Some(lab) = Lab::two() else { return };
        let host = if respond { Host::A } else { Host::B };
        let peer = Peer::start(&lab, BIG.scenario, host, Family::V4, &[]);
        lab.script("impair.sh", &["nofrag"], &[]);
        if respond {
            responds_to(&lab, &peer, &BIG);
        } else {
            initiates_to(&lab, &peer, &BIG);
        }
        peer.assert_logged("EF(");
    }
}

/// Without fragments of ours the same certificates do not arrive: the wire really loses IP fragments.
#[test]
fn large_certificates_do_not_pass_without_ike_fragments() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, BIG.scenario, Host::B, Family::V4, &[]);
    lab.script("impair.sh", &["nofrag"], &[]);
    let mut config = with_certificate(&lab, Config::initiator(Family::V4), BIG.certificates);
    config.sections = "[extensions.fragmentation-v2]\nenabled = false".into();
    config.connection += "retransmit = { first = \"300ms\", longest = \"1s\", tries = 2 }\n";
    let ikee = Ikee::start(&lab, &config);
    ikee.up_fails();
    ikee.stop();
}

/// RFC 8420. The lab has no such keys: we make them and put them in the place of its ECDSA ones.
#[test]
fn ed25519_in_both_roles() {
    const CASE: Case = Case {
        scenario: "v2-ecdsa",
        certificates: ("ed", "ed-ca"),
        keys: "",
        ours: "ED25519 successful",
    };
    for respond in [false, true] {
        let Some(lab) = Lab::two() else { return };
        let host = if respond { Host::A } else { Host::B };
        let peer = Peer::start(&lab, CASE.scenario, host, Family::V4, &[]);
        make_ed25519(&lab);
        let swanctl = lab.run.join(format!("ss-{}", host.name())).join("swanctl");
        for (file, place) in [
            ("ca".to_owned(), "x509ca/ec-ca.pem".to_owned()),
            (
                host.name().to_owned(),
                format!("x509/ec-{}.pem", host.name()),
            ),
            (
                format!("{}.key", host.name()),
                format!("private/ec-{}.key.pem", host.name()),
            ),
        ] {
            let from = pki(&lab, &format!("ed-{file}.pem"));
            fs::copy(&from, swanctl.join(place)).expect("a copy");
        }
        lab.script("strongswan-ctl.sh", &[host.name(), "load"], &[]);
        if respond {
            responds_to(&lab, &peer, &CASE);
        } else {
            initiates_to(&lab, &peer, &CASE);
        }
    }
}

/// `ed-ca.pem`, `ed-a.pem`, `ed-a.key.pem`, … with openssl.
fn make_ed25519(lab: &Lab) {
    const MAKE: &str = r#"
set -e
openssl genpkey -algorithm ed25519 -out ed-ca.key.pem
openssl req -x509 -new -key ed-ca.key.pem -subj "/CN=IKE lab ed-ca" -days 30 -out ed-ca.pem \
    -addext keyUsage=critical,keyCertSign,cRLSign
for host in a b; do
    openssl genpkey -algorithm ed25519 -out ed-$host.key.pem
    openssl req -new -key ed-$host.key.pem -subj "/O=IKE lab/CN=$host.lab" -out ed-$host.csr
    printf 'subjectAltName=DNS:%s.lab\nkeyUsage=digitalSignature\n' $host > ed-$host.ext
    openssl x509 -req -in ed-$host.csr -CA ed-ca.pem -CAkey ed-ca.key.pem -CAcreateserial -days 30 \
        -extfile ed-$host.ext -out ed-$host.pem
done
"#;
    let output = Command::new("bash")
        .args(["-c", MAKE])
        .current_dir(lab.run.join("pki"))
        .output()
        .expect("bash");
    assert!(
        output.status.success(),
        "{}",
        crate::lab::text(&output.stderr)
    );
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_with_the_reason() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, "v2-rsa", Host::B, Family::V4, &[]);
    let mut config = with_certificate(&lab, Config::initiator(Family::V4), ("rsa", "rsa-ca"));
    config.connection = config.connection.replace("rsa-ca.pem", "ec-ca.pem");
    let ikee = Ikee::start(&lab, &config);
    let said = ikee.up_fails();
    assert!(
        said.contains("not among the configured authorities"),
        "{said}"
    );
    assert!(said.contains("CN=IKE lab rsa-ca"), "{said}");
    ikee.stop();
}

#[test]
fn a_revoked_certificate_is_refused() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-rsa", Host::A, Family::V4, &[]);
    let mut config = with_certificate(&lab, Config::responder(), ("rsa", "rsa-ca"));
    let crl = pki(&lab, "revoked.crl");
    let output = Command::new("pki")
        .env("STRONGSWAN_CONF", pki(&lab, "strongswan.conf"))
        .args([
            "--signcrl",
            "--cacert",
            "rsa-ca.pem",
            "--cakey",
            "rsa-ca.key.pem",
        ])
        .args(["--cert", "rsa-a.pem", "--reason", "key-compromise"])
        .current_dir(lab.run.join("pki"))
        .output()
        .expect("pki");
    assert!(
        output.status.success(),
        "{}",
        crate::lab::text(&output.stderr)
    );
    fs::write(&crl, output.stdout).expect("the CRL");
    config.connection += &format!("auth.crls = [{crl:?}]\n");
    let ikee = Ikee::start(&lab, &config);
    peer.up_fails();
    assert!(ikee.log().contains("has revoked it"), "{}", ikee.log());
    peer.assert_logged("AUTH_FAILED");
    ikee.stop();
}
