//! Finds members in the text of a template and changes them, alike in both languages.
//!
//! Deliberately not built on the syntax trees that are under test.

use std::ops::Range;

/// The type of user-assigned identities.
pub(super) const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";

/// The text of a good template.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    pub(super) is_json: bool,
}

/// A member of an object: ranges in bytes.
#[derive(Clone)]
pub(super) struct Member {
    /// With its quotes, if any.
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Member {
    pub(super) fn whole(&self) -> Range<usize> {
        self.key.start..self.value.end
    }
}

impl Source<'_> {
    pub(super) fn str(&self, range: &Range<usize>) -> &str {
        &self.text[range.clone()]
    }

    /// What is written in ARM JSON or in Bicep.
    pub(super) fn pick(&self, json: &str, bicep: &str) -> String {
        (if self.is_json { json } else { bicep }).to_owned()
    }

    /// A literal text.
    pub(super) fn literal(&self, text: &str) -> String {
        self.pick(&format!("\"{text}\""), &format!("'{text}'"))
    }

    /// A member on one line.
    pub(super) fn member_text(&self, key: &str, value: &str) -> String {
        self.pick(&format!("\"{key}\": {value}"), &format!("{key}: {value}"))
    }

    /// An object with one member on one line.
    pub(super) fn object(&self, key: &str, value: &str) -> String {
        format!("{{ {} }}", self.member_text(key, value))
    }

    /// The value of an expression, which is the same in both languages.
    pub(super) fn expression(&self, expression: &str) -> String {
        self.pick(&format!("\"[{expression}]\""), expression)
    }

    /// The key that is the value of an expression.
    pub(super) fn key(&self, expression: &str) -> String {
        self.pick(&format!("\"[{expression}]\""), &format!("'${{{expression}}}'"))
    }

    /// The first quoted text of that content.
    pub(super) fn quoted(&self, content: &str) -> Option<Range<usize>> {
        let quoted = self.literal(content);
        let start = self.text.find(&quoted)?;
        Some(start..start + quoted.len())
    }

    /// Where the type of the cluster stands, with its quotes.
    pub(super) fn cluster_type(&self) -> Option<Range<usize>> {
        let start = self.text.find(&self.pick(&format!("\"type\": \"{CLUSTER}\""), &format!("'{CLUSTER}@")))?;
        let start = if self.is_json { start + "\"type\": ".len() } else { start };
        Some(start..self.after_text(start))
    }

    /// What stands for the cluster as a whole: its type, with the words before it in Bicep.
    pub(super) fn cluster_header(&self) -> Option<Range<usize>> {
        let cluster = self.cluster_type()?;
        let line = self.text[..cluster.start].rfind('\n').map_or(0, |line| line + 1);
        Some(if self.is_json { cluster } else { line..cluster.end })
    }

    /// The value that starts at an offset.
    pub(super) fn value_at(&self, start: usize) -> Range<usize> {
        start..self.after_value(start)
    }

    /// A member of the cluster, or of what is in it.
    pub(super) fn in_cluster(&self, key: &str) -> Option<Member> {
        let cluster = self.cluster_type()?;
        self.member_within(cluster.end..self.text.len(), key)
    }

    /// The first member of that name.
    pub(super) fn member(&self, key: &str) -> Option<Member> {
        self.member_within(0..self.text.len(), key)
    }

    /// The first member of that name in a range.
    pub(super) fn member_within(&self, range: Range<usize>, key: &str) -> Option<Member> {
        let written = self.pick(&format!("\"{key}\":"), &format!("{key}:"));
        let text = self.str(&range);
        let (at, _) = text.match_indices(&written).find(|(at, _)| {
            let before = text[..*at].chars().next_back();
            self.is_json || !before.is_some_and(|before| before.is_alphanumeric() || before == '\'')
        })?;
        let start = range.start + at;
        Some(self.member_with_key(start..start + written.len() - 1))
    }

    /// The first entry of the first map of identities, where it is written as a map.
    pub(super) fn entry(&self) -> Option<Member> {
        let map = self.member("userAssignedIdentities")?;
        self.str(&map.value).starts_with('{').then_some(())?;
        let quote = self.pick("\"", "'");
        let start = map.value.start + self.str(&map.value).find(&quote)?;
        Some(self.member_with_key(start..self.after_text(start)))
    }

    /// The ID that an entry of the map has as its key, as a value.
    pub(super) fn id_of(&self, entry: &Member) -> String {
        let key = self.str(&entry.key);
        let inner = key.strip_prefix("'${").and_then(|key| key.strip_suffix("}'"));
        inner.unwrap_or(key).to_owned()
    }

