//! News from the core of IKEv1.

use core::fmt::Write as _;

use ikee::ext::{PolicyId, SaId};
use ikee::ikev1::{Assigned, CloseReason, Established, Event, Failure, Message, PeerCertificates};
use ikee::wire::ExchangeType;
use ikee::x509;

use super::Daemon;
use super::events::{Stood, list};
use crate::control::Topic;
use crate::fault::{Discard, Fault};
use crate::keylog::Keys;

impl Daemon {
    pub(super) async fn event_v1(&mut self, event: Event) {
        match event {
            Event::Established(sa) => self.established_v1(&sa),
            Event::Failed {
                sa,
                policy,
                remote,
                failure,
                attempt,
            } => {
                self.failed(sa, policy, remote, &Fault::from(&failure));
                self.remember_failed_v1(policy, remote, &failure, &attempt);
                self.forget(sa).await;
            }
            Event::ChildFailed {
                sa,
                policy,
                failure,
            } => {
                self.child_failed(sa, policy, &failure.to_string());
                self.remember_child_v1(sa, policy, &failure);
            }
            Event::ChildRekeyed { sa, old, new } => self.child_rekeyed(sa, old, new),
            Event::Closed { sa, policy, reason } => {
                self.closed_v1(sa, policy, &reason);
                self.forget(sa).await;
            }
            Event::Rekeyed { old, new } => self.succeeded(old, new),
            Event::Hint { sa, notify } => self.hint(sa, notify.to_string()),
            Event::Dropped { from, reason } => self.dropped(from, &Discard::from(&reason)),
            Event::Refused {
                from,
                failure,
                attempt,
            } => {
                self.refused(from, &Fault::from(&failure));
                self.remember_failed_v1(None, from, &failure, &attempt);
            }
            Event::Retransmitted { sa, exchange } => self.retransmitted(sa, exchange),
            Event::AddressesWanted(wanted) => self.lend_addresses(&wanted),
            Event::Configured { sa, assigned } => self.configured_v1(sa, &assigned).await,
            Event::PeerCertificates(shown) => self.vet_v1(&shown),
            Event::Moved { sa, remote } => self.moved(sa, remote),
            Event::Nudge(sa) => self.nudge(sa),
            Event::KeyLog(keys) => self.log_keys(Keys::V1(&keys)),
            Event::Message(message) => self.message_v1(&message),
            // what a later core may tell, nobody asked for yet
            _ => {}
        }
    }

    fn established_v1(&mut self, sa: &Established) {
        let mode = match sa.mode {
            ExchangeType::AGGRESSIVE => "aggressive",
            _ => "main",
        };
        let user = sa.user.as_ref();
        let user = user.map_or_else(String::new, |user| format!(" (user '{user}')"));
        self.established(&Stood {
            sa: sa.sa,
            policy: sa.policy,
            role: sa.role,
            peer: format!("'{}'{user}", sa.remote_id),
            ends: sa.ends,
            suite: sa.suite.to_string(),
            spis: sa.spis,
            more: format!(", IKEv1 {mode} mode, {}", sa.method),
            span: sa.span,
        });
    }

    fn closed_v1(&mut self, sa: SaId, policy: PolicyId, reason: &CloseReason) {
        let wanted = matches!(
            reason,
            CloseReason::Local | CloseReason::Peer | CloseReason::Restarted
        );
        let bug = matches!(reason, CloseReason::Failure(Failure::Bug(_)));
        let why = reason.to_string();
        self.closed(sa, policy, &why, wanted, bug);
        self.failed_text(sa, why);
        let failure = match reason {
            CloseReason::Silent => Failure::Timeout(None),
            CloseReason::Failure(failure) => failure.clone(),
            _ => return,
        };
        self.remember_closed_v1(policy, &failure);
    }

    /// An SA, negotiated anew with fresh proofs, has inherited the children of another one.
    fn succeeded(&mut self, old: SaId, new: SaId) {
        self.metrics.rekeyed("ike");
        self.cores.v2.inherit(old, new);
        if let Some(before) = self.book.sas.remove(&old) {
            let note = self.note(new, None);
            if note.assigned.is_empty() {
                note.assigned = before.assigned;
                note.dns = before.dns;
                note.learned = before.learned;
            }
        }
        for child in self.book.children.values_mut().filter(|it| it.sa == old) {
            child.sa = new;
        }
        let text = "IKE SA has new keys and fresh proofs".to_owned();
        self.span(new).in_scope(|| tracing::info!("{text}"));
        self.announce_sa(new, Topic::Rekeyed, None, text);
        self.reauthenticated(old);
        self.sa_replaced(old, new);
    }

