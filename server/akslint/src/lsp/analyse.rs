//! From a document to what is wrong with it: which files belong to it, when it is looked at, and when not any more.

use std::any::Any;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use dashmap::DashMap;
use ide::{Hint, Lens, Link, Token, View};
use lsp_types::{Uri, WorkspaceEdit};
use rules::{Cancelled, Project, SettingsOf};
use syntax::TextEdits;
use template::workspace::{FileId, SourceFile, Workspace};
use text_size::TextRange;
use tokio::sync::Semaphore;

use super::capabilities::Features;
use super::documents::Document;
use super::guard::panic_message;
use super::index::{Referring, Stamp, stamp};
use super::session::Session;
use super::to_proto;
use crate::config::FileSettings;
use crate::files;

/// What looks at files of a workspace, until nobody waits for it any more. The default runs the rules; tests put a slow or
/// a broken one in its place.
pub type Check =
    dyn Fn(&Workspace, &[FileId], &rules::Settings, &Cancelled<'_>) -> Vec<rules::Diagnostic> + Send + Sync;

/// Files beyond this number that a document refers to, directly or not, are not looked at.
const MANY_FILES: usize = 500;
/// Nor are files beyond this number that deploy a document: it is evaluated once for each of them.
const MANY_CALLERS: usize = 32;

/// Runs the rules.
pub(super) fn check(
    workspace: &Workspace,
    targets: &[FileId],
    settings: &rules::Settings,
    cancelled: &Cancelled<'_>,
) -> Vec<rules::Diagnostic> {
    let outcome = Project::new(workspace).until(cancelled).check(targets, SettingsOf::all(settings));
    for panic in outcome.panics {
        tracing::error!(rule = panic.rule, message = panic.message, "a rule panicked");
    }
    outcome.diagnostics
}

/// A document with the files it refers to, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Analysis {
    /// What was looked at.
    pub(super) around: Arc<Surroundings>,
    /// What is wrong with the document, in order of place.
    pub(super) diagnostics: Vec<rules::Diagnostic>,
}

/// The document of [`Surroundings`].
pub(super) const DOCUMENT: FileId = FileId(0);

/// All that answers about a document depend on.
#[derive(Debug)]
struct Inputs {
    /// The document, the open documents that refer to it (what is wrong in it may be their doing), and what all of
    /// these refer to.
    files: Vec<Arc<SourceFile>>,
    origins: Vec<Origin>,
    settings: Arc<FileSettings>,
}

/// How the client knows a file.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Its name.
    pub(super) uri: Uri,
    /// Its version, if it is open.
    pub(super) version: Option<i32>,
}

impl Inputs {
    /// The document, what refers to it, and everything that these refer to; open ones as they are in the editor and others
    /// as on disk.
    fn of(session: &Session, document: &Document, referring: Referring) -> Option<Self> {
        let file = document.file()?.clone();
        let mut inputs = Self {
            origins: vec![Origin { uri: document.uri.clone(), version: document.open_version() }],
            settings: session.settings_for(document.path.as_deref()),
            files: vec![file],
        };
        let mut seen: HashSet<PathBuf> = document.path.iter().cloned().collect();
        let (many, is_transitive) = match referring {
            Referring::ByDeploying => (MANY_CALLERS, true),
            Referring::Anyhow => (MANY_FILES, false),
        };
        let mut waiting: Vec<PathBuf> = document.path.iter().cloned().collect();
        if referring == Referring::Anyhow {
            // What is named in it may be declared there, and named in others as well.
            waiting.extend(inputs.files[0].references().iter().map(|reference| reference.path.clone()));
        }
        while let Some(path) = waiting.pop() {
            for path in session.referring(&path, referring) {
                if inputs.files.len() <= many
                    && seen.insert(path.clone())
                    && let Some((origin, file)) = session.file_at(&path)
                {
                    inputs.origins.push(origin);
                    inputs.files.push(file);
                    if is_transitive {
                        waiting.push(path);
                    }
                }
            }
        }
        if let (Some(path), Some(_)) = (&document.path, inputs.files[0].carrier()) {
            // What a command does to a cluster depends on what the cluster is.
            for path in session.clusters_near(path).into_iter().take(MANY_CALLERS) {
                if seen.insert(path.clone())
                    && let Some((origin, file)) = session.file_at(&path)
                {
                    inputs.origins.push(origin);
                    inputs.files.push(file);
                }
            }
        }
        inputs.follow(session, &mut seen);
        Some(inputs)
    }

