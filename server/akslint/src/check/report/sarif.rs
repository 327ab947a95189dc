//! `sarif`: SARIF 2.1.0.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use rules::{Applicability, Confidence, Diagnostic, Fix, Severity};
use serde_json::{Map, Value, json};
use syntax::TextRange;
use template::workspace::{FileId, Location};

use super::{Report, fingerprint, uri};
use crate::catalog::{self, RuleInfo};

/// Counts up when fingerprints of the same code come out different.
const FINGERPRINT: &str = "akslint/v1";

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let syntax_errors = catalog::syntax_errors();
    let rules: Vec<&RuleInfo> = catalog::rules().iter().chain([&syntax_errors]).collect();
    let index: HashMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.code, at)).collect();
    let fingerprints = fingerprint::fingerprints(report.workspace, report.places, report.diagnostics);
    let mut results: Vec<Value> = report
        .diagnostics
        .iter()
        .zip(fingerprints)
        .map(|(diagnostic, fingerprint)| result(report, diagnostic, &fingerprint, &index).into())
        .collect();
    results.extend(suppressed(report, &index));
    let notifications: Vec<Value> = report
        .unreadable
        .iter()
        .map(|unreadable| {
            json!({
                "level": "error",
                "message": { "text": format!("{}: {}", unreadable.path, unreadable.reason) },
                "locations": [{ "physicalLocation": { "artifactLocation": artifact(&unreadable.path) } }],
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "akslint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": catalog::HOME,
                "rules": rules.iter().copied().map(descriptor).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "%SRCROOT%": {
                "description": { "text": "The directory akslint was run in." },
            } },
            "invocations": [{
                "executionSuccessful": report.unreadable.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "properties": { "files": report.summary.files, "clusters": report.summary.clusters },
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// A rule, as the consoles that show SARIF want it: with help in two forms.
fn descriptor(rule: &RuleInfo) -> Value {
    let mut tags = vec!["security", "kubernetes", "identity"];
    // No tag twice, says the schema, and a family is called like one.
    if !tags.contains(&rule.family.as_str()) {
        tags.push(rule.family.as_str());
    }
    json!({
        "id": rule.code,
        "name": pascal_case(rule.code),
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "helpUri": rule.url,
        "help": { "text": rule.text, "markdown": rule.markdown },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": tags,
            "precision": "high",
            "problem.severity": problem_severity(rule.severity),
        },
    })
}

fn result(
    report: &Report<'_>,
    diagnostic: &Diagnostic,
    fingerprint: &str,
    index: &HashMap<&str, usize>,
) -> Map<String, Value> {
    let mut text = diagnostic.message.clone();
    if let Confidence::Conditional(condition) = &diagnostic.confidence {
        let _ = write!(text, " (when {condition})");
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(". ");
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(diagnostic.code));
    if let Some(at) = index.get(diagnostic.code) {
        result.insert("ruleIndex".into(), json!(at));
    }
    result.insert("level".into(), json!(level(diagnostic.severity)));
    result.insert("message".into(), json!({ "text": text }));
    result.insert("locations".into(), json!([{ "physicalLocation": physical(report, diagnostic.location) }]));
    result.insert("partialFingerprints".into(), json!({ FINGERPRINT: fingerprint }));
    if !diagnostic.related.is_empty() {
        let related = diagnostic.related.iter().enumerate().map(|(at, related)| {
            json!({
                "id": at,
                "physicalLocation": physical(report, related.location),
                "message": { "text": related.message },
            })
        });
        result.insert("relatedLocations".into(), related.collect());
    }
    let fixes: Vec<Value> = diagnostic
        .fixes
        .iter()
        .filter(|fix| fix.applicability > Applicability::DisplayOnly)
        .map(|fix| fix_object(report, fix))
        .collect();
    if !fixes.is_empty() {
        result.insert("fixes".into(), fixes.into());
    }
    let confidence = match diagnostic.confidence {
        Confidence::Always => "always",
        Confidence::Conditional(_) => "conditional",
    };
    result.insert("properties".into(), json!({ "confidence": confidence }));
    result
}

/// What comments silence is reported as such, so that a viewer does not take it for mended.
fn suppressed(report: &Report<'_>, index: &HashMap<&str, usize>) -> Vec<Value> {
    let diagnostics: Vec<Diagnostic> = report.suppressed.iter().map(|one| one.diagnostic.clone()).collect();
    let fingerprints = fingerprint::fingerprints(report.workspace, report.places, &diagnostics);
    report
        .suppressed
        .iter()
        .zip(fingerprints)
        .map(|(one, fingerprint)| {
            let mut result = result(report, &one.diagnostic, &fingerprint, index);
            let suppression = match &one.reason {
                Some(reason) => json!({ "kind": "inSource", "justification": reason }),
                None => json!({ "kind": "inSource" }),
            };
            result.insert("suppressions".into(), json!([suppression]));
            result.into()
        })
        .collect()
}

fn fix_object(report: &Report<'_>, fix: &Fix) -> Value {
    let changes = fix.edits.chunk_by(|a, b| a.file == b.file).map(|edits| {
        let replacements = edits.iter().map(|edit| {
            json!({
                "deletedRegion": region(report, edit.file, edit.edit.range),
                "insertedContent": { "text": edit.edit.new_text },
            })
        });
        json!({
            "artifactLocation": artifact(report.path(edits[0].file)),
            "replacements": replacements.collect::<Vec<_>>(),
        })
    });
    json!({
        "description": { "text": fix.title },
        "artifactChanges": changes.collect::<Vec<_>>(),
        "properties": { "applicability": fix.applicability.as_str() },
    })
}

fn physical(report: &Report<'_>, location: Location) -> Value {
    json!({
        "artifactLocation": artifact(report.path(location.file)),
        "region": region(report, location.file, location.range),
    })
}

fn region(report: &Report<'_>, file: FileId, range: TextRange) -> Value {
    let place = report.place(Location { file, range });
    json!({
        "startLine": place.start.line,
        "startColumn": place.start.column,
        "endLine": place.end.line,
        "endColumn": place.end.column,
        "byteOffset": place.start.offset,
        "byteLength": place.end.offset - place.start.offset,
    })
}

fn artifact(path: &str) -> Value {
    if Path::new(path).is_absolute() {
        json!({ "uri": uri(path) })
    } else {
        json!({ "uri": uri(path), "uriBaseId": "%SRCROOT%" })
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Hint => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Hint => "recommendation",
    }
}

/// `user-assigned-without-ids` as `UserAssignedWithoutIds`.
fn pascal_case(code: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    code.split('-').filter(|part| !part.is_empty()).map(word).collect()
}
