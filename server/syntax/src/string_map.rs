//! From the text a string stands for back to the characters somebody wrote, and from a text to the way a string writes
//! it.
//!
//! Decoding gives the text and a [`StringMap`]. Where nothing is escaped the text is borrowed and the map is one range:
//! no allocation. Maps compose: an ARM literal inside a JSON string is decoded twice and still knows its source.

use std::borrow::Cow;
use std::fmt::Write as _;

use text_size::{TextRange, TextSize};

use crate::text::to_u32;

/// What stands in a decoded text for an interpolation `${…}`: U+FFFC, the object replacement character.
pub const HOLE: char = '\u{fffc}';

/// Where each part of a decoded text comes from. Offsets are bytes on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringMap {
    /// Everything between the quotes.
    source: TextRange,
    /// Ordered on both sides and without gaps on the decoded side; empty when the text is the source.
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    decoded: TextRange,
    source: TextRange,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Byte for byte the same.
    Verbatim,
    /// One unit: there is nothing to point at inside.
    Escape,
    /// An interpolation.
    Hole,
}

impl StringMap {
    /// The map of a text that stands as it is at `source`.
    pub fn identity(source: TextRange) -> Self {
        Self { source, segments: Vec::new() }
    }

    /// Whether the text stands as it is in the source.
    pub fn is_identity(&self) -> bool {
        self.segments.is_empty()
    }

    /// The whole of the source, between the quotes.
    pub fn source(&self) -> TextRange {
        self.source
    }

    /// The length of the decoded text in bytes.
    pub fn len(&self) -> TextSize {
        self.segments.last().map_or(self.source.len(), |last| last.decoded.end())
    }

    /// Whether the decoded text is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == TextSize::new(0)
    }

    /// Where a part of the decoded text comes from; a part of an escape or interpolation comes from the whole of it.
    /// `None` if the decoded text is not that long.
    pub fn to_source(&self, decoded: TextRange) -> Option<TextRange> {
        if decoded.end() > self.len() {
            return None;
        }
        let start = self.start(decoded.start());
        if decoded.is_empty() {
            return Some(TextRange::empty(start));
        }
        Some(TextRange::new(start, self.end(decoded.end())))
    }

    /// Where the character at a decoded offset begins in the source.
    pub fn offset_to_source(&self, decoded: TextSize) -> Option<TextSize> {
        (decoded <= self.len()).then(|| self.start(decoded))
    }

    /// Where something can be inserted: behind the character in front of a decoded offset, so that an insertion at the end
    /// of a line stays on it.
    pub fn insertion_point(&self, decoded: TextSize) -> Option<TextSize> {
        if decoded > self.len() {
            return None;
        }
        let behind = decoded > TextSize::new(0);
        Some(if behind { self.end(decoded) } else { self.start(decoded) })
    }

    /// The offset in the decoded text of a place in the source; inside an escape or interpolation the start of what it
    /// stands for, in front of and behind the string the nearest end.
    pub fn to_decoded(&self, source: TextSize) -> TextSize {
        if self.is_identity() {
            return source.clamp(self.source.start(), self.source.end()) - self.source.start();
        }
        let next = self.segments.partition_point(|segment| segment.source.end() <= source);
        match self.segments.get(next) {
            None => self.len(),
            Some(segment) if segment.kind == Kind::Verbatim && segment.source.start() <= source => {
                segment.decoded.start() + (source - segment.source.start())
            }
            Some(segment) => segment.decoded.start(),
        }
    }

    /// The interpolations: where each [`HOLE`] is in the decoded text, and its source from `$` to `}`.
    pub fn holes(&self) -> impl Iterator<Item = (TextSize, TextRange)> + '_ {
        self.segments
            .iter()
            .filter(|segment| segment.kind == Kind::Hole)
            .map(|segment| (segment.decoded.start(), segment.source))
    }

    /// The map of something decoded from our decoded text: `inner` maps to offsets in it.
    #[must_use]
    pub fn compose(&self, inner: &Self) -> Self {
        let to_source = |range: TextRange| {
            let start = self.start(range.start().min(self.len()));
            if range.is_empty() {
                TextRange::empty(start)
            } else {
                TextRange::new(start, self.end(range.end().min(self.len())))
            }
        };
        let source = to_source(inner.source);
        if self.is_identity() && inner.is_identity() {
            return Self::identity(source);
        }
        let whole =
            [Segment { decoded: TextRange::up_to(inner.source.len()), source: inner.source, kind: Kind::Verbatim }];
        let inner = if inner.is_identity() { &whole[..] } else { &inner.segments };
        let mut builder = Builder::new(source);
        for segment in inner {
            if segment.kind != Kind::Verbatim {
                builder.add(segment.decoded.len(), to_source(segment.source), segment.kind);
                continue;
            }
            if self.is_identity() {
                builder.add(segment.decoded.len(), to_source(segment.source), Kind::Verbatim);
                continue;
            }
            let first = self.segments.partition_point(|outer| outer.decoded.end() <= segment.source.start());
            for outer in &self.segments[first..] {
                let Some(common) = outer.decoded.intersect(segment.source).filter(|common| !common.is_empty()) else {
                    break;
                };
                let source = if outer.kind == Kind::Verbatim {
                    TextRange::at(outer.source.start() + (common.start() - outer.decoded.start()), common.len())
                } else {
                    outer.source
                };
                builder.add(common.len(), source, outer.kind);
            }
        }
        builder.finish()
    }

    fn start(&self, decoded: TextSize) -> TextSize {
        if self.is_identity() {
            return self.source.start() + decoded;
        }
        let next = self.segments.partition_point(|segment| segment.decoded.end() <= decoded);
        match self.segments.get(next) {
            None => self.segments.last().map_or(self.source.end(), |last| last.source.end()),
            Some(segment) if segment.kind == Kind::Verbatim => {
                segment.source.start() + (decoded - segment.decoded.start())
            }
            Some(segment) => segment.source.start(),
        }
    }

    fn end(&self, decoded: TextSize) -> TextSize {
        if self.is_identity() {
            return self.source.start() + decoded;
        }
        let at = self.segments.partition_point(|segment| segment.decoded.end() < decoded);
        match self.segments.get(at) {
            None => self.source.end(),
            Some(segment) if segment.kind == Kind::Verbatim => {
                segment.source.start() + (decoded - segment.decoded.start())
            }
            Some(segment) => segment.source.end(),
        }
    }
}

