//! Whose certificates each connection takes: the stores that verify them, kept in step with their files.

use core::fmt::Write as _;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ikee::crypto::Provider;
use ikee::doi::Identity;
use ikee::x509::{self, Certificate, Policy, Presented, Refusal, Store, VerifiedKey};

/// How often files are looked at.
pub const LOOK: Duration = Duration::from_secs(60);
/// A certificate of ours whose validity ends sooner is worth a warning.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// How often that warning is repeated.
const REPEAT: Duration = Duration::from_secs(86_400);

/// Where a connection's authorities and revocation lists are: files and folders.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these are all the files there are"
)]
pub struct Files {
    /// Certificates of CAs.
    pub authorities: Vec<PathBuf>,
    /// Revocation lists.
    pub crls: Vec<PathBuf>,
}

/// What verifies the certificates of peers, by connection.
#[derive(Debug, Default)]
pub struct Trust {
    entries: Vec<Entry>,
    own: Vec<Own>,
    /// When the last warning of expiry was.
    warned: Option<Duration>,
}

#[derive(Debug)]
struct Entry {
    connection: String,
    files: Files,
    checks: Policy,
    store: Store,
    seen: Vec<Seen>,
}

/// A certificate of ours.
#[derive(Debug)]
struct Own {
    connection: String,
    certificate: Certificate,
}

/// A file as it was when it was read: name, time of change, length.
type Seen = (PathBuf, Option<SystemTime>, u64);

impl Trust {
    /// Verifies the peers of a connection with `store`, which was read from `files`.
    ///
    /// Once for each connection: what is added again changes nothing.
    pub fn add(&mut self, connection: &str, files: Files, checks: Policy, store: Store) {
        if self.entries.iter().any(|it| it.connection == connection) {
            return;
        }
        self.entries.push(Entry {
            connection: connection.to_owned(),
            seen: look(&files),
            files,
            checks,
            store,
        });
    }

    /// Watches the validity of a certificate that a connection shows.
    pub fn note_own(&mut self, connection: &str, certificate: &Certificate) {
        if self.own.iter().any(|it| it.connection == connection) {
            return;
        }
        self.own.push(Own {
            connection: connection.to_owned(),
            certificate: certificate.clone(),
        });
    }

    /// Whether nothing needs to be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.own.is_empty()
    }

    /// The key of a connection's peer, verified at `now` (since 1970).
    ///
    /// # Errors
    ///
    /// Why its certificate is not taken.
    pub fn verify(
        &self,
        connection: &str,
        presented: Presented<'_>,
        identity: &Identity,
        now: Duration,
    ) -> Result<VerifiedKey, Refusal> {
        if let Some(entry) = self.entries.iter().find(|it| it.connection == connection) {
            let store = &entry.store;
            return store.verify(presented, identity, now, &entry.checks);
        }
        // the core asks for connections with authorities only; an empty store trusts nobody
        let nobody = Store::new(ikee::rustcrypto::provider());
        nobody.verify(presented, identity, now, &Policy::default())
    }

    /// Reads again what has changed on disk, and warns once a day of certificates that expire soon. A file that has become
    /// unreadable leaves what was read before in force.
    pub fn refresh(&mut self, provider: &'static Provider, now: Duration) {
        for entry in &mut self.entries {
            let seen = look(&entry.files);
            if seen == entry.seen {
                continue;
            }
            entry.seen = seen;
            match read(&entry.files, provider) {
                Ok(store) => {
                    tracing::info!(
                        "connection {}: certificates or CRLs have changed: {} authorities, {} CRLs",
                        entry.connection,
                        store.authorities().len(),
                        store.crls().len(),
                    );
                    entry.store = store;
                }
                Err(error) => tracing::error!(
                    "connection {}: {error}; what was read before stays in force",
                    entry.connection
                ),
            }
        }
        if self
            .warned
            .is_none_or(|at| now.saturating_sub(at) >= REPEAT)
        {
            self.warned = Some(now);
            for line in self.warnings(now) {
                tracing::warn!("{line}");
            }
        }
    }

    /// What is wrong, or soon will be, with certificates and CRLs in use, one line each.
    #[must_use]
    pub fn warnings(&self, now: Duration) -> Vec<String> {
        let own = self
            .own
            .iter()
            .filter_map(|it| expiry("our", &it.connection, &it.certificate, now));
        let others = self.entries.iter().flat_map(|entry| {
            let authorities = entry.store.authorities().iter();
            let expiring =
                authorities.filter_map(|it| expiry("the authority's", &entry.connection, it, now));
            let stale = entry
                .store
                .crls()
                .iter()
                .filter(|it| it.next_update() < now);
            let stale = stale.map(|crl| {
                format!(
                    "connection {}: the CRL of '{}' is out of date; fetch the new one",
                    entry.connection,
                    crl.issuer()
                )
            });
            expiring.chain(stale).collect::<Vec<_>>()
        });
        own.chain(others).collect()
    }
}

