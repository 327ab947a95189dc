//! `--watch`: check again whenever a file changes.
//!
//! Asks for sizes and times instead of being told: that works on every file system, over networks and in containers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;

use super::report::tidy_path;
use super::walk::{self, Search};
use super::{Job, report::plural};
use crate::config::FILE_NAME;
use crate::{Exit, Streams};

/// Between two looks; longer where a look takes long, so that looking costs a twentieth of a core at most.
const INTERVAL: Duration = Duration::from_millis(200);
const SHARE: u32 = 20;

/// What is known of each file: when it was written, and its size. `None` for one that is not there.
type Snapshot = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Checks again and again, until the process is ended or nobody reads the output any more.
pub(super) fn run(job: &Job<'_>, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    if job.args.paths.iter().any(|path| path.as_os_str() == "-") {
        bail!("stdin cannot be watched");
    }
    let mut extra = BTreeSet::new();
    loop {
        // Taken before the run, so that what is written meanwhile is seen afterwards.
        let before = snapshot(job, &extra)?;
        let (seen, exit) = job.once(None, streams);
        if let Err(error) = exit {
            // A mistake in the configuration is mended while we wait.
            let _ = writeln!(streams.errors, "akslint: error: {error:#}");
        }
        extra = seen.into_iter().collect();
        let before = complete(before, &extra);
        let note = format!("akslint: watching {}; Ctrl+C ends this", plural(before.len(), "file"));
        let written = writeln!(streams.errors, "{note}").and_then(|()| streams.errors.flush());
        if written.and_then(|()| streams.output.flush()).is_err() {
            return Ok(Exit::Clean);
        }
        loop {
            let start = Instant::now();
            if snapshot(job, &extra)? != before {
                break;
            }
            std::thread::sleep(INTERVAL.max(start.elapsed() * SHARE));
        }
        if job.style.color {
            // A clean screen, as the first run may have had.
            let _ = write!(streams.output, "\u{1b}[2J\u{1b}[H");
        }
    }
}

/// Everything that is searched, what a run read besides, and configuration files; not what a run writes.
fn snapshot(job: &Job<'_>, extra: &BTreeSet<PathBuf>) -> anyhow::Result<Snapshot> {
    let search = Search { directory: &job.directory, exclude: &job.args.exclude, everything: job.args.no_ignore };
    let found = walk::find(&job.args.paths, search)?;
    let mut snapshot = Snapshot::new();
    let mut folders = BTreeSet::new();
    for file in found.files {
        folders.extend(file.path.parent().map(Path::to_owned));
        snapshot.insert(file.path.clone(), state(&file.path));
    }
    folders.insert(job.directory.clone());
    let above: BTreeSet<&Path> = folders.iter().flat_map(|folder| folder.ancestors()).collect();
    for folder in above {
        let path = folder.join(FILE_NAME);
        if path.is_file() {
            snapshot.insert(path.clone(), state(&path));
        }
    }
    let named = job.args.config.iter().chain(&job.args.baseline).map(|path| tidy_path(path, &job.directory));
    for path in extra.iter().cloned().chain(named) {
        let now = state(&path);
        snapshot.insert(path, now);
    }
    let written = job.args.reports.files.iter().map(|file| &file.path);
    for path in written {
        snapshot.remove(&tidy_path(path, &job.directory));
    }
    Ok(snapshot)
}

/// With what a run turned out to read, as it is now.
fn complete(mut snapshot: Snapshot, extra: &BTreeSet<PathBuf>) -> Snapshot {
    for path in extra {
        snapshot.entry(path.clone()).or_insert_with(|| state(path));
    }
    snapshot
}

fn state(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
