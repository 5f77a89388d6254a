//! How both sides of a connection prove who they are, from the file's words.

mod v1;

use core::ops::Range;
use std::path::PathBuf;

use ikee::crypto::{Provider, SecretVec, SignatureScheme};
use ikee::doi::{HashId, Identity};
use ikee::ikev2::{self, Authentication, Credential, LocalProof, RemoteProof};
use ikee::wire::v2::IdType;
use ikee::x509::{self, Certificate, Policy, Revocation, Store};
use toml::Spanned;

use super::build::{Checked, beside};
use super::error::Source;
use super::schema::{self, Method};
use super::secret;
use crate::trust::{Files, Trust};

/// Largest file of a private key, in octets.
const LARGEST_KEY: u64 = 64 << 10;

/// Builds the proofs of all connections of a file.
pub(super) struct Builder<'a> {
    pub(super) source: Source<'a>,
    pub(super) provider: &'static Provider,
    pub(super) trust: Trust,
    pub(super) warnings: Vec<String>,
    /// Our generated addresses.
    pub(super) cga: Vec<ikee::cga::Identity>,
}

/// A connection of the file, while its proofs are built.
#[derive(Clone, Copy)]
struct Given<'a> {
    name: &'a Spanned<String>,
    connection: &'a schema::Connection,
}

