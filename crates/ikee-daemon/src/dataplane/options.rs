//! How a data plane behaves, and what it refuses.

use ipsec_esp::{Lifetime, SetupError, WINDOW_DEFAULT};

/// How a data plane behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it from its default"
)]
pub struct Options {
    /// Octets that an outer packet may have.
    pub path_mtu: usize,
    /// Children that may be installed at a time.
    pub children: usize,
    /// Packets that an inbound SA's replay window spans.
    pub window: usize,
    /// What an SA of [`Dataplane::install_spec`](super::Dataplane::install_spec) may carry.
    pub lifetime: Lifetime,
    /// Whether packets of children in transport mode pass.
    pub transport: bool,
    /// Whether the TCP segments of children are looked at ([MS-IKEE] §3.12.4.1).
    pub hints: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path_mtu: 1500,
            children: 1 << 20,
            window: WINDOW_DEFAULT,
            lifetime: Lifetime::UNLIMITED,
            transport: true,
            hints: false,
        }
    }
}

/// Why a child is not installed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The child is AH, and only ESP is done here.
    #[error("it is AH, and only ESP is carried in userspace; set data_plane = \"kernel\"")]
    Ah,
    /// This child is installed already.
    #[error("the child is installed already")]
    Exists,
    /// There are as many children as there may be.
    #[error("the table of children is full")]
    Full,
    /// A side has no selector, or one whose ends are out of order.
    #[error("the selectors select nothing")]
    Selectors,
    /// One of the SAs cannot be made.
    #[error("{0}")]
    Setup(#[from] SetupError),
    /// Another child has this inbound SPI.
    #[error("the inbound SPI {0:08x} is in use")]
    Spi(u32),
}
