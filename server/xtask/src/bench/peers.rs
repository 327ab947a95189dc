//! Other tools: where they are, and Checkov on the same files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::files::{Files, LIMIT, summary};
use super::{Bench, ratio};
use crate::measure::generate::Language;
use crate::measure::{self, machine, median, size, time};

const CHECKOV: &str = "checkov==3.3.30";
const JSON_SERVER: &str = "vscode-langservers-extracted@4.10.0";

/// The programs that are there.
pub(super) struct Peers {
    pub(super) checkov: Option<PathBuf>,
    /// A script for node.
    pub(super) json_server: Option<PathBuf>,
}

impl Peers {
    /// Looks for them in a folder; installs what is missing there if that is wanted.
    pub(super) fn find(folder: &Path, install: bool) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?;
        let checkov = folder.join("checkov/bin/checkov");
        let node = folder.join("json-ls");
        let json_server = node.join("node_modules/vscode-langservers-extracted/bin/vscode-json-language-server");
        if install {
            std::fs::create_dir_all(&folder)?;
            if !checkov.exists() {
                done(Command::new("python3").arg("-m").arg("venv").arg(folder.join("checkov")))?;
                done(Command::new(folder.join("checkov/bin/pip")).args(["install", "--quiet", CHECKOV]))?;
            }
            if !json_server.exists() {
                let arguments = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent", JSON_SERVER];
                done(Command::new("npm").arg("install").arg("--prefix").arg(&node).args(arguments))?;
            }
        }
        let there = |path: PathBuf| path.exists().then_some(path);
        Ok(Self { checkov: there(checkov), json_server: there(json_server) })
    }

    pub(super) fn versions(&self) -> Vec<(&'static str, String)> {
        let mut versions = Vec::new();
        if let Some(checkov) = &self.checkov {
            versions.push(("Checkov", machine::first_line(Command::new(checkov).arg("--version"))));
        }
        if self.json_server.is_some() {
            let node = machine::first_line(Command::new("node").arg("--version"));
            versions.push(("vscode-json-language-server", format!("({JSON_SERVER}), node {node}")));
        }
        versions
    }
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// What is said where a tool is missing.
pub(super) fn missing(heading: &str, tool: &str) -> String {
    format!("## {heading}\n\nNot measured: {tool} is not there; `--install` gets it.\n")
}

/// akslint and Checkov on the same files, by turns.
pub(super) fn checkov(
    bench: &Bench<'_>,
    peers: &Peers,
    files: &Files,
    most: usize,
    rounds: usize,
) -> anyhow::Result<String> {
    let heading = "Beside Checkov";
    let Some(checkov) = &peers.checkov else { return Ok(missing(heading, "Checkov")) };
    let mut page = format!(
        "## {heading}

The two look for different things. Checkov has some hundred checks for all kinds of Azure resources, 13 of them for clusters, and none that reads
an identity; it looks values up in parameters and variables. akslint looks at the identity of clusters only, evaluates expressions, and follows
modules. Checkov starts Python and loads its checks, which is the whole difference for a few files, and is told to look at one framework and to
download nothing. Wall time from start to end.

| files | given | akslint read | refused | Checkov read | refused | akslint | Checkov | ratio | aim | memory | memory |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"
    );
    for (language, framework) in [(Language::Json, "arm"), (Language::Bicep, "bicep")] {
        let folder = bench.scratch.join(format!("checkov {framework}"));
        std::fs::create_dir_all(&folder)?;
        let given = files.sample(language, most, &folder)?;
        let own = summary(bench, &folder)?;
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        let (mut memory, mut read) = ((0, 0), (0, 0));
        for _ in 0..rounds {
            let run = measure::run(&mut measure::check(bench.program, &folder, &["--quiet"]), LIMIT)?;
            fast.push(run.wall);
            memory.0 = run.peak.max(memory.0);
            let arguments = [
                "--framework",
                framework,
                "--output",
                "json",
                "--compact",
                "--quiet",
                "--skip-download",
                "--directory",
                ".",
            ];
            let run = measure::run(Command::new(checkov).args(arguments).current_dir(&folder), LIMIT)?;
            slow.push(run.wall);
            memory.1 = run.peak.max(memory.1);
            read = refused(&run.output, given);
            // Once more, so that it is measured before and after.
            fast.push(measure::run(&mut measure::check(bench.program, &folder, &["--quiet"]), LIMIT)?.wall);
        }
        let (fast, slow) = (median(&fast), median(&slow));
        let _ = writeln!(
            page,
            "| {} | {given} | {} | {} | {} | {} | {} | {} | {:.0} | ≥ 1000 | {} | {} |",
            language.name(),
            own.files,
            own.unreadable,
            read.0,
            read.1,
            time(fast),
            time(slow),
            ratio(slow, fast),
            size(memory.0),
            size(memory.1),
        );
    }
    page.push_str("\nakslint counts as refused what it says it cannot read, Checkov what it lists as parsing errors. What has mistakes in its syntax is read by akslint as far as it goes.\n");
    Ok(page)
}

/// How many files Checkov read, and how many it says it could not.
fn refused(output: &[u8], given: usize) -> (usize, usize) {
    let report: Value = serde_json::from_slice(output).unwrap_or_default();
    let report = report.get(0).unwrap_or(&report);
    let errors = report["results"]["parsing_errors"].as_array().map(Vec::len);
    let errors = errors.or_else(|| usize::try_from(report["summary"]["parsing_errors"].as_u64()?).ok()).unwrap_or(0);
    (given.saturating_sub(errors), errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checkov_refuses_is_counted() {
        let report = br#"{ "results": { "parsing_errors": ["/a.json"] }, "summary": { "parsing_errors": 1 } }"#;
        assert_eq!(refused(report, 3), (2, 1));
        assert_eq!(refused(b"[{}]", 3), (3, 0));
    }
}
