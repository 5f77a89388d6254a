//! The cursor that every parser of this crate reads with: nom's `take` inside, and the absolute offset.

use nom::bytes::complete::take;

use crate::error::{ErrorKind, ParseError};

/// A cursor over bytes that knows where in the message it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the first of `bytes`, which lies at `offset` in the message.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            rest: bytes,
            offset,
        }
    }

    /// Where the cursor stands, from the start of the message.
    #[inline]
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// Whether nothing is left.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// An error of this kind where the cursor stands.
    #[inline]
    pub(crate) const fn error(&self, kind: ErrorKind) -> ParseError {
        ParseError::new(kind, self.offset)
    }

    /// The next `count` octets, or [`ErrorKind::Truncated`] at the first of them.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], ParseError> {
        match take::<usize, &[u8], ()>(count)(self.rest) {
            Ok((rest, taken)) => {
                self.rest = rest;
                self.offset = self.offset.saturating_add(count);
                Ok(taken)
            }
            Err(_) => Err(self.error(ErrorKind::Truncated)),
        }
    }

    /// The next `N` octets as an array: fixed fields are read whole and taken apart by pattern.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        match self.rest.split_first_chunk::<N>() {
            Some((array, rest)) => {
                self.rest = rest;
                self.offset = self.offset.saturating_add(N);
                Ok(*array)
            }
            None => Err(self.error(ErrorKind::Truncated)),
        }
    }

    /// Everything that is left.
    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = core::mem::take(&mut self.rest);
        self.offset = self.offset.saturating_add(rest.len());
        rest
    }

    /// Fails with [`ErrorKind::TrailingBytes`] unless nothing is left.
    #[inline]
    pub(crate) const fn finish(&self) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(ErrorKind::TrailingBytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_names_the_first_missing_octet_and_consumes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3], 28);
        assert_eq!(reader.array::<2>(), Ok([1, 2]));
        assert_eq!(
            reader.take(2),
            Err(ParseError::new(ErrorKind::Truncated, 30))
        );
        assert_eq!(
            reader.finish(),
            Err(ParseError::new(ErrorKind::TrailingBytes, 30))
        );
        assert_eq!(reader.rest(), [3]);
        assert_eq!(reader.offset(), 31);
        assert_eq!(reader.finish(), Ok(()));
    }
}
