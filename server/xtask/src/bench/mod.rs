//! `cargo xtask bench`: akslint beside other tools, beside parsing alone, and against its own size. Everything that is
//! compared is measured in one run, by turns, so that a busy machine is busy for all.

#![expect(clippy::print_stdout, reason = "this is what the command is for")]

mod files;
mod peers;
mod scaling;
mod schema;
mod server;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::measure::{self, machine};

/// What `cargo xtask bench` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A folder of templates [default: templates made up here]
    folder: Option<PathBuf>,
    /// The program [default: built with `cargo build --release`]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Install the other tools from `PyPI` and npm where they are missing
    #[arg(long)]
    install: bool,
    /// Where the other tools are, or are installed
    #[arg(long, value_name = "FOLDER", default_value = "target/peers")]
    peers: PathBuf,
    /// At most so many files of each language for the comparison with Checkov, evenly chosen; it takes seconds for each
    #[arg(long, value_name = "N", default_value_t = 200)]
    files: usize,
    /// How often each thing is done
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// How often Checkov runs
    #[arg(long, value_name = "N", default_value_t = 1)]
    peer_rounds: usize,
    /// Only these parts: `machine`, `parsing`, `start-up`, `server`, `threads`, `sizes`, `counts`, `checkov`
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    only: Vec<String>,
    /// Write the tables into docs/benchmarks.md as well
    #[arg(long)]
    write: bool,
}

/// What is needed everywhere.
struct Bench<'a> {
    program: &'a Path,
    rounds: usize,
    /// For files that are made up.
    scratch: &'a Path,
}

/// A part of the page by its name, and what makes it.
type Part<'p> = (&'p str, &'p dyn Fn() -> anyhow::Result<String>);

/// Where the tables go.
const PAGE: &str = "docs/benchmarks.md";

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let program = measure::program(arguments.binary.as_deref())?;
    let scratch = tempfile::tempdir()?;
    let bench = Bench { program: &program, rounds: arguments.rounds.max(1), scratch: scratch.path() };
    let peers = peers::Peers::find(&arguments.peers, arguments.install)?;
    let files = match &arguments.folder {
        Some(folder) => files::Files::in_folder(folder)?,
        None => files::Files::made_up(bench.scratch)?,
    };
    let parts: [Part<'_>; 8] = [
        ("machine", &|| {
            let machine = machine::describe(&program, &peers.versions());
            Ok(format!("```sh\n{}\n```\n\n{machine}- files: {}\n", command(arguments), files.describe()))
        }),
        ("parsing", &|| files::parsing(&bench, &files)),
        ("start-up", &|| scaling::start_up(&bench)),
        ("server", &|| server::key_presses(&bench, &peers)),
        ("threads", &|| scaling::threads(&bench, &files)),
        ("sizes", &|| scaling::sizes(&bench)),
        ("counts", &|| scaling::counts(&bench)),
        ("checkov", &|| peers::checkov(&bench, &peers, &files, arguments.files, arguments.peer_rounds.max(1))),
    ];
    for (name, part) in parts {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            let text = part()?;
            println!("{text}");
            if arguments.write {
                measure::write_between(Path::new(PAGE), name, &format!("\n{text}\n"))?;
            }
        }
    }
    Ok(())
}

/// The command as it was typed; folders of this machine say nothing to others.
fn command(arguments: &Arguments) -> String {
    let mut text = String::from("cargo xtask bench");
    if arguments.folder.is_some() {
        text.push_str(" FOLDER");
    }
    let _ = write!(
        text,
        " --files {} --rounds {} --peer-rounds {} --install --write",
        arguments.files, arguments.rounds, arguments.peer_rounds
    );
    text
}

/// How many times `a` is as much as `b`.
fn ratio(a: std::time::Duration, b: std::time::Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(f64::EPSILON)
}
