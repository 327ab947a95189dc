//! Which files are looked at.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::bail;
use ignore::WalkState;
use ignore::overrides::OverrideBuilder;

use super::report::{Unreadable, display_path, tidy_path};
use crate::files;

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Relative to the working directory if below it.
    pub(super) path: PathBuf,
    /// Named on the command line: it is checked whatever it is.
    pub(super) named: bool,
}

/// What a search found, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<Candidate>,
    pub(super) unreadable: Vec<Unreadable>,
    /// `-` was among the paths.
    pub(super) stdin: bool,
}

/// How to search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    pub(super) directory: &'a Path,
    /// Patterns of files and folders to skip.
    pub(super) exclude: &'a [String],
    /// What `.gitignore` and `.ignore` list, too.
    pub(super) everything: bool,
}

/// Searches folders and takes files as they are.
pub(super) fn find(paths: &[PathBuf], search: Search<'_>) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let mut folders = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.stdin = true;
            continue;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folders.push(path),
            Ok(_) => found.files.push(Candidate { path: tidy_path(path, search.directory), named: true }),
            Err(error) => found.unreadable.push(unreadable(path, search.directory, &error)),
        }
    }
    if !folders.is_empty() {
        walk(&folders, search, &mut found)?;
    }
    // Named ones first, so that of two that are the same file the named one stays.
    found.files.sort_by(|a, b| b.named.cmp(&a.named).then_with(|| a.path.cmp(&b.path)));
    let mut seen = HashSet::new();
    found.files.retain(|file| seen.insert(fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone())));
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.unreadable.sort();
    found.unreadable.dedup();
    Ok(found)
}

fn walk(folders: &[&PathBuf], search: Search<'_>, found: &mut Found) -> anyhow::Result<()> {
    let Some(mut builder) = files::walker(folders, search.everything) else { return Ok(()) };
    let mut exclude = OverrideBuilder::new(search.directory);
    for pattern in search.exclude {
        if let Err(ignore::Error::Glob { err, .. }) = exclude.add(&format!("!{pattern}")) {
            bail!("--exclude: `{pattern}` is no pattern: {err}");
        }
    }
    builder.overrides(exclude.build()?);
    let candidates = Mutex::new(std::mem::take(&mut found.files));
    let unreadable = Mutex::new(std::mem::take(&mut found.unreadable));
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) => {
                    if files::is_candidate(&entry) {
                        let path = tidy_path(entry.path(), search.directory);
                        lock(&candidates).push(Candidate { path, named: false });
                    }
                }
                Err(error) => lock(&unreadable).push(walk_error(&error, search.directory)),
            }
            WalkState::Continue
        })
    });
    found.files = candidates.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.unreadable = unreadable.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(())
}

/// Nothing panics while it holds one of these locks, and a vector would be sound even then.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn walk_error(error: &ignore::Error, directory: &Path) -> Unreadable {
    match error {
        ignore::Error::WithPath { path, err } => {
            Unreadable { path: display_path(path, directory), reason: reason(err) }
        }
        ignore::Error::WithDepth { err, .. } => walk_error(err, directory),
        other => Unreadable { path: ".".to_owned(), reason: other.to_string() },
    }
}

fn unreadable(path: &Path, directory: &Path, error: &std::io::Error) -> Unreadable {
    let mut reason = io_reason(error);
    if error.kind() == std::io::ErrorKind::NotFound && path.to_string_lossy().contains(['*', '?', '[', '{']) {
        reason.push_str("; patterns are the shell's, so name a folder, and what to skip with --exclude");
    }
    Unreadable { path: display_path(path, directory), reason }
}

fn reason(error: &ignore::Error) -> String {
    error.io_error().map_or_else(|| error.to_string(), io_reason)
}

/// An I/O error without the number of the operating system.
pub(super) fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
