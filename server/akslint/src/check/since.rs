//! `--since`: which files changed, by asking git, and which depend on them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use template::workspace::{FileId, Workspace};

use super::report::tidy_path;
use crate::config::FILE_NAME;

/// What a change touches.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// The files that changed.
    pub(super) changed: HashSet<FileId>,
    /// Those, the files that refer to them directly or not, and what a changed configuration is about.
    pub(super) affected: HashSet<FileId>,
}

/// What of a workspace differs from a revision or depends on what does.
pub(super) fn touched(revision: &str, directory: &Path, workspace: &Workspace) -> anyhow::Result<Touched> {
    let changed = changed(revision, directory)?;
    let mut touched = Touched::default();
    let mut users: HashMap<PathBuf, Vec<FileId>> = HashMap::new();
    for (id, file) in workspace.files() {
        let configured = |path: &PathBuf| path.ends_with(FILE_NAME) && is_above(path, &file.path);
        if changed.contains(&file.path) {
            touched.changed.insert(id);
        } else if changed.iter().any(configured) {
            touched.affected.insert(id);
        }
        for reference in file.references() {
            users.entry(reference.path.clone()).or_default().push(id);
        }
    }
    touched.affected.extend(&touched.changed);
    let mut pending: Vec<PathBuf> = changed.into_iter().collect();
    while let Some(path) = pending.pop() {
        for user in users.remove(&path).into_iter().flatten() {
            touched.affected.insert(user);
            pending.push(workspace.file(user).path.clone());
        }
    }
    Ok(touched)
}

/// Whether a configuration file is about a file; relative paths are below the working directory.
fn is_above(configuration: &Path, file: &Path) -> bool {
    file.starts_with(configuration.parent().unwrap_or(Path::new("")))
}

/// Files that differ from a revision, are new and not ignored, or are gone; as a workspace names them.
fn changed(revision: &str, directory: &Path) -> anyhow::Result<HashSet<PathBuf>> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no revision");
    }
    let mut files = HashSet::new();
    for arguments in [
        &["diff", "--name-only", "-z", "--relative", "--no-renames", revision, "--"][..],
        &["ls-files", "--others", "--exclude-standard", "-z"],
    ] {
        let names = git(arguments, directory)?.map_err(|complaint| why_not(revision, directory, &complaint))?;
        let names = names.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        files.extend(names.map(|name| tidy_path(&path_of(name), directory)));
    }
    Ok(files)
}

/// What git prints, or what it complains about.
fn git(arguments: &[&str], directory: &Path) -> anyhow::Result<Result<Vec<u8>, String>> {
    let output =
        Command::new("git").args(arguments).current_dir(directory).output().context("cannot run git for --since")?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    Ok(Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// What is wrong when git does not say what changed. Outside a repository it explains options of `diff` instead, and a
/// clone that CI made has few commits.
fn why_not(revision: &str, directory: &Path, complaint: &str) -> anyhow::Error {
    match git(&["rev-parse", "--is-shallow-repository"], directory) {
        Ok(Ok(answer)) if answer.starts_with(b"true") => anyhow!(
            "--since {revision}: this clone is shallow and may lack that commit ({complaint}); fetch it with \
             `git fetch --depth=1 origin COMMIT`, or clone with the whole history (`fetch-depth: 0` of actions/checkout)"
        ),
        Ok(Ok(_)) => anyhow!("--since {revision}: {complaint}"),
        Ok(Err(complaint)) => anyhow!("--since needs a git repository: {complaint}"),
        Err(error) => error,
    }
}

#[cfg(unix)]
fn path_of(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}
