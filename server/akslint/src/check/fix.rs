//! Applying fixes: what the files become, as a diff or on disk.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rules::apply::{Stopped, fix_all};
use rules::{Applicability, Diagnostic};
use similar::TextDiff;
use syntax::SourceText;
use template::workspace::{FileId, SourceFile, Workspace};

/// What the files of a project become.
#[derive(Debug)]
pub(super) struct Fixed {
    /// All files, the changed ones parsed anew.
    pub(super) workspace: Workspace,
    /// Those that differ.
    pub(super) changed: Vec<FileId>,
    /// How many fixes were applied.
    pub(super) applied: usize,
    /// What a mistake in a rule kept from being mended.
    pub(super) stopped: Option<String>,
}

/// Applies fixes of at least `threshold` to the files of a project until nothing is left to do. `check` gives the diagnostics of a workspace;
/// a fix that would change a file that is not among `allowed` is not applied.
pub(super) fn fix(
    project: &Workspace,
    files: &[Arc<SourceFile>],
    allowed: &[FileId],
    threshold: Applicability,
    mut check: impl FnMut(&Workspace) -> Vec<Diagnostic>,
) -> Fixed {
    let original = files;
    let mut files = original.to_vec();
    let texts: Vec<String> = files.iter().map(|file| file.text.as_str().to_owned()).collect();
    let fixed = fix_all(texts, threshold, |texts| {
        files = with_texts(&files, texts);
        let mut diagnostics = check(&project.with_files(&files));
        for diagnostic in &mut diagnostics {
            diagnostic.fixes.retain(|fix| fix.edits.iter().all(|edit| allowed.contains(&edit.file)));
        }
        diagnostics
    });
    // A round that was taken back leaves the texts of the one before it.
    files = with_texts(&files, &fixed.texts);
    let differs = |(old, new): &(&Arc<SourceFile>, &Arc<SourceFile>)| old.text.as_str() != new.text.as_str();
    let changed = (0..).map(FileId).zip(original.iter().zip(&files)).filter(|(_, pair)| differs(pair));
    let changed = changed.map(|(file, _)| file).collect();
    let stopped = fixed.stopped.map(|stopped| match stopped {
        Stopped::NoEnd(rules) => format!("the fixes of {} keep undoing each other", rules.join(", ")),
        Stopped::Broken(rules) => format!("a fix of {} would have broken the syntax", rules.join(", ")),
    });
    Fixed { workspace: project.with_files(&files), changed, applied: fixed.applied.len(), stopped }
}

/// The files with other texts; those whose text is the same stay what they are.
fn with_texts(files: &[Arc<SourceFile>], texts: &[String]) -> Vec<Arc<SourceFile>> {
    let renewed = |(file, text): (&Arc<SourceFile>, &String)| {
        if file.text.as_str() == text { file.clone() } else { Arc::new(file.with_text(SourceText::new(text.as_str()))) }
    };
    files.iter().zip(texts).map(renewed).collect()
}

/// Prints what changes, as `diff -u` and git do.
pub(super) fn diff(path: &str, old: &SourceText, new: &SourceText, out: &mut dyn Write) -> io::Result<()> {
    let diff = TextDiff::from_lines(old.as_str(), new.as_str());
    write!(out, "{}", diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")))
}

/// Puts a new text in the place of a file in one step: whoever reads sees the old one or the new one. A symbolic link
/// stays one, permissions stay, and what somebody else wrote in the meantime stays.
pub(super) fn write(path: &Path, old: &SourceText, new: &SourceText) -> anyhow::Result<()> {
    let target = fs::canonicalize(path)?;
    let metadata = fs::metadata(&target)?;
    if metadata.permissions().readonly() {
        bail!("the file is read-only");
    }
    if fs::read(&target)? != old.as_str().as_bytes() {
        bail!("the file was changed while it was checked");
    }
    let folder = target.parent().context("the file is in no folder")?;
    let mut file = tempfile::Builder::new().prefix(".akslint-").tempfile_in(folder)?;
    file.write_all(new.as_str().as_bytes())?;
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}
