//! How both sides prove who they are in IKEv1.

use ikee::crypto::SecretVec;
use ikee::doi::Identity;
use ikee::ext::Role;
use ikee::ikev1::{Authentication, Credential, Proof, Trust, User, Xauth};
use ikee::ikev2::LocalProof;
use ikee::wire::v2::IdType;
use ikee::x509::{self, Certificate, Store};
use toml::Spanned;

use super::{Builder, Checked, Given, beside, schema, secret};
use crate::cga::CgaFile;
use crate::config::schema::Method;

impl Builder<'_> {
    /// The proofs of phase 1, and of the user after it.
    pub(in crate::config) fn authentication_v1(
        &mut self,
        name: &Spanned<String>,
        connection: &schema::Connection,
    ) -> Checked<Authentication> {
        let given = Given { name, connection };
        let local = self.local_method(given)?;
        let remote = self.remote_methods(given, local)?;
        self.check_unused(given, local, &remote)?;
        let Some(remote_id) = connection.peer.id.clone() else {
            return Err(self.missing(given, "remote_id", "\"PEER-NAME\" (or \"any\")"));
        };
        let xauth = self.xauth(given)?;
        let (local_id, proof) = match (local, remote.as_slice(), &xauth) {
            (Method::Psk, [Method::Psk], _) => {
                (self.local_id(given, None)?, Proof::Psk(self.psk(given)?))
            }
            (Method::Cert, [Method::Cert], _) => {
                let store = self.store(given, &remote)?;
                let authorities = store.as_ref().map_or(&[][..], Store::authorities);
                let (id, credential) = self.credential(given, authorities)?;
                let trust = self.trust_v1(given, store);
                (id, Proof::Signature { credential, trust })
            }
            (Method::Null, [Method::Cert], Some(Xauth::Client(_))) => {
                let store = self.store(given, &remote)?;
                let trust = self.trust_v1(given, store);
                (self.local_id(given, None)?, Proof::HybridClient(trust))
            }
            (Method::Cert, [Method::Null], Some(Xauth::Server(_))) => {
                let (id, credential) = self.credential(given, &[])?;
                (id, Proof::HybridServer(credential))
            }
            (Method::Cga, [Method::Cga], None) => self.cga(given)?,
            _ => {
                let what = "cannot prove itself so in IKEv1: both sides have a psk, or both a certificate, or both a CGA; \"null\" on the \
                            side of a user with xauth only";
                let auth = &connection.auth;
                let span = auth.remote.as_ref().map(Spanned::span);
                let span = span.or_else(|| auth.local.as_ref().map(Spanned::span));
                return Err(self.error(span.unwrap_or_else(|| name.span()), given, what));
            }
        };
        let mut authentication =
            Authentication::psk(local_id, remote_id.0.0, SecretVec::from(Vec::new()));
        authentication.proof = proof;
        authentication.xauth = xauth;
        if authentication.method(Role::Initiator).is_none() {
            let what = "has a key that IKEv1 cannot sign with here: RSA, or ECDSA on P-256, P-384 or P-521 without xauth";
            return Err(self.error(name.span(), given, what));
        }
        Ok(authentication)
    }

    /// Our generated address, and the key that it is made of ([MS-IKEE] §3.4.1).
    fn cga(&mut self, given: Given<'_>) -> Checked<(Identity, Proof)> {
        let connection = given.connection;
        let Some(file) = &connection.auth.cga else {
            return Err(self.missing(given, "auth.cga", "\"CGA.toml\""));
        };
        let fail = |what: &str| self.error(file.span(), given, what);
        let path = beside(self.source.file, file.get_ref());
        let stored = CgaFile::load(&path, self.provider)
            .map_err(|why| self.source.error(file.span(), why))?;
        let bytes = secret::owners_file(
            self.source,
            file.span(),
            ("the key", &stored.key),
            super::LARGEST_KEY,
        )?;
        let key = x509::private_key(&bytes, self.provider)
            .map_err(|error| fail(&format!("{}: {error}", stored.key.display())))?;
        if key.public_key() != stored.identity.parameters().public_key {
            return Err(fail("has a key in auth.cga that is not its certificate's"));
        }
        let address = stored.identity.address().into();
        if connection.local.as_ref().is_some_and(|it| it.0 != address) {
            return Err(fail(&format!(
                "has another local address than its CGA; write local = \"{address}\", or leave it out"
            )));
        }
        if connection.local_id.is_some() {
            return Err(fail(
                "has a local_id, and proves its address; leave local_id out",
            ));
        }
        let peer = connection.peer.id.as_ref().and_then(|it| it.0.0.as_ref());
        if peer.is_some_and(|it| it.kind != IdType::IPV6_ADDR) {
            return Err(fail(
                "has a remote_id that no CGA proves; write remote_id = \"any\", or the peer's address",
            ));
        }
        self.cga.push(stored.identity);
        let method = ikee::cga::METHOD;
        let credential = Credential::new(Vec::new(), key);
        Ok((
            Identity::address(address),
            Proof::Brought { method, credential },
        ))
    }

    fn credential(
        &mut self,
        given: Given<'_>,
        authorities: &[Certificate],
    ) -> Checked<(Identity, Credential)> {
        let (id, proof) = self.certificate(given, authorities)?;
        let LocalProof::Certificate(credentials) = proof else {
            return Err(self.missing(given, "auth.certificate", "\"CERTIFICATE.pem\""));
        };
        let found = credentials.into_iter().next();
        let found = found.map(|it| Credential::new(it.chain, it.key));
        let credential =
            found.ok_or_else(|| self.missing(given, "auth.certificate", "\"CERTIFICATE.pem\""))?;
        Ok((id, credential))
    }

    fn trust_v1(&mut self, given: Given<'_>, store: Option<Store>) -> Trust {
        let mut trust = Trust::default();
        if let Some(store) = store {
            let authorities = store.authorities().iter();
            trust.authorities = authorities.map(|it| it.subject_der().to_vec()).collect();
            self.keep(given, store);
        }
        trust
    }

    fn xauth(&self, given: Given<'_>) -> Checked<Option<Xauth>> {
        let Some(xauth) = &given.connection.v1.xauth else {
            return Ok(None);
        };
        let fail = |what: &str| Err(self.error(xauth.span(), given, what));
        let it = xauth.get_ref();
        match (&it.user, &it.users_file) {
            (Some(_), Some(_)) => fail(
                "has both xauth.user and xauth.users_file; a client has a user, a server has users",
            ),
            (None, None) => fail(
                "has xauth without a user; add user = \"NAME\" and password_file = \"PATH\", or users_file = \"PATH\"",
            ),
            (None, Some(_)) if it.password.is_some() || it.password_file.is_some() => {
                fail("has an xauth password without a user; add user = \"NAME\", or remove it")
            }
            (None, Some(file)) => {
                let path = beside(self.source.file, file.get_ref());
                let users = secret::users(self.source, file.span(), &path)?;
                Ok(Some(Xauth::Server(users)))
            }
            (Some(name), None) => {
                let password = match (&it.password, &it.password_file) {
                    (Some(password), None) => SecretVec::from(password.get_ref().0.0.to_vec()),
                    (None, Some(file)) => {
                        let path = beside(self.source.file, file.get_ref());
                        secret::read(self.source, file.span(), ("xauth.password_file", &path))?
                    }
                    _ => return fail("needs one of xauth.password and xauth.password_file"),
                };
                Ok(Some(Xauth::Client(User {
                    name: name.clone(),
                    password,
                })))
            }
        }
    }
}
