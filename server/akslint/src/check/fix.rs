//! Applying fixes: what the files become, as a diff or on disk.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};
use similar::TextDiff;
use syntax::SourceText;

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
