//! The section `[extensions]`.

use core::net::IpAddr;

use ikee::ext::Protection;

use super::build::Checked;
use super::error::Source;
use super::{
    ExtensionSettings, FragmentationSettings, FragmentationV1Settings, NatTSettings,
    ServerAddressSettings, peers, schema,
};

/// NAT traversal of IKEv1: what the userspace plane cannot do without.
fn nat_t(given: &schema::NatT, kernel: bool) -> Option<NatTSettings> {
    given.enabled.unwrap_or(true).then(|| NatTSettings {
        forced: given.forced || !kernel,
        keepalive: given.keepalive.map(|time| time.0),
    })
}

/// The thresholds of the protection against floods stand in a section of their own.
pub(super) fn extensions(
    source: Source<'_>,
    given: &schema::Extensions,
    kernel: bool,
    protection: Protection,
) -> Checked<ExtensionSettings> {
    let status = given.status.enabled;
    Ok(ExtensionSettings {
        // connections bring them
        cga: Vec::new(),
        dos: peers::dos(given.dos.as_ref(), protection),
        dpd: peers::dpd(source, given.dpd.as_ref(), kernel)?,
        failover: peers::failover(given.failover.as_ref()),
        reliable_delete: given.reliable_delete.enabled.unwrap_or(true),
        status: (status.unwrap_or(true), status.unwrap_or(false)),
        nat_t: nat_t(&given.nat_t, kernel),
        // its devices are those of the data plane, which is not known yet
        discovery: None,
        fragmentation_v1: given.fragmentation_v1.enabled.unwrap_or(true).then(|| {
            FragmentationV1Settings {
                delay: given.fragmentation_v1.delay.map(|time| time.0),
            }
        }),

        fragmentation: given
            .fragmentation
            .as_ref()
            .map(|sizes| FragmentationSettings {
                packet_size_ipv4: sizes.packet_size_ipv4,
                packet_size_ipv6: sizes.packet_size_ipv6,
            }),
        pcscf: match &given.pcscf {
            Some(told) => Some(pcscf(source, told)?),
            None => None,
        },
        server_address: given
            .server_address
            .as_ref()
            .map(|server| ServerAddressSettings {
                ipv4: server.ipv4.as_ref().map(|text| text.0),
                ipv6: server.ipv6.as_ref().map(|text| text.0),
            }),
    })
}

/// Refuses more addresses than a client would keep.
fn pcscf(source: Source<'_>, given: &schema::Pcscf) -> Checked<Vec<IpAddr>> {
    let Some(addresses) = &given.addresses else {
        return Ok(Vec::new());
    };
    let (count, most) = (addresses.get_ref().len(), ikee::pcscf::MAX_ADDRESSES);
    if count > most {
        let what = format!("{count} addresses of P-CSCFs are too many; write {most} at most");
        return Err(source.error(addresses.span(), what));
    }
    Ok(addresses.get_ref().iter().map(|text| text.0).collect())
}
