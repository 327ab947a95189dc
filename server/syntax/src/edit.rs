//! Edits: what to write where, in order and without overlap, and what a parser has to know about them.

use text_size::{TextRange, TextSize};
use tree_sitter::{InputEdit, Point};

use crate::text::to_u32;

/// One replacement: `new_text` in the place of `range` (bytes). An empty range inserts, an empty text deletes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextEdit {
    /// What goes.
    pub range: TextRange,
    /// What comes.
    pub new_text: String,
}

impl TextEdit {
    /// Writes `new_text` in the place of `range`.
    pub fn replace(range: TextRange, new_text: impl Into<String>) -> Self {
        Self { range, new_text: new_text.into() }
    }

    /// Writes `new_text` before what is at `offset`.
    pub fn insert(offset: TextSize, new_text: impl Into<String>) -> Self {
        Self { range: TextRange::empty(offset), new_text: new_text.into() }
    }

    /// Takes `range` away.
    pub fn delete(range: TextRange) -> Self {
        Self { range, new_text: String::new() }
    }

    /// Whether both cannot be made: they replace a common byte, or one writes into the middle of what the other
    /// replaces.
    fn conflicts_with(&self, other: &Self) -> bool {
        let (a, b) = (self.range, other.range);
        match (a.is_empty(), b.is_empty()) {
            (true, true) => false,
            (true, false) => b.start() < a.start() && a.start() < b.end(),
            (false, true) => a.start() < b.start() && b.start() < a.end(),
            (false, false) => a.start() < b.end() && b.start() < a.end(),
        }
    }
}

/// Edits of one text that can be made together: sorted, disjoint, all in terms of the same original text. Insertions at
/// the same offset keep the order in which they were added, and come before what replaces the text behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TextEdits {
    edits: Vec<TextEdit>,
}

/// Two edits want the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two edits overlap at {first:?} and {second:?}")]
pub struct Overlap {
    /// The range of the edit that was there.
    pub first: TextRange,
    /// The range of the edit that does not fit.
    pub second: TextRange,
}

impl TextEdits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an edit, unless it overlaps one that is there.
    pub fn push(&mut self, edit: TextEdit) -> Result<(), Overlap> {
        let key = |edit: &TextEdit| (edit.range.start(), !edit.range.is_empty());
        let at = self.edits.partition_point(|other| key(other) <= key(&edit));
        // What is before can only reach into this edit if it replaces something, and of those the last reaches furthest.
        let before = self.edits[..at].iter().rev().find(|other| !other.range.is_empty());
        let behind = self.edits[at..].iter().take_while(|other| other.range.start() < edit.range.end());
        let conflict = before.into_iter().chain(behind).find(|other| other.conflicts_with(&edit));
        if let Some(other) = conflict {
            return Err(Overlap { first: other.range, second: edit.range });
        }
        self.edits.insert(at, edit);
        Ok(())
    }

    /// Both together: `other` behind `self` where they insert at the same offset. A replacement that both contain is
    /// made once; two different ones of the same bytes are refused.
    pub fn union(&self, other: &Self) -> Result<Self, Overlap> {
        let mut all = self.clone();
        for edit in &other.edits {
            if edit.range.is_empty() || !self.edits.contains(edit) {
                all.push(edit.clone())?;
            }
        }
        Ok(all)
    }

    /// The edits, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, TextEdit> {
        self.edits.iter()
    }

    /// How many edits there are.
    pub fn len(&self) -> usize {
        self.edits.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// From the start of the first edit to the end of the last, in the original text.
    pub fn span(&self) -> Option<TextRange> {
        let first = self.edits.first()?;
        // Disjoint and sorted: the last one ends last, but for an insertion before a replacement at the same start.
        let end = self.edits.iter().rev().take(2).map(|edit| edit.range.end()).max()?;
        Some(TextRange::new(first.range.start(), end))
    }

    /// The text with all edits made.
    ///
    /// # Panics
    /// When an edit is not within `text` or cuts a character.
    pub fn apply(&self, text: &str) -> String {
        let extra: usize = self.edits.iter().map(|edit| edit.new_text.len()).sum();
        let mut out = String::with_capacity(text.len() + extra);
        let mut done = 0;
        for edit in &self.edits {
            out.push_str(&text[done..edit.range.start().into()]);
            out.push_str(&edit.new_text);
            done = edit.range.end().into();
        }
        out.push_str(&text[done..]);
        out
    }
}

