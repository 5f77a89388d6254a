//! Signatures of certificates and CRLs, verified by our own provider.

use ike_crypto::{Provider, SignatureScheme, Verify};
use ipsec_doi::HashId;
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use x509_parser::asn1_rs::{BitString, Sequence, ToDer};

/// A signature scheme with one kind of key and one way to write its identifier.
#[derive(Debug)]
pub(crate) struct Algorithm {
    verifier: &'static dyn Verify,
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    /// Over SHA-1, or otherwise only for old peers.
    pub(crate) legacy: bool,
}

impl Algorithm {
    /// Whether its identifier has this OID, the content of its DER.
    pub(crate) fn is_named(&self, oid: &[u8]) -> bool {
        matches!(self.signature.as_ref(), [_, len, rest @ ..] if usize::from(*len) == oid.len() && rest.starts_with(oid))
    }

    /// Whether a signature is right under a key, a DER SubjectPublicKeyInfo.
    pub(crate) fn accepts(&self, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verify(spki, &[message], signature).is_ok()
    }
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let spki = spki(self.key, public_key).ok_or(InvalidSignature)?;
        self.verifier
            .verify(&spki, &[message], signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// A SubjectPublicKeyInfo (RFC 5280 §4.1), put together again from its parts.
fn spki(algorithm: AlgorithmIdentifier, public_key: &[u8]) -> Option<Vec<u8>> {
    let mut content = Sequence::new(algorithm.as_ref().into()).to_der_vec().ok()?;
    content.extend(BitString::new(0, public_key).to_der_vec().ok()?);
    Sequence::new(content.into()).to_der_vec().ok()
}

/// All that the provider can verify and a certificate can name: RFC 3279 §2.2, RFC 4055 §3 and §5, RFC 5758 §3,
/// RFC 8410 §6.
pub(crate) fn algorithms(provider: &Provider) -> Vec<Algorithm> {
    let offered = provider.verifiers.iter().map(|verifier| (*verifier, false));
    let legacy = provider.legacy.verifiers.iter();
    offered
        .chain(legacy.map(|verifier| (*verifier, true)))
        .flat_map(|(verifier, legacy)| variants(verifier, legacy))
        .collect()
}

fn variants(verifier: &'static dyn Verify, legacy: bool) -> Vec<Algorithm> {
    let scheme = verifier.scheme();
    let keys: &[AlgorithmIdentifier] = match scheme {
        SignatureScheme::EcdsaDer(_) => {
            &[alg_id::ECDSA_P256, alg_id::ECDSA_P384, alg_id::ECDSA_P521]
        }
        SignatureScheme::Ed25519 => &[alg_id::ED25519],
        SignatureScheme::RsaPkcs1(_) | SignatureScheme::RsaPss(_) => &[alg_id::RSA_ENCRYPTION],
        _ => &[],
    };
    let mut all = Vec::new();
    for signature in identifiers(scheme) {
        all.extend(keys.iter().map(|key| Algorithm {
            verifier,
            key: *key,
            signature,
            legacy: legacy || is_sha1(scheme),
        }));
    }
    all
}

/// The contents of the AlgorithmIdentifier: the usual one, and for PKCS#1 also the one without NULL, which some
/// authorities write (RFC 4055 §5 demands it).
fn identifiers(scheme: SignatureScheme) -> Vec<AlgorithmIdentifier> {
    let Some([_, _, content @ ..]) = scheme.algorithm_identifier() else {
        return Vec::new();
    };
    let mut all = vec![AlgorithmIdentifier::from_slice(content)];
    if let (SignatureScheme::RsaPkcs1(_), Some(absent)) = (scheme, content.strip_suffix(&[5, 0])) {
        all.push(AlgorithmIdentifier::from_slice(absent));
    }
    all
}

fn is_sha1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::EcdsaDer(HashId::SHA1)
            | SignatureScheme::RsaPkcs1(HashId::SHA1)
            | SignatureScheme::RsaPss(HashId::SHA1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_put_together_as_it_was() {
        let expected = hex_literal::hex!("3009 300506032b6570 0300");
        // an empty key still has its count of unused bits
        assert_eq!(
            spki(alg_id::ED25519, &[]).unwrap(),
            [&[0x30, 0x0a][..], &expected[2..9], &[3, 1, 0]].concat()
        );
    }

    #[test]
    fn every_scheme_that_a_certificate_can_name_is_there() {
        let all = algorithms(ike_rustcrypto::provider());
        let count = |legacy| all.iter().filter(|it| it.legacy == legacy).count();
        // ECDSA 3 hashes on 3 curves, Ed25519, PSS 3 hashes, PKCS#1 3 hashes with and without NULL
        assert_eq!(count(false), 9 + 1 + 3 + 6);
        // SHA-1 with each
        assert_eq!(count(true), 3 + 1 + 2);
    }
}
