//! The text form of the facts: one property a line.
//!
//! ```text
//! resource Microsoft.ContainerService/managedClusters
//! versions 2019-02-01 2019-04-01
//! writable
//! identity [2019-04-01..] object
//! identity.type enum values(None SystemAssigned UserAssigned[2020-06-01..]) open[2025-10-01..]
//! ```
//!
//! Brackets after the path hold the versions that have the property, brackets after a word those in which the word holds;
//! without brackets they are those of the parent, or of the property. `a..` is a and all later versions of its line
//! (stable or preview), `a..b` ends with b.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use schema::ApiVersion;

use super::model::{Bounds, Constraint, Kind, Node, Set, TypeFacts};

const HEADER: &str = "# Written by `cargo xtask schema`, which also says how to read it (xtask/src/schema/text.rs). Provenance: SOURCES.md.\n";

/// The files by name: one for each top-level type, with its child types.
pub(crate) fn render(types: &BTreeMap<String, TypeFacts>) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (name, facts) in types {
        let top: Vec<&str> = name.splitn(3, '/').take(2).collect();
        let file = files.entry(format!("{}.facts", top.join("."))).or_insert_with(|| HEADER.to_owned());
        render_type(name, facts, file);
    }
    files
}

fn render_type(name: &str, facts: &TypeFacts, out: &mut String) {
    let mut line = |words: Vec<String>| {
        out.push_str(&words.join(" "));
        out.push('\n');
    };
    line(vec![format!("\nresource {name}")]);
    let mut years: BTreeMap<(bool, u32), Vec<String>> = BTreeMap::new();
    for version in facts.versions.iter().map(|raw| ApiVersion::from_raw(*raw)) {
        years.entry((version.is_preview(), version.date().parts().0)).or_default().push(version.to_string());
    }
    for versions in years.into_values() {
        line(vec!["versions".to_owned(), versions.join(" ")]);
    }
    let runs = |word: &str, set: &Set, base: &Set| match set {
        set if set == base => word.to_owned(),
        set => format!("{word}[{}]", render_set(set, &facts.versions)),
    };
    if !facts.writable.is_empty() {
        line(vec![runs("writable", &facts.writable, &facts.versions)]);
    }
    for (path, node) in &facts.nodes {
        let parent = path
            .split_last()
            .and_then(|(_, parent)| facts.nodes.get(parent))
            .map_or(&facts.versions, |node| &node.versions);
        let mut words = vec![if path.is_empty() { "(root)".to_owned() } else { render_path(path) }];
        if node.versions != *parent {
            words.push(format!("[{}]", render_set(&node.versions, &facts.versions)));
        }
        words.extend(node.kinds.iter().map(|(kind, set)| runs(kind.word(), set, &node.versions)));
        if !node.values.is_empty() {
            let values: Vec<String> =
                node.values.iter().map(|(value, set)| runs(&quoted(value), set, &node.versions)).collect();
            words.push(format!("values({})", values.join(" ")));
        }
        for (word, set) in [
            ("open", &node.open),
            ("required", &node.required),
            ("read-only", &node.read_only),
            ("write-only", &node.write_only),
            ("constant", &node.constant),
            ("sensitive", &node.sensitive),
        ] {
            if !set.is_empty() {
                words.push(runs(word, set, &node.versions));
            }
        }
        words.extend(
            node.constraints.iter().map(|(constraint, set)| runs(&render_constraint(constraint), set, &node.versions)),
        );
        line(words);
    }
}

fn render_path(path: &[String]) -> String {
    let mut text = String::new();
    for segment in path {
        if !text.is_empty() && segment != schema::layout::ELEMENT {
            text.push('.');
        }
        text.push_str(segment);
    }
    text
}

fn parse_path(text: &str) -> Vec<String> {
    if text == "(root)" {
        return Vec::new();
    }
    let spaced = text.replace(schema::layout::ELEMENT, ".[]");
    spaced.split('.').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}

fn render_constraint(constraint: &Constraint) -> String {
    let bounds = |word: &str, (min, max): &Bounds| {
        let text = |bound: &Option<i64>| bound.map_or_else(String::new, |bound| bound.to_string());
        format!("{word}({}..{})", text(min), text(max))
    };
    match constraint {
        Constraint::Discriminator(name) => format!("by({name})"),
        Constraint::Items(b) => bounds("items", b),
        Constraint::Length(b) => bounds("length", b),
        Constraint::Pattern(pattern) => format!("pattern({})", serde_json::Value::from(pattern.as_str())),
        Constraint::Range(b) => bounds("range", b),
    }
}

