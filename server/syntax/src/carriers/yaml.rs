//! As much of YAML as files with steps have: block and flow collections, all kinds of scalars, comments, documents.
//!
//! Every editor shows files that are half-typed, so this reader never gives up: a line that fits nowhere is left out.
//! (The tree-sitter grammar survives that too, but its scanner writes behind its buffer when a file nests deep enough;
//! the parsers in Rust end at the first error.) Anchors and tags are stepped over, aliases are not followed.

use std::ops::Range;

use text_size::TextRange;

use super::{Builder, Encoding, Line, lines, size};

/// How deep collections may nest; real files nest a dozen levels. What is deeper is left out.
const MAX_DEPTH: usize = 64;

/// The documents of a stream.
pub(super) fn parse(text: &str) -> Vec<Node<'_>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, lines: lines(text, start).collect(), line: 0, depth: 0 };
    let mut documents = Vec::new();
    while let Some((start, column)) = reader.significant() {
        let line = reader.line;
        documents.push(reader.node(start, column, 0));
        // What is left of a broken line or stands to the left of where the document began.
        reader.line = reader.line.max(line + 1);
    }
    documents
}

/// A value of a document that is read as data.
#[derive(Debug)]
pub struct Data<'a> {
    /// What it is.
    pub kind: DataKind<'a>,
    /// Where it is written, in bytes; empty for what is not there.
    pub range: TextRange,
}

/// What a [`Data`] is.
#[derive(Debug)]
pub enum DataKind<'a> {
    /// Keys as written, without quotes. Lines that could not be read are missing.
    Map(Vec<(&'a str, Data<'a>)>),
    /// A list.
    Seq(Vec<Data<'a>>),
    /// A text in quotes or over several lines, decoded.
    Text(String),
    /// A word without quotes: a text, a number, a truth value, an alias.
    Plain(String),
    /// Nothing.
    Empty,
}

/// The first document of a text.
pub fn data(text: &str) -> Option<Data<'_>> {
    parse(text).first().map(|node| as_data(node, text))
}

fn as_data<'a>(node: &Node<'a>, text: &str) -> Data<'a> {
    let kind = match node {
        Node::Map(map) => DataKind::Map(map.pairs.iter().map(|(key, value)| (*key, as_data(value, text))).collect()),
        Node::Seq(seq) => DataKind::Seq(seq.items.iter().map(|item| as_data(item, text)).collect()),
        Node::Scalar(scalar) if scalar.style == Style::Plain => DataKind::Plain(scalar.decode(text).text),
        Node::Scalar(scalar) => DataKind::Text(scalar.decode(text).text),
        Node::Empty => DataKind::Empty,
    };
    let range = node.range().map_or(TextRange::default(), |range| TextRange::new(size(range.start), size(range.end)));
    Data { kind, range }
}

/// A node with its place in the text.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Map(Map<'a>),
    Seq(Seq<'a>),
    Scalar(Scalar),
    Empty,
}

#[derive(Debug)]
pub(super) struct Map<'a> {
    /// Keys as written, without quotes.
    pub(super) pairs: Vec<(&'a str, Node<'a>)>,
    range: Range<usize>,
}

#[derive(Debug)]
pub(super) struct Seq<'a> {
    pub(super) items: Vec<Node<'a>>,
    range: Range<usize>,
}

#[derive(Debug)]
pub(super) struct Scalar {
    /// Without quotes; a block scalar from its `|` or `>` on.
    range: Range<usize>,
    style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    /// With the column of the collection it is in.
    Block(usize),
}

impl Node<'_> {
    pub(super) fn range(&self) -> Option<Range<usize>> {
        match self {
            Node::Map(map) => Some(map.range.clone()),
            Node::Seq(seq) => Some(seq.range.clone()),
            Node::Scalar(scalar) => Some(scalar.range.clone()),
            Node::Empty => None,
        }
    }
}

