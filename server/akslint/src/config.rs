//! Configuration: the nearest `akslint.toml`, what it extends, and what the command line says on top.

pub mod reference;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, anyhow, bail};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rules::{Level, Selector, Settings};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::args::FailOn;

/// The name of the configuration file.
pub const FILE_NAME: &str = "akslint.toml";

/// `akslint.toml` as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    /// Another configuration file that this one builds on.
    extend: Option<PathBuf>,
    /// The least severity that fails a run.
    fail_on: Option<FailOn>,
    /// Only these rules run.
    select: Option<Vec<Word<Selector>>>,
    /// These, too.
    #[serde(default)]
    extend_select: Vec<Word<Selector>>,
    /// Not these.
    #[serde(default)]
    ignore: Vec<Word<Selector>>,
    /// Severities of rules and families, or `off`.
    #[serde(default)]
    levels: Levels,
    /// Files and folders to skip.
    #[serde(default)]
    exclude: Vec<Word<Pattern>>,
    /// Leave errors that hold for some values only as errors.
    conditional_errors: Option<bool>,
    /// Report in Bicep also what its compiler reports by itself.
    with_bicep: Option<bool>,
    /// Nothing in a file silences these.
    #[serde(default)]
    unsuppressible: Vec<Word<Selector>>,
    /// Other settings for some files.
    #[serde(default)]
    overrides: Vec<Override>,
    /// Free for other programs.
    #[serde(default, rename = "tool")]
    _tool: toml::Table,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Override {
    /// Patterns, as in `.gitignore`, relative to the configuration file.
    paths: Vec<Word<Pattern>>,
    #[serde(default)]
    ignore: Vec<Word<Selector>>,
    #[serde(default)]
    levels: Levels,
}

/// Rules and what becomes of them.
#[derive(Clone, Debug, Default)]
struct Levels(Vec<(Selector, Level)>);

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Levels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table from rules to severities")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Levels, A::Error> {
                let mut levels = Vec::new();
                while let Some((Word(rule), Word(level))) = map.next_entry()? {
                    levels.push((rule, level));
                }
                Ok(Levels(levels))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// A word that is understood where it is read, so that a mistake in it is shown in its line.
#[derive(Clone, Debug)]
struct Word<T>(T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.trim().parse().map(Self).map_err(D::Error::custom)
    }
}

/// A pattern as in `.gitignore`.
#[derive(Clone, Debug)]
struct Pattern(String);

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut builder = GitignoreBuilder::new("");
        match builder.allow_unclosed_class(false).add_line(None, text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(ignore::Error::Glob { err, .. }) => Err(format!("`{text}` is no pattern: {err}")),
            Err(error) => Err(format!("`{text}` is no pattern: {error}")),
        }
    }
}

/// A configuration file, checked.
#[derive(Debug)]
struct Layer {
    origin: PathBuf,
    fail_on: Option<FailOn>,
    rules: Choice,
    exclude: Gitignore,
    exclude_patterns: Vec<String>,
    overrides: Vec<(Gitignore, Choice)>,
}

/// What one source says about rules.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Replaces what was selected before.
    pub select: Option<Vec<Selector>>,
    /// Added to what is selected.
    pub extend_select: Vec<Selector>,
    /// Not these.
    pub ignore: Vec<Selector>,
    /// Severities, or off.
    pub levels: Vec<(Selector, Level)>,
    /// Whether errors that hold for some values only stay errors.
    pub conditional_errors: Option<bool>,
    /// Whether what the Bicep compiler reports by itself is reported as well.
    pub with_bicep: Option<bool>,
    /// Added to what nothing in a file silences.
    pub unsuppressible: Vec<Selector>,
}

/// What applies to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// For the rules.
    pub rules: Settings,
    /// The file is not to be checked.
    pub excluded: bool,
}

/// Where configuration comes from.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// The nearest `akslint.toml` above each file.
    #[default]
    Nearest,
    /// This file, for all.
    File(PathBuf),
    /// None.
    Isolated,
}

/// The configuration of a run: answers for each file, and remembers what it has read.
#[derive(Debug)]
pub struct Configuration {
    source: Source,
    /// Relative paths are relative to this.
    directory: PathBuf,
    command_line: Choice,
    /// The layers for files in a folder, the outermost first.
    folders: Mutex<BTreeMap<PathBuf, Arc<Vec<Layer>>>>,
    /// What could be read so far, by the nearest file, with what it extends.
    read: Mutex<BTreeMap<PathBuf, Arc<Vec<Layer>>>>,
    /// The same of the configurations before this one.
    before: BTreeMap<PathBuf, Arc<Vec<Layer>>>,
}

