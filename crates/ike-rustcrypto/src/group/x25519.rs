use alloc::boxed::Box;

use ike_crypto::{Error, Group, KeyExchange, Random, SecretVec};
use ipsec_doi::GroupId;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// X25519, RFC 8031, RFC 7748 §5.
#[derive(Debug)]
pub struct Curve25519(());

impl Curve25519 {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl Group for Curve25519 {
    fn id(&self) -> GroupId {
        GroupId::CURVE25519
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let mut octets = Zeroizing::new([0; 32]);
        random.fill(&mut *octets)?;
        let secret = StaticSecret::from(*octets);
        let public = PublicKey::from(&secret);
        Ok(Box::new(Exchange { secret, public }))
    }
}

/// The secret is zeroized by its own crate.
struct Exchange {
    secret: StaticSecret,
    public: PublicKey,
}

impl KeyExchange for Exchange {
    fn public(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        let peer: [u8; 32] = peer.try_into()?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        // RFC 7748 §6.1: a point of low order gives zero, and then the peer contributed nothing.
        if shared.was_contributory() {
            Ok(shared.as_bytes().as_slice().into())
        } else {
            Err(Error)
        }
    }
}
