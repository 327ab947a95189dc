//! Code actions: fixes as an editor wants them.

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, CodeActionTriggerKind,
    Diagnostic, Uri, WorkspaceEdit,
};
use rules::{Applicability, FileEdit};
use serde::{Deserialize, Serialize};
use syntax::TextEdits;
use template::workspace::FileId;

use super::analyse::Analysis;
use super::backend::Snapshot;
use super::capabilities::{FIX_ALL, Features};
use super::{from_proto, to_proto};

/// Where to find again what a code action is about.
#[derive(Debug, Serialize, Deserialize)]
struct Handle {
    uri: Uri,
    version: i32,
    remedy: Remedy,
}

/// What a code action does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Remedy {
    /// Applies a fix: the place of the diagnostic in the analysis, and of the fix in the diagnostic.
    Fix(usize, usize),
    /// Applies all safe fixes.
    All,
    /// Suppresses the diagnostic at that place in the analysis.
    Ignore(usize),
}

/// The code actions for a place in a document.
pub(super) fn offer(snapshot: &Snapshot, params: &CodeActionParams) -> Option<CodeActionResponse> {
    let features = snapshot.session.features();
    let analysis = snapshot.analysis()?;
    let range = from_proto::range(&snapshot.document.text, params.range, features.encoding)?;
    let (mut actions, mut ignores) = (Vec::new(), Vec::new());
    if is_wanted(params, &CodeActionKind::QUICKFIX) {
        for (index, diagnostic) in analysis.diagnostics.iter().enumerate() {
            // Touching counts: the cursor behind the last character is at the word.
            if diagnostic.range().intersect(range).is_none() {
                continue;
            }
            let ours = to_proto::diagnostic(&analysis, diagnostic, features);
            for (number, fix) in diagnostic.fixes.iter().enumerate() {
                if by_file(&fix.edits).is_none() {
                    tracing::error!(code = diagnostic.code, title = fix.title, "a fix contradicts itself");
                    continue;
                }
                let action = CodeAction {
                    title: fix.title.clone(),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: Some(vec![as_the_client_has_it(&ours, params)]),
                    // One that may be wrong is not applied by a key press that asks nothing.
                    is_preferred: (features.preferred && number == 0 && fix.applicability == Applicability::Safe)
                        .then_some(true),
                    ..CodeAction::default()
                };
                actions.push(with_edit(snapshot, &analysis, action, Remedy::Fix(index, number)));
            }
            if !by_file(&ignore(&analysis, diagnostic)).is_none_or(|edits| edits.is_empty()) {
                let action = CodeAction {
                    title: format!("Ignore `{}` here", diagnostic.code),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: Some(vec![as_the_client_has_it(&ours, params)]),
                    ..CodeAction::default()
                };
                ignores.push(with_edit(snapshot, &analysis, action, Remedy::Ignore(index)));
            }
        }
    }
    // To mend comes before to ignore.
    actions.append(&mut ignores);
    if is_wanted(params, &FIX_ALL) && !all_safe(&analysis).is_empty() {
        let action = CodeAction {
            title: "Fix all that akslint can fix safely".to_owned(),
            kind: Some(FIX_ALL),
            ..CodeAction::default()
        };
        actions.push(with_edit(snapshot, &analysis, action, Remedy::All));
    }
    Some(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect())
}

/// The document that a code action handed out earlier is about.
pub(super) fn uri_of(action: &CodeAction) -> Option<Uri> {
    Some(handle(action)?.uri)
}

/// The code action with its edit. `None` if the document is another one by now.
pub(super) fn resolve(snapshot: &Snapshot, mut action: CodeAction) -> Option<CodeAction> {
    let handle = handle(&action).filter(|handle| handle.version == snapshot.document.version)?;
    let analysis = snapshot.analysis()?;
    action.edit = Some(edit_of(&analysis, handle.remedy, snapshot.session.features())?);
    Some(action)
}

