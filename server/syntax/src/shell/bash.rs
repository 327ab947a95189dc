//! bash and its kind.

use super::{
    Assign, AssignValue, CommandBuilder, HoleKind, Scan, Until, Word, WordBuilder, bare_start, is_name_byte,
    names_stream, range, tail,
};

/// A here-document whose body follows the line.
struct Heredoc {
    delimiter: String,
    /// `<<-`: the delimiter may be indented with tabs.
    indented: bool,
}

#[derive(Default)]
struct State<'a> {
    command: CommandBuilder<'a>,
    heredocs: Vec<Heredoc>,
    cases: usize,
    /// Between `case … in`, or `;;`, and the `)` of the next pattern.
    pattern: bool,
    /// In the words between `case` and `in`.
    case_head: bool,
}

impl<'a> State<'a> {
    fn finish(&mut self, scan: &mut Scan<'a>) {
        if self.pattern {
            self.command.clear();
        } else {
            self.command.finish(scan);
        }
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
            b'\n' | b'\r' => {
                state.finish(scan);
                scan.at += scan.line_break_at(scan.at).max(1);
                for heredoc in std::mem::take(&mut state.heredocs) {
                    skip_heredoc(scan, &heredoc);
                }
            }
            b'#' => scan.at = scan.line_end(),
            b';' => {
                state.finish(scan);
                state.pattern = state.cases > 0 && matches!(scan.peek_at(1), Some(b';' | b'&'));
                scan.at += if state.pattern { 2 } else { 1 };
            }
            b'&' if scan.peek_at(1) == Some(b'>') => {
                scan.at += 1;
                redirect(scan, &mut state);
            }
            b'&' | b'|' => {
                state.finish(scan);
                scan.at += 1;
            }
            b')' if state.pattern => {
                state.command.clear();
                state.pattern = false;
                scan.at += 1;
            }
            b')' if until == Until::Paren => break,
            b')' => {
                // A stray one; in a pattern we have lost track of, what stands before it is no command.
                state.command.clear();
                scan.at += 1;
            }
            b'(' => open_paren(scan, &mut state),
            b'<' | b'>' => {
                if scan.placeholder().is_some() || (scan.peek_at(1) == Some(b'(')) {
                    word_of_command(scan, &mut state);
                } else {
                    redirect(scan, &mut state);
                }
            }
            b'`' if scan.backtick => break,
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
        match scan.peek() {
            Some(b' ' | b'\t') => scan.at += 1,
            Some(b'\\') if continuation(scan, command) => {}
            _ => return,
        }
    }
}

/// Steps over a backslash with a line break, or at the very end.
fn continuation<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) -> bool {
    let len = scan.line_break_at(scan.at + 1);
    if len == 0 && scan.at + 1 != scan.text.len() {
        return false;
    }
    let start = scan.at;
    scan.at += 1 + len;
    command.continuations.push(scan.range_from(start));
    true
}

fn open_paren(scan: &mut Scan<'_>, state: &mut State<'_>) {
    if state.pattern {
        scan.at += 1;
    } else if scan.starts_with("((") {
        scan.at += 2;
        scan.skip_balanced(b'(', b')');
        if scan.peek() == Some(b')') {
            scan.at += 1;
        }
    } else if scan.peek_at(1) == Some(b')') {
        // `name() {`
        state.command.clear();
        scan.at += 2;
    } else {
        scan.at += 1;
        scan.nested(Until::Paren, list);
    }
}

/// At `<` or `>`: the operator and its target.
fn redirect<'a>(scan: &mut Scan<'a>, state: &mut State<'a>) {
    if scan.starts_with("<<") && scan.peek_at(2) != Some(b'<') {
        scan.at += 2;
        let indented = scan.peek() == Some(b'-');
        scan.at += usize::from(indented);
        skip_blanks(scan, &mut state.command);
        let word = word(scan, &mut state.command);
        state.heredocs.push(Heredoc { delimiter: word.text().into_owned(), indented });
        return;
    }
    while matches!(scan.peek(), Some(b'<' | b'>' | b'&' | b'|')) {
        scan.at += 1;
        if scan.outer_hole().is_some() || scan.placeholder().is_some() {
            break;
        }
    }
    skip_blanks(scan, &mut state.command);
    // The target is no argument; the commands in it have been found all the same.
    word(scan, &mut state.command);
}

