//! Flags of `az aks` commands in scripts.

use std::fmt::Write as _;

use schema::az::{Flag, Resolution, Takes};
use syntax::{TextRange, TextSize};
use template::az_command::WordRole;
use template::scripts::command_at;
use template::workspace::SourceFile;

use super::{Item, Kind, item};

/// The flags that can be written at an offset of a file: the ones of the command there that it does not have yet.
pub(super) fn offer(file: &SourceFile, offset: TextSize) -> Vec<Item> {
    let Some((_, command, number)) = command_at(file, offset) else { return Vec::new() };
    let Some(known) = command.known else { return Vec::new() };
    let word = command.words.get(number).map(|word| word.range).filter(|word| word.contains_inclusive(offset));
    let word = word.unwrap_or_else(|| TextRange::empty(offset));
    // Behind `--flag=` comes the value.
    let is_value = |text: &str| !text.starts_with('-') || text.contains('=');
    if !word.is_empty() && is_value(file.text.slice(word)) {
        return Vec::new();
    }
    // Behind a flag that takes a value comes the value.
    let before = command.flags.iter().rfind(|flag| flag.name_range.end() < offset && flag.name_range != word);
    let waits =
        |flag: &template::az_command::Flag| flag.values.is_empty() && taken(&flag.resolved) == Some(Takes::Value);
    if word.is_empty() && before.is_some_and(waits) {
        return Vec::new();
    }
    let is_there = |name: &str| command.flags.iter().any(|flag| flag.name_range != word && flag.is(name));
    let flags = known.flags().filter(|flag| flag.name().starts_with("--") && !is_there(flag.name()));
    let mut items: Vec<Item> = flags.map(|flag| flag_item(flag, word)).collect();
    items.sort_by(|a, b| (&a.sort, &a.label).cmp(&(&b.sort, &b.label)));
    items
}

fn taken(resolved: &Resolution) -> Option<Takes> {
    match resolved {
        Resolution::Exact(flag) | Resolution::Abbreviated(flag) => Some(flag.takes()),
        _ => None,
    }
}

/// The flag whose name is around an offset of a file, and where it is written.
pub(crate) fn flag_at(file: &SourceFile, offset: TextSize) -> Option<(TextRange, Flag)> {
    let (_, command, number) = command_at(file, offset)?;
    let WordRole::Flag(number) = command.words.get(number)?.role else { return None };
    let flag = command.flags.get(number).filter(|flag| flag.name_range.contains_inclusive(offset))?;
    match flag.resolved {
        Resolution::Exact(known) | Resolution::Abbreviated(known) => Some((flag.name_range, known)),
        _ => None,
    }
}

/// A page about a flag.
pub(crate) fn page(flag: Flag) -> String {
    let mut page = format!("`{}` of `az {}`", flag.name(), flag.command().name());
    page.push_str(match flag.takes() {
        Takes::Switch => ": a switch, it takes no value",
        Takes::Value => ": takes a value",
        Takes::Optional => ": takes a value or nothing",
        Takes::Many => ": takes any number of values",
    });
    if let Some(doc) = flag.doc() {
        let _ = write!(page, "\n\n{}", doc.text);
        if !doc.property.is_empty() {
            let _ = write!(page, "\n\nIn a template: `{}`", doc.property);
        }
        let own = |&&(command, _): &&(&str, &str)| command == flag.command().name();
        let needs: Vec<String> = doc.needs.iter().filter(own).map(|(_, flag)| format!("`{flag}`")).collect();
        if !needs.is_empty() {
            let _ = write!(page, "\n\nNeeds {}", needs.join(", "));
        }
        let excludes: Vec<String> = doc.excludes.iter().map(|flag| format!("`{flag}`")).collect();
        if !excludes.is_empty() {
            let _ = write!(page, "\n\nNot together with {}", excludes.join(", "));
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
    let mut item = item(flag.name(), Kind::Flag, range, flag.name());
    item.deprecated = flag.deprecated();
    let rank = match (item.deprecated, flag.identity()) {
        (false, true) => "0",
        (false, false) => "1",
        (true, _) => "2",
    };
    item.detail(flag.command().name()).documentation(page(flag)).sort(rank)
}
