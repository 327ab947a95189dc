//! PowerShell, as far as calls of programs are concerned.

use text_size::TextRange;

use super::{
    Assign, AssignValue, CommandBuilder, HoleKind, Scan, Until, Word, WordBuilder, bare_start, is_name_byte,
    names_stream, range,
};

/// `$name =` whose right side is being read.
struct Pending<'a> {
    name: &'a str,
    name_range: TextRange,
    /// The words of the right side so far, if it may be one value.
    words: usize,
    value: Option<Word<'a>>,
    /// Whether it starts like the name of a command, or is a pipeline.
    command: bool,
    start: usize,
    end: usize,
}

#[derive(Default)]
struct State<'a> {
    command: CommandBuilder<'a>,
    pending: Option<Pending<'a>>,
}

impl<'a> State<'a> {
    /// Ends a statement.
    fn finish(&mut self, scan: &mut Scan<'a>) {
        self.finish_command(scan);
        let Some(pending) = self.pending.take() else { return };
        let value = match pending.value {
            Some(word) if pending.words == 1 && !pending.command => AssignValue::Word(word),
            _ => AssignValue::Output(range(pending.start, pending.end)),
        };
        let whole = range(usize::from(pending.name_range.start()), pending.end);
        scan.assigns.push(Assign { name: pending.name, name_range: pending.name_range, value, range: whole });
    }

    /// Ends a command of a pipeline.
    fn finish_command(&mut self, scan: &mut Scan<'a>) {
        if self.pending.as_ref().is_some_and(|pending| !pending.command) {
            // A value or an expression, not a command.
            self.command.clear();
        }
        self.command.finish(scan);
    }
}

pub(super) fn list(scan: &mut Scan<'_>, until: Until) {
    let mut state = State::default();
    loop {
        skip_blanks(scan, &mut state.command);
        if scan.outer_hole().is_some() {
            word_of_command(scan, &mut state);
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        match byte {
            b'#' => scan.at = scan.line_end(),
            b'|' => {
                state.finish_command(scan);
                if let Some(pending) = &mut state.pending {
                    pending.command = true;
                }
                scan.at += 1;
            }
            b'&' if scan.peek_at(1) == Some(b'&') => {
                state.finish(scan);
                scan.at += 2;
            }
            b'&' => {
                // The call operator in front, or the one that sends a job to the background.
                if state.command.is_empty() {
                    if let Some(pending) = &mut state.pending {
                        pending.command = true;
                    }
                } else {
                    state.finish(scan);
                }
                scan.at += 1;
            }
            b')' if until == Until::Paren => break,
            b'}' if until == Until::Brace => break,
            b'\n' | b'\r' | b';' | b')' | b'}' => {
                state.finish(scan);
                scan.at += 1;
            }
            b'>' => redirect(scan, &mut state.command),
            _ => word_of_command(scan, &mut state),
        }
    }
    state.finish(scan);
}

fn skip_blanks<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) {
    loop {
        if scan.outer_hole().is_some() {
            return;
        }
        let start = scan.at;
        match scan.peek() {
            Some(b' ' | b'\t') => scan.at += 1,
            Some(b'`') => {
                let len = scan.line_break_at(start + 1);
                if len == 0 && start + 1 != scan.text.len() {
                    return;
                }
                scan.at += 1 + len;
                command.continuations.push(scan.range_from(start));
            }
            Some(b'<') if scan.starts_with("<#") => {
                let end = scan.text[start..].find("#>").map_or(scan.text.len(), |len| start + len + 2);
                scan.at = end;
            }
            _ => return,
        }
    }
}

fn redirect<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) {
    while matches!(scan.peek(), Some(b'>' | b'&')) {
        scan.at += 1;
    }
    skip_blanks(scan, command);
    word(scan);
}

