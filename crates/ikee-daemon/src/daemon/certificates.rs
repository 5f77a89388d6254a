//! Certificates of peers: whether their keys are theirs.

use ikee::doi::Identity;
use ikee::ext::{PolicyId, SaId};
use ikee::ikev2::{Input, PeerCertificates, PeerKey};
use ikee::x509::Presented;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Daemon;
use crate::trust::{LOOK, Trust};
use crate::{clock, provider};

/// What verifies certificates, and when its files are looked at next.
#[derive(Debug)]
pub(super) struct Vetting {
    trust: Trust,
    interval: Interval,
}

impl Vetting {
    /// Must be made within a tokio runtime.
    pub(super) fn new(trust: Trust) -> Self {
        let mut interval = interval(LOOK);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { trust, interval }
    }

    /// Waits until the files are due; for ever when there are none.
    pub(super) async fn due(&mut self) {
        if self.trust.is_empty() {
            core::future::pending::<()>().await;
        }
        self.interval.tick().await;
    }
}

impl Daemon {
    /// Answers the core's question for a peer's key.
    pub(super) fn vet(&mut self, shown: &PeerCertificates) {
        let sa = shown.sa;
        let verdict = self.verify(
            (sa, shown.policy),
            (&shown.chain, &shown.crls),
            &shown.identity,
        );
        let verdict = verdict.map(PeerKey::new);
        self.core(|cores, now| {
            let input = Input::Trusted { sa, verdict };
            cores.v2.handle(now, input, &mut cores.out_v2);
        });
    }

    /// The public key of a peer whose certificates are good, or why they are not.
    pub(super) fn verify(
        &mut self,
        (sa, policy): (SaId, PolicyId),
        (chain, crls): (&[Vec<u8>], &[Vec<u8>]),
        identity: &Identity,
    ) -> Result<Vec<u8>, String> {
        let connection = self.connection_name(policy).unwrap_or("?").to_owned();
        let presented = Presented { chain, crls };
        let now = clock::since_1970();
        let trust = &self.vetting.trust;
        let verdict = trust.verify(&connection, presented, identity, now);
        let span = self.note(sa, Some(policy)).span.clone();
        span.in_scope(|| match &verdict {
            Ok(key) => tracing::info!(
                "the peer's certificate '{}' is good, by authority '{}'",
                key.subject,
                key.authority
            ),
            Err(refusal) => {
                tracing::warn!("not the certificate of '{identity}': {refusal}");
            }
        });
        verdict
            .map(|key| key.public_key)
            .map_err(|refusal| refusal.to_string())
    }

    /// Looks at the files of certificates and CRLs again.
    pub(super) fn look_at_certificates(&mut self) {
        if let Ok(provider) = provider::provider(self.runtime.provider) {
            self.vetting.trust.refresh(provider, clock::since_1970());
        }
    }
}
