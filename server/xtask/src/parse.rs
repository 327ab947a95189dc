//! `cargo xtask parse`: parses every template of a folder and says which have mistakes in their syntax. A valid file in this
//! list is a mistake of the grammar or of the mask.

#![expect(clippy::print_stdout, reason = "this is what the command is for")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use syntax::{Language, SourceText, SyntaxError, SyntaxTree, bicep, json, parse};

/// No template is larger.
const LIMIT: usize = 16 << 20;

/// What `cargo xtask parse` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder, searched with everything below it for `.bicep`, `.bicepparam` and `.json`
    folder: PathBuf,
    /// Print every mistake of a file instead of the first one
    #[arg(long)]
    all: bool,
}

/// A file with mistakes.
struct Broken {
    path: PathBuf,
    /// Whether tree-sitter had to skip or invent something.
    has_error_nodes: bool,
    /// The mistakes as the program words them, with line and column.
    errors: Vec<String>,
}

#[derive(Default)]
struct Report {
    files: usize,
    unreadable: usize,
    broken: Vec<Broken>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut report = Report::default();
    read_folder(&arguments.folder, &mut report)?;
    let shown = if arguments.all { usize::MAX } else { 1 };
    print!("{}", print(&report, &arguments.folder, shown));
    Ok(())
}

fn read_folder(folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, report)?;
            continue;
        }
        let language = match path.extension().and_then(|extension| extension.to_str()) {
            Some("bicep") => Language::Bicep,
            Some("bicepparam") => Language::BicepParam,
            Some("json") => Language::Json,
            _ => continue,
        };
        report.files += 1;
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match SourceText::from_bytes(&bytes, LIMIT) {
            Ok(text) => report.broken.extend(broken(path, &parse(language, text))),
            Err(_) => report.unreadable += 1,
        }
    }
    Ok(())
}

fn broken(path: PathBuf, tree: &SyntaxTree) -> Option<Broken> {
    let errors = match tree.language() {
        Language::Json => json::syntax_errors(tree),
        Language::Bicep | Language::BicepParam => bicep::syntax_errors(tree),
    };
    let has_error_nodes = tree.root().has_error();
    let errors: Vec<String> = errors.iter().map(|error| place_and_words(tree, error)).collect();
    (has_error_nodes || !errors.is_empty()).then_some(Broken { path, has_error_nodes, errors })
}

fn place_and_words(tree: &SyntaxTree, error: &SyntaxError) -> String {
    let line = tree.text().line_of(error.range.start());
    let start = tree.text().line_start(line).unwrap_or_default();
    let column = tree.source()[usize::from(start)..usize::from(error.range.start())].chars().count() + 1;
    format!("{}:{column} {}", line + 1, error.message)
}

fn print(report: &Report, folder: &Path, shown: usize) -> String {
    let with_nodes = report.broken.iter().filter(|file| file.has_error_nodes).count();
    let errors: usize = report.broken.iter().map(|file| file.errors.len()).sum();
    let mut text = format!(
        "files                       {:>6}\nunreadable                  {:>6}\nwith ERROR or MISSING nodes {with_nodes:>6}\n\
         with mistakes               {:>6}\nmistakes                    {errors:>6}\n\n",
        report.files,
        report.unreadable,
        report.broken.len(),
    );
    for file in &report.broken {
        let path = file.path.strip_prefix(folder).unwrap_or(&file.path);
        let nodes = if file.has_error_nodes { "nodes" } else { "gaps " };
        let _ = writeln!(text, "{nodes} {:>4} {}", file.errors.len(), path.display());
        for error in file.errors.iter().take(shown) {
            let _ = writeln!(text, "           {error}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_files_are_counted_and_others_listed() {
        let mut report = Report { files: 4, ..Report::default() };
        for (path, language, source) in [
            ("good.bicep", Language::Bicep, "var a = 1\n"),
            ("gap.bicep", Language::Bicep, "var a =\n"),
            ("error.bicep", Language::Bicep, "var a = b c\n"),
            // The mask mends what tree-sitter would stumble over.
            ("masked.json", Language::Json, "{ \"a\": ) }"),
        ] {
            report.broken.extend(broken(path.into(), &parse(language, SourceText::new(source))));
        }
        let text = print(&report, Path::new(""), 1);
        assert!(!text.contains("good.bicep"), "{text}");
        assert!(text.contains("gaps     1 gap.bicep\n           1:8 expected a value after `=`\n"), "{text}");
        assert!(text.contains("gaps     1 masked.json\n"), "{text}");
        assert!(text.contains("nodes    1 error.bicep\n"), "{text}");
    }
}
