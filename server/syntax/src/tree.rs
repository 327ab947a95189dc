//! Concrete syntax trees: parsing, re-parsing after edits, and what every walk over a tree needs.

use std::cell::RefCell;

use text_size::{TextRange, TextSize};
use tree_sitter::{InputEdit, Node, Parser, Tree, TreeCursor};

use crate::bicep::shallow;
use crate::edit::{common_end, common_start};
use crate::json;
use crate::text::{Language, SourceText};

/// How many nodes deep a walk follows a tree. What lies deeper is reported as a syntax error by [`crate::bicep`] and
/// [`crate::json`] and must be treated as unknown by everybody else, so that a file of a hundred thousand brackets
/// cannot exhaust the stack of a recursive walk.
pub const MAX_DEPTH: usize = 512;

/// A text with its syntax tree. Cheap to clone; parsing never fails, broken text gives a tree with gaps.
#[derive(Clone, Debug)]
pub struct SyntaxTree {
    language: Language,
    tree: Tree,
    text: SourceText,
    /// What was parsed instead of `text`, for the next edit; empty for Bicep.
    mask: json::Mask,
    /// Where the text is nested so deeply that it was not parsed; Bicep only.
    too_deep: Option<TextSize>,
}

impl SyntaxTree {
    /// The language the text was parsed as.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text that was parsed. All offsets in the tree are byte offsets into it.
    pub fn text(&self) -> &SourceText {
        &self.text
    }

    /// The whole text as a string slice.
    pub fn source(&self) -> &str {
        self.text.as_str()
    }

    /// The node that spans the file.
    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The tree itself, for queries and for comparing two trees.
    pub fn raw(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn too_deep(&self) -> Option<TextSize> {
        self.too_deep
    }

    pub(crate) fn mask(&self) -> &json::Mask {
        &self.mask
    }

    /// The smallest named node that touches `offset`; of two that meet there, the left one if it is a word or a string
    /// (that is where somebody types), else the right one.
    pub fn node_at(&self, offset: TextSize) -> Node<'_> {
        let at = usize::from(offset).min(self.source().len());
        let root = self.root();
        let right = root.named_descendant_for_byte_range(at, at).unwrap_or(root);
        let Some(before) = at.checked_sub(1) else { return right };
        match root.named_descendant_for_byte_range(before, before) {
            Some(left) if left.end_byte() == at && left.named_child_count() == 0 => left,
            _ => right,
        }
    }

    /// Whether a node that `range` touches could not be parsed. Says nothing of gaps that the Bicep grammar itself
    /// allows; for these see [`crate::bicep::survey`].
    pub fn has_error_in(&self, range: TextRange) -> bool {
        let root = self.root();
        let node = root.descendant_for_byte_range(usize::from(range.start()), usize::from(range.end()));
        node.unwrap_or(root).has_error()
    }
}

/// Finds the comments at places that are asked for in order. To look from the root on for each takes a walk over all its children,
/// of which a file of comments has as many as lines.
pub struct Comments<'t> {
    tree: &'t SyntaxTree,
    cursor: TreeCursor<'t>,
    last: usize,
    /// Up to here there is none any more.
    passed: usize,
}

impl<'t> Comments<'t> {
    /// Those of a tree.
    pub fn of(tree: &'t SyntaxTree) -> Self {
        Self { tree, cursor: tree.root().walk(), last: 0, passed: 0 }
    }

    /// The comment or directive around a byte; the grammars let these stand anywhere, and nothing else.
    pub fn at(&mut self, byte: usize) -> Option<TextRange> {
        if byte < self.last {
            *self = Self::of(self.tree);
        }
        self.last = byte;
        while byte >= self.passed {
            let node = self.cursor.node();
            if node.start_byte() > byte {
                return None;
            }
            if node.end_byte() > byte {
                if !self.cursor.goto_first_child() {
                    return node.is_extra().then(|| range_of(node));
                }
            } else if !self.cursor.goto_next_sibling() {
                // Behind the last child; the rest of its parent has no other node in it.
                if !self.cursor.goto_parent() {
                    return None;
                }
                self.passed = self.cursor.node().end_byte();
            }
        }
        None
    }
}

