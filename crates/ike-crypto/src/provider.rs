use alloc::boxed::Box;
use core::fmt;

use ipsec_doi::{Encryption, GroupId, HashId, IntegrityId, PrfId};

use crate::{
    Cipher, Error, Group, Hash, Integrity, KeyLoader, Prf, SignatureScheme, SigningKey, Verify,
};

/// What a back end can compute, as tables.
///
/// The tables of the provider itself hold what a default proposal may offer. [`legacy`](Self::legacy) holds the weak and
/// the obsolete: whoever wants one of those names it. The look-ups find both. To mix back ends, clone one and replace a
/// table.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built as literals, which alone can borrow static tables; a new table concerns every provider"
)]
pub struct Provider {
    /// Name of the back end, for logs.
    pub name: &'static str,
    /// Encryption transforms, one entry per key size.
    pub ciphers: &'static [&'static dyn Cipher],
    /// Pseudo-random functions.
    pub prfs: &'static [&'static dyn Prf],
    /// Integrity transforms.
    pub integrities: &'static [&'static dyn Integrity],
    /// Key exchange methods.
    pub groups: &'static [&'static dyn Group],
    /// Hash functions.
    pub hashes: &'static [&'static dyn Hash],
    /// Signature schemes that can be verified.
    pub verifiers: &'static [&'static dyn Verify],
    /// Kinds of private keys that can sign.
    pub key_loaders: &'static [&'static dyn KeyLoader],
    /// The weak and the obsolete, never in a default.
    pub legacy: Algorithms,
}

/// Tables of algorithms: the legacy part of a [`Provider`]. `..Algorithms::NONE` fills up what a literal leaves out.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built as literals, which alone can borrow static tables; a new table concerns every provider"
)]
pub struct Algorithms {
    /// Encryption transforms, one entry per key size.
    pub ciphers: &'static [&'static dyn Cipher],
    /// Pseudo-random functions.
    pub prfs: &'static [&'static dyn Prf],
    /// Integrity transforms.
    pub integrities: &'static [&'static dyn Integrity],
    /// Key exchange methods.
    pub groups: &'static [&'static dyn Group],
    /// Hash functions.
    pub hashes: &'static [&'static dyn Hash],
    /// Signature schemes that can be verified.
    pub verifiers: &'static [&'static dyn Verify],
}

impl Algorithms {
    /// No algorithms at all.
    pub const NONE: Self = Self {
        ciphers: &[],
        prfs: &[],
        integrities: &[],
        groups: &[],
        hashes: &[],
        verifiers: &[],
    };
}

impl Provider {
    /// The encryption transform with this identifier and key size, legacy or not.
    #[must_use]
    pub fn cipher(&self, encryption: Encryption) -> Option<&'static dyn Cipher> {
        find([self.ciphers, self.legacy.ciphers], |entry| {
            entry.encryption() == encryption
        })
    }

    /// The pseudo-random function with this identifier, legacy or not.
    #[must_use]
    pub fn prf(&self, id: PrfId) -> Option<&'static dyn Prf> {
        find([self.prfs, self.legacy.prfs], |entry| entry.id() == id)
    }

    /// The integrity transform with this identifier, legacy or not.
    #[must_use]
    pub fn integrity(&self, id: IntegrityId) -> Option<&'static dyn Integrity> {
        find([self.integrities, self.legacy.integrities], |entry| {
            entry.id() == id
        })
    }

    /// The key exchange method with this identifier, legacy or not.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&'static dyn Group> {
        find([self.groups, self.legacy.groups], |entry| entry.id() == id)
    }

    /// The hash function with this identifier, legacy or not.
    #[must_use]
    pub fn hash(&self, id: HashId) -> Option<&'static dyn Hash> {
        find([self.hashes, self.legacy.hashes], |entry| entry.id() == id)
    }

    /// Verification of this signature scheme, legacy or not.
    #[must_use]
    pub fn verifier(&self, scheme: SignatureScheme) -> Option<&'static dyn Verify> {
        find([self.verifiers, self.legacy.verifiers], |entry| {
            entry.scheme() == scheme
        })
    }

    /// Reads a private key from DER (PKCS#8, SEC1, PKCS#1), whatever its kind.
    ///
    /// # Errors
    ///
    /// When no loader of the provider can read it.
    pub fn load_key(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        self.key_loaders
            .iter()
            .find_map(|loader| loader.load(der).ok())
            .ok_or(Error)
    }

    /// Whether this encryption transform is here as a legacy one only.
    #[must_use]
    pub fn is_legacy_cipher(&self, encryption: Encryption) -> bool {
        only_legacy(self.ciphers, self.legacy.ciphers, |entry| {
            entry.encryption() == encryption
        })
    }

    /// Whether this pseudo-random function is here as a legacy one only.
    #[must_use]
    pub fn is_legacy_prf(&self, id: PrfId) -> bool {
        only_legacy(self.prfs, self.legacy.prfs, |entry| entry.id() == id)
    }

    /// Whether this integrity transform is here as a legacy one only.
    #[must_use]
    pub fn is_legacy_integrity(&self, id: IntegrityId) -> bool {
        only_legacy(self.integrities, self.legacy.integrities, |entry| {
            entry.id() == id
        })
    }

    /// Whether this key exchange method is here as a legacy one only.
    #[must_use]
    pub fn is_legacy_group(&self, id: GroupId) -> bool {
        only_legacy(self.groups, self.legacy.groups, |entry| entry.id() == id)
    }

    /// Whether this hash function is here as a legacy one only.
    #[must_use]
    pub fn is_legacy_hash(&self, id: HashId) -> bool {
        only_legacy(self.hashes, self.legacy.hashes, |entry| entry.id() == id)
    }

    /// Whether this signature scheme is here as a legacy one only.
    #[must_use]
    pub fn is_legacy_verifier(&self, scheme: SignatureScheme) -> bool {
        only_legacy(self.verifiers, self.legacy.verifiers, |entry| {
            entry.scheme() == scheme
        })
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn find<T: ?Sized>(
    tables: [&'static [&'static T]; 2],
    wanted: impl Fn(&T) -> bool,
) -> Option<&'static T> {
    tables
        .into_iter()
        .flatten()
        .copied()
        .find(|entry| wanted(entry))
}

fn only_legacy<T: ?Sized>(
    offered: &[&'static T],
    legacy: &[&'static T],
    wanted: impl Fn(&T) -> bool,
) -> bool {
    !offered.iter().any(|entry| wanted(entry)) && legacy.iter().any(|entry| wanted(entry))
}
