//! The binary: `lsp/` and `check/`, configuration, output formats, exit codes.

pub mod args;
pub mod catalog;
pub mod check;
pub mod config;
mod doctor;
mod explain;
mod files;
mod identities;
pub mod lsp;
mod registry;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches};

use self::args::{Cli, Color, Command, ConfigCommand};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done, and there is nothing to complain about.
    Clean,
    /// There are diagnostics.
    Found,
    /// Wrong usage, something unreadable, or an error of ours.
    Broken,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::Broken => 2,
        })
    }
}

/// Where a run reads from and writes to.
pub struct Streams<'a> {
    /// Stdin.
    pub input: &'a mut dyn Read,
    /// Stdout.
    pub output: &'a mut dyn Write,
    /// Stderr.
    pub errors: &'a mut dyn Write,
    /// Whether people read the output, so that `--color auto` means yes.
    pub colorful: bool,
    /// Whether what is coloured may have links: where it is shown knows them.
    pub links: bool,
    /// Whether stderr is a terminal on which a line may come and go.
    pub progress: bool,
    /// How wide lines may be, in columns.
    pub width: usize,
}

impl Streams<'_> {
    fn use_color(&self, color: Color) -> bool {
        match color {
            Color::Auto => self.colorful,
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// Prints everything at once. A reader who went away has seen enough; a disk that is full is told.
    fn print(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self.output.write_all(bytes).and_then(|()| self.output.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
            _ => Ok(()),
        }
    }
}

/// Runs the program on the process's own arguments and streams.
pub fn main() -> ExitCode {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    let terminal = std::io::stdout().is_terminal();
    // `FORCE_COLOR` is the one variable that `anstream` does not know; `NO_COLOR` is stronger.
    let colorful = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
        || is_set("FORCE_COLOR") && !is_set("NO_COLOR");
    let mut streams = Streams {
        // Not locked: the language server has threads of its own for both.
        input: &mut std::io::stdin(),
        output: &mut std::io::stdout(),
        errors: &mut std::io::stderr(),
        colorful,
        // The logs of CI systems show colours, but links as rubbish.
        links: is_set("FORCE_HYPERLINK") || terminal && !is_set("CI"),
        progress: std::io::stderr().is_terminal()
            && !is_set("CI")
            && std::env::var_os("TERM").is_none_or(|it| it != "dumb"),
        width: width(),
    };
    run(std::env::args_os(), &mut streams)
}

/// Lines are no wider than `COLUMNS` says, or the terminal is; a file has no width, so what is piped is always the same.
fn width() -> usize {
    const USUAL: usize = 140;
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    let terminal = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    told.or_else(terminal).unwrap_or(USUAL).max(40)
}

/// Runs the program. The first argument is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, streams: &mut Streams<'_>) -> ExitCode {
    let parsed = Cli::command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        // `--help` and `--version` are errors, too, to clap.
        Err(error) => {
            let text = error.render();
            let text = if streams.colorful { text.ansi().to_string() } else { text.to_string() };
            let (stream, exit) = if error.use_stderr() {
                (&mut streams.errors, Exit::Broken)
            } else {
                (&mut streams.output, Exit::Clean)
            };
            let _ = stream.write_all(text.as_bytes());
            return exit.into();
        }
    };
    if let Command::Server(_) = cli.command {
        return lsp::run();
    }
    let exit = match dispatch(cli, streams) {
        Ok(exit) => exit,
        Err(error) => {
            let _ = writeln!(streams.errors, "akslint: error: {error:#}");
            Exit::Broken
        }
    };
    exit.into()
}

fn dispatch(cli: Cli, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    let mut exit = Exit::Clean;
    match cli.command {
        Command::Check(args) => return check::run(&args, cli.color, streams),
        Command::Identities(args) => return identities::run(&args, streams),
        Command::Server(_) => {}
        Command::Explain { code } => explain::rule(&code, &mut text)?,
        Command::Rules { format } => explain::rules(format, &mut text)?,
        Command::Schema { path, api_version } => explain::schema(&path, &api_version, &mut text)?,
        Command::Config(ConfigCommand::Schema) => {
            writeln!(text, "{}", serde_json::to_string_pretty(&config::reference::schema())?)?;
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "akslint", &mut text);
        }
        Command::Man { command } => explain::manual(command.as_deref(), &mut text)?,
        Command::Doctor => exit = doctor::run(&mut text)?,
    }
    streams.print(&text)?;
    Ok(exit)
}
