use alloc::vec::Vec;

use isakmp_wire::v1::{AuthMethod, Phase1Attribute as Class};
use isakmp_wire::{Attribute, OwnedAttribute};

use super::{HashAlgorithm, IkeSuite, Lifetimes, Phase1Encryption, Unfit, life, once, short};
use crate::encryption::Encryption;
use crate::group::GroupId;
use crate::hash::HashId;

/// What the attributes of one phase 1 transform offer (RFC 2409 App. A).
///
/// ```
/// use ipsec_doi::v1::Phase1;
/// use isakmp_wire::Attribute;
///
/// // AES-CBC, 256 bits, SHA-256, 2048-bit MODP, pre-shared key
/// let attributes = [(1, 7), (14, 256), (2, 4), (4, 14), (3, 1)];
/// let offer = Phase1::read(attributes.map(|(kind, value)| Attribute::short(kind, value))).unwrap();
/// assert_eq!(offer.suite.to_string(), "aes256-sha256-modp2048");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers build offers by hand")]
pub struct Phase1 {
    /// Encryption, hash and group.
    pub suite: IkeSuite,
    /// How the peers authenticate.
    pub auth: AuthMethod,
    /// How long the SA lives; none for as long as the responder likes.
    pub lifetimes: Lifetimes,
}

impl Phase1 {
    /// Reads the attributes of a transform.
    ///
    /// # Errors
    ///
    /// Why the transform is not eligible; the others may still be ([MS-IKEE] §3.1.5).
    pub fn read<'a>(attributes: impl IntoIterator<Item = Attribute<'a>>) -> Result<Self, Unfit> {
        let mut draft = Draft::default();
        for attribute in attributes {
            draft.add(&attribute)?;
        }
        draft.finish()
    }

    /// The attributes of a transform that offers this; `None` if phase 1 has no number for an
    /// algorithm.
    #[must_use]
    pub fn attributes(&self) -> Option<Vec<OwnedAttribute>> {
        let short = |class: Class, value| OwnedAttribute::short(class.get(), value);
        let IkeSuite {
            encryption,
            hash,
            group,
        } = self.suite;
        let mut out = Vec::new();
        let number = Phase1Encryption::of(encryption.id)?;
        out.push(short(Class::ENCRYPTION, number.get()));
        let bits = encryption.key_length_attribute();
        out.extend(bits.map(|bits| short(Class::KEY_LENGTH, bits)));
        out.push(short(Class::HASH, HashAlgorithm::of(hash)?.get()));
        out.push(short(Class::GROUP_DESCRIPTION, group.get()));
        out.push(short(Class::AUTHENTICATION, self.auth.get()));
        for life in self.lifetimes.iter() {
            let (kind, duration) = life.to_v1();
            let octets = duration.to_be_bytes();
            out.push(short(Class::LIFE_TYPE, kind));
            out.push(OwnedAttribute::long(Class::LIFE_DURATION.get(), octets));
        }
        Some(out)
    }
}

/// What has been read so far.
#[derive(Default)]
struct Draft {
    encryption: Option<Phase1Encryption>,
    key_length: Option<u16>,
    hash: Option<HashId>,
    group: Option<GroupId>,
    auth: Option<AuthMethod>,
    life_type: Option<u16>,
    lifetimes: Lifetimes,
}

impl Draft {
    fn add(&mut self, attribute: &Attribute<'_>) -> Result<(), Unfit> {
        let class = attribute.kind;
        match Class::new(class) {
            Class::ENCRYPTION => {
                let value = Phase1Encryption::new(short(attribute)?);
                once(&mut self.encryption, value, class)
            }
            Class::KEY_LENGTH => once(&mut self.key_length, short(attribute)?, class),
            Class::HASH => {
                let value = HashAlgorithm::new(short(attribute)?).id();
                once(&mut self.hash, value.ok_or(Unfit::Value(class))?, class)
            }
            Class::GROUP_DESCRIPTION => {
                once(&mut self.group, GroupId::new(short(attribute)?), class)
            }
            Class::AUTHENTICATION => {
                once(&mut self.auth, AuthMethod::new(short(attribute)?), class)
            }
            Class::LIFE_TYPE => {
                self.life_type = Some(short(attribute)?);
                Ok(())
            }
            Class::LIFE_DURATION => {
                self.lifetimes.add(life(self.life_type.take(), attribute)?);
                Ok(())
            }
            // RFC 2409 §5.6: groups of the peer's own making, which we take none of; a PRF other
            // than HMAC has no number.
            Class::GROUP_TYPE
            | Class::GROUP_PRIME
            | Class::GROUP_GENERATOR_1
            | Class::GROUP_GENERATOR_2
            | Class::GROUP_CURVE_A
            | Class::GROUP_CURVE_B
            | Class::FIELD_SIZE
            | Class::GROUP_ORDER
            | Class::PRF => Err(Unfit::Value(class)),
            _ => Err(Unfit::Unknown(class)),
        }
    }

    fn finish(self) -> Result<Phase1, Unfit> {
        let missing = |class: Class| Unfit::Missing(class.get());
        let number = self.encryption.ok_or_else(|| missing(Class::ENCRYPTION))?;
        let id = number
            .id()
            .ok_or_else(|| Unfit::Value(Class::ENCRYPTION.get()))?;
        let encryption = Encryption::from_transform(id, self.key_length)
            .ok_or_else(|| Unfit::Value(Class::KEY_LENGTH.get()))?;
        Ok(Phase1 {
            suite: IkeSuite {
                encryption,
                hash: self.hash.ok_or_else(|| missing(Class::HASH))?,
                group: self
                    .group
                    .ok_or_else(|| missing(Class::GROUP_DESCRIPTION))?,
            },
            auth: self.auth.ok_or_else(|| missing(Class::AUTHENTICATION))?,
            lifetimes: self.lifetimes,
        })
    }
}
