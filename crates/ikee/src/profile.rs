//! Fixed lists of extensions, by name.
//!
//! A profile is there as a whole or not at all: its contents never vary with Cargo features, so
//! that nobody's dependency changes what somebody else's endpoint says on the wire.

/// What Windows does in IKEv2, of what is here: fragmentation (\[MS-IKEE\] §3.15) and internal
/// server addresses (\[MS-IKEE\] §3.11), the latter as told.
#[cfg(all(feature = "fragmentation-v2", feature = "server-address"))]
#[must_use]
pub fn windows_ikev2(
    server_address: crate::server_address::ServerAddress,
) -> crate::ext::Extensions {
    let fragmentation = crate::fragmentation_v2::FragmentationV2::new();
    crate::ext::Extensions::none()
        .with(fragmentation)
        .with(server_address)
}