impl Builder<'_> {
    pub(super) fn authentication(
        &mut self,
        name: &Spanned<String>,
        connection: &schema::Connection,
    ) -> Checked<Authentication> {
        let given = Given { name, connection };
        let local = self.local_method(given)?;
        let remote = self.remote_methods(given, local)?;
        self.check_unused(given, local, &remote)?;
        let id = connection.peer.id.clone();
        let Some(remote_id) = id else {
            return Err(self.missing(given, "remote_id", "\"PEER-NAME\" (or \"any\")"));
        };
        let store = self.store(given, &remote)?;
        let authorities = store.as_ref().map_or(&[][..], Store::authorities);
        let (local_id, local) = match local {
            Method::Cert => self.certificate(given, authorities)?,
            Method::Psk => (
                self.local_id(given, None)?,
                LocalProof::Psk(self.psk(given)?),
            ),
            Method::Null => (self.local_id(given, None)?, LocalProof::Null),
            Method::Cga => return Err(self.only_v1(given)),
        };
        let mut proofs = Vec::new();
        for method in remote {
            match method {
                Method::Psk => proofs.push(RemoteProof::Psk(self.psk(given)?)),
                Method::Null => proofs.push(RemoteProof::Null),
                Method::Cert => {}
                Method::Cga => return Err(self.only_v1(given)),
            }
        }
        proofs.extend(store.map(|store| self.trust(given, store)));
        Ok(Authentication::new(local_id, remote_id.0.0, local, proofs))
    }

    fn only_v1(&self, given: Given<'_>) -> super::ConfigError {
        let what = "has \"cga\", which only IKEv1 has; write version = \"ikev1\"";
        self.error(given.name.span(), given, what)
    }

    fn error(&self, span: Range<usize>, given: Given<'_>, what: &str) -> super::ConfigError {
        let name = given.name.get_ref();
        self.source
            .error(span, format!("connection {name:?} {what}"))
    }

    fn missing(&self, given: Given<'_>, key: &str, example: &str) -> super::ConfigError {
        let what = format!("has no {key}; add {key} = {example}");
        self.error(given.name.span(), given, &what)
    }

    fn local_method(&self, given: Given<'_>) -> Checked<Method> {
        let connection = given.connection;
        if let Some(method) = &connection.auth.local {
            return Ok(*method.get_ref());
        }
        if connection.auth.cga.is_some() {
            return Ok(Method::Cga);
        }
        let secret = connection.psk.is_some() || connection.psk_file.is_some();
        match (&connection.auth.certificate, secret) {
            (Some(_), false) => Ok(Method::Cert),
            (Some(certificate), true) => Err(self.error(
                certificate.span(),
                given,
                "has a psk and a certificate; say which is ours with auth.local = \"cert\" or \"psk\"",
            )),
            (None, true) => Ok(Method::Psk),
            (None, false) => Err(self.error(
                given.name.span(),
                given,
                "has no secret; add psk = \"SECRET\" or psk_file = \"PATH\", or auth.certificate and auth.key",
            )),
        }
    }

    fn remote_methods(&self, given: Given<'_>, local: Method) -> Checked<Vec<Method>> {
        match &given.connection.auth.remote {
            Some(methods) if methods.get_ref().is_empty() => Err(self.error(
                methods.span(),
                given,
                "takes no proof from the peer; write auth.remote = [\"cert\"] or [\"psk\"]",
            )),
            Some(methods) => Ok(methods.get_ref().clone()),
            // nobody comes in without a proof unless the file says so in as many words
            None if local == Method::Null => Err(self.missing(given, "auth.remote", "[\"cert\"]")),
            None => Ok(vec![local]),
        }
    }

    /// What is configured but would never be used is a mistake.
    fn check_unused(&self, given: Given<'_>, local: Method, remote: &[Method]) -> Checked<()> {
        let connection = given.connection;
        let auth = &connection.auth;
        if local != Method::Cga
            && let Some(unused) = &auth.cga
        {
            let what = "does not use its auth.cga; write auth.local = \"cga\", or remove it";
            return Err(self.error(unused.span(), given, what));
        }
        if local != Method::Cert
            && let Some(unused) = auth.certificate.as_ref().or(auth.key.as_ref())
        {
            let what =
                "does not use its certificate and key; write auth.local = \"cert\", or remove them";
            return Err(self.error(unused.span(), given, what));
        }
        if !remote.contains(&Method::Cert)
            && let Some(unused) = &auth.authorities
        {
            let what =
                "does not use its authorities; write auth.remote = [\"cert\"], or remove them";
            return Err(self.error(unused.span(), given, what));
        }
        let psk = local == Method::Psk || remote.contains(&Method::Psk);
        let span = connection.psk.as_ref().map(Spanned::span);
        if !psk && let Some(span) = span.or_else(|| connection.psk_file.as_ref().map(Spanned::span))
        {
            let what =
                "does not use its psk; add \"psk\" to auth.remote or auth.local, or remove it";
            return Err(self.error(span, given, what));
        }
        Ok(())
    }

    fn psk(&self, given: Given<'_>) -> Checked<SecretVec> {
        let connection = given.connection;
        match (&connection.psk, &connection.psk_file) {
            (Some(_), Some(file)) => Err(self.error(
                file.span(),
                given,
                "has both psk and psk_file; keep one of them",
            )),
            (None, None) => Err(self.error(
                given.name.span(),
                given,
                "has no secret; add psk = \"SECRET\" or psk_file = \"PATH\"",
            )),
            (Some(psk), None) => Ok(SecretVec::from(psk.get_ref().0.0.to_vec())),
            (None, Some(file)) => {
                let path = beside(self.source.file, file.get_ref());
                secret::read(self.source, file.span(), ("psk_file", &path))
            }
        }
    }

    /// Ours, or by default the subject of our certificate.
    fn local_id(&self, given: Given<'_>, own: Option<&Certificate>) -> Checked<Identity> {
        if let Some(id) = &given.connection.local_id {
            return Ok(id.0.clone());
        }
        // an empty name is no identity
        let subject = own.map(Certificate::subject_der).filter(|it| it.len() > 2);
        subject
            .map(|der| Identity::new(IdType::DER_ASN1_DN, der.to_vec()))
            .ok_or_else(|| self.missing(given, "local_id", "\"YOUR-NAME\""))
    }

    /// What verifies the peer's certificates, if they count.
    fn store(&self, given: Given<'_>, remote: &[Method]) -> Checked<Option<Store>> {
        let auth = &given.connection.auth;
        let Some(paths) = &auth.authorities else {
            return if remote.contains(&Method::Cert) {
                Err(self.missing(given, "auth.authorities", "[\"ca.pem\"]"))
            } else {
                Ok(None)
            };
        };
        let source = self.source;
        let mut store = Store::new(self.provider);
        for path in paths.get_ref() {
            let place = beside(source.file, path.get_ref());
            let at = |what: String| source.error(path.span(), what);
            for certificate in x509::certificates(&place).map_err(|error| at(error.to_string()))? {
                store
                    .add_authority(certificate)
                    .map_err(|refusal| at(format!("{}: {refusal}", place.display())))?;
            }
        }
        for path in &auth.crls {
            let place = beside(source.file, path.get_ref());
            let read = x509::crls(&place);
            for crl in read.map_err(|error| source.error(path.span(), error.to_string()))? {
                store.add_crl(crl);
            }
        }
        if store.authorities().is_empty() {
            let what = "has no authorities; name the file of a CA's certificate";
            return Err(self.error(paths.span(), given, what));
        }
        Ok(Some(store))
    }

    /// Our certificate with its key.
    fn certificate(
        &mut self,
        given: Given<'_>,
        authorities: &[Certificate],
    ) -> Checked<(Identity, LocalProof)> {
        let auth = &given.connection.auth;
        let Some(file) = &auth.certificate else {
            return Err(self.missing(given, "auth.certificate", "\"CERTIFICATE.pem\""));
        };
        let Some(key) = &auth.key else {
            return Err(self.missing(given, "auth.key", "\"KEY.pem\""));
        };
        let source = self.source;
        let path = beside(source.file, file.get_ref());
        let certificates = x509::certificates(&path)
            .map_err(|error| source.error(file.span(), error.to_string()))?;
        let key_path = beside(source.file, key.get_ref());
        let bytes = secret::owners_file(source, key.span(), ("auth.key", &key_path), LARGEST_KEY)?;
        let at_key = |error: x509::KeyError| {
            source.error(key.span(), format!("{}: {error}", key_path.display()))
        };
        let key = x509::private_key(&bytes, self.provider).map_err(at_key)?;
        let chain = x509::own_chain(&certificates, key.as_ref()).map_err(at_key)?;
        let Some(own) = chain.first() else {
            return Err(at_key(x509::KeyError::NotInChain));
        };
        let id = self.local_id(given, Some(own))?;
        self.warn_of(given, own, &id);
        let der = chain.iter().map(|it| it.der().to_vec()).collect();
        let mut credential = Credential::new(der, key);
        if auth.sha1 {
            credential.schemes.extend(
                credential
                    .key
                    .schemes()
                    .iter()
                    .filter(|it| **it == SHA1)
                    .copied(),
            );
        }
        credential.authorities = above(&chain, authorities, self.provider);
        Ok((id, LocalProof::Certificate(vec![credential])))
    }

    fn warn_of(&mut self, given: Given<'_>, own: &Certificate, id: &Identity) {
        let name = given.name.get_ref();
        if let Err(refusal) = own.check_identity(id) {
            let line = format!("connection {name}: peers will refuse our identity: {refusal}");
            // one that speaks both versions comes here twice
            if !self.warnings.contains(&line) {
                self.warnings.push(line);
            }
        }
        self.trust.note_own(name, own);
    }

    /// The peer's side of certificates; the store that verifies them is kept for later.
    fn trust(&mut self, given: Given<'_>, store: Store) -> RemoteProof {
        let mut trust = ikev2::Trust::new(store.authority_hashes());
        if given.connection.auth.sha1 {
            trust.schemes.push(SHA1);
        }
        self.keep(given, store);
        RemoteProof::Signature(trust)
    }

    /// Keeps what verifies a connection's peers.
    fn keep(&mut self, given: Given<'_>, store: Store) {
        let auth = &given.connection.auth;
        let paths = |list: &[Spanned<PathBuf>]| -> Vec<PathBuf> {
            list.iter()
                .map(|path| beside(self.source.file, path.get_ref()))
                .collect()
        };
        let authorities = auth.authorities.as_ref().map(Spanned::get_ref);
        let files = Files {
            authorities: authorities.map_or_else(Vec::new, |list| paths(list)),
            crls: paths(&auth.crls),
        };
        self.trust
            .add(given.name.get_ref(), files, checks(auth), store);
    }
}

