//! Hints in the text: whose ID or principal an expression is, which role a GUID is.

use schema::roles;
use syntax::{TextRange, TextSize};
use template::aks::is_guid;

use crate::View;
use crate::grants::Grants;

/// A hint behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where it is shown, in bytes.
    pub offset: TextSize,
    /// What is shown.
    pub label: String,
    /// Markdown.
    pub tooltip: Option<String>,
}

impl View<'_> {
    /// The hints in a range.
    pub fn hints(&self, range: TextRange) -> Vec<Hint> {
        let mut hints = self.role_hints(range);
        hints.extend(self.principal_hints(range));
        hints.sort_by_key(|hint| hint.offset);
        hints
    }

    /// The names of roles, behind their GUIDs.
    fn role_hints(&self, range: TextRange) -> Vec<Hint> {
        let text = self.text().as_str();
        let bytes = text.as_bytes();
        let mut hints = Vec::new();
        let (mut at, end) = (usize::from(range.start()), usize::from(range.end()).min(text.len()));
        let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
        while at < end {
            if !is_part(&bytes[at]) {
                at += 1;
                continue;
            }
            let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
            let word = &text[at..at + length];
            if is_guid(word)
                && let Some(role) = roles::by_guid(word)
            {
                // Behind the quote, where it does not tear the text apart.
                let quote = usize::from(matches!(bytes.get(at + length), Some(b'\'' | b'"')));
                hints.push(Hint {
                    offset: crate::scan::size(at + length + quote),
                    label: role.name.to_owned(),
                    tooltip: Some(role.purpose.to_owned()),
                });
            }
            at += length;
        }
        hints
    }

    /// Whose principal a role assignment names, where the expression does not say it by itself.
    fn principal_hints(&self, range: TextRange) -> Vec<Hint> {
        let Some(eval) = self.eval() else { return Vec::new() };
        let grants = Grants { view: *self, eval: &eval };
        let mut hints: Vec<Hint> = Vec::new();
        for assignment in eval.role_assignments() {
            for case in &assignment.principal {
                let Some(location) = eval.written_at(&case.value) else { continue };
                let is_here = location.file == self.file && range.contains_range(location.range);
                if !is_here || hints.iter().any(|hint| hint.offset == location.range.end()) {
                    continue;
                }
                if let Some(words) = grants.words_for(&case.value.value) {
                    let label = words.split_once(" of ").map_or(words.as_str(), |(_, whom)| whom).to_owned();
                    hints.push(Hint {
                        offset: location.range.end(),
                        label,
                        tooltip: Some(format!("This is {words}.")),
                    });
                }
            }
        }
        hints
    }
}
