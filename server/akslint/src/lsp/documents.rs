//! The documents that the client has open: immutable snapshots, one behind the other.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use lsp_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};
use syntax::carriers::{Carrier, calls_az};
use syntax::json::{TemplateKind, looks_like_template};
use syntax::shell::Shell;
use syntax::text::PendingText;
use syntax::{Encoding, InputEdit, Language, SourceText, SyntaxTree};
use template::workspace::{SourceFile, carrier_of};
use text_size::TextRange;
use thiserror::Error;

use super::analyse::{Analysis, Surroundings, lock};
use super::from_proto;
use super::uri;
use crate::{files, registry};

/// All open documents. Nothing borrowed from the map ever leaves this file: what is given out is an [`Arc`], and no
/// lock is held while it is looked at.
#[derive(Debug, Default)]
pub(super) struct Documents {
    map: DashMap<Uri, Arc<Document>>,
    paths: DashMap<PathBuf, Uri>,
    openings: AtomicU64,
}

/// One version of one document.
#[derive(Debug)]
pub(super) struct Document {
    /// What the client calls it.
    pub(super) uri: Uri,
    /// Its file, if it has one.
    pub(super) path: Option<PathBuf>,
    /// The version the client gave it.
    pub(super) version: i32,
    /// Counts how often documents were opened, from 1; 0 for one that is not open. Versions of the same opening can be
    /// compared, others cannot.
    pub(super) opening: u64,
    /// The language to read it as.
    pub(super) dialect: Dialect,
    /// The text.
    pub(super) text: SourceText,
    /// Why the text may not be what the client has, if so.
    pub(super) lost: Option<Box<str>>,
    /// Why the text is not looked at, if so.
    refused: OnceLock<Option<Box<str>>>,
    parsed: OnceLock<SyntaxTree>,
    /// A tree of an earlier version and the edits since.
    before: Option<(SyntaxTree, Vec<InputEdit>)>,
    /// What an earlier version declared, until it is known what this one does.
    file_before: Mutex<Option<Arc<SourceFile>>>,
    file: OnceLock<Arc<SourceFile>>,
    content: OnceLock<Arc<SourceFile>>,
    /// What was around it last.
    pub(super) around: Mutex<Option<Arc<Surroundings>>>,
    /// What was found last, and out of what.
    pub(super) analysis: Mutex<Option<Arc<Analysis>>>,
}

/// The language of a document as far as the client told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A template or parameter file for sure.
    Template(Language),
    /// Any JSON: a template if it says so.
    Json,
    /// A script, or what carries scripts.
    Carrier(Carrier),
    /// Nothing for us.
    Other,
}

/// An edit that does not fit the document it is for. The client and we disagree about the text.
#[derive(Debug, Error)]
pub(super) enum OutOfSync {
    /// The client never opened the document, or closed it.
    #[error("it is not open")]
    NotOpen,
    /// Versions have to increase.
    #[error("version {new} comes after version {old}")]
    Version {
        /// The version that the document has.
        old: i32,
        /// The version that came.
        new: i32,
    },
    /// The range is not in the text.
    #[error("{0}")]
    Position(#[from] syntax::OutOfSync),
    /// The range ends before it starts.
    #[error("a range ends before it starts")]
    Reversed,
}

impl Documents {
    /// Stores a document that the client opened, in the place of whatever was there.
    pub(super) fn open(&self, item: TextDocumentItem) -> Arc<Document> {
        let path = uri::to_path(&item.uri);
        let named = path.as_deref().unwrap_or(Path::new(item.uri.path().as_str()));
        let dialect = dialect(&item.language_id, named, &item.text);
        let document = Arc::new(Document {
            version: item.version,
            opening: self.openings.fetch_add(1, Ordering::Relaxed) + 1,
            ..Document::new(item.uri.clone(), path.clone(), dialect, SourceText::new(item.text))
        });
        if let Some(path) = path {
            self.paths.insert(path, item.uri);
        }
        self.map.insert(document.uri.clone(), document.clone());
        document
    }

