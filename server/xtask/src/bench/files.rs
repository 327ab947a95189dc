//! The files, and what a check of them costs beside parsing them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::{Bench, ratio};
use crate::measure::generate::{Language, template};
use crate::measure::{self, median, size, time};

/// No check of real files takes that long.
pub(super) const LIMIT: Duration = Duration::from_secs(1800);

/// Templates in a folder.
pub(super) struct Files {
    pub(super) folder: PathBuf,
    /// Relative paths, in order.
    json: Vec<PathBuf>,
    bicep: Vec<PathBuf>,
    made_up: bool,
    bytes: u64,
}

/// The parts of `--format json` that matter here.
#[derive(Deserialize)]
struct Report {
    summary: Summary,
}

/// What a check counted.
#[derive(Deserialize)]
pub(super) struct Summary {
    pub(super) files: usize,
    pub(super) clusters: usize,
    pub(super) unreadable: usize,
}

impl Files {
    /// All templates below a folder, by their names and by what JSON files say about themselves.
    pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.canonicalize().with_context(|| format!("cannot read {}", folder.display()))?;
        let mut files = Self { folder: folder.clone(), json: Vec::new(), bicep: Vec::new(), made_up: false, bytes: 0 };
        let mut folders = vec![folder.clone()];
        while let Some(here) = folders.pop() {
            for entry in fs::read_dir(&here)? {
                let entry = entry?;
                let path = entry.path();
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    files.add(&folder, &path)?;
                }
            }
        }
        files.json.sort();
        files.bicep.sort();
        ensure!(!files.json.is_empty() || !files.bicep.is_empty(), "there are no templates in {}", folder.display());
        Ok(files)
    }

    fn add(&mut self, folder: &Path, path: &Path) -> anyhow::Result<()> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let list = match extension {
            Some("bicep") => &mut self.bicep,
            Some("json") => {
                let text = fs::read(path)?;
                let text = String::from_utf8_lossy(&text);
                if !text.contains("deploymentTemplate.json") {
                    return Ok(());
                }
                &mut self.json
            }
            _ => return Ok(()),
        };
        list.push(path.strip_prefix(folder)?.to_owned());
        self.bytes += fs::metadata(path)?.len();
        Ok(())
    }

    /// So many as a large repository has.
    pub(super) fn made_up(scratch: &Path) -> anyhow::Result<Self> {
        let folder = scratch.join("made up");
        fs::create_dir_all(&folder)?;
        for number in 0..200 {
            for language in Language::ALL {
                let text = template(language, 1 << (10 + number % 6));
                fs::write(folder.join(format!("{number}.{}", language.extension())), text)?;
            }
        }
        Ok(Self { made_up: true, ..Self::in_folder(&folder)? })
    }

    pub(super) fn describe(&self) -> String {
        let origin = if self.made_up { "made up by the benchmark" } else { "real ones, from public repositories" };
        format!(
            "{} ARM JSON and {} Bicep templates, {} together, {origin}",
            self.json.len(),
            self.bicep.len(),
            size(self.bytes)
        )
    }

    pub(super) fn of(&self, language: Language) -> &[PathBuf] {
        if language == Language::Json { &self.json } else { &self.bicep }
    }

    /// Copies at most so many files of a language to a folder of their own, evenly chosen. Says how many.
    pub(super) fn sample(&self, language: Language, most: usize, into: &Path) -> anyhow::Result<usize> {
        let all = self.of(language);
        let step = all.len().div_ceil(most.max(1)).max(1);
        let chosen = all.iter().step_by(step);
        for path in chosen.clone() {
            let to = into.join(path);
            fs::create_dir_all(to.parent().context("it is in a folder")?)?;
            fs::copy(self.folder.join(path), to)?;
        }
        Ok(chosen.len())
    }
}

/// What a check of a folder counts.
pub(super) fn summary(bench: &Bench<'_>, folder: &Path) -> anyhow::Result<Summary> {
    let run = measure::run(&mut measure::check(bench.program, folder, &["--format", "json"]), LIMIT)?;
    let report: Report = serde_json::from_slice(&run.output).context("the report is not what was expected")?;
    Ok(report.summary)
}

/// Times of processor, in turns.
pub(super) fn parsing(bench: &Bench<'_>, files: &Files) -> anyhow::Result<String> {
    let mut page = String::from(
        "## Beside parsing alone

`--parse-only` finds, reads and parses the same files with the same parsers and stops there. Time is that of the processor, of all threads
together; a check also follows modules and parameter files, evaluates, and runs all rules.

| files | checked | clusters | refused | parsing | `check` | ratio | aim |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
",
    );
    let whole = copy(bench, files, "both", &Language::ALL)?;
    let mut rows = vec![("all".to_owned(), whole)];
    for language in Language::ALL {
        rows.push((language.name().to_owned(), copy(bench, files, language.name(), &[language])?));
    }
    for (name, folder) in rows {
        let summary = summary(bench, &folder)?;
        let (mut parsing, mut checking) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds {
            parsing.push(measure::run(&mut measure::check(bench.program, &folder, &["--parse-only"]), LIMIT)?.cpu);
            checking.push(measure::run(&mut measure::check(bench.program, &folder, &["--quiet"]), LIMIT)?.cpu);
        }
        let (parsing, checking) = (median(&parsing), median(&checking));
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} | {} | {} | {:.2} | ≤ 2 |",
            summary.files,
            summary.clusters,
            summary.unreadable,
            time(parsing),
            time(checking),
            ratio(checking, parsing),
        );
    }
    Ok(page)
}

/// The files of some languages in a folder of their own.
fn copy(bench: &Bench<'_>, files: &Files, name: &str, languages: &[Language]) -> anyhow::Result<PathBuf> {
    let folder = bench.scratch.join(name);
    for language in languages {
        files.sample(*language, usize::MAX, &folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