impl<'a> Map<'a> {
    /// The value of a key. Azure Pipelines ignores case.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// The value of a key that is a mapping.
    pub(super) fn map(&self, key: &str) -> Option<&Self> {
        match self.get(key)? {
            Node::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value of a key that is a scalar of one line, as written.
    pub(super) fn text<'t>(&self, key: &str, text: &'t str) -> Option<&'t str> {
        match self.get(key)? {
            Node::Scalar(scalar) if !matches!(scalar.style, Style::Block(_)) => Some(&text[scalar.range.clone()]),
            _ => None,
        }
    }
}

impl Scalar {
    /// The value, with the way back to what is written.
    pub(super) fn decode(&self, text: &str) -> Builder {
        let mut builder = Builder::new(match self.style {
            Style::Block(_) => Encoding::Plain,
            Style::Plain => Encoding::Bare,
            Style::Single => Encoding::YamlSingle,
            Style::Double => Encoding::YamlDouble,
        });
        let Range { start, end } = self.range;
        match self.style {
            Style::Block(indent) => block(&mut builder, text, start, end, indent),
            Style::Plain => flow(&mut builder, text, start, end, None),
            Style::Single => flow(&mut builder, text, start, end, Some(b'\'')),
            Style::Double => flow(&mut builder, text, start, end, Some(b'"')),
        }
        builder
    }
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<Line>,
    /// The line to be read next.
    line: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The start and the column of what is on the next line that is neither empty nor a comment. Goes there.
    fn significant(&mut self) -> Option<(usize, usize)> {
        while let Some(&(start, end, _)) = self.lines.get(self.line) {
            let line = &self.text[start..end];
            let column = blanks(line);
            let content = line[column..].trim_start_matches('\t');
            let marker = column == 0 && (line.starts_with("---") || line.starts_with("..."));
            if marker && line.len() > 4 && line.as_bytes()[3] == b' ' && !line[4..].trim_start().starts_with('#') {
                // `--- value`
                return Some((start + 4, 4));
            }
            if !(content.is_empty() || content.starts_with('#') || marker || (column == 0 && line.starts_with('%'))) {
                return Some((start + column, column));
            }
            self.line += 1;
        }
        None
    }

    /// Whether the next line begins another document.
    fn at_marker(&self) -> bool {
        let Some(&(start, end, _)) = self.lines.get(self.line) else { return true };
        matches!(&self.text[start..end].get(..3), Some("---" | "..."))
    }

    /// The next line with something on it in this document.
    fn next_in_document(&mut self) -> Option<(usize, usize)> {
        while !self.at_marker() {
            let line = self.line;
            let found = self.significant()?;
            if self.line == line {
                return Some(found);
            }
            // `significant` may have gone over a marker: look at each line it passed.
            let reached = std::mem::replace(&mut self.line, line + 1);
            while self.line < reached && !self.at_marker() {
                self.line += 1;
            }
        }
        None
    }

    fn line_end(&self) -> usize {
        self.lines.get(self.line).map_or(self.text.len(), |line| line.1)
    }

