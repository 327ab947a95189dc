//! Decisions, taken from the bytes of an input.

use std::borrow::Cow;

/// The bytes that are left. When there are none, every decision is the first one there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    /// A number below `end`, which must not be 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let number = if end > 256 { self.byte() << 8 | self.byte() } else { self.byte() };
        number % end
    }

    /// One of several.
    pub(crate) fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// So many bytes as text, what is no UTF-8 replaced.
    pub(crate) fn text(&mut self, length: usize) -> Cow<'a, str> {
        let (text, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        String::from_utf8_lossy(text)
    }

    /// All that is left, as text.
    pub(crate) fn rest(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}

/// The character boundary at or before an offset that may be behind the end.
pub(crate) fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
