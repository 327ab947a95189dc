//! Prints the `az` commands of files: place, language and words; holes in braces.
//!
//! `cargo run -p syntax --example commands -- FILE…`; names may also come one a line on standard input.

use std::io::{BufRead, Write};

use syntax::carriers::{Carrier, fragments};
use syntax::shell::Piece;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        paths = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    }
    for path in paths {
        let Some(carrier) = Carrier::of_path(&path) else { continue };
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        for fragment in fragments(carrier, &text) {
            for command in fragment.script().commands {
                if !command.words[0].literal().is_some_and(|name| matches!(&*name, "az" | "az.cmd")) {
                    continue;
                }
                let words = command.words.iter().map(|word| {
                    word.pieces
                        .iter()
                        .map(|piece| match piece {
                            Piece::Text { text, .. } => (*text).to_owned(),
                            Piece::Hole(hole) => format!("{{{}}}", hole.text),
                        })
                        .collect::<String>()
                });
                let Some(range) = fragment.to_source(command.range) else { continue };
                let before = &text[..range.start().into()];
                let line = before.matches('\n').count() + 1;
                let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
                let end = if command.trailing_continuation.is_some() { " \\" } else { "" };
                writeln!(
                    out,
                    "{path}:{line}:{column} {:?} {}{end}",
                    fragment.shell,
                    words.collect::<Vec<_>>().join(" | ")
                )?;
            }
        }
    }
    Ok(())
}