    /// A node that begins at `at` on the current line, at `column`; what continues it on further lines stands at `min` or
    /// right of it. Ends in front of the first line that is no part of it.
    fn node(&mut self, at: usize, column: usize, min: usize) -> Node<'a> {
        if self.depth >= MAX_DEPTH {
            self.line += 1;
            return Node::Empty;
        }
        self.depth += 1;
        let end = self.line_end();
        let at = end - skip_properties(&self.text[at..end]).len();
        let node = if ends(&self.text[at..end]) {
            // Tags and anchors may have a line to themselves.
            self.line += 1;
            match self.next_in_document() {
                Some((at, column)) if column >= min => self.node(at, column, min),
                _ => Node::Empty,
            }
        } else if is_dash(&self.text[at..end]) {
            self.sequence(at, column)
        } else if key(&self.text[at..end]).is_some() {
            self.mapping(at, column)
        } else {
            self.value(at, min)
        };
        self.depth -= 1;
        node
    }

    fn sequence(&mut self, first: usize, column: usize) -> Node<'a> {
        let mut items = Vec::new();
        let mut at = first;
        loop {
            let line_end = self.line_end();
            let rest = &self.text[at + 1..line_end];
            let blank = rest.len() - rest.trim_start().len();
            let content = at + 1 + blank;
            if ends(&self.text[content..line_end]) {
                self.line += 1;
                items.push(self.nested(column, false));
            } else {
                items.push(self.node(content, column + 1 + blank, column + 1));
            }
            match self.next_in_document() {
                Some((next, next_column)) if next_column == column && is_dash(&self.text[next..self.line_end()]) => {
                    at = next;
                }
                Some((_, next_column)) if next_column > column => {
                    let Some(next) = self.skip_deeper(column) else { break };
                    if next.1 != column || !is_dash(&self.text[next.0..self.line_end()]) {
                        break;
                    }
                    at = next.0;
                }
                _ => break,
            }
        }
        Node::Seq(Seq { items, range: self.range_from(first) })
    }

    fn mapping(&mut self, first: usize, column: usize) -> Node<'a> {
        let mut pairs = Vec::new();
        let mut at = first;
        loop {
            let line_end = self.line_end();
            let line = &self.text[at..line_end];
            if let Some((name, colon)) = key(line) {
                let rest = &line[colon + 1..];
                let content = line_end - skip_properties(rest.trim_start()).len();
                let value = if ends(&self.text[content..line_end]) {
                    self.line += 1;
                    self.nested(column, true)
                } else {
                    self.value(content, column + 1)
                };
                pairs.push((&line[name], value));
            } else {
                // Half a key.
                self.line += 1;
            }
            let next = match self.next_in_document() {
                Some((_, next_column)) if next_column > column => self.skip_deeper(column),
                next => next,
            };
            match next {
                Some((next, next_column)) if next_column == column && !is_dash(&self.text[next..self.line_end()]) => {
                    at = next;
                }
                _ => break,
            }
        }
        Node::Map(Map { pairs, range: self.range_from(first) })
    }

    /// Steps over lines that stand too far right to belong anywhere.
    fn skip_deeper(&mut self, column: usize) -> Option<(usize, usize)> {
        loop {
            let next = self.next_in_document()?;
            if next.1 <= column {
                return Some(next);
            }
            self.line += 1;
        }
    }

    /// What follows on the next lines: right of `column`, or a sequence in a mapping right below its key.
    fn nested(&mut self, column: usize, in_map: bool) -> Node<'a> {
        let Some((at, next_column)) = self.next_in_document() else { return Node::Empty };
        let below = in_map && next_column == column && is_dash(&self.text[at..self.line_end()]);
        if next_column > column || below {
            self.node(at, next_column, column + usize::from(!below))
        } else {
            Node::Empty
        }
    }

    /// A scalar or a flow collection.
    fn value(&mut self, at: usize, min: usize) -> Node<'a> {
        let line_end = self.line_end();
        let at = line_end - skip_properties(&self.text[at..line_end]).len();
        match self.text.as_bytes().get(at) {
            Some(b'|' | b'>') => self.block_scalar(at, min),
            Some(quote @ (b'\'' | b'"')) => {
                let style = if *quote == b'"' { Style::Double } else { Style::Single };
                if let Some(end) = quoted_end(&self.text[..self.limit(min)], at) {
                    self.go_behind(end);
                    Node::Scalar(Scalar { range: at + 1..end - 1, style })
                } else {
                    // While it is typed.
                    self.line += 1;
                    Node::Scalar(Scalar { range: at + 1..line_end.max(at + 1), style })
                }
            }
            Some(b'[' | b'{') => {
                let mut flow = Flow { text: &self.text[..self.limit(min)], at, depth: self.depth };
                let node = flow.node();
                if matches!(self.text.as_bytes()[flow.at - 1], b']' | b'}') {
                    self.go_behind(flow.at);
                } else {
                    self.line += 1;
                }
                node
            }
            _ => self.plain(at, min),
        }
    }

    /// The end of the last line that stands right enough to belong to a value that begins on the current one.
    fn limit(&self, min: usize) -> usize {
        let belongs = |&&(start, line_end, _): &&Line| {
            let line = &self.text[start..line_end];
            // A closing bracket on its own line may stand a little further left.
            line.trim().is_empty() || blanks(line) >= min || line.trim_start().starts_with([']', '}'])
        };
        let more = self.lines[self.line + 1..].iter().take_while(belongs).count();
        self.lines[self.line + more].1
    }

    fn go_behind(&mut self, end: usize) {
        while self.lines.get(self.line).is_some_and(|line| line.0 < end) {
            self.line += 1;
        }
    }

    fn block_scalar(&mut self, at: usize, min: usize) -> Node<'a> {
        let indent = min.saturating_sub(1);
        let mut width = explicit_indent(&self.text[at..self.line_end()]).map(|columns| indent + columns);
        let mut end = self.lines[self.line].2;
        self.line += 1;
        while let Some(&(start, line_end, full)) = self.lines.get(self.line) {
            let line = &self.text[start..line_end];
            if !line.trim().is_empty() {
                let column = blanks(line);
                if column < *width.get_or_insert(column.max(min)) {
                    break;
                }
                end = full;
            }
            self.line += 1;
        }
        // Empty lines behind it are part of it, but nobody writes anything there.
        Node::Scalar(Scalar { range: at..end, style: Style::Block(indent) })
    }

    fn plain(&mut self, at: usize, min: usize) -> Node<'a> {
        let mut end = at + without_comment(&self.text[at..self.line_end()]).len();
        let commented = end < at + self.text[at..self.line_end()].trim_end().len();
        self.line += 1;
        while !commented && let Some(&(start, line_end, _)) = self.lines.get(self.line) {
            let line = &self.text[start..line_end];
            if line.trim().is_empty() {
                self.line += 1;
                continue;
            }
            if blanks(line) < min || self.at_marker() || line.trim_start().starts_with('#') {
                break;
            }
            end = start + without_comment(line).len();
            self.line += 1;
        }
        Node::Scalar(Scalar { range: at..end, style: Style::Plain })
    }

    /// From an offset to the end of the line in front of the next.
    fn range_from(&self, start: usize) -> Range<usize> {
        let end = self.line.checked_sub(1).and_then(|last| self.lines.get(last)).map_or(start, |line| line.1);
        start..end.max(start)
    }
}

