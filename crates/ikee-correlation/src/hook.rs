use alloc::collections::VecDeque;
use alloc::vec::Vec;

use ike_ext::{
    Action, Conclusion, Context, Draft, Extension, Host, Inbound, Key, Lifecycle, Place, Policy,
    Prf, Role, SaId, SaTable, Stage, Verdict,
};
use isakmp_wire::v2::{Delete, Notify, NotifyType, kind};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload};

use crate::machine::{Refusal, covered, same_peer, verify};
use crate::report::{Outcome, Report};
use crate::wire::{self, Claim, MAX_HASH};

const REQUEST: Stage = Stage::request(ExchangeType::IKE_AUTH);
const RESPONSE: Stage = Stage::response(ExchangeType::IKE_AUTH);

/// Reports that the application has not taken yet: no more are kept, the oldest go first.
const MAX_REPORTS: usize = 64;

/// A negotiation that serves a correlation.
#[derive(Clone, Debug)]
enum Row {
    /// Ours, about this original SA.
    Ours(SaId),
    /// The peer's; `None` if its payload cannot be read.
    Theirs(Option<Claim>),
    /// It ends with this payload.
    Ends(OwnedPayload),
    /// The peer has answered, which ends it.
    Over,
}

/// Proves that the peer of a new IKE SA is that of another, and takes such proofs
/// ([MS-IKEE] §3.10). The new SA goes, whatever comes of it, and the original stays as it is.
///
/// Adding it to an endpoint has it take proofs; it makes one where [`correlate`](Self::correlate)
/// says so.
#[derive(Debug)]
pub struct Correlation {
    enabled: bool,
    success: u32,
    rows: SaTable<Row>,
    partners: SaTable<SaId>,
    reports: VecDeque<Report>,
}

impl Correlation {
    /// Takes proofs, and tells of a good one with status 0.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            enabled: true,
            success: 0,
            rows: SaTable::new(),
            partners: SaTable::new(),
            reports: VecDeque::new(),
        }
    }

    /// Switches it on or off.
    #[must_use]
    pub const fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets the status that tells of success, in both roles; the specification does not give it
    /// ([MS-IKEE] §3.10.5.2).
    #[must_use]
    pub const fn with_success(mut self, status: u32) -> Self {
        self.success = status;
        self
    }

    /// Has a negotiation that we have just begun prove that we are the peer of `original`, an
    /// established SA with the same peer and the same method of authentication. No SA comes of it.
    ///
    /// To be called before the peer answers: right after the core has returned the handle.
    pub fn correlate(&mut self, current: SaId, original: SaId) {
        if self.enabled {
            self.rows.insert(current, Row::Ours(original));
        }
    }

    /// The SA that an SA was correlated with ([MS-IKEE] §3.10.1). It need not be there any more.
    #[must_use]
    pub fn partner(&self, sa: SaId) -> Option<SaId> {
        self.partners.get(sa).copied()
    }

    /// How correlations have ended since the last call, the oldest first; the core nudges the
    /// application about each ([`Action::Nudge`]).
    pub fn take_reports(&mut self) -> Vec<Report> {
        self.reports.drain(..).collect()
    }

    /// Whether no SA is left over. Reports are news for the application, and may be.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.rows.is_empty() && self.partners.is_empty()
    }

    fn report(&mut self, cx: &mut Context<'_>, report: Report) {
        if report.outcome == Outcome::Correlated
            && let Some(original) = report.original
        {
            self.partners.insert(report.current, original);
            self.partners.insert(original, report.current);
        }
        if self.reports.len() >= MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(report);
        cx.push(Action::Nudge(report.original.unwrap_or(report.current)));
    }

    /// Our own negotiation cannot serve its purpose, or did not; the SA must not come to stand.
    fn give_up(&mut self, cx: &mut Context<'_>, current: SaId, original: SaId, outcome: Outcome) {
        self.rows.insert(current, Row::Ends(delete()));
        self.report(cx, Report::new(current, Some(original), outcome));
    }

    /// [MS-IKEE] §3.10.5.1: who the peer is has been checked; now the proof.
    fn judge(&mut self, cx: &mut Context<'_>, current: SaId, claim: Option<Claim>) {
        let original = claim.as_ref().and_then(|it| {
            let (initiator, responder) = it.original;
            cx.host().find(initiator, responder)
        });
        let judged = claim
            .ok_or(Refusal::Malformed)
            .and_then(|claim| check(cx.host(), current, &claim));
        let (status, outcome) = match judged {
            Ok(()) => (self.success, Outcome::Correlated),
            Err(why) => (why.status(), Outcome::Refused(why)),
        };
        self.rows.insert(current, Row::Ends(wire::status(status)));
        self.report(cx, Report::new(current, original, outcome));
    }

    /// [MS-IKEE] §3.10.5.3: the notify tells what came of it, and the core deletes the new SA.
    fn hear(&mut self, cx: &mut Context<'_>, current: SaId, original: SaId, msg: &Inbound<'_>) {
        let all = msg.payloads();
        let errors = all.iter().filter(|it| it.kind == kind::NOTIFY);
        let errors = errors.filter_map(|it| Notify::parse(it).ok());
        let mut errors = errors.filter(|it| it.kind.is_error()).peekable();
        if msg.has(kind::AUTH) || errors.peek().is_none() {
            // an ordinary answer
            return;
        }
        let other = errors.any(|it| it.kind != NotifyType::MS_STATUS);
        let status = msg.notifies(NotifyType::MS_STATUS).next();
        let status = status.and_then(|it| <[u8; 4]>::try_from(it).ok());
        let status = status.map(u32::from_be_bytes);
        let outcome = if status == Some(self.success) && !other {
            Outcome::Correlated
        } else {
            Outcome::Denied(status)
        };
        self.rows.insert(current, Row::Over);
        self.report(cx, Report::new(current, Some(original), outcome));
    }
}