    /// Adds everything that the files refer to.
    fn follow(&mut self, session: &Session, seen: &mut HashSet<PathBuf>) {
        let mut next = 0;
        while let Some(file) = self.files.get(next).cloned() {
            next += 1;
            for reference in file.references() {
                if self.files.len() >= MANY_FILES || !seen.insert(reference.path.clone()) {
                    continue;
                }
                if let Some((origin, file)) = session.file_at(&reference.path) {
                    self.origins.push(origin);
                    self.files.push(file);
                }
            }
        }
    }

    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.settings, &other.settings)
            && self.files.len() == other.files.len()
            && self.files.iter().zip(&other.files).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

/// A document with the files it refers to and those that refer to it. What was found out about them without a check is kept:
/// editors ask for the same things again and again.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The document is the first file.
    pub(super) workspace: Workspace,
    inputs: Inputs,
    lenses: OnceLock<Vec<Lens>>,
    hints: OnceLock<Vec<Hint>>,
    links: OnceLock<Vec<Link>>,
    tokens: OnceLock<Vec<Token>>,
}

impl Surroundings {
    /// Those of the document as it is now, the ones that were there last if they still hold. `None` if it is no template.
    pub(super) fn of(session: &Session, document: &Document) -> Option<Arc<Self>> {
        let inputs = Inputs::of(session, document, Referring::ByDeploying)?;
        let mut last = lock(&document.around);
        if let Some(last) = &*last
            && last.inputs.same(&inputs)
        {
            return Some(last.clone());
        }
        let around = Arc::new(Self::new(inputs));
        *last = Some(around.clone());
        Some(around)
    }

    /// The document with all that names something in it, parameter files and files that are not open included: to change a
    /// name everywhere.
    pub(super) fn widest(session: &Session, document: &Document) -> Option<Arc<Self>> {
        Some(Arc::new(Self::new(Inputs::of(session, document, Referring::Anyhow)?)))
    }

    /// These files and what they refer to. No document is among them.
    pub(super) fn of_files(session: &Session, files: Vec<(Origin, Arc<SourceFile>)>) -> Self {
        let (origins, files) = files.into_iter().unzip();
        let mut inputs = Inputs { files, origins, settings: Arc::default() };
        let mut seen = inputs.files.iter().map(|file| file.path.clone()).collect();
        inputs.follow(session, &mut seen);
        Self::new(inputs)
    }

    fn new(inputs: Inputs) -> Self {
        Self {
            workspace: Workspace::new(inputs.files.clone()),
            inputs,
            lenses: OnceLock::new(),
            hints: OnceLock::new(),
            links: OnceLock::new(),
            tokens: OnceLock::new(),
        }
    }