/// Reads flow collections.
struct Flow<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Flow<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'#' && self.text.as_bytes()[self.at - 1].is_ascii_whitespace() {
                self.at = memchr::memchr(b'\n', &self.text.as_bytes()[self.at..])
                    .map_or(self.text.len(), |len| self.at + len);
            } else if byte.is_ascii_whitespace() {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// A node; ends behind it.
    fn node(&mut self) -> Node<'a> {
        let start = self.at;
        match self.peek() {
            Some(b'{') if self.depth < MAX_DEPTH => {
                self.depth += 1;
                self.at += 1;
                let mut pairs = Vec::new();
                loop {
                    self.skip_blanks();
                    match self.peek() {
                        None => break,
                        Some(b'}') => {
                            self.at += 1;
                            break;
                        }
                        Some(b',' | b']' | b':') => self.at += 1,
                        Some(_) => {
                            let key = self.node();
                            self.skip_blanks();
                            let mut value = Node::Empty;
                            if self.peek() == Some(b':') {
                                self.at += 1;
                                self.skip_blanks();
                                if !matches!(self.peek(), None | Some(b',' | b'}' | b']')) {
                                    value = self.node();
                                }
                            }
                            if let Node::Scalar(key) = key {
                                pairs.push((&self.text[key.range], value));
                            }
                        }
                    }
                }
                self.depth -= 1;
                Node::Map(Map { pairs, range: start..self.at })
            }
            Some(b'[') if self.depth < MAX_DEPTH => {
                self.depth += 1;
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.skip_blanks();
                    match self.peek() {
                        None => break,
                        Some(b']') => {
                            self.at += 1;
                            break;
                        }
                        Some(b',' | b'}' | b':') => self.at += 1,
                        Some(_) => items.push(self.node()),
                    }
                }
                self.depth -= 1;
                Node::Seq(Seq { items, range: start..self.at })
            }
            Some(quote @ (b'\'' | b'"')) => {
                let style = if quote == b'"' { Style::Double } else { Style::Single };
                let Some(end) = quoted_end(self.text, start) else {
                    self.at = self.text.len();
                    return Node::Empty;
                };
                self.at = end;
                Node::Scalar(Scalar { range: start + 1..end - 1, style })
            }
            _ => self.plain(),
        }
    }

    fn plain(&mut self) -> Node<'a> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        // At least one byte, whatever it is: brackets too deep to look into are read as text.
        let mut end = start + self.text[start..].chars().next().map_or(0, char::len_utf8);
        while let Some(&byte) = bytes.get(end) {
            let after = bytes.get(end + 1);
            match byte {
                b',' | b'[' | b']' | b'{' | b'}' | b'\n' => break,
                b':' if after
                    .is_none_or(|after| after.is_ascii_whitespace() || matches!(after, b',' | b'}' | b']')) =>
                {
                    break;
                }
                b'#' if bytes[end - 1].is_ascii_whitespace() => break,
                _ => end += 1,
            }
        }
        self.at = end;
        let len = self.text[start..end].trim_end().len();
        Node::Scalar(Scalar { range: start..start + len, style: Style::Plain })
    }
}