/// What to say of the end of a certificate's validity.
fn expiry(
    whose: &str,
    connection: &str,
    certificate: &Certificate,
    now: Duration,
) -> Option<String> {
    let left = certificate.not_after().saturating_sub(now);
    let mut line = format!(
        "connection {connection}: {whose} certificate '{}' ",
        certificate.subject()
    );
    let days = left.as_secs() / 86_400;
    let written = if left.is_zero() {
        write!(line, "has expired; renew it")
    } else if now < certificate.not_before() {
        write!(line, "is not valid yet; look at the clock of this host")
    } else if left < SOON {
        write!(line, "expires in {days} days; renew it")
    } else {
        return None;
    };
    written.ok().map(|()| line)
}

fn read(files: &Files, provider: &'static Provider) -> Result<Store, String> {
    let mut store = Store::new(provider);
    for path in &files.authorities {
        for certificate in x509::certificates(path).map_err(|error| error.to_string())? {
            store
                .add_authority(certificate)
                .map_err(|refusal| format!("{}: {refusal}", path.display()))?;
        }
    }
    for path in &files.crls {
        for crl in x509::crls(path).map_err(|error| error.to_string())? {
            store.add_crl(crl);
        }
    }
    Ok(store)
}

/// The files behind paths, a folder's one level deep, as they are now.
fn look(files: &Files) -> Vec<Seen> {
    let mut all = Vec::new();
    for path in files.authorities.iter().chain(&files.crls) {
        all.push(stamp(path));
        if let Ok(entries) = fs::read_dir(path) {
            let mut inside: Vec<Seen> = entries
                .flatten()
                .map(|entry| stamp(&entry.path()))
                .collect();
            inside.sort();
            all.extend(inside);
        }
    }
    all
}

fn stamp(path: &Path) -> Seen {
    let metadata = fs::metadata(path).ok();
    (
        path.to_owned(),
        metadata.as_ref().and_then(|it| it.modified().ok()),
        metadata.map_or(0, |it| it.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ikee::x509::Reason;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/pki")
            .join(name)
    }

    /// 2026-12-01.
    const NOW: Duration = Duration::from_secs(1_796_083_200);

    fn verify(trust: &Trust) -> Result<VerifiedKey, Refusal> {
        let own = x509::certificates(&fixture("gw.pem")).unwrap();
        let chain = [own[0].der().to_vec()];
        let presented = Presented {
            chain: &chain,
            crls: &[],
        };
        trust.verify("a", presented, &Identity::fqdn("gw.example"), NOW)
    }

    #[test]
    fn a_list_that_appears_on_disk_counts_from_the_next_look_on() {
        let folder = std::env::temp_dir().join(format!("ikee-trust-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let files = Files {
            authorities: vec![fixture("ca.pem")],
            crls: vec![folder.clone()],
        };
        let provider = ikee::rustcrypto::provider();
        let mut trust = Trust::default();
        let store = read(&files, provider).unwrap();
        trust.add("a", files, Policy::default(), store);
        assert!(verify(&trust).is_ok());
        fs::copy(fixture("revoked.crl"), folder.join("new.crl")).unwrap();
        assert!(verify(&trust).is_ok());
        trust.refresh(provider, NOW);
        assert_eq!(verify(&trust).unwrap_err().reason, Reason::Revoked);
        // what has become unreadable leaves in force what was there
        fs::write(folder.join("new.crl"), "garbage").unwrap();
        trust.refresh(provider, NOW);
        assert_eq!(verify(&trust).unwrap_err().reason, Reason::Revoked);
        fs::remove_file(folder.join("new.crl")).unwrap();
        trust.refresh(provider, NOW);
        assert!(verify(&trust).is_ok());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_connection_without_authorities_trusts_nobody() {
        let refusal = verify(&Trust::default()).unwrap_err();
        assert_eq!(refusal.reason, Reason::UnknownAuthority);
    }

    #[test]
    fn certificates_that_expire_soon_are_worth_a_warning() {
        let own = x509::certificates(&fixture("gw.pem")).unwrap();
        let mut trust = Trust::default();
        trust.note_own("a", &own[0]);
        assert_eq!(trust.warnings(NOW), [""; 0]);
        let end = own[0].not_after();
        let soon = trust.warnings(end - Duration::from_secs(10 * 86_400));
        assert_eq!(
            soon,
            ["connection a: our certificate 'O=Lab, CN=gw.example' expires in 10 days; renew it"]
        );
        let over = trust.warnings(end + Duration::from_secs(1));
        assert!(over[0].ends_with("has expired; renew it"), "{over:?}");
    }
}
