//! A name for a diagnostic that stays the same while the lines around it move.

use std::collections::HashMap;
use std::fmt;

use rules::Diagnostic;
use template::workspace::{FileId, Workspace};

use super::Places;

/// A name for each diagnostic, in the same order. It is made of the rule's code, the path, and the text of the line
/// it starts on without indentation; equal ones are numbered from top to bottom. Neither line numbers nor wording go
/// in, so that lines above can come and go, and messages can improve.
///
/// # Panics
/// When a diagnostic is of no file of the workspace.
pub fn fingerprints(workspace: &Workspace, places: &Places, diagnostics: &[Diagnostic]) -> Vec<String> {
    // A minified template is one line with many diagnostics: what they share is hashed once.
    let mut of_line: HashMap<(&str, FileId, u32), Fnv> = HashMap::new();
    let mut seen: HashMap<Fnv, usize> = HashMap::new();
    diagnostics
        .iter()
        .map(|diagnostic| {
            let file = diagnostic.file();
            let text = &workspace.file(file).text;
            let line = text.line_of(diagnostic.range().start());
            let shared = *of_line.entry((diagnostic.code, file, line)).or_insert_with(|| {
                let range = text.line_range(line).expect("the line of an offset exists");
                Fnv::new().part(diagnostic.code).part(places.path(file)).part(text.slice(range).trim())
            });
            let number = seen.entry(shared).and_modify(|number| *number += 1).or_insert(0);
            shared.part(&number.to_string()).to_string()
        })
        .collect()
}

/// The name of something that is no diagnostic.
pub(super) fn of(parts: &[&str]) -> String {
    parts.iter().fold(Fnv::new(), |hash, part| hash.part(part)).to_string()
}

/// 128 bits of FNV-1a over parts, shown in hexadecimal digits. The same on every machine and in every version.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Fnv(u128);

impl Fnv {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn part(self, part: &str) -> Self {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
        // No text has that byte: it ends the part.
        let bytes = part.bytes().chain([0xff]);
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
    }
}

impl fmt::Display for Fnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_where_a_part_ends() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]).len(), 32);
        // What baselines have in them must not change.
        assert_eq!(of(&[]), "6c62272e07bb014262b821756295c58d");
    }
}