    /// Applies the changes from left to right. On an error the document is as before.
    pub(super) fn change(
        &self,
        uri: &Uri,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Result<Arc<Document>, OutOfSync> {
        // Only the protocol task changes documents, one message after the other: nobody comes between these two steps.
        let old = self.get(uri).ok_or(OutOfSync::NotOpen)?;
        let new = Arc::new(old.edited(version, changes, encoding)?);
        self.map.insert(uri.clone(), new.clone());
        Ok(new)
    }

    /// From now on the text of the document is not to be trusted. `None` if it is not open or already was not trusted.
    pub(super) fn lose_track(&self, uri: &Uri, reason: &str) -> Option<Arc<Document>> {
        match self.map.entry(uri.clone()) {
            Entry::Occupied(mut entry) if entry.get().lost.is_none() => {
                let lost = Arc::new(entry.get().lost(reason));
                entry.insert(lost.clone());
                Some(lost)
            }
            _ => None,
        }
    }

    /// Forgets a document.
    pub(super) fn close(&self, uri: &Uri) -> Option<Arc<Document>> {
        let (_, document) = self.map.remove(uri)?;
        if let Some(path) = &document.path {
            self.paths.remove_if(path, |_, open| open == uri);
        }
        Some(document)
    }

    /// The open document of that path.
    pub(super) fn at(&self, path: &Path) -> Option<Arc<Document>> {
        let uri = self.paths.get(path).map(|entry| entry.value().clone())?;
        self.get(&uri)
    }

    /// The document as it is now.
    pub(super) fn get(&self, uri: &Uri) -> Option<Arc<Document>> {
        self.map.get(uri).map(|entry| entry.value().clone())
    }

    /// Whether `document` is what [`Self::get`] would return.
    pub(super) fn is_current(&self, document: &Arc<Document>) -> bool {
        self.map.get(&document.uri).is_some_and(|entry| Arc::ptr_eq(entry.value(), document))
    }

    /// All documents as they are now, sorted by name.
    pub(super) fn all(&self) -> Vec<Arc<Document>> {
        let mut all: Vec<_> = self.map.iter().map(|entry| entry.value().clone()).collect();
        all.sort_by(|a, b| a.uri.cmp(&b.uri));
        all
    }
}

impl Dialect {
    /// The language to parse it as.
    pub(super) fn language(self) -> Language {
        match self {
            Self::Template(language) => language,
            Self::Json | Self::Carrier(_) | Self::Other => Language::Json,
        }
    }
}

impl Document {
    /// The version, for the client; `None` if it is not open.
    pub(super) fn open_version(&self) -> Option<i32> {
        (self.opening > 0).then_some(self.version)
    }

    /// Why it is not looked at, if so: what the command line refuses, the server does as well.
    pub(super) fn refused(&self) -> Option<&str> {
        let reason = || files::refusal(self.text.as_str().as_bytes()).map(String::into_boxed_str);
        self.refused.get_or_init(reason).as_deref()
    }

    /// Whether it has to do with us, and is looked at. Costs a look at the text, not a parse.
    pub(super) fn is_template(&self) -> bool {
        self.refused().is_none() && self.looks_like_ours()
    }

    fn looks_like_ours(&self) -> bool {
        match self.dialect {
            Dialect::Template(_) => true,
            Dialect::Json => looks_like_template(self.text.as_str()) != TemplateKind::Other,
            Dialect::Carrier(_) => calls_az(self.text.as_str()),
            Dialect::Other => false,
        }
    }

    /// The path to speak of: its file, or what stands in its URI.
    pub(super) fn display_path(&self) -> PathBuf {
        self.path.clone().unwrap_or_else(|| PathBuf::from(self.uri.as_str()))
    }

    /// The tree and what it declares. Parses and lowers when first asked: not on the protocol task. `None` for what is
    /// no template.
    pub(super) fn file(&self) -> Option<&Arc<SourceFile>> {
        if !self.is_template() {
            return None;
        }
        Some(self.file.get_or_init(|| {
            let before = lock(&self.file_before).take();
            Arc::new(match (self.dialect, before) {
                (Dialect::Carrier(carrier), _) => SourceFile::carrying(self.display_path(), self.text.clone(), carrier),
                (_, Some(before)) => {
                    SourceFile::from_edited_tree(before, self.tree().clone()).with_cache(registry::cache())
                }
                (_, None) => {
                    SourceFile::from_tree(self.display_path(), self.tree().clone()).with_cache(registry::cache())
                }
            })
        }))
    }

    /// Why a document that has to do with us is not looked at, if so.
    pub(super) fn refused_although_ours(&self) -> Option<&str> {
        self.refused().filter(|_| self.looks_like_ours())
    }

    /// It is JSON, but nobody knows of what.
    pub(super) fn is_other_json(&self) -> bool {
        matches!(self.dialect, Dialect::Json) && self.refused().is_none() && !self.is_template()
    }

    /// The file as others see it that refer to it: of what is no template, the content.
    pub(super) fn referred_to(&self) -> &Arc<SourceFile> {
        self.file().unwrap_or_else(|| {
            self.content.get_or_init(|| Arc::new(SourceFile::content(self.display_path(), self.text.clone())))
        })
    }

    fn tree(&self) -> &SyntaxTree {
        self.parsed.get_or_init(|| match &self.before {
            Some((tree, edits)) => {
                let tree = syntax::reparse(tree, self.text.clone(), edits);
                debug_assert_eq!(
                    tree.root().to_sexp(),
                    syntax::parse(tree.language(), self.text.clone()).root().to_sexp(),
                    "the incremental tree is the fresh tree"
                );
                tree
            }
            None => syntax::parse(self.dialect.language(), self.text.clone()),
        })
    }

