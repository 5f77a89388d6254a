//! IKEv1 on a kernel that has ESP: transport mode with real packets, and tunnels beside it. What is ignored here runs in
//! there.

use crate::ikee::{Config, Ikee};
use crate::kernel::{
    assert_carried, assert_clean, assert_echoes, boot, on_kernel, set_route, xfrm,
};
use crate::lab::{Family, Host, Lab};
use crate::peer::{Kind, Peer};
use crate::transport::transport;

#[test]
fn the_kernels_esp_carries_our_packets_of_ikev1() {
    boot("ikev1_kernel::");
}

/// Transport mode between the two hosts, or the tunnel between what lies behind them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Tunnel,
    Transport,
}

impl Mode {
    const fn scenario(self) -> &'static str {
        match self {
            Self::Tunnel => "v1-psk",
            Self::Transport => "v1-transport",
        }
    }

    fn config(self, config: Config, kind: Kind, host: Host) -> Config {
        let config = on_kernel(config.v1(), kind, host);
        match self {
            Self::Tunnel => config.selecting(Family::V4),
            Self::Transport => transport(config),
        }
    }

    /// Echoes pass, and they went through the kernel's SAs of this mode.
    fn assert_carries(self, lab: &Lab, ikee: &Ikee<'_>, host: Host, family: Family) {
        let (pair, mode) = match self {
            Self::Tunnel => (
                (Host::A.inner(Family::V4), Host::B.inner(Family::V4)),
                "mode tunnel",
            ),
            Self::Transport => (
                (family.address_of_a(), family.address_of_b()),
                "mode transport",
            ),
        };
        assert_echoes(lab, &[pair]);
        assert_carried(ikee, 3);
        let states = xfrm(lab, host, "state");
        assert_eq!(states.matches(mode).count(), 2, "{states}");
        assert_eq!(ikee.sa()["version"].as_u64(), Some(1));
    }
}

fn initiates(kind: Kind, family: Family, mode: Mode) {
    let Some(lab) = Lab::with(kind) else { return };
    let peer = Peer::start(&lab, mode.scenario(), Host::B, family, &[]);
    set_route(&lab, kind, Host::B);
    let config = mode.config(Config::initiator(family), kind, Host::A);
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    mode.assert_carries(&lab, &ikee, Host::A, family);
    ikee.stop();
    assert_clean(&lab, Host::A);
}

fn responds(kind: Kind, family: Family, mode: Mode) {
    let Some(lab) = Lab::with(kind) else { return };
    let config = mode.config(Config::responder(), kind, Host::B);
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, mode.scenario(), Host::A, family, &[]);
    set_route(&lab, kind, Host::A);
    peer.up();
    mode.assert_carries(&lab, &ikee, Host::B, family);
    ikee.stop();
    assert_clean(&lab, Host::B);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn we_initiate_ikev1_transport_mode_to_strongswan_and_packets_pass() {
    initiates(Kind::StrongSwan, Family::V4, Mode::Transport);
    initiates(Kind::StrongSwan, Family::V6, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn strongswan_initiates_ikev1_transport_mode_to_us_and_packets_pass() {
    responds(Kind::StrongSwan, Family::V4, Mode::Transport);
    responds(Kind::StrongSwan, Family::V6, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn we_initiate_ikev1_transport_mode_to_libreswan_and_packets_pass() {
    initiates(Kind::Libreswan, Family::V4, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn libreswan_initiates_ikev1_transport_mode_to_us_and_packets_pass() {
    responds(Kind::Libreswan, Family::V4, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn ikev1_tunnels_pass_packets_with_both_peers() {
    initiates(Kind::StrongSwan, Family::V4, Mode::Tunnel);
    responds(Kind::Libreswan, Family::V4, Mode::Tunnel);
}
