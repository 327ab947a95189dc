//! Reading again only what an edit can have changed.
//!
//! Now and then the scanner notes where it is and what it knows: a [`Checkpoint`]. After an edit it goes on from the last
//! one before the edit, and stops at the first one behind it where it knows the same again; what it had found behind
//! there it would find once more. Only the first pass can do so: where brackets do not match, everything is read.

use smallvec::SmallVec;
use text_size::{TextRange, TextSize};

use super::{Deviations, Expect, Frame, MAX_PROBLEMS, Mask, Patch, Problem, ProblemKind, Scanner};
use crate::text::to_u32;

/// From one checkpoint to the next, in bytes. Reading that much takes a few microseconds.
const SPACING: usize = if cfg!(test) { 24 } else { 4 << 10 };

/// What the scanner knows at the quote that opens the first string of a line.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    at: u32,
    line: u32,
    token_end: u32,
    /// Up to here the text has had a say in what was found before.
    looked: u32,
    /// There is a comma before it.
    behind_comma: bool,
    /// The brackets that are open.
    open: SmallVec<[u8; 16]>,
}

/// What two texts have in common: all before `start`, and all from `old_end` or `new_end` on. Offsets in bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::json) struct Changed {
    pub(in crate::json) start: usize,
    pub(in crate::json) old_end: usize,
    pub(in crate::json) new_end: usize,
}

impl Changed {
    /// An old offset behind the change as a new one.
    fn moved(self, at: u32) -> u32 {
        to_u32(at as usize + self.new_end - self.old_end)
    }
}

/// The checkpoints of the old text behind the change, and what to do when one of them is reached.
pub(super) struct Rejoin<'m> {
    checkpoints: &'m [Checkpoint],
    changed: Changed,
}

impl Rejoin<'_> {
    /// Where the next checkpoint would be, in the new text.
    fn next(&self) -> usize {
        self.checkpoints.first().map_or(usize::MAX, |next| self.changed.moved(next.at) as usize)
    }
}

impl Mask {
    /// The mask of a text that was another one before.
    pub(in crate::json) fn after(old: &Self, text: &str, changed: Changed) -> Self {
        Self::resumed(old, text, changed).unwrap_or_else(|| Self::of(text))
    }

    /// `None` where everything must be read.
    fn resumed(old: &Self, text: &str, changed: Changed) -> Option<Self> {
        let (patches, problems) = (old.patches(), old.problems());
        if old.is_incomplete() || problems.len() >= MAX_PROBLEMS || problems.iter().any(is_said_once) {
            return None;
        }
        let before = |one: &Checkpoint| (one.at.max(one.looked) as usize) < changed.start;
        let start = old.checkpoints[..old.checkpoints.partition_point(before)].last()?;
        // The token and the line before it must be behind the change as well.
        let behind = |one: &Checkpoint| (one.token_end.min(one.line) as usize) < changed.old_end;
        let behind = &old.checkpoints[old.checkpoints.partition_point(behind)..];
        let mut scanner = Scanner::new(text.as_bytes(), false);
        scanner.resume(start, old, Rejoin { checkpoints: behind, changed });
        let rejoined = scanner.run_from(start.at as usize);
        if scanner.unbalanced {
            return None;
        }
        if rejoined && let Some(Rejoin { checkpoints: [from, ..], .. }) = scanner.rejoin {
            let from = from.token_end;
            let moved = |range: TextRange| {
                TextRange::new(
                    TextSize::new(changed.moved(range.start().into())),
                    TextSize::new(changed.moved(range.end().into())),
                )
            };
            let rest = patches.iter().filter(|patch| patch.start >= from);
            scanner.patches.extend(rest.map(|patch| Patch { start: changed.moved(patch.start), ..*patch }));
            let rest = problems.iter().filter(|problem| u32::from(problem.range.start()) >= from);
            scanner.problems.extend(rest.map(|problem| Problem {
                range: moved(problem.range),
                started: problem.started.map(moved),
                ..*problem
            }));
        }
        let mut checkpoints = std::mem::take(&mut scanner.checkpoints);
        if let Some(Rejoin { checkpoints: rest, .. }) = scanner.rejoin.take().filter(|_| rejoined) {
            let looked = to_u32(scanner.looked.get());
            checkpoints.extend(rest.iter().map(|one| Checkpoint {
                at: changed.moved(one.at),
                line: changed.moved(one.line),
                token_end: changed.moved(one.token_end),
                looked: if one.looked as usize >= changed.old_end { changed.moved(one.looked) } else { 0 }.max(looked),
                ..one.clone()
            }));
        }
        if scanner.problems.len() >= MAX_PROBLEMS || scanner.problems.iter().any(is_said_once) {
            return None;
        }
        let head = old.checkpoints.partition_point(|one| one.at < start.at);
        checkpoints.splice(0..0, old.checkpoints[..head].iter().cloned());
        let Scanner { patches, problems, incomplete, .. } = scanner;
        Some(Self::made_of(Deviations { patches, problems, incomplete }, checkpoints))
    }
}

/// Whether a mistake keeps later ones of its kind from being noted.
fn is_said_once(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::TooDeep | ProblemKind::SecondRoot)
}

