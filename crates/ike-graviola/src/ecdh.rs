use graviola::key_agreement::{p256, p384};
use ike_crypto::{Error, Group, KeyExchange, Random, SecretVec};
use ipsec_doi::GroupId;
use zeroize::Zeroizing;

/// P-256, RFC 5903.
#[derive(Debug)]
pub(crate) struct P256(pub(crate) GroupId);

impl Group for P256 {
    fn id(&self) -> GroupId {
        self.0
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let secret = draw::<32, _>(random, |octets| {
            p256::StaticPrivateKey::from_bytes(octets).ok()
        })?;
        let public = secret.public_key_uncompressed();
        Ok(Box::new(P256Exchange { secret, public }))
    }
}

/// P-384, RFC 5903.
#[derive(Debug)]
pub(crate) struct P384(pub(crate) GroupId);

impl Group for P384 {
    fn id(&self) -> GroupId {
        self.0
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let secret = draw::<48, _>(random, |octets| {
            p384::StaticPrivateKey::from_bytes(octets).ok()
        })?;
        let public = secret.public_key_uncompressed();
        Ok(Box::new(P384Exchange { secret, public }))
    }
}

/// Draws a scalar: octets until they are one, which the first are but for once in 2^32.
fn draw<const LEN: usize, T>(
    random: &mut dyn Random,
    accept: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, Error> {
    for _ in 0..TRIES {
        let mut octets = Zeroizing::new([0; LEN]);
        random.fill(&mut *octets)?;
        if let Some(secret) = accept(&*octets) {
            return Ok(secret);
        }
    }
    Err(Error)
}

const TRIES: u32 = 64;

/// x||y with the 04 in front that SEC 1 §2.3.3 wants, if it has the right length.
fn uncompressed<const LEN: usize>(peer: &[u8]) -> Result<[u8; LEN], Error> {
    let mut point = [4; LEN];
    let (_, place) = point.split_first_mut().ok_or(Error)?;
    if place.len() != peer.len() {
        return Err(Error);
    }
    place.copy_from_slice(peer);
    Ok(point)
}

/// The secret is zeroized by graviola, as that of `P384Exchange` is.
struct P256Exchange {
    secret: p256::StaticPrivateKey,
    /// With a leading 04.
    public: [u8; 65],
}

impl KeyExchange for P256Exchange {
    fn public(&self) -> &[u8] {
        self.public.get(1..).unwrap_or_default()
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        // RFC 6989 §2.3: graviola checks that both coordinates are below the prime and the point is on the curve.
        let peer = p256::PublicKey::from_x962_uncompressed(&uncompressed::<65>(peer)?);
        let shared = self
            .secret
            .diffie_hellman(&peer.map_err(|_| Error)?)
            .map_err(|_| Error)?;
        Ok(shared.0.as_slice().into())
    }
}

struct P384Exchange {
    secret: p384::StaticPrivateKey,
    /// With a leading 04.
    public: [u8; 97],
}

impl KeyExchange for P384Exchange {
    fn public(&self) -> &[u8] {
        self.public.get(1..).unwrap_or_default()
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        let peer = p384::PublicKey::from_x962_uncompressed(&uncompressed::<97>(peer)?);
        let shared = self
            .secret
            .diffie_hellman(&peer.map_err(|_| Error)?)
            .map_err(|_| Error)?;
        Ok(shared.0.as_slice().into())
    }
}
