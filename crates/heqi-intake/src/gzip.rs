//! Text inside gzip, inflated as it is read and never beyond the bound.

use std::io::{self, Read};

use crate::{Limits, Source};

/// Whether the bytes begin a gzip stream.
pub(crate) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B, 0x08])
}

/// Reads a source from its beginning.
pub(crate) struct Sequential<'a> {
    source: &'a dyn Source,
    offset: u64,
}

impl<'a> Sequential<'a> {
    /// From the first byte on.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, offset: 0 }
    }
}

impl Read for Sequential<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The inflated text; more than `limits.inflated_bytes` is an error, not an end.
pub(crate) fn bounded<'a>(source: &'a dyn Source, limits: &Limits) -> Box<dyn Read + 'a> {
    let inflated = flate2::read::MultiGzDecoder::new(io::BufReader::new(Sequential::new(source)));
    Box::new(Bounded { inner: inflated, left: limits.inflated_bytes })
}

/// Fails when more bytes come than allowed.
pub(crate) struct Bounded<R> {
    /// The stream.
    pub inner: R,
    /// Bytes still allowed.
    pub left: u64,
}

/// The error of a stream that inflates to more than allowed.
pub(crate) fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "inflates to more than the limit")
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(too_large)?;
        Ok(count)
    }
}
