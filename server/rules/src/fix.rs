//! Ways to mend what a rule reports.

use syntax::edit::TextEdit;
use template::workspace::{FileId, Location};

/// A change of one or more files that mends a diagnostic.
#[derive(Clone, Debug)]
pub struct Fix {
    /// What it does, as an order: "Move `identity` out of `properties`".
    pub title: String,
    /// Who may apply it.
    pub applicability: Applicability,
    /// Disjoint edits, sorted by file and place.
    pub edits: Vec<FileEdit>,
    /// What its edits repeat of the text: a fix that changes any of it cannot be applied at the same time, or what is repeated
    /// would name something that is no longer there.
    pub copied: Vec<Location>,
}

/// Who may apply a [`Fix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Only shown: it leaves something for a person to fill in.
    DisplayOnly,
    /// `--unsafe-fixes`: it mends the mistake but may not be what was meant.
    Unsafe,
    /// `--fix`: it says what was meant.
    Safe,
}

impl Applicability {
    /// In lower case, as machine formats write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisplayOnly => "display-only",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// One edit of a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// The file it changes.
    pub file: FileId,
    /// The change.
    pub edit: TextEdit,
}