    /// The ID that the kubelet has, where it is written out.
    pub(super) fn kubelet_id(&self) -> Option<Member> {
        let kubelet = self.member("kubeletidentity")?;
        self.member_within(kubelet.value, "resourceId")
    }

    /// An ID that is a value, written as a key.
    pub(super) fn as_key(&self, id: &str) -> String {
        if self.is_json || id.starts_with('\'') { id.to_owned() } else { format!("'${{{id}}}'") }
    }

    fn member_with_key(&self, key: Range<usize>) -> Member {
        let colon = key.end + self.text[key.end..].find(':').unwrap();
        let blanks = self.text[colon + 1..].len() - self.text[colon + 1..].trim_start().len();
        let start = colon + 1 + blanks;
        Member { key, value: start..self.after_value(start) }
    }

    /// The end of the text that starts at an offset.
    fn after_text(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let quote = bytes[start];
        let mut at = start + 1;
        while bytes[at] != quote {
            if bytes[at] == b'\\' {
                at += 2;
            } else if !self.is_json && bytes[at..].starts_with(b"${") {
                at = self.after_value(at + 2) + 1;
            } else {
                at += 1;
            }
        }
        at + 1
    }

    /// The end of the value that starts at an offset.
    fn after_value(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (start, 0_u32);
        while at < bytes.len() {
            match bytes[at] {
                b'"' | b'\'' => {
                    at = self.after_text(at);
                    continue;
                }
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' | b',' | b'\n' if depth == 0 => break,
                b'}' | b']' | b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        start + self.text[start..at].trim_end().len()
    }
}

/// Changes of a template, with marks around the places where they are to be reported.
#[derive(Default)]
pub(super) struct Mutant {
    edits: Vec<(Range<usize>, String)>,
}

/// Marks around an expected place.
const OPEN: char = '⟦';
const CLOSE: char = '⟧';

impl Mutant {
    /// Replaces a range with what is wrong and expects the report there.
    pub(super) fn wrong(range: &Range<usize>, text: &str) -> Self {
        Self::default().replace(range, &marked(text))
    }

    pub(super) fn replace(mut self, range: &Range<usize>, text: &str) -> Self {
        self.edits.push((range.clone(), text.to_owned()));
        self
    }

    /// Expects the report in a range that stays.
    pub(super) fn mark(self, range: &Range<usize>) -> Self {
        self.replace(&(range.start..range.start), &OPEN.to_string())
            .replace(&(range.end..range.end), &CLOSE.to_string())
    }

    /// Removes a range that is a member or an element, with its comma or line.
    pub(super) fn remove(self, source: &Source<'_>, range: &Range<usize>) -> Self {
        let (before, after) = (&source.text[..range.start], &source.text[range.end..]);
        let start = before.trim_end().len();
        if after.starts_with(',') {
            return self.replace(&(range.start..range.end + 1), "");
        }
        let start = if before.trim_end().ends_with(',') { start - 1 } else { start };
        self.replace(&(start..range.end), "")
    }

    /// Puts a member to the front of an object.
    pub(super) fn insert(self, source: &Source<'_>, object: &Range<usize>, member: &str) -> Self {
        let front = object.start + 1;
        let is_block = source.text[front..].starts_with('\n');
        let text = if is_block && !source.is_json { format!("\n{member}") } else { format!(" {member},") };
        self.replace(&(front..front), &text)
    }

    /// Puts a member in front of another one.
    pub(super) fn insert_before(self, source: &Source<'_>, other: &Member, member: &str) -> Self {
        let separator = if source.is_json { ", " } else { "\n  " };
        self.replace(&(other.key.start..other.key.start), &format!("{member}{separator}"))
    }

    /// The changed text, and the places where the change is to be reported.
    pub(super) fn apply(mut self, source: &Source<'_>) -> (String, Vec<Range<usize>>) {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut changed = String::new();
        let mut last = 0;
        for (range, text) in &self.edits {
            changed.push_str(&source.text[last..range.start]);
            changed.push_str(text);
            last = range.end;
        }
        changed.push_str(&source.text[last..]);
        let (mut text, mut places, mut open) = (String::new(), Vec::new(), None);
        for char in changed.chars() {
            match char {
                OPEN => open = Some(text.len()),
                CLOSE => places.extend(open.take().map(|open| open..text.len())),
                _ => text.push(char),
            }
        }
        (text, places)
    }
}

/// A text where a report is expected.
pub(super) fn marked(text: &str) -> String {
    format!("{OPEN}{text}{CLOSE}")
}
