//! Transport mode: ESP between an IP packet's headers and what they carry (RFC 4303 §3.1.1).
//!
//! Tunnel mode needs no helper: the payload is the whole inner packet, and the outer header is made by
//! [`ip::write_header`] or by whoever sends. The same holds where a UDP socket stands
//! between (RFC 3948 §2.1): seal what follows the headers and send it; the receiver makes a header of its own.

use core::ops::Range;

use crate::ip::{self, Defect, Place};
use crate::{InboundSa, OpenError, OutboundSa, SealError};

/// An IP packet, divided where ESP goes in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two parts and what the second is"
)]
pub struct Split {
    /// The headers that stay in front.
    pub header: Range<usize>,
    /// What they carry, to be sealed.
    pub payload: Range<usize>,
    /// Its protocol number: the next header to seal with.
    pub protocol: u8,
}

/// Divides an IP packet.
///
/// # Errors
/// [`Defect`] if the headers cannot be read, or if the packet is a fragment.
pub fn split(packet: &[u8]) -> Result<Split, Defect> {
    let (place, total) = Place::insertion(packet)?;
    Ok(Split {
        header: 0..place.at,
        payload: place.at..total,
        protocol: place.kind,
    })
}

/// Seals the IP packet that `packet` delimits in `buffer`, in place, and tells where the result lies: an IP
/// packet with ESP in it. Takes [`OutboundSa::headroom`] octets before and [`OutboundSa::tailroom`] after it.
///
/// # Errors
/// [`SealError`]
pub fn seal(
    sa: &mut OutboundSa,
    buffer: &mut [u8],
    packet: Range<usize>,
) -> Result<Range<usize>, SealError> {
    let whole = buffer.get(packet.clone()).ok_or(SealError::Room)?;
    let (place, total) = Place::insertion(whole).map_err(SealError::Header)?;
    let payload = packet.start.saturating_add(place.at)..packet.start.saturating_add(total);
    let start = packet
        .start
        .checked_sub(sa.headroom())
        .ok_or(SealError::Room)?;
    let grown = total
        .saturating_add(sa.headroom())
        .saturating_add(sa.tailroom(payload.len()));
    if grown > usize::from(u16::MAX) {
        return Err(SealError::TooLong);
    }
    if buffer.len() < start.saturating_add(grown) {
        return Err(SealError::Room);
    }
    let mut header = [0; HEADER_MAX];
    let header = header
        .get_mut(..place.at)
        .ok_or(SealError::Header(Defect::Chain))?;
    let original = buffer
        .get(packet.start..payload.start)
        .ok_or(SealError::Room)?;
    header.copy_from_slice(original);
    let sealed = sa.seal(buffer, payload, place.kind)?;
    let result = buffer.get_mut(start..sealed.end).ok_or(SealError::Room)?;
    ip::put(result, 0, header).map_err(SealError::Header)?;
    ip::rewrite(result, place, ip::ESP).map_err(SealError::Header)?;
    Ok(start..sealed.end)
}

/// Opens an IP packet with ESP in it, in place, and tells where in it the packet without ESP lies.
///
/// # Errors
/// [`OpenError`]; [`OpenError::NextHeader`] with the packet's protocol if it holds no ESP.
pub fn open(sa: &mut InboundSa, packet: &mut [u8]) -> Result<Range<usize>, OpenError> {
    let (place, total) = Place::insertion(packet).map_err(OpenError::Header)?;
    if place.kind != ip::ESP {
        return Err(OpenError::NextHeader(place.kind));
    }
    let esp = packet
        .get_mut(place.at..total)
        .ok_or(OpenError::Truncated)?;
    let opened = sa.open(esp)?;
    let end = place.at.saturating_add(opened.payload.end);
    let start = opened.payload.start;
    packet.copy_within(0..place.at, start);
    let result = packet.get_mut(start..end).ok_or(OpenError::Truncated)?;
    ip::rewrite(result, place, opened.next_header).map_err(OpenError::Header)?;
    Ok(start..end)
}

/// The longest headers that a packet may keep in front of ESP or AH.
pub(crate) const HEADER_MAX: usize = 512;
