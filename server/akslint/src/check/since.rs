//! `--since`: which files changed, by asking git.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// Files that differ from a revision, or are new and not ignored.
pub(super) fn changed(revision: &str, directory: &Path) -> anyhow::Result<HashSet<PathBuf>> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no revision");
    }
    let mut files = HashSet::new();
    for arguments in [
        &["diff", "--name-only", "-z", "--relative", "--diff-filter=d", revision, "--"][..],
        &["ls-files", "--others", "--exclude-standard", "-z"],
    ] {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(directory)
            .output()
            .context("cannot run git for --since")?;
        if !output.status.success() {
            bail!("git: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let names = output.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        files.extend(names.map(|name| directory.join(path_of(name))));
    }
    Ok(files)
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
