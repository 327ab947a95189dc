//! What can be folded away.

use syntax::{TextRange, TextSize};

use crate::View;
use crate::scan::Scan;

/// A range of whole lines that can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// From the opening to the closing sign, in bytes.
    pub range: TextRange,
    /// It is a comment.
    pub is_comment: bool,
}

impl View<'_> {
    /// Objects, arrays and runs of comment lines over more than one line.
    pub fn folds(&self) -> Vec<Fold> {
        let source = self.source();
        let text = source.text.as_str();
        let end = source.text.len();
        let Some(language) = source.language() else { return Vec::new() };
        let scan = Scan::new(text, language, end, source.syntax_errors.is_empty());
        let mut folds: Vec<Fold> = scan
            .frames
            .iter()
            .filter_map(|frame| {
                let range = TextRange::new(frame.start, frame.end?);
                text[range].contains('\n').then_some(Fold { range, is_comment: false })
            })
            .collect();
        folds.extend(comment_runs(text));
        folds.sort_by_key(|fold| (fold.range.start(), fold.range.end()));
        folds
    }
}

/// Two or more lines of nothing but `//` comments.
fn comment_runs(text: &str) -> Vec<Fold> {
    let mut folds = Vec::new();
    let (mut offset, mut run): (TextSize, Option<(TextRange, u32)>) = (0.into(), None);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        if content.trim_start().starts_with("//") {
            let here = TextRange::at(offset, TextSize::of(content));
            run = Some(run.map_or((here, 1), |(range, lines)| (range.cover(here), lines + 1)));
        } else if let Some((range, lines)) = run.take()
            && lines > 1
        {
            folds.push(Fold { range, is_comment: true });
        }
        offset += TextSize::of(line);
    }
    if let Some((range, lines)) = run
        && lines > 1
    {
        folds.push(Fold { range, is_comment: true });
    }
    folds
}
