//! A peer that is cut off: it is found dead by what TCP does, and called again.

use core::net::IpAddr;
use core::time::Duration;

use ikee::crypto::Provider;
use ikee::dpd::Dpd;
use ikee::ext::{Extensions, Hint};
use ikee::{ikev1, ikev2};

use super::super::endpoint::Core;
use super::super::world::DemoError;
use super::line::Act;
use super::stage::Stage;
use super::{modern, plain};

const SECOND: Duration = Duration::from_secs(1);

fn address(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

fn extensions(client: bool) -> Extensions {
    if client {
        Extensions::none().with(Dpd::new())
    } else {
        Extensions::none()
    }
}

fn play(act: &mut Act, mut stage: Stage) -> Result<(), DemoError> {
    stage.initiate()?;
    stage.run(10 * SECOND);
    let (sa, child) = (stage.a().sa()?, stage.a().child()?.id);
    stage.b().cut_off = true;
    let sent = stage.crossed.len();
    stage.hint(child, Hint::Retransmission);
    let status = stage.a().extension::<Dpd>()?.status(sa);
    let searching = status.is_some_and(|it| it.searching);
    let took = stage.until(60 * SECOND, |it| it.actors[0].silent > 0);
    let dead = stage.a().silent > 0 && !stage.a().core.has(sa);
    let tried = stage.crossed.len() - sent;
    stage.b().cut_off = false;
    let again = stage.until(60 * SECOND, |it| {
        let [a, b] = &it.actors;
        a.established.len() == 2 && b.established.len() == 2 && !a.children.is_empty()
    });
    let back = stage.a().established.len() == 2;
    act.tell(
        "dpd",
        searching && dead && back,
        format!(
            "a TCP segment sent again, {tried} messages unanswered, dead after {:.0} s; the peer is back, and a new SA is there {:.1} s later",
            took.as_secs_f64(),
            again.as_secs_f64()
        ),
    );
    Ok(())
}

pub(super) fn play_v1(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new("IKEv1", "a peer that is cut off");
    let side = |client: bool| -> Result<_, DemoError> {
        let (own, peer) = if client { (1, 2) } else { (2, 1) };
        let mut connection = plain::connection(client, 8)?;
        connection.remote = Some(ikev1::Remote::new(address(peer)));
        let config = ikev1::Config::new(vec![connection]);
        let core = Core::v1(config, provider, extensions(client))?;
        Ok((core, address(own)))
    };
    play(&mut act, Stage::new([side(true)?, side(false)?]))?;
    Ok(act)
}

pub(super) fn play_v2(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new("IKEv2", "a peer that is cut off");
    let side = |client: bool| -> Result<_, DemoError> {
        let (own, peer) = if client { (1, 2) } else { (2, 1) };
        let mut connection = modern::connection(client, 8)?;
        connection.remote = Some(ikev2::Remote::new(address(peer)));
        let config = ikev2::Config::new(vec![connection]);
        let core = Core::v2(config, provider, extensions(client))?;
        Ok((core, address(own)))
    };
    play(&mut act, Stage::new([side(true)?, side(false)?]))?;
    Ok(act)
}
