//! Which files are looked at and how they are read: the same on the command line and in the server.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ignore::{DirEntry, WalkBuilder};
use syntax::carriers::calls_az;
use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, SourceText};
use template::workspace::{SourceFile, carrier_of, language_of};

use crate::registry;

/// Larger files are not read: Azure takes templates of up to 4 MB, and a parser may need seconds for each 10 MB of garbage.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// Files with more brackets, commas, colons and line ends are not parsed: a tree takes some hundred bytes for each, however short
/// what stands between them is. A template of the 4 MB that Azure takes has half a million.
const MAX_MARKS: usize = 2_000_000;

/// How much of a file whose name says nothing is read to find out whether it is a template.
const HEAD: usize = 4096;

// ---- finding

/// A walk through folders, hidden ones included: workflows and pipelines are there. What git ignores is left out, unless
/// `everything` is wanted; what version control keeps for itself always is. `None` without a folder.
pub(crate) fn walker<P: AsRef<Path>>(folders: &[P], everything: bool) -> Option<WalkBuilder> {
    let (first, rest) = folders.split_first()?;
    let mut builder = WalkBuilder::new(first);
    for folder in rest {
        builder.add(folder);
    }
    builder
        .standard_filters(!everything)
        .hidden(false)
        .filter_entry(|entry| entry.depth() == 0 || !is_version_control(entry.file_name()))
        // A checkout without `.git`, as in a container, is ignored alike.
        .require_git(false);
    Some(builder)
}

/// Whether something met on a walk may be worth reading.
pub(crate) fn is_candidate(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file()) && entry.file_name() != crate::config::FILE_NAME
}

/// Whether a folder is where a version control system keeps its own files.
fn is_version_control(name: &OsStr) -> bool {
    [".git", ".hg", ".svn", ".jj"].iter().any(|own| name == *own)
}

/// What a template can name in a folder: other folders, and files that may be templates. In the order of their names.
pub(crate) fn listed(folder: &Path) -> Vec<ide::Entry> {
    /// More is of no use to somebody who chooses.
    const MOST: usize = 500;
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut listed: Vec<ide::Entry> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let is_folder = std::fs::metadata(entry.path()).ok()?.is_dir();
            let name = entry.file_name().into_string().ok()?;
            (is_folder || language_by_name(Path::new(&name)).is_some()).then_some(ide::Entry { name, is_folder })
        })
        .take(MOST)
        .collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed
}

// ---- reading

/// What was found at a path in a folder, if it has to do with us: a template, or a script that calls `az`.
pub(crate) fn load(path: &Path) -> Option<SourceFile> {
    let text = decode(&read(path, false).ok()??).ok()?;
    if let Some(carrier) = carrier_of(path) {
        return calls_az(text.as_str()).then(|| SourceFile::carrying(path, text, carrier));
    }
    let language = language(path, text.as_str())?;
    if language == Language::Json && looks_like_template(text.as_str()) == TemplateKind::Other {
        return None;
    }
    Some(SourceFile::from_tree(path, syntax::parse(language, text)).with_cache(registry::cache()))
}

/// What another file refers to, whatever it is: only its content matters.
pub(crate) fn load_content(path: &Path) -> Option<SourceFile> {
    let text = decode(&read(path, true).ok()??).ok()?;
    Some(SourceFile::content(path, text))
}

/// The bytes of a file, one more than allowed at most. `None` if it is not a template by the look of it.
pub(crate) fn read(path: &Path, named: bool) -> std::io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    if !named && language_by_name(path).is_none() && carrier_of(path).is_none() {
        (&mut file).take(HEAD as u64).read_to_end(&mut bytes)?;
        if !head_of_template(&bytes) {
            return Ok(None);
        }
    }
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    bytes.reserve(usize::try_from(length).unwrap_or(usize::MAX).min(MAX_BYTES));
    file.take((MAX_BYTES + 1 - bytes.len()) as u64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The text of a file, or why it is none.
pub(crate) fn decode(bytes: &[u8]) -> Result<SourceText, String> {
    if let Some(reason) = refusal(bytes) {
        return Err(reason);
    }
    SourceText::from_bytes(bytes, MAX_BYTES).map_err(|error| error.to_string())
}

/// Why a text of that size is not looked at, if so: the same on the command line and in the server.
pub(crate) fn refusal(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_BYTES {
        return Some(format!("too large: akslint reads files of up to {} MiB", MAX_BYTES >> 20));
    }
    // Shorter texts, which are nearly all, are not counted.
    if bytes.len() <= MAX_MARKS {
        return None;
    }
    let is_mark = |byte: &&u8| matches!(byte, b',' | b':' | b'[' | b']' | b'{' | b'}' | b'(' | b')' | b'\n');
    let is_too_dense = bytes.iter().filter(is_mark).count() > MAX_MARKS;
    is_too_dense.then(|| {
        format!("too many values: akslint reads files of up to {MAX_MARKS} brackets, commas, colons and lines")
    })
}

/// The language that a name stands for; a JSON file may still be anything.
pub(crate) fn language_by_name(path: &Path) -> Option<Language> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "json" | "jsonc" | "json5" | "arm" => Some(Language::Json),
        "bicep" | "bicepparam" => Some(language_of(path)),
        _ => None,
    }
}

/// The language by name, or else by content: nothing but an object can be ARM JSON, and Bicep is told by how its
/// declarations begin.
pub(crate) fn language(path: &Path, text: &str) -> Option<Language> {
    const BICEP: [&str; 8] = ["resource ", "param ", "module ", "var ", "output ", "targetScope", "metadata ", "type "];
    language_by_name(path).or_else(|| {
        let is_bicep = || text.lines().any(|line| BICEP.iter().any(|word| line.starts_with(word)));
        if starts_with_brace(text) {
            Some(Language::Json)
        } else if text.lines().any(|line| line.starts_with("using ")) {
            Some(Language::BicepParam)
        } else {
            is_bicep().then_some(Language::Bicep)
        }
    })
}

/// Whether the first thing in a text that is no comment is an object.
fn starts_with_brace(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    rest.starts_with('{')
}

/// Whether the head of a file of any name is that of a template: an object that names the schema of one.
pub(crate) fn head_of_template(head: &[u8]) -> bool {
    let head = head.get(..HEAD).unwrap_or(head);
    let start = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'/')) && contains_ignore_case(start, b"schema.management.azure.com")
}

fn contains_ignore_case(haystack: &[u8], needle: &[u8]) -> bool {
    let (lower, upper) = (needle[0].to_ascii_lowercase(), needle[0].to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, haystack)
        .any(|at| haystack.get(at..at + needle.len()).is_some_and(|slice| slice.eq_ignore_ascii_case(needle)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_too_many_values_is_refused() {
        assert_eq!(refusal("1,".repeat(MAX_MARKS).as_bytes()), None, "as many as there may be");
        let reason = refusal("1,".repeat(MAX_MARKS + 1).as_bytes()).unwrap();
        assert!(reason.starts_with("too many values"), "{reason}");
        assert_eq!(refusal("long words, ".repeat(MAX_BYTES / 12).as_bytes()), None);
    }
}