/// How a text is written down in a certain place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// A JSON string.
    Json,
    /// A Bicep string in single quotes.
    Bicep,
    /// A literal in an ARM expression, `'…'` inside `[…]`. In a file this is again in a JSON string: decode and encode
    /// twice, and [`StringMap::compose`].
    ArmLiteral,
}

impl Carrier {
    /// `text` as it is written between the quotes.
    pub fn encode(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 8);
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match (self, char) {
                (Self::ArmLiteral, '\'') => out.push_str("''"),
                (Self::ArmLiteral, _) => out.push(char),
                (_, '\\') => out.push_str("\\\\"),
                (_, '\n') => out.push_str("\\n"),
                (_, '\r') => out.push_str("\\r"),
                (_, '\t') => out.push_str("\\t"),
                (Self::Json, '"') => out.push_str("\\\""),
                (Self::Json, '\u{0}'..='\u{1f}') => {
                    let _ = write!(out, "\\u{:04x}", u32::from(char));
                }
                (Self::Bicep, '\'') => out.push_str("\\'"),
                (Self::Bicep, '$') if chars.peek() == Some(&'{') => out.push_str("\\$"),
                (Self::Bicep, '\u{0}'..='\u{1f}') => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
                }
                _ => out.push(char),
            }
        }
        out
    }

    /// What `raw`, which is at `inner_range`, stands for.
    pub fn decode(self, raw: &str, inner_range: TextRange) -> (Cow<'_, str>, StringMap) {
        match self {
            Self::Json => for_json(raw, inner_range),
            Self::Bicep => for_bicep(raw, inner_range),
            Self::ArmLiteral => for_arm_literal(raw, inner_range),
        }
    }
}

/// Decodes what is between the quotes of a JSON string. Escapes that JSON does not have stand for themselves, half a
/// surrogate pair for U+FFFD.
pub fn for_json(raw: &str, inner_range: TextRange) -> (Cow<'_, str>, StringMap) {
    decode(raw, inner_range, b'\\', |rest| {
        let char = match rest.as_bytes().get(1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = hex4(rest, 2)?;
                let low = || (rest.as_bytes().get(6..8) == Some(b"\\u")).then(|| hex4(rest, 8)).flatten();
                if let (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) = (high, low()) {
                    let char = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                    return Some(Decoded { len: 12, char: char?, kind: Kind::Escape });
                }
                let char = char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER);
                return Some(Decoded { len: 6, char, kind: Kind::Escape });
            }
            _ => return None,
        };
        Some(Decoded { len: 2, char, kind: Kind::Escape })
    })
}