fn skip_heredoc(scan: &mut Scan<'_>, heredoc: &Heredoc) {
    while scan.at < scan.text.len() {
        let end = scan.line_end();
        let line = &scan.text[scan.at..end];
        let line = if heredoc.indented { line.trim_start_matches('\t') } else { line };
        scan.at = end + scan.line_break_at(end);
        if line == heredoc.delimiter {
            return;
        }
    }
}

fn word_of_command<'a>(scan: &mut Scan<'a>, state: &mut State<'a>) {
    let start = scan.at;
    let holes = scan.holes.len();
    let word = word(scan, &mut state.command);
    if scan.at == start && scan.holes.len() == holes {
        // No byte may be looked at twice.
        scan.at += scan.char_len();
        return;
    }
    if names_stream(&word, scan.peek()) {
        return;
    }
    let command = &mut state.command;
    let bare = if word.quoted { None } else { word.literal() };
    if command.is_empty() && !command.dropped {
        match bare.as_deref() {
            Some(
                "if" | "then" | "else" | "elif" | "fi" | "do" | "done" | "while" | "until" | "{" | "}" | "!" | "time",
            ) => {
                command.clear();
                return;
            }
            Some("for" | "select" | "function") => command.dropped = true,
            Some("case") => {
                command.dropped = true;
                state.cases += 1;
                state.case_head = true;
            }
            Some("esac") => {
                state.cases = state.cases.saturating_sub(1);
                state.pattern = false;
                command.clear();
                return;
            }
            Some("[[") => {
                skip_test(scan, command);
                return;
            }
            _ => {}
        }
    }
    if state.case_head && bare.as_deref() == Some("in") {
        command.clear();
        state.case_head = false;
        state.pattern = true;
        return;
    }
    let declares = command.words.first().is_some_and(|first| {
        matches!(bare_start(first), "export" | "local" | "declare" | "readonly" | "typeset") && first.pieces.len() == 1
    });
    if (command.words.is_empty() || declares)
        && !state.pattern
        && let Some((name, value_at)) = assignment(&word)
    {
        let assign = assign(scan, command, word.clone(), name, value_at);
        if declares {
            scan.assigns.push(assign);
            state.command.words.push(word);
        } else {
            state.command.assigns.push(assign);
        }
        return;
    }
    command.words.push(word);
}

/// The length of the name, and of the name through `=`, if a word is an assignment.
fn assignment(word: &Word<'_>) -> Option<(usize, usize)> {
    let text = bare_start(word);
    let name = text.bytes().take_while(|&byte| is_name_byte(byte)).count();
    if name == 0 || text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut rest = &text[name..];
    if rest.starts_with('[') {
        rest = &rest[rest.find(']')? + 1..];
    }
    let rest = rest.strip_prefix('+').unwrap_or(rest);
    let value = rest.strip_prefix('=')?;
    Some((name, text.len() - value.len()))
}

/// Reads on where an array is assigned.
fn assign<'a>(
    scan: &mut Scan<'a>,
    command: &mut CommandBuilder<'a>,
    word: Word<'a>,
    name: usize,
    value_at: usize,
) -> Assign<'a> {
    let start = usize::from(word.range.start());
    let name_range = range(start, start + name);
    let value = if usize::from(word.range.len()) == value_at && scan.peek() == Some(b'(') {
        scan.at += 1;
        AssignValue::List(elements(scan, command))
    } else {
        AssignValue::Word(tail(word, value_at))
    };
    Assign { name: &scan.text[name_range], name_range, value, range: scan.range_from(start) }
}

fn elements<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) -> Vec<Word<'a>> {
    let mut words = Vec::new();
    loop {
        skip_blanks(scan, command);
        let before = (scan.at, scan.holes.len());
        if scan.outer_hole().is_none() {
            match scan.peek() {
                None => return words,
                Some(b')') => {
                    scan.at += 1;
                    return words;
                }
                Some(b'#') => {
                    scan.at = scan.line_end();
                    continue;
                }
                _ => {}
            }
        }
        let word = word(scan, command);
        if (scan.at, scan.holes.len()) == before {
            scan.at += scan.char_len();
        } else {
            words.push(word);
        }
    }
}

