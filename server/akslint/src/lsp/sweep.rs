//! All templates of the workspace, open or not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lsp_types::notification::Notification;
use lsp_types::request::WorkDoneProgressCreate;
use lsp_types::{
    Diagnostic, FullDocumentDiagnosticReport, NumberOrString, ProgressToken, UnchangedDocumentDiagnosticReport, Uri,
    WorkDoneProgressCreateParams, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport,
    WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport, WorkspaceFullDocumentDiagnosticReport,
    WorkspaceUnchangedDocumentDiagnosticReport,
};
use serde::{Deserialize, Serialize};
use template::workspace::FileId;
use tower_lsp::jsonrpc::Result;

use super::analyse::{Cancel, CancelOnDrop, Surroundings, findings, lock};
use super::index::{Stamp, stamp};
use super::publish::digest;
use super::session::Session;
use super::to_proto;
use crate::config::FileSettings;

/// What was found in one file.
#[derive(Clone, Debug)]
pub(super) struct InFile {
    pub(super) uri: Uri,
    /// If it is open.
    version: Option<i32>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What was found in files that are not open, until they or what they are looked at with changes. By the first file of each
/// group.
#[derive(Debug, Default)]
pub(super) struct Swept(Mutex<HashMap<PathBuf, Group>>);

/// Files that have to do with each other, and what was found in those that are not open.
#[derive(Debug)]
struct Group {
    members: Vec<(PathBuf, Arc<FileSettings>)>,
    /// The members and all that they refer to, as they were.
    seen: Vec<(PathBuf, Option<FileState>)>,
    found: Vec<InFile>,
}

/// What a file was like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileState {
    OnDisk(Stamp),
    /// Which opening, and which version.
    Open(u64, i32),
}

impl FileState {
    fn of(session: &Session, path: &Path) -> Option<Self> {
        match session.documents.at(path) {
            Some(document) => Some(Self::Open(document.opening, document.version)),
            None => stamp(path).map(Self::OnDisk),
        }
    }
}

impl Group {
    fn still_holds(&self, session: &Session, members: &[(PathBuf, Arc<FileSettings>)]) -> bool {
        self.members == members && self.seen.iter().all(|(path, state)| FileState::of(session, path) == *state)
    }
}

/// Answers `workspace/diagnostic`. A client that takes partial results gets what was found as soon as it is there; it asks
/// again and again, and has its answer when something is different from what it knows.
pub(super) async fn report(
    session: &Arc<Session>,
    params: WorkspaceDiagnosticParams,
) -> Result<WorkspaceDiagnosticReportResult> {
    let known: HashMap<Uri, String> = params.previous_result_ids.into_iter().map(|it| (it.uri, it.value)).collect();
    let partial = params.partial_result_params.partial_result_token;
    let mut token = params.work_done_progress_params.work_done_token;
    let Some(partial) = partial else {
        let swept = sweep(session, token, None).await;
        let gone = gone(&swept, &known);
        let items = items(swept.into_iter().chain(gone), &known);
        return Ok(WorkspaceDiagnosticReportResult::Report(WorkspaceDiagnosticReport { items }));
    };
    loop {
        let mut changed = pin!(session.files_changed.notified());
        changed.as_mut().enable();
        let stream = Stream { token: partial.clone(), known: &known, any: AtomicBool::new(false) };
        let swept = sweep(session, token.take(), Some(&stream)).await;
        stream.send(session, gone(&swept, &known)).await;
        if stream.any.load(Ordering::Relaxed) {
            // All of it was told already; then the answer has to be empty.
            session.everything_left().await;
            return Ok(WorkspaceDiagnosticReportResult::Report(WorkspaceDiagnosticReport::default()));
        }
        changed.await;
    }
}

/// A client that takes the parts of a report as they are found.
struct Stream<'k> {
    token: ProgressToken,
    known: &'k HashMap<Uri, String>,
    /// Whether anything was sent.
    any: AtomicBool,
}

impl Stream<'_> {
    /// Sends what the client does not know yet.
    async fn send(&self, session: &Session, found: Vec<InFile>) {
        let mut items = items(found, self.known);
        items.retain(|item| matches!(item, WorkspaceDocumentDiagnosticReport::Full(_)));
        if items.is_empty() {
            return;
        }
        self.any.store(true, Ordering::Relaxed);
        let params = PartialParams { token: self.token.clone(), value: WorkspaceDiagnosticReport { items } };
        session.client().send_notification::<Partial>(params).await;
    }
}

/// `$/progress` with a part of an answer; `lsp-types` knows it with the state of work only.
enum Partial {}

