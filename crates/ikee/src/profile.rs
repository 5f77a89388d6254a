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
#[cfg(all(
    feature = "correlation",
    feature = "fragmentation-v2",
    feature = "server-address",
    feature = "status"
))]
mod announced;
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
#[cfg(all(
    feature = "correlation",
    feature = "fragmentation-v2",
    feature = "server-address",
    feature = "status"
))]
mod extensions_v2;
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
#[cfg(all(
    feature = "correlation",
    feature = "fragmentation-v2",
    feature = "server-address",
    feature = "status"
))]
pub use extensions_v2::windows_ikev2;
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

#[cfg(test)]
mod tests;