impl Configuration {
    /// A configuration for a run in `directory`; `command_line` comes on top of all files.
    pub fn new(source: Source, directory: PathBuf, command_line: Choice) -> Self {
        let (folders, read) = (Mutex::default(), Mutex::default());
        Self { source, directory, command_line, folders, read, before: BTreeMap::new() }
    }

    /// The same as the successor of another one, whose files may have changed: see [`Self::for_file_or_before`].
    #[must_use]
    pub fn after(mut self, other: &Self) -> Self {
        self.before.clone_from(&other.before);
        self.before.extend(lock(&other.read).clone());
        self
    }

    /// What applies to the file at `path`.
    pub fn for_file(&self, path: &Path) -> anyhow::Result<FileSettings> {
        let path = std::path::absolute(self.directory.join(path))?;
        let layers = self.layers(path.parent().unwrap_or(&path))?;
        Ok(self.settings(&layers, &path))
    }

    /// The same while files are being edited: what a file said when it could last be read, with what is wrong with it now.
    pub fn for_file_or_before(&self, path: &Path) -> anyhow::Result<(FileSettings, Option<String>)> {
        let path = std::path::absolute(self.directory.join(path))?;
        let folder = path.parent().unwrap_or(&path);
        match self.layers(folder) {
            Ok(layers) => Ok((self.settings(&layers, &path), None)),
            Err(error) => {
                let before = self.nearest(folder).and_then(|file| self.before.get(&file));
                let Some(layers) = before else { return Err(error) };
                let complaint = format!("{error:#}\nUntil that is mended, what the file said before holds");
                Ok((self.settings(layers, &path), Some(complaint)))
            }
        }
    }

    fn settings(&self, layers: &[Layer], path: &Path) -> FileSettings {
        let mut settings = FileSettings::default();
        for layer in layers {
            settings.excluded |= matches(&layer.exclude, path);
            apply(&mut settings.rules, &layer.rules);
            for (paths, choice) in &layer.overrides {
                if matches(paths, path) {
                    apply(&mut settings.rules, choice);
                }
            }
        }
        self.apply_command_line(&mut settings.rules);
        settings
    }

    /// The least severity that fails a run, by the configuration for the working directory.
    pub fn fail_on(&self) -> anyhow::Result<Option<FailOn>> {
        Ok(self.layers(&self.directory)?.iter().rev().find_map(|layer| layer.fail_on))
    }

    /// All files that were read for this configuration so far.
    pub fn files(&self) -> Vec<PathBuf> {
        let folders = lock(&self.folders);
        folders.values().flat_map(|layers| layers.iter().map(|layer| layer.origin.clone())).collect()
    }

    /// The files that the settings for `path` come from, the outermost first.
    pub fn origins(&self, path: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let path = std::path::absolute(self.directory.join(path))?;
        let layers = self.layers(path.parent().unwrap_or(&path))?;
        Ok(layers.iter().map(|layer| layer.origin.clone()).collect())
    }

    /// The settings for a file in words, each with where it comes from.
    pub fn explain(&self, path: &Path, fail_on: Option<FailOn>) -> anyhow::Result<String> {
        use std::fmt::Write as _;
        let mut absolute = std::path::absolute(self.directory.join(path))?;
        if absolute.is_dir() {
            // Any file in it.
            absolute.push("main.bicep");
        }
        let layers = self.layers(absolute.parent().unwrap_or(&absolute))?;
        let mut text = format!("# settings for {}\n", path.display());
        if layers.is_empty() {
            text.push_str("# no configuration file\n");
        }
        for layer in layers.iter() {
            let _ = writeln!(text, "# from {}", layer.origin.display());
        }
        let origin_of = |find: &dyn Fn(&Layer) -> bool| {
            let layer = layers.iter().rev().find(|layer| find(layer));
            layer.map_or_else(|| "default".to_owned(), |layer| layer.origin.display().to_string())
        };
        let (value, origin) = match fail_on {
            Some(value) => (value, "command line".to_owned()),
            None => (self.fail_on()?.unwrap_or_default(), origin_of(&|layer| layer.fail_on.is_some())),
        };
        let _ = writeln!(text, "\nfail-on = \"{}\"  # {origin}", value.as_str());
        for layer in layers.iter().filter(|layer| !layer.exclude_patterns.is_empty()) {
            let _ = writeln!(text, "exclude = {:?}  # {}", layer.exclude_patterns, layer.origin.display());
        }
        let settings = self.for_file(&absolute)?.rules;
        for (key, value, is_set) in [
            (
                "conditional-errors",
                settings.conditional_errors,
                &(|choice: &Choice| choice.conditional_errors.is_some()) as &dyn Fn(&Choice) -> bool,
            ),
            ("with-bicep", settings.with_bicep, &|choice| choice.with_bicep.is_some()),
        ] {
            let _ = writeln!(text, "{key} = {value}  # {}", origin_of(&|layer| is_set(&layer.rules)));
        }
        text.push_str("\n[levels]\n");
        for rule in rules::all() {
            let rule = rule.metadata();
            let level = settings.severity(rule).map_or("off", rules::Severity::as_str);
            let origin = self.origin_of_level(rule, &layers, &absolute);
            let note = if settings.may_suppress(rule) { "" } else { "; cannot be suppressed" };
            let _ = writeln!(text, "{} = \"{level}\"  # {origin}{note}", rule.code);
        }
        Ok(text)
    }