/// Decodes what is between the quotes of a Bicep string `'…'`; each interpolation becomes a [`HOLE`].
pub fn for_bicep(raw: &str, inner_range: TextRange) -> (Cow<'_, str>, StringMap) {
    let escapes = |rest: &str| {
        let char = match rest.as_bytes().get(1)? {
            b'\\' => '\\',
            b'\'' => '\'',
            b'$' => '$',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let hex = rest.get(3..).filter(|_| rest.as_bytes().get(2) == Some(&b'{'))?;
                let hex = &hex[..hex.find('}')?];
                let digits = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
                let char = char::from_u32(u32::from_str_radix(hex, 16).ok().filter(|_| digits)?)?;
                return Some(Decoded { len: hex.len() + 4, char, kind: Kind::Escape });
            }
            _ => return None,
        };
        Some(Decoded { len: 2, char, kind: Kind::Escape })
    };
    decode_two(raw, inner_range, b'\\', b'$', |rest| match rest.as_bytes() {
        [b'\\', ..] => escapes(rest),
        [b'$', b'{', ..] => Some(Decoded { len: hole_len(rest, 1), char: HOLE, kind: Kind::Hole }),
        _ => None,
    })
}

/// Decodes what is between the quotes of a Bicep string `'''…'''`, which knows no escapes. A line end right behind the
/// opening quotes does not count. `dollars` is how many `$` stand before them: that many begin an interpolation, none
/// means that there are none.
pub fn for_bicep_multiline(raw: &str, inner_range: TextRange, dollars: usize) -> (Cow<'_, str>, StringMap) {
    let text = raw.strip_prefix("\r\n").or(raw.strip_prefix('\n')).or(raw.strip_prefix('\r')).unwrap_or(raw);
    let range = TextRange::new(inner_range.end() - TextSize::of(text), inner_range.end());
    if dollars == 0 {
        return (Cow::Borrowed(text), StringMap::identity(range));
    }
    decode(text, range, b'$', |rest| {
        // Of a longer run of dollars the last ones count.
        let (run, behind) = rest.as_bytes().split_at_checked(dollars)?;
        let hole = run.iter().all(|&byte| byte == b'$') && behind.first() == Some(&b'{');
        hole.then(|| Decoded { len: hole_len(rest, dollars), char: HOLE, kind: Kind::Hole })
    })
}

/// Decodes what is between the quotes of a literal in an ARM expression.
pub fn for_arm_literal(raw: &str, inner_range: TextRange) -> (Cow<'_, str>, StringMap) {
    decode(raw, inner_range, b'\'', |rest| {
        rest.starts_with("''").then_some(Decoded { len: 2, char: '\'', kind: Kind::Escape })
    })
}

/// What an escape at the start of some text stands for.
struct Decoded {
    len: usize,
    char: char,
    kind: Kind,
}

fn decode(raw: &str, range: TextRange, mark: u8, read: impl Fn(&str) -> Option<Decoded>) -> (Cow<'_, str>, StringMap) {
    decode_two(raw, range, mark, mark, read)
}

/// Decodes a text in which only what begins with one of two marks (ASCII) can be other than itself.
fn decode_two(
    raw: &str,
    range: TextRange,
    mark: u8,
    other: u8,
    read: impl Fn(&str) -> Option<Decoded>,
) -> (Cow<'_, str>, StringMap) {
    let mut text = String::new();
    let mut builder = Builder::new(range);
    let (mut done, mut at) = (0, 0);
    while let Some(found) = memchr::memchr2(mark, other, &raw.as_bytes()[at..]) {
        at += found;
        let Some(decoded) = read(&raw[at..]) else {
            at += 1;
            continue;
        };
        let source = |from: usize, to: usize| TextRange::new(to_u32(from).into(), to_u32(to).into()) + range.start();
        text.push_str(&raw[done..at]);
        builder.add(TextSize::new(to_u32(at - done)), source(done, at), Kind::Verbatim);
        text.push(decoded.char);
        builder.add(TextSize::of(decoded.char), source(at, at + decoded.len), decoded.kind);
        at += decoded.len;
        done = at;
    }
    if done == 0 {
        return (Cow::Borrowed(raw), StringMap::identity(range));
    }
    text.push_str(&raw[done..]);
    let rest = TextRange::new(range.start() + TextSize::new(to_u32(done)), range.end());
    builder.add(rest.len(), rest, Kind::Verbatim);
    (Cow::Owned(text), builder.finish())
}

