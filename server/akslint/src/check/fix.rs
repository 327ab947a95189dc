//! Applying fixes: what the files become, as a diff or on disk.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};
use rules::apply::{Stopped, fix_all};
use rules::{Applicability, Diagnostic};
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

/// Prints what changes, as `diff -u` and git do. The library that finds it has a printer, too, but that counts lines wrongly
/// near the start of a file and does not say where a last line has no end, which `patch` and `git apply` want to know.
pub(super) fn diff(path: &str, old: &SourceText, new: &SourceText, out: &mut dyn Write) -> io::Result<()> {
    /// So many lines around a change are shown.
    const CONTEXT: u32 = 3;
    let lines = InternedInput::new(old.as_str(), new.as_str());
    let mut diff = Diff::compute(Algorithm::Myers, &lines);
    diff.postprocess_lines(&lines);
    let print = |out: &mut dyn Write, sign: char, tokens: &[Token]| {
        tokens.iter().try_for_each(|token| {
            let line = lines.interner[*token];
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            write!(out, "{sign}{line}{end}")
        })
    };
    let hunks: Vec<Hunk> = diff.hunks().collect();
    // Changes whose surroundings meet are shown together.
    let near = |one: &Hunk, next: &Hunk| next.before.start - one.before.end <= 2 * CONTEXT;
    for (number, hunks) in hunks.chunk_by(near).enumerate() {
        let ([first, ..], [.., last]) = (hunks, hunks) else { continue };
        let above = first.before.start.min(CONTEXT);
        let below = CONTEXT.min(count(&lines.before) - last.before.end);
        let before = first.before.start - above..last.before.end + below;
        let after = first.after.start - above..last.after.end + below;
        if number == 0 {
            write!(out, "--- a/{path}\n+++ b/{path}\n")?;
        }
        // Of no lines at all the one before them is named.
        let place = |lines: &Range<u32>| format!("{},{}", lines.start + u32::from(!lines.is_empty()), lines.len());
        writeln!(out, "@@ -{} +{} @@", place(&before), place(&after))?;
        let mut at = before.start;
        for hunk in hunks {
            print(out, ' ', &lines.before[at as usize..hunk.before.start as usize])?;
            print(out, '-', &lines.before[hunk.before.start as usize..hunk.before.end as usize])?;
            print(out, '+', &lines.after[hunk.after.start as usize..hunk.after.end as usize])?;
            at = hunk.before.end;
        }
        print(out, ' ', &lines.before[at as usize..before.end as usize])?;
    }
    Ok(())
}

fn count(tokens: &[Token]) -> u32 {
    u32::try_from(tokens.len()).unwrap_or(u32::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let mut out = Vec::new();
        diff("x", &SourceText::new(old), &SourceText::new(new), &mut out).unwrap();
        String::from_utf8(out).unwrap().replace("--- a/x\n+++ b/x\n", "")
    }

    #[test]
    fn a_diff_is_what_patch_reads() {
        let lines = |range: Range<u32>| range.map(|number| number.to_string() + "\n").collect::<String>();
        let text = lines(1..30);
        assert_eq!(shown(&text, &text), "");
        // Near the start, near the end, together and apart.
        assert_eq!(
            shown(&lines(1..9), &lines(1..9).replace("5\n", "five\n")),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
        assert_eq!(shown(&lines(1..5), &lines(2..5)), "@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n");
        assert_eq!(shown(&lines(1..5), &lines(1..6)), "@@ -2,3 +2,4 @@\n 2\n 3\n 4\n+5\n");
        let together = shown(&lines(1..12), &lines(1..12).replace("2\n", "two\n").replace("9\n", "nine\n"));
        assert_eq!(together.matches("@@ -").count(), 1, "{together}");
        let apart = shown(&text, &text.replace("\n2\n", "\ntwo\n").replace("\n10\n", "\n"));
        assert!(
            apart.starts_with("@@ -1,5 +1,5 @@\n") && apart.contains("@@ -7,7 +7,6 @@\n 7\n 8\n 9\n-10\n 11\n"),
            "{apart}"
        );
        // Nothing before, nothing left, no end of the last line.
        assert_eq!(shown("", "1\n"), "@@ -0,0 +1,1 @@\n+1\n");
        assert_eq!(shown("1\n", ""), "@@ -1,1 +0,0 @@\n-1\n");
        let end = "\n\\ No newline at end of file\n";
        assert_eq!(shown("1\n2", "1\n3"), format!("@@ -1,2 +1,2 @@\n 1\n-2{end}+3{end}"));
        assert_eq!(shown("0\n1", "1"), format!("@@ -1,2 +1,1 @@\n-0\n 1{end}"));
    }
}
