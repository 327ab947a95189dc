//! How long answers take at many places of one file: `cargo run --release -p ide --example latency FILE`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ide::View;
use syntax::{SourceText, TextRange, TextSize};
use template::workspace::{FileId, SourceFile, Workspace};

#[expect(clippy::print_stdout, reason = "what an example is for")]
fn main() {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let file = SourceFile::parse(&path, SourceText::new(text.as_str()));
        let workspace = Workspace::new(vec![Arc::new(file)]);
        let view = View::new(&workspace, FileId(0));
        let step = (text.len() / 2000).max(1);
        let places: Vec<TextSize> = (0..text.len())
            .step_by(step)
            .filter(|&at| text.is_char_boundary(at))
            .filter_map(|at| TextSize::try_from(at).ok())
            .collect();
        println!("{} ({} KB), {} places", path.display(), text.len() / 1024, places.len());
        measure("completion", &places, |at| drop(view.completions(at, &|_| Vec::new())));
        measure("hover", &places, |at| drop(view.hover(at)));
        measure("definition", &places, |at| drop(view.definition(at)));
        measure("references", &places, |at| drop(view.references(at)));
        let all = TextRange::up_to(TextSize::of(text.as_str()));
        measure("tokens", &places[..1], |_| drop(view.tokens(all)));
        measure("hints", &places[..1], |_| drop(view.hints(all)));
        measure("lenses", &places[..1], |_| drop(view.lenses()));
        measure("symbols", &places[..1], |_| drop(view.symbols()));
        measure("folds", &places[..1], |_| drop(view.folds()));
    }
}

#[expect(clippy::print_stdout, reason = "what an example is for")]
fn measure(what: &str, places: &[TextSize], ask: impl Fn(TextSize)) {
    let mut times: Vec<Duration> = places
        .iter()
        .map(|&at| {
            let start = Instant::now();
            ask(at);
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("  {what:<11} p50 {:>8.2?}  p99 {:>8.2?}  max {:>8.2?}", at(50), at(99), at(100));
}
