//! Names of documents: what the client calls them, and which file that is.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::Uri;
use serde_json::Value;
use tower_lsp::UriExt;

/// The file that a URI names; `None` for any scheme but `file` (`untitled:`, `git:`, …).
pub(super) fn to_path(uri: &Uri) -> Option<PathBuf> {
    // The conversion itself does not look at the scheme: `untitled:Untitled-1` would become the path `Untitled-1`.
    let is_file = uri.scheme().is_some_and(|scheme| scheme.as_str().eq_ignore_ascii_case("file"));
    if is_file { uri.to_file_path().map(|path| normalize(&path)) } else { None }
}

/// The URI of an absolute path.
pub(super) fn from_path(path: &Path) -> Option<Uri> {
    if path.is_absolute() { Uri::from_file_path(path) } else { None }
}

/// The path with `.` and `..` resolved by name alone, so that two spellings of one file compare equal.
pub(super) fn normalize(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            _ => normal.push(component),
        }
    }
    normal
}

/// Percent-encodes what may not stand in a URI, wherever a message carries one. Some editors leave `[`, `|`, spaces and
/// letters outside ASCII as they are; the types refuse those, and the message would be lost.
pub(super) fn repair(message: &mut Value) {
    match message {
        Value::Array(items) => items.iter_mut().for_each(repair),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if is_uri_member(name) && Uri::from_str(text).is_err() => {
                        *text = encoded(text);
                    }
                    Value::Array(_) | Value::Object(_) => repair(value),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn is_uri_member(name: &str) -> bool {
    matches!(name, "uri" | "rootUri" | "scopeUri" | "oldUri" | "newUri" | "targetUri" | "baseUri")
}

fn encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = byte == b'%' && bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        let plain = byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte);
        if plain || escape {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_file_uris_have_a_path() {
        let path = |uri: &str| to_path(&uri.parse().unwrap());
        assert_eq!(path("file:///a/b%20c/%C3%BC.json"), Some(PathBuf::from("/a/b c/ü.json")));
        assert_eq!(path("FILE:///a/b.json"), Some(PathBuf::from("/a/b.json")));
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("git:/a/b.json?ref"), None);
    }

    #[test]
    fn one_file_has_one_path() {
        assert_eq!(normalize(Path::new("/a/./b/../c.bicep")), PathBuf::from("/a/c.bicep"));
        assert_eq!(normalize(Path::new("/../a")), PathBuf::from("/../a"));
        assert_eq!(normalize(Path::new("../a")), PathBuf::from("../a"));
    }

    #[test]
    fn uris_that_editors_leave_raw_are_repaired() {
        let mut message = json!({
            "rootUri": "file:///a b",
            "textDocument": { "uri": "file:///[x]/ü|%41%.json", "text": "[ü]" },
            "changes": [{ "uri": "file:///fine.json" }],
        });
        repair(&mut message);
        assert_eq!(
            message,
            json!({
                "rootUri": "file:///a%20b",
                "textDocument": { "uri": "file:///%5Bx%5D/%C3%BC%7C%41%25.json", "text": "[ü]" },
                "changes": [{ "uri": "file:///fine.json" }],
            })
        );
        let uri: Uri = message["textDocument"]["uri"].as_str().unwrap().parse().unwrap();
        assert_eq!(to_path(&uri), Some(PathBuf::from("/[x]/ü|A%.json")));
    }
}
