//! Which cryptography runs.

use ikee::crypto::Provider;

use crate::config::ProviderChoice;

/// The provider for a choice.
///
/// # Errors
/// This processor cannot run the one that was asked for.
pub fn provider(choice: ProviderChoice) -> Result<&'static Provider, Unsupported> {
    match choice {
        ProviderChoice::Auto => {
            Ok(ikee::graviola::provider().unwrap_or_else(ikee::rustcrypto::provider))
        }
        ProviderChoice::RustCrypto => Ok(ikee::rustcrypto::provider()),
        ProviderChoice::Graviola => ikee::graviola::provider().ok_or(Unsupported),
    }
}

/// The processor lacks what the provider needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this processor cannot run the graviola provider; use \"auto\" or \"rustcrypto\"")]
#[non_exhaustive]
pub struct Unsupported;

/// A seed for an endpoint's random generator, from the system.
///
/// # Errors
/// The system has no randomness to give.
pub fn seed() -> Result<[u8; 32], ikee::crypto::Error> {
    use ikee::crypto::Random as _;
    let mut seed = [0; 32];
    ikee::rustcrypto::SystemRandom::new().fill(&mut seed)?;
    Ok(seed)
}
