//! What the releases of Windows do, as data; which release a peer is; and fixed lists of extensions, by name.
//!
//! A list of extensions is there as a whole or not at all: its contents never vary with Cargo features, so
//! that nobody's dependency changes what somebody else's endpoint says on the wire.
//!
//! ```
//! use ikee::profile::{Release, Seen, recognise, windows};
//! use ikee::ext::Role;
//!
//! let seven = windows(Release::Windows7);
//! assert_eq!(seven.phase_1[0], "aes256-sha1-ecp384");
//!
//! let sent: Vec<_> = seven.usual_vendor_ids(Role::Initiator, false).map(|it| it.octets()).collect();
//! let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
//! let known = recognise(&Seen::ikev1(&sent)).ok_or("not Windows")?;
//! assert_eq!(known.releases, [Release::Windows7]);
//! # Ok::<_, &str>(())
//! ```

mod algorithms;
mod announcements;
#[cfg(all(
    feature = "cga",
    feature = "coexistence",
    feature = "discovery",
    feature = "failover",
    feature = "fragmentation",
    feature = "nat-t",
    feature = "reliable-delete",
    feature = "status"
))]
mod extensions;
mod joined;
mod recognise;
mod release;
mod table;
mod windows;

#[cfg(all(
    feature = "cga",
    feature = "coexistence",
    feature = "discovery",
    feature = "failover",
    feature = "fragmentation",
    feature = "nat-t",
    feature = "reliable-delete",
    feature = "status"
))]
pub use extensions::windows_ikev1;
pub use recognise::{Reason, Recognition, Seen, recognise};
pub use release::Release;
pub use windows::{
    Algorithms, Announcement, Delete, Dos, Extension, Fragmentation, Idle, Ikev2, NatT, When,
    Windows,
};

/// The profile of a release ([MS-IKEE] appendix A).
#[must_use]
pub const fn windows(release: Release) -> &'static Windows {
    table::of(release)
}

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

#[cfg(test)]
mod tests;
