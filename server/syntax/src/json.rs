//! ARM JSON: the tree behind a mask, typed views of its nodes, what is wrong with a text, and whether it is a template.
//!
//! The only place that knows the node kinds of the JSON grammar. Read values through [`root`] and the views: they look
//! into the original text, so they tell what somebody wrote from what the mask made up to keep the tree whole.

use std::borrow::Cow;
use std::sync::OnceLock;

use text_size::TextRange;
use tree_sitter::{InputEdit, Node, Parser, Tree, TreeCursor};

use crate::SyntaxError;
use crate::string_map::{self, StringMap};
use crate::text::SourceText;
use crate::tree::{MAX_DEPTH, SameEnds, SyntaxTree, range_of};

mod kind;
mod mask;
#[cfg(test)]
mod tests;

pub use kind::{TemplateKind, looks_like_template};
pub(crate) use mask::Mask;
use mask::{Changed, Problem, ProblemKind, is_literal, is_word};

/// The value a file consists of: the first one, if there are several; `None` for a file without any.
pub fn root(tree: &SyntaxTree) -> Option<Value<'_>> {
    let source = tree.source();
    let mut cursor = tree.root().walk();
    if !cursor.goto_first_child() {
        return None;
    }
    loop {
        if let Some(value) = Value::cast(cursor.node(), source) {
            return Some(value);
        }
        if !cursor.goto_next_sibling() {
            return None;
        }
    }
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'t> {
    /// `{…}`
    Object(Object<'t>),
    /// `[…]`
    Array(Array<'t>),
    /// `"…"`
    String(Str<'t>),
    /// A number.
    Number(Scalar<'t>),
    /// `true` or `false`.
    Bool(Scalar<'t>, bool),
    /// `null`
    Null(Scalar<'t>),
    /// Something that could not be read. Its range is empty if there is nothing at all.
    Broken(TextRange),
}

impl<'t> Value<'t> {
    /// The view of a node; `None` for punctuation, comments and members.
    pub fn cast(node: Node<'t>, source: &'t str) -> Option<Self> {
        let kinds = kinds();
        let kind = node.kind_id();
        let scalar = Scalar { node, source };
        Some(if kind == kinds.object {
            Self::Object(Object { node, source })
        } else if kind == kinds.array {
            Self::Array(Array { node, source })
        } else if kind == kinds.string {
            Self::String(Str::new(node, source))
        } else if kind == kinds.number {
            if scalar.is_made_up() { Self::Broken(scalar.made_up_range()) } else { Self::Number(scalar) }
        } else if kind == kinds.true_ {
            Self::Bool(scalar, true)
        } else if kind == kinds.false_ {
            Self::Bool(scalar, false)
        } else if kind == kinds.null {
            Self::Null(scalar)
        } else if node.is_error() {
            Self::Broken(whole_characters(node.byte_range(), source))
        } else {
            return None;
        })
    }

    /// The bytes the value covers in the text.
    pub fn range(self) -> TextRange {
        match self {
            Self::Object(object) => object.range(),
            Self::Array(array) => array.range(),
            Self::String(string) => string.range(),
            Self::Number(scalar) | Self::Bool(scalar, _) | Self::Null(scalar) => scalar.range(),
            Self::Broken(range) => range,
        }
    }

    /// The object, if it is one.
    pub fn as_object(self) -> Option<Object<'t>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The array, if it is one.
    pub fn as_array(self) -> Option<Array<'t>> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The string, if it is one.
    pub fn as_str(self) -> Option<Str<'t>> {
        if let Self::String(string) = self { Some(string) } else { None }
    }
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> Object<'t> {
    /// From the opening brace to behind the closing one.
    pub fn range(self) -> TextRange {
        container_range(self.node, self.source, b'}')
    }

    /// Whether the closing brace is there. If not, what seems to be missing inside may stand behind.
    pub fn is_closed(self) -> bool {
        self.source.as_bytes()[self.node.end_byte() - 1] == b'}' && !self.node.has_error()
    }

    /// The members in order; a name that occurs twice comes twice.
    pub fn members(self) -> Members<'t> {
        let mut cursor = self.node.walk();
        let more = cursor.goto_first_child();
        Members { cursor, source: self.source, more, in_error: false }
    }

    /// The node, for keeping and comparing.
    pub fn node(self) -> Node<'t> {
        self.node
    }
}

/// The members of an object.
pub struct Members<'t> {
    cursor: TreeCursor<'t>,
    source: &'t str,
    more: bool,
    in_error: bool,
}

impl<'t> Iterator for Members<'t> {
    type Item = Member<'t>;

    fn next(&mut self) -> Option<Member<'t>> {
        while self.more {
            let node = self.cursor.node();
            let kinds = kinds();
            if node.kind_id() == kinds.pair {
                let member = self.pair(node);
                self.advance();
                if member.is_some() {
                    return member;
                }
            } else if node.is_error() && self.cursor.goto_first_child() {
                self.in_error = true;
            } else {
                let in_error = self.in_error;
                self.advance();
                if in_error && node.kind_id() == kinds.string {
                    let key = Str::new(node, self.source);
                    return Some(Member { key, value: None, range: key.range() });
                }
            }
        }
        None
    }
}