#[derive(Debug, Serialize, Deserialize)]
struct PartialParams {
    token: ProgressToken,
    value: WorkspaceDiagnosticReport,
}

impl Notification for Partial {
    type Params = PartialParams;
    const METHOD: &'static str = "$/progress";
}

/// Shows the diagnostics of files that are not open, for clients that cannot ask for them; from now on also when files
/// change.
pub(super) async fn publish(session: &Arc<Session>, token: Option<ProgressToken>) {
    let token = match token {
        None if session.features().progress => create_token(session).await,
        token => token,
    };
    session.publisher.on_disk(sweep(session, token, None).await);
    if session.features().pull || session.is_swept.swap(true, Ordering::Relaxed) {
        return;
    }
    let session = Arc::downgrade(session);
    tokio::spawn(async move {
        while let Some(session) = session.upgrade() {
            let mut changed = pin!(session.files_changed.notified());
            changed.as_mut().enable();
            changed.await;
            session.publisher.on_disk(sweep(&session, None, None).await);
        }
    });
}

async fn create_token(session: &Session) -> Option<ProgressToken> {
    let token = NumberOrString::String("akslint/workspace".to_owned());
    let params = WorkDoneProgressCreateParams { token: token.clone() };
    session.client().send_request::<WorkDoneProgressCreate>(params).await.ok().map(|()| token)
}

/// The files that the client knows of and that are not there any more: nothing is wrong with them.
fn gone(swept: &[InFile], known: &HashMap<Uri, String>) -> Vec<InFile> {
    let there: HashSet<&Uri> = swept.iter().map(|swept| &swept.uri).collect();
    let mut gone: Vec<_> = known.keys().filter(|uri| !there.contains(uri)).collect();
    gone.sort();
    gone.into_iter().map(|uri| InFile { uri: uri.clone(), version: None, diagnostics: Vec::new() }).collect()
}

/// The items of a report: in full where the client does not know them yet.
fn items(
    found: impl IntoIterator<Item = InFile>,
    known: &HashMap<Uri, String>,
) -> Vec<WorkspaceDocumentDiagnosticReport> {
    let mut items = Vec::new();
    for InFile { uri, version, diagnostics } in found {
        let version = version.map(i64::from);
        let result_id = format!("{:016x}", digest(&diagnostics));
        items.push(if known.get(&uri) == Some(&result_id) {
            WorkspaceDocumentDiagnosticReport::Unchanged(WorkspaceUnchangedDocumentDiagnosticReport {
                uri,
                version,
                unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
            })
        } else {
            WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
                uri,
                version,
                full_document_diagnostic_report: FullDocumentDiagnosticReport {
                    result_id: Some(result_id),
                    items: diagnostics,
                },
            })
        });
    }
    items
}

/// Looks at all files of the workspace, and says how far it is under that token, and to a stream what it found so far.
async fn sweep(session: &Arc<Session>, token: Option<ProgressToken>, stream: Option<&Stream<'_>>) -> Vec<InFile> {
    /// So many files between two words about the progress.
    const CHUNK: usize = 32;
    let cancel = Cancel::default();
    let _cancel_on_drop = CancelOnDrop(cancel.clone());
    let progress = match token {
        Some(token) => {
            let progress = session.client().progress(token, "Checking the workspace");
            Some(progress.with_percentage(0).begin().await)
        }
        None => None,
    };
    let groups = {
        let (session, cancel) = (session.clone(), cancel.clone());
        tokio::task::spawn_blocking(move || {
            session.index.refresh(&session, false, &cancel);
            groups(&session)
        })
    };
    let mut groups = groups.await.unwrap_or_default().into_iter().peekable();
    let all: usize = groups.clone().map(|group| group.len()).sum();
    let mut swept = Vec::new();
    let mut done = 0;
    while groups.peek().is_some() {
        let mut chunk = Vec::new();
        let mut size = 0;
        while let Some(group) = groups.next_if(|_| size < CHUNK) {
            size += group.len();
            chunk.push(group);
        }
        done += size;
        let found = {
            let (session, cancel) = (session.clone(), cancel.clone());
            tokio::task::spawn_blocking(move || {
                chunk.into_iter().flat_map(|group| sweep_group(&session, &group, &cancel)).collect::<Vec<_>>()
            })
        };
        match found.await {
            Ok(mut found) => {
                found.sort_by(|a, b| a.uri.as_str().cmp(b.uri.as_str()));
                if let Some(stream) = stream {
                    stream.send(session, found.clone()).await;
                }
                swept.extend(found);
            }
            Err(error) => tracing::error!(%error, "some files could not be checked"),
        }
        if let Some(progress) = &progress {
            let percentage = u32::try_from(done * 100 / all).unwrap_or(100);
            progress.report_with_message(format!("{done} of {all} files"), percentage).await;
        }
    }
    if let Some(progress) = progress {
        progress.finish().await;
        session.everything_left().await;
    }
    session.tidy();
    swept.sort_by(|a, b| a.uri.as_str().cmp(b.uri.as_str()));
    swept
}