fn blanks(line: &str) -> usize {
    line.bytes().take_while(|&byte| byte == b' ').count()
}

/// Whether what is left of a line is an item of a sequence.
fn is_dash(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// Whether nothing but a comment is left of a line.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// A line up to its comment or the blanks at its end.
fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'#', &line.as_bytes()[from..]).map(|len| from + len) {
        if at > 0 && line.as_bytes()[at - 1].is_ascii_whitespace() {
            return line[..at].trim_end();
        }
        from = at + 1;
    }
    line.trim_end()
}

/// What is left behind tags and anchors.
fn skip_properties(mut rest: &str) -> &str {
    while rest.starts_with(['!', '&']) {
        let end = rest.find([' ', '\t']).unwrap_or(rest.len());
        rest = rest[end..].trim_start();
    }
    rest
}

/// The key of a pair that begins at the start of `rest`, without quotes, and the offset of its colon.
fn key(rest: &str) -> Option<(Range<usize>, usize)> {
    let bytes = rest.as_bytes();
    let is_colon =
        |at: usize| bytes.get(at) == Some(&b':') && bytes.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'\t'));
    match bytes.first()? {
        b'\'' | b'"' => {
            let end = quoted_end(rest, 0)?;
            let colon = rest.len() - rest[end..].trim_start().len();
            is_colon(colon).then_some((1..end - 1, colon))
        }
        b'[' | b'{' | b'|' | b'>' | b'#' => None,
        _ => {
            // A template expression may hold anything.
            let from = if rest.starts_with("${{") { rest.find("}}")? } else { 0 };
            let key = without_comment(rest);
            let colon = memchr::memchr_iter(b':', key.as_bytes()).find(|&at| at >= from && is_colon(at))?;
            Some((0..key[..colon].trim_end().len(), colon))
        }
    }
}

/// The offset behind the quote that closes the one at `start`.
fn quoted_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' if quote == b'"' => at += 1,
            _ if byte != quote => {}
            _ if quote == b'\'' && bytes.get(at) == Some(&quote) => at += 1,
            _ => return Some(at),
        }
    }
    None
}

/// The number in the header of a block scalar.
fn explicit_indent(header: &str) -> Option<usize> {
    let digit = header.bytes().take(3).find(u8::is_ascii_digit)?;
    Some(usize::from(digit - b'0'))
}