    /// The files, and those that they refer to although these are not there.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let files = &self.inputs.files;
        let references = files.iter().flat_map(|file| file.references()).map(|reference| &reference.path);
        files.iter().map(|file| &file.path).chain(references)
    }

    /// The document, to be asked about.
    pub(super) fn view(&self) -> View<'_> {
        View::new(&self.workspace, DOCUMENT)
    }

    /// A line above each cluster.
    pub(super) fn lenses(&self) -> &[Lens] {
        self.lenses.get_or_init(|| self.view().lenses())
    }

    /// The hints in a range, which whoever scrolls asks for piece by piece.
    pub(super) fn hints(&self, range: TextRange) -> impl Iterator<Item = &Hint> {
        let all = self.hints.get_or_init(|| self.view().hints(self.all()));
        all.iter().filter(move |hint| range.contains_inclusive(hint.offset))
    }

    /// The links of the document.
    pub(super) fn links(&self) -> &[Link] {
        self.links.get_or_init(|| self.view().links())
    }

    /// The tokens in a range.
    pub(super) fn tokens(&self, range: TextRange) -> impl Iterator<Item = &Token> {
        let all = self.tokens.get_or_init(|| self.view().tokens(self.all()));
        all.iter().filter(move |token| token.range.intersect(range).is_some_and(|shared| !shared.is_empty()))
    }

    fn all(&self) -> TextRange {
        TextRange::up_to(self.workspace.file(DOCUMENT).text.len())
    }

    /// How the client knows a file of the workspace; of what stands for a module that is not at hand, the document.
    pub(super) fn origin(&self, file: FileId) -> &Origin {
        let origins = &self.inputs.origins;
        origins.get(file.0 as usize).unwrap_or(&origins[DOCUMENT.0 as usize])
    }

    /// Edits of files of the workspace, as the client wants them.
    pub(super) fn edit(&self, edits: Vec<(FileId, TextEdits)>, features: &Features) -> WorkspaceEdit {
        let file = |file| (self.origin(file), &self.workspace.file(file).text);
        to_proto::workspace_edit(file, edits, features)
    }
}

impl Analysis {
    /// Looks at the document, unless what was found last time still holds. `None` if it is no template, or if it was
    /// cancelled.
    pub(super) fn of(session: &Session, document: &Document, cancel: &Cancel) -> Option<Arc<Self>> {
        // Held while computing: whoever comes second waits and finds the result.
        let mut last = lock(&document.analysis);
        let around = Surroundings::of(session, document)?;
        if let Some(last) = &*last
            && Arc::ptr_eq(&last.around, &around)
        {
            return Some(last.clone());
        }
        let settings = &around.inputs.settings;
        if settings.excluded || cancel.is_cancelled() {
            return None;
        }
        let cancelled = || cancel.is_cancelled();
        let mut diagnostics = (session.check)(&around.workspace, &[DOCUMENT], &settings.rules, &cancelled);
        if cancel.is_cancelled() {
            return None;
        }
        // What lies in other files is shown there.
        diagnostics.retain(|diagnostic| diagnostic.file() == DOCUMENT);
        diagnostics.sort_by_key(|diagnostic| (diagnostic.range().start(), diagnostic.range().end(), diagnostic.code));
        let analysis = Arc::new(Self { around, diagnostics });
        *last = Some(analysis.clone());
        Some(analysis)
    }

    /// Whether [`Self::of`] would return it again.
    fn still_holds(&self, session: &Session, document: &Document) -> bool {
        Surroundings::of(session, document).is_some_and(|around| Arc::ptr_eq(&around, &self.around))
    }
}

/// What the client shall see for a document.
pub(super) fn findings(
    session: &Session,
    document: &Document,
    cancel: &Cancel,
) -> Option<(Vec<lsp_types::Diagnostic>, Option<Arc<Analysis>>)> {
    if let Some(reason) = &document.lost {
        return Some((vec![to_proto::out_of_sync(reason)], None));
    }
    if let Some(reason) = document.refused_although_ours() {
        return Some((vec![to_proto::refused(reason)], None));
    }
    let analysis = Analysis::of(session, document, cancel);
    if cancel.is_cancelled() {
        return None;
    }
    let features = session.features();
    let diagnostics = analysis.as_deref().map_or_else(Vec::new, |analysis| {
        to_proto::diagnostics(&analysis.around, analysis.diagnostics.iter(), features)
    });
    Some((diagnostics, analysis))
}

/// The analyses under way: at most one a document, and the wish for one more.
#[derive(Debug)]
pub(super) struct Runs {
    under_way: Mutex<HashMap<Uri, Run>>,
    permits: Semaphore,
}

#[derive(Debug, Default)]
struct Run {
    again: bool,
    cancel: Cancel,
}

