//! Code actions: fixes as an editor wants them.

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, CodeActionTriggerKind,
    Diagnostic, Uri, WorkspaceEdit,
};
use rules::{Applicability, FileEdit, Fix};
use serde::{Deserialize, Serialize};
use syntax::TextEdits;
use template::workspace::FileId;
use text_size::TextRange;

use super::analyse::{Analysis, DOCUMENT};
use super::backend::Snapshot;
use super::capabilities::{FIX_ALL, Features};
use super::{from_proto, to_proto};

/// Stands where the person has to say why, so that it is seen that something is missing there.
const REASON: &str = "because ...";

/// Where to find again what a code action is about.
#[derive(Debug, Serialize, Deserialize)]
struct Handle {
    uri: Uri,
    version: i32,
    remedy: Remedy,
}

/// What a code action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Remedy {
    /// Applies a fix: the place of the diagnostic in the analysis, and of the fix in the diagnostic.
    Fix(usize, usize),
    /// Applies all safe fixes.
    All,
    /// Suppresses the diagnostic at that place in the analysis.
    Ignore(usize),
    /// Changes what is no mistake: the bytes that were asked about, and the place among the refactorings there.
    Refactor(u32, u32, usize),
}

/// The code actions for a place in a document.
pub(super) fn offer(snapshot: &Snapshot, params: &CodeActionParams) -> Option<CodeActionResponse> {
    let range = from_proto::range(&snapshot.document.text, params.range, snapshot.session.features().encoding)?;
    let (quick, all, refactor) = (
        is_wanted(params, &CodeActionKind::QUICKFIX),
        is_wanted(params, &FIX_ALL),
        is_wanted(params, &CodeActionKind::REFACTOR_REWRITE),
    );
    let mut actions = Vec::new();
    let analysis = if quick || all { Some(snapshot.analysis()?) } else { None };
    if let Some(analysis) = analysis.as_deref().filter(|_| quick) {
        quick_fixes(snapshot, analysis, params, range, &mut actions);
    }
    if refactor {
        refactorings(snapshot, analysis.as_deref(), range, &mut actions);
    }
    if let Some(analysis) = analysis.as_deref().filter(|analysis| all && !all_safe(analysis).is_empty()) {
        let action = CodeAction {
            title: "Fix all that akslint can fix safely".to_owned(),
            kind: Some(FIX_ALL),
            ..CodeAction::default()
        };
        let edit = || edit_of(analysis, Remedy::All, snapshot.session.features());
        actions.push(with_edit(snapshot, action, Remedy::All, edit));
    }
    Some(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect())
}

/// The fixes of the diagnostics at a place, and what suppresses these.
fn quick_fixes(
    snapshot: &Snapshot,
    analysis: &Analysis,
    params: &CodeActionParams,
    range: TextRange,
    actions: &mut Vec<CodeAction>,
) {
    let features = snapshot.session.features();
    let mut ignores = Vec::new();
    for (index, diagnostic) in analysis.diagnostics.iter().enumerate() {
        // Touching counts: the cursor behind the last character is at the word.
        if diagnostic.range().intersect(range).is_none() {
            continue;
        }
        let ours = to_proto::diagnostic(&analysis.around, diagnostic, features);
        let action = |title: String, preferred: bool, remedy: Remedy| {
            let action = CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![as_the_client_has_it(&ours, params)]),
                is_preferred: (features.preferred && preferred).then_some(true),
                ..CodeAction::default()
            };
            with_edit(snapshot, action, remedy, || edit_of(analysis, remedy, features))
        };
        for (number, fix) in diagnostic.fixes.iter().enumerate() {
            if by_file(&fix.edits).is_none() {
                tracing::error!(code = diagnostic.code, title = fix.title, "a fix contradicts itself");
                continue;
            }
            // One that may be wrong is not applied by a key press that asks nothing.
            let preferred = number == 0 && fix.applicability == Applicability::Safe;
            actions.push(action(fix.title.clone(), preferred, Remedy::Fix(index, number)));
        }
        if !by_file(&ignore(analysis, diagnostic)).is_none_or(|edits| edits.is_empty()) {
            ignores.push(action(format!("Ignore `{}` here", diagnostic.code), false, Remedy::Ignore(index)));
        }
    }
    // To mend comes before to ignore.
    actions.append(&mut ignores);
}

/// The refactorings at a place, without those that are offered as fixes there.
fn refactorings(snapshot: &Snapshot, analysis: Option<&Analysis>, range: TextRange, actions: &mut Vec<CodeAction>) {
    let Some(around) = snapshot.surroundings() else { return };
    let at_hand = |fix: &Fix| {
        let here = analysis.into_iter().flat_map(|analysis| &analysis.diagnostics);
        let mut here = here.filter(|diagnostic| diagnostic.range().intersect(range).is_some());
        here.any(|diagnostic| diagnostic.fixes.iter().any(|other| other.edits == fix.edits))
    };
    for (number, fix) in rules::refactor::at(&around.workspace, DOCUMENT, range).into_iter().enumerate() {
        let Some(edits) = by_file(&fix.edits).filter(|_| !at_hand(&fix)) else { continue };
        let action =
            CodeAction { title: fix.title, kind: Some(CodeActionKind::REFACTOR_REWRITE), ..CodeAction::default() };
        let remedy = Remedy::Refactor(range.start().into(), range.end().into(), number);
        let edit = || Some(around.edit(edits, snapshot.session.features()));
        actions.push(with_edit(snapshot, action, remedy, edit));
    }
}

/// The document that a code action handed out earlier is about.
pub(super) fn uri_of(action: &CodeAction) -> Option<Uri> {
    Some(handle(action)?.uri)
}

/// The code action with its edit. `None` if the document is another one by now.
pub(super) fn resolve(snapshot: &Snapshot, mut action: CodeAction) -> Option<CodeAction> {
    let handle = handle(&action).filter(|handle| handle.version == snapshot.document.version)?;
    let features = snapshot.session.features();
    action.edit = Some(match handle.remedy {
        Remedy::Refactor(start, end, number) if start <= end => {
            let range = TextRange::new(start.into(), end.into());
            let around = snapshot.surroundings()?;
            let fix = rules::refactor::at(&around.workspace, DOCUMENT, range).into_iter().nth(number)?;
            around.edit(by_file(&fix.edits)?, features)
        }
        remedy => edit_of(&*snapshot.analysis()?, remedy, features)?,
    });
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

fn with_edit(
    snapshot: &Snapshot,
    mut action: CodeAction,
    remedy: Remedy,
    edit: impl FnOnce() -> Option<WorkspaceEdit>,
) -> CodeAction {
    if snapshot.session.features().resolve_edit {
        let handle = Handle { uri: snapshot.document.uri.clone(), version: snapshot.document.version, remedy };
        action.data = serde_json::to_value(handle).ok();
    } else {
        action.edit = edit();
    }
    action
}

/// The edit of what the analysis found.
fn edit_of(analysis: &Analysis, remedy: Remedy, features: &Features) -> Option<WorkspaceEdit> {
    let edits = match remedy {
        Remedy::Fix(diagnostic, number) => by_file(&analysis.diagnostics.get(diagnostic)?.fixes.get(number)?.edits)?,
        Remedy::All => all_safe(analysis),
        Remedy::Ignore(diagnostic) => by_file(&ignore(analysis, analysis.diagnostics.get(diagnostic)?))?,
        Remedy::Refactor(..) => return None,
    };
    Some(analysis.around.edit(edits, features))
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
    rules::suppress::add_ignores(&analysis.around.workspace, std::slice::from_ref(diagnostic), REASON)
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
