//! NAT detection (RFC 7296 §2.23).

use core::net::{IpAddr, SocketAddr};

use ike_crypto::Provider;
use ipsec_doi::HashId;
use isakmp_wire::Spi;

/// SHA-1 over both SPIs, an address and a port.
pub(crate) fn hash(provider: &Provider, spis: (Spi, Spi), end: SocketAddr) -> [u8; 20] {
    let mut out = [0; 20];
    let Some(sha1) = provider.hash(HashId::SHA1) else {
        return out;
    };
    let port = end.port().to_be_bytes();
    let (v4, v6);
    let address: &[u8] = match end.ip() {
        IpAddr::V4(ip) => {
            v4 = ip.octets();
            &v4
        }
        IpAddr::V6(ip) => {
            v6 = ip.octets();
            &v6
        }
    };
    sha1.digest(
        &[spis.0.as_bytes(), spis.1.as_bytes(), address, &port],
        &mut out,
    );
    out
}

/// Where translators sit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Nat {
    /// Before us: the peer sees another address than ours.
    pub(crate) here: bool,
    /// Before the peer.
    pub(crate) there: bool,
    /// Whether the peer takes part in NAT detection at all.
    pub(crate) known: bool,
}

impl Nat {
    /// Compares the peer's hashes with what we see of the path.
    pub(crate) fn detect<'a>(
        provider: &Provider,
        spis: (Spi, Spi),
        (local, remote): (SocketAddr, SocketAddr),
        sources: impl Iterator<Item = &'a [u8]>,
        destinations: impl Iterator<Item = &'a [u8]>,
    ) -> Self {
        // a host with several addresses may send several hashes of its own
        let source = any_equal(sources.take(MAX_HASHES), &hash(provider, spis, remote));
        let destination = any_equal(destinations.take(MAX_HASHES), &hash(provider, spis, local));
        Self {
            here: destination == Some(false),
            there: source == Some(false),
            known: source.is_some() && destination.is_some(),
        }
    }

    /// Whether ESP has to be encapsulated in UDP.
    pub(crate) const fn any(self) -> bool {
        self.here || self.there
    }
}

/// No more hashes of one kind than this are looked at.
const MAX_HASHES: usize = 8;

fn any_equal<'a>(hashes: impl Iterator<Item = &'a [u8]>, expected: &[u8]) -> Option<bool> {
    hashes.fold(None, |found, it| {
        Some(found.unwrap_or(false) || it == expected)
    })
}

/// The hash over our own end; one that cannot match when the peer is to believe in a NAT.
pub(crate) fn source_hash(
    provider: &Provider,
    spis: (Spi, Spi),
    end: SocketAddr,
    pretend: bool,
) -> [u8; 20] {
    let end = if pretend {
        SocketAddr::new(IpAddr::from([0; 4]), 0)
    } else {
        end
    };
    hash(provider, spis, end)
}
