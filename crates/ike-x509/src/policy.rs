use webpki::{ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, KeyUsage};

/// What a peer's certificate must be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// What revocation lists must say.
    pub revocation: Revocation,
    /// Purposes of which a certificate with an extended key usage must have one. A certificate without that extension, or
    /// with anyExtendedKeyUsage in it, has every purpose.
    pub purposes: Vec<Purpose>,
    /// Whether `*.example` in a certificate stands for `a.example` (RFC 4945 §3.1.2 knows no wildcards).
    pub wildcards: bool,
    /// Whether signatures over SHA-1 are good enough in certificates and CRLs.
    pub sha1: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            revocation: Revocation::default(),
            purposes: vec![
                Purpose::IpsecIke,
                Purpose::ServerAuth,
                Purpose::ClientAuth,
                Purpose::IkeIntermediate,
            ],
            wildcards: false,
            sha1: false,
        }
    }
}

/// What revocation lists must say of each certificate of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// Nothing: they are not looked at.
    Off,
    /// Not that it is revoked. A list that is missing or out of date is no hindrance.
    #[default]
    Lenient,
    /// That it is not revoked, in a list of its issuer that is up to date.
    Strict,
}

/// A purpose that an extended key usage may give (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// id-kp-ipsecIKE, RFC 4945 §5.1.3.12.
    IpsecIke,
    /// id-kp-serverAuth, as Windows asks of a VPN server.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
    /// iKEIntermediate (1.3.6.1.5.5.8.2.2), which old deployments use.
    IkeIntermediate,
}

impl Purpose {
    /// The content octets of its object identifier.
    pub(crate) const fn oid(self) -> &'static [u8] {
        match self {
            Self::IpsecIke => b"\x2b\x06\x01\x05\x05\x07\x03\x11",
            Self::ServerAuth => b"\x2b\x06\x01\x05\x05\x07\x03\x01",
            Self::ClientAuth => b"\x2b\x06\x01\x05\x05\x07\x03\x02",
            Self::IkeIntermediate => b"\x2b\x06\x01\x05\x05\x08\x02\x02",
        }
    }

    /// Its name, as configuration and openssl write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IpsecIke => "ipsecIKE",
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::IkeIntermediate => "iKEIntermediate",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::IpsecIke,
            Self::ServerAuth,
            Self::ClientAuth,
            Self::IkeIntermediate,
        ]
        .into_iter()
        .find(|purpose| purpose.name() == name)
    }
}

/// anyExtendedKeyUsage, RFC 5280 §4.2.1.12.
const ANY: &[u8] = b"\x55\x1d\x25\x00";

/// The check of extended key usages, of the leaf and of what is above it.
#[derive(Debug)]
pub(crate) struct Purposes<'a>(pub(crate) &'a [Purpose]);

impl Purposes<'_> {
    fn accept(&self, id: &KeyPurposeId<'_>) -> bool {
        *id == KeyPurposeId::new(ANY)
            || self
                .0
                .iter()
                .any(|purpose| *id == KeyPurposeId::new(purpose.oid()))
    }
}

impl ExtendedKeyUsageValidator for Purposes<'_> {
    fn validate(&self, present: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut none = true;
        for id in present {
            none = false;
            if self.accept(&id?) {
                return Ok(());
            }
        }
        if none {
            return Ok(());
        }
        Err(webpki::Error::RequiredEkuNotFoundContext(
            webpki::RequiredEkuNotFoundContext {
                required: KeyUsage::required_if_present(Purpose::IpsecIke.oid()),
                present: Vec::new(),
            },
        ))
    }
}
