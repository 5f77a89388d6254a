//! Which octets of the headers before AH its ICV covers (RFC 4302 §3.3.3.1 and Appendix A).

use crate::ip::{self, Defect, Place, V4_LEN};
use crate::transport::HEADER_MAX;

/// The headers in front of AH with everything zeroed that may change on the way.
pub(super) struct Immutable {
    octets: [u8; HEADER_MAX],
    len: usize,
}

impl Immutable {
    /// Copies and zeroes the headers of a packet in front of `place`.
    pub(super) fn of(packet: &[u8], place: Place) -> Result<Self, Defect> {
        let mut this = Self {
            octets: [0; HEADER_MAX],
            len: place.at,
        };
        let header = this.octets.get_mut(..place.at).ok_or(Defect::Chain)?;
        header.copy_from_slice(packet.get(..place.at).ok_or(Defect::Truncated)?);
        if is_v4(header)? {
            mute_v4(header)?;
        } else {
            mute_v6(header, place.at)?;
        }
        Ok(this)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

/// Refuses what an outbound packet may not have, because its fields would have to be predicted.
pub(super) fn check_outbound(packet: &[u8], place: Place) -> Result<(), Defect> {
    Immutable::of(packet, place)?;
    let header = packet.get(..place.at).ok_or(Defect::Truncated)?;
    if is_v4(header)? {
        let mut at = V4_LEN;
        while let Some((kind, length)) = option_v4(header, at)? {
            if matches!(kind, LOOSE_ROUTE | STRICT_ROUTE) {
                return Err(Defect::SourceRoute);
            }
            at = at.saturating_add(length);
        }
    }
    Ok(())
}

fn is_v4(header: &[u8]) -> Result<bool, Defect> {
    Ok(ip::octet(header, 0)? >> 4 == 4)
}

const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_ROUTE: u8 = 131;
const STRICT_ROUTE: u8 = 137;
/// Options that no router changes: the security options, router alert, multi-destination delivery.
const IMMUTABLE_OPTIONS: [u8; 5] = [130, 133, 134, 148, 149];

/// TOS, flags and fragment offset, TTL, checksum, and every option not known to stay as it is.
fn mute_v4(header: &mut [u8]) -> Result<(), Defect> {
    ip::put(header, 1, &[0])?;
    ip::put(header, 6, &[0, 0, 0])?;
    ip::put(header, 10, &[0, 0])?;
    let mut at = V4_LEN;
    while let Some((kind, length)) = option_v4(header, at)? {
        let end = at.saturating_add(length);
        if kind != NO_OPERATION && !IMMUTABLE_OPTIONS.contains(&kind) {
            header.get_mut(at..end).ok_or(Defect::Length)?.fill(0);
        }
        at = end;
    }
    Ok(())
}

/// The option at an offset, with its length; none at the end of the list.
fn option_v4(header: &[u8], at: usize) -> Result<Option<(u8, usize)>, Defect> {
    match header.get(at) {
        None | Some(&END) => Ok(None),
        Some(&NO_OPERATION) => Ok(Some((NO_OPERATION, 1))),
        Some(&kind) => {
            let length =
                usize::from(ip::octet(header, at.saturating_add(1)).map_err(|_| Defect::Length)?);
            if length < 2 || at.saturating_add(length) > header.len() {
                return Err(Defect::Length);
            }
            Ok(Some((kind, length)))
        }
    }
}

/// Traffic class, flow label, hop limit, and the data of options that say they may change.
fn mute_v6(header: &mut [u8], end: usize) -> Result<(), Defect> {
    ip::put(header, 0, &[0x60, 0, 0, 0])?;
    ip::put(header, 7, &[0])?;
    let mut place = Place::first_v6(header)?;
    while place.at < end {
        let next = place.next(header)?.ok_or(Defect::Chain)?;
        match place.kind {
            ip::HOP_BY_HOP | ip::DESTINATION => {
                let options = header.get_mut(place.at..next.at).ok_or(Defect::Truncated)?;
                mute_options(options.get_mut(2..).ok_or(Defect::Truncated)?)?;
            }
            // what remains of a route is predictable only at its end
            ip::ROUTING if ip::octet(header, place.at.saturating_add(3))? != 0 => {
                return Err(Defect::SourceRoute);
            }
            _ => {}
        }
        place = next;
    }
    Ok(())
}

/// The bit of an option's type that says its data may change on the way (RFC 8200 §4.2).
const MAY_CHANGE: u8 = 0x20;

fn mute_options(mut options: &mut [u8]) -> Result<(), Defect> {
    loop {
        options = match options {
            [] => return Ok(()),
            // Pad1 has no length
            [0, rest @ ..] => rest,
            [kind, length, rest @ ..] => {
                let (data, rest) = rest
                    .split_at_mut_checked(usize::from(*length))
                    .ok_or(Defect::Length)?;
                if *kind & MAY_CHANGE != 0 {
                    data.fill(0);
                }
                rest
            }
            [_] => return Err(Defect::Length),
        };
    }
}