fn handle(action: &CodeAction) -> Option<Handle> {
    serde_json::from_value(action.data.clone()?).ok()
}

/// Kinds are hierarchical: who wants `source` wants `source.fixAll.akslint`.
fn is_wanted(params: &CodeActionParams, kind: &CodeActionKind) -> bool {
    match &params.context.only {
        Some(only) => only.iter().any(|only| {
            let rest = kind.as_str().strip_prefix(only.as_str());
            rest.is_some_and(|rest| only.as_str().is_empty() || rest.is_empty() || rest.starts_with('.'))
        }),
        // The light bulb is about the place of the cursor.
        None => {
            *kind == CodeActionKind::QUICKFIX || params.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC)
        }
    }
}

/// The client's copy of a diagnostic: some compare by all members.
fn as_the_client_has_it(ours: &Diagnostic, params: &CodeActionParams) -> Diagnostic {
    let same = |theirs: &&Diagnostic| theirs.range == ours.range && theirs.code == ours.code;
    params.context.diagnostics.iter().find(same).unwrap_or(ours).clone()
}

fn with_edit(snapshot: &Snapshot, analysis: &Analysis, mut action: CodeAction, remedy: Remedy) -> CodeAction {
    let features = snapshot.session.features();
    if features.resolve_edit {
        let handle = Handle { uri: snapshot.document.uri.clone(), version: snapshot.document.version, remedy };
        action.data = serde_json::to_value(handle).ok();
    } else {
        action.edit = edit_of(analysis, remedy, features);
    }
    action
}

fn edit_of(analysis: &Analysis, remedy: Remedy, features: &Features) -> Option<WorkspaceEdit> {
    let edits = match remedy {
        Remedy::Fix(diagnostic, number) => by_file(&analysis.diagnostics.get(diagnostic)?.fixes.get(number)?.edits)?,
        Remedy::All => all_safe(analysis),
        Remedy::Ignore(diagnostic) => by_file(&ignore(analysis, analysis.diagnostics.get(diagnostic)?))?,
    };
    let file = |file| (analysis.origin(file), &analysis.workspace.file(file).text);
    Some(to_proto::workspace_edit(file, edits, features))
}

/// The preferred safe fix of every diagnostic, without those that touch what another one changes.
fn all_safe(analysis: &Analysis) -> Vec<(FileId, TextEdits)> {
    let mut all: Vec<(FileId, TextEdits)> = Vec::new();
    for diagnostic in &analysis.diagnostics {
        let fix = diagnostic.fixes.iter().find(|fix| fix.applicability == Applicability::Safe);
        let Some(edits) = fix.and_then(|fix| by_file(&fix.edits)) else { continue };
        let mut with = all.clone();
        let fits = edits.into_iter().all(|(file, edits)| match with.iter_mut().find(|(other, _)| *other == file) {
            Some((_, there)) => there.union(&edits).map(|union| *there = union).is_ok(),
            None => {
                with.push((file, edits));
                true
            }
        });
        if fits {
            all = with;
        }
    }
    all
}

/// The edits that suppress a diagnostic; none for those that cannot be.
fn ignore(analysis: &Analysis, diagnostic: &rules::Diagnostic) -> Vec<FileEdit> {
    rules::suppress::add_ignores(&analysis.workspace, std::slice::from_ref(diagnostic), "")
}

/// `None` if the edits overlap: better no action than a broken file.
pub(super) fn by_file(edits: &[FileEdit]) -> Option<Vec<(FileId, TextEdits)>> {
    let mut files: Vec<(FileId, TextEdits)> = Vec::new();
    for FileEdit { file, edit } in edits {
        let index = files.iter().position(|(other, _)| other == file).unwrap_or_else(|| {
            files.push((*file, TextEdits::new()));
            files.len() - 1
        });
        files[index].1.push(edit.clone()).ok()?;
    }
    Some(files)
}
