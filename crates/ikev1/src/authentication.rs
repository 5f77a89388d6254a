//! Identities, and the proofs for them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use ike_crypto::{SecretVec, SignatureScheme, SigningKey};
use ike_ext::Role;
use ipsec_doi::{HashId, Identity};
use isakmp_wire::v1::AuthMethod;

use crate::config::User;

/// Who we are, whom we want, and how both prove it (RFC 2409 §5).
#[derive(Debug)]
#[non_exhaustive]
pub struct Authentication {
    /// Who we are.
    pub local_id: Identity,
    /// Who the peer must be; `None` accepts any identity that proves itself.
    pub remote_id: Option<Identity>,
    /// What proves it in phase 1.
    pub proof: Proof,
    /// What a user proves after it.
    pub xauth: Option<Xauth>,
}

impl Authentication {
    /// Both sides prove knowledge of a shared key. In main mode it is found by the peer's address (RFC 2409 §5.4).
    #[must_use]
    pub const fn psk(local_id: Identity, remote_id: Option<Identity>, psk: SecretVec) -> Self {
        Self {
            local_id,
            remote_id,
            proof: Proof::Psk(psk),
            xauth: None,
        }
    }

    /// Both sides sign.
    #[must_use]
    pub const fn signature(
        local_id: Identity,
        remote_id: Option<Identity>,
        credential: Credential,
        trust: Trust,
    ) -> Self {
        Self {
            local_id,
            remote_id,
            proof: Proof::Signature { credential, trust },
            xauth: None,
        }
    }

    /// By a method that an extension brings ([MS-IKEE] §3.4): it has identity and certificate, and judges the peer's; we
    /// sign with this RSA key. `remote_id` may be the peer's address, which is all that is proved.
    #[must_use]
    pub fn brought(
        method: AuthMethod,
        key: Box<dyn SigningKey>,
        local_id: Identity,
        remote_id: Option<Identity>,
    ) -> Self {
        let credential = Credential::new(Vec::new(), key);
        Self {
            local_id,
            remote_id,
            proof: Proof::Brought { method, credential },
            xauth: None,
        }
    }

    /// The method that we propose or accept in phase 1 in this role (RFC 2409 App. A); `None` if there is no number
    /// for the combination.
    #[must_use]
    pub fn method(&self, role: Role) -> Option<AuthMethod> {
        // who types a password: the initiator of phase 1 as a rule
        let user = self.xauth.as_ref().map(|it| match (role, it) {
            (Role::Initiator, Xauth::Client(_)) | (Role::Responder, Xauth::Server(_)) => {
                Role::Initiator
            }
            (Role::Initiator, Xauth::Server(_)) | (Role::Responder, Xauth::Client(_)) => {
                Role::Responder
            }
        });
        Some(match (&self.proof, user) {
            (Proof::Psk(_), None) => AuthMethod::PRE_SHARED_KEY,
            (Proof::Psk(_), Some(Role::Initiator)) => AuthMethod::XAUTH_INIT_PRE_SHARED,
            (Proof::Psk(_), Some(Role::Responder)) => AuthMethod::XAUTH_RESP_PRE_SHARED,
            (Proof::Signature { credential, .. }, None) => credential.method()?,
            (Proof::Signature { credential, .. }, Some(user)) => {
                match (credential.method()?, user) {
                    (AuthMethod::RSA_SIGNATURE, Role::Initiator) => AuthMethod::XAUTH_INIT_RSA,
                    (AuthMethod::RSA_SIGNATURE, Role::Responder) => AuthMethod::XAUTH_RESP_RSA,
                    _ => return None,
                }
            }
            (Proof::Brought { method, .. }, None) => *method,
            (Proof::Brought { .. }, Some(_)) => return None,
            (Proof::HybridClient(_) | Proof::HybridServer(_), Some(Role::Initiator)) => {
                AuthMethod::HYBRID_INIT_RSA
            }
            (Proof::HybridClient(_) | Proof::HybridServer(_), Some(Role::Responder)) => {
                AuthMethod::HYBRID_RESP_RSA
            }
            (Proof::HybridClient(_) | Proof::HybridServer(_), None) => return None,
        })
    }

    /// Our signature, if the proof has one.
    pub(crate) const fn credential(&self) -> Option<&Credential> {
        match &self.proof {
            Proof::Signature { credential, .. }
            | Proof::HybridServer(credential)
            | Proof::Brought { credential, .. } => Some(credential),
            Proof::Psk(_) | Proof::HybridClient(_) => None,
        }
    }

    /// Whom we trust to certify the peer, if it signs.
    pub(crate) const fn trust(&self) -> Option<&Trust> {
        match &self.proof {
            Proof::Signature { trust, .. } | Proof::HybridClient(trust) => Some(trust),
            Proof::Psk(_) | Proof::HybridServer(_) | Proof::Brought { .. } => None,
        }
    }

