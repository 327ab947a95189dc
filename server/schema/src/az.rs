//! Flags of `az aks` commands.

use std::fmt;

use crate::layout::{Section, flag_field};
use crate::suggest::nearest;
use crate::table;

pub use identity::{FlagDoc, doc};

mod identity;

/// A command such as `aks create`, of which all flags of the core CLI are known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Command(u16);

/// One spelling of an option of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    command: Command,
    record: usize,
}

/// What follows a flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u16)]
pub enum Takes {
    /// Nothing.
    Switch = 0,
    /// One value.
    #[default]
    Value = 1,
    /// One value or nothing.
    Optional = 2,
    /// Any number of values.
    Many = 3,
}

impl Takes {
    /// All of them.
    pub const ALL: [Takes; 4] = [Takes::Switch, Takes::Value, Takes::Optional, Takes::Many];

    /// The word the text form of the facts has for it.
    pub const fn word(self) -> &'static str {
        match self {
            Takes::Switch => "switch",
            Takes::Value => "value",
            Takes::Optional => "optional",
            Takes::Many => "many",
        }
    }
}

/// A release of azure-cli.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CliVersion([u16; 3]);

impl CliVersion {
    /// Reads `2.49.0`; missing parts are 0.
    pub fn parse(text: &str) -> Option<CliVersion> {
        let mut parts = [0; 3];
        let mut words = text.trim().split('.');
        for part in &mut parts {
            match words.next() {
                Some(word) => *part = word.parse().ok()?,
                None => break,
            }
        }
        (words.next().is_none() && text.contains(|c: char| c.is_ascii_digit())).then_some(CliVersion(parts))
    }
}

impl fmt::Display for CliVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl fmt::Debug for CliVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The command of this name, without `az`: `aks create`, `aks update`, `aks update-credentials`.
pub fn command(name: &str) -> Option<Command> {
    commands().find(|command| command.name() == name)
}

/// The commands whose flags are known.
pub fn commands() -> impl Iterator<Item = Command> {
    (0..u16::try_from(table::count(Section::Commands)).unwrap_or(u16::MAX)).map(Command)
}

/// Flags that every command has: `--debug`, `-o`, ...
pub fn global_flags() -> impl Iterator<Item = &'static str> {
    (0..table::count(Section::Globals)).map(|record| table::string(table::u16_of(Section::Globals, record, 0)))
}

/// How a word that starts with `-` is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It is a flag.
    Exact(Flag),
    /// It begins one flag only, and is taken for that.
    Abbreviated(Flag),
    /// It is a flag that every command has, or begins only such.
    Global,
    /// It begins several flags; the CLI refuses it. In the order of their names.
    Ambiguous(Vec<&'static str>),
    /// It is a flag of the preview extension, and only of that.
    PreviewOnly,
    /// Nothing known. The preview extension may still have it.
    Unknown,
}

