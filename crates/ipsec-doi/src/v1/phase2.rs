use alloc::vec::Vec;

use isakmp_wire::v1::{EncapsulationMode, Phase2Attribute as Class, ProtocolId};
use isakmp_wire::{Attribute, OwnedAttribute};

use super::{AhTransform, EspTransform, IntegrityAlgorithm, Lifetimes, Unfit, life, once, short};
use crate::encapsulation::Encapsulation;
use crate::encryption::Encryption;
use crate::group::GroupId;
use crate::transform::IntegrityId;

/// What one transform of a quick mode proposal for ESP or AH offers (RFC 2407 §4.4, §4.5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers build offers by hand")]
pub struct Phase2 {
    /// Encryption; `None` for AH.
    pub encryption: Option<Encryption>,
    /// Integrity; `None` with AEAD, or for ESP without authentication.
    pub integrity: Option<IntegrityId>,
    /// The group of a key exchange of its own.
    pub group: Option<GroupId>,
    /// Tunnel or transport, with or without UDP; `None` if not said, which leaves it to the
    /// responder.
    pub encapsulation: Option<Encapsulation>,
    /// Whether sequence numbers have 64 bits (RFC 4304).
    pub esn: bool,
    /// How long the SA lives; none for [`Life::DEFAULT`](crate::Life::DEFAULT).
    pub lifetimes: Lifetimes,
}

impl Phase2 {
    /// Reads a transform of a proposal for ESP or AH.
    ///
    /// # Errors
    ///
    /// Why the transform is not eligible; the others may still be ([MS-IKEE] §3.1.5).
    pub fn read<'a>(
        protocol: ProtocolId,
        transform: u8,
        attributes: impl IntoIterator<Item = Attribute<'a>>,
    ) -> Result<Self, Unfit> {
        let mut draft = Draft::default();
        for attribute in attributes {
            draft.add(&attribute)?;
        }
        match protocol {
            ProtocolId::ESP => draft.esp(EspTransform::new(transform)),
            ProtocolId::AH => draft.ah(AhTransform::new(transform)),
            _ => Err(Unfit::Transform(transform)),
        }
    }

    /// Transform and attributes that offer this for ESP; `None` if quick mode has no number for
    /// an algorithm.
    #[must_use]
    pub fn attributes(&self) -> Option<(EspTransform, Vec<OwnedAttribute>)> {
        let encryption = self.encryption?;
        let transform = EspTransform::of(encryption.id)?;
        let mut out = self.common()?;
        let bits = encryption.key_length_attribute();
        out.extend(bits.map(|it| OwnedAttribute::short(Class::KEY_LENGTH.get(), it)));
        out.extend(self.numbers());
        Some((transform, out))
    }

    /// Transform and attributes that offer this for AH; `None` if there is an encryption algorithm, or quick mode has no
    /// number for the integrity algorithm.
    #[must_use]
    pub fn ah_attributes(&self) -> Option<(AhTransform, Vec<OwnedAttribute>)> {
        let integrity = self.integrity.filter(|_| self.encryption.is_none())?;
        let transform = AhTransform::of(IntegrityAlgorithm::of(integrity)?)?;
        let mut out = self.common()?;
        out.extend(self.numbers());
        Some((transform, out))
    }

    /// The attribute for 64-bit sequence numbers.
    fn numbers(&self) -> Option<OwnedAttribute> {
        let kind = Class::EXTENDED_SEQUENCE_NUMBER.get();
        self.esn.then(|| OwnedAttribute::short(kind, ESN))
    }

    /// What offers of both protocols have.
    fn common(&self) -> Option<Vec<OwnedAttribute>> {
        let short = |class: Class, value| OwnedAttribute::short(class.get(), value);
        let mut out = Vec::new();
        for life in self.lifetimes.iter() {
            let (kind, duration) = life.to_v1();
            let octets = duration.to_be_bytes();
            out.push(short(Class::LIFE_TYPE, kind));
            out.push(OwnedAttribute::long(Class::LIFE_DURATION.get(), octets));
        }
        let group = self.group.map(GroupId::get);
        out.extend(group.map(|it| short(Class::GROUP_DESCRIPTION, it)));
        let mode = self.encapsulation.map(|it| it.to_v1().get());
        out.extend(mode.map(|it| short(Class::ENCAPSULATION_MODE, it)));
        if let Some(integrity) = self.integrity {
            let number = IntegrityAlgorithm::of(integrity)?;
            out.push(short(Class::AUTHENTICATION_ALGORITHM, number.get()));
        }
        Some(out)
    }
}

