//! Why the kernel's plane cannot be used.

use std::io;

use super::netlink::Refusal;

/// Why the kernel's plane cannot be used; each displays as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// No XFRM at all.
    #[error(
        "data_plane = \"kernel\": this kernel has no IPsec (XFRM): {0}; use data_plane = \"userspace\""
    )]
    NoXfrm(io::Error),
    /// XFRM without ESP.
    #[error(
        "data_plane = \"kernel\": this kernel has no ESP for {family}: {error}; load the module esp4 or esp6, or use data_plane = \"userspace\""
    )]
    NoEsp {
        /// IPv4 or IPv6.
        family: &'static str,
        /// What the kernel says.
        error: Refusal,
    },
    /// Not allowed.
    #[error(
        "data_plane = \"kernel\": not allowed to add SAs; run it as root, or with CAP_NET_ADMIN"
    )]
    Rights,
    /// Left-overs cannot be listed.
    #[error("data_plane = \"kernel\": {0}")]
    Refused(#[from] Refusal),
    /// A socket option is refused.
    #[error("data_plane = \"kernel\": cannot prepare the sockets: {0}")]
    Sockets(io::Error),
}
