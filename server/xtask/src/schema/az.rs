//! The flags of `az aks` commands.

use anyhow::{Context as _, bail};
use schema::az::Takes;
use serde_json::Value;

use super::model::{Az, Flag};

/// Name of the text file.
pub(crate) const FILE: &str = "az-aks.facts";

const HEADER: &str = "\
# Written by `cargo xtask schema`. Provenance: SOURCES.md.
# A flag, its parameter, what it takes, and marks. `since(a)`: in release a; `absent(b)`: not in release b, the last one
# compared before a; without `absent` it is older than every release compared.
";

/// Reads the JSON table. What a flag takes is optional there; where it is missing, `old` keeps it.
pub(crate) fn from_json(table: &Value, old: &Az) -> anyhow::Result<Az> {
    let mut az = Az::default();
    let strings = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    az.globals.extend(strings(&table["globals"]));
    for (command, list) in table["previewOnlyIdentityFlags"].as_object().into_iter().flatten() {
        az.preview_only.entry(command.clone()).or_default().extend(strings(list));
    }
    for (command, flags) in table["commands"].as_object().context("the table has no `commands`")? {
        let of_command = az.commands.entry(command.clone()).or_default();
        for (name, flag) in flags.as_object().into_iter().flatten() {
            let text = |key: &str| flag[key].as_str().map(str::to_owned);
            let known = || old.commands.get(command).and_then(|flags| flags.get(name)).map(|flag| flag.takes);
            let takes = match flag["takes"].as_str() {
                Some(word) => parse_takes(word)?,
                None => known().unwrap_or_default(),
            };
            of_command.insert(
                name.clone(),
                Flag {
                    parameter: text("param").with_context(|| format!("{command} {name} has no `param`"))?,
                    first_seen: text("firstSeenIn"),
                    absent_in: text("absentIn"),
                    deprecated: flag["deprecated"] == true,
                    identity: flag["identityRelated"] == true,
                    takes,
                },
            );
        }
    }
    Ok(az)
}

fn parse_takes(word: &str) -> anyhow::Result<Takes> {
    Takes::ALL.into_iter().find(|takes| takes.word() == word).with_context(|| format!("a flag cannot take {word}"))
}

pub(crate) fn render(az: &Az) -> String {
    let mut lines: Vec<String> = az.globals.iter().map(|name| format!("global {name}")).collect();
    for (command, flags) in &az.commands {
        lines.push(format!("\ncommand {command}"));
        for (name, flag) in flags {
            let mut words = vec![name.clone(), flag.parameter.clone(), flag.takes.word().to_owned()];
            words.extend(flag.identity.then(|| "identity".to_owned()));
            words.extend(flag.deprecated.then(|| "deprecated".to_owned()));
            words.extend(flag.first_seen.as_ref().map(|release| format!("since({release})")));
            words.extend(flag.absent_in.as_ref().map(|release| format!("absent({release})")));
            lines.push(words.join(" "));
        }
        lines.extend(az.preview_only.get(command).into_iter().flatten().map(|name| format!("preview-only {name}")));
    }
    format!("{HEADER}{}\n", lines.join("\n"))
}

pub(crate) fn parse(content: &str) -> anyhow::Result<Az> {
    let mut az = Az::default();
    let mut command = None;
    for line in content.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("global ") {
            az.globals.insert(name.to_owned());
        } else if let Some(name) = line.strip_prefix("command ") {
            az.commands.entry(name.to_owned()).or_default();
            command = Some(name.to_owned());
        } else if let Some(name) = line.strip_prefix("preview-only ") {
            let command = command.clone().context("no command yet")?;
            az.preview_only.entry(command).or_default().insert(name.to_owned());
        } else {
            let flags = command.as_ref().and_then(|command| az.commands.get_mut(command)).context("no command yet")?;
            let mut words = line.split(' ');
            let (Some(name), Some(parameter), Some(takes)) = (words.next(), words.next(), words.next()) else {
                bail!("a flag, its parameter and what it takes: {line}");
            };
            let mut flag = Flag { parameter: parameter.to_owned(), takes: parse_takes(takes)?, ..Flag::default() };
            for word in words {
                let inner = |start: &str| word.strip_prefix(start)?.strip_suffix(')').map(str::to_owned);
                match word {
                    "identity" => flag.identity = true,
                    "deprecated" => flag.deprecated = true,
                    _ if word.starts_with("since(") => flag.first_seen = inner("since("),
                    _ if word.starts_with("absent(") => flag.absent_in = inner("absent("),
                    _ => bail!("unknown word {word}: {line}"),
                }
            }
            flags.insert(name.to_owned(), flag);
        }
    }
    Ok(az)
}