impl Default for Correlation {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Correlation {
    fn name(&self) -> &'static str {
        "correlation"
    }

    // [MS-IKEE] §3.10: immediately before the SA payload of IKE_AUTH
    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let Some(Row::Ours(original)) = self.rows.get(sa) else {
            return;
        };
        if draft.stage() != REQUEST {
            return;
        }
        let original = *original;
        match claim(cx.host(), sa, original) {
            Ok(claim) => {
                draft.insert(Place::Before(kind::SA), claim.payload());
            }
            Err(why) => self.give_up(cx, sa, original, Outcome::Unable(why)),
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if !self.enabled {
            return Verdict::Continue;
        }
        if let Some(Row::Ours(original)) = self.rows.get(sa) {
            let original = *original;
            if msg.protected && msg.stage == RESPONSE {
                self.hear(cx, sa, original, msg);
            } else if let Err(why) = usable(cx.host(), original) {
                // before anything of ours goes to a peer that would take it for an ordinary SA
                self.rows.insert(sa, Row::Over);
                let outcome = Outcome::Unable(why);
                self.report(cx, Report::new(sa, Some(original), outcome));
                return Verdict::Abort("the original SA cannot be correlated with");
            }
        } else if msg.protected && msg.stage == REQUEST {
            let mut bodies = msg.bodies(kind::CORRELATION);
            if let Some(body) = bodies.next() {
                let only = bodies.next().is_none();
                let claim = Claim::read(body).filter(|_| only);
                self.rows.insert(sa, Row::Theirs(claim));
            }
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Proven => match self.rows.get(sa).cloned() {
                Some(Row::Ours(original)) => self.give_up(cx, sa, original, Outcome::Ignored),
                Some(Row::Theirs(claim)) => self.judge(cx, sa, claim),
                Some(Row::Ends(_) | Row::Over) | None => {}
            },
            Lifecycle::Succeeded(successor) => {
                if let Some(partner) = self.partner(sa) {
                    self.partners.insert(successor, partner);
                    if let Some(back) = self.partners.get_mut(partner) {
                        *back = successor;
                    }
                }
            }
            Lifecycle::Closed => {
                if let Some(Row::Ours(original)) = self.rows.remove(sa) {
                    self.report(cx, Report::new(sa, Some(original), Outcome::Failed));
                }
                self.partners.remove(sa);
            }
            _ => {}
        }
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for Correlation {
    // [MS-IKEE] §3.10.5.2: the responder ends the new SA, in success and in failure
    fn conclusion(&self, sa: SaId) -> Conclusion {
        match self.rows.get(sa) {
            Some(Row::Ends(payload)) => Conclusion::Decline(payload.clone()),
            Some(Row::Ours(_) | Row::Theirs(_) | Row::Over) | None => Conclusion::Accept,
        }
    }
}

/// The hash over the SPIs of both SAs, with the current SA's function under the original's SK_ai
/// ([MS-IKEE] §2.2.9). Only the initiator of the current exchange ever sends it, whatever it was
/// in the original.
fn hash(host: &dyn Host, current: SaId, original: SaId) -> Result<Vec<u8>, Refusal> {
    let spis = |sa| host.facts(sa).map(|facts| facts.spis);
    let (ours, theirs) = (spis(current), spis(original));
    let (ours, theirs) = (
        ours.ok_or(Refusal::Unknown)?,
        theirs.ok_or(Refusal::Unknown)?,
    );
    let mut out = [0; MAX_HASH];
    let ask = Prf {
        function: current,
        owner: original,
        key: Key::Integrity(Role::Initiator),
        parts: &covered(&ours, &theirs),
    };
    let len = host.prf(ask, &mut out).ok_or(Refusal::Keyless)?;
    Ok(out.into_iter().take(len).collect())
}

/// Whether an SA can be correlated with: its peer has proved who it is, and it has an integrity key.
fn usable(host: &dyn Host, original: SaId) -> Result<(), Refusal> {
    let facts = host.facts(original).ok_or(Refusal::Unknown)?;
    facts.proven.ok_or(Refusal::Unknown)?;
    hash(host, original, original).map(drop)
}

/// What we claim in a negotiation of ours.
fn claim(host: &dyn Host, current: SaId, original: SaId) -> Result<Claim, Refusal> {
    usable(host, original)?;
    let facts = host.facts(original).ok_or(Refusal::Unknown)?;
    Ok(Claim {
        original: facts.spis,
        hash: hash(host, current, original)?,
    })
}

/// Checks what the peer claims in a negotiation of its own.
fn check(host: &dyn Host, current: SaId, claim: &Claim) -> Result<(), Refusal> {
    let original = host.find(claim.original.0, claim.original.1);
    let original = original.filter(|it| *it != current);
    let original = original.ok_or(Refusal::Unknown)?;
    let proven = |sa| host.facts(sa).and_then(|facts| facts.proven);
    let before = proven(original).ok_or(Refusal::Unknown)?;
    let now = proven(current).ok_or(Refusal::Unknown)?;
    same_peer(before, now)?;
    verify(&hash(host, current, original)?, &claim.hash)
}

/// The end of an IKE SA.
fn delete() -> OwnedPayload {
    let mut body = Vec::new();
    Delete::IKE.encode(&mut body);
    OwnedPayload::new(kind::DELETE, body)
}
