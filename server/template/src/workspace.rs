//! The files that are looked at together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, SourceText, SyntaxError, SyntaxTree};
use text_size::TextRange;

use crate::Template;
use crate::lower::lower_with_errors;

/// One file, parsed and lowered. Immutable: an edit makes a new one.
#[derive(Debug)]
pub struct SourceFile {
    /// As the user named it; relative paths stay relative.
    pub path: PathBuf,
    /// The text.
    pub text: SourceText,
    /// Its tree; `None` for JSON that is no template, which is not worth parsing.
    pub tree: Option<SyntaxTree>,
    /// What the parser had to guess, in the order of the text. Empty for JSON that is no template: what it should be is
    /// not known.
    pub syntax_errors: Vec<SyntaxError>,
    /// What it declares; `None` when it is no template (any other JSON file).
    pub template: Option<Template>,
    language: Language,
}

impl SourceFile {
    /// Parses and lowers a text. The language is that of the path's extension.
    pub fn parse(path: impl Into<PathBuf>, text: SourceText) -> Self {
        let path = path.into();
        let language = language_of(&path);
        let is_other = language == Language::Json && looks_like_template(text.as_str()) == TemplateKind::Other;
        if is_other {
            return Self { path, text, tree: None, syntax_errors: Vec::new(), template: None, language };
        }
        Self::from_tree(path, syntax::parse(language, text))
    }

    /// Lowers a text that is parsed already. The language is that of the tree, whatever the path says.
    pub fn from_tree(path: impl Into<PathBuf>, tree: SyntaxTree) -> Self {
        let (template, errors) = lower_with_errors(&tree);
        let syntax_errors = if template.is_some() { errors } else { Vec::new() };
        let (text, language) = (tree.text().clone(), tree.language());
        Self { path: path.into(), text, tree: Some(tree), syntax_errors, template, language }
    }

    /// The language it is written in.
    pub fn language(&self) -> Language {
        self.language
    }
}

/// The language of a file, by its extension: Bicep and Bicep parameter files by theirs, everything else is JSON.
pub fn language_of(path: &Path) -> Language {
    let extension = path.extension().unwrap_or_default();
    if extension.eq_ignore_ascii_case("bicep") {
        Language::Bicep
    } else if extension.eq_ignore_ascii_case("bicepparam") {
        Language::BicepParam
    } else {
        Language::Json
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
    /// In a folder of thousands, every reference to a module would look at every file.
    by_path: Arc<FxHashMap<PathBuf, FileId>>,
}

impl Workspace {
    /// A workspace of these files; their ids count from 0 in this order.
    pub fn new(files: Vec<Arc<SourceFile>>) -> Self {
        let mut by_path = FxHashMap::default();
        for (id, file) in (0..).map(FileId).zip(&files) {
            by_path.entry(file.path.clone()).or_insert(id);
        }
        Self { files, by_path: Arc::new(by_path) }
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
        self.by_path.get(path).copied()
    }
}
