//! The Windows command interpreter.

use super::{
    Assign, AssignValue, CommandBuilder, HoleKind, Scan, Word, WordBuilder, is_name_byte, names_stream, range,
};

#[derive(Default)]
struct State<'a> {
    command: CommandBuilder<'a>,
    /// Open parentheses of blocks.
    blocks: usize,
    /// How many more words the condition of an `if` has.
    condition: usize,
}

pub(super) fn list(scan: &mut Scan<'_>) {
    let mut state = State::default();
    loop {
        skip_blanks(scan, &mut state.command);
        if scan.outer_hole().is_some() {
            word_of_command(scan, &mut state);
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        let first = state.command.is_empty();
        match byte {
            b'\n' | b'\r' => {
                state.command.finish(scan);
                state.condition = 0;
                scan.at += 1;
            }
            b'&' | b'|' => {
                state.command.finish(scan);
                scan.at += 1;
            }
            b'(' if first || state.command.dropped => {
                state.command.finish(scan);
                state.blocks += 1;
                scan.at += 1;
            }
            b')' if state.blocks > 0 => {
                state.command.finish(scan);
                state.blocks -= 1;
                scan.at += 1;
            }
            b'@' if first => scan.at += 1,
            // A label or a comment.
            b':' if first => scan.at = scan.line_end(),
            b'>' => redirect(scan, &mut state),
            b'<' if scan.placeholder().is_none() => redirect(scan, &mut state),
            _ => word_of_command(scan, &mut state),
        }
    }
    state.command.finish(scan);
}

fn skip_blanks<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) {
    loop {
        if scan.outer_hole().is_some() {
            return;
        }
        let start = scan.at;
        match scan.peek() {
            Some(b' ' | b'\t') => scan.at += 1,
            Some(b'^') => {
                let len = scan.line_break_at(start + 1);
                if len == 0 && start + 1 != scan.text.len() {
                    return;
                }
                scan.at += 1 + len;
                command.continuations.push(scan.range_from(start));
            }
            _ => return,
        }
    }
}

fn redirect<'a>(scan: &mut Scan<'a>, state: &mut State<'a>) {
    while matches!(scan.peek(), Some(b'>' | b'<' | b'&')) {
        scan.at += 1;
    }
    skip_blanks(scan, &mut state.command);
    word(scan, state.blocks > 0);
}

fn word_of_command<'a>(scan: &mut Scan<'a>, state: &mut State<'a>) {
    let before = (scan.at, scan.holes.len());
    let word = word(scan, state.blocks > 0);
    if (scan.at, scan.holes.len()) == before {
        scan.at += scan.char_len();
        return;
    }
    if names_stream(&word, scan.peek()) {
        return;
    }
    let bare = word.text().to_ascii_lowercase();
    let command = &mut state.command;
    if state.condition > 0 {
        state.condition = match bare.as_str() {
            "/i" | "not" => state.condition,
            "exist" | "defined" | "errorlevel" => 1,
            text if state.condition == 3 && text.contains("==") && text != "==" => 0,
            _ => state.condition - 1,
        };
        if state.condition == 0 {
            command.clear();
        }
        return;
    }
    if command.is_empty() && !command.dropped && !word.quoted {
        match bare.as_str() {
            "if" => {
                state.condition = 3;
                return;
            }
            "else" | "do" | "call" => {
                command.clear();
                return;
            }
            "rem" => {
                scan.at = scan.line_end();
                return;
            }
            "set" => {
                command.clear();
                set(scan);
                return;
            }
            "for" => command.dropped = true,
            _ => {}
        }
    }
    if command.dropped && bare == "do" {
        command.clear();
        return;
    }
    command.words.push(word);
}

/// Behind `set`: `NAME=value` or `"NAME=value"`, up to the end of the line.
fn set(scan: &mut Scan<'_>) {
    while matches!(scan.peek(), Some(b' ' | b'\t')) {
        scan.at += 1;
    }
    let quoted = scan.peek() == Some(b'"');
    let start = scan.at + usize::from(quoted);
    let line_end = scan.line_end();
    if start > line_end {
        return;
    }
    let end = if quoted {
        scan.text[start..line_end].rfind('"').map_or(line_end, |len| start + len)
    } else {
        scan.text[start..line_end].find(['&', '|', '>', '<']).map_or(line_end, |len| start + len)
    };
    let name = scan.text[start..end].bytes().take_while(|&byte| is_name_byte(byte)).count();
    scan.at = start + name;
    if name == 0 || scan.at >= end || scan.peek() != Some(b'=') {
        // `set /a` and `set /p` compute.
        scan.at = if quoted { (end + 1).min(line_end) } else { end };
        return;
    }
    scan.at += 1;
    let mut value = WordBuilder::new(scan.at);
    value.quoted = quoted;
    while scan.at < end {
        if !scan.take_outer_hole(&mut value) {
            part(scan, &mut value);
        }
    }
    let value = value.finish(scan);
    let whole = scan.range_from(start);
    if quoted && scan.at == end && end < line_end {
        scan.at += 1;
    }
    let name_range = range(start, start + name);
    scan.assigns.push(Assign {
        name: &scan.text[name_range],
        name_range,
        value: AssignValue::Word(value),
        range: whole,
    });
}