/// Behind `[[`: up to `]]`, where `<`, `&&` and the like are operators of the test.
fn skip_test<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) {
    loop {
        skip_blanks(scan, command);
        let before = (scan.at, scan.holes.len());
        if scan.outer_hole().is_none() && (scan.peek().is_none() || scan.line_break_at(scan.at) > 0) {
            break;
        }
        let word = word(scan, command);
        if (scan.at, scan.holes.len()) == before {
            scan.at += scan.char_len();
        } else if bare_start(&word) == "]]" {
            break;
        }
    }
    command.clear();
}

fn word<'a>(scan: &mut Scan<'a>, command: &mut CommandBuilder<'a>) -> Word<'a> {
    let mut word = WordBuilder::new(scan.at);
    loop {
        if scan.take_outer_hole(&mut word) {
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        let start = scan.at;
        match byte {
            b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' => break,
            b'\r' if scan.line_break_at(start) > 0 => break,
            b'<' | b'>' => {
                if let Some(end) = scan.placeholder() {
                    scan.at = end;
                    word.hole(scan, start, HoleKind::Placeholder, false);
                } else if scan.peek_at(1) == Some(b'(') && word.pieces.is_empty() {
                    scan.at += 2;
                    scan.nested(Until::Paren, list);
                    word.hole(scan, start, HoleKind::Other, false);
                } else {
                    break;
                }
            }
            b'\\' => {
                if !continuation(scan, command) {
                    scan.at += 1;
                    let escaped = scan.at;
                    scan.at += scan.char_len();
                    word.escape(scan, start, &scan.text[escaped..scan.at]);
                }
            }
            b'\'' => {
                word.quoted = true;
                single_quoted(scan, &mut word);
            }
            b'"' => {
                word.quoted = true;
                double_quoted(scan, &mut word, command);
            }
            b'$' => dollar(scan, &mut word, command, false),
            b'`' if scan.backtick => break,
            b'`' => {
                scan.at += 1;
                scan.nested(Until::Backtick, list);
                word.hole(scan, start, HoleKind::Output, true);
            }
            _ => {
                let len = scan.char_len();
                word.take(scan, len);
            }
        }
    }
    word.finish(scan)
}

/// A quote that nothing closes, as while typing: only its line is lost.
fn unclosed<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>, start: usize) {
    scan.at = scan.line_end();
    word.hole(scan, start, HoleKind::Other, false);
}

fn single_quoted<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>) {
    let (open, holes, pieces) = (scan.at, scan.holes, word.pieces.len());
    scan.at += 1;
    loop {
        if scan.take_outer_hole(word) {
            continue;
        }
        let next_hole = scan.holes.first().map_or(scan.text.len(), |hole| usize::from(hole.start()));
        let until_hole = &scan.text.as_bytes()[scan.at..next_hole.max(scan.at)];
        if let Some(len) = memchr::memchr(b'\'', until_hole) {
            word.take(scan, len);
            scan.at += 1;
            return;
        }
        if next_hole == scan.text.len() {
            break;
        }
        word.take(scan, until_hole.len());
    }
    (scan.at, scan.holes) = (open, holes);
    word.pieces.truncate(pieces);
    unclosed(scan, word, open);
}

fn double_quoted<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>, command: &mut CommandBuilder<'a>) {
    let open = scan.at;
    scan.at += 1;
    if memchr::memchr(b'"', &scan.text.as_bytes()[scan.at..]).is_none() {
        return unclosed(scan, word, open);
    }
    loop {
        if scan.take_outer_hole(word) {
            continue;
        }
        let Some(byte) = scan.peek() else { break };
        let start = scan.at;
        match byte {
            b'"' => {
                scan.at += 1;
                break;
            }
            b'\\' => match scan.peek_at(1) {
                Some(b'"' | b'\\' | b'$' | b'`') => {
                    scan.at += 2;
                    word.escape(scan, start, &scan.text[start + 1..start + 2]);
                }
                _ if scan.line_break_at(start + 1) > 0 && continuation(scan, command) => {}
                _ => word.take(scan, 1),
            },
            b'$' => dollar(scan, word, command, true),
            b'`' if !scan.backtick => {
                scan.at += 1;
                scan.nested(Until::Backtick, list);
                word.hole(scan, start, HoleKind::Output, false);
            }
            _ => {
                let len = scan.char_len();
                word.take(scan, len);
            }
        }
    }
}

