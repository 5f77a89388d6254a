//! Whether a connection is what it was before a reload.

use core::fmt::{self, Write as _};

use ikee::doi::HashId;
use ikee::ikev1::{self, Proof, Xauth};
use ikee::ikev2::{self, LocalProof, RemoteProof};
use zeroize::Zeroizing;

use super::{KernelSettings, Special};

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
    pub(crate) fn of(
        v1: Option<&ikev1::Connection>,
        v2: Option<&ikev2::Connection>,
        (kernel, special, gives): (&[KernelSettings], &Special, &Option<ikev2::Addressing>),
    ) -> Self {
        let mut text = Zeroizing::new(String::new());
        // a String takes everything; every field is in here, of secrets their length
        write!(text, "{v1:?}{v2:?}{kernel:?}{special:?}{gives:?}").unwrap_or_default();
        let mut parts: Vec<&[u8]> = vec![text.as_bytes()];
        if let Some(connection) = v1 {
            secrets_v1(&connection.authentication, &mut parts);
        }
        if let Some(connection) = v2 {
            secrets_v2(&connection.authentication, &mut parts);
        }
        let mut digest = [0; 32];
        if let Some(hash) = ikee::rustcrypto::provider().hash(HashId::SHA2_256) {
            hash.digest(&parts, &mut digest);
        }
        Self(digest)
    }
}

fn secrets_v2<'a>(authentication: &'a ikev2::Authentication, parts: &mut Vec<&'a [u8]>) {
    match &authentication.local {
        LocalProof::Psk(secret) => parts.push(secret.as_slice()),
        // a key is known by its certificate
        LocalProof::Certificate(credentials) => {
            let chains = credentials.iter().flat_map(|it| &it.chain);
            parts.extend(chains.map(Vec::as_slice));
        }
        _ => {}
    }
    for proof in &authentication.remote {
        if let RemoteProof::Psk(secret) = proof {
            parts.push(secret.as_slice());
        }
    }
}

fn secrets_v1<'a>(authentication: &'a ikev1::Authentication, parts: &mut Vec<&'a [u8]>) {
    match &authentication.proof {
        Proof::Psk(secret) => parts.push(secret.as_slice()),
        Proof::Signature { credential, .. } | Proof::HybridServer(credential) => {
            parts.extend(credential.chain.iter().map(Vec::as_slice));
        }
        _ => {}
    }
    match &authentication.xauth {
        Some(Xauth::Client(user)) => parts.push(user.password.as_slice()),
        Some(Xauth::Server(users)) => {
            parts.extend(users.iter().map(|user| user.password.as_slice()));
        }
        None => {}
    }
}
