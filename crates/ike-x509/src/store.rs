use core::time::Duration;

use ike_crypto::Provider;
use ipsec_doi::{HashId, Identity};
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::algorithm::{Algorithm, algorithms};
use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::identity;
use crate::policy::Policy;
use crate::refusal::{Reason, Refusal};

/// Most certificates that a peer may send.
pub const MAX_CERTIFICATES: usize = 12;
/// Most CRLs that a peer may send.
pub const MAX_CRLS: usize = 4;

/// Authorities, further certificates to build chains with, and revocation lists.
#[derive(Debug)]
pub struct Store {
    pub(crate) provider: &'static Provider,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) authorities: Vec<Certificate>,
    /// One for each of the authorities.
    pub(crate) anchors: Vec<TrustAnchor<'static>>,
    pub(crate) intermediates: Vec<Certificate>,
    pub(crate) crls: Vec<Crl>,
}

/// What a peer has sent.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "an argument, made by callers")]
pub struct Presented<'a> {
    /// Certificates in DER, the peer's own first (RFC 7296 §3.6).
    pub chain: &'a [Vec<u8>],
    /// Revocation lists in DER.
    pub crls: &'a [Vec<u8>],
}

/// The key of a certificate that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedKey {
    /// The public key, a DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Whose it is, as text for people.
    pub subject: String,
    /// The configured authority that the chain leads to, as text for people.
    pub authority: String,
    /// When the first certificate of the chain expires, since 1970.
    pub not_after: Duration,
}

/// SHA-1 of the public key of each certificate, as CERTREQ carries them (RFC 7296 §3.7).
#[must_use]
pub fn authority_hashes(authorities: &[Certificate], provider: &Provider) -> Vec<[u8; 20]> {
    let Some(sha1) = provider.hash(HashId::SHA1) else {
        return Vec::new();
    };
    let hash = |certificate: &Certificate| {
        let mut out = [0; 20];
        sha1.digest(&[certificate.public_key()], &mut out);
        out
    };
    authorities.iter().map(hash).collect()
}

impl Store {
    /// An empty store, which trusts nobody; `provider` verifies signatures.
    #[must_use]
    pub fn new(provider: &'static Provider) -> Self {
        Self {
            provider,
            algorithms: algorithms(provider),
            authorities: Vec::new(),
            anchors: Vec::new(),
            intermediates: Vec::new(),
            crls: Vec::new(),
        }
    }

    /// Trusts an authority.
    ///
    /// # Errors
    ///
    /// When the certificate is not that of a CA: who trusts it would trust whatever the key of a peer signs.
    pub fn add_authority(&mut self, certificate: Certificate) -> Result<(), Refusal> {
        let subject = certificate.subject().to_owned();
        if !certificate.is_authority() || !certificate.may_certify() {
            return Err(Refusal::new(
                Reason::IssuerIsNoAuthority,
                &subject,
                "it is no CA certificate (basicConstraints, keyCertSign); give the certificate of the CA that issued it",
            ));
        }
        let der = CertificateDer::from(certificate.der());
        let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|_| {
            Refusal::new(
                Reason::Malformed,
                &subject,
                "it cannot be an authority: it is not as RFC 5280 has it",
            )
        })?;
        let anchor = anchor.to_owned();
        if !self.authorities.contains(&certificate) {
            self.anchors.push(anchor);
            self.authorities.push(certificate);
        }
        Ok(())
    }

    /// Gives a certificate that may help to build a chain; it is not trusted for that.
    pub fn add_intermediate(&mut self, certificate: Certificate) {
        self.intermediates.push(certificate);
    }

    /// Gives a revocation list. Of several by one issuer the newest counts.
    pub fn add_crl(&mut self, crl: Crl) {
        self.crls.push(crl);
        self.crls
            .sort_by_key(|crl| core::cmp::Reverse(crl.this_update()));
    }

    /// The authorities that are trusted.
    #[must_use]
    pub fn authorities(&self) -> &[Certificate] {
        &self.authorities
    }

    /// The revocation lists, the newest first.
    #[must_use]
    pub fn crls(&self) -> &[Crl] {
        &self.crls
    }

    /// SHA-1 of the public key of each authority, as CERTREQ carries them (RFC 7296 §3.7).
    #[must_use]
    pub fn authority_hashes(&self) -> Vec<[u8; 20]> {
        authority_hashes(&self.authorities, self.provider)
    }

    /// Verifies what a peer has sent: that its first certificate is that of `identity`, fit for IKE, issued under one of
    /// the authorities, valid at `now` (since 1970) and not revoked.
    ///
    /// # Errors
    ///
    /// The reason why not, with the certificate at fault.
    pub fn verify(
        &self,
        presented: Presented<'_>,
        identity: &Identity,
        now: Duration,
        policy: &Policy,
    ) -> Result<VerifiedKey, Refusal> {
        let peer = self.examine(presented)?;
        self.check_usage(&peer, policy)?;
        let key = self.build_path(presented, &peer, now, policy)?;
        identity::check(&peer.parsed, identity, policy.wildcards)?;
        Ok(key)
    }
}