/// What IKEv2 had before RFC 7427 for RSA (RFC 7296 §3.8).
const SHA1: SignatureScheme = SignatureScheme::RsaPkcs1(HashId::SHA1);

fn checks(auth: &schema::Auth) -> Policy {
    let mut checks = Policy::default();
    checks.revocation = match auth.revocation {
        Some(schema::Revocation::Off) => Revocation::Off,
        Some(schema::Revocation::Strict) => Revocation::Strict,
        Some(schema::Revocation::Lenient) | None => Revocation::Lenient,
    };
    if let Some(purposes) = &auth.purposes {
        checks.purposes = purposes.iter().map(|text| text.0).collect();
    }
    checks.wildcards = auth.wildcards;
    checks.sha1 = auth.weak_certificates;
    checks
}

/// The hashes of the authorities above our certificate as far as they are known; none when the root is not, so that the
/// certificate suits every request.
fn above(
    chain: &[Certificate],
    authorities: &[Certificate],
    provider: &Provider,
) -> Vec<ikev2::AuthorityHash> {
    let root = chain.last().and_then(|last| {
        authorities
            .iter()
            .find(|it| it.subject_der() == last.issuer_der())
    });
    let Some(root) = root else {
        return Vec::new();
    };
    let between = chain.iter().skip(1).chain([root]).cloned();
    x509::authority_hashes(&between.collect::<Vec<_>>(), provider)
}

#[cfg(test)]
mod tests;
