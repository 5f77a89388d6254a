use alloc::collections::VecDeque;
use alloc::vec::Vec;

use ike_ext::{
    Action, Context, Draft, Extension, Inbound, Lifecycle, Place, SaId, SaTable, Stage, Verdict,
};
use isakmp_wire::v1::Notification;
use isakmp_wire::{ExchangeType, Version, v1, v2, vendor_id};

use crate::code::StatusCode;
use crate::machine::{code_for_v1, code_for_v2};
use crate::wire::{Told, read_v1, read_v2, write_v1};

/// Reports that the application has not taken yet: no more are kept, the oldest go first.
const MAX_REPORTS: usize = 64;

/// What a peer has said about a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// On which SA.
    pub sa: SaId,
    /// The quick mode that failed, if the peer says (IKEv1).
    pub message_id: Option<u32>,
    /// Why; `None` if the data cannot be read.
    pub code: Option<StatusCode>,
    /// Whether the peer is known to have said so; anybody can send what is not protected.
    pub protected: bool,
}

/// Says to Windows why something failed, and hears it from there.
///
/// Adding it to an endpoint enables it.
#[derive(Debug)]
pub struct Status {
    enabled: bool,
    everybody: bool,
    release: Option<u32>,
    reports: VecDeque<Report>,
    releases: SaTable<u32>,
    /// The quick mode about whose failure the core is composing something.
    failing: Option<(SaId, u32)>,
}

impl Status {
    /// Hears every peer's codes, and sends its own to peers of Microsoft.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            enabled: true,
            everybody: false,
            release: None,
            reports: VecDeque::new(),
            releases: SaTable::new(),
            failing: None,
        }
    }

    /// Switches it on or off.
    #[must_use]
    pub const fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets whether codes go to peers that have not shown themselves as Microsoft's, too.
    #[must_use]
    pub const fn with_everybody(mut self, everybody: bool) -> Self {
        self.everybody = everybody;
        self
    }

    /// Sends Microsoft's implementation vendor ID with this number of a release, 2 (Windows 2000)
    /// to 9 (Windows 8 and all later ones), in first messages ([MS-IKEE] note 6). Peers of
    /// Microsoft behave differently towards one another.
    #[must_use]
    pub const fn with_release(mut self, number: u32) -> Self {
        self.release = Some(number);
        self
    }

    /// What peers have said since the last call, the oldest first; the core nudges the
    /// application about each ([`Action::Nudge`]). The SA may be gone by then.
    pub fn take_reports(&mut self) -> Vec<Report> {
        self.reports.drain(..).collect()
    }

    /// The number of the Windows release that the peer of an SA says it is; see
    /// [`vendor_id::windows_release`].
    #[must_use]
    pub fn peer_release(&self, sa: SaId) -> Option<u32> {
        self.releases.get(sa).copied()
    }

    /// Whether no SA is left over. Reports are news for the application, and may be.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.releases.is_empty() && self.failing.is_none()
    }

    fn report(&mut self, cx: &mut Context<'_>, report: Report) {
        if self.reports.len() >= MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(report);
        cx.push(Action::Nudge(report.sa));
    }

    fn is_microsoft(cx: &Context<'_>, sa: SaId) -> bool {
        cx.peer_sent(sa, &vendor_id::MS_NT5_ISAKMPOAKLEY)
    }

    /// Adds the code that goes with the first error in a message ([MS-IKEE] §2.2.6).
    fn add_v1(&mut self, cx: &Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let failing = self.failing.take();
        let notifications = draft.payloads().iter();
        let code = notifications
            .filter(|it| it.kind == v1::kind::NOTIFY)
            .filter_map(|it| Notification::parse(it.as_raw()).ok())
            .find_map(|it| code_for_v1(it.kind));
        let Some(code) = code else {
            return;
        };
        // the message ID tells a peer of Microsoft which quick mode failed, and never main mode
        let quick = failing.filter(|it| it.0 == sa && Self::is_microsoft(cx, sa));
        let told = Told {
            message_id: quick.map(|it| it.1),
            code,
        };
        draft.insert(Place::Last, write_v1(told));
    }

    /// [MS-IKEE] §2.2.7: in IKEv2 no message ID stands before the code.
    fn add_v2(draft: &mut Draft<'_>) {
        let notifies = draft.payloads().iter();
        let code = notifies
            .filter(|it| it.kind == v2::kind::NOTIFY)
            .filter_map(|it| v2::Notify::parse(it.as_raw()).ok())
            .find_map(|it| code_for_v2(it.kind));
        if let Some(code) = code {
            draft.notify(v2::NotifyType::MS_STATUS, &code.get().to_be_bytes());
        }
    }

    fn hear_v1(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) {
        let told = msg.payloads().iter().filter_map(read_v1);
        let all: Vec<Told> = told.take(MAX_REPORTS).collect();
        // beside an error, the core knows already
        let alone = msg.stage.exchange == ExchangeType::V1_INFORMATIONAL
            && !kinds(msg).any(v1::NotifyType::is_error);
        for told in all {
            if msg.protected && alone && told.code != StatusCode::SUCCESS {
                cx.push(Action::QuickModeRefused {
                    sa,
                    message_id: told.message_id,
                    why: told.code.name().unwrap_or("an unknown status code"),
                });
            }
            let report = Report {
                sa,
                message_id: told.message_id,
                code: Some(told.code),
                protected: msg.protected,
            };
            self.report(cx, report);
        }
    }

    fn hear_v2(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) {
        for data in msg.notifies(v2::NotifyType::MS_STATUS).take(MAX_REPORTS) {
            let report = Report {
                sa,
                message_id: None,
                code: read_v2(data),
                protected: msg.protected,
            };
            self.report(cx, report);
        }
    }

    /// [MS-IKEE] §1.7: the number behind Microsoft's implementation vendor ID.
    fn recognise(&mut self, sa: SaId, msg: &Inbound<'_>) {
        let number = msg.vendor_ids().find_map(|id| {
            let rest = id.strip_prefix(&vendor_id::MS_NT5_ISAKMPOAKLEY)?;
            Some(u32::from_be_bytes(rest.try_into().ok()?))
        });
        if let Some(number) = number {
            self.releases.insert(sa, number);
        }
    }
}