    /// The last source that changes what becomes of a rule.
    fn origin_of_level(&self, rule: &'static rules::Metadata, layers: &[Layer], path: &Path) -> String {
        let mut origin = "default".to_owned();
        let mut settings = Settings::default();
        let mut level = settings.severity(rule);
        let mut step = |settings: &Settings, name: &dyn Fn() -> String| {
            let now = settings.severity(rule);
            if now != level {
                level = now;
                origin = name();
            }
        };
        for layer in layers {
            apply(&mut settings, &layer.rules);
            step(&settings, &|| layer.origin.display().to_string());
            for (paths, choice) in &layer.overrides {
                if matches(paths, path) {
                    apply(&mut settings, choice);
                    step(&settings, &|| format!("{}, [[overrides]]", layer.origin.display()));
                }
            }
        }
        self.apply_command_line(&mut settings);
        step(&settings, &|| "command line".to_owned());
        origin
    }

    /// Whoever names a rule on the command line wants it, whatever files say.
    fn apply_command_line(&self, settings: &mut Settings) {
        let choice = &self.command_line;
        if choice.select.is_some() {
            settings.ignore.clear();
        }
        let wanted = choice.select.iter().flatten().chain(&choice.extend_select);
        for selector in wanted {
            settings.levels.retain(|(other, level)| other != selector || *level != Level::Off);
        }
        apply(settings, choice);
    }

    fn layers(&self, folder: &Path) -> anyhow::Result<Arc<Vec<Layer>>> {
        let mut folders = lock(&self.folders);
        if let Some(layers) = folders.get(folder) {
            return Ok(layers.clone());
        }
        let file = self.nearest(folder);
        let mut layers = Vec::new();
        if let Some(file) = &file {
            load(file, &mut layers, &mut Vec::new())?;
            layers.reverse();
        }
        let layers = Arc::new(layers);
        lock(&self.read).extend(file.map(|file| (file, layers.clone())));
        folders.insert(folder.to_owned(), layers.clone());
        Ok(layers)
    }