/// Parses a whole text.
pub fn parse(language: Language, text: SourceText) -> SyntaxTree {
    with_parser(language, |parser| match language {
        Language::Json => {
            let (tree, mask) = json::parse_masked(parser, &text, None);
            SyntaxTree { language, tree, text, mask, too_deep: None }
        }
        Language::Bicep | Language::BicepParam => parse_bicep(parser, language, text),
    })
}

/// Parses `text`, which `edits` made from the text of `old`, reusing what did not change.
///
/// `edits` are in the order they were made: the offsets of each one count in the text the ones before it left. An edit
/// that does not describe what happened gives a wrong tree, not a panic.
pub fn reparse(old: &SyntaxTree, text: SourceText, edits: &[InputEdit]) -> SyntaxTree {
    let language = old.language;
    with_parser(language, |parser| match language {
        Language::Json => {
            let (tree, mask) = json::parse_masked(parser, &text, Some((old, edits)));
            SyntaxTree { language, tree, text, mask, too_deep: None }
        }
        // What is blanked out may be something else after an edit.
        Language::Bicep | Language::BicepParam if old.too_deep.is_some() || shallow(text.as_str()).is_some() => {
            parse_bicep(parser, language, text)
        }
        Language::Bicep | Language::BicepParam => {
            let mut edited = old.tree.clone();
            for edit in edits {
                edited.edit(edit);
            }
            let tree = parse_plain(parser, text.as_str(), Some(&edited));
            // For text that the grammar accepts there is one tree. For other text there are several, and which one the
            // parser comes to depends on what it reuses.
            let tree = if tree.root_node().has_error() { parse_plain(parser, text.as_str(), None) } else { tree };
            SyntaxTree { language, tree, text, mask: json::Mask::default(), too_deep: None }
        }
    })
}

/// What two trees have in common at the beginning and at the end: as text, and as what the parser saw of it.
#[derive(Clone, Copy, Debug)]
pub struct SameEnds {
    pub(crate) head: usize,
    pub(crate) tail: usize,
    pub(crate) old_len: usize,
    pub(crate) new_len: usize,
}

impl SameEnds {
    /// What an edit left of `old` in `new`. `None` if what is the same text may all the same be another tree: where the grammar
    /// did not accept the whole, a node depends on what stands far away.
    pub fn of(old: &SyntaxTree, new: &SyntaxTree) -> Option<Self> {
        let is_whole = |tree: &SyntaxTree| !tree.root().has_error() && tree.too_deep.is_none();
        (old.language == new.language && is_whole(old) && is_whole(new)).then_some(())?;
        let (before, after) = (old.source().as_bytes(), new.source().as_bytes());
        let ends = Self::of_bytes(before, after);
        Some(if new.language == Language::Json { ends.as_parsed(old.mask(), new.mask()) } else { ends })
    }

    fn of_bytes(old: &[u8], new: &[u8]) -> Self {
        let head = common_start(old, new);
        let tail = common_end(&old[head..], &new[head..]);
        Self { head, tail, old_len: old.len(), new_len: new.len() }
    }

    /// Where in the old text stood what stands at this range of the new one. `None` if any of it changed, or the byte behind it.
    pub fn old_place(&self, new: TextRange) -> Option<TextRange> {
        let (start, end) = (usize::from(new.start()), usize::from(new.end()));
        if end < self.head {
            return Some(new);
        }
        let behind = self.new_len - self.tail;
        (start >= behind).then(|| TextRange::at(offset(start + self.old_len - self.new_len), new.len()))
    }
}

fn parse_bicep(parser: &mut Parser, language: Language, text: SourceText) -> SyntaxTree {
    let (tree, too_deep) = match shallow(text.as_str()) {
        Some((shallow, too_deep)) => (parse_plain(parser, shallow, None), Some(too_deep)),
        None => (parse_plain(parser, text.as_str(), None), None),
    };
    SyntaxTree { language, tree, text, mask: json::Mask::default(), too_deep }
}

/// Parses bytes as they are; `old` is a tree to which all edits were applied.
pub(crate) fn parse_plain(parser: &mut Parser, text: impl AsRef<[u8]>, old: Option<&Tree>) -> Tree {
    parser.parse(text, old).expect("a parser with a language and without a deadline always gives a tree")
}

/// The bytes a node covers.
pub fn range_of(node: Node<'_>) -> TextRange {
    TextRange::new(offset(node.start_byte()), offset(node.end_byte()))
}

