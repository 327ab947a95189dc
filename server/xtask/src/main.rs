//! Developer commands: `cargo xtask help`.

mod bench;
mod corpus;
mod docs;
mod faults;
mod measure;
mod parse;
mod schema;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// One module per command; each has its arguments and a `run`.
#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure akslint beside other tools, beside parsing alone, and against its own size
    Bench(bench::Arguments),
    /// Run a program that ends with the one that started it
    #[command(hide = true)]
    Bound(measure::Bound),
    /// Check a folder of real files and print what is found, by rule
    Corpus(corpus::Arguments),
    /// Write RULES.md and the generated pages of the book in docs/
    Docs(docs::Arguments),
    /// Measure what inputs that want to hurt cost in time and memory
    Faults(faults::Arguments),
    /// Parse a folder of real files and list those with mistakes in their syntax
    Parse(parse::Arguments),
    /// Write the facts about resource types, API versions and az flags
    Schema(schema::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments)?,
        Command::Bound(arguments) => return measure::become_bound(&arguments),
        Command::Corpus(arguments) => corpus::run(&arguments)?,
        Command::Docs(arguments) => docs::run(&arguments)?,
        Command::Faults(arguments) => return faults::run(&arguments),
        Command::Parse(arguments) => parse::run(&arguments)?,
        Command::Schema(arguments) => schema::run(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}
