//! What is known of the files in the workspace that are not open: who refers to whom, and what they declare. Nothing else of
//! them is kept, and nothing is read before somebody needs it or again before it changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use ide::View;
use lsp_types::Range;
use template::model::TemplateKind;
use template::workspace::Workspace;

use super::analyse::{Cancel, DOCUMENT, lock};
use super::session::Session;
use super::to_proto;
use crate::files;

/// Files beyond this number are not looked at: somebody opened a whole disk.
const MOST_FILES: usize = 20_000;

/// The index. It is brought up to date by [`Index::refresh`], which takes as long as reading what changed.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Mutex<Entries>,
    /// Held while files are read.
    reading: Mutex<()>,
}

#[derive(Debug, Default)]
struct Entries {
    files: BTreeMap<PathBuf, Entry>,
    /// Backwards: the files that refer to a file.
    from: HashMap<PathBuf, BTreeSet<PathBuf>>,
    /// Whether every file was looked at since the last change that we were told of.
    is_fresh: bool,
}

/// Says whether a file is as it was.
pub(super) type Stamp = (u64, Option<SystemTime>);

/// When the file at a path was written, and how large it is; `None` if there is none.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((metadata.len(), metadata.modified().ok()))
}

/// What is known of a file.
#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    references: Box<[PathBuf]>,
    kind: FileKind,
    /// What it declares, if somebody asked for it.
    symbols: Option<Box<[FlatSymbol]>>,
}

/// What a file is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    Template {
        declares_cluster: bool,
    },
    Parameters,
    Script,
    /// None of our business.
    Other,
}

/// A declaration, without what is declared inside of it.
#[derive(Clone, Debug)]
pub(super) struct FlatSymbol {
    pub(super) name: Box<str>,
    pub(super) kind: ide::SymbolKind,
    pub(super) container: Option<Box<str>>,
    pub(super) range: Range,
}

/// How files refer to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Referring {
    /// They deploy it or import from it: what is wrong in it may be their doing.
    ByDeploying,
    /// In any way, as a parameter file refers to its template.
    Anyhow,
}

impl Index {
    /// Files changed, or others are to be looked at.
    pub(super) fn outdate(&self) {
        lock(&self.entries).is_fresh = false;
    }

    /// Reads what changed, with `symbols` also what is declared. Returns the files that something is different about: those
    /// that a changed file refers to or referred to, directly or not. Blocks, and breaks off when it is cancelled.
    pub(super) fn refresh(&self, session: &Session, symbols: bool, cancel: &Cancel) -> BTreeSet<PathBuf> {
        let _one_at_a_time = lock(&self.reading);
        if session.is_told_of_changes() && lock(&self.entries).is_complete(symbols) {
            return BTreeSet::new();
        }
        lock(&self.entries).is_fresh = true;
        let mut touched = BTreeSet::new();
        let mut gone: BTreeSet<PathBuf> = lock(&self.entries).files.keys().cloned().collect();
        for path in candidates(&session.folders()) {
            if cancel.is_cancelled() {
                self.outdate();
                return touched;
            }
            gone.remove(&path);
            let Some(stamp) = stamp(&path) else { continue };
            let is_known = |entry: &Entry| entry.stamp == stamp && (!symbols || entry.symbols.is_some());
            if lock(&self.entries).files.get(&path).is_some_and(is_known) {
                continue;
            }
            let entry = Entry::of(session, &path, stamp, symbols);
            touched.extend(lock(&self.entries).put(path, Some(entry)));
        }
        let mut entries = lock(&self.entries);
        for path in gone {
            touched.extend(entries.put(path, None));
        }
        entries.reached(touched)
    }

    /// The files that refer to a file directly.
    pub(super) fn referring(&self, path: &Path, how: Referring) -> Vec<PathBuf> {
        let entries = lock(&self.entries);
        let Some(from) = entries.from.get(path) else { return Vec::new() };
        let is_template = |caller: &&PathBuf| {
            entries.files.get(*caller).is_some_and(|entry| matches!(entry.kind, FileKind::Template { .. }))
        };
        from.iter().filter(|caller| how == Referring::Anyhow || is_template(caller)).cloned().collect()
    }

    /// The templates with clusters that a script is likely to work on.
    pub(super) fn clusters_near(&self, script: &Path) -> Vec<PathBuf> {
        let entries = lock(&self.entries);
        let clusters = entries.files.iter().filter(|(_, entry)| entry.declares_cluster()).map(|(path, _)| path);
        clusters.filter(|path| rules::belong_together(script, path)).cloned().collect()
    }