impl<'t> Scanner<'t> {
    /// Makes the scanner know what it knew there.
    fn resume<'m: 't>(&mut self, from: &Checkpoint, old: &'m Mask, rejoin: Rejoin<'m>) {
        // Where brackets are does not matter while indentation does not.
        let frame = |&opener| Frame { opener, at: 0, line: 0, indent: 0, inside: None, ghost: false };
        self.stack = from.open.iter().map(frame).collect();
        self.line = from.line as usize;
        self.token_end = from.token_end as usize;
        self.looked.set(from.looked as usize);
        self.expect = if from.behind_comma { Expect::Next } else { Expect::First };
        self.gap.extend(from.behind_comma.then_some(b','));
        self.patches.extend(old.patches().iter().filter(|patch| patch.start < from.token_end));
        let before = |problem: &&Problem| u32::from(problem.range.start()) < from.token_end;
        self.problems.extend(old.problems().iter().filter(before));
        self.next_checkpoint = from.at as usize;
        self.rejoin = Some(rejoin);
    }

    /// At a token behind [`Scanner::next_checkpoint`]: notes what is known, or finds it to be what was known in the old
    /// text. Then all the rest is known too, and the answer is true.
    pub(super) fn checkpoint(&mut self, at: usize) -> bool {
        let settled = self.begins_line && !self.by_indent && !self.rewrite && !self.quiet && !self.stack.is_empty();
        let behind_comma = match self.expect {
            Expect::First => false,
            Expect::Next => true,
            Expect::Colon | Expect::Value | Expect::Comma => return false,
        };
        let in_gap = self.patches.last().is_some_and(|patch| patch.end() as usize > self.token_end);
        if !settled || in_gap || self.text[at] != b'"' || self.complained == Some(self.line) {
            return false;
        }
        let here = Checkpoint {
            at: to_u32(at),
            line: to_u32(self.line),
            token_end: to_u32(self.token_end),
            looked: to_u32(self.looked.get()),
            behind_comma,
            open: self.stack.iter().map(|frame| frame.opener).collect(),
        };
        if let Some(rejoin) = &mut self.rejoin {
            let changed = rejoin.changed;
            while rejoin.next() < at {
                rejoin.checkpoints = &rejoin.checkpoints[1..];
            }
            if let Some(known) = rejoin.checkpoints.first()
                && (changed.moved(known.at), changed.moved(known.line), changed.moved(known.token_end))
                    == (here.at, here.line, here.token_end)
                && (known.behind_comma, &known.open) == (here.behind_comma, &here.open)
            {
                return true;
            }
        }
        let spaced = self.checkpoints.last().map_or(0, |last| last.at as usize) + SPACING;
        if at >= spaced || self.rejoin.is_some() && self.checkpoints.is_empty() {
            self.checkpoints.push(here);
        }
        let spaced = self.checkpoints.last().map_or(0, |last| last.at as usize) + SPACING;
        self.next_checkpoint = self.rejoin.as_ref().map_or(usize::MAX, Rejoin::next).min(spaced).max(at + 1);
        false
    }

    /// The text before `end` has had a say in what was found so far, though it was not read yet.
    pub(super) fn looked_up_to(&self, end: usize) {
        self.looked.set(self.looked.get().max(end));
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn template() -> String {
        let mut text = "{\n  \"resources\": [\n".to_owned();
        for n in 0..6 {
            let _ = writeln!(
                text,
                "    {{\n      \"name\": \"[concat('a', {n})]\", // one\n      \"tags\": {{\n        \"a\": [1, true],\n        \
                 \"text\": \"two\n lines\"\n      }},\n      \"count\": {n}\n    }},"
            );
        }
        text + "    null\n  ]\n}\n"
    }

    fn edited(text: &str, changed: Changed, insert: &str) -> String {
        format!("{}{insert}{}", &text[..changed.start], &text[changed.old_end..])
    }

    fn same(left: &Mask, right: &Mask) -> bool {
        left.patches() == right.patches()
            && left.problems() == right.problems()
            && left.is_incomplete() == right.is_incomplete()
    }

    proptest! {
        #[test]
        fn an_edited_mask_is_the_fresh_one(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[a\"{}\\[\\],:\\\\/*' \n]{0,6}"), 1..8),
        ) {
            let mut text = template();
            let mut mask = Mask::of(&text);
            for (start, len, insert) in edits {
                let start = start.index(text.len() + 1);
                let old_end = (start + len).min(text.len());
                let changed = Changed { start, old_end, new_end: start + insert.len() };
                let new = edited(&text, changed, &insert);
                let after = Mask::after(&mask, &new, changed);
                let fresh = Mask::of(&new);
                prop_assert!(same(&after, &fresh), "{text:?} with {changed:?} {insert:?}\n{after:?}\n{fresh:?}");
                (text, mask) = (new, after);
            }
        }
    }

    #[test]
    fn a_letter_costs_a_few_lines() {
        let text = template();
        let mask = Mask::of(&text);
        let start = text.len() / 2 + text[text.len() / 2..].find("name").unwrap();
        let changed = Changed { start, old_end: start, new_end: start + 1 };
        let new = edited(&text, changed, "x");
        let after = Mask::resumed(&mask, &new, changed).expect("nothing is broken here");
        assert!(same(&after, &Mask::of(&new)));
        assert!(after.checkpoints.len() >= mask.checkpoints.len(), "the next edit costs no more than this one");
    }
}