impl<'t> Members<'t> {
    fn advance(&mut self) {
        self.more = self.cursor.goto_next_sibling();
        if !self.more && self.in_error {
            self.in_error = false;
            self.cursor.goto_parent();
            self.more = self.cursor.goto_next_sibling();
        }
    }

    fn pair(&mut self, node: Node<'t>) -> Option<Member<'t>> {
        // A whole pair is a name, a colon and a value; asking for these costs less than steps of a cursor.
        if !node.has_error()
            && node.child_count() == 3
            && let (Some(key), Some(value)) = (node.child(0), node.child(2))
            && key.kind_id() == kinds().string
            && let Some(value) = Value::cast(value, self.source)
            && !matches!(value, Value::Broken(_))
        {
            let key = Str::new(key, self.source);
            let range = usize::from(key.range().start())..usize::from(value.range().end().max(key.range().end()));
            return Some(Member { key, value: Some(value), range: whole_characters(range, self.source) });
        }
        let mut key = None;
        let mut value = None;
        let mut more = self.cursor.goto_first_child();
        while more {
            let child = self.cursor.node();
            match (key, Value::cast(child, self.source)) {
                (None, Some(Value::String(string))) => key = Some(string),
                (Some(_), Some(found)) if value.is_none() || !child.is_error() => value = Some(found),
                _ => {}
            }
            // In a whole pair nothing comes behind the value; steps of a cursor are what reading a tree costs.
            more = (value.is_none() || node.has_error()) && self.cursor.goto_next_sibling();
        }
        self.cursor.goto_parent();
        let key = key?;
        let value = value.filter(|value| !matches!(value, Value::Broken(range) if range.is_empty()));
        let end = value.map_or_else(|| key.range().end(), |value| value.range().end());
        let end = end.max(key.range().end()).min(range_of(node).end().max(key.range().end()));
        let range = usize::from(key.range().start())..usize::from(end);
        Some(Member { key, value, range: whole_characters(range, self.source) })
    }
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member<'t> {
    /// The name.
    pub key: Str<'t>,
    /// The value; `None` while nobody has written one.
    pub value: Option<Value<'t>>,
    /// From the name to the end of the value.
    pub range: TextRange,
}

/// An array.
#[derive(Clone, Copy, Debug)]
pub struct Array<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> Array<'t> {
    /// From the opening bracket to behind the closing one.
    pub fn range(self) -> TextRange {
        container_range(self.node, self.source, b']')
    }

    /// Whether the closing bracket is there.
    pub fn is_closed(self) -> bool {
        self.source.as_bytes()[self.node.end_byte() - 1] == b']' && !self.node.has_error()
    }

    /// The elements in order.
    pub fn elements(self) -> Elements<'t> {
        let mut cursor = self.node.walk();
        let more = cursor.goto_first_child();
        Elements { cursor, source: self.source, more }
    }

    /// The node, for keeping and comparing.
    pub fn node(self) -> Node<'t> {
        self.node
    }
}

/// The elements of an array.
pub struct Elements<'t> {
    cursor: TreeCursor<'t>,
    source: &'t str,
    more: bool,
}

impl<'t> Iterator for Elements<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Value<'t>> {
        while self.more {
            let node = self.cursor.node();
            self.more = self.cursor.goto_next_sibling();
            if let Some(value) = Value::cast(node, self.source) {
                return Some(value);
            }
        }
        None
    }
}

/// A string, as a value or as a name.
#[derive(Clone, Copy, Debug)]
pub struct Str<'t> {
    node: Node<'t>,
    source: &'t str,
    /// Where the node begins and ends, asked once.
    start: usize,
    end: usize,
}

impl<'t> Str<'t> {
    fn new(node: Node<'t>, source: &'t str) -> Self {
        Self { node, source, start: node.start_byte(), end: node.end_byte() }
    }

