//! Developer commands: `cargo xtask help`.

mod schema;

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
    /// Write the facts about resource types, API versions and az flags
    Schema(schema::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Schema(arguments) => schema::run(&arguments),
    }
}