impl Default for Runs {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { under_way: Mutex::default(), permits: Semaphore::new(cores) }
    }
}

impl Runs {
    /// Sees to it that what is shown for the document will be what holds now. There is no timer: it starts at once, or
    /// when the one under way has ended.
    pub(super) fn request(session: &Arc<Session>, uri: &Uri) {
        let mut under_way = lock(&session.runs.under_way);
        if let Some(run) = under_way.get_mut(uri) {
            run.again = true;
            // What it finds is out of date.
            run.cancel.cancel();
            return;
        }
        let run = Run::default();
        let cancel = run.cancel.clone();
        under_way.insert(uri.clone(), run);
        drop(under_way);
        tokio::spawn(keep_running(session.clone(), uri.clone(), cancel));
    }

    /// The next run of the document, if it is wished for; else it is forgotten.
    fn next(&self, uri: &Uri) -> Option<Cancel> {
        let mut under_way = lock(&self.under_way);
        if under_way.get(uri).is_some_and(|run| run.again) {
            let run = Run::default();
            let cancel = run.cancel.clone();
            under_way.insert(uri.clone(), run);
            Some(cancel)
        } else {
            under_way.remove(uri);
            None
        }
    }
}

async fn keep_running(session: Arc<Session>, uri: Uri, first: Cancel) {
    let mut next = Some(first);
    while let Some(cancel) = next {
        if let Ok(_permit) = session.runs.permits.acquire().await
            && let Some(document) = session.documents.get(&uri)
            && let Err(panic) = run_somewhere(&session, &document, cancel).await
        {
            tracing::error!(uri = uri.as_str(), panic = panic_message(&*panic), "the analysis panicked");
            // Old findings must not stay on the screen as if they were new.
            session.publisher.findings(document, Vec::new());
        }
        next = session.runs.next(&uri);
    }
}

/// Runs an analysis here, or on a thread for long work if it may be long: to wake one takes a tenth of the time that an
/// analysis of a usual template takes.
async fn run_somewhere(
    session: &Arc<Session>,
    document: &Arc<Document>,
    cancel: Cancel,
) -> Result<(), Box<dyn Any + Send>> {
    /// In bytes; what is larger takes more than some milliseconds.
    const LARGE: usize = 256 << 10;
    if document.text.as_str().len() < LARGE {
        return catch_unwind(AssertUnwindSafe(|| run(session, document, &cancel)));
    }
    let (session, document) = (session.clone(), document.clone());
    match tokio::task::spawn_blocking(move || run(&session, &document, &cancel)).await {
        Ok(()) => Ok(()),
        // What was never started, because the runtime ends, did not panic.
        Err(error) => error.try_into_panic().map_or(Ok(()), Err),
    }
}

fn run(session: &Arc<Session>, document: &Arc<Document>, cancel: &Cancel) {
    loop {
        let Some((diagnostics, analysis)) = findings(session, document, cancel) else { return };
        let holds = note_references(session, document, analysis.as_deref());
        session.publisher.findings(document.clone(), diagnostics);
        if holds {
            return;
        }
    }
}

/// Remembers what a document refers to, and lets look again at what it did not refer to before. Whether the analysis
/// still holds: a file may have changed before anybody knew that it matters here.
pub(super) fn note_references(session: &Arc<Session>, document: &Document, analysis: Option<&Analysis>) -> bool {
    let Some(path) = &document.path else { return true };
    let references = analysis.map(|analysis| references_from(&analysis.around.inputs, path)).unwrap_or_default();
    let alone = references.is_empty() && analysis.is_none_or(|analysis| analysis.around.inputs.files.len() == 1);
    let new = session.edges.set(path, references);
    if session.documents.at(path).is_none() {
        // Closed meanwhile.
        session.edges.forget(path);
        return true;
    }
    session.recheck(&new);
    alone || analysis.is_none_or(|analysis| analysis.still_holds(session, document))
}