    /// With the quotes, as far as they are there.
    pub fn range(self) -> TextRange {
        let (opens, (start, end), closes) = self.parts();
        TextRange::new(
            crate::tree::offset(start - usize::from(start > self.start && opens)),
            crate::tree::offset(end + usize::from(closes)),
        )
    }

    /// Without the quotes.
    pub fn inner_range(self) -> TextRange {
        let (_, (start, end), _) = self.parts();
        TextRange::new(crate::tree::offset(start), crate::tree::offset(end))
    }

    /// Whether it opens, the bytes between the quotes, and whether it closes.
    fn parts(self) -> (bool, (usize, usize), bool) {
        let (start, end) = (self.start, self.end);
        let is_quote = |at: usize| matches!(self.source.as_bytes().get(at), Some(b'"' | b'\''));
        // a quote that only the mask has may stand for one byte of a longer character, or behind the text
        let on_boundary = |at: usize| {
            if self.source.is_char_boundary(at) {
                return at;
            }
            (0..at).rev().find(|&at| self.source.is_char_boundary(at)).unwrap_or(0)
        };
        let inner = (on_boundary(start + 1), on_boundary(if end > start + 1 { end - 1 } else { start + 1 }));
        (is_quote(start), inner, end > start + 1 && is_quote(end - 1))
    }

    /// What is between the quotes, escapes and all.
    pub fn raw(self) -> &'t str {
        &self.source[self.inner_range()]
    }

    /// Whether both quotes are there.
    pub fn is_closed(self) -> bool {
        let (opens, _, closes) = self.parts();
        opens && closes
    }

    /// The text the string stands for.
    pub fn text(self) -> Cow<'t, str> {
        self.decode().0
    }

    /// The text the string stands for, and where each part of it comes from.
    pub fn decode(self) -> (Cow<'t, str>, StringMap) {
        string_map::for_json(self.raw(), self.inner_range())
    }

    /// The node, for keeping and comparing.
    pub fn node(self) -> Node<'t> {
        self.node
    }
}

/// A number, `true`, `false` or `null`.
#[derive(Clone, Copy, Debug)]
pub struct Scalar<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> Scalar<'t> {
    /// The bytes it covers.
    pub fn range(self) -> TextRange {
        range_of(self.node)
    }

    /// As it is written.
    pub fn text(self) -> &'t str {
        &self.source[self.node.byte_range()]
    }

    /// The node, for keeping and comparing.
    pub fn node(self) -> Node<'t> {
        self.node
    }

    /// Whether the mask put a number here where there is none.
    fn is_made_up(self) -> bool {
        let bytes = self.source.as_bytes();
        let goes_on = bytes.get(self.node.end_byte()).is_some_and(|&next| is_word(next));
        goes_on || !is_literal(&bytes[self.node.byte_range()])
    }

    /// The word (or over-deep bracket) that is no value; empty where there is nothing.
    fn made_up_range(self) -> TextRange {
        let (bytes, start) = (self.source.as_bytes(), self.node.start_byte());
        let len = match bytes.get(start) {
            // the mask goes on where the text ends
            None => 0,
            Some(b'{' | b'[') => 1,
            Some(_) => bytes[start..].iter().take_while(|&&byte| is_word(byte)).count(),
        };
        whole_characters(start..start + len, self.source)
    }
}

/// What is wrong with a text as JSON, in order; nothing for ARM JSON with its comments, trailing commas and strings over
/// several lines. One error a mistake, and no further one on the same line, since that would most likely be its
/// consequence.
pub fn syntax_errors(tree: &SyntaxTree) -> Vec<SyntaxError> {
    let source = tree.source();
    let mut errors: Vec<_> = tree.mask().problems().iter().map(|problem| in_words(problem, source)).collect();
    if errors.is_empty() && tree.root().has_error() {
        let range = whole_characters(first_error(tree.root()).byte_range(), source);
        errors.push(SyntaxError { range, message: "This is not valid JSON".to_owned(), started: None });
    }
    errors.sort_by_key(|error| error.range.start());
    errors
}