    fn edited(
        &self,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Result<Self, OutOfSync> {
        if version <= self.version {
            return Err(OutOfSync::Version { old: self.version, new: version });
        }
        let mut pending = PendingText::new(&self.text);
        // A whole text puts right whatever went wrong before.
        let mut lost = self.lost.clone();
        for change in changes {
            match change.range {
                None => {
                    pending.replace_all(&change.text);
                    lost = None;
                }
                Some(_) if lost.is_some() => {}
                Some(range) => {
                    let start = pending.offset(from_proto::position(range.start), encoding)?;
                    let end = pending.offset(from_proto::position(range.end), encoding)?;
                    if end < start {
                        return Err(OutOfSync::Reversed);
                    }
                    pending.replace(TextRange::new(start, end), &change.text)?;
                }
            }
        }
        let (text, change) = pending.finish();
        let edit = change.map(|change| change.input_edit(self.text.as_str(), text.as_str()));
        let file_before = Mutex::new(self.file.get().cloned().or_else(|| lock(&self.file_before).take()));
        Ok(Self { version, before: self.base_of_next(edit), file_before, text, lost, ..self.anew() })
    }

    fn lost(&self, reason: &str) -> Self {
        Self { lost: Some(reason.into()), before: self.base_of_next(None), ..self.anew() }
    }

    /// The newest tree there is, and the edits from it to the next version.
    fn base_of_next(&self, edit: Option<InputEdit>) -> Option<(SyntaxTree, Vec<InputEdit>)> {
        /// Beyond so many edits without anybody asking for a tree, none is kept.
        const MANY: usize = 1000;
        let (tree, mut edits) = match (self.parsed.get(), &self.before) {
            (Some(tree), _) => (tree.clone(), Vec::new()),
            (None, Some((tree, edits))) if edits.len() < MANY => (tree.clone(), edits.clone()),
            (None, _) => return None,
        };
        edits.extend(edit);
        Some((tree, edits))
    }

    /// The same without what was computed.
    fn anew(&self) -> Self {
        Self {
            version: self.version,
            opening: self.opening,
            lost: self.lost.clone(),
            ..Self::new(self.uri.clone(), self.path.clone(), self.dialect, self.text.clone())
        }
    }

    fn new(uri: Uri, path: Option<PathBuf>, dialect: Dialect, text: SourceText) -> Self {
        Self {
            uri,
            path,
            version: 0,
            opening: 0,
            dialect,
            text,
            lost: None,
            refused: OnceLock::new(),
            parsed: OnceLock::new(),
            before: None,
            file_before: Mutex::default(),
            file: OnceLock::new(),
            content: OnceLock::new(),
            around: Mutex::default(),
            analysis: Mutex::default(),
        }
    }
}

/// The language by the client's name for it; by the extension if that name says nothing, and else by how the text begins.
fn dialect(language_id: &str, path: &Path, text: &str) -> Dialect {
    match language_id.to_ascii_lowercase().as_str() {
        "arm-template" | "arm-deployment-parameters" => return Dialect::Template(Language::Json),
        "bicep" => {
            // Editors that know only one of the two languages open both as `bicep`.
            return Dialect::Template(match files::language_by_name(path) {
                Some(Language::BicepParam) => Language::BicepParam,
                _ => Language::Bicep,
            });
        }
        "bicep-params" | "bicepparam" => return Dialect::Template(Language::BicepParam),
        "json" | "jsonc" | "json5" | "jsonl" => return Dialect::Json,
        "shellscript" | "sh" | "bash" | "zsh" | "azurecli" | "azcli" => {
            return Dialect::Carrier(Carrier::Script(Shell::Bash));
        }
        "powershell" | "ps1" => return Dialect::Carrier(Carrier::Script(Shell::PowerShell)),
        "bat" | "dosbatch" | "cmd" => return Dialect::Carrier(Carrier::Script(Shell::Cmd)),
        "yaml" | "yml" | "github-actions-workflow" | "azure-pipelines" => return Dialect::Carrier(Carrier::Yaml),
        "markdown" | "md" => return Dialect::Carrier(Carrier::Markdown),
        _ => {}
    }
    match (files::language_by_name(path), carrier_of(path)) {
        (Some(Language::Json), _) => Dialect::Json,
        (Some(language), _) => Dialect::Template(language),
        (None, Some(carrier)) => Dialect::Carrier(carrier),
        (None, None) if files::head_of_template(text.as_bytes()) => Dialect::Json,
        (None, None) => Dialect::Other,
    }
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, Range};

    use super::*;

    fn documents(text: &str) -> (Documents, Uri) {
        let documents = Documents::default();
        let uri: Uri = "file:///a.bicep".parse().unwrap();
        documents.open(TextDocumentItem::new(uri.clone(), "bicep".to_owned(), 1, text.to_owned()));
        (documents, uri)
    }

