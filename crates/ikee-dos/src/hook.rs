use ike_ext::{
    Admission, Alarm, Context, Draft, Extension, Gate, Inbound, Lifecycle, Protect, Protection,
    Role, SaId, SaTable, Stage, Verdict,
};
use isakmp_wire::v1::{SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Version};

use crate::machine::{Claim, Construction, Follow, Jar, Retry};
use crate::wire::{challenge, challenged};

/// Asks for cookies when there is a flood, and answers those who ask ([MS-IKEE] §3.9).
///
/// Windows has it on only where a setting says so ([MS-IKEE] note 29). The releases before Vista know
/// no thresholds: to be like them, [`Protect::Always`].
#[derive(Debug)]
pub struct Dos {
    protection: Protection,
    construction: Construction,
    follows: bool,
    alarm: Alarm,
    jar: Option<Jar>,
    /// Negotiations that we began.
    ours: SaTable<Retry>,
    /// Negotiations that began with a cookie of ours, and are not complete.
    theirs: SaTable<Claim>,
}

impl Default for Dos {
    fn default() -> Self {
        Self::new()
    }
}

impl Dos {
    /// Protects with [`Protection::WINDOWS`], and answers those who ask for cookies.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            protection: Protection::WINDOWS,
            construction: Construction::Sha256,
            follows: true,
            alarm: Alarm::new(),
            jar: None,
            ours: SaTable::new(),
            theirs: SaTable::new(),
        }
    }

    /// With other thresholds; with [`Protect::Never`], initiator only.
    #[must_use]
    pub const fn with_protection(mut self, protection: Protection) -> Self {
        self.protection = protection;
        self
    }

    /// With cookies made in another way.
    #[must_use]
    pub const fn with_construction(mut self, construction: Construction) -> Self {
        self.construction = construction;
        self
    }

    /// Responder only: cookies that others ask for are not for us to answer.
    #[must_use]
    pub const fn responder_only(mut self) -> Self {
        self.follows = false;
        self
    }

    /// Whether strangers had to show a cookie when the last one came ([MS-IKEE] §3.9.1).
    #[must_use]
    pub const fn is_protecting(&self) -> bool {
        self.alarm.is_raised()
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.ours.is_empty() && self.theirs.is_empty()
    }

    /// Whether the responder's cookie of a message is one that we made for this path.
    fn proves(&self, cx: &Context<'_>, message: &Inbound<'_>, claim: &Claim) -> bool {
        let hash = |id, parts: &[&[u8]], out: &mut [u8]| cx.host().digest(id, parts, out);
        let shown = message.header.responder;
        let jar = self.jar.as_ref();
        jar.is_some_and(|it| it.check(shown, claim, cx.now().as_duration(), hash))
    }

    /// [MS-IKEE] §3.9.5.1: message 2, and nothing kept.
    fn ask(&mut self, cx: &mut Context<'_>, claim: &Claim) -> Admission {
        let construction = self.construction;
        let jar = self
            .jar
            .get_or_insert_with(|| Jar::new(construction, |key| cx.fill_random(key)));
        let hash = |id, parts: &[&[u8]], out: &mut [u8]| cx.host().digest(id, parts, out);
        match jar.make(claim, cx.now().as_duration(), hash) {
            Some(cookie) => Admission::Challenge(challenge(cookie)),
            // the core lacks the hash function
            None => Admission::Refuse,
        }
    }

    /// [MS-IKEE] §3.9.5.2: a lone cookie, while message 1 is out.
    fn follow(&mut self, cx: &mut Context<'_>, sa: SaId, message: &Inbound<'_>) -> Verdict {
        let Some((cookie, retry)) = challenged(message.payloads()).zip(self.ours.get_mut(sa))
        else {
            return Verdict::Continue;
        };
        match retry.challenged(cookie) {
            Follow::Again => {
                cx.push(ike_ext::Action::Recompose(sa));
                Verdict::Consume
            }
            Follow::Enough => Verdict::Discard("cookies without end"),
            Follow::Late => Verdict::Discard("a cookie that nobody waits for"),
        }
    }

    /// [MS-IKEE] §3.9.5.3: what follows message 3 passes the same check while the mode is on; here
    /// for the path that the cookie was made for, as ports may float.
    fn later(&self, cx: &Context<'_>, sa: SaId, message: &Inbound<'_>) -> Verdict {
        let Some(claim) = self.theirs.get(sa).filter(|_| self.alarm.is_raised()) else {
            return Verdict::Continue;
        };
        if message.from.ip() == claim.peer.ip() && self.proves(cx, message, claim) {
            Verdict::Continue
        } else {
            Verdict::Discard("its cookie is not for this address and time")
        }
    }
}

fn claim(message: &Inbound<'_>) -> Option<Claim> {
    message.to.map(|local| Claim {
        initiator: message.header.initiator,
        peer: message.from,
        local,
    })
}

impl Gate for Dos {
    fn admit(&mut self, cx: &mut Context<'_>, first: &Inbound<'_>) -> Admission {
        if first.header.version != Version::V1 || self.protection.mode == Protect::Never {
            return Admission::Admit;
        }
        let (all, one) = (
            cx.host().half_open(None),
            cx.host().half_open(Some(first.from.ip())),
        );
        // [MS-IKEE] §3.9.7
        let on = self.alarm.update(&self.protection, all);
        // [MS-IKEE] note 29: whatever the mode
        if self.protection.crowded(one) {
            return Admission::Refuse;
        }
        let Some(claim) = claim(first) else {
            return Admission::Refuse;
        };
        if self.proves(cx, first, &claim) {
            return Admission::Proven;
        }
        if !on {
            return Admission::Admit;
        }
        // [MS-IKEE] §3.9.5.1: only what can be a message 1 gets an answer
        let sound = first
            .payloads()
            .first(kind::SA)
            .is_some_and(|raw| SecurityAssociation::parse(raw).is_ok());
        if sound && first.stage == Stage::main_mode(1) {
            self.ask(cx, &claim)
        } else {
            Admission::Refuse
        }
    }
}

impl Extension for Dos {
    fn name(&self) -> &'static str {
        "dos"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if draft.version() != Version::V1 || !self.follows {
            return;
        }
        if draft.stage() == Stage::main_mode(1) {
            let retry = self.ours.row(sa);
            if let Some(cookie) = retry.responder() {
                draft.set_responder(cookie);
            }
        } else if draft.stage() == Stage::main_mode(3)
            && cx
                .host()
                .facts(sa)
                .is_some_and(|it| it.role == Role::Initiator)
            && let Some(retry) = self.ours.get_mut(sa)
        {
            retry.answered();
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if msg.header.version != Version::V1 {
            return Verdict::Continue;
        }
        match msg.stage.exchange {
            ExchangeType::V1_INFORMATIONAL if !msg.protected => self.follow(cx, sa, msg),
            ExchangeType::MAIN_MODE if msg.stage.message == 1 => {
                if let Some(claim) = claim(msg).filter(|_| !msg.header.responder.is_zero()) {
                    self.theirs.insert(sa, claim);
                }
                Verdict::Continue
            }
            ExchangeType::MAIN_MODE if msg.stage.is_request() => self.later(cx, sa, msg),
            _ => Verdict::Continue,
        }
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        if matches!(what, Lifecycle::Closed | Lifecycle::Established) {
            self.ours.remove(sa);
            self.theirs.remove(sa);
        }
    }

    fn gate(&mut self) -> Option<&mut dyn Gate> {
        Some(self)
    }
}