fn word_of_command<'a>(scan: &mut Scan<'a>, state: &mut State<'a>) {
    let before = (scan.at, scan.holes.len());
    if state.command.is_empty()
        && state.pending.is_none()
        && let Some(pending) = assignment(scan)
    {
        state.pending = Some(pending);
        return;
    }
    let word = word(scan);
    if (scan.at, scan.holes.len()) == before {
        scan.at += scan.char_len();
        return;
    }
    if names_stream(&word, scan.peek()) || (bare_start(&word) == "*" && scan.peek() == Some(b'>')) {
        return;
    }
    if let Some(pending) = &mut state.pending {
        if pending.words == 0 && !pending.command && !word.quoted {
            pending.command =
                bare_start(&word).starts_with(|c: char| c.is_alphabetic() || matches!(c, '.' | '/' | '\\' | '~'));
        }
        pending.words += 1;
        pending.end = scan.at;
        pending.value = (pending.words == 1).then(|| word.clone());
    }
    let keyword = !word.quoted
        && state.command.is_empty()
        && word.literal().is_some_and(|word| {
            [
                "if", "else", "elseif", "foreach", "for", "while", "do", "until", "switch", "try", "catch", "finally",
                "function", "param", "return", "process", "begin", "end",
            ]
            .iter()
            .any(|keyword| word.eq_ignore_ascii_case(keyword))
        });
    if keyword {
        state.command.clear();
        return;
    }
    state.command.words.push(word);
}

/// `$name =`, with a type in front or not. Steps over it.
fn assignment<'a>(scan: &mut Scan<'a>) -> Option<Pending<'a>> {
    let bytes = scan.text.as_bytes();
    let blanks = |mut at: usize| {
        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    };
    let mut at = scan.at;
    while bytes.get(at) == Some(&b'[') {
        let len = scan.text[at..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '[' | '.' | '_')))?;
        at += len;
        while bytes.get(at) == Some(&b']') {
            at += 1;
        }
        at = blanks(at);
    }
    if bytes.get(at) != Some(&b'$') {
        return None;
    }
    at += 1;
    let (name, after) = if bytes.get(at) == Some(&b'{') {
        let end = at + scan.text[at..].find('}')?;
        (range(at + 1, end), end + 1)
    } else {
        let end = name_end(bytes, at);
        (range(at, end), end)
    };
    let mut equals = blanks(after);
    if bytes.get(equals) == Some(&b'+') {
        equals += 1;
    }
    if name.is_empty() || bytes.get(equals) != Some(&b'=') || bytes.get(equals + 1) == Some(&b'=') {
        return None;
    }
    if scan.holes.first().is_some_and(|hole| usize::from(hole.start()) <= equals) && scan.outer_hole().is_some() {
        return None;
    }
    scan.at = blanks(equals + 1);
    let start = scan.at;
    Some(Pending { name: &scan.text[name], name_range: name, words: 0, value: None, command: false, start, end: start })
}

/// The end of a variable name with an optional scope (`env:X`).
fn name_end(bytes: &[u8], start: usize) -> usize {
    let names = |mut at: usize| {
        while bytes.get(at).is_some_and(|&byte| is_name_byte(byte)) {
            at += 1;
        }
        at
    };
    let end = names(start);
    if end > start && bytes.get(end) == Some(&b':') {
        let scoped = names(end + 1);
        if scoped > end + 1 {
            return scoped;
        }
    }
    end
}

fn word<'a>(scan: &mut Scan<'a>) -> Word<'a> {
    let mut word = WordBuilder::new(scan.at);
    loop {
        if scan.take_outer_hole(&mut word) {
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        let start = scan.at;
        match byte {
            b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b')' | b'}' | b'>' => break,
            b'\r' if scan.line_break_at(start) > 0 => break,
            b'<' => match scan.placeholder() {
                Some(end) => {
                    scan.at = end;
                    word.hole(scan, start, HoleKind::Placeholder, false);
                }
                None => word.take(scan, 1),
            },
            b'`' => {
                if scan.line_break_at(start + 1) > 0 || start + 1 == scan.text.len() {
                    break;
                }
                escape(scan, &mut word);
            }
            b'\'' | b'"' => {
                word.quoted = true;
                quoted(scan, &mut word, byte);
            }
            b'$' => dollar(scan, &mut word, false),
            b'(' => {
                scan.at += 1;
                scan.nested(Until::Paren, list);
                word.hole(scan, start, HoleKind::Output, true);
            }
            b'{' => {
                scan.at += 1;
                scan.nested(Until::Brace, list);
                word.hole(scan, start, HoleKind::Other, false);
            }
            b'@' if word.pieces.is_empty() => at_sign(scan, &mut word),
            _ => {
                let len = scan.char_len();
                word.take(scan, len);
            }
        }
    }
    word.finish(scan)
}

/// At a backtick that is not at the end of its line.
fn escape<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>) {
    let start = scan.at;
    scan.at += 1;
    let escaped = scan.at;
    scan.at += scan.char_len();
    let text = match &scan.text[escaped..scan.at] {
        "n" => "\n",
        "r" => "\r",
        "t" => "\t",
        "0" => "\0",
        other => other,
    };
    word.escape(scan, start, text);
}

