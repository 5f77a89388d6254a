//! From settings to each core's list of extensions: one function for each version, one statement for each extension.

use ikee::cga::Cga;
use ikee::discovery::Discovery;
use ikee::dos::{Construction, Dos};
use ikee::dpd::Dpd;
use ikee::ext::Extensions;
use ikee::failover::Failover;
use ikee::fragmentation::Fragmentation;
use ikee::fragmentation_v2::FragmentationV2;
use ikee::nat_t::NatT;
use ikee::pcscf::{self, Pcscf};
use ikee::reliable_delete::ReliableDelete;
use ikee::server_address::{Addresses, Families, ServerAddress};
use ikee::status::Status;

use crate::config::{DpdSettings, ExtensionSettings, ServerAddressSettings};

/// Those of IKEv2 that a configuration switches on.
#[must_use]
pub fn ikev2(settings: &ExtensionSettings) -> Extensions {
    let mut extensions = Extensions::none();
    if let Some(sizes) = settings.fragmentation {
        let v4 = usize::from(sizes.packet_size_ipv4.unwrap_or(0));
        let v6 = usize::from(sizes.packet_size_ipv6.unwrap_or(0));
        // smaller sizes than the standard's are raised to them
        extensions = extensions.with(FragmentationV2::new().with_packet_sizes(v4, v6));
    }
    if let Some(server) = settings.server_address {
        extensions = extensions.with(server_address(server));
    }
    if let Some(addresses) = &settings.pcscf {
        let own = pcscf::Addresses::new(addresses.iter().copied());
        let pcscf = Pcscf::new().asking(pcscf::Families::Both).answering(own);
        extensions = extensions.with(pcscf);
    }
    if settings.status.1 {
        extensions = extensions.with(Status::new());
    }
    if let Some(told) = settings.dpd.filter(|it| it.ikev2) {
        extensions = extensions.with(dpd(told));
    }
    extensions
}

/// Those of IKEv1.
#[must_use]
pub fn ikev1(settings: &ExtensionSettings) -> Extensions {
    let mut extensions = Extensions::none();
    if let Some(told) = settings.nat_t {
        let mut nat_t = NatT::new().with_forced(told.forced);
        if let Some(interval) = told.keepalive {
            nat_t = nat_t.with_keepalive((!interval.is_zero()).then_some(interval));
        }
        extensions = extensions.with(nat_t);
    }
    if let Some(told) = settings.fragmentation_v1 {
        let mut fragmentation = Fragmentation::new();
        if let Some(delay) = told.delay {
            fragmentation = fragmentation.with_delay(delay);
        }
        extensions = extensions.with(fragmentation);
    }
    if !settings.cga.is_empty() {
        let known = settings.cga.iter().cloned();
        extensions = extensions.with(known.fold(Cga::new(), Cga::with));
    }
    if settings.discovery.is_some() {
        extensions = extensions.with(Discovery::new());
    }
    if settings.reliable_delete {
        extensions = extensions.with(ReliableDelete::new());
    }
    if settings.status.0 {
        extensions = extensions.with(Status::new());
    }
    if let Some(server) = settings.server_address {
        extensions = extensions.with(server_address(server));
    }
    if let Some(told) = settings.dos {
        let mut dos = Dos::new().with_protection(told.protection);
        if told.windows {
            dos = dos.with_construction(Construction::Windows);
        }
        extensions = extensions.with(dos);
    }
    if let Some(told) = settings.failover {
        let failover = Failover::new(told.side).with_idle_limits(told.limits);
        extensions = extensions.with(failover);
    }
    if let Some(told) = settings.dpd.filter(|it| it.ikev1) {
        extensions = extensions.with(dpd(told));
    }
    extensions
}

fn dpd(settings: DpdSettings) -> Dpd {
    let mut dpd = Dpd::new();
    if let Some(patience) = settings.patience {
        dpd = dpd.with_patience(patience);
    }
    if settings.clusters_only {
        dpd = dpd.clusters_only();
    }
    if !settings.restart {
        dpd = dpd.without_restart();
    }
    dpd
}

fn server_address(settings: ServerAddressSettings) -> ServerAddress {
    let mut own = Addresses::default();
    own.v4 = settings.ipv4;
    own.v6 = settings.ipv6;
    ServerAddress::new().asking(Families::Both).answering(own)
}
