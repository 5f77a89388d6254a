//! First messages from forged addresses, and one client that is there.

use core::time::Duration;

use ikee::crypto::Provider;
use ikee::dos::Dos;
use ikee::endpoint::Transmit;
use ikee::ext::{Extensions, Protection};
use ikee::wire::v1::{Notification, NotifyType, kind};
use ikee::wire::{Message, v2};
use ikee::{ikev1, ikev2};

use super::super::endpoint::Core;
use super::super::world::DemoError;
use super::line::Act;
use super::stage::{B, Stage};
use super::{modern, plain};

const SECOND: Duration = Duration::from_secs(1);
/// Forged messages in IKEv1, where the thresholds are those of Windows.
const MANY: u16 = 600;
/// Forged messages in IKEv2, where each costs the responder a key exchange as long as it is not protected.
const SOME: u16 = 60;

const ADDRESSES: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];

/// A first message with another source and another SPI.
fn forged(genuine: &Transmit, n: u16) -> Transmit {
    let [high, low] = n.to_be_bytes();
    let mut it = genuine.clone();
    it.local = ([198, 18, high, low], it.local.port()).into();
    if let Some(spi) = it.bytes.get_mut(..8) {
        spi.copy_from_slice(&[1, 2, 3, 4, 5, 6, high, low]);
    }
    it
}

/// How the flood ended.
struct Flood {
    /// Forged messages that were answered with a cookie.
    cookies: usize,
    /// Negotiations that the responder took up.
    half_open: usize,
    /// Whether the client, who got a cookie as well, has its SA.
    connected: bool,
    /// Whether the client was asked for a cookie.
    asked: bool,
}

fn flood(stage: &mut Stage, count: u16, cookie: fn(&[u8]) -> bool) -> Result<Flood, DemoError> {
    stage.initiate()?;
    let genuine = stage.intercept();
    let genuine = genuine.first().cloned();
    let genuine = genuine.ok_or_else(|| DemoError::Failed("no first message".to_owned()))?;
    let mut cookies = 0;
    for n in 0..count {
        stage.deliver(&forged(&genuine, n));
        let answers = stage.intercept();
        cookies += answers.iter().filter(|it| cookie(&it.bytes)).count();
    }
    let half_open = stage.b().core.count();
    let before = stage.crossed.len();
    stage.deliver(&genuine);
    stage.run(2 * SECOND);
    let answers = stage.crossed.iter().skip(before);
    let asked = answers
        .filter(|it| it.from == B)
        .any(|it| cookie(&it.transmit.bytes));
    Ok(Flood {
        cookies,
        half_open,
        connected: stage.actors.iter().all(|it| it.established.len() == 1),
        asked,
    })
}

fn is_cookie_v1(bytes: &[u8]) -> bool {
    let Ok(message) = Message::parse(bytes) else {
        return false;
    };
    let first = message.payloads.first(kind::NOTIFY);
    let notify = first.and_then(|it| Notification::parse(it).ok());
    notify.is_some_and(|it| it.kind == NotifyType::NOTIFY_DOS_COOKIE)
}

fn is_cookie_v2(bytes: &[u8]) -> bool {
    let Ok(message) = Message::parse(bytes) else {
        return false;
    };
    let first = message.payloads.first(v2::kind::NOTIFY);
    let notify = first.and_then(|it| v2::Notify::parse(it).ok());
    notify.is_some_and(|it| it.kind == v2::NotifyType::COOKIE)
}

fn tell(act: &mut Act, count: u16, flood: &Flood, proven: bool, how: &str) {
    let all = usize::from(count);
    let proven = proven
        && flood.cookies > 0
        && flood.cookies + flood.half_open == all
        && flood.asked
        && flood.connected;
    act.tell(
        "dos",
        proven,
        format!(
            "{count} forged: {} taken up, {} answered with {how} and forgotten; the client that is there answered its own, and is connected",
            flood.half_open, flood.cookies
        ),
    );
}

pub(super) fn play_v1(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new("IKEv1", "a flood of first messages from forged addresses");
    let side = |client: bool| -> Result<_, DemoError> {
        let [a, b] = ADDRESSES;
        let (own, peer) = if client { (a, b) } else { (b, a) };
        let mut connection = plain::connection(client, 8)?;
        // who answers takes anybody
        connection.remote = client.then(|| ikev1::Remote::new(peer.into()));
        let dos = Dos::new().with_protection(Protection::WINDOWS);
        let config = ikev1::Config::new(vec![connection]);
        let core = Core::v1(config, provider, Extensions::none().with(dos))?;
        Ok((core, own.into()))
    };
    let mut stage = Stage::new([side(true)?, side(false)?]);
    let flood = flood(&mut stage, MANY, is_cookie_v1)?;
    let protecting = stage.b().extension::<Dos>()?.is_protecting();
    tell(&mut act, MANY, &flood, protecting, "a cookie");
    Ok(act)
}

pub(super) fn play_v2(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new(
        "IKEv2",
        "the same flood; cookies are IKEv2's own there (RFC 7296), under the same kind of thresholds",
    );
    let side = |client: bool| -> Result<_, DemoError> {
        let [a, b] = ADDRESSES;
        let (own, peer) = if client { (a, b) } else { (b, a) };
        let mut connection = modern::connection(client, 8)?;
        connection.remote = client.then(|| ikev2::Remote::new(peer.into()));
        let mut config = ikev2::Config::new(vec![connection]);
        config.limits.protection = Protection {
            on: 20,
            off: 5,
            ..Protection::WINDOWS
        };
        let core = Core::v2(config, provider, Extensions::none())?;
        Ok((core, own.into()))
    };
    let mut stage = Stage::new([side(true)?, side(false)?]);
    let flood = flood(&mut stage, SOME, is_cookie_v2)?;
    tell(&mut act, SOME, &flood, true, "COOKIE");
    Ok(act)
}
