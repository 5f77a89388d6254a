//! How both sides prove who they are, as an operator says it (RFC 7296 §2.15).

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_crypto::{SecretVec, SignatureScheme, SigningKey};
use ipsec_doi::auth_method::Proof;
use ipsec_doi::{HashId, Identity};
use isakmp_wire::v2::AuthMethod;

/// The SHA-1 hash of an authority's SubjectPublicKeyInfo, as CERTREQ has it (RFC 7296 §3.7).
pub type AuthorityHash = [u8; 20];

/// Identities and the proofs for them. The two sides may differ in kind (RFC 7296 §2.15).
#[derive(Debug)]
#[non_exhaustive]
pub struct Authentication {
    /// Who we are.
    pub local_id: Identity,
    /// Who the peer must be; `None` accepts any identity that proves itself.
    pub remote_id: Option<Identity>,
    /// How we prove it.
    pub local: LocalProof,
    /// The proofs that we take from the peer, any of them; none is ever taken that is not here.
    /// Several shared keys may be there, as when one replaces another; of several [`Trust`]s the first
    /// counts.
    pub remote: Vec<RemoteProof>,
}

impl Authentication {
    /// Each side with its own kind of proof.
    #[must_use]
    pub const fn new(
        local_id: Identity,
        remote_id: Option<Identity>,
        local: LocalProof,
        remote: Vec<RemoteProof>,
    ) -> Self {
        Self {
            local_id,
            remote_id,
            local,
            remote,
        }
    }

    /// Both sides prove knowledge of one shared key.
    #[must_use]
    pub fn psk(local_id: Identity, remote_id: Option<Identity>, psk: SecretVec) -> Self {
        let theirs = SecretVec::from(psk.as_slice());
        let remote = Vec::from([RemoteProof::Psk(theirs)]);
        Self::new(local_id, remote_id, LocalProof::Psk(psk), remote)
    }

    /// Whose signatures by this method are taken.
    pub(crate) fn trust(&self, method: AuthMethod) -> Option<&Trust> {
        match self.remote.iter().find(|it| it.is_for(method)) {
            Some(RemoteProof::Signature(trust)) => Some(trust),
            Some(RemoteProof::Psk(_) | RemoteProof::Null) | None => None,
        }
    }
}

/// How we prove who we are.
#[derive(Debug)]
#[non_exhaustive]
pub enum LocalProof {
    /// By a shared key, octets as typed (RFC 7296 §2.15).
    Psk(SecretVec),
    /// By a signature with one of these keys, best first: the first whose authorities are among
    /// those that the peer asks for, else the first of all.
    Certificate(Vec<Credential>),
    /// Not at all (RFC 7619).
    Null,
}

/// A proof that we take from a peer.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoteProof {
    /// Knowledge of this key, octets as typed (RFC 7296 §2.15).
    Psk(SecretVec),
    /// A signature by a key that the application vouches for, see
    /// [`Event::PeerCertificates`](crate::Event::PeerCertificates).
    Signature(Trust),
    /// None: the peer stays unknown, whoever it says it is (RFC 7619).
    Null,
}

impl RemoteProof {
    /// Whether an AUTH payload of this method may be such a proof (RFC 7296 §3.8).
    pub(crate) const fn is_for(&self, method: AuthMethod) -> bool {
        match self {
            Self::Psk(_) => matches!(method, AuthMethod::SHARED_KEY),
            Self::Null => matches!(method, AuthMethod::NULL),
            Self::Signature(_) => matches!(
                method,
                AuthMethod::RSA
                    | AuthMethod::ECDSA_256
                    | AuthMethod::ECDSA_384
                    | AuthMethod::ECDSA_521
                    | AuthMethod::DIGITAL_SIGNATURE
            ),
        }
    }

    /// The shared key, if it is one.
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        match self {
            Self::Psk(psk) => Some(psk.as_slice()),
            Self::Signature(_) | Self::Null => None,
        }
    }

    /// Which kind of proof it is.
    pub(crate) const fn kind(&self) -> Proof {
        match self {
            Self::Psk(_) => Proof::SharedKey,
            Self::Signature(_) => Proof::Signature,
            Self::Null => Proof::Null,
        }
    }
}

