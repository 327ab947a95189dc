//! Flags of `az` commands in scripts, and in whatever carries scripts.

use std::fmt::Write as _;

use schema::az::{self, Flag};
use syntax::{TextRange, TextSize};
use template::az_command::{AzCommand, WordRole};
use template::scripts::command_at;
use template::workspace::SourceFile;

use super::{Item, Kind, item};

/// The flags that can be written at an offset, in a script or in what carries scripts.
pub(super) fn offer(file: &SourceFile, offset: TextSize) -> Vec<Item> {
    let Some((_, command, number)) = command_at(file, offset) else { return Vec::new() };
    let (Some(known), Some((range, here))) = (command.known, word_at(command, number, offset)) else {
        return Vec::new();
    };
    let written = file.text.slice(range);
    if !written.starts_with('-') {
        return Vec::new();
    }
    let flags = known.flags().filter(|flag| flag.name().starts_with("--"));
    // What is being written may be short for many.
    let others = || (0..).zip(&command.flags).filter(|(number, _)| Some(*number) != here);
    let new = flags.filter(|flag| !others().any(|(_, other)| other.is(flag.name())));
    new.map(|flag| flag_item(flag, range)).collect()
}

/// The flag around an offset, in a script or in what carries scripts.
pub(crate) fn flag_at(file: &SourceFile, offset: TextSize) -> Option<(TextRange, Flag)> {
    let (_, command, number) = command_at(file, offset)?;
    let (range, flag) = word_at(command, number, offset)?;
    match command.flags.get(flag?)?.resolved {
        az::Resolution::Exact(flag) | az::Resolution::Abbreviated(flag) => Some((range, flag)),
        _ => None,
    }
}

/// The word of that number, without a value that is behind `=`, and which flag it is; `None` when the offset is not in it.
fn word_at(command: &AzCommand, number: usize, offset: TextSize) -> Option<(TextRange, Option<usize>)> {
    let word = command.words.get(number)?;
    let (range, flag) = match word.role {
        WordRole::Flag(flag) => (command.flags[flag].name_range, Some(flag)),
        WordRole::Name | WordRole::Value(_) | WordRole::Other => (word.range, None),
    };
    range.contains_inclusive(offset).then_some((range, flag))
}

/// A page about a flag.
pub(crate) fn page(flag: Flag) -> String {
    let mut page = format!("`{}` of `az {}`", flag.name(), flag.command().name());
    page.push_str(match flag.takes() {
        az::Takes::Switch => ": a switch, it takes no value",
        az::Takes::Value => ": takes a value",
        az::Takes::Optional => ": takes a value or nothing",
        az::Takes::Many => ": takes any number of values",
    });
    if let Some(doc) = flag.doc() {
        let _ = write!(page, "\n\n{}", doc.text);
        if !doc.property.is_empty() {
            let _ = write!(page, "\n\nIn a template: `{}`", doc.property);
        }
        if let Some(replacement) = doc.replaced_by {
            let _ = write!(page, "\n\nOut of use: {replacement}");
        }
    }
    if let Some(since) = flag.first_seen() {
        let _ = write!(page, "\n\nIn Azure CLI {since} and later");
    }
    page
}

fn flag_item(flag: Flag, range: TextRange) -> Item {
    item(flag.name(), Kind::Flag, range, flag.name())
        .detail(flag.command().name())
        .documentation(page(flag))
        .sort(if flag.name().contains("identity") { "0" } else { "1" })
}
