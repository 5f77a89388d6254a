//! Padding, pad length and next header (RFC 4303 §2.4-2.6).

use crate::OpenError;

/// The next header of a dummy packet (RFC 4303 §2.6).
pub const NO_NEXT_HEADER: u8 = 59;

/// Pad length and next header.
pub(crate) const LEN: usize = 2;

/// The default padding, 1, 2, 3, …, as long as a pad length can say.
const PADDING: [u8; 255] = padding();

const fn padding() -> [u8; 255] {
    let mut octets = [0; 255];
    let mut rest: &mut [u8] = &mut octets;
    let mut value: u8 = 1;
    while let [first, tail @ ..] = rest {
        *first = value;
        value = value.saturating_add(1);
        rest = tail;
    }
    octets
}

/// Octets of padding that make payload and trailer whole units of `alignment`.
pub(crate) fn padding_len(payload: usize, alignment: usize) -> usize {
    payload
        .checked_add(LEN)
        .and_then(|used| used.checked_rem(alignment))
        .map_or(0, |over| match over {
            0 => 0,
            over => alignment.saturating_sub(over),
        })
}

/// Writes padding and trailer over the whole of `room`.
pub(crate) fn write(room: &mut [u8], next_header: u8) -> Option<()> {
    let (padding, end) = room.split_at_mut_checked(room.len().checked_sub(LEN)?)?;
    padding.copy_from_slice(PADDING.get(..padding.len())?);
    end.copy_from_slice(&[u8::try_from(padding.len()).ok()?, next_header]);
    Some(())
}

/// Reads the trailer off a decrypted body: the length of the payload, and what it is.
pub(crate) fn read(body: &[u8]) -> Result<(usize, u8), OpenError> {
    let (rest, &[length, next_header]) =
        body.split_last_chunk::<LEN>().ok_or(OpenError::Truncated)?;
    let payload = rest
        .len()
        .checked_sub(usize::from(length))
        .ok_or(OpenError::Padding)?;
    let padding = rest.get(payload..).ok_or(OpenError::Padding)?;
    if PADDING.get(..padding.len()) != Some(padding) {
        return Err(OpenError::Padding);
    }
    Ok((payload, next_header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_completes_whole_units() {
        for alignment in [4, 8, 16] {
            for payload in 0..100 {
                let length = padding_len(payload, alignment);
                assert!(length < alignment);
                assert_eq!((payload + length + LEN) % alignment, 0);
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for length in 0..=255 {
            let mut body = alloc::vec![9; 40 + length + LEN];
            write(&mut body[40..], 41).unwrap();
            assert_eq!(read(&body), Ok((40, 41)));
        }
    }

    #[test]
    fn a_pad_length_beyond_the_body_is_refused() {
        assert_eq!(read(&[1, 2, 3, 4, 4]), Err(OpenError::Padding));
        assert_eq!(read(&[1, 2, 3, 3, 4]), Ok((0, 4)));
        assert_eq!(read(&[0, 4]), Ok((0, 4)));
        assert_eq!(read(&[4]), Err(OpenError::Truncated));
    }

    #[test]
    fn other_padding_is_refused() {
        assert_eq!(read(&[7, 1, 2, 4, 3, 4]), Err(OpenError::Padding));
        assert_eq!(read(&[7, 0, 0, 0, 3, 4]), Err(OpenError::Padding));
    }
}