    /// The files that have to do with us, in order, each with what it refers to, and whether it is a script.
    pub(super) fn ours(&self) -> Vec<(PathBuf, Box<[PathBuf]>, bool)> {
        let entries = lock(&self.entries);
        let ours = entries.files.iter().filter(|(_, entry)| entry.kind != FileKind::Other);
        ours.map(|(path, entry)| (path.clone(), entry.references.clone(), entry.kind == FileKind::Script)).collect()
    }

    /// Calls `with` for everything that is declared, file by file in order, until it says that it has enough.
    pub(super) fn symbols(&self, mut with: impl FnMut(&Path, &FlatSymbol) -> bool) {
        let entries = lock(&self.entries);
        for (path, entry) in &entries.files {
            for symbol in entry.symbols.iter().flatten() {
                if !with(path, symbol) {
                    return;
                }
            }
        }
    }
}

impl Entry {
    fn of(session: &Session, path: &Path, stamp: Stamp, symbols: bool) -> Self {
        let Some(file) = files::load(path) else {
            return Self { stamp, references: Box::default(), kind: FileKind::Other, symbols: Some(Box::default()) };
        };
        let references = file.references().iter().map(|reference| reference.path.clone()).collect();
        let kind = match &file.template {
            Some(template) if template.kind == TemplateKind::Parameters => FileKind::Parameters,
            Some(template) => FileKind::Template { declares_cluster: template.cluster_count() > 0 },
            None => FileKind::Script,
        };
        let symbols = symbols.then(|| {
            let workspace = Workspace::new(vec![std::sync::Arc::new(file)]);
            let (view, text) = (View::new(&workspace, DOCUMENT), &workspace.file(DOCUMENT).text);
            let range = |range| to_proto::range(text, range, session.features().encoding);
            let mut flat = Vec::new();
            flatten(view.symbols(), None, &range, &mut flat);
            flat.into()
        });
        Self { stamp, references, kind, symbols }
    }

    fn declares_cluster(&self) -> bool {
        self.kind == FileKind::Template { declares_cluster: true }
    }
}

/// Symbols without their tree.
pub(super) fn flatten(
    symbols: Vec<ide::Symbol>,
    container: Option<&str>,
    range: &dyn Fn(text_size::TextRange) -> Range,
    flat: &mut Vec<FlatSymbol>,
) {
    for symbol in symbols {
        flat.push(FlatSymbol {
            name: symbol.name.as_str().into(),
            kind: symbol.kind,
            container: container.map(Into::into),
            range: range(symbol.selection),
        });
        flatten(symbol.children, Some(&symbol.name), range, flat);
    }
}

impl Entries {
    /// Remembers what is known of a file, or that it is gone. Returns what it refers to now or did before.
    fn put(&mut self, path: PathBuf, entry: Option<Entry>) -> Vec<PathBuf> {
        let mut touched = Vec::new();
        if let Some(before) = self.files.remove(&path) {
            for reference in before.references {
                if let Some(from) = self.from.get_mut(&reference) {
                    from.remove(&path);
                    if from.is_empty() {
                        self.from.remove(&reference);
                    }
                }
                touched.push(reference);
            }
        }
        if let Some(entry) = entry {
            for reference in &entry.references {
                self.from.entry(reference.clone()).or_default().insert(path.clone());
                touched.push(reference.clone());
            }
            self.files.insert(path, entry);
        }
        touched
    }

    fn is_complete(&self, symbols: bool) -> bool {
        self.is_fresh && (!symbols || self.files.values().all(|entry| entry.symbols.is_some()))
    }

    /// These files and those that they refer to, directly or not.
    fn reached(&self, start: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let mut waiting: Vec<PathBuf> = start.iter().cloned().collect();
        let mut reached = start;
        while let Some(path) = waiting.pop() {
            for reference in self.files.get(&path).iter().flat_map(|entry| &entry.references) {
                if reached.insert(reference.clone()) {
                    waiting.push(reference.clone());
                }
            }
        }
        reached
    }
}

/// The files to look at, in order: the same as on the command line.
fn candidates(folders: &[PathBuf]) -> Vec<PathBuf> {
    let Some(mut walk) = files::walker(folders, false) else { return Vec::new() };
    let entries = walk.sort_by_file_path(Path::cmp).build().filter_map(Result::ok).filter(files::is_candidate);
    let mut candidates: Vec<PathBuf> = entries.map(ignore::DirEntry::into_path).take(MOST_FILES + 1).collect();
    if candidates.len() > MOST_FILES {
        tracing::warn!(
            MOST_FILES,
            "the workspace has more files; those behind are not looked at before they are opened"
        );
        candidates.pop();
    }
    candidates
}