/// A value as a word, in JSON's quotes if it would not be one.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte));
    if plain { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

/// A set as runs within a sorted list of versions.
pub(crate) fn render_set(set: &Set, all: &Set) -> String {
    let mut runs: Vec<String> = Vec::new();
    for preview in [false, true] {
        let line: Vec<u32> =
            all.iter().copied().filter(|raw| ApiVersion::from_raw(*raw).is_preview() == preview).collect();
        let mut index = 0;
        while index < line.len() {
            if !set.contains(&line[index]) {
                index += 1;
                continue;
            }
            let start = index;
            while index < line.len() && set.contains(&line[index]) {
                index += 1;
            }
            let name = |at: usize| ApiVersion::from_raw(line[at]);
            runs.push(match () {
                () if index == line.len() => format!("{}..", name(start)),
                () if index == start + 1 => name(start).to_string(),
                () => format!("{}..{}", name(start), name(index - 1)),
            });
        }
    }
    runs.join(" ")
}

fn parse_set(text: &str, all: &Set) -> anyhow::Result<Set> {
    let version = |text: &str| ApiVersion::parse(text).with_context(|| format!("{text} is no API version"));
    let mut set = Set::new();
    for run in text.split_whitespace() {
        let (start, end) = match run.split_once("..") {
            None => (version(run)?, Some(version(run)?)),
            Some((start, "")) => (version(start)?, None),
            Some((start, end)) => (version(start)?, Some(version(end)?)),
        };
        ensure!(all.contains(&start.raw()), "{start} is not in the list of versions");
        let within = |candidate: ApiVersion| candidate >= start && end.is_none_or(|end| candidate <= end);
        set.extend(all.iter().filter(|raw| within(ApiVersion::from_raw(**raw))));
    }
    Ok(set)
}

/// Adds the resource types of one file.
pub(crate) fn parse(content: &str, types: &mut BTreeMap<String, TypeFacts>) -> anyhow::Result<()> {
    let mut current: Option<&mut TypeFacts> = None;
    for (number, line) in content.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("resource ") {
            current = Some(types.entry(name.to_owned()).or_default());
            continue;
        }
        let facts = current.as_deref_mut().context("no resource yet");
        facts.and_then(|facts| parse_line(line, facts)).with_context(|| format!("line {}", number + 1))?;
    }
    Ok(())
}

fn parse_line(line: &str, facts: &mut TypeFacts) -> anyhow::Result<()> {
    if let Some(versions) = line.strip_prefix("versions ") {
        for version in versions.split(' ') {
            facts
                .versions
                .insert(ApiVersion::parse(version).with_context(|| format!("{version} is no API version"))?.raw());
        }
        return Ok(());
    }
    let all = &facts.versions;
    let mut words = Words { rest: line };
    let first = words.path();
    if first == "writable" {
        facts.writable = words.set(all, all)?;
        return Ok(());
    }
    let path = parse_path(first);
    let parent = match path.split_last() {
        None => all,
        Some((_, parent)) => {
            &facts.nodes.get(parent).with_context(|| format!("{first} comes before its parent"))?.versions
        }
    };
    words.spaces();
    let mut node = Node { versions: words.set(parent, all)?, ..Node::default() };
    let base = node.versions.clone();
    while let Some(word) = words.word() {
        match word {
            "values" => {
                words.expect('(')?;
                while !words.accept(')') {
                    words.spaces();
                    let value = words.value()?;
                    let set = words.set(&base, all)?;
                    node.values.insert(value, set);
                }
            }
            "open" => node.open = words.set(&base, all)?,
            "required" => node.required = words.set(&base, all)?,
            "read-only" => node.read_only = words.set(&base, all)?,
            "write-only" => node.write_only = words.set(&base, all)?,
            "constant" => node.constant = words.set(&base, all)?,
            "sensitive" => node.sensitive = words.set(&base, all)?,
            "by" | "pattern" | "length" | "range" | "items" => {
                words.expect('(')?;
                let constraint = match word {
                    "by" => Constraint::Discriminator(words.value()?),
                    "pattern" => Constraint::Pattern(words.value()?),
                    "length" => Constraint::Length(words.bounds()?),
                    "range" => Constraint::Range(words.bounds()?),
                    _ => Constraint::Items(words.bounds()?),
                };
                words.expect(')')?;
                node.constraints.insert(constraint, words.set(&base, all)?);
            }
            word => {
                let kind = Kind::ALL
                    .iter()
                    .find(|(_, name, _)| *name == word)
                    .with_context(|| format!("unknown word {word}"))?
                    .0;
                node.kinds.insert(kind, words.set(&base, all)?);
            }
        }
    }
    facts.nodes.insert(path, node);
    Ok(())
}