    fn change(line: u32, from: u32, to: u32, text: &str) -> TextDocumentContentChangeEvent {
        let range = Range::new(Position::new(line, from), Position::new(line, to));
        TextDocumentContentChangeEvent { range: Some(range), range_length: None, text: text.to_owned() }
    }

    fn whole(text: &str) -> TextDocumentContentChangeEvent {
        TextDocumentContentChangeEvent { range: None, range_length: None, text: text.to_owned() }
    }

    #[test]
    fn changes_are_applied_from_left_to_right() {
        let (documents, uri) = documents("é𝒳b\n");
        let changes = [change(0, 1, 3, "y"), change(0, 2, 2, "z"), change(1, 0, 0, "end")];
        let document = documents.change(&uri, 2, &changes, Encoding::Utf16).unwrap();
        assert_eq!((document.text.as_str(), document.version), ("éyzb\nend", 2));
        let document = documents.change(&uri, 5, &[whole("all new"), change(0, 0, 3, "")], Encoding::Utf16).unwrap();
        assert_eq!((document.text.as_str(), document.version), (" new", 5));
    }

    #[test]
    fn a_change_that_does_not_fit_changes_nothing() {
        let (documents, uri) = documents("𝒳\n");
        let reversed = change(0, 2, 0, "x");
        for (version, changes) in [
            (1, vec![change(0, 0, 0, "x")]),
            (2, vec![change(0, 0, 0, "x"), change(0, 2, 2, "x")]),
            (2, vec![change(7, 0, 0, "x")]),
            (2, vec![reversed]),
        ] {
            assert!(documents.change(&uri, version, &changes, Encoding::Utf16).is_err(), "{changes:?}");
            assert_eq!(documents.get(&uri).unwrap().text.as_str(), "𝒳\n");
        }
        assert!(matches!(
            documents.change(&"file:///b".parse().unwrap(), 1, &[], Encoding::Utf16),
            Err(OutOfSync::NotOpen)
        ));
    }

    #[test]
    fn a_whole_text_ends_a_loss() {
        let (documents, uri) = documents("a");
        assert!(documents.lose_track(&uri, "reason").is_some());
        assert!(documents.lose_track(&uri, "again").is_none());
        let document = documents.change(&uri, 2, &[change(0, 9, 9, "x")], Encoding::Utf16).unwrap();
        assert_eq!((document.text.as_str(), document.lost.as_deref()), ("a", Some("reason")));
        let document = documents.change(&uri, 3, &[whole("b"), change(0, 1, 1, "c")], Encoding::Utf16).unwrap();
        assert_eq!((document.text.as_str(), document.lost.as_deref()), ("bc", None));
    }

    #[test]
    fn a_reopened_document_is_another_one() {
        let (documents, uri) = documents("a");
        let old = documents.get(&uri).unwrap();
        documents.close(&uri);
        assert!(!documents.is_current(&old));
        documents.open(TextDocumentItem::new(uri, "bicep".to_owned(), 1, "a".to_owned()));
        assert!(!documents.is_current(&old));
    }

    #[test]
    fn a_tree_follows_edits_that_nobody_asked_about() {
        let (documents, uri) = documents("param a string\n");
        documents.get(&uri).unwrap().tree();
        for version in 2..8 {
            documents.change(&uri, version, &[change(0, 0, 0, "param b int\n")], Encoding::Utf16).unwrap();
        }
        let document = documents.get(&uri).unwrap();
        assert_eq!(document.before.as_ref().unwrap().1.len(), 6);
        assert_eq!(
            document.tree().root().child_count(),
            syntax::parse(Language::Bicep, document.text.clone()).root().child_count()
        );
    }

    #[test]
    fn the_language_is_known_by_id_then_by_extension() {
        let known = |id: &str, path: &str| dialect(id, Path::new(path), "");
        assert_eq!(known("arm-template", "x.txt"), Dialect::Template(Language::Json));
        assert_eq!(known("bicep", "x.bicepparam"), Dialect::Template(Language::BicepParam));
        assert_eq!(known("bicep", "x"), Dialect::Template(Language::Bicep));
        assert_eq!(known("bicep-params", "x"), Dialect::Template(Language::BicepParam));
        assert_eq!(known("jsonc", "x.bicep"), Dialect::Json);
        assert_eq!(known("plaintext", "x.BICEP"), Dialect::Template(Language::Bicep));
        assert_eq!(known("", "azuredeploy.json"), Dialect::Json);
        assert_eq!(known("rust", "x.rs"), Dialect::Other);
        let template =
            r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#" }"#;
        assert_eq!(dialect("plaintext", Path::new("aks.template"), template), Dialect::Json);
    }
}
