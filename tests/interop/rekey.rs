//! New keys while packets flow: none is lost.

use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab, text, wait_for};
use crate::peer::Peer;

/// Echoes from A to B through the tunnel, fifty a second.
pub(crate) struct Traffic {
    pings: Vec<Child>,
}

impl Traffic {
    fn start(lab: &Lab) -> Self {
        Self::of(lab, &Family::BOTH)
    }

    /// Of these families only.
    pub(crate) fn of(lab: &Lab, families: &[Family]) -> Self {
        let ping = |family: Family| {
            let (source, target) = (Host::A.inner(family), Host::B.inner(family));
            lab.on(Host::A, "ping")
                .args(["-i0.02", "-W2", "-q", "-I", source, target])
                .stdout(Stdio::piped())
                .spawn()
                .expect("ping")
        };
        Self {
            pings: families.iter().copied().map(ping).collect(),
        }
    }

    /// Ends it; every echo came back, but for one that may be on its way.
    pub(crate) fn assert_whole(self) {
        std::thread::sleep(Duration::from_millis(300));
        for ping in self.pings {
            let id = rustix::process::Pid::from_child(&ping);
            rustix::process::kill_process(id, rustix::process::Signal::INT).expect("the end");
            let output = ping.wait_with_output().expect("its report");
            let said = text(&output.stdout);
            let count = |before: &str| -> u32 {
                let line = said.lines().find(|it| it.contains("transmitted"));
                let end = line.and_then(|it| it.split(before).next());
                let number = end.and_then(|it| it.rsplit([' ', ',']).find(|it| !it.is_empty()));
                number.and_then(|it| it.parse().ok()).expect(before)
            };
            let (sent, received) = (count(" packets transmitted"), count(" received"));
            assert!(sent > 10 && received + 1 >= sent, "{said}");
        }
    }
}

/// SPIs of the one child that receives at us.
pub(crate) fn spi(ikee: &Ikee<'_>) -> String {
    ikee.sa()["children"][0]["spis"][0].to_string()
}

/// Waits until an old child is gone and another one is there.
pub(crate) fn assert_new_child(ikee: &Ikee<'_>, old: &str) {
    wait_for(10, "another child, alone", || {
        let sas = ikee.sas();
        let children = sas.iter().filter_map(|it| it["children"].as_array());
        let spis: Vec<String> = children
            .flatten()
            .map(|it| it["spis"][0].to_string())
            .collect();
        sas.len() == 1 && spis.len() == 1 && spis[0] != old
    });
}

/// Waits until there is another IKE SA, and it alone.
pub(crate) fn assert_new_ike_sa(ikee: &Ikee<'_>, old: &Value) {
    wait_for(5, "another IKE SA, alone", || {
        let sas = ikee.sas();
        sas.len() == 1 && sas[0]["spis"] != *old
    });
}

/// Both kinds of rekeying, by us and by the peer, in one tunnel.
pub(crate) fn rekeys(lab: &Lab, peer: &Peer<'_>, ikee: &Ikee<'_>) {
    let traffic = Traffic::start(lab);
    let old = spi(ikee);
    ikee.ask(&["rekey", "lab"]).expect("new keys for the child");
    assert_new_child(ikee, &old);
    let old = spi(ikee);
    peer.command("rekey-child");
    assert_new_child(ikee, &old);
    let (old, child) = (ikee.sa()["spis"].clone(), spi(ikee));
    ikee.ask(&["rekey", "--ike", "lab"]).expect("new keys");
    assert_new_ike_sa(ikee, &old);
    let old = ikee.sa()["spis"].clone();
    peer.command("rekey-ike");
    assert_new_ike_sa(ikee, &old);
    assert_eq!(spi(ikee), child, "the child moves with its keys");
    traffic.assert_whole();
    peer.assert_up();
    lab.assert_pings();
}

#[test]
fn an_initiator_and_strongswan_rekey_and_no_packet_is_lost() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(Family::V4));
    ikee.up();
    peer.assert_up();
    rekeys(&lab, &peer, &ikee);
    ikee.stop();
}

#[test]
fn a_responder_and_strongswan_rekey_and_no_packet_is_lost() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &Config::responder());
    let peer = Peer::start(&lab, "v2-psk", Host::A, Family::V6, &[]);
    peer.up();
    rekeys(&lab, &peer, &ikee);
    ikee.stop();
}

#[test]
fn our_short_lifetimes_and_forward_secrecy_suit_strongswan() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(
        &lab,
        "v2-psk",
        Host::B,
        Family::V4,
        &[("ESP", "aes128gcm16-ecp256")],
    );
    let mut config = Config::initiator(Family::V4);
    config.esp = "aes128gcm16-ecp256".into();
    config.child = "lifetime = { time = \"4s\" }".into();
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    let (old, traffic) = (spi(&ikee), Traffic::start(&lab));
    assert_new_child(&ikee, &old);
    let old = spi(&ikee);
    assert_new_child(&ikee, &old);
    traffic.assert_whole();
    peer.assert_up();
    ikee.stop();
}

#[test]
fn a_reload_under_traffic_leaves_what_is_unchanged_alone() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = Config::initiator(Family::V4);
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    let (before, traffic) = (ikee.sa()["spis"].clone(), Traffic::start(&lab));
    config.sections = "[connections.another]\nremote = \"10.99.0.9\"\nlocal_id = \"a.lab\"\n\
        remote_id = \"c.lab\"\npsk = \"something else\"\nproposals = [\"aes256-sha256-modp2048\"]\n\
        [connections.another.children.net]\nproposals = [\"aes128gcm16\"]"
        .into();
    ikee.rewrite(&config);
    let said = ikee.ask(&["reload"]).expect("a plan");
    assert!(said.contains("add 1, change 0, drop 0"), "{said}");
    ikee.rewrite_text("[connections.lab]\nremote = 7\n");
    let said = ikee.ask(&["reload"]).expect_err("a complaint");
    assert!(said.contains("ikee.toml:2"), "{said}");
    assert_eq!(ikee.sa()["spis"], before);
    traffic.assert_whole();
    ikee.stop();
}