impl Default for Status {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Status {
    fn name(&self) -> &'static str {
        "status"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if !self.enabled {
            return;
        }
        if let Some(number) = self.release.filter(|_| is_first(draft.stage())) {
            let mut id = Vec::from(vendor_id::MS_NT5_ISAKMPOAKLEY);
            id.extend_from_slice(&number.to_be_bytes());
            draft.vendor_id(&id);
        }
        if !self.everybody && !Self::is_microsoft(cx, sa) {
            return;
        }
        match draft.version() {
            Version::V1 => self.add_v1(cx, sa, draft),
            _ => Self::add_v2(draft),
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if self.enabled {
            if is_first(msg.stage) && !msg.protected {
                self.recognise(sa, msg);
            }
            match msg.header.version {
                Version::V1 => self.hear_v1(cx, sa, msg),
                _ => self.hear_v2(cx, sa, msg),
            }
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        self.releases.follow(sa, what);
        match what {
            Lifecycle::QuickModeFailing(message_id, _) if self.enabled => {
                self.failing = Some((sa, message_id));
            }
            // the SA itself fails, not one of its quick modes
            Lifecycle::Failing(_) => self.failing = None,
            Lifecycle::Closed => self.failing = self.failing.filter(|it| it.0 != sa),
            _ => {}
        }
    }
}

/// The kinds of notification in a message of IKEv1.
fn kinds(msg: &Inbound<'_>) -> impl Iterator<Item = v1::NotifyType> {
    let all = msg.payloads().all(v1::kind::NOTIFY);
    all.filter_map(|it| Some(Notification::parse(it).ok()?.kind))
}

/// Whether a message is one of those in which vendor IDs are told.
const fn is_first(stage: Stage) -> bool {
    let exchange = matches!(
        stage.exchange,
        ExchangeType::MAIN_MODE | ExchangeType::AGGRESSIVE | ExchangeType::IKE_SA_INIT
    );
    exchange && matches!(stage.message, 1 | 2)
}