/// The files that the document at `path` refers to, directly or not.
fn references_from(inputs: &Inputs, path: &Path) -> Vec<PathBuf> {
    let mut reached = vec![path.to_owned()];
    let mut next = 0;
    while let Some(path) = reached.get(next).cloned() {
        next += 1;
        let file = inputs.files.iter().find(|file| file.path == path);
        for reference in file.into_iter().flat_map(|file| file.references()) {
            // Also one that is not there: it may come.
            if reached.len() <= MANY_FILES && !reached.contains(&reference.path) {
                reached.push(reference.path.clone());
            }
        }
    }
    if inputs.files.first().is_some_and(|file| file.carrier().is_some()) {
        let clusters = inputs.files.iter().map(|file| file.path.clone());
        reached.extend(clusters.filter(|path| !reached.contains(path)).collect::<Vec<_>>());
    }
    reached.remove(0);
    reached
}

/// Which files refer to which.
#[derive(Debug, Default)]
pub(super) struct Edges(Mutex<Maps>);

#[derive(Debug, Default)]
struct Maps {
    /// From an open document to what it refers to.
    to: HashMap<PathBuf, Vec<PathBuf>>,
    /// Backwards.
    from: HashMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Edges {
    /// Remembers what a document refers to. Returns what it did not refer to before.
    fn set(&self, document: &Path, references: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut maps = lock(&self.0);
        let before = maps.forget(document);
        for path in &references {
            maps.from.entry(path.clone()).or_default().insert(document.to_owned());
        }
        let new = references.iter().filter(|path| !before.contains(path)).cloned().collect();
        if !references.is_empty() {
            maps.to.insert(document.to_owned(), references);
        }
        new
    }

    pub(super) fn forget(&self, document: &Path) {
        lock(&self.0).forget(document);
    }

    /// The documents that refer to a file.
    pub(super) fn dependents(&self, file: &Path) -> Vec<PathBuf> {
        lock(&self.0).from.get(file).into_iter().flatten().cloned().collect()
    }

    /// The files that a document refers to.
    pub(super) fn references(&self, document: &Path) -> Vec<PathBuf> {
        lock(&self.0).to.get(document).cloned().unwrap_or_default()
    }

    pub(super) fn is_referred_to(&self, file: &Path) -> bool {
        lock(&self.0).from.contains_key(file)
    }
}

impl Maps {
    fn forget(&mut self, document: &Path) -> Vec<PathBuf> {
        let references = self.to.remove(document).unwrap_or_default();
        for path in &references {
            if let Some(from) = self.from.get_mut(path) {
                from.remove(document);
                if from.is_empty() {
                    self.from.remove(path);
                }
            }
        }
        references
    }
}

/// Files that are not open, as last read.
#[derive(Debug, Default)]
pub(super) struct Disk(DashMap<PathBuf, OnDisk>);

#[derive(Clone, Debug)]
struct OnDisk {
    stamp: Stamp,
    file: Option<Arc<SourceFile>>,
}

impl Disk {
    /// The file at that path: one that has to do with us, or the content of any other. Read again when its size or time of
    /// change differ.
    pub(super) fn file(&self, path: &Path) -> Option<Arc<SourceFile>> {
        let stamp = stamp(path)?;
        let known = self.0.get(path).map(|known| known.value().clone());
        if let Some(known) = known.filter(|known| known.stamp == stamp) {
            return known.file;
        }
        let file = files::load(path).or_else(|| files::load_content(path)).map(Arc::new);
        self.0.insert(path.to_owned(), OnDisk { stamp, file: file.clone() });
        file
    }

    /// Forgets what nobody needs any more.
    pub(super) fn keep(&self, needed: impl Fn(&Path) -> bool) {
        self.0.retain(|path, _| needed(path));
    }
}

/// Says to a computation that nobody waits for it any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub(super) fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cancels when it is dropped: with the handler that waits for the computation.
#[derive(Debug)]
pub(super) struct CancelOnDrop(pub(super) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What a panic left behind is as good as before: all we lock is replaced whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