/// A byte offset of tree-sitter's as one of ours.
///
/// # Panics
/// When the offset is beyond 4 GiB, which no [`SourceText`] is.
pub fn offset(byte: usize) -> TextSize {
    TextSize::try_from(byte).expect("texts are smaller than 4 GiB")
}

/// Runs `f` with this thread's parser of the language. A parser is kept because making one costs about as much as
/// parsing a screenful.
fn with_parser<R>(language: Language, f: impl FnOnce(&mut Parser) -> R) -> R {
    thread_local! {
        static JSON: RefCell<Parser> = RefCell::new(parser(&tree_sitter_json::LANGUAGE.into()));
        static BICEP: RefCell<Parser> = RefCell::new(parser(&grammar_bicep::LANGUAGE.into()));
    }
    let slot = match language {
        Language::Json => &JSON,
        Language::Bicep | Language::BicepParam => &BICEP,
    };
    slot.with(|parser| f(&mut parser.borrow_mut()))
}

fn parser(language: &tree_sitter::Language) -> Parser {
    let mut parser = Parser::new();
    parser.set_language(language).expect("the grammars are built for this version of tree-sitter");
    parser
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where in the old text stood what is marked in the new one.
    fn old_text<'t>(language: Language, old: &'t str, new: &str) -> Option<&'t str> {
        let (start, rest) = new.split_once('«').unwrap();
        let (marked, end) = rest.split_once('»').unwrap();
        let range = TextRange::at(offset(start.len()), offset(marked.len()));
        let tree = |text: &str| parse(language, SourceText::new(text));
        let ends = SameEnds::of(&tree(old), &tree(&[start, marked, end].concat()))?;
        ends.old_place(range).map(|range| &old[range])
    }

    #[test]
    fn what_stands_beside_an_edit_is_the_same() {
        let found = |old, new| old_text(Language::Bicep, old, new);
        let old = "var a = 1\nvar b = 2\nvar c = 3\n";
        assert_eq!(found(old, "«var a = 1»\nvar b = 20\nvar c = 3\n"), Some("var a = 1"));
        assert_eq!(found(old, "var a = 1\nvar b = 20\n«var c = 3»\n"), Some("var c = 3"));
        assert_eq!(found(old, "var a = 1\n«var b = 20»\nvar c = 3\n"), None);
        assert_eq!(found(old, "«var a = 1»0\nvar b = 2\nvar c = 3\n"), None, "it may go on");
        assert_eq!(found(old, "var a = 1\nparam d int\n«var b = 2»\nvar c = 3\n"), Some("var b = 2"));
        assert_eq!(found(old, "var a = 1\nvar b = 2\nvar c = 3\n«»"), Some(""));
        // Two like each other in a row: nobody can tell which of them is new.
        assert_eq!(found("var a = 1\nvar a = 1\n", "«var a = 1»\nvar a = 1\nvar a = 1\n"), Some("var a = 1"));
        assert_eq!(
            found(old, "«var a = 1»\nvar b = = 2\nvar c = 3\n"),
            None,
            "what was accepted may hang on what was not"
        );
    }

    #[test]
    fn what_the_parser_saw_otherwise_is_not_the_same() {
        let found = |old, new| old_text(Language::Json, old, new);
        assert_eq!(found(r#"{"a": [1], "b": 2}"#, r#"{"a": «[1]», "b": 20}"#), Some("[1]"));
        // The comma at the end counts as a blank, until something comes behind it.
        assert_eq!(found(r#"{"a": [1, ], "b": 2}"#, r#"{"a": «[1, ]», "b": 20}"#), Some("[1, ]"));
        // The bracket closes the string that was opened before.
        assert_eq!(found("{\"a\": [1], \"b\": 2}", "{\"a: «[1]», \"b\": 2}"), None);
    }

    #[test]
    fn long_texts_are_compared_to_the_byte() {
        for len in [1, 1023, 1024, 1025, 5000] {
            for at in [0, 1, len / 2, len - 1] {
                let old = "a".repeat(len);
                let new = [&old[..at], "b", &old[at..]].concat();
                let ends = SameEnds::of_bytes(old.as_bytes(), new.as_bytes());
                assert_eq!((ends.head, ends.tail), (at, len - at), "{len} bytes, typed at {at}");
                let back = SameEnds::of_bytes(new.as_bytes(), old.as_bytes());
                assert_eq!((back.head, back.tail), (at, len - at), "{len} bytes, deleted at {at}");
            }
        }
    }
}
