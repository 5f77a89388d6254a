//! The section `[extensions]`.

use super::{
    ExtensionSettings, FragmentationSettings, FragmentationV1Settings, NatTSettings,
    ServerAddressSettings, schema,
};

/// NAT traversal of IKEv1: what the userspace plane cannot do without.
fn nat_t(given: &schema::NatT, kernel: bool) -> Option<NatTSettings> {
    given.enabled.unwrap_or(true).then(|| NatTSettings {
        forced: given.forced || !kernel,
        keepalive: given.keepalive.map(|time| time.0),
    })
}

pub(super) fn extensions(given: &schema::Extensions, kernel: bool) -> ExtensionSettings {
    let status = given.status.enabled;
    ExtensionSettings {
        reliable_delete: given.reliable_delete.enabled.unwrap_or(true),
        status: (status.unwrap_or(true), status.unwrap_or(false)),
        nat_t: nat_t(&given.nat_t, kernel),
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
        server_address: given
            .server_address
            .as_ref()
            .map(|server| ServerAddressSettings {
                ipv4: server.ipv4.as_ref().map(|text| text.0),
                ipv6: server.ipv6.as_ref().map(|text| text.0),
            }),
    }
}
