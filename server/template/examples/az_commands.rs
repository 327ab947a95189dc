//! Lists every call of `az` below the folders given, with its flags and what the CLI would take them for.

use std::path::{Path, PathBuf};

use schema::az::Resolution;
use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, SourceText};
use template::workspace::{SourceFile, carrier_of, language_of};

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut files);
    }
    files.sort();
    let (mut scripts, mut commands, mut flags) = (0, 0, 0);
    for path in &files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let is_template = language_of(path) != Language::Json || looks_like_template(&text) != TemplateKind::Other;
        if carrier_of(path).is_none() && !is_template {
            continue;
        }
        let file = SourceFile::parse(path, SourceText::new(text));
        for script in file.scripts() {
            scripts += 1;
            for command in &script.commands {
                commands += 1;
                let place = file.text.line_column(command.range.start());
                let open = if command.open { " (open)" } else { "" };
                println!("{}:{}:{}: az {}{open}", path.display(), place.line, place.column, command.name);
                for flag in &command.flags {
                    flags += 1;
                    let place = file.text.line_column(flag.name_range.start());
                    let values: Vec<&str> = flag.values.iter().map(|value| value.text.as_str()).collect();
                    let resolved = match &flag.resolved {
                        Resolution::Exact(_) | Resolution::Global => String::new(),
                        Resolution::Unknown if command.known.is_none() => String::new(),
                        other => format!("  [{other:?}; {}]", flag.meant.join(" ")),
                    };
                    println!("    {}:{}: {} {}{resolved}", place.line, place.column, flag.name, values.join(" "));
                }
            }
        }
    }
    println!("{} files, {scripts} scripts, {commands} commands, {flags} flags", files.len());
}

fn collect(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            collect(&entry.path(), into);
        }
    } else {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if carrier_of(path).is_some() || ["json", "jsonc", "bicep", "bicepparam"].contains(&extension) {
            into.push(path.to_owned());
        }
    }
}
