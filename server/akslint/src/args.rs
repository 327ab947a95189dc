//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod reports;

pub use reports::{OutputFile, Reports};

/// Finds mistakes in the identity of AKS clusters, in ARM JSON and Bicep templates.
#[derive(Debug, Parser)]
#[command(name = "akslint", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours. `auto`: on a terminal; `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` count
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}

const EXIT_CODES: &str = "\
Exit codes of `check`:
  0  everything was read, and nothing at or above --fail-on was found
  1  there are diagnostics at or above --fail-on (default: error)
  2  wrong usage, wrong configuration, a file that could not be read, or an error inside akslint";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check files and folders
    Check(Box<CheckArgs>),
    /// Say who is who in each cluster, what it may do, and what it lacks
    Identities(IdentitiesArgs),
    /// Speak the language server protocol on stdin and stdout
    Server(ServerArgs),
    /// Say what a rule looks for, why, and how to mend it
    Explain {
        /// The code of the rule, such as `user-assigned-without-ids`
        code: String,
    },
    /// List the rules
    Rules {
        /// How to print them
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: ListFormat,
    },
    /// Say what an API version of the cluster's resource type knows about a property
    Schema {
        /// The property, such as `identity.type` or `properties.identityProfile`
        path: String,
        /// The API version, such as `2024-09-01`
        #[arg(long, value_name = "VERSION")]
        api_version: String,
    },
    /// About the configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page in roff
    Man {
        /// The page of this subcommand, such as `check`; else the first page
        command: Option<String>,
    },
    /// Say what this installation is made of and what it would do here
    Doctor,
}

/// Arguments of `akslint identities`.
#[derive(Debug, Args)]
pub struct IdentitiesArgs {
    /// Files and folders
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// How to print them
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: IdentitiesFormat,
}

/// How `akslint identities` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum IdentitiesFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// A flowchart of Mermaid.
    Mermaid,
    /// A graph in the language of Graphviz.
    Dot,
}

/// Arguments of `akslint server`.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Editors like to pass this; stdin and stdout are what is spoken on anyway.
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// Subcommands of `akslint config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the JSON schema of `akslint.toml`
    Schema,
}

/// Arguments of `akslint check`.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct CheckArgs {
    /// Files and folders; `-` is stdin. A file named here is read whatever its name, folders are searched
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// What is written, and where.
    #[command(flatten)]
    pub reports: Reports,
    /// Print paths relative to this folder [default: the working directory]
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub relative_to: Option<PathBuf>,
    /// Leave out diagnostics below this severity
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Output")]
    pub min_severity: Option<MinSeverity>,
    /// Count the diagnostics of each rule instead of printing them
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// Print at most this many diagnostics, where people read them: reports in files and those for programs are whole, and
    /// the summary and the exit code count all
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub max_findings: Option<usize>,
    /// Print diagnostics only: no summary, no notes
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
    /// Say how long reading, parsing, lowering and checking took (on stderr)
    #[arg(long, hide_short_help = true, help_heading = "Output")]
    pub timings: bool,
    /// Check again whenever a file changes, until interrupted
    #[arg(
        long,
        conflicts_with_all = ["write_baseline", "add_ignore", "show_files", "show_settings", "diff"],
        help_heading = "Output"
    )]
    pub watch: bool,
    /// Stop after parsing, to have something to compare times with
    #[arg(long, hide = true, conflicts_with_all = ["fix", "unsafe_fixes", "diff"])]
    pub parse_only: bool,

    /// Apply safe fixes
    #[arg(long, help_heading = "Fixes")]
    pub fix: bool,
    /// Apply fixes that may not be what was meant, too
    #[arg(long, help_heading = "Fixes")]
    pub unsafe_fixes: bool,
    /// Print what fixes would change and write nothing. Safe fixes, or all with --unsafe-fixes
    #[arg(long, help_heading = "Fixes")]
    pub diff: bool,

    /// Take the text on stdin for a file of this name; it decides language and configuration
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub stdin_filename: Option<PathBuf>,
    /// Skip what matches this pattern (as in .gitignore); may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub exclude: Vec<String>,
    /// Search what .gitignore and .ignore list, too
    #[arg(long, help_heading = "Files")]
    pub no_ignore: bool,
    /// Report only on files that changed since this commit (asks git)
    #[arg(long, value_name = "REV", help_heading = "Files")]
    pub since: Option<String>,
    /// Print the files that would be checked, and stop
    #[arg(long, help_heading = "Files")]
    pub show_files: bool,

    /// Only these rules: codes, families, or `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub select: Vec<String>,
    /// These rules, too, even if the configuration turns them off
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub extend_select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',', help_heading = "Rules")]
    pub ignore: Vec<String>,

    /// Report what comments, directives and `metadata` silence, too
    #[arg(long, help_heading = "Rules")]
    pub no_suppressions: bool,

    /// Use this configuration file instead of looking for akslint.toml
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long, conflicts_with = "config", help_heading = "Configuration")]
    pub isolated: bool,
    /// Print the settings in effect and where each comes from, and stop
    #[arg(long, help_heading = "Configuration")]
    pub show_settings: bool,

    /// The least severity that makes the exit code 1 [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Exit code")]
    pub fail_on: Option<FailOn>,
    /// Exit with 0 whatever is found; a file that cannot be read is still 2
    #[arg(long, help_heading = "Exit code")]
    pub exit_zero: bool,
    /// Exit with 1 if a fix was applied
    #[arg(long, help_heading = "Exit code")]
    pub exit_non_zero_on_fix: bool,

    /// Leave out the diagnostics listed in this file
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub baseline: Option<PathBuf>,
    /// Write all present diagnostics to this file, for --baseline, and exit with 0
    #[arg(long, value_name = "FILE", conflicts_with = "baseline", help_heading = "Baseline")]
    pub write_baseline: Option<PathBuf>,
    /// Silence all present diagnostics in the files themselves, by comments or `metadata` with this reason
    #[arg(
        long,
        value_name = "REASON",
        conflicts_with_all = ["write_baseline", "fix", "unsafe_fixes", "diff", "no_suppressions"],
        help_heading = "Baseline"
    )]
    pub add_ignore: Option<String>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// How `akslint rules` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ListFormat {
    #[default]
    Text,
    Json,
}

/// The least severity that is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MinSeverity {
    /// Errors only
    Error,
    /// Warnings and errors
    Warning,
    /// No hints
    Info,
}

impl MinSeverity {
    /// As the rules know it.
    pub fn severity(self) -> rules::Severity {
        match self {
            Self::Error => rules::Severity::Error,
            Self::Warning => rules::Severity::Warning,
            Self::Info => rules::Severity::Info,
        }
    }
}

/// The least severity that makes `check` fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Only errors.
    #[default]
    Error,
    /// Warnings and errors.
    Warning,
    /// Information and worse.
    Info,
    /// Anything.
    Hint,
    /// Nothing.
    Never,
}

impl FailOn {
    /// The least severity that fails.
    pub fn threshold(self) -> Option<rules::Severity> {
        match self {
            Self::Error => Some(rules::Severity::Error),
            Self::Warning => Some(rules::Severity::Warning),
            Self::Info => Some(rules::Severity::Info),
            Self::Hint => Some(rules::Severity::Hint),
            Self::Never => None,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        self.threshold().map_or("never", rules::Severity::as_str)
    }
}
