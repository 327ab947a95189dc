//! All templates of the workspace, open or not.

use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use lsp_types::request::WorkDoneProgressCreate;
use lsp_types::{
    Diagnostic, FullDocumentDiagnosticReport, NumberOrString, ProgressToken, UnchangedDocumentDiagnosticReport, Uri,
    WorkDoneProgressCreateParams, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport,
    WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport, WorkspaceFullDocumentDiagnosticReport,
    WorkspaceUnchangedDocumentDiagnosticReport,
};
use tower_lsp::jsonrpc::Result;

use super::analyse::{Cancel, CancelOnDrop, findings};
use super::documents::{Dialect, Document, dialect_of_file};
use super::publish::digest;
use super::session::Session;
use super::uri;

/// What was found in one file.
struct Swept {
    uri: Uri,
    /// If it is open.
    version: Option<i32>,
    diagnostics: Vec<Diagnostic>,
}

/// Answers `workspace/diagnostic`. A client that takes partial results asks again and again: it gets its answer when
/// something is different from what it knows.
pub(super) async fn report(
    session: &Arc<Session>,
    params: WorkspaceDiagnosticParams,
) -> Result<WorkspaceDiagnosticReportResult> {
    let known: HashMap<Uri, String> = params.previous_result_ids.into_iter().map(|it| (it.uri, it.value)).collect();
    let may_wait = params.partial_result_params.partial_result_token.is_some();
    let mut token = params.work_done_progress_params.work_done_token;
    loop {
        let mut changed = pin!(session.files_changed.notified());
        changed.as_mut().enable();
        let swept = sweep(session, token.take()).await;
        let (items, news) = items(swept, &known);
        if news || !may_wait {
            return Ok(WorkspaceDiagnosticReportResult::Report(WorkspaceDiagnosticReport { items }));
        }
        changed.await;
    }
}

/// Shows the diagnostics of files that are not open, for clients that cannot ask for them.
pub(super) async fn publish(session: &Arc<Session>, token: Option<ProgressToken>) {
    let token = match token {
        None if session.features().progress => create_token(session).await,
        token => token,
    };
    for swept in sweep(session, token).await {
        if swept.version.is_none() {
            session.publisher.on_disk(swept.uri, swept.diagnostics);
        }
    }
}

async fn create_token(session: &Session) -> Option<ProgressToken> {
    let token = NumberOrString::String("akslint/workspace".to_owned());
    let params = WorkDoneProgressCreateParams { token: token.clone() };
    session.client().send_request::<WorkDoneProgressCreate>(params).await.ok().map(|()| token)
}

/// The items of a report, and whether any of them tells the client something new.
fn items(swept: Vec<Swept>, known: &HashMap<Uri, String>) -> (Vec<WorkspaceDocumentDiagnosticReport>, bool) {
    let mut news = false;
    let mut gone: Vec<_> = known.keys().filter(|uri| !swept.iter().any(|swept| swept.uri == **uri)).collect();
    gone.sort();
    let gone = gone.into_iter().map(|uri| Swept { uri: uri.clone(), version: None, diagnostics: Vec::new() });
    let gone: Vec<_> = gone.collect();
    let mut items = Vec::with_capacity(swept.len());
    for Swept { uri, version, diagnostics } in swept.into_iter().chain(gone) {
        let version = version.map(i64::from);
        let result_id = format!("{:016x}", digest(&diagnostics));
        items.push(if known.get(&uri) == Some(&result_id) {
            WorkspaceDocumentDiagnosticReport::Unchanged(WorkspaceUnchangedDocumentDiagnosticReport {
                uri,
                version,
                unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
            })
        } else {
            news = true;
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
    (items, news)
}

/// Looks at all templates of the workspace, and says how far it is under that token.
async fn sweep(session: &Arc<Session>, token: Option<ProgressToken>) -> Vec<Swept> {
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
    let folders = session.folders();
    let files = tokio::task::spawn_blocking(move || files(&folders)).await.unwrap_or_default();
    let mut swept = Vec::new();
    let mut done = 0;
    for chunk in files.chunks(CHUNK) {
        let (session, cancel, chunk) = (session.clone(), cancel.clone(), chunk.to_vec());
        done += chunk.len();
        let found = tokio::task::spawn_blocking(move || {
            chunk.into_iter().filter_map(|path| sweep_file(&session, path, &cancel)).collect::<Vec<_>>()
        });
        match found.await {
            Ok(found) => swept.extend(found),
            Err(error) => tracing::error!(%error, "some files could not be checked"),
        }
        if let Some(progress) = &progress {
            let percentage = u32::try_from(done * 100 / files.len()).unwrap_or(100);
            progress.report_with_message(format!("{done} of {} files", files.len()), percentage).await;
        }
    }
    if let Some(progress) = progress {
        progress.finish().await;
    }
    session.tidy();
    swept
}

fn sweep_file(session: &Session, path: PathBuf, cancel: &Cancel) -> Option<Swept> {
    if cancel.is_cancelled() {
        return None;
    }
    let document = match session.documents.at(&path) {
        Some(document) => document,
        None => Arc::new(Document::on_disk(uri::from_path(&path)?, path)?),
    };
    let (diagnostics, _) = findings(session, &document, cancel)?;
    Some(Swept { uri: document.uri.clone(), version: document.open_version(), diagnostics })
}

/// The files that may be templates, by their names, in order. What git ignores is left out.
fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let Some((first, rest)) = folders.split_first() else { return Vec::new() };
    let mut walk = ignore::WalkBuilder::new(first);
    for folder in rest {
        walk.add(folder);
    }
    let entries = walk.require_git(false).build().filter_map(std::result::Result::ok);
    let mut files: Vec<_> = entries
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|path| dialect_of_file(path) != Dialect::Other)
        .collect();
    files.sort();
    files.dedup();
    files
}
