//! `cargo xtask corpus`: what the program says about a folder of real files, as a table.

#![expect(clippy::print_stdout, reason = "this is what the command is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;

/// Which rules answer to which class of mistake in a truth table.
const CLASSES: &str = include_str!("corpus-classes.tsv");

/// What `cargo xtask corpus` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder to check
    folder: PathBuf,
    /// A truth table to compare with: tab-separated columns repo, commit, path, line, defect, how sure, class, and the
    /// file in the folder
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Which rules answer to which class: lines of class, tab, codes [default: the table built in]
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// The program [default: built with `cargo build --release`]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// The parts of `--format json` that matter here.
#[derive(Deserialize)]
struct Report {
    summary: Summary,
    diagnostics: Vec<Diagnostic>,
    unreadable: Vec<Unreadable>,
}

#[derive(Deserialize)]
struct Summary {
    files: usize,
    clusters: usize,
}

#[derive(Deserialize)]
struct Diagnostic {
    code: String,
    severity: String,
    path: String,
    range: Range,
}

#[derive(Deserialize)]
struct Range {
    start: Point,
    end: Point,
}

#[derive(Deserialize)]
struct Point {
    line: u32,
}

#[derive(Deserialize)]
struct Unreadable {
    path: String,
    reason: String,
}

/// A row of a truth table.
struct Truth {
    path: String,
    /// `None` where the table says `?`: anywhere in the file.
    line: Option<u32>,
    defect: String,
    sure: String,
    class: String,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let binary = crate::measure::program(arguments.binary.as_deref())?;
    let (report, time) = check(&binary, &arguments.folder)?;
    print_table(&report, time);
    if let Some(path) = &arguments.truth {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let classes = match &arguments.classes {
            Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => CLASSES.to_owned(),
        };
        compare(&arguments.folder, &report, &parse_truth(&text)?, &parse_classes(&classes)?);
    }
    Ok(())
}

fn check(binary: &Path, folder: &Path) -> anyhow::Result<(Report, Duration)> {
    let start = Instant::now();
    let output = Command::new(binary)
        .args(["check", ".", "--isolated", "--no-ignore", "--format", "json"])
        .current_dir(folder)
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    let time = start.elapsed();
    let errors = String::from_utf8_lossy(&output.stderr);
    if !errors.is_empty() {
        println!("{}\n", errors.trim_end());
    }
    let report = serde_json::from_slice(&output.stdout).context("the report is not what was expected")?;
    Ok((report, time))
}

fn print_table(report: &Report, time: Duration) {
    println!("files       {:>7}", report.summary.files);
    println!("clusters    {:>7}", report.summary.clusters);
    println!("diagnostics {:>7}", report.diagnostics.len());
    println!("unreadable  {:>7}", report.unreadable.len());
    println!("time        {:>7.2} s\n", time.as_secs_f64());
    let mut counts: BTreeMap<(&str, &str), (usize, BTreeSet<&str>)> = BTreeMap::new();
    for one in &report.diagnostics {
        let (count, files) = counts.entry((&one.code, &one.severity)).or_default();
        *count += 1;
        files.insert(&one.path);
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(key, (count, _))| (std::cmp::Reverse(*count), *key));
    println!("{:<40} {:<8} {:>6} {:>6}", "rule", "severity", "count", "files");
    for ((code, severity), (count, files)) in rows {
        println!("{code:<40} {severity:<8} {count:>6} {:>6}", files.len());
    }
    for unreadable in &report.unreadable {
        println!("unreadable: {}: {}", unreadable.path, unreadable.reason);
    }
}

/// Says of each known mistake whether a rule of its class reports it in the right line.
fn compare(folder: &Path, report: &Report, truth: &[Truth], classes: &BTreeMap<String, Vec<String>>) {
    println!("\n{:<9} {:<9} {:<28} place", "result", "sure", "class");
    let mut found = 0;
    for row in truth {
        let codes = classes.get(&row.class).map(Vec::as_slice).unwrap_or_default();
        let here = || report.diagnostics.iter().filter(|one| one.path == row.path);
        let covers =
            |one: &Diagnostic| row.line.is_none_or(|line| (one.range.start.line..=one.range.end.line).contains(&line));
        let right = here().any(|one| covers(one) && codes.contains(&one.code));
        let elsewhere = here().find(|one| codes.contains(&one.code));
        let other: BTreeSet<&str> = here().filter(|one| covers(one)).map(|one| one.code.as_str()).collect();
        let (result, note) = match elsewhere {
            _ if !folder.join(&row.path).is_file() => ("absent", String::new()),
            _ if codes.is_empty() => ("no rule", String::new()),
            _ if right => ("found", String::new()),
            Some(one) => ("elsewhere", format!(" (line {})", one.range.start.line)),
            None if !other.is_empty() => ("otherwise", format!(" ({})", Vec::from_iter(other).join(", "))),
            None => ("missed", format!(" ({})", row.defect)),
        };
        found += usize::from(right);
        let line = row.line.map_or_else(|| "?".to_owned(), |line| line.to_string());
        println!("{result:<9} {:<9} {:<28} {}:{line}{note}", row.sure, row.class, row.path);
    }
    println!("\n{found} of {} known mistakes found", truth.len());
}

fn parse_truth(text: &str) -> anyhow::Result<Vec<Truth>> {
    let mut rows = Vec::new();
    for (number, row) in text.lines().enumerate().skip(1).filter(|(_, row)| !row.is_empty()) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [_, _, _, line, defect, sure, class, path] = columns[..] else {
            bail!("line {}: {} columns instead of 8", number + 1, columns.len());
        };
        rows.push(Truth {
            path: path.to_owned(),
            line: line.parse().ok(),
            defect: defect.to_owned(),
            sure: sure.to_owned(),
            class: class.to_owned(),
        });
    }
    Ok(rows)
}

fn parse_classes(text: &str) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &str| {
        let (class, codes) = line.split_once('\t').with_context(|| format!("no tab in `{line}`"))?;
        Ok((class.to_owned(), codes.split_whitespace().map(str::to_owned).collect()))
    };
    lines.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_classes_can_be_read() {
        let classes = parse_classes(CLASSES).unwrap();
        assert!(classes.values().all(|codes| !codes.is_empty()));
    }

    #[test]
    fn a_truth_table_is_read_by_column() {
        let text = "repo\tcommit\tpath\tline\tdefect\thow sure\tclass\tfile\na\tb\tc\t7\twrong\tcertain\tx\td/c\n";
        let rows = parse_truth(text).unwrap();
        assert_eq!((rows[0].path.as_str(), rows[0].line, rows[0].class.as_str()), ("d/c", Some(7), "x"));
        assert!(parse_truth("header\nonly\ttwo\n").is_err());
    }
}
