//! Writes the table that the `schema` crate reads in place; its layout is described in `schema::layout`.

use std::collections::{BTreeMap, HashMap, VecDeque};

use anyhow::{Context as _, ensure};
use schema::layout::{self, EMPTY_SET, MAGIC, NONE, SECTIONS, SET_WORDS, Section, constraint};

use super::model::{Constraint, Facts, Node, Set, TypeFacts};

/// The whole table.
pub(crate) fn table(facts: &Facts) -> anyhow::Result<Vec<u8>> {
    let mut writer = Writer::default();
    writer.sets.insert([0; SET_WORDS], EMPTY_SET);
    writer.record(Section::Sets, &[0; SET_WORDS * 8]);
    // In the order in which they are looked up.
    let mut types: Vec<_> = facts.types.iter().collect();
    types.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    for (name, of_type) in types {
        writer.resource_type(name, of_type).with_context(|| format!("in {name}"))?;
    }
    for (version, since) in &facts.retired {
        let since = since.map_or(0, schema::Date::raw);
        writer.record(Section::Retired, &[version.to_le_bytes(), since.to_le_bytes()].concat());
    }
    writer.az(facts)?;
    writer.finish()
}

#[derive(Default)]
struct Writer {
    sections: [Vec<u8>; SECTIONS],
    strings: HashMap<String, u16>,
    text: Vec<u8>,
    sets: HashMap<[u64; SET_WORDS], u16>,
    /// Runs of records that several nodes share, by section and content.
    runs: HashMap<(usize, Vec<u8>), u16>,
}

impl Writer {
    fn record(&mut self, section: Section, bytes: &[u8]) {
        self.sections[section as usize].extend_from_slice(bytes);
    }

    fn words(&mut self, section: Section, words: &[u16]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.record(section, &bytes);
    }

    fn count(&self, section: Section) -> anyhow::Result<u16> {
        small(self.sections[section as usize].len() / section.record())
    }

    fn string(&mut self, text: &str) -> anyhow::Result<u16> {
        if let Some(index) = self.strings.get(text) {
            return Ok(*index);
        }
        let index = small(self.strings.len())?;
        let offset = u32::try_from(self.text.len())?;
        self.record(Section::StringOffsets, &offset.to_le_bytes());
        self.text.extend_from_slice(text.as_bytes());
        self.strings.insert(text.to_owned(), index);
        Ok(index)
    }

    fn optional_string(&mut self, text: Option<&String>) -> anyhow::Result<u16> {
        text.map_or(Ok(NONE), |text| self.string(text))
    }

    fn set(&mut self, set: &Set, versions: &[u32]) -> anyhow::Result<u16> {
        let mut bits = [0; SET_WORDS];
        for raw in set {
            let index =
                versions.binary_search(raw).ok().context("a fact about a version that the type does not have")?;
            bits[index / 64] |= 1u64 << (index % 64);
        }
        if let Some(index) = self.sets.get(&bits) {
            return Ok(*index);
        }
        let index = small(self.sets.len())?;
        for word in bits {
            self.record(Section::Sets, &word.to_le_bytes());
        }
        self.sets.insert(bits, index);
        Ok(index)
    }

    /// Appends a run of records unless the same run is there already; its first record and their number.
    fn run(&mut self, section: Section, bytes: &[u8]) -> anyhow::Result<[u16; 2]> {
        let length = small(bytes.len() / section.record())?;
        if length == 0 {
            return Ok([0, 0]);
        }
        let key = (section as usize, bytes.to_vec());
        if let Some(first) = self.runs.get(&key) {
            return Ok([*first, length]);
        }
        let first = self.count(section)?;
        self.record(section, bytes);
        self.runs.insert(key, first);
        Ok([first, length])
    }

    fn resource_type(&mut self, name: &str, facts: &TypeFacts) -> anyhow::Result<()> {
        let versions: Vec<u32> = facts.versions.iter().copied().collect();
        ensure!(versions.len() <= SET_WORDS * 64, "more versions than a set has bits: raise SET_WORDS");
        let previews = versions.iter().filter(|raw| schema::ApiVersion::from_raw(**raw).is_preview()).count();
        let first_version = self.count(Section::Versions)?;
        for raw in &versions {
            self.record(Section::Versions, &raw.to_le_bytes());
        }
        let record = [
            self.string(name)?,
            first_version,
            small(versions.len() - previews)?,
            small(previews)?,
            self.count(Section::Nodes)?,
            self.set(&facts.writable, &versions)?,
        ];
        self.words(Section::Types, &record);
        self.nodes(facts, &versions)
    }

    /// Breadth first, so that the children of a node are neighbours.
    fn nodes(&mut self, facts: &TypeFacts, versions: &[u32]) -> anyhow::Result<()> {
        let mut children: BTreeMap<&[String], Vec<(&Vec<String>, &Node)>> = BTreeMap::new();
        for (path, node) in &facts.nodes {
            if let Some((_, parent)) = path.split_last() {
                ensure!(facts.nodes.contains_key(parent), "{} has no parent", path.join("."));
                children.entry(parent).or_default().push((path, node));
            }
        }
        let last = |path: &Vec<String>| path.last().cloned().unwrap_or_default();
        for siblings in children.values_mut() {
            siblings.sort_by_key(|(path, _)| last(path).to_ascii_lowercase());
            let unique = siblings.windows(2).all(|pair| !last(pair[0].0).eq_ignore_ascii_case(&last(pair[1].0)));
            ensure!(
                unique,
                "two properties differ only in case: {:?}",
                siblings.iter().map(|s| last(s.0)).collect::<Vec<_>>()
            );
        }
        let mut next = usize::from(self.count(Section::Nodes)?) + 1;
        let root = facts.nodes.get_key_value([].as_slice()).context("no root")?;
        let mut queue = VecDeque::from([root]);
        while let Some((path, node)) = queue.pop_front() {
            let below = children.get(path.as_slice()).map_or(&[][..], Vec::as_slice);
            let child_range = [small(next)?, small(below.len())?];
            next += below.len();
            queue.extend(below.iter().copied());
            self.node(&last(path), node, child_range, versions).with_context(|| path.join("."))?;
        }
        Ok(())
    }

