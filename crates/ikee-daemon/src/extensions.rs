//! From settings to the endpoint's list of extensions.

use ikee::ext::Extensions;
use ikee::fragmentation_v2::FragmentationV2;
use ikee::server_address::{Addresses, Families, ServerAddress};

use crate::config::ExtensionSettings;

/// The extensions that a configuration switches on.
#[must_use]
pub fn build(settings: &ExtensionSettings) -> Extensions {
    let mut extensions = Extensions::none();
    if let Some(sizes) = settings.fragmentation {
        let v4 = usize::from(sizes.packet_size_ipv4.unwrap_or(0));
        let v6 = usize::from(sizes.packet_size_ipv6.unwrap_or(0));
        // smaller sizes than the standard's are raised to them
        extensions = extensions.with(FragmentationV2::new().with_packet_sizes(v4, v6));
    }
    if let Some(server) = settings.server_address {
        let mut own = Addresses::default();
        own.v4 = server.ipv4;
        own.v6 = server.ipv6;
        extensions = extensions.with(ServerAddress::new().asking(Families::Both).answering(own));
    }
    extensions
}