impl Command {
    /// The name without `az`.
    pub fn name(self) -> &'static str {
        table::string(table::u16_of(Section::Commands, usize::from(self.0), 0))
    }

    /// The flags by name, each spelling for itself; without those that every command has.
    pub fn flags(self) -> impl Iterator<Item = Flag> {
        let record = usize::from(self.0);
        let first = usize::from(table::u16_of(Section::Commands, record, 1));
        let count = usize::from(table::u16_of(Section::Commands, record, 2));
        (first..first + count).map(move |record| Flag { command: self, record })
    }

    /// The flag of exactly this name, with its dashes.
    pub fn flag(self, name: &str) -> Option<Flag> {
        self.flags().find(|flag| flag.name() == name)
    }

    /// Flags that only the preview extension has, of those that concern identity.
    pub fn preview_flags(self) -> impl Iterator<Item = &'static str> {
        (0..table::count(Section::PreviewFlags))
            .filter(move |record| table::u16_of(Section::PreviewFlags, *record, 0) == self.0)
            .map(|record| table::string(table::u16_of(Section::PreviewFlags, record, 1)))
    }

    /// Understands a word as the CLI does, without a `=value` after it: a long flag may be abbreviated as long as one option
    /// remains.
    pub fn resolve(self, word: &str) -> Resolution {
        if let Some(flag) = self.flag(word) {
            return Resolution::Exact(flag);
        }
        if global_flags().any(|flag| flag == word) {
            return Resolution::Global;
        }
        if self.preview_flags().any(|flag| flag == word) {
            return Resolution::PreviewOnly;
        }
        if word.len() < 3 || !word.starts_with("--") {
            return Resolution::Unknown;
        }
        let begun: Vec<Flag> = self.flags().filter(|flag| flag.name().starts_with(word)).collect();
        let global: Vec<&str> = global_flags().filter(|flag| flag.starts_with(word)).collect();
        match (begun.as_slice(), global.is_empty()) {
            ([], true) => Resolution::Unknown,
            ([], false) => Resolution::Global,
            // Two spellings of one option leave no doubt about what is meant.
            ([first, rest @ ..], true) if rest.iter().all(|flag| flag.parameter() == first.parameter()) => {
                Resolution::Abbreviated(*first)
            }
            _ => {
                let mut names: Vec<&'static str> = begun.iter().map(|flag| flag.name()).chain(global).collect();
                names.sort_unstable();
                Resolution::Ambiguous(names)
            }
        }
    }

    /// Flags that `word` may have been meant to be, nearest first.
    pub fn similar(self, word: &str) -> Vec<&'static str> {
        nearest(word, self.flags().map(Flag::name).filter(|name| name.starts_with("--")))
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "az {}", self.name())
    }
}

impl Flag {
    fn field(self, field: usize) -> u16 {
        table::u16_of(Section::Flags, self.record, field)
    }

    /// The name with its dashes.
    pub fn name(self) -> &'static str {
        table::string(self.field(flag_field::NAME))
    }

    /// The command it is a flag of.
    pub fn command(self) -> Command {
        self.command
    }

    /// The CLI's own name of the parameter; spellings of one option share it.
    pub fn parameter(self) -> &'static str {
        table::string(self.field(flag_field::PARAMETER))
    }

    /// The other spellings of the same option.
    pub fn aliases(self) -> impl Iterator<Item = Flag> {
        self.command.flags().filter(move |flag| *flag != self && flag.parameter() == self.parameter())
    }

    /// The oldest release compared that has it. Known for flags that concern identity.
    pub fn first_seen(self) -> Option<CliVersion> {
        CliVersion::parse(table::optional_string(self.field(flag_field::FIRST_SEEN))?)
    }

    /// The newest release compared that does not have it; `None` if all have it.
    pub fn absent_in(self) -> Option<CliVersion> {
        CliVersion::parse(table::optional_string(self.field(flag_field::ABSENT_IN))?)
    }

    /// Whether a release has it; `None` if it came between two releases compared and `release` is between them too.
    pub fn exists_in(self, release: CliVersion) -> Option<bool> {
        match (self.first_seen(), self.absent_in()) {
            (Some(first), _) if release >= first => Some(true),
            (_, Some(absent)) if release <= absent => Some(false),
            _ => None,
        }
    }

    /// It is there, and should not be used any more.
    pub fn deprecated(self) -> bool {
        self.field(flag_field::BITS) & flag_field::BIT_DEPRECATED != 0
    }

    /// It concerns identity, credentials or permission.
    pub fn identity(self) -> bool {
        self.field(flag_field::BITS) & flag_field::BIT_IDENTITY != 0
    }

    /// What follows it.
    pub fn takes(self) -> Takes {
        let number = usize::from(self.field(flag_field::BITS) >> 8);
        Takes::ALL.get(number).copied().unwrap_or_default()
    }

    /// What it does, needs and replaces, for flags that concern identity.
    pub fn doc(self) -> Option<&'static FlagDoc> {
        identity::DOCS
            .iter()
            .find(|doc| doc.flag == self.name() || self.aliases().any(|alias| alias.name() == doc.flag))
    }
}

impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