    fn node(&mut self, name: &str, node: &Node, children: [u16; 2], versions: &[u32]) -> anyhow::Result<()> {
        let mut kinds = Vec::new();
        for (kind, set) in &node.kinds {
            push(&mut kinds, &[kind.number(), self.set(set, versions)?]);
        }
        let mut values = Vec::new();
        for (value, set) in &node.values {
            push(&mut values, &[self.string(value)?, self.set(set, versions)?]);
        }
        let mut constraints = Vec::new();
        for (found, set) in &node.constraints {
            let set = self.set(set, versions)?;
            for (kind, text, number) in parts(found) {
                let text = text.map_or(Ok(NONE), |text| self.string(text))?;
                push(&mut constraints, &[kind, set, text, 0]);
                constraints.extend_from_slice(&number.to_le_bytes());
            }
        }
        let mut record = vec![self.string(name)?];
        for set in [
            &node.versions,
            &node.required,
            &node.read_only,
            &node.write_only,
            &node.constant,
            &node.sensitive,
            &node.open,
        ] {
            record.push(self.set(set, versions)?);
        }
        record.extend(children);
        record.extend(self.run(Section::Kinds, &kinds)?);
        record.extend(self.run(Section::Values, &values)?);
        record.extend(self.run(Section::Constraints, &constraints)?);
        self.words(Section::Nodes, &record);
        Ok(())
    }

    fn az(&mut self, facts: &Facts) -> anyhow::Result<()> {
        for name in &facts.az.globals {
            let name = self.string(name)?;
            self.words(Section::Globals, &[name]);
        }
        for (index, (command, flags)) in facts.az.commands.iter().enumerate() {
            let record = [self.string(command)?, self.count(Section::Flags)?, small(flags.len())?, 0];
            self.words(Section::Commands, &record);
            for (name, flag) in flags {
                let mut bits = (flag.takes as u16) << 8;
                for (holds, bit) in [
                    (flag.deprecated, layout::flag_field::BIT_DEPRECATED),
                    (flag.identity, layout::flag_field::BIT_IDENTITY),
                ] {
                    bits |= if holds { bit } else { 0 };
                }
                let record = [
                    self.string(name)?,
                    self.string(&flag.parameter)?,
                    self.optional_string(flag.first_seen.as_ref())?,
                    self.optional_string(flag.absent_in.as_ref())?,
                    bits,
                ];
                self.words(Section::Flags, &record);
            }
            for name in facts.az.preview_only.get(command).into_iter().flatten() {
                let record = [small(index)?, self.string(name)?];
                self.words(Section::PreviewFlags, &record);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        let end = u32::try_from(self.text.len())?;
        self.record(Section::StringOffsets, &end.to_le_bytes());
        self.sections[Section::StringBytes as usize] = std::mem::take(&mut self.text);
        let mut out = Vec::from(MAGIC);
        out.extend(u32::try_from(SECTIONS)?.to_le_bytes());
        let mut offset = 8 + SECTIONS * 8;
        for (bytes, record) in self.sections.iter().zip(RECORDS) {
            out.extend(u32::try_from(offset)?.to_le_bytes());
            out.extend(u32::try_from(bytes.len() / record)?.to_le_bytes());
            offset += bytes.len();
        }
        self.sections.iter().for_each(|bytes| out.extend_from_slice(bytes));
        Ok(out)
    }
}

/// Record sizes in the order of the sections.
const RECORDS: [usize; SECTIONS] = [
    Section::StringOffsets.record(),
    Section::StringBytes.record(),
    Section::Sets.record(),
    Section::Versions.record(),
    Section::Types.record(),
    Section::Nodes.record(),
    Section::Kinds.record(),
    Section::Values.record(),
    Section::Constraints.record(),
    Section::Retired.record(),
    Section::Commands.record(),
    Section::Flags.record(),
    Section::Globals.record(),
    Section::PreviewFlags.record(),
];

fn push(bytes: &mut Vec<u8>, words: &[u16]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// A constraint as the records that stand for it: kind, text, number.
fn parts(found: &Constraint) -> Vec<(u16, Option<&str>, i64)> {
    let bounds = |(min, max): &(Option<i64>, Option<i64>), kinds: [u16; 2]| {
        [(kinds[0], *min), (kinds[1], *max)]
            .into_iter()
            .filter_map(|(kind, bound)| Some((kind, None, bound?)))
            .collect()
    };
    match found {
        Constraint::Discriminator(name) => vec![(constraint::DISCRIMINATOR, Some(name), 0)],
        Constraint::Pattern(pattern) => vec![(constraint::PATTERN, Some(pattern), 0)],
        Constraint::Items(found) => bounds(found, [constraint::MIN_ITEMS, constraint::MAX_ITEMS]),
        Constraint::Length(found) => bounds(found, [constraint::MIN_LENGTH, constraint::MAX_LENGTH]),
        Constraint::Range(found) => bounds(found, [constraint::MIN_VALUE, constraint::MAX_VALUE]),
    }
}

fn small(number: usize) -> anyhow::Result<u16> {
    let small = u16::try_from(number).ok().filter(|small| *small != NONE);
    small.with_context(|| format!("{number} does not fit the layout's 16 bits"))
}
