use core::fmt;

use ike_crypto::{Provider, SigningKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{Error as PemError, PemObject};
use zeroize::Zeroize;

use crate::certificate::Certificate;

/// Why octets are no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// PEM without a private key in it, or broken PEM.
    Pem,
    /// The key is under a password.
    Encrypted,
    /// Neither PKCS#8 nor SEC1 nor PKCS#1, or of a kind that the provider cannot sign with.
    Kind,
    /// No certificate of the chain has this key.
    NotInChain,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "no PEM private key in it",
            Self::Encrypted => {
                "the private key is under a password; take it off: openssl pkcs8 -in KEY -out NEW-KEY"
            }
            Self::Kind => {
                "not a private key of RSA, ECDSA (P-256, P-384, P-521) or Ed25519 in PKCS#8, SEC1 or PKCS#1"
            }
            Self::NotInChain => {
                "the private key belongs to none of the certificates; give the certificate that was issued for it"
            }
        })
    }
}

impl core::error::Error for KeyError {}

/// How PEM begins.
const PEM: &[u8] = b"-----BEGIN ";

pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(PEM.len()).any(|window| window == PEM)
}

/// Reads a private key from the content of a file: PEM or DER; PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017).
/// Copies made on the way are zeroized.
///
/// # Errors
///
/// When there is none that `provider` can sign with.
pub fn private_key(bytes: &[u8], provider: &Provider) -> Result<Box<dyn SigningKey>, KeyError> {
    if !is_pem(bytes) {
        return provider.load_key(bytes).map_err(|_| KeyError::Kind);
    }
    let mut key = PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        PemError::NoItemsFound if is_encrypted(bytes) => KeyError::Encrypted,
        _ => KeyError::Pem,
    })?;
    let loaded = provider.load_key(key.secret_der());
    key.zeroize();
    loaded.map_err(|_| KeyError::Kind)
}

fn is_encrypted(bytes: &[u8]) -> bool {
    const WORD: &[u8] = b"ENCRYPTED";
    bytes.windows(WORD.len()).any(|window| window == WORD)
}

/// The certificates to send for a key, its own first, each followed by its issuer as far as they are there, without the
/// root, which the peer must have anyway (RFC 7296 §3.6).
///
/// # Errors
///
/// When none of the certificates has that key.
pub fn own_chain(
    certificates: &[Certificate],
    key: &dyn SigningKey,
) -> Result<Vec<Certificate>, KeyError> {
    let own = certificates
        .iter()
        .find(|it| it.public_key() == key.public_key() && !it.is_authority())
        .or_else(|| {
            certificates
                .iter()
                .find(|it| it.public_key() == key.public_key())
        })
        .ok_or(KeyError::NotInChain)?;
    let mut chain = vec![own.clone()];
    let mut current = own;
    while !current.is_self_issued() && chain.len() < certificates.len() {
        let above = certificates
            .iter()
            .find(|it| it.subject_der() == current.issuer_der() && !it.is_self_issued());
        match above {
            Some(above) if !chain.contains(above) => {
                chain.push(above.clone());
                current = above;
            }
            _ => break,
        }
    }
    Ok(chain)
}