    pub(crate) const fn psk_octets(&self) -> Option<&SecretVec> {
        match &self.proof {
            Proof::Psk(psk) => Some(psk),
            Proof::Signature { .. }
            | Proof::HybridClient(_)
            | Proof::HybridServer(_)
            | Proof::Brought { .. } => None,
        }
    }

    /// The method, if an extension has to bring it.
    pub(crate) const fn brought_method(&self) -> Option<AuthMethod> {
        match &self.proof {
            Proof::Brought { method, .. } => Some(*method),
            Proof::Psk(_)
            | Proof::Signature { .. }
            | Proof::HybridClient(_)
            | Proof::HybridServer(_) => None,
        }
    }
}

/// What proves an identity in phase 1. The methods by public-key encryption (RFC 2409 §5.2, §5.3) are not among them:
/// they are decryption oracles.
#[derive(Debug)]
#[non_exhaustive]
pub enum Proof {
    /// A pre-shared key, octets as typed.
    Psk(SecretVec),
    /// Both sides sign (RFC 2409 §5.1, RFC 4754).
    Signature {
        /// What we sign with.
        credential: Credential,
        /// Whom we trust to certify the peer.
        trust: Trust,
    },
    /// The peer signs, and we prove ourselves by XAUTH only (draft-ietf-ipsec-isakmp-hybrid-auth-05).
    HybridClient(Trust),
    /// We sign, and the peer proves itself by XAUTH only.
    HybridServer(Credential),
    /// Both sides sign, by a method that an extension brings.
    Brought {
        /// Which one.
        method: AuthMethod,
        /// What we sign with; the extension has the certificate.
        credential: Credential,
    },
}

/// A private key and the certificates that go with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Credential {
    /// Certificates, DER, our own first.
    pub chain: Vec<Vec<u8>>,
    /// Our private key.
    pub key: Box<dyn SigningKey>,
}

impl Credential {
    /// A key and its certificates, DER, its own first.
    #[must_use]
    pub const fn new(chain: Vec<Vec<u8>>, key: Box<dyn SigningKey>) -> Self {
        Self { chain, key }
    }

    /// The method that goes with the kind of key: RSA, or ECDSA by its curve (RFC 4754 §5).
    #[must_use]
    pub fn method(&self) -> Option<AuthMethod> {
        let able = self.key.schemes();
        let found = METHODS
            .iter()
            .find(|it| scheme(**it).is_some_and(|(scheme, _)| able.contains(&scheme)));
        found.copied()
    }
}

/// The methods of one kind of key each.
const METHODS: [AuthMethod; 4] = [
    AuthMethod::RSA_SIGNATURE,
    AuthMethod::ECDSA_256,
    AuthMethod::ECDSA_384,
    AuthMethod::ECDSA_521,
];

/// Whom we trust to certify the peer; who checks chains is outside (see
/// [`Event::PeerCertificates`](crate::Event::PeerCertificates)).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Trust {
    /// Distinguished names of certification authorities, DER, for certificate requests (RFC 2408 §3.10); with none we
    /// ask for any certificate.
    pub authorities: Vec<Vec<u8>>,
}

/// Our side of XAUTH (draft-beaulieu-ike-xauth-02).
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "one asks, the other answers")]
pub enum Xauth {
    /// We answer with this name and password.
    Client(User),
    /// We ask, and these are the answers.
    Server(Vec<User>),
}

impl Xauth {
    /// The client's side.
    #[must_use]
    pub fn client(name: impl Into<String>, password: SecretVec) -> Self {
        Self::Client(User {
            name: name.into(),
            password,
        })
    }
}

/// The signature scheme of a method, and the hash that HASH_I and HASH_R are then made with: the negotiated one for RSA
/// (RFC 2409 §5.1), that of the curve for ECDSA (RFC 4754 §3).
pub(crate) const fn scheme(method: AuthMethod) -> Option<(SignatureScheme, Option<HashId>)> {
    let ecdsa = match method {
        AuthMethod::RSA_SIGNATURE
        | AuthMethod::HYBRID_INIT_RSA
        | AuthMethod::HYBRID_RESP_RSA
        | AuthMethod::XAUTH_INIT_RSA
        | AuthMethod::XAUTH_RESP_RSA => return Some((SignatureScheme::RsaBare, None)),
        AuthMethod::ECDSA_256 => HashId::SHA2_256,
        AuthMethod::ECDSA_384 => HashId::SHA2_384,
        AuthMethod::ECDSA_521 => HashId::SHA2_512,
        _ => return None,
    };
    Some((SignatureScheme::EcdsaBare(ecdsa), Some(ecdsa)))
}

/// Whether the side with `role` signs, under a method by signature.
pub(crate) fn signs(method: AuthMethod, role: Role) -> bool {
    match method {
        AuthMethod::HYBRID_INIT_RSA => role == Role::Responder,
        AuthMethod::HYBRID_RESP_RSA => role == Role::Initiator,
        _ => scheme(method).is_some(),
    }
}
