//! Socket options that no crate has a safe function for.

#![expect(
    unsafe_code,
    reason = "setsockopt, with values that the kernel only reads"
)]

use core::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::Emitable;
use netlink_packet_xfrm::constants::{
    UDP_ENCAP_ESPINUDP, XFRM_POLICY_ALLOW, XFRM_POLICY_IN, XFRM_POLICY_OUT,
};
use netlink_packet_xfrm::{LifetimeConfig, Selector, UserPolicyInfo};
use nix::libc;

/// The kernel decapsulates ESP that reaches this UDP socket (RFC 3948).
pub(crate) fn decapsulate_esp(socket: BorrowedFd<'_>) -> io::Result<()> {
    let value = c_int::from(UDP_ENCAP_ESPINUDP);
    set(socket, libc::SOL_UDP, libc::UDP_ENCAP, &value.to_ne_bytes())
}

/// The kernel does not merge what reaches this UDP socket: ESP has to be opened packet by packet.
pub(crate) fn keep_apart(socket: BorrowedFd<'_>) -> io::Result<()> {
    let off: c_int = 0;
    set(socket, libc::SOL_UDP, libc::UDP_GRO, &off.to_ne_bytes())
}

/// What this socket sends and receives needs no IPsec, whatever the policies say: IKE protects itself.
pub(crate) fn bypass_policies(socket: BorrowedFd<'_>, v4: bool) -> io::Result<()> {
    let (family, level, name) = if v4 {
        (libc::AF_INET, libc::IPPROTO_IP, libc::IP_XFRM_POLICY)
    } else {
        (libc::AF_INET6, libc::IPPROTO_IPV6, libc::IPV6_XFRM_POLICY)
    };
    for direction in [XFRM_POLICY_IN, XFRM_POLICY_OUT] {
        let policy = UserPolicyInfo {
            selector: Selector {
                family: u16::try_from(family).unwrap_or(0),
                ..Selector::default()
            },
            lifetime_cfg: LifetimeConfig::default(),
            direction,
            action: XFRM_POLICY_ALLOW,
            ..UserPolicyInfo::default()
        };
        let mut bytes = vec![0; policy.buffer_len()];
        policy.emit(&mut bytes);
        set(socket, level, name, &bytes)?;
    }
    Ok(())
}

/// None of the options above holds a pointer, so any octets are sound.
fn set(socket: BorrowedFd<'_>, level: c_int, name: c_int, value: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: `value` is readable for `length` octets during the call, and the descriptor is open.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            length,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
