//! `cargo xtask docs`: writes the pages that come from the code: `server/rules/RULES.md`, and of the book in `docs/` a page
//! for each rule, their list, the keys of `akslint.toml`, the options of the command line, and the table of contents.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use akslint::args::Cli;
use anyhow::Context as _;
use clap::CommandFactory as _;
use rules::docs::{Docs, WRITTEN, page_md, rules_md};
use rules::{Family, Rule, SYNTAX_ERROR};

/// Arguments of `docs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Writes the pages, and removes those of rules that are no more.
pub(crate) fn run(_: &Arguments) -> anyhow::Result<()> {
    let pages = pages()?;
    for (path, text) in &pages {
        let path = root().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for path in pages_of_rules()? {
        if !pages.contains_key(&path) {
            fs::remove_file(root().join(&path)).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Every generated page: its path in the repository, and its text.
fn pages() -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut pages = BTreeMap::from([
        (PathBuf::from("server/rules/RULES.md"), rules_md()),
        (PathBuf::from("docs/rules.md"), list_of_rules()),
        (PathBuf::from("docs/configuration-keys.md"), akslint::config::reference::markdown()),
        (PathBuf::from("docs/command-line.md"), command_line()),
        (PathBuf::from("docs/SUMMARY.md"), table_of_contents()?),
    ]);
    let codes = rules::all().map(|rule| rule.metadata().code).chain([SYNTAX_ERROR]);
    pages.extend(codes.filter_map(|code| Some((page_of(code), page_md(code)?))));
    Ok(pages)
}

/// The pages of rules that are there.
fn pages_of_rules() -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new("docs/rules");
    let entries = fs::read_dir(root().join(folder)).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(folder.join(entry?.file_name()))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page_of(code: &str) -> PathBuf {
    format!("docs/rules/{code}.md").into()
}

/// The families that have rules, each with these.
fn families() -> impl Iterator<Item = (Family, Vec<&'static dyn Rule>)> {
    let of = |family: Family| rules::all().filter(|rule| rule.metadata().family == family).collect::<Vec<_>>();
    Family::ALL.into_iter().map(move |family| (family, of(family))).filter(|(_, rules)| !rules.is_empty())
}

fn list_of_rules() -> String {
    let mut page = format!("# Rules\n\n{WRITTEN}\n\n");
    page.push_str("`akslint rules` prints this list, `akslint explain CODE` a page of it.\n");
    for (family, rules) in families() {
        let _ = write!(page, "\n## {}\n\n| rule | severity | what it does |\n| --- | --- | --- |\n", family.as_str());
        for rule in rules {
            let metadata = rule.metadata();
            let summary = Docs::of(rule).summary().split_whitespace().collect::<Vec<_>>().join(" ");
            let off = if metadata.off.is_some() { ", off unless selected" } else { "" };
            let _ = writeln!(
                page,
                "| [`{code}`](rules/{code}.md) | {}{off} | {} |",
                metadata.severity.as_str(),
                summary.replace('|', "\\|"),
                code = metadata.code,
            );
        }
    }
    let _ = write!(page, "\nMistakes in the syntax are no rule, but have [a page](rules/{SYNTAX_ERROR}.md).\n");
    page
}

/// What `--help` says, for every command.
fn command_line() -> String {
    let mut page = String::from(
        "# Command line\n\n<!-- Written by `cargo xtask docs` from the code; change it there. -->\n\n\
         What `--help` says. `akslint man` prints a manual page, `akslint completions SHELL` what a shell needs.\n",
    );
    let mut program = Cli::command().term_width(100);
    program.build();
    let _ = write!(page, "\n```text\n{}\n```\n", help(&mut program));
    let names: Vec<String> =
        program.get_subcommands().map(|command| command.get_name().to_owned()).filter(|name| name != "help").collect();
    for name in names {
        if let Some(command) = program.find_subcommand_mut(&name) {
            let _ = write!(page, "\n## akslint {name}\n\n```text\n{}\n```\n", help(command));
        }
    }
    page
}

fn help(command: &mut clap::Command) -> String {
    let help = command.render_long_help().to_string();
    help.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The table of contents: what is written by hand, as `docs/contents.txt` lists it, with the rules put in.
fn table_of_contents() -> anyhow::Result<String> {
    let path = root().join("docs/contents.txt");
    let contents = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut rules = String::new();
    for (family, all) in families() {
        let _ = writeln!(rules, "  - [{}]()", family.as_str());
        for rule in all {
            let _ = writeln!(rules, "    - [{code}](rules/{code}.md)", code = rule.metadata().code);
        }
    }
    let _ = writeln!(rules, "  - [{SYNTAX_ERROR}](rules/{SYNTAX_ERROR}.md)");
    let note = "<!-- Written by `cargo xtask docs` from contents.txt and the rules; change it there. -->";
    Ok(format!("# Summary\n\n{note}\n\n{}", contents.replace("{rules}\n", &rules)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_what_the_code_says() {
        let pages = pages().unwrap();
        for (path, text) in &pages {
            let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
            assert!(committed == *text, "{} is not what the code says; run `cargo xtask docs`", path.display());
        }
        for path in pages_of_rules().unwrap() {
            assert!(pages.contains_key(&path), "{} is about no rule; run `cargo xtask docs`", path.display());
        }
    }

    #[test]
    fn every_page_is_in_the_table_of_contents() {
        let contents = table_of_contents().unwrap();
        for entry in fs::read_dir(root().join("docs")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_page = path.extension().is_some_and(|extension| extension == "md") && name != "SUMMARY.md";
            assert!(!is_page || contents.contains(&format!("({name})")), "docs/{name} is not listed in contents.txt");
        }
    }
}
