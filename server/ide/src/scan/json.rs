//! The tokens of ARM JSON.

use super::{Builder, FrameKind, Scan, State, Token, TokenKind, is_word, range, size};

/// Scans a text. `trusted`: it has no syntax errors, so a string may go over several lines.
pub(super) fn scan(mut builder: Builder<'_>, trusted: bool) -> Scan<'_> {
    let source = builder.source;
    let bytes = source.as_bytes();
    let mut at = if source.starts_with('\u{feff}') { 3 } else { 0 };
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        match byte {
            _ if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => {
                at = comment_end(source, at);
                builder.meet(Token { kind: TokenKind::Comment, range: range(start, at) });
                continue;
            }
            b'"' => {
                let (end, closed) = string_end(source, at, trusted);
                at = end;
                let token = Token { kind: TokenKind::String { closed, holes: false }, range: range(start, end) };
                builder.meet(token);
                word_or_string(&mut builder, token, bytes);
            }
            _ if is_word(byte) || matches!(byte, b'-' | b'+' | b'.' | b'$' | b'\'') => {
                at += bytes[at..]
                    .iter()
                    .take_while(|&&byte| is_word(byte) || matches!(byte, b'-' | b'+' | b'.' | b'$' | b'\''))
                    .count();
                let token = Token { kind: TokenKind::Word, range: range(start, at) };
                builder.meet(token);
                word_or_string(&mut builder, token, bytes);
            }
            _ => {
                at += source[at..].chars().next().map_or(1, char::len_utf8);
                builder.meet(Token { kind: TokenKind::Sign, range: range(start, at) });
                sign(&mut builder, byte, start);
            }
        }
        builder.before = size(at);
    }
    builder.finish()
}

fn sign(builder: &mut Builder<'_>, byte: u8, start: usize) {
    let end = size(start + 1);
    match byte {
        b'{' | b'[' => {
            let entry = builder.entry();
            builder.value(range(start, start + 1));
            let kind = if byte == b'{' { FrameKind::Object } else { FrameKind::Array };
            builder.push(kind, size(start), entry, None);
        }
        b'}' => builder.pop(FrameKind::Object, end),
        b']' => builder.pop(FrameKind::Array, end),
        b':' if builder.kind() == FrameKind::Object => builder.colon(),
        b',' => {
            let frame = builder.top();
            frame.state = if frame.kind == FrameKind::Object { State::Key } else { State::Value };
        }
        _ => {}
    }
}

fn word_or_string(builder: &mut Builder<'_>, token: Token, bytes: &[u8]) {
    if builder.kind() != FrameKind::Object {
        builder.value(token.range);
        return;
    }
    let blanks = bytes[usize::from(token.range.end())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let is_key = bytes.get(usize::from(token.range.end()) + blanks) == Some(&b':');
    match builder.top().state {
        State::Key | State::After => builder.add_member(token),
        // A value, or the colon before it, is missing.
        State::Colon | State::Value if is_key => builder.add_member(token),
        State::Colon | State::Value => builder.value(token.range),
    }
}

fn comment_end(source: &str, at: usize) -> usize {
    if source[at..].starts_with("//") {
        return at + source[at..].find(['\n', '\r']).unwrap_or(source.len() - at);
    }
    source[at + 2..].find("*/").map_or(source.len(), |found| at + 2 + found + 2)
}

/// The end of the string that starts at `at`, and whether its closing quote is there.
fn string_end(source: &str, at: usize, trusted: bool) -> (usize, bool) {
    let bytes = source.as_bytes();
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'"' => return (end + 1, true),
            b'\\' => end += 1 + source[end + 1..].chars().next().map_or(0, char::len_utf8),
            b'\n' | b'\r' if !trusted && ends_here(&source[end..]) => {
                let line = source[at..end].trim_end();
                return (at + line.trim_end_matches([',', '}', ']']).len().max(1), false);
            }
            _ => end += 1,
        }
    }
    (source.len(), false)
}

/// Whether what follows a line end looks as if the string had ended on the line before.
fn ends_here(rest: &str) -> bool {
    matches!(rest.trim_start().as_bytes().first(), None | Some(b'"' | b'{' | b'}' | b'[' | b']' | b'/'))
}