/// The one value of the attribute for 64-bit sequence numbers (RFC 4304 §2).
const ESN: u16 = 1;

/// What has been read so far.
#[derive(Default)]
struct Draft {
    key_length: Option<u16>,
    integrity: Option<IntegrityAlgorithm>,
    group: Option<GroupId>,
    encapsulation: Option<Encapsulation>,
    esn: Option<u16>,
    life_type: Option<u16>,
    lifetimes: Lifetimes,
}

impl Draft {
    fn add(&mut self, attribute: &Attribute<'_>) -> Result<(), Unfit> {
        let class = attribute.kind;
        match Class::new(class) {
            Class::LIFE_TYPE => {
                self.life_type = Some(short(attribute)?);
                Ok(())
            }
            Class::LIFE_DURATION => {
                self.lifetimes.add(life(self.life_type.take(), attribute)?);
                Ok(())
            }
            Class::GROUP_DESCRIPTION => {
                once(&mut self.group, GroupId::new(short(attribute)?), class)
            }
            Class::ENCAPSULATION_MODE => {
                let mode = EncapsulationMode::new(short(attribute)?);
                let mode = Encapsulation::from_v1(mode).ok_or(Unfit::Value(class))?;
                once(&mut self.encapsulation, mode, class)
            }
            Class::AUTHENTICATION_ALGORITHM => {
                let number = IntegrityAlgorithm::new(short(attribute)?);
                once(&mut self.integrity, number, class)
            }
            Class::KEY_LENGTH => once(&mut self.key_length, short(attribute)?, class),
            Class::EXTENDED_SEQUENCE_NUMBER => match short(attribute)? {
                ESN => once(&mut self.esn, ESN, class),
                _ => Err(Unfit::Value(class)),
            },
            // RFC 2407 §4.5: ciphers with a number of rounds, compression, signatures in AH.
            Class::KEY_ROUNDS
            | Class::COMPRESS_DICTIONARY_SIZE
            | Class::COMPRESS_PRIVATE_ALGORITHM
            | Class::AUTHENTICATION_KEY_LENGTH
            | Class::SIGNATURE_ENCODING => Err(Unfit::Value(class)),
            _ => Err(Unfit::Unknown(class)),
        }
    }

    fn esp(self, transform: EspTransform) -> Result<Phase2, Unfit> {
        let id = transform
            .id()
            .ok_or_else(|| Unfit::Transform(transform.get()))?;
        let encryption = Encryption::from_transform(id, self.key_length)
            .ok_or_else(|| Unfit::Value(Class::KEY_LENGTH.get()))?;
        let integrity = self.integrity()?;
        // RFC 4106 §8.2, RFC 4309 §7: no authentication algorithm goes with an AEAD.
        if encryption.is_aead() && integrity.is_some() {
            return Err(Unfit::Conflict(Class::AUTHENTICATION_ALGORITHM.get()));
        }
        Ok(self.finish(Some(encryption), integrity))
    }

    fn ah(self, transform: AhTransform) -> Result<Phase2, Unfit> {
        let class = Class::AUTHENTICATION_ALGORITHM.get();
        let own = transform.algorithm();
        let own = own.ok_or_else(|| Unfit::Transform(transform.get()))?;
        // RFC 2407 §4.4.3: the attribute must be there, and agree with the transform.
        let integrity = self.integrity()?.ok_or(Unfit::Missing(class))?;
        if own.id() != Some(integrity) {
            return Err(Unfit::Conflict(class));
        }
        Ok(self.finish(None, Some(integrity)))
    }

    fn integrity(&self) -> Result<Option<IntegrityId>, Unfit> {
        let Some(number) = self.integrity else {
            return Ok(None);
        };
        let unfit = Unfit::Value(Class::AUTHENTICATION_ALGORITHM.get());
        number.id().map(Some).ok_or(unfit)
    }

    fn finish(self, encryption: Option<Encryption>, integrity: Option<IntegrityId>) -> Phase2 {
        Phase2 {
            encryption,
            integrity,
            group: self.group,
            encapsulation: self.encapsulation,
            esn: self.esn.is_some(),
            lifetimes: self.lifetimes,
        }
    }
}