    /// The file that configures those in a folder.
    fn nearest(&self, folder: &Path) -> Option<PathBuf> {
        match &self.source {
            Source::Nearest => nearest(folder),
            Source::File(file) => Some(self.directory.join(file)),
            Source::Isolated => None,
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a choice on top of settings.
fn apply(settings: &mut Settings, choice: &Choice) {
    if let Some(select) = &choice.select {
        settings.select.clone_from(select);
    }
    for selector in &choice.extend_select {
        // Without a selection everything is selected; a rule that is off by itself still has to be named.
        if settings.select.is_empty() {
            settings.select.push(Selector::All);
        }
        settings.select.push(*selector);
        settings.ignore.retain(|ignored| ignored != selector);
    }
    settings.ignore.extend(&choice.ignore);
    settings.levels.extend(&choice.levels);
    if let Some(conditional_errors) = choice.conditional_errors {
        settings.conditional_errors = conditional_errors;
    }
    if let Some(with_bicep) = choice.with_bicep {
        settings.with_bicep = with_bicep;
    }
    settings.unsuppressible.extend(&choice.unsuppressible);
}

/// The nearest configuration file, not looking further up than the repository.
fn nearest(folder: &Path) -> Option<PathBuf> {
    for folder in folder.ancestors() {
        let file = folder.join(FILE_NAME);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Reads a file and then what it extends; the innermost comes first.
fn load(path: &Path, layers: &mut Vec<Layer>, seen: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let canonical = fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))?;
    if seen.contains(&canonical) {
        bail!("{} extends itself", path.display());
    }
    seen.push(canonical);
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (layer, extend) = parse(&text, path).with_context(|| format!("in {}", path.display()))?;
    layers.push(layer);
    match extend {
        Some(base) => load(&path.parent().unwrap_or(Path::new("")).join(base), layers, seen),
        None => Ok(()),
    }
}

fn parse(text: &str, path: &Path) -> anyhow::Result<(Layer, Option<PathBuf>)> {
    let file: File = toml::from_str(text).map_err(|error| anyhow!("{}", with_hint(&error)))?;
    let root = path.parent().unwrap_or(Path::new(""));
    let mut overrides = Vec::new();
    for one in file.overrides {
        let choice = Choice { ignore: words(one.ignore), levels: one.levels.0, ..Choice::default() };
        overrides.push((patterns(root, &words(one.paths))?, choice));
    }
    let exclude = words(file.exclude);
    let layer = Layer {
        origin: path.to_owned(),
        fail_on: file.fail_on,
        rules: Choice {
            select: file.select.map(words),
            extend_select: words(file.extend_select),
            ignore: words(file.ignore),
            levels: file.levels.0,
            conditional_errors: file.conditional_errors,
            with_bicep: file.with_bicep,
            unsuppressible: words(file.unsuppressible),
        },
        exclude: patterns(root, &exclude)?,
        exclude_patterns: exclude.into_iter().map(|pattern| pattern.0).collect(),
        overrides,
    };
    Ok((layer, file.extend))
}

fn words<T>(words: Vec<Word<T>>) -> Vec<T> {
    words.into_iter().map(|word| word.0).collect()
}

/// Words that name rules.
pub fn selectors(words: &[String]) -> anyhow::Result<Vec<Selector>> {
    words.iter().map(|word| Ok(Selector::from_str(word.trim())?)).collect()
}

fn patterns(root: &Path, patterns: &[Pattern]) -> anyhow::Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(root);
    for Pattern(pattern) in patterns {
        builder.add_line(None, pattern).with_context(|| format!("pattern `{pattern}`"))?;
    }
    Ok(builder.build()?)
}

fn matches(patterns: &Gitignore, path: &Path) -> bool {
    path.strip_prefix(patterns.path()).is_ok_and(|path| patterns.matched_path_or_any_parents(path, false).is_ignore())
}

/// What the parser says, and what was probably meant.
fn with_hint(error: &toml::de::Error) -> String {
    let message = error.message();
    let list =
        message.strip_prefix("invalid type: string ").and_then(|rest| rest.strip_suffix(", expected a sequence"));
    let hint = match list {
        Some(word) => format!("a list has brackets around it: [{word}]"),
        None => suggestion(message).map(|name| format!("did you mean `{name}`?")).unwrap_or_default(),
    };
    format!("{}\n{hint}", error.to_string().trim_end()).trim_end().to_owned()
}

/// The known name nearest to the unknown one, both taken from the words of the parser: "unknown field `x`, expected one
/// of `y`, `z`".
fn suggestion(message: &str) -> Option<&str> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next().filter(|_| message.starts_with("unknown"))?;
    let distance = |name: &str| strsim::damerau_levenshtein(unknown, name);
    let is_near = |name: &str| {
        // Cut short, or misspelt a little.
        unknown.len() > 2 && name.starts_with(unknown) || distance(name) * 3 <= name.len().max(unknown.len())
    };
    names.filter(|name| is_near(name)).min_by_key(|name| distance(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_errors_with_a_suggestion() {
        let error = parse("lvels = {}", Path::new("akslint.toml")).unwrap_err().to_string();
        assert!(error.contains("unknown field `lvels`"), "{error}");
        assert!(error.ends_with("did you mean `levels`?"), "{error}");
        let error = parse("zebra = 1", Path::new("akslint.toml")).unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn the_command_line_wins_over_files() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join(".git")).unwrap();
        fs::write(directory.path().join(FILE_NAME), "[levels]\nunused-suppression = \"off\"\n").unwrap();
        let settings = |choice| {
            let configuration = Configuration::new(Source::Nearest, directory.path().to_owned(), choice);
            configuration.for_file(Path::new("a/main.bicep")).unwrap().rules
        };
        let rule = rules::by_code("unused-suppression").unwrap().metadata();
        assert_eq!(settings(Choice::default()).severity(rule), None);
        let selected = Choice { extend_select: vec![Selector::Rule("unused-suppression")], ..Choice::default() };
        assert_eq!(settings(selected).severity(rule), Some(rules::Severity::Warning));
    }

    #[test]
    fn a_file_that_extends_itself_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        fs::write(&path, "extend = \"akslint.toml\"").unwrap();
        let error = load(&path, &mut Vec::new(), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("extends itself"), "{error}");
    }
}
