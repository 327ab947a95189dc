//! `--format` and `--output-file`: which reports a run writes, and where each goes.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};

use crate::check::report::Format;

/// The reports of a run. Which file a format is for is said by the order of the arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// What goes to stdout.
    pub stdout: Option<Format>,
    /// What goes to files.
    pub files: Vec<OutputFile>,
}

/// A report that goes to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// How.
    pub format: Format,
    /// Where.
    pub path: PathBuf,
}

// The arguments as they are written. (clap would take a doc comment for the description of the command.)
#[derive(Args)]
struct Written {
    /// How to print what was found [default: text]. May be repeated, each with an --output-file behind it
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Vec<Format>,
    /// Write a report to a file instead of stdout: in the --format before it, else by the file's extension.
    /// `FORMAT=FILE` writes one more report besides the one on stdout. May be repeated
    #[arg(long, value_name = "[FORMAT=]FILE", help_heading = "Output")]
    output_file: Vec<Target>,
}

/// The value of one `--output-file`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    format: Option<Format>,
    path: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((word, path)) = text.split_once('=') else {
            return Ok(Self { format: None, path: text.into() });
        };
        match Format::from_str(word, true) {
            Ok(_) if path.is_empty() => Err("a file name is missing behind `=`".to_owned()),
            Ok(format) => Ok(Self { format: Some(format), path: path.into() }),
            // A folder or an extension makes it the name of a file.
            Err(_) if word.contains(|c: char| !c.is_ascii_alphabetic() && c != '-') => {
                Ok(Self { format: None, path: text.into() })
            }
            Err(_) => {
                let names: Vec<_> = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
                let names = names.iter().map(PossibleValue::get_name);
                let nearest = names.min_by_key(|name| strsim::damerau_levenshtein(word, name)).unwrap_or_default();
                Err(format!(
                    "there is no format `{word}`; did you mean `{nearest}`? A file of this name is written `./{text}`"
                ))
            }
        }
    }
}

/// An argument and where it stands.
enum Item {
    Format(Format),
    File(Target),
}

impl Reports {
    /// A format is for the file that follows it. What no file takes goes to stdout, which takes one.
    fn pair(items: impl IntoIterator<Item = Item>) -> Result<Self, String> {
        let mut reports = Self::default();
        let mut last = None;
        let mut free = Vec::new();
        let mut waiting = Vec::new();
        let mut formats = 0;
        // The last format is free as long as no file stands behind it.
        let mut is_taken = true;
        for item in items {
            match item {
                Item::Format(format) => {
                    free.extend(last.replace(format).filter(|_| !is_taken));
                    is_taken = false;
                    formats += 1;
                }
                Item::File(Target { format: Some(format), path }) => reports.files.push(OutputFile { format, path }),
                Item::File(Target { format: None, path }) => match last {
                    Some(format) => {
                        is_taken = true;
                        reports.files.push(OutputFile { format, path });
                    }
                    None => waiting.push(path),
                },
            }
        }
        free.extend(last.filter(|_| !is_taken));
        if !waiting.is_empty() && formats > 1 {
            return Err("which --format is for which --output-file? Write each format before its file".to_owned());
        }
        let to_stdout = waiting.is_empty();
        for path in waiting {
            let format = free.first().copied().unwrap_or_else(|| by_extension(&path));
            reports.files.push(OutputFile { format, path });
        }
        if let [first, second, ..] = free[..] {
            return Err(format!(
                "`{}` and `{}` both go to stdout; write an --output-file behind all formats but one",
                name(first),
                name(second),
            ));
        }
        let only_extra = formats == 0 && to_stdout;
        reports.stdout = if to_stdout { free.first().copied().or(only_extra.then_some(Format::Text)) } else { None };
        Ok(reports)
    }
}

fn name(format: Format) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// What a file is expected to have in it.
fn by_extension(path: &Path) -> Format {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("sarif") => Format::Sarif,
        Some("json") => Format::Json,
        Some("jsonl" | "ndjson") => Format::JsonLines,
        Some("xml") => Format::Junit,
        Some("md") => Format::Markdown,
        _ => Format::Text,
    }
}

impl Args for Reports {
    fn augment_args(command: Command) -> Command {
        Written::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Written::augment_args_for_update(command)
    }
}

impl FromArgMatches for Reports {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let written = Written::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let formats = places("format").zip(written.format.into_iter().map(Item::Format));
        let files = places("output_file").zip(written.output_file.into_iter().map(Item::File));
        let mut items: Vec<(usize, Item)> = formats.chain(files).collect();
        items.sort_by_key(|(place, _)| *place);
        Self::pair(items.into_iter().map(|(_, item)| item))
            .map_err(|message| clap::Error::raw(ErrorKind::ArgumentConflict, format!("{message}\n")))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        reports: Reports,
    }

    fn parse(line: &str) -> Result<String, String> {
        let arguments = ["akslint"].into_iter().chain(line.split_whitespace());
        let cli = Cli::try_parse_from(arguments).map_err(|error| error.to_string())?;
        let files = cli.reports.files.iter().map(|file| format!("{}={}", name(file.format), file.path.display()));
        Ok(cli.reports.stdout.map(name).into_iter().chain(files).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_format_is_for_the_file_behind_it() {
        for (line, expected) in [
            ("", "text"),
            ("--format json", "json"),
            ("--format sarif --output-file a --format text", "text sarif=a"),
            ("--format text --format sarif --output-file a", "text sarif=a"),
            ("--format sarif --output-file a --format json --output-file b", "sarif=a json=b"),
            ("--format sarif --output-file a --output-file b", "sarif=a sarif=b"),
            ("--output-file a --format json", "json=a"),
            ("--output-file a.txt", "text=a.txt"),
            ("--output-file out/a.sarif --output-file a.md", "sarif=out/a.sarif markdown=a.md"),
            ("--output-file sarif=a --output-file json=b", "text sarif=a json=b"),
            ("--output-file sarif=a --format github", "github sarif=a"),
            ("--format github --output-file sarif=a", "github sarif=a"),
            ("--format json --output-file b --output-file sarif=a", "json=b sarif=a"),
            ("--output-file ./sarf=a", "text=./sarf=a"),
        ] {
            assert_eq!(parse(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_unclear_is_refused() {
        for (line, expected) in [
            ("--format json --format text", "`json` and `text` both go to stdout"),
            ("--output-file a --format json --output-file b --format text", "which --format is for which"),
            ("--output-file sarf=a", "there is no format `sarf`; did you mean `sarif`?"),
            ("--output-file sarif=", "a file name is missing"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
