//! Paths and what goes over them.

use std::net::SocketAddr;

use ike_endpoint::{Datagram, Path};

/// RFC 3948 §2.2: between the ports of NAT traversal four zeros stand before an IKE message.
#[test]
fn an_answer_goes_back_with_a_marker_where_one_came() {
    let local = SocketAddr::from(([192, 0, 2, 1], 4500));
    let remote = SocketAddr::from(([198, 51, 100, 1], 4500));
    for (marker, wanted) in [(true, &[0, 0, 0, 0, 1, 2][..]), (false, &[1, 2][..])] {
        let datagram = Datagram {
            local,
            remote,
            marker,
            bytes: &[],
        };
        let answer = Path::from(&datagram).transmit(&[1, 2]);
        assert_eq!((answer.local, answer.remote), (local, remote));
        assert_eq!(answer.bytes, wanted);
    }
}
