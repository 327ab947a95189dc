//! Flags of `az aks` commands in scripts.

use std::fmt::Write as _;

use schema::az::{self, Command, Flag};
use syntax::{TextRange, TextSize};

use super::{Item, Kind, Request, item};

/// A command line around the cursor, as far as it stands before it.
pub(crate) struct Line<'s> {
    pub(crate) command: Command,
    /// The word that is being written.
    pub(crate) word: TextRange,
    /// The words of the whole command.
    pub(crate) words: Vec<&'s str>,
}

pub(super) fn offer(request: &Request<'_>, items: &mut Vec<Item>) {
    let scan = &request.context.scan;
    if !scan.token.is_some_and(crate::scan::Token::is_string) {
        return;
    }
    items.extend(in_script(scan.source, scan.offset));
}

/// The flags that can be written at an offset of a script.
pub(super) fn in_script(source: &str, offset: TextSize) -> Vec<Item> {
    let Some(line) = line_at(source, offset) else { return Vec::new() };
    let written = &source[line.word];
    if !written.starts_with('-') {
        return Vec::new();
    }
    let flags = line.command.flags().filter(|flag| flag.name().starts_with("--"));
    let new = flags.filter(|flag| *written == *flag.name() || !line.words.contains(&flag.name()));
    new.map(|flag| flag_item(flag, line.word)).collect()
}

/// The flag that is the word around an offset of a script.
pub(crate) fn flag_at(source: &str, offset: TextSize) -> Option<(TextRange, Flag)> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let (before, behind) = source.as_bytes().split_at_checked(usize::from(offset))?;
    let start = before.len() - before.iter().rev().take_while(|&&byte| is_word(byte)).count();
    let end = before.len() + behind.iter().take_while(|&&byte| is_word(byte)).count();
    let range = TextRange::new(crate::scan::size(start), crate::scan::size(end));
    if !source[range].starts_with("--") {
        return None;
    }
    match line_at(source, range.end())?.command.resolve(&source[range]) {
        az::Resolution::Exact(flag) | az::Resolution::Abbreviated(flag) => Some((range, flag)),
        _ => None,
    }
}

/// A page about a flag.
pub(crate) fn page(flag: Flag) -> String {
    let mut page = format!("`{}` of `az {}`", flag.name(), flag.command().name());
    page.push_str(match flag.takes() {
        az::Takes::Switch => ": a switch, it takes no value",
        az::Takes::Value => ": takes a value",
        az::Takes::Optional => ": takes a value or nothing",
        az::Takes::Many => ": takes any number of values",
    });
    if let Some(doc) = flag.doc() {
        let _ = write!(page, "\n\n{}", doc.text);
        if !doc.property.is_empty() {
            let _ = write!(page, "\n\nIn a template: `{}`", doc.property);
        }
        if let Some(replacement) = doc.replaced_by {
            let _ = write!(page, "\n\nOut of use: {replacement}");
        }
    }
    if let Some(since) = flag.first_seen() {
        let _ = write!(page, "\n\nIn Azure CLI {since} and later");
    }
    page
}

fn flag_item(flag: Flag, range: TextRange) -> Item {
    item(flag.name(), Kind::Flag, range, flag.name())
        .detail(flag.command().name())
        .documentation(page(flag))
        .sort(if flag.name().contains("identity") { "0" } else { "1" })
}

/// The `az aks …` command around an offset: words between line ends, quotes, `;`, `|` and `&`; a backslash goes on with the
/// next line.
pub(crate) fn line_at(source: &str, offset: TextSize) -> Option<Line<'_>> {
    let at = usize::from(offset);
    let bytes = source.as_bytes();
    let start = source[..at].rfind("az aks ")?;
    // Nothing that ends a command may stand between.
    let between = &source[start..at];
    let mut ends = false;
    for (index, byte) in between.bytes().enumerate() {
        let here = start + index;
        ends |= match byte {
            b'"' | b'\'' if here > 0 && bytes[here - 1] == b'\\' => false,
            b'"' | b';' | b'|' => true,
            b'\n' => !source[..here].trim_end_matches('\r').ends_with(['\\', '`']),
            b'\\' => matches!(bytes.get(here + 1), Some(b'n')) && bytes.get(here.wrapping_sub(1)) != Some(&b'\\'),
            _ => false,
        };
    }
    if ends || between.contains("&&") {
        return None;
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let word_start = at - bytes[..at].iter().rev().take_while(|&&byte| is_word(byte)).count();
    let word_end = at + bytes[at..].iter().take_while(|&&byte| is_word(byte)).count();
    let rest = source[start..].find(['\n', '"', ';', '|']).map_or(source.len(), |end| start + end);
    let words: Vec<&str> = source[start..rest.max(at)].split_ascii_whitespace().skip(1).collect();
    let longest = words.iter().take_while(|word| !word.starts_with('-')).count();
    let command = (1..=longest.min(4)).rev().find_map(|count| az::command(&words[..count].join(" ")))?;
    let range = TextRange::new(crate::scan::size(word_start), crate::scan::size(word_end));
    Some(Line { command, word: range, words })
}