/// At `@`: a splat, an array, a hash table or a here-string.
fn at_sign<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>) {
    let start = scan.at;
    match scan.peek_at(1) {
        Some(b'(') => {
            scan.at += 2;
            scan.nested(Until::Paren, list);
            word.hole(scan, start, HoleKind::Other, true);
        }
        Some(b'{') => {
            scan.at += 2;
            scan.nested(Until::Brace, list);
            word.hole(scan, start, HoleKind::Other, false);
        }
        Some(quote @ (b'\'' | b'"')) if scan.line_break_at(start + 2) > 0 => {
            word.quoted = true;
            here_string(scan, word, quote);
        }
        Some(byte) if is_name_byte(byte) => {
            let end = name_end(scan.text.as_bytes(), start + 1);
            scan.at = end;
            word.hole(scan, start, HoleKind::Elements(&scan.text[start + 1..end]), true);
        }
        _ => word.take(scan, 1),
    }
}

/// `@'`, lines, `'@`: the value is what is between the lines of the marks.
fn here_string<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>, quote: u8) {
    let start = scan.at;
    let from = start + 2;
    let mark = if quote == b'"' { "\n\"@" } else { "\n'@" };
    // To look for it once is enough: a file may have a beginning on each line.
    let found = if scan.missing.contains(&mark) { None } else { scan.text[from..].find(mark) };
    let Some(len) = found else {
        if !scan.missing.contains(&mark) {
            scan.missing.push(mark);
        }
        scan.at = scan.line_end();
        word.hole(scan, start, HoleKind::Other, false);
        return;
    };
    let end = from + len;
    let first = from + scan.line_break_at(from);
    scan.at = end + mark.len();
    if quote == b'\'' && first <= end {
        let last = if end > first && scan.text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
        word.text(scan, first, last);
    } else {
        word.hole(scan, start, HoleKind::Other, false);
    }
}

/// At a quote. Doubled, it stands for itself.
fn quoted<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>, quote: u8) {
    let open = scan.at;
    scan.at += 1;
    if memchr::memchr(quote, &scan.text.as_bytes()[scan.at..]).is_none() {
        // Nothing closes it, as while typing: only its line is lost.
        scan.at = scan.line_end();
        word.hole(scan, open, HoleKind::Other, false);
        return;
    }
    loop {
        if scan.take_outer_hole(word) {
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        let start = scan.at;
        match byte {
            _ if byte == quote => {
                scan.at += 1;
                if scan.peek() != Some(quote) {
                    break;
                }
                scan.at += 1;
                word.escape(scan, start, &scan.text[start..=start]);
            }
            b'`' if quote == b'"' && start + 1 < scan.text.len() => escape(scan, word),
            b'$' if quote == b'"' => dollar(scan, word, true),
            _ => {
                let len = scan.char_len();
                word.take(scan, len);
            }
        }
    }
}

/// At `$`.
fn dollar<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>, quoted: bool) {
    let start = scan.at;
    let bytes = scan.text.as_bytes();
    let kind = match scan.peek_at(1) {
        Some(b'(') => {
            scan.at += 2;
            scan.nested(Until::Paren, list);
            HoleKind::Output
        }
        Some(b'{') => {
            scan.at += 2;
            scan.skip_balanced(b'{', b'}');
            let name = scan.text[start + 2..scan.at].strip_suffix('}');
            name.map_or(HoleKind::Other, HoleKind::Variable)
        }
        Some(byte) if is_name_byte(byte) => {
            scan.at = name_end(bytes, start + 1);
            HoleKind::Variable(&scan.text[start + 1..scan.at])
        }
        Some(b'?' | b'$' | b'^') => {
            scan.at += 2;
            HoleKind::Other
        }
        _ => {
            word.take(scan, 1);
            return;
        }
    };
    let plain = scan.at;
    loop {
        match scan.peek() {
            _ if quoted => break,
            Some(b'.') if scan.peek_at(1).is_some_and(is_name_byte) => scan.at = name_end(bytes, scan.at + 1),
            Some(b'[') => {
                scan.at += 1;
                scan.skip_balanced(b'[', b']');
            }
            Some(b'(') if scan.at > plain => {
                scan.at += 1;
                scan.nested(Until::Paren, list);
            }
            _ => break,
        }
    }
    let kind = if scan.at == plain { kind } else { HoleKind::Other };
    word.hole(scan, start, kind, !quoted);
}
