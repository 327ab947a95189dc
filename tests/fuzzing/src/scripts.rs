//! Words of scripts, and the files that carry scripts.

use syntax::carriers::{Carrier, fragments};
use syntax::shell::{Script, Shell, Word, parse};
use syntax::{TextRange, TextSize};

use crate::bytes::{Bytes, boundary};

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::PowerShell, Shell::Cmd];

/// Any text as a script, with holes in it, and as a file with scripts in it.
///
/// # Panics
/// When something does not hold.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let shell = *bytes.pick(&SHELLS);
    let path = *bytes.pick(&["a.md", ".github/workflows/a.yml", "azure-pipelines.yml", "a.sh", "a.ps1", "a.cmd"]);
    let cuts: Vec<(usize, usize)> = (0..bytes.below(4)).map(|_| (bytes.below(256), bytes.below(8))).collect();
    let text = bytes.rest();
    check_script(&parse(shell, &text, &[]), &text);
    let holes = holes(&text, cuts);
    check_script(&parse(shell, &text, &holes), &text);
    let Some(carrier) = Carrier::of_path(path) else { return };
    for fragment in fragments(carrier, &text) {
        assert!(is_in(&text, fragment.source_range()), "{fragment:?}");
        let script = fragment.script();
        check_script(&script, &fragment.text);
        for command in &script.commands {
            if let Some(range) = fragment.to_source(command.range) {
                assert!(is_in(&text, range), "{range:?} of {fragment:?}");
            }
        }
    }
}

/// Holes in order and apart from each other.
fn holes(text: &str, mut cuts: Vec<(usize, usize)>) -> Vec<TextRange> {
    cuts.sort_unstable();
    let mut holes: Vec<TextRange> = Vec::new();
    for (start, length) in cuts {
        let start = boundary(text, start);
        let end = boundary(text, start + length).max(start);
        if holes.last().is_none_or(|last| usize::from(last.end()) < start) {
            holes.push(TextRange::new(size(start), size(end)));
        }
    }
    holes
}

fn check_script(script: &Script<'_>, text: &str) {
    let mut last = None;
    for command in &script.commands {
        assert!(last < Some(command.range.start()), "{:?} in {text:?}", script.commands);
        last = Some(command.range.start());
        assert!(!command.words.is_empty() && is_in(text, command.range));
        assert!(command.words.windows(2).all(|pair| pair[0].range.end() <= pair[1].range.start()));
        command.words.iter().for_each(|word| check_word(word, text));
        assert!(command.continuations.iter().all(|range| command.range.contains_range(*range)));
    }
    assert!(script.assigns.iter().all(|assign| is_in(text, assign.range) && &text[assign.name_range] == assign.name));
}

fn check_word(word: &Word<'_>, text: &str) {
    assert!(is_in(text, word.range));
    let mut last = word.range.start();
    for piece in &word.pieces {
        assert!(word.range.contains_range(piece.range()) && last <= piece.range().start(), "{word:?} in {text:?}");
        last = piece.range().end();
    }
    let known = TextRange::up_to(TextSize::of(&*word.text()));
    assert!(word.to_source(known).is_none_or(|range| word.range.contains_range(range)));
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("inputs are small")
}

fn is_in(text: &str, range: TextRange) -> bool {
    text.get(usize::from(range.start())..usize::from(range.end())).is_some()
}
