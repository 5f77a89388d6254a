//! Certificates of peers: whether their keys are theirs.

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
    /// Answers the endpoint's question for a peer's key.
    pub(super) fn vet(&mut self, shown: &PeerCertificates) {
        let connection = self.connection_name(shown.policy).unwrap_or("?").to_owned();
        let presented = Presented {
            chain: &shown.chain,
            crls: &shown.crls,
        };
        let now = clock::since_1970();
        let trust = &self.vetting.trust;
        let verdict = trust.verify(&connection, presented, &shown.identity, now);
        let span = self.note(shown.sa, Some(shown.policy)).span.clone();
        span.in_scope(|| match &verdict {
            Ok(key) => tracing::info!(
                "the peer's certificate '{}' is good, by authority '{}'",
                key.subject,
                key.authority
            ),
            Err(refusal) => {
                tracing::warn!("not the certificate of '{}': {refusal}", shown.identity);
            }
        });
        let verdict = verdict
            .map(|key| PeerKey::new(key.public_key))
            .map_err(|refusal| refusal.to_string());
        self.input(Input::Trusted {
            sa: shown.sa,
            verdict,
        });
    }

    /// Looks at the files of certificates and CRLs again.
    pub(super) fn look_at_certificates(&mut self) {
        if let Ok(provider) = provider::provider(self.runtime.provider) {
            self.vetting.trust.refresh(provider, clock::since_1970());
        }
    }
}