/// The length of an interpolation whose `{` is at `brace`: up to the brace that closes it, outside of strings; all there
/// is if none does.
fn hole_len(text: &str, brace: usize) -> usize {
    let bytes = text.as_bytes();
    // For each open `${` or string: how many braces are open in it, or `None` in a string.
    let mut open: Vec<Option<usize>> = vec![Some(0)];
    let mut at = brace + 1;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (open.last_mut(), byte) {
            (Some(Some(_)), b'\'') => open.push(None),
            (Some(Some(braces)), b'{') => *braces += 1,
            (Some(Some(0)), b'}') => {
                open.pop();
                if open.is_empty() {
                    return at;
                }
            }
            (Some(Some(braces)), b'}') => *braces -= 1,
            (Some(None), b'\'') => {
                open.pop();
            }
            (Some(None), b'\\') => at += usize::from(bytes.get(at).is_some_and(u8::is_ascii)),
            (Some(None), b'$') if bytes.get(at) == Some(&b'{') => {
                at += 1;
                open.push(Some(0));
            }
            _ => {}
        }
    }
    bytes.len()
}

fn hex4(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// Puts a map together, piece by piece in the order of the decoded text.
pub(crate) struct Builder {
    map: StringMap,
    len: TextSize,
}

impl Builder {
    pub(crate) fn new(source: TextRange) -> Self {
        Self { map: StringMap::identity(source), len: TextSize::new(0) }
    }

    /// Text that stands as it is at `source`.
    pub(crate) fn verbatim(&mut self, source: TextRange) {
        if let Some(last) = self.map.segments.last_mut()
            && last.kind == Kind::Verbatim
            && last.source.end() == source.start()
        {
            self.len += source.len();
            last.source = last.source.cover(source);
            last.decoded = TextRange::new(last.decoded.start(), self.len);
            return;
        }
        self.add(source.len(), source, Kind::Verbatim);
    }

    /// Text of that length that is written differently.
    pub(crate) fn escape(&mut self, decoded_len: TextSize, source: TextRange) {
        self.add(decoded_len, source, Kind::Escape);
    }

    /// An interpolation; its decoded text is one [`HOLE`].
    pub(crate) fn hole(&mut self, source: TextRange) {
        self.add(TextSize::of(HOLE), source, Kind::Hole);
    }

    fn add(&mut self, decoded_len: TextSize, source: TextRange, kind: Kind) {
        if decoded_len == TextSize::new(0) {
            return;
        }
        self.map.segments.push(Segment { decoded: TextRange::at(self.len, decoded_len), source, kind });
        self.len += decoded_len;
    }

    /// The map; its source goes from the first to the last piece.
    pub(crate) fn finish_covering(mut self) -> StringMap {
        if let (Some(first), Some(last)) = (self.map.segments.first(), self.map.segments.last()) {
            self.map.source = first.source.cover(last.source);
        }
        self.map
    }

    fn finish(self) -> StringMap {
        self.map
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Carrier; 3] = [Carrier::Json, Carrier::Bicep, Carrier::ArmLiteral];

    fn range(start: usize, end: usize) -> TextRange {
        TextRange::new(to_u32(start).into(), to_u32(end).into())
    }

    fn at(raw: &str, start: usize) -> TextRange {
        range(start, start + raw.len())
    }

    /// What each character of the decoded text comes from.
    fn origins<'a>(raw: &'a str, decoded: &str, map: &StringMap, start: usize) -> Vec<(char, &'a str)> {
        let origin = |(offset, char): (usize, char)| {
            let source = map.to_source(range(offset, offset + char.len_utf8())).unwrap();
            (char, &raw[source - TextSize::new(to_u32(start))])
        };
        decoded.char_indices().map(origin).collect()
    }

    #[test]
    fn json_escapes_point_at_what_was_written() {
        let raw = r"a\n\u00e9\uD835\udcb3\/\d\ud800z";
        let (text, map) = for_json(raw, at(raw, 7));
        assert_eq!(text, "a\né𝒳/\\d\u{fffd}z");
        let origins = origins(raw, &text, &map, 7);
        let expected = ["a", r"\n", r"\u00e9", r"\uD835\udcb3", r"\/", "\\", "d", r"\ud800", "z"];
        assert_eq!(origins.iter().map(|(_, from)| *from).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_escaped_costs_no_allocation() {
        for carrier in ALL {
            let (text, map) = carrier.decode("plain é text", range(3, 16));
            assert!(matches!(text, Cow::Borrowed(_)));
            assert!(map.is_identity());
            assert_eq!(map.segments.capacity(), 0);
            assert_eq!(map.to_source(range(0, 5)), Some(range(3, 8)));
            assert_eq!(map.to_source(range(0, 14)), None);
        }
    }

    #[test]
    fn interpolations_are_holes() {
        let raw = r"a${f('}${b}', {c: 1})}\${x}$$${d}\u{1F600}";
        let (text, map) = for_bicep(raw, at(raw, 1));
        assert_eq!(text, format!("a{HOLE}${{x}}$$${{d}}\u{1f600}").replace("$$${d}", &format!("$${HOLE}")));
        let holes: Vec<_> = map.holes().map(|(_, source)| &raw[source - TextSize::new(1)]).collect();
        assert_eq!(holes, ["${f('}${b}', {c: 1})}", "${d}"]);
        assert_eq!(for_bicep("a${b", range(0, 4)).0, format!("a{HOLE}"));
    }

    #[test]
    fn multiline_strings_lose_their_first_line_end_only() {
        let raw = "\r\n a\\n${b}\n";
        let (text, map) = for_bicep_multiline(raw, at(raw, 3), 0);
        assert_eq!(text, " a\\n${b}\n");
        assert_eq!(map.to_source(range(1, 2)), Some(range(6, 7)));
        let (text, _) = for_bicep_multiline("${a}$${b}$$${c}", range(0, 15), 2);
        assert_eq!(text, format!("${{a}}{HOLE}${HOLE}"));
    }

    #[test]
    fn maps_compose() {
        let raw = r"[concat('it''s \u0022x\u0022', 'y')]";
        let (json, outer) = for_json(raw, at(raw, 1));
        assert_eq!(json, r#"[concat('it''s "x"', 'y')]"#);
        let literal = 9..19 - 2;
        let (text, inner) = for_arm_literal(&json[literal.clone()], range(literal.start, literal.end));
        let (full, both) = (text.clone(), outer.compose(&inner));
        assert_eq!(text, "it's \"x");
        let origins = origins(raw, &full, &both, 1);
        assert_eq!(
            origins.iter().map(|(_, from)| *from).collect::<Vec<_>>(),
            ["i", "t", "''", "s", " ", r"\u0022", "x"]
        );
    }

    proptest! {
        #[test]
        fn decodes_what_it_encodes(text in "[ab'\"\\\\$\\{\\}\n\r\té𝒳\u{0}\u{1f}\u{fffd}/u]{0,30}") {
            for carrier in ALL {
                let raw = carrier.encode(&text);
                let (decoded, _) = carrier.decode(&raw, at(&raw, 5));
                prop_assert_eq!(&*decoded, &*text, "{:?}: {}", carrier, raw);
            }
            let twice = Carrier::Json.encode(&Carrier::ArmLiteral.encode(&text));
            let (json, outer) = for_json(&twice, at(&twice, 2));
            let (literal, inner) = for_arm_literal(&json, at(&json, 0));
            prop_assert_eq!(&*literal, &*text);
            let both = outer.compose(&inner);
            prop_assert_eq!(both.len(), TextSize::of(&*text));
            check(&both, &literal, at(&twice, 2))?;
        }

        #[test]
        fn every_offset_maps_into_the_source_in_order(raw in "[ab'\"\\\\$\\{\\}nu0D8dcé𝒳]{0,30}", start in 0_usize..5) {
            for carrier in ALL {
                let (text, map) = carrier.decode(&raw, at(&raw, start));
                prop_assert_eq!(map.len(), TextSize::of(&*text));
                check(&map, &text, at(&raw, start))?;
            }
        }
    }

    fn check(map: &StringMap, text: &str, source: TextRange) -> Result<(), TestCaseError> {
        let mut last = source.start();
        for offset in (0..=text.len()).filter(|&offset| text.is_char_boundary(offset)) {
            let decoded = TextSize::new(to_u32(offset));
            let to = map.offset_to_source(decoded).unwrap();
            prop_assert!(source.contains_inclusive(to) && last <= to);
            prop_assert_eq!(map.to_decoded(to), decoded);
            last = to;
        }
        prop_assert_eq!(map.to_source(TextRange::up_to(TextSize::of(text))).unwrap(), source);
        Ok(())
    }
}
