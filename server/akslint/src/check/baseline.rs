//! Baselines: diagnostics that are known and left out.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use rules::Diagnostic;
use serde::{Deserialize, Serialize};
use template::workspace::Workspace;

use super::load::Project;
use super::report::{Places, display_path, fingerprints};

const VERSION: u32 = 1;

#[derive(Deserialize, Serialize)]
struct Baseline {
    version: u32,
    diagnostics: Vec<Entry>,
}

/// A known diagnostic. Only the fingerprint counts, the rest is for people.
#[derive(Deserialize, Serialize)]
struct Entry {
    code: String,
    path: String,
    message: String,
    fingerprint: String,
}

/// Writes all diagnostics to a file.
pub(super) fn write(
    path: &Path,
    workspace: &Workspace,
    places: &Places,
    diagnostics: &[Diagnostic],
) -> anyhow::Result<()> {
    let entries = diagnostics.iter().zip(fingerprints(workspace, places, diagnostics));
    let entries = entries.map(|(diagnostic, fingerprint)| Entry {
        code: diagnostic.code.to_owned(),
        path: places.path(diagnostic.file()).to_owned(),
        message: diagnostic.message.clone(),
        fingerprint,
    });
    let text = serde_json::to_string_pretty(&Baseline { version: VERSION, diagnostics: entries.collect() })?;
    fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

/// What a baseline knew of a run.
pub(super) struct Known {
    /// So many diagnostics were left out.
    pub(super) hidden: usize,
    /// The files of those that were not found.
    missing: Vec<String>,
}

impl Known {
    /// How many entries are mended: their file was checked, or is there no longer.
    pub(super) fn gone(&self, project: &Project, directory: &Path) -> usize {
        let path = |&file| display_path(&project.workspace.file(file).path, directory);
        let checked: HashSet<String> = project.checked.iter().map(path).collect();
        let is_gone = |path: &&String| checked.contains(*path) || !directory.join(path).exists();
        self.missing.iter().filter(is_gone).count()
    }
}

/// Takes away what a file lists.
pub(super) fn subtract(
    path: &Path,
    workspace: &Workspace,
    places: &Places,
    diagnostics: &mut Vec<Diagnostic>,
) -> anyhow::Result<Known> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the baseline {}", path.display()))?;
    let baseline: Baseline =
        serde_json::from_str(&text).with_context(|| format!("{} is no baseline of akslint", path.display()))?;
    if baseline.version != VERSION {
        bail!("{} is a baseline of version {}, not {VERSION}", path.display(), baseline.version);
    }
    // Whatever is left in the end was not found.
    let mut known: HashMap<String, String> =
        baseline.diagnostics.into_iter().map(|entry| (entry.fingerprint, entry.path)).collect();
    let before = diagnostics.len();
    let mut fingerprints = fingerprints(workspace, places, diagnostics).into_iter();
    diagnostics.retain(|_| fingerprints.next().is_none_or(|fingerprint| known.remove(&fingerprint).is_none()));
    Ok(Known { hidden: before - diagnostics.len(), missing: known.into_values().collect() })
}
