//! A name for a diagnostic that stays the same while the lines around it move.

use std::collections::HashMap;

use rules::Diagnostic;
use template::workspace::Workspace;

use super::Places;

/// A name for each diagnostic, in the same order. It is made of the rule's code, the path, and the text of the line
/// it starts on without indentation; equal ones are numbered from top to bottom. Neither line numbers nor wording go
/// in, so that lines above can come and go, and messages can improve.
pub fn fingerprints(workspace: &Workspace, places: &Places, diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut seen: HashMap<[&str; 3], usize> = HashMap::new();
    diagnostics
        .iter()
        .map(|diagnostic| {
            let text = workspace.file(diagnostic.file()).text.as_str();
            let key =
                [diagnostic.code, places.path(diagnostic.file()), line_at(text, diagnostic.range().start().into())];
            let number = seen.entry(key).and_modify(|number| *number += 1).or_insert(0);
            of(&[key[0], key[1], key[2], &number.to_string()])
        })
        .collect()
}

/// The line around an offset, without white space at its ends.
fn line_at(text: &str, offset: usize) -> &str {
    let is_break = |c: char| c == '\n' || c == '\r';
    let start = text[..offset].rfind(is_break).map_or(0, |at| at + 1);
    let end = text[offset..].find(is_break).map_or(text.len(), |at| offset + at);
    text[start..end].trim()
}

/// 128 bits of FNV-1a over the parts, in hexadecimal digits. The same on every machine and in every version.
pub(super) fn of(parts: &[&str]) -> String {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut hash = BASIS;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_line_around_an_offset() {
        assert_eq!(line_at("a\r\n  bc \r\nd", 5), "bc");
        assert_eq!(line_at("a\r\n  bc \r\nd", 0), "a");
        assert_eq!(line_at("a\r\n  bc \r\nd", 11), "d");
        assert_eq!(line_at("", 0), "");
    }

    #[test]
    fn tells_where_a_part_ends() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]).len(), 32);
    }
}
