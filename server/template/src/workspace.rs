//! The files that are looked at together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use syntax::{Language, SourceText, SyntaxError, SyntaxTree};
use text_size::TextRange;

use crate::Template;

/// One file, read and lowered. Immutable: an edit makes a new one.
#[derive(Debug)]
pub struct SourceFile {
    /// As the user named it; relative paths stay relative.
    pub path: PathBuf,
    /// The text.
    pub text: SourceText,
    /// Its tree.
    pub tree: SyntaxTree,
    /// What the parser had to guess.
    pub syntax_errors: Vec<SyntaxError>,
    /// What it declares; `None` when it is no template (any other JSON file).
    pub template: Option<Template>,
}

impl SourceFile {
    /// The language it is written in.
    pub fn language(&self) -> Language {
        self.tree.language()
    }
}

/// A file of a [`Workspace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// In bytes of that file's text.
    pub range: TextRange,
}

/// Files that may refer to each other, each a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    files: Vec<Arc<SourceFile>>,
}

impl Workspace {
    /// A workspace of these files; their ids count from 0 in this order.
    pub fn new(files: Vec<Arc<SourceFile>>) -> Self {
        Self { files }
    }

    /// The file of that id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files with their ids.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(self.files.iter().map(AsRef::as_ref))
    }

    /// The file at that path, compared as written.
    pub fn file_at(&self, path: &Path) -> Option<FileId> {
        self.files().find(|(_, file)| file.path == path).map(|(id, _)| id)
    }
}