/// A private key of ours, and the certificates that speak for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Credential {
    /// X.509 certificates in DER, the key's own first, then its issuers as far as the peer may lack
    /// them. Empty when the peer knows our key.
    pub chain: Vec<Vec<u8>>,
    /// The key.
    pub key: Box<dyn SigningKey>,
    /// The schemes that we sign with, best first. The first one that the peer understands is taken
    /// (RFC 7427 §4); what is not here is never used.
    pub schemes: Vec<SignatureScheme>,
    /// The authorities above the chain, to pick this credential by the peer's CERTREQ. Empty: it
    /// suits every request.
    pub authorities: Vec<AuthorityHash>,
}

impl Credential {
    /// A credential that signs with all that its key can do, SHA-1 apart. PKCS #1 v1.5 comes before
    /// PSS: a peer announces hashes but not paddings, and more peers know the former.
    ///
    /// For peers without RFC 7427 an RSA key needs `SignatureScheme::RsaPkcs1(HashId::SHA1)` added
    /// to [`schemes`](Self::schemes).
    #[must_use]
    pub fn new(chain: Vec<Vec<u8>>, key: Box<dyn SigningKey>) -> Self {
        let able = key.schemes().iter().copied();
        let mut schemes: Vec<_> = able.filter(|it| SCHEMES.contains(it)).collect();
        schemes.sort_by_key(|it| matches!(it, SignatureScheme::RsaPss(_)));
        Self {
            chain,
            key,
            schemes,
            authorities: Vec::new(),
        }
    }
}

/// Whose signatures we take.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Trust {
    /// The authorities whose certificates we take, for CERTREQ and for
    /// [`PeerCertificates::authorities`](crate::PeerCertificates::authorities). Empty: nothing is
    /// asked for, and the application decides alone.
    pub authorities: Vec<AuthorityHash>,
    /// The schemes that we take, whose hashes we announce (RFC 7427 §4).
    pub schemes: Vec<SignatureScheme>,
}

impl Trust {
    /// Trust in certificates under these authorities, with every scheme but those on SHA-1.
    ///
    /// Peers without RFC 7427 sign with RSA and SHA-1: they need
    /// `SignatureScheme::RsaPkcs1(HashId::SHA1)` added to [`schemes`](Self::schemes).
    #[must_use]
    pub fn new(authorities: Vec<AuthorityHash>) -> Self {
        Self {
            authorities,
            schemes: Vec::from(SCHEMES),
        }
    }
}

/// What is used without being asked for.
const SCHEMES: [SignatureScheme; 13] = [
    SignatureScheme::Ed25519,
    SignatureScheme::EcdsaDer(HashId::SHA2_256),
    SignatureScheme::EcdsaDer(HashId::SHA2_384),
    SignatureScheme::EcdsaDer(HashId::SHA2_512),
    SignatureScheme::EcdsaFixed(HashId::SHA2_256),
    SignatureScheme::EcdsaFixed(HashId::SHA2_384),
    SignatureScheme::EcdsaFixed(HashId::SHA2_512),
    SignatureScheme::RsaPss(HashId::SHA2_256),
    SignatureScheme::RsaPss(HashId::SHA2_384),
    SignatureScheme::RsaPss(HashId::SHA2_512),
    SignatureScheme::RsaPkcs1(HashId::SHA2_256),
    SignatureScheme::RsaPkcs1(HashId::SHA2_384),
    SignatureScheme::RsaPkcs1(HashId::SHA2_512),
];

/// A public key that the application vouches for: that it belongs to the identity it was asked
/// about. The answer to [`Event::PeerCertificates`](crate::Event::PeerCertificates); without one, no
/// signature is taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PeerKey(Vec<u8>);

impl PeerKey {
    /// From a DER SubjectPublicKeyInfo, as a certificate carries it (RFC 5280 §4.1).
    #[must_use]
    pub const fn new(subject_public_key_info: Vec<u8>) -> Self {
        Self(subject_public_key_info)
    }

    /// The DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}
