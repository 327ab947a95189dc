//! From our types to those of the protocol.

use std::collections::HashMap;

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, DocumentChanges,
    Location, NumberOrString, OneOf, OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit,
    TextEdit, Uri, WorkspaceEdit,
};
use rules::{Severity, Tag};
use serde_json::json;
use syntax::{Encoding, SourceText, TextEdits};
use template::workspace::FileId;
use text_size::{TextRange, TextSize};

use super::analyse::{Origin, Surroundings};
use super::capabilities::Features;

/// The name under which diagnostics are shown.
pub(super) const SOURCE: &str = "akslint";

pub(super) fn position(text: &SourceText, offset: TextSize, encoding: Encoding) -> Position {
    let position = text.position(offset, encoding);
    Position::new(position.line, position.column)
}

pub(super) fn range(text: &SourceText, range: TextRange, encoding: Encoding) -> Range {
    Range::new(position(text, range.start(), encoding), position(text, range.end(), encoding))
}

/// So many diagnostics of a file are shown. Editors show no more (VS Code takes as many of a file), and each is a message of half a
/// kilobyte: a file of a megabyte may have a hundred thousand mistakes.
const SHOWN: usize = 1000;

/// What is wrong with a file: all of it, or the gravest and how many more there are.
pub(super) fn diagnostics<'d>(
    around: &Surroundings,
    found: impl Iterator<Item = &'d rules::Diagnostic>,
    features: &Features,
) -> Vec<Diagnostic> {
    let mut found: Vec<&rules::Diagnostic> = found.collect();
    let all = found.len();
    if all > SHOWN {
        // Of equal ones the first.
        found.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        found.truncate(SHOWN);
        found.sort_by_key(|diagnostic| (diagnostic.range().start(), diagnostic.range().end(), diagnostic.code));
    }
    let more = (all > SHOWN).then(|| more(all - SHOWN));
    more.into_iter().chain(found.into_iter().map(|it| diagnostic(around, it, features))).collect()
}

/// The diagnostic that stands for those that are not shown.
fn more(count: usize) -> Diagnostic {
    of_the_file(
        DiagnosticSeverity::INFORMATION,
        "not-shown",
        format!("akslint found {count} more in this file, which `akslint check` lists"),
    )
}

pub(super) fn diagnostic(around: &Surroundings, diagnostic: &rules::Diagnostic, features: &Features) -> Diagnostic {
    let file = around.workspace.file(diagnostic.file());
    let related = diagnostic.related.iter().map(|related| {
        let file = around.workspace.file(related.location.file);
        let range = range(&file.text, related.location.range, features.encoding);
        let location = Location::new(around.origin(related.location.file).uri.clone(), range);
        DiagnosticRelatedInformation { location, message: related.message.clone() }
    });
    let related: Vec<_> = if features.related { related.collect() } else { Vec::new() };
    Diagnostic {
        range: range(&file.text, diagnostic.range(), features.encoding),
        severity: Some(severity(diagnostic.severity)),
        code: Some(NumberOrString::String(diagnostic.code.to_owned())),
        code_description: documentation(diagnostic.code)
            .filter(|_| features.code_description)
            .map(|href| CodeDescription { href }),
        source: Some(SOURCE.to_owned()),
        message: message(diagnostic),
        related_information: (!related.is_empty()).then_some(related),
        tags: diagnostic.tag.filter(|_| features.tags).map(|tag| vec![self::tag(tag)]),
        data: features.data.then(|| json!({ "family": diagnostic.family.as_str() })),
    }
}

/// Edits of several files, of which `of` knows how the client calls them and what is in them.
pub(super) fn workspace_edit<'a>(
    of: impl Fn(FileId) -> (&'a Origin, &'a SourceText),
    edits: Vec<(FileId, TextEdits)>,
    features: &Features,
) -> WorkspaceEdit {
    let files = edits.into_iter().map(|(file, edits)| {
        let (origin, text) = of(file);
        let edits = edits
            .into_iter()
            .map(|edit| TextEdit { range: range(text, edit.range, features.encoding), new_text: edit.new_text });
        (origin, edits.collect::<Vec<_>>())
    });
    if features.document_changes {
        let changes = files.map(|(origin, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri: origin.uri.clone(), version: origin.version },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        });
        WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(changes.collect())), ..WorkspaceEdit::default() }
    } else {
        let changes: HashMap<_, _> = files.map(|(origin, edits)| (origin.uri.clone(), edits)).collect();
        WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
    }
}

/// What there is to say about a file as a whole, at its start.
fn of_the_file(severity: DiagnosticSeverity, code: &str, message: String) -> Diagnostic {
    Diagnostic {
        severity: Some(severity),
        code: Some(NumberOrString::String(code.to_owned())),
        source: Some(SOURCE.to_owned()),
        message,
        ..Diagnostic::default()
    }
}

/// The one diagnostic of a document whose text we lost.
pub(super) fn out_of_sync(reason: &str) -> Diagnostic {
    of_the_file(
        DiagnosticSeverity::WARNING,
        "out-of-sync",
        format!("akslint lost track of this file, reopen it: {reason}"),
    )
}

/// The one diagnostic of a document that is not looked at.
pub(super) fn refused(reason: &str) -> Diagnostic {
    of_the_file(DiagnosticSeverity::WARNING, "not-checked", format!("akslint does not check this file, {reason}"))
}

fn message(diagnostic: &rules::Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Hint => DiagnosticSeverity::HINT,
        Severity::Info => DiagnosticSeverity::INFORMATION,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Error => DiagnosticSeverity::ERROR,
    }
}

fn tag(tag: Tag) -> DiagnosticTag {
    match tag {
        Tag::Unnecessary => DiagnosticTag::UNNECESSARY,
        Tag::Deprecated => DiagnosticTag::DEPRECATED,
    }
}

/// The page about a rule.
fn documentation(code: &str) -> Option<Uri> {
    rules::by_code(code)?;
    crate::catalog::url(code).parse().ok().filter(|uri: &Uri| uri.scheme().is_some())
}