impl TryFrom<Vec<TextEdit>> for TextEdits {
    type Error = Overlap;

    fn try_from(edits: Vec<TextEdit>) -> Result<Self, Overlap> {
        let mut all = Self::new();
        edits.into_iter().try_for_each(|edit| all.push(edit))?;
        Ok(all)
    }
}

impl From<TextEdit> for TextEdits {
    fn from(edit: TextEdit) -> Self {
        Self { edits: vec![edit] }
    }
}

impl IntoIterator for TextEdits {
    type Item = TextEdit;
    type IntoIter = std::vec::IntoIter<TextEdit>;

    fn into_iter(self) -> Self::IntoIter {
        self.edits.into_iter()
    }
}

impl<'a> IntoIterator for &'a TextEdits {
    type Item = &'a TextEdit;
    type IntoIter = std::slice::Iter<'a, TextEdit>;

    fn into_iter(self) -> Self::IntoIter {
        self.edits.iter()
    }
}

/// The one region in which two versions of a text differ: what is before and behind it is the same. Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    start: TextSize,
    old_end: TextSize,
    new_end: TextSize,
}

impl Change {
    pub(crate) fn new(start: u32, old_end: u32, new_end: u32) -> Self {
        Self { start: start.into(), old_end: old_end.into(), new_end: new_end.into() }
    }

    /// Where the region starts, in both texts.
    pub fn start(&self) -> TextSize {
        self.start
    }

    /// Where it ends in the old text.
    pub fn old_end(&self) -> TextSize {
        self.old_end
    }

    /// Where it ends in the new text.
    pub fn new_end(&self) -> TextSize {
        self.new_end
    }

    /// The same as [`crate::reparse`] wants it. Points count lines at `\n` only and columns in bytes, as tree-sitter
    /// does.
    pub fn input_edit(&self, old: &str, new: &str) -> InputEdit {
        let (start, old_end, new_end) = (self.start.into(), self.old_end.into(), self.new_end.into());
        let from = advance(Point::default(), &new.as_bytes()[..start]);
        InputEdit {
            start_byte: start,
            old_end_byte: old_end,
            new_end_byte: new_end,
            start_position: from,
            old_end_position: advance(from, &old.as_bytes()[start..old_end]),
            new_end_position: advance(from, &new.as_bytes()[start..new_end]),
        }
    }
}

/// Where `point` is after `bytes`.
pub(crate) fn advance(point: Point, bytes: &[u8]) -> Point {
    match memchr::memrchr(b'\n', bytes) {
        None => Point::new(point.row, point.column + bytes.len()),
        Some(last) => Point::new(point.row + memchr::memchr_iter(b'\n', bytes).count(), bytes.len() - last - 1),
    }
}

/// Blocks are compared at once, which costs less than bytes one by one.
const BLOCK: usize = 1 << 10;

/// How many bytes at the start of two texts are the same.
pub(crate) fn common_start(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK)).take_while(|(a, b)| a == b).count() * BLOCK;
    blocks + a[blocks..].iter().zip(&b[blocks..]).take_while(|(a, b)| a == b).count()
}

