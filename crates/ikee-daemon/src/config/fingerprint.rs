//! Whether a connection is what it was before a reload.

use core::fmt::{self, Write as _};

use ikee::doi::HashId;
use ikee::ikev2::{Connection, LocalProof, RemoteProof};
use zeroize::Zeroizing;

use super::KernelSettings;

/// A digest of all that a connection is, secrets included. It never leaves the process.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Fingerprint([u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

impl Fingerprint {
    /// Of a connection without its handle: give it the same one each time.
    pub(crate) fn of(connection: &Connection, kernel: &[KernelSettings]) -> Self {
        let mut text = Zeroizing::new(String::new());
        // a String takes everything; every field is in here, of secrets their length
        write!(text, "{connection:?}{kernel:?}").unwrap_or_default();
        let mut parts: Vec<&[u8]> = vec![text.as_bytes()];
        match &connection.authentication.local {
            LocalProof::Psk(secret) => parts.push(secret.as_slice()),
            // a key is known by its certificate
            LocalProof::Certificate(credentials) => {
                let chains = credentials.iter().flat_map(|it| &it.chain);
                parts.extend(chains.map(Vec::as_slice));
            }
            _ => {}
        }
        for proof in &connection.authentication.remote {
            if let RemoteProof::Psk(secret) = proof {
                parts.push(secret.as_slice());
            }
        }
        let mut digest = [0; 32];
        if let Some(hash) = ikee::rustcrypto::provider().hash(HashId::SHA2_256) {
            hash.digest(&parts, &mut digest);
        }
        Self(digest)
    }
}
