//! The text of a document and the language it is written in.

use std::sync::Arc;

use text_size::{TextRange, TextSize};

/// The language of a document. Parsing and writing ask for it; the template model does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// ARM JSON (`.json`, `.jsonc`, `.arm`): JSON with comments, trailing commas and strings over several lines.
    Json,
    /// Bicep (`.bicep`).
    Bicep,
    /// Bicep parameter files (`.bicepparam`): the same grammar, other statements.
    BicepParam,
}

/// An immutable text, cheap to clone. Offsets are bytes; a text is never larger than 4 GiB.
#[derive(Clone, Debug)]
pub struct SourceText {
    text: Arc<str>,
}

impl SourceText {
    /// A text that starts at offset 0. A byte order mark, if there is one, is part of it.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into() }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part of the text that `range` covers.
    pub fn slice(&self, range: TextRange) -> &str {
        &self.text[range]
    }

    /// The length in bytes.
    pub fn len(&self) -> TextSize {
        TextSize::of(&*self.text)
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}