/// The files of the workspace, those together that have to do with each other.
fn groups(session: &Session) -> Vec<Vec<PathBuf>> {
    let ours = session.index.ours();
    let places: HashMap<&Path, usize> = (0..).zip(&ours).map(|(place, (path, ..))| (&**path, place)).collect();
    let mut together = Together((0..ours.len()).collect());
    for (place, (path, references, is_script)) in ours.iter().enumerate() {
        let open = session.documents.at(path);
        let file = open.as_ref().and_then(|document| document.file());
        let now: Option<Vec<_>> =
            file.map(|file| file.references().iter().map(|reference| reference.path.clone()).collect());
        let clusters = if *is_script { session.clusters_near(path) } else { Vec::new() };
        for other in now.as_deref().unwrap_or(references).iter().chain(&clusters) {
            if let Some(&other) = places.get(&**other) {
                together.join(place, other);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<PathBuf>> = BTreeMap::new();
    for (place, (path, ..)) in ours.iter().enumerate() {
        groups.entry(together.first(place)).or_default().push(path.clone());
    }
    let groups: Vec<Vec<PathBuf>> = groups.into_values().collect();
    lock(&session.swept.0).retain(|name, _| places.contains_key(&**name));
    groups
}

/// For each of some things, another one before it that it is together with; itself for the first ones.
struct Together(Vec<usize>);

impl Together {
    fn first(&mut self, of: usize) -> usize {
        let mut at = of;
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Looks at files that have to do with each other, as `akslint check` does, unless what was found last time still holds.
fn sweep_group(session: &Session, group: &[PathBuf], cancel: &Cancel) -> Vec<InFile> {
    let settings = |path: &PathBuf| (path.clone(), session.settings_for(Some(path)));
    let members: Vec<_> = group.iter().map(settings).filter(|(_, settings)| !settings.excluded).collect();
    let mut found = Vec::new();
    for document in members.iter().filter_map(|(path, _)| session.documents.at(path)) {
        // What is shown for it belongs to its version.
        if let Some((diagnostics, _)) = findings(session, &document, cancel) {
            found.push(InFile { uri: document.uri.clone(), version: document.open_version(), diagnostics });
        }
    }
    let Some((name, _)) = members.first() else { return found };
    let known = lock(&session.swept.0).remove(name);
    let group = match known.filter(|known| known.still_holds(session, &members)) {
        Some(known) => known,
        None => match look(session, members.clone(), cancel) {
            Some(group) => group,
            None => return found,
        },
    };
    found.extend(group.found.iter().cloned());
    lock(&session.swept.0).insert(name.clone(), group);
    found
}

/// Looks at the members of a group that are not open. `None` if it was cancelled.
fn look(session: &Session, members: Vec<(PathBuf, Arc<FileSettings>)>, cancel: &Cancel) -> Option<Group> {
    let files = members.iter().filter_map(|(path, _)| session.file_at(path)).collect();
    let around = Surroundings::of_files(session, files);
    let mut seen: BTreeMap<PathBuf, Option<FileState>> = BTreeMap::new();
    for path in around.paths() {
        seen.entry(path.clone()).or_insert_with(|| FileState::of(session, path));
    }
    let mut targets: Vec<(&Arc<FileSettings>, Vec<FileId>)> = Vec::new();
    for (path, settings) in &members {
        if let Some(Some(FileState::OnDisk(_))) = seen.get(path)
            && let Some(file) = around.workspace.file_at(path)
        {
            match targets.iter_mut().find(|(other, _)| Arc::ptr_eq(other, settings)) {
                Some((_, files)) => files.push(file),
                None => targets.push((settings, vec![file])),
            }
        }
    }
    let mut found = Vec::new();
    for (settings, targets) in targets {
        let all = (session.check)(&around.workspace, &targets, &settings.rules, &|| cancel.is_cancelled());
        if cancel.is_cancelled() {
            return None;
        }
        found.extend(targets.into_iter().map(|file| {
            let own = all.iter().filter(|diagnostic| diagnostic.file() == file);
            let diagnostics = to_proto::diagnostics(&around, own, session.features());
            InFile { uri: around.origin(file).uri.clone(), version: None, diagnostics }
        }));
    }
    Some(Group { members, seen: seen.into_iter().collect(), found })
}