fn in_words(problem: &Problem, source: &str) -> SyntaxError {
    let found = &source[problem.range];
    let started = |label: &str| problem.started.map(|range| (range, label.to_owned()));
    let start_of_range = |label: &str| Some((TextRange::at(problem.range.start(), 1.into()), label.to_owned()));
    let name = problem.started.map_or("", |range| source[range].trim_matches(['"', '\'']));
    let (message, started) = match problem.kind {
        ProblemKind::MissingComma { in_object: true } => ("Expected a comma between two properties".to_owned(), None),
        ProblemKind::MissingComma { in_object: false } => ("Expected a comma between two elements".to_owned(), None),
        ProblemKind::MissingColon => {
            (format!("Expected `:` between the name `{name}` and its value"), started("the property starts here"))
        }
        ProblemKind::MissingColonAndValue => {
            (format!("Expected `:` and a value after the name `{name}`"), started("the property starts here"))
        }
        ProblemKind::MissingValue => (format!("Expected a value for `{name}`"), started("the property starts here")),
        ProblemKind::MissingName => (format!("Expected a property name in double quotes before `{found}`"), None),
        ProblemKind::MissingCloser { opener: b'{' } => {
            ("Expected `}` to close the object".to_owned(), started("the object starts here"))
        }
        ProblemKind::MissingCloser { .. } => {
            ("Expected `]` to close the array".to_owned(), started("the array starts here"))
        }
        ProblemKind::UnclosedString => {
            ("Expected `\"` at the end of this string".to_owned(), start_of_range("the string starts here"))
        }
        ProblemKind::UnclosedComment => {
            ("Expected `*/` to end the comment".to_owned(), start_of_range("the comment starts here"))
        }
        ProblemKind::UnopenedString => ("Expected `\"` before this name".to_owned(), None),
        ProblemKind::StrayQuote => ("This quote ends the string; inside of one write `\\\"`".to_owned(), None),
        ProblemKind::SingleQuotes => ("JSON strings take double quotes, not single ones".to_owned(), None),
        ProblemKind::UnquotedName => (format!("Expected double quotes around the name `{}`", shortened(found)), None),
        ProblemKind::NotAValue => (not_a_value(found), None),
        ProblemKind::ExtraComma => ("There is one comma too many".to_owned(), None),
        ProblemKind::ExtraCloser => (format!("There is nothing open that this `{found}` could close"), None),
        ProblemKind::SecondRoot => ("Expected the end of the file: a JSON file holds one value".to_owned(), None),
        ProblemKind::Unexpected => (format!("`{}` does not belong here", shortened(found)), None),
        ProblemKind::TooDeep => (format!("Nested too deeply: more than {MAX_DEPTH} levels"), None),
    };
    SyntaxError { range: problem.range, message, started }
}

fn not_a_value(word: &str) -> String {
    let meant = match word.to_ascii_lowercase().as_str() {
        "true" => Some("true"),
        "false" => Some("false"),
        "null" | "none" | "nil" | "undefined" => Some("null"),
        _ => None,
    };
    match meant {
        Some(meant) => format!("`{word}` is not a JSON value; write `{meant}`"),
        None if word.starts_with(|first: char| first.is_ascii_digit() || first == '-' || first == '.') => {
            format!("`{}` is not a JSON number", shortened(word))
        }
        None => format!("`{}` is not a JSON value; text needs double quotes", shortened(word)),
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 30;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The first thing the parser could not read.
fn first_error(root: Node<'_>) -> Node<'_> {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return node;
        }
        let inside = node.has_error() && cursor.goto_first_child();
        if !inside {
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return root;
                }
            }
        }
    }
}

/// Parses `text`; with `old`, reuses its tree (no edits were applied to it yet).
pub(crate) fn parse_masked(
    parser: &mut Parser,
    text: &SourceText,
    old: Option<(&SyntaxTree, &[InputEdit])>,
) -> (Tree, Mask) {
    let changed = old.and_then(|(old, edits)| changed(old, edits, text));
    let mask = match (old, changed) {
        (Some((old, _)), Some(changed)) => Mask::after(old.mask(), text.as_str(), changed),
        _ => Mask::of(text.as_str()),
    };
    let old = old.zip(changed).map(|((old, edits), changed)| (old, edits, changed)).filter(|_| !mask.is_incomplete());
    if let Some(old) = old.map(|(old, edits, changed)| edited_tree(old, edits, changed, text, &mask)) {
        let tree = parse(parser, text, &mask, Some(&old));
        // For text that the grammar accepts there is one tree. For other text there are several, and which one the parser
        // comes to depends on what it reuses.
        if !tree.root_node().has_error() {
            return (tree, mask);
        }
    }
    (parse(parser, text, &mask, None), mask)
}

fn parse(parser: &mut Parser, text: &SourceText, mask: &Mask, old: Option<&Tree>) -> Tree {
    let bytes = text.as_str().as_bytes();
    parser
        .parse_with_options(&mut |offset, _| mask.chunk(bytes, offset), old, None)
        .expect("a parser with a language and without a deadline always gives a tree")
}

