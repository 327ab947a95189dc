//! Paths of properties: `properties.agentPoolProfiles[].name`.

use std::fmt;

use crate::layout::ELEMENT;

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// A property of an object, or the key of an entry of a map; `*` is any key.
    Name(&'a str),
    /// An element of an array.
    Element,
}

/// Splits a path. Keys with dots are written in quoted brackets: `identity.userAssignedIdentities['a.b']`. Text that is no
/// path gives segments that no table has.
pub(crate) fn segments(path: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quote = inner.chars().next().filter(|first| matches!(first, '\'' | '"'));
            let end = match quote {
                Some(quote) => {
                    inner[1..].find(quote).map(|at| at + 2).and_then(|at| inner[at..].find(']').map(|n| at + n))
                }
                None => inner.find(']'),
            };
            let end = end.unwrap_or(inner.len());
            let key = inner[..end].trim();
            segments.push(match quote {
                Some(quote) => Segment::Name(key.trim_matches(quote)),
                None => Segment::Element,
            });
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            segments.push(Segment::Name(&name[..end]));
            rest = &name[end..];
        }
    }
    segments
}

/// A path being built.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathBuf(String);

impl PathBuf {
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        let dot = if self.0.is_empty() || name == ELEMENT { "" } else { "." };
        PathBuf(format!("{}{dot}{name}", self.0))
    }
}

impl fmt::Display for PathBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Segment<'_> {
        Segment::Name(text)
    }

    #[test]
    fn splits_names_elements_and_quoted_keys() {
        assert_eq!(segments("identity.type"), [name("identity"), name("type")]);
        assert_eq!(segments("a[].b"), [name("a"), Segment::Element, name("b")]);
        assert_eq!(segments("a[3][*]"), [name("a"), Segment::Element, Segment::Element]);
        assert_eq!(segments("a['/x/y.z'].id"), [name("a"), name("/x/y.z"), name("id")]);
        assert_eq!(segments("a.*.id"), [name("a"), name("*"), name("id")]);
        assert_eq!(segments(""), []);
    }

    #[test]
    fn survives_text_that_is_no_path() {
        for text in ["[", "['", "['x", "a[", "a..b", ".", "a['x' ", "é['ü"] {
            let _ = segments(text);
        }
    }
}