/// At `$`.
fn dollar<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>, command: &mut CommandBuilder<'a>, quoted: bool) {
    let start = scan.at;
    match scan.peek_at(1) {
        Some(b'(') if scan.peek_at(2) == Some(b'(') => {
            scan.at += 3;
            scan.skip_balanced(b'(', b')');
            if scan.peek() == Some(b')') {
                scan.at += 1;
            }
            word.hole(scan, start, HoleKind::Other, false);
        }
        Some(b'(') => {
            scan.at += 2;
            scan.nested(Until::Paren, list);
            word.hole(scan, start, HoleKind::Output, !quoted);
        }
        Some(b'{') => {
            scan.at += 2;
            expansion(scan);
            let inner = scan.text[start + 2..scan.at].strip_suffix('}').unwrap_or_default();
            let name = inner.bytes().take_while(|&byte| is_name_byte(byte)).count();
            let (name, rest) = inner.split_at(name);
            let (kind, splits) = match rest {
                "" if !name.is_empty() => (HoleKind::Variable(name), !quoted),
                "[@]" => (HoleKind::Elements(name), true),
                "[*]" => (HoleKind::Elements(name), !quoted),
                // `${a[@]:1}`
                rest if rest.starts_with("[@]") => (HoleKind::Other, true),
                _ => (HoleKind::Other, !quoted),
            };
            word.hole(scan, start, kind, splits);
        }
        Some(b'\'') if !quoted => {
            word.quoted = true;
            ansi_quoted(scan, word);
        }
        Some(b'"') if !quoted => {
            word.quoted = true;
            scan.at += 1;
            double_quoted(scan, word, command);
        }
        Some(b'@') => {
            scan.at += 2;
            word.hole(scan, start, HoleKind::Elements("@"), true);
        }
        Some(b'*') => {
            scan.at += 2;
            word.hole(scan, start, HoleKind::Elements("*"), !quoted);
        }
        Some(b'#' | b'?' | b'$' | b'!' | b'-') => {
            scan.at += 2;
            word.hole(scan, start, HoleKind::Other, false);
        }
        Some(byte) if is_name_byte(byte) => {
            let digit = byte.is_ascii_digit();
            scan.at += 2;
            while !digit && scan.peek().is_some_and(is_name_byte) {
                scan.at += 1;
            }
            word.hole(scan, start, HoleKind::Variable(&scan.text[start + 1..scan.at]), !quoted);
        }
        _ => word.take(scan, 1),
    }
}

/// Behind `${`: through the `}`. A default value may hold commands: `${X:-$(az …)}`.
fn expansion(scan: &mut Scan<'_>) {
    let mut depth = 1_usize;
    while let Some(byte) = scan.peek() {
        scan.at += 1;
        match byte {
            b'\\' => scan.at += scan.char_len(),
            b'$' if scan.peek() == Some(b'(') => {
                scan.at += 1;
                scan.nested(Until::Paren, list);
            }
            b'{' => depth += 1,
            b'}' if depth == 1 => return,
            b'}' => depth -= 1,
            _ => {}
        }
    }
}

/// `$'…'`
fn ansi_quoted<'a>(scan: &mut Scan<'a>, word: &mut WordBuilder<'a>) {
    let start = scan.at;
    scan.at += 2;
    let content = scan.at;
    let mut escapes = false;
    loop {
        match scan.peek() {
            None => {
                scan.at = start + 1;
                return unclosed(scan, word, start);
            }
            Some(b'\'') => break,
            Some(b'\\') => {
                escapes = true;
                scan.at += 1;
                scan.at += scan.char_len();
            }
            Some(_) => scan.at += scan.char_len(),
        }
    }
    let end = scan.at;
    scan.at += 1;
    if escapes {
        word.hole(scan, start, HoleKind::Other, false);
    } else {
        word.text(scan, content, end);
    }
}
