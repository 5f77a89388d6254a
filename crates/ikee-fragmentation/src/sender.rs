//! When to send fragments: the fragmentation timer of one SA ([MS-IKEE] §3.3.2, §3.3.5.3).

use core::time::Duration;

use isakmp_wire::ExchangeType;

/// Which message of which exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what names a message")]
pub struct Name {
    /// The exchange.
    pub exchange: ExchangeType,
    /// The message ID in the header.
    pub message_id: u32,
    /// Which message of the exchange, from 1.
    pub message: u8,
}

impl Name {
    /// Whether it answers `earlier`.
    const fn answers(self, earlier: Self) -> bool {
        self.exchange.get() == earlier.exchange.get()
            && self.message_id == earlier.message_id
            && self.message > earlier.message
    }
}

/// Which messages start the fragmentation timer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TimerRule {
    /// Every message, at both sides: the text of [MS-IKEE] §3.3.2.
    Every,
    /// Those of an exchange's initiator, from the first one on: Windows Vista and later
    /// ([MS-IKEE] note 16). A responder repeats nothing by itself, so it has nothing to fragment.
    #[default]
    Initiator,
    /// Every message from the second round trip of phase 1 on, at both sides: Windows 2000, XP and
    /// Server 2003 ([MS-IKEE] note 16).
    SecondRoundTrip,
}

impl TimerRule {
    /// Whether a message starts the timer.
    ///
    /// None of an informational exchange does: nobody answers them, and none is repeated.
    #[must_use]
    pub fn starts(self, name: Name) -> bool {
        let phase_1 = matches!(
            name.exchange,
            ExchangeType::MAIN_MODE | ExchangeType::AGGRESSIVE
        );
        name.exchange != ExchangeType::V1_INFORMATIONAL
            && match self {
                Self::Every => true,
                Self::Initiator => name.message & 1 == 1,
                Self::SecondRoundTrip => !phase_1 || name.message >= 3,
            }
    }
}

/// The shortest and the longest time of the timer ([MS-IKEE] §3.3.2).
pub(crate) const SHORTEST: Duration = Duration::from_secs(1);
pub(crate) const LONGEST: Duration = Duration::from_secs(5);
/// The sum of the first two intervals of retransmission ([MS-IKEE] note 16).
pub(crate) const USUAL: Duration = Duration::from_secs(3);

/// What was cut into fragments, into how large ones, and a sum of its octets: a message that was composed anew may have the
/// same name. The same again is the same message ([MS-IKEE] §3.3.6.1).
pub(crate) type Cut = (Name, usize, u64);

/// FNV-1a.
pub(crate) fn sum(message: &[u8]) -> u64 {
    message.iter().fold(0xcbf2_9ce4_8422_2325, |sum, octet| {
        (sum ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whether an SA's messages go out in fragments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender {
    active: bool,
    timer: Option<(Name, Duration)>,
    /// The message that was cut last, and its fragment ID.
    last: Option<(Cut, u16)>,
}

impl Sender {
    /// Whole messages, no timer.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            active: false,
            timer: None,
            last: None,
        }
    }

    /// The fragment ID of a message: that of the last one, if it is the same in the same pieces, so that the peer can put
    /// together what came of both rounds; otherwise the next one.
    pub(crate) fn id_of(&mut self, cut: Cut, counter: &mut u16) -> u16 {
        if let Some((_, id)) = self.last.filter(|(it, _)| *it == cut) {
            return id;
        }
        *counter = counter.wrapping_add(1);
        self.last = Some((cut, *counter));
        *counter
    }

    /// Whether messages are fragmented: "fragmentation active" of [MS-IKEE] §3.3.1.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.active
    }

    /// From now on, messages are fragmented.
    pub const fn activate(&mut self) {
        self.active = true;
        self.timer = None;
    }

    /// When the timer fires.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.timer.map(|it| it.1)
    }

    /// A message goes out at `now`, for the first time or again; whether in fragments, if the peer
    /// takes them.
    ///
    /// A new message starts the timer anew, if `delay` is given: there is one, for the message that
    /// was sent last.
    pub fn sends(&mut self, now: Duration, name: Name, delay: Option<Duration>) -> bool {
        if self.active {
            return true;
        }
        let again = self.timer.filter(|(it, _)| *it == name);
        if again.is_none() {
            self.timer = delay.map(|it| (name, now.saturating_add(it)));
        }
        // [MS-IKEE] §3.3.2: fired, it fragments the message's next repetition
        again.is_some_and(|(_, due)| due <= now)
    }

    /// The time is `now`; whether the timer has fired. It fires once.
    pub fn fires(&mut self, now: Duration) -> bool {
        let due = self.timer.is_some_and(|(_, due)| due <= now);
        if due {
            self.timer = None;
        }
        due
    }

    /// A message came in: an answer stops the timer ([MS-IKEE] §3.3.5.3).
    pub fn receives(&mut self, name: Name) {
        if self.timer.is_some_and(|(sent, _)| name.answers(sent)) {
            self.timer = None;
        }
    }

    /// A negotiation is complete: its last message awaits no answer.
    pub const fn rest(&mut self) {
        self.timer = None;
    }
}