/// The words of a line.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// The path: up to a space, or up to a bracket that does not belong to it.
    fn path(&mut self) -> &'a str {
        let mut end = self.rest.find(' ').unwrap_or(self.rest.len());
        if let Some(bracket) = self.rest[..end].find('[').filter(|at| !self.rest[*at..].starts_with("[]")) {
            end = bracket;
        }
        self.take(end)
    }

    fn word(&mut self) -> Option<&'a str> {
        self.spaces();
        let end = self.rest.find([' ', '[', '(', ')']).unwrap_or(self.rest.len());
        (end > 0).then(|| self.take(end))
    }

    fn accept(&mut self, wanted: char) -> bool {
        self.rest.strip_prefix(wanted).map(|rest| self.rest = rest).is_some()
    }

    fn expect(&mut self, wanted: char) -> anyhow::Result<()> {
        ensure!(self.accept(wanted), "expected {wanted} before {}", self.rest);
        Ok(())
    }

    /// The set in brackets, or `base` if there are none.
    fn set(&mut self, base: &Set, all: &Set) -> anyhow::Result<Set> {
        if !self.accept('[') {
            return Ok(base.clone());
        }
        let end = self.rest.find(']').context("a bracket is not closed")?;
        let set = parse_set(self.take(end), all)?;
        self.expect(']')?;
        Ok(set)
    }

    fn value(&mut self) -> anyhow::Result<String> {
        if !self.rest.starts_with('"') {
            return Ok(self.word().context("a value is missing")?.to_owned());
        }
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let value = stream.next().context("a value is missing")??;
        self.rest = &self.rest[stream.byte_offset()..];
        Ok(value)
    }

    fn bounds(&mut self) -> anyhow::Result<Bounds> {
        let end = self.rest.find(')').context("a parenthesis is not closed")?;
        let Some((min, max)) = self.take(end).split_once("..") else { bail!("bounds are written min..max") };
        let bound = |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some) };
        Ok((bound(min)?, bound(max)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(versions: &[&str]) -> Set {
        versions.iter().map(|version| ApiVersion::parse(version).unwrap().raw()).collect()
    }

    #[test]
    fn sets_keep_the_two_lines_apart() {
        let all = set(&["2020-01-01", "2020-03-01", "2020-05-01", "2020-02-01-preview", "2020-04-01-preview"]);
        let some = set(&["2020-03-01", "2020-05-01", "2020-02-01-preview"]);
        let text = render_set(&some, &all);
        assert_eq!(text, "2020-03-01.. 2020-02-01-preview");
        assert_eq!(parse_set(&text, &all).unwrap(), some);
    }

    #[test]
    fn gaps_are_runs() {
        let all = set(&["2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01", "2020-05-01"]);
        let some = set(&["2020-01-01", "2020-02-01", "2020-04-01"]);
        assert_eq!(render_set(&some, &all), "2020-01-01..2020-02-01 2020-04-01");
    }

    #[test]
    fn reads_every_word_back() {
        let text = "resource A.B/c\nversions 2020-01-01 2020-02-01\nwritable[2020-02-01..]\n(root) object by(kind)\n\
            a [2020-02-01..] array items(..2)\na[] enum values(X \"y z)\") open\nb string[2020-02-01..] int[2020-01-01] \
            required[2020-01-01] pattern(\"^[a)]$\")[2020-02-01..] range(0..10)[2020-01-01]\n";
        let mut types = BTreeMap::new();
        parse(text, &mut types).unwrap();
        let facts = &types["A.B/c"];
        assert_eq!(facts.nodes.len(), 4);
        assert_eq!(facts.nodes[&vec!["a".to_owned(), "[]".to_owned()]].values.len(), 2);
        let mut out = String::new();
        render_type("A.B/c", facts, &mut out);
        assert_eq!(out.trim_start(), text);
    }
}
