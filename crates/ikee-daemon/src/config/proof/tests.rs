use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ikee::ikev2::{LocalProof, RemoteProof};

use super::SHA1;
use crate::config::{Settings, parse};

/// A folder with the fixtures, their keys for nobody else.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ikee-proof-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pki");
    for file in ["ca.pem", "gw.pem", "gw.key", "other.key", "revoked.crl"] {
        fs::copy(fixtures.join(file), folder.join(file)).unwrap();
        fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    folder
}

const BOTH: &str = r#"[connections.a]
local_id = "gw.example"
remote_id = "b.example"
auth.certificate = "gw.pem"
auth.key = "gw.key"
auth.authorities = ["ca.pem"]
"#;

fn read(folder: &Path, text: &str) -> Result<Settings, String> {
    parse(&folder.join("t.toml"), text).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(folder: &Path, text: &str, place: &str, says: &str) {
    let error = read(folder, text).unwrap_err();
    assert!(error.contains(&format!("t.toml:{place}:")), "{error}");
    assert!(error.contains(says), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn certificates_arrive_with_their_key_and_their_authorities() {
    let folder = folder("arrive");
    let text = BOTH.to_owned() + "auth.crls = [\"revoked.crl\"]\nauth.sha1 = true\n";
    let settings = read(&folder, &text).unwrap();
    let authentication = &settings.endpoint.connections[0].authentication;
    let LocalProof::Certificate(credentials) = &authentication.local else {
        panic!("{authentication:?}");
    };
    assert_eq!(credentials[0].chain.len(), 1);
    assert_eq!(credentials[0].authorities.len(), 1);
    let [RemoteProof::Signature(trust)] = &authentication.remote[..] else {
        panic!("{authentication:?}");
    };
    assert_eq!(trust.authorities, credentials[0].authorities);
    assert!(trust.schemes.contains(&SHA1));
    assert!(!settings.trust.is_empty());
    assert_eq!(settings.warnings, [""; 0]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn without_a_local_id_the_subject_of_the_certificate_is_ours() {
    let folder = folder("subject");
    let text = BOTH.replace("local_id = \"gw.example\"\n", "");
    let settings = read(&folder, &text).unwrap();
    let id = &settings.endpoint.connections[0].authentication.local_id;
    assert_eq!(id.kind, super::IdType::DER_ASN1_DN);
    assert_eq!(settings.warnings, [""; 0]);
    let other = BOTH.replace("\"gw.example\"", "\"other.example\"");
    let warnings = read(&folder, &other).unwrap().warnings;
    assert!(warnings[0].contains("'gw.example'"), "{warnings:?}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn each_side_has_its_own_methods() {
    let folder = folder("sides");
    let text =
        BOTH.to_owned() + "psk = \"x\"\nauth.local = \"cert\"\nauth.remote = [\"psk\", \"cert\"]\n";
    let settings = read(&folder, &text).unwrap();
    let remote = &settings.endpoint.connections[0].authentication.remote;
    assert_eq!(remote.len(), 2, "{remote:?}");
    let psk = "[connections.a]\nlocal_id = \"a\"\nremote_id = \"b\"\npsk = \"x\"\n";
    let settings = read(
        &folder,
        &(psk.to_owned() + "auth.local = \"null\"\nauth.remote = [\"psk\"]\n"),
    );
    let authentication = settings
        .unwrap()
        .endpoint
        .connections
        .remove(0)
        .authentication;
    assert!(matches!(authentication.local, LocalProof::Null));
    fs::remove_dir_all(folder).unwrap();
}

/// RFC 7619: nobody comes in without a proof unless the file says so in as many words.
#[test]
fn null_is_only_taken_when_asked_for() {
    let folder = folder("null");
    let text = "[connections.a]\nlocal_id = \"a\"\nremote_id = \"any\"\nauth.local = \"null\"\n";
    refused(&folder, text, "1:14", "has no auth.remote");
    let both = text.to_owned() + "auth.remote = [\"null\"]\n";
    let settings = read(&folder, &both).unwrap();
    let remote = &settings.endpoint.connections[0].authentication.remote;
    assert!(matches!(remote[..], [RemoteProof::Null]));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_missing_or_useless_is_named_with_its_line() {
    let folder = folder("missing");
    let without = |key: &str| {
        let lines = BOTH.lines().filter(|line| !line.starts_with(key));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    for (text, place, says) in [
        (without("auth.key"), "1:14", "has no auth.key"),
        (without("auth.auth"), "1:14", "has no auth.authorities"),
        (without("auth.cert"), "1:14", "has no secret"),
        (
            without("auth.cert") + "psk = \"x\"\n",
            "4:12",
            "does not use its certificate and key",
        ),
        (
            BOTH.to_owned() + "psk = \"x\"\n",
            "4:20",
            "say which is ours",
        ),
        (
            BOTH.to_owned() + "psk = \"x\"\nauth.local = \"cert\"\n",
            "7:7",
            "does not use its psk",
        ),
        (
            BOTH.to_owned() + "auth.remote = [\"psk\"]\n",
            "6:20",
            "does not use its authorities",
        ),
        (
            BOTH.to_owned() + "auth.remote = []\n",
            "7:15",
            "takes no proof",
        ),
        (
            BOTH.to_owned() + "auth.local = \"magic\"\n",
            "7:14",
            "magic",
        ),
        (
            BOTH.to_owned() + "auth.purposes = [\"magic\"]\n",
            "7:18",
            "ipsecIKE",
        ),
    ] {
        refused(&folder, &text, place, says);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_that_do_not_fit_are_named_with_their_line() {
    let folder = folder("files");
    for (from, to, place, says) in [
        ("gw.pem", "absent.pem", "4:20", "cannot read it"),
        ("gw.pem", "gw.key", "4:20", "no certificate in it"),
        ("gw.key", "other.key", "5:12", "belongs to none"),
        ("gw.key", "ca.pem", "5:12", "no PEM private key"),
        ("\"ca.pem", "\"gw.pem", "6:21", "it is no CA certificate"),
        ("\"ca.pem", "\"revoked.crl", "6:21", "no certificate in it"),
    ] {
        refused(&folder, &BOTH.replace(from, to), place, says);
    }
    let crls = BOTH.to_owned() + "auth.crls = [\".\", \"ca.pem\"]\n";
    refused(&folder, &crls, "7:14", "no CRL in it");
    let key = folder.join("gw.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    refused(&folder, BOTH, "5:12", "run: chmod 600");
    fs::remove_dir_all(folder).unwrap();
}
