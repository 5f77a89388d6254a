use graviola::key_agreement::x25519::{PublicKey, StaticPrivateKey};
use ike_crypto::{Error, Group, KeyExchange, Random, SecretVec};
use ipsec_doi::GroupId;
use zeroize::Zeroizing;

/// X25519, RFC 8031, RFC 7748 §5.
#[derive(Debug)]
pub(crate) struct Curve25519;

impl Group for Curve25519 {
    fn id(&self) -> GroupId {
        GroupId::CURVE25519
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let mut octets = Zeroizing::new([0; 32]);
        random.fill(&mut *octets)?;
        let secret = StaticPrivateKey::from_array(&octets);
        let public = secret.public_key().as_bytes();
        Ok(Box::new(Exchange { secret, public }))
    }
}

/// The secret is zeroized by graviola.
struct Exchange {
    secret: StaticPrivateKey,
    public: [u8; 32],
}

impl KeyExchange for Exchange {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        let peer = PublicKey::try_from_slice(peer).map_err(|_| Error)?;
        // A shared secret of zeroes is an error already (RFC 7748 §6.1).
        let shared = self.secret.diffie_hellman(&peer).map_err(|_| Error)?;
        Ok(shared.0.as_slice().into())
    }
}