fn word<'a>(scan: &mut Scan<'a>, in_block: bool) -> Word<'a> {
    let mut word = WordBuilder::new(scan.at);
    loop {
        if scan.take_outer_hole(&mut word) {
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        let start = scan.at;
        match byte {
            b' ' | b'\t' | b'\n' | b'&' | b'|' | b'>' => break,
            b'\r' if scan.line_break_at(start) > 0 => break,
            b')' if in_block => break,
            b'<' => match scan.placeholder() {
                Some(end) => {
                    scan.at = end;
                    word.hole(scan, start, HoleKind::Placeholder, false);
                }
                None => break,
            },
            b'^' => {
                if scan.line_break_at(start + 1) > 0 || start + 1 == scan.text.len() {
                    break;
                }
                scan.at += 1;
                let escaped = scan.at;
                scan.at += scan.char_len();
                word.escape(scan, start, &scan.text[escaped..scan.at]);
            }
            b'"' => {
                word.quoted = true;
                scan.at += 1;
                quoted(scan, &mut word);
            }
            _ => part(scan, &mut word),
        }
    }
    word.finish(scan)
}

/// Behind a quote, up to the next one or the end of the line. `\"` is what programs take for a quote in a quoted argument.
fn quoted<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>) {
    loop {
        if scan.take_outer_hole(word) {
            continue;
        }
        let start = scan.at;
        match scan.peek() {
            None | Some(b'\n') => return,
            Some(b'\r') if scan.line_break_at(start) > 0 => return,
            Some(b'"') => {
                scan.at += 1;
                return;
            }
            Some(b'\\') if scan.peek_at(1) == Some(b'"') => {
                scan.at += 2;
                word.escape(scan, start, &scan.text[start + 1..start + 2]);
            }
            Some(_) => part(scan, word),
        }
    }
}

/// One character, or a variable.
fn part<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>) {
    let start = scan.at;
    let bytes = scan.text.as_bytes();
    match bytes[start] {
        // `%%i`, `%%~i` of a loop
        b'%' if scan.peek_at(1) == Some(b'%')
            && scan.peek_at(2).is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'~') =>
        {
            scan.at += 3;
            if bytes[start + 2] == b'~' && scan.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
                scan.at += 1;
            }
            word.hole(scan, start, HoleKind::Other, true);
        }
        // `%1`, `%*`, `%~dp0`
        b'%' if scan.peek_at(1).is_some_and(|byte| byte.is_ascii_digit() || byte == b'*') => {
            scan.at += 2;
            word.hole(scan, start, HoleKind::Other, true);
        }
        b'%' if scan.peek_at(1) == Some(b'~') => {
            let line = &scan.text[start..scan.line_end()];
            let len = line[2..].find(|c: char| c.is_ascii_digit() || !c.is_ascii_alphanumeric());
            scan.at += 2 + len.unwrap_or(line.len() - 2);
            if scan.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                scan.at += 1;
            }
            word.hole(scan, start, HoleKind::Other, true);
        }
        mark @ (b'%' | b'!') => {
            let line = &scan.text[start..scan.line_end()];
            let name = line[1..].bytes().take_while(|&byte| is_name_byte(byte)).count();
            let after = bytes.get(start + 1 + name).copied();
            if name > 0 && after == Some(mark) {
                scan.at += name + 2;
                word.hole(scan, start, HoleKind::Variable(&line[1..=name]), true);
            } else if name > 0
                && after == Some(b':')
                && let Some(len) = line[1..].find(char::from(mark))
            {
                // `%X:~0,8%`, `%X:a=b%`
                scan.at += len + 2;
                word.hole(scan, start, HoleKind::Other, true);
            } else {
                word.take(scan, 1);
            }
        }
        _ => {
            let len = scan.char_len();
            word.take(scan, len);
        }
    }
}
