//! Parses and lowers every template below the folders given, and says how long each of the two took.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, SourceText};
use template::lower::lower_with_errors;
use template::workspace::language_of;

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut files);
    }
    let mut totals = [Totals::default(), Totals::default()];
    for path in &files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let language = language_of(path);
        if language == Language::Json && looks_like_template(&text) == TemplateKind::Other {
            continue;
        }
        let totals = &mut totals[usize::from(language != Language::Json)];
        totals.bytes += text.len();
        totals.files += 1;
        let text = SourceText::new(text);
        let start = Instant::now();
        let tree = syntax::parse(language, text);
        totals.parsing += start.elapsed();
        let start = Instant::now();
        let errors = match language {
            Language::Json => syntax::json::syntax_errors(&tree).len(),
            Language::Bicep | Language::BicepParam => syntax::bicep::survey(&tree).errors.len(),
        };
        totals.errors += start.elapsed();
        let start = Instant::now();
        let (template, all_errors) = lower_with_errors(&tree);
        totals.lowering += start.elapsed();
        totals.expressions += template.as_ref().map_or(0, |template| template.exprs.len());
        totals.without_template += usize::from(template.is_none());
        if all_errors.len() > errors {
            println!("{}: {} errors in expressions", path.display(), all_errors.len() - errors);
        }
    }
    for (language, totals) in ["JSON", "Bicep"].iter().zip(&totals) {
        println!(
            "{language}: {} files, {} kB, parsing {:?}, finding errors {:?}, both lowering and finding errors {:?}, {} expressions; no template: {}",
            totals.files,
            totals.bytes / 1000,
            totals.parsing,
            totals.errors,
            totals.lowering,
            totals.expressions,
            totals.without_template
        );
    }
}

#[derive(Default)]
struct Totals {
    files: usize,
    bytes: usize,
    parsing: Duration,
    errors: Duration,
    lowering: Duration,
    expressions: usize,
    without_template: usize,
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| ["json", "jsonc", "bicep", "bicepparam"].iter().any(|known| extension == *known))
        {
            files.push(path);
        }
    }
}