/// How many bytes at the end of two texts are the same.
pub(crate) fn common_end(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.rchunks_exact(BLOCK).zip(b.rchunks_exact(BLOCK)).take_while(|(a, b)| a == b).count() * BLOCK;
    let (a, b) = (&a[..a.len() - blocks], &b[..b.len() - blocks]);
    blocks + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// The smallest single edit that makes `new` of `old`, cut at characters; `None` if they are equal.
pub fn minimal_edit(old: &str, new: &str) -> Option<TextEdit> {
    if old == new {
        return None;
    }
    let mut start = common_start(old.as_bytes(), new.as_bytes());
    while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
        start -= 1;
    }
    let mut tail = common_end(&old.as_bytes()[start..], &new.as_bytes()[start..]);
    while !old.is_char_boundary(old.len() - tail) || !new.is_char_boundary(new.len() - tail) {
        tail -= 1;
    }
    let range = TextRange::new(to_u32(start).into(), to_u32(old.len() - tail).into());
    Some(TextEdit::replace(range, &new[start..new.len() - tail]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(start: u32, end: u32) -> TextRange {
        TextRange::new(start.into(), end.into())
    }

    fn edits(list: &[(u32, u32, &str)]) -> Result<TextEdits, Overlap> {
        list.iter().map(|&(start, end, new)| TextEdit::replace(range(start, end), new)).collect::<Vec<_>>().try_into()
    }

    #[test]
    fn keeps_order_of_insertions_at_the_same_offset() {
        let edits = edits(&[(2, 3, "C"), (2, 2, "x"), (0, 0, "<"), (2, 2, "y")]).unwrap();
        assert_eq!(edits.apply("abcd"), "<abxyCd");
        assert_eq!(edits.span(), Some(range(0, 3)));
    }

    #[test]
    fn refuses_what_overlaps() {
        assert!(edits(&[(0, 2, ""), (1, 3, "")]).is_err());
        assert!(edits(&[(0, 3, ""), (1, 1, "x")]).is_err());
        assert!(edits(&[(1, 1, "x"), (0, 3, "")]).is_err());
        assert!(edits(&[(1, 2, "x"), (2, 2, "y"), (2, 2, "z"), (0, 3, "")]).is_err());
        assert!(edits(&[(0, 5, ""), (0, 0, "y"), (3, 3, "z")]).is_err());
        assert!(edits(&[(0, 2, ""), (2, 2, "x"), (2, 4, "")]).is_ok());
    }

    #[test]
    fn a_union_makes_a_common_replacement_once() {
        let (a, b) = (edits(&[(0, 1, "A"), (3, 3, "x")]).unwrap(), edits(&[(0, 1, "A"), (3, 3, "x")]).unwrap());
        assert_eq!(a.union(&b).unwrap().apply("abc"), "Abcxx");
        assert!(a.union(&edits(&[(0, 1, "B")]).unwrap()).is_err());
    }

    #[test]
    fn points_are_byte_columns_of_lines_that_end_at_lf() {
        let edit = Change::new(6, 7, 9).input_edit("é\r\r\nabc", "é\r\r\na\nxbc");
        assert_eq!(edit.start_position, Point::new(1, 1));
        assert_eq!(edit.old_end_position, Point::new(1, 2));
        assert_eq!(edit.new_end_position, Point::new(2, 2));
    }

    proptest! {
        #[test]
        fn a_minimal_edit_makes_the_new_text(old in "[aé𝒳\n]{0,12}", new in "[aéê𝒳\n]{0,12}") {
            match minimal_edit(&old, &new) {
                None => prop_assert_eq!(old, new),
                Some(edit) => prop_assert_eq!(TextEdits::from(edit).apply(&old), new),
            }
        }

        #[test]
        fn accepts_exactly_what_does_not_overlap(
            list in proptest::collection::vec((0_u32..10, 0_u32..4), 0..6)
        ) {
            let list: Vec<_> = list.into_iter().map(|(start, len)| TextEdit::delete(range(start, start + len))).collect();
            let mut kept: Vec<TextEdit> = Vec::new();
            let mut all = TextEdits::new();
            for edit in list {
                let fits = !kept.iter().any(|other| other.conflicts_with(&edit));
                prop_assert_eq!(all.push(edit.clone()).is_ok(), fits);
                if fits {
                    kept.push(edit);
                }
            }
            prop_assert!(all.iter().zip(all.iter().skip(1)).all(|(a, b)| a.range.end() <= b.range.start()));
        }
    }
}
