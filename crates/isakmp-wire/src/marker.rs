//! What shares the port with IKE messages: the non-ESP marker and the NAT keepalive (RFC 3948 §2).

/// Four zero octets before an IKE message on port 4500, where an ESP packet has its SPI (RFC 3948 §2.2).
pub const NON_ESP_MARKER: [u8; 4] = [0; 4];

/// The one octet of a NAT keepalive (RFC 3948 §2.3).
pub const KEEPALIVE: u8 = 0xff;

/// What a datagram on port 4500 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 3948 §2 knows these, and who demultiplexes must handle each"
)]
pub enum Datagram<'a> {
    /// An IKE message, without the marker.
    Ike(&'a [u8]),
    /// A NAT keepalive, to be ignored.
    Keepalive,
    /// An ESP packet; it begins with the SPI, which is not zero.
    Esp(&'a [u8]),
    /// Fewer than four octets and no keepalive: nothing.
    Short,
}

/// Tells what a datagram on port 4500 is (RFC 3948 §2).
#[inline]
#[must_use]
pub const fn classify(datagram: &[u8]) -> Datagram<'_> {
    match datagram {
        [KEEPALIVE] => Datagram::Keepalive,
        [0, 0, 0, 0, message @ ..] => Datagram::Ike(message),
        [_, _, _, _, ..] => Datagram::Esp(datagram),
        _ => Datagram::Short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_on_port_4500_are_told_apart() {
        assert_eq!(classify(&[0xff]), Datagram::Keepalive);
        assert_eq!(classify(&[0, 0, 0, 0, 7]), Datagram::Ike(&[7]));
        assert_eq!(classify(&[0, 0, 0, 0]), Datagram::Ike(&[]));
        assert_eq!(classify(&[0, 0, 1, 0]), Datagram::Esp(&[0, 0, 1, 0]));
        for short in [&[][..], &[0], &[0xff, 0xff], &[0, 0, 0]] {
            assert_eq!(classify(short), Datagram::Short);
        }
    }
}