    async fn configured_v1(&mut self, sa: SaId, assigned: &Assigned) {
        self.configured(sa, &assigned.addresses, &assigned.dns)
            .await;
        let mut more = String::new();
        for (what, networks) in [
            ("networks through the tunnel", &assigned.split),
            ("networks outside of it", &assigned.local),
        ] {
            if !networks.is_empty() {
                // a String takes everything
                write!(more, "; {what}: {}", list(networks)).unwrap_or_default();
            }
        }
        for (what, text) in [("domain", &assigned.domain), ("banner", &assigned.banner)] {
            if !text.is_empty() {
                write!(more, "; {what}: {text:?}").unwrap_or_default();
            }
        }
        if let Some(more) = more.strip_prefix("; ") {
            self.span(sa)
                .in_scope(|| tracing::info!("the peer tells {more}"));
        }
    }

    /// Answers the core's question for a peer's key.
    fn vet_v1(&mut self, shown: &PeerCertificates) {
        let sa = shown.sa;
        let wrapped = &shown.wrapped;
        let found = unwrapped(shown.chain.clone(), shown.crls.clone(), wrapped);
        let verdict = found.and_then(|(chain, crls)| {
            self.verify((sa, shown.policy), (&chain, &crls), &shown.identity)
        });
        self.core(|cores, now| {
            let Some(v1) = &mut cores.v1 else { return };
            let verdict = verdict.as_deref().map_err(Clone::clone);
            if let Err(error) = v1.trusted(now, sa, verdict, &mut cores.out_v1) {
                tracing::debug!("certificates: {error}");
            }
        });
    }

    fn message_v1(&self, message: &Message) {
        let payloads: Vec<String> = message.payloads.iter().map(ToString::to_string).collect();
        self.span(message.sa).in_scope(|| {
            tracing::debug!(
                "{} {} message {} {:08x} [{}], {} octets",
                if message.outbound { "sent" } else { "got" },
                message.exchange,
                message.number,
                message.message_id,
                payloads.join(", "),
                message.octets,
            );
        });
    }
}

/// Certificates, and revocation lists.
type Shown = (Vec<Vec<u8>>, Vec<Vec<u8>>);

/// Certificates and revocation lists as they came, and those in PKCS #7 after them.
fn unwrapped(
    mut chain: Vec<Vec<u8>>,
    mut crls: Vec<Vec<u8>>,
    wrapped: &[Vec<u8>],
) -> Result<Shown, String> {
    for wrapper in wrapped {
        let found = x509::unwrap_pkcs7(wrapper)
            .map_err(|error| format!("{error}; let the peer send plain X.509 certificates"))?;
        chain.extend(found.certificates);
        crls.extend(found.crls);
    }
    Ok((chain, crls))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::path::Path;

    use ikee::doi::Identity;
    use ikee::x509::{Policy, Presented, Reason, Store};

    use super::*;

    const CHAIN: &[u8] = include_bytes!("../../../ike-x509/tests/pkcs7/chain.p7b");
    const REVOKED: &[u8] = include_bytes!("../../../ike-x509/tests/pkcs7/revoked.p7b");
    /// 2026-12-01.
    const NOW: Duration = Duration::from_secs(1_796_083_200);

    fn verdict(wrapped: &[u8], who: &str) -> Result<(), Reason> {
        let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pki/ca.pem");
        let mut store = Store::new(ikee::rustcrypto::provider());
        for it in x509::certificates(&ca).unwrap() {
            store.add_authority(it).unwrap();
        }
        let (chain, crls) = unwrapped(Vec::new(), Vec::new(), &[wrapped.to_vec()]).unwrap();
        let presented = Presented {
            chain: &chain,
            crls: &crls,
        };
        let found = store.verify(presented, &Identity::fqdn(who), NOW, &Policy::default());
        found.map(|_| ()).map_err(|refusal| refusal.reason)
    }

    /// Quirk 6 of Windows: the chain comes in PKCS #7, the CA's certificate first.
    #[test]
    fn a_peer_that_wraps_its_chain_is_judged_by_what_is_inside() {
        assert_eq!(verdict(CHAIN, "gw.example"), Ok(()));
        assert!(verdict(CHAIN, "other.example").is_err());
        assert_eq!(verdict(REVOKED, "gw.example"), Err(Reason::Revoked));
    }

    #[test]
    fn what_is_no_wrapper_is_refused_with_what_to_do() {
        let why = unwrapped(Vec::new(), Vec::new(), &[vec![0x30, 0]]).unwrap_err();
        assert!(
            why.contains("PKCS #7") && why.contains("plain X.509"),
            "{why}"
        );
    }
}