/// A block scalar from its `|` or `>`. `indent` is the column of the collection it is in.
fn block(builder: &mut Builder, text: &str, start: usize, end: usize, indent: usize) {
    let mut rest = lines(&text[..end], start);
    let Some((_, header_end, _)) = rest.next() else { return };
    let header = &text[start..header_end];
    let folded = header.starts_with('>');
    let explicit = explicit_indent(header).map(|columns| indent + columns);
    let rest: Vec<_> = rest.collect();
    let first = rest.iter().map(|&(start, end, _)| &text[start..end]).find(|line| !line.trim().is_empty());
    let Some(width) = explicit.or_else(|| first.map(blanks)) else { return };

    // Of a folded break: where it starts.
    let mut pending: Option<usize> = None;
    for &(start, line_end, full) in &rest {
        let line = &text[start..line_end];
        let from = start + blanks(line).min(width);
        let is_text = from < line_end && !text[from..].starts_with([' ', '\t']);
        if let Some(from_break) = pending.take() {
            if is_text {
                builder.decoded(" ", from_break, from);
            } else if from < line_end {
                // Lines indented further keep their breaks.
                builder.decoded("\n", from_break, start);
            } else {
                // The first break before empty lines is dropped.
                builder.decoded("\n", start, full);
                continue;
            }
        }
        builder.verbatim(text, from, line_end);
        if folded && is_text && full > line_end {
            pending = Some(line_end);
        } else {
            builder.verbatim(text, line_end, full);
        }
    }
    if let Some(from_break) = pending {
        builder.verbatim(text, from_break, end.min(from_break + break_len(text, from_break)));
    }
}

fn break_len(text: &str, at: usize) -> usize {
    if text[at..].starts_with("\r\n") { 2 } else { usize::from(text[at..].starts_with('\n')) }
}

/// A plain or quoted scalar without its quotes. A line break with the blanks around it is one space, several are one less.
fn flow(builder: &mut Builder, text: &str, start: usize, end: usize, quote: Option<u8>) {
    let bytes = text.as_bytes();
    let mut at = start;
    let mut run = start;
    while at < end {
        let escape = match (quote, bytes[at]) {
            (_, b'\n') => {
                let line_end = start + text[start..at].trim_end_matches([' ', '\t', '\r']).len();
                let mut next = at;
                let mut breaks = 0;
                while next < end && bytes[next].is_ascii_whitespace() {
                    breaks += usize::from(bytes[next] == b'\n');
                    next += 1;
                }
                builder.verbatim(text, run, line_end.max(run));
                let folded = if breaks > 1 { "\n".repeat(breaks - 1) } else { " ".to_owned() };
                builder.decoded(&folded, line_end.max(run), next);
                (at, run) = (next, next);
                continue;
            }
            (Some(b'\''), b'\'') if bytes.get(at + 1) == Some(&b'\'') && at + 1 < end => Some(("'".to_owned(), 2)),
            (Some(b'"'), b'\\') if at + 1 < end => Some(double_quoted_escape(&text[at..end])),
            _ => None,
        };
        match escape {
            Some((decoded, len)) => {
                builder.verbatim(text, run, at);
                builder.decoded(&decoded, at, at + len);
                at += len;
                run = at;
            }
            None => at += 1,
        }
    }
    builder.verbatim(text, run.min(end), end);
}

/// What a backslash and the following stand for, and its length.
fn double_quoted_escape(text: &str) -> (String, usize) {
    let Some(mark) = text[1..].chars().next() else { return ("\\".to_owned(), 1) };
    let digits = match mark {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let code = text.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        return code.map_or_else(|| (text[..2].to_owned(), 2), |c| (c.to_string(), 2 + digits));
    }
    let decoded = match mark {
        '\n' | '\r' => {
            // An escaped break disappears with the indentation of the next line.
            let rest = text[1..].trim_start_matches(['\r', '\n', ' ', '\t']);
            return (String::new(), text.len() - rest.len());
        }
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    };
    (decoded.to_string(), 1 + mark.len_utf8())
}