/// What all the edits leave as it was; `None` if they do not describe what happened.
fn changed(old: &SyntaxTree, edits: &[InputEdit], text: &SourceText) -> Option<Changed> {
    let (old_len, new_len) = (old.source().len(), text.as_str().len());
    let mut len = old_len;
    let (mut start, mut tail) = (usize::MAX, usize::MAX);
    for edit in edits {
        start = start.min(edit.start_byte);
        tail = tail.min(len.checked_sub(edit.old_end_byte)?);
        len = (len + edit.new_end_byte).checked_sub(edit.old_end_byte)?;
    }
    if len != new_len {
        return None;
    }
    if edits.is_empty() {
        (start, tail) = (len, 0);
    }
    Some(Changed { start, old_end: old_len - tail, new_end: new_len - tail })
}

/// The old tree, told of everything that is different in the new *mask*: an edit of a quote may change it far away.
fn edited_tree(old: &SyntaxTree, edits: &[InputEdit], changed: Changed, text: &SourceText, mask: &Mask) -> Tree {
    let (old_text, new_text) = (old.source().as_bytes(), text.as_str().as_bytes());
    let (head, tail) = (changed.start, old_text.len() - changed.old_end);
    let ends = SameEnds { head, tail, old_len: old_text.len(), new_len: new_text.len() };
    let SameEnds { head, tail, .. } = ends.as_parsed(old.mask(), mask);
    let mut tree = old.raw().clone();
    let (old_end, new_end) = (old_text.len() - tail, new_text.len() - tail);
    if !(edits.is_empty() && old_end == new_end && head >= old_end) {
        tree.edit(&InputEdit {
            start_byte: head,
            old_end_byte: old_end,
            new_end_byte: new_end,
            start_position: mask.point(new_text, head),
            old_end_position: old.mask().point(old_text, old_end),
            new_end_position: mask.point(new_text, new_end),
        });
    }
    tree
}

impl SameEnds {
    /// The same of what two masks make of two texts.
    pub(crate) fn as_parsed(self, old: &Mask, new: &Mask) -> Self {
        let (mut head, mut tail) = (self.head, self.tail);
        let (before, after) = (old.patches(), new.patches());
        let same = before.iter().zip(after).take_while(|(a, b)| a == b && a.end() as usize <= head).count();
        for patch in before.get(same).into_iter().chain(after.get(same)) {
            head = head.min(patch.start as usize);
        }
        let from_end = |len: usize, at: u32| len - at as usize;
        let same_behind = before[same..]
            .iter()
            .rev()
            .zip(after[same..].iter().rev())
            .take_while(|(a, b)| {
                let distance = from_end(self.old_len, a.start);
                distance <= tail && distance == from_end(self.new_len, b.start) && (a.len, a.with) == (b.len, b.with)
            })
            .count();
        let last = |patches: &[mask::Patch]| {
            patches.len().checked_sub(same_behind + 1).filter(|&at| at >= same).map(|at| patches[at])
        };
        if let Some(patch) = last(before) {
            tail = tail.min(from_end(self.old_len, patch.end()));
        }
        if let Some(patch) = last(after) {
            tail = tail.min(from_end(self.new_len, patch.end()));
        }
        Self { head, tail, ..self }
    }
}

/// A range of the mask, which may end inside a character that the mask wrote over.
fn whole_characters(bytes: std::ops::Range<usize>, source: &str) -> TextRange {
    let (mut start, mut end) = (bytes.start, bytes.end);
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    while !source.is_char_boundary(end) {
        end += 1;
    }
    TextRange::new(crate::tree::offset(start), crate::tree::offset(end))
}

/// The range of a node without the closer that only the mask has.
fn container_range(node: Node<'_>, source: &str, closer: u8) -> TextRange {
    let bytes = &source.as_bytes()[node.byte_range()];
    if bytes.last() == Some(&closer) {
        return range_of(node);
    }
    let content = bytes.trim_ascii_end().len().max(1);
    whole_characters(node.start_byte()..node.start_byte() + content, source)
}

/// The numbers of the node kinds.
struct Kinds {
    object: u16,
    array: u16,
    string: u16,
    number: u16,
    true_: u16,
    false_: u16,
    null: u16,
    pair: u16,
}

fn kinds() -> &'static Kinds {
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    KINDS.get_or_init(|| {
        let language = tree_sitter::Language::from(tree_sitter_json::LANGUAGE);
        let kind = |name| language.id_for_node_kind(name, true);
        Kinds {
            object: kind("object"),
            array: kind("array"),
            string: kind("string"),
            number: kind("number"),
            true_: kind("true"),
            false_: kind("false"),
            null: kind("null"),
            pair: kind("pair"),
        }
    })
}
