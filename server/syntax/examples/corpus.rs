//! Parses every Bicep and JSON file of a folder and lists what the parser had to guess, with the speed of parsing and of
//! looking for syntax errors.
//!
//! `cargo run --release -p syntax --example corpus -- FOLDER [--quiet]`

#![expect(clippy::print_stdout, reason = "a program whose output is its purpose")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use syntax::{Language, SourceText, bicep, parse};

/// What was measured for one language.
#[derive(Default)]
struct Total {
    files: usize,
    bytes: usize,
    with_errors: usize,
    parsing: Duration,
    surveying: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("give a folder")?;
    let is_quiet = arguments.any(|argument| argument == "--quiet");
    let mut totals = [Total::default(), Total::default(), Total::default()];
    for path in files(Path::new(&folder))? {
        let language = match path.extension().and_then(|extension| extension.to_str()) {
            Some("bicep") => Language::Bicep,
            Some("bicepparam") => Language::BicepParam,
            Some("json" | "jsonc" | "arm") => Language::Json,
            _ => continue,
        };
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let bytes = text.len();
        let text = SourceText::new(text);
        let start = Instant::now();
        let tree = parse(language, text);
        let parsing = start.elapsed();
        let start = Instant::now();
        let survey = bicep::survey(&tree);
        let surveying = start.elapsed();
        let has_error = tree.root().has_error();

        let total = &mut totals[language as usize];
        total.files += 1;
        total.bytes += bytes;
        total.parsing += parsing;
        total.surveying += surveying;
        total.with_errors += usize::from(has_error || !survey.errors.is_empty());
        if is_quiet || (!has_error && survey.errors.is_empty()) {
            continue;
        }
        println!("{}{}", path.display(), if has_error { " (ERROR or MISSING)" } else { "" });
        for error in &survey.errors {
            let before = &tree.source()[..usize::from(error.range.start())];
            let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
            println!("  {line}: {}", error.message);
        }
    }
    for (total, name) in totals.iter().zip(["JSON", "Bicep", "Bicep parameters"]) {
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        let speed = |time: Duration| total.bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9);
        println!(
            "{name}: {} files, {} bytes, {} with errors; parsing {:.1} MB/s, survey {:.1} MB/s",
            total.files,
            total.bytes,
            total.with_errors,
            speed(total.parsing),
            speed(total.surveying),
        );
    }
    Ok(())
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
