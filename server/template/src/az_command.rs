//! `az` command lines: which command is called with which flags, and where each word is written in the document.
//!
//! A command is read as the CLI reads it: flags may be abbreviated, values may follow behind `=`. What only running the
//! script would tell is not guessed: a command that may have more flags than are written is [open](AzCommand::open).

use schema::az::{self, Resolution, Takes};
use smallvec::SmallVec;
use syntax::carriers::Fragment;
use syntax::shell::{AssignValue, Command, HoleKind, Piece, Script, Shell, Word};
use text_size::{TextRange, TextSize};

/// One call of `az`.
#[derive(Clone, Debug)]
pub struct AzCommand {
    /// The words behind `az` in front of the first flag, in lower case and with one blank between them: `aks create`.
    pub name: String,
    /// The command, when all its flags are known.
    pub known: Option<az::Command>,
    /// In the order written.
    pub flags: Vec<Flag>,
    /// Every word from `az` on.
    pub words: Vec<AzWord>,
    /// It may have flags that are not written: it takes words from a variable or an array, or goes on where we cannot follow.
    pub open: bool,
    /// From `az` to its last word, in the document.
    pub range: TextRange,
    /// The same in the script.
    pub decoded: TextRange,
    /// A line continuation behind its last word; in the script, with the line break if there is one.
    pub dangling: Option<TextRange>,
    /// It is the only thing on the lines it takes.
    pub alone: bool,
}

/// A word of a command.
#[derive(Clone, Debug)]
pub struct AzWord {
    /// Where it is written, with its quotes.
    pub range: TextRange,
    /// The same in the script.
    pub decoded: TextRange,
    /// What it is.
    pub role: WordRole,
}

/// What a word of a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordRole {
    /// `az`, or a word of the command's name.
    Name,
    /// The flag of that number, with its value if that is behind `=`.
    Flag(usize),
    /// A value of the flag of that number.
    Value(usize),
    /// Something in front of the first flag that is no name.
    Other,
}

/// A flag of a command.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As written, without `=value`.
    pub name: String,
    /// What the CLI takes it for.
    pub resolved: Resolution,
    /// All full names of the option that the CLI takes it for.
    names: SmallVec<[&'static str; 2]>,
    /// What it may have been meant to be, nearest first, if the CLI does not know it: flags that concern identity.
    pub meant: Vec<&'static str>,
    /// Where the name is written.
    pub name_range: TextRange,
    /// From the name to the last value.
    pub range: TextRange,
    /// The same in the script.
    pub decoded: TextRange,
    /// The words behind it, up to the next flag.
    pub values: Vec<Value>,
}

/// A word behind a flag.
#[derive(Clone, Debug)]
pub struct Value {
    /// With holes as they are written.
    pub text: String,
    /// The text when all of it is known.
    pub literal: Option<String>,
    /// Where it is written, with its quotes.
    pub range: TextRange,
    /// The same in the script.
    pub decoded: TextRange,
    /// The call of `az` whose output it is, directly or by a variable.
    pub output: Option<Box<Output>>,
}

/// What a value is the output of.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command that prints it.
    pub command: AzCommand,
    /// Where the variable is set to it; `None` where the command stands in the value itself.
    pub assigned: Option<TextRange>,
}

impl AzCommand {
    /// The flag of that full name, also abbreviated or by another spelling of the same option.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.is(name))
    }

    /// Whether the flag is there, or something that is likely meant to be it, or may be there.
    pub fn may_have(&self, name: &str) -> bool {
        self.open || self.has(name)
    }

    /// Whether the flag is there, or something that is likely meant to be it.
    pub fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.is(name) || flag.meant.contains(&name) || flag.may_be(name))
    }

    /// The query of `--query`.
    pub fn query(&self) -> Option<&Value> {
        self.global("--query")
    }

    /// The format of `--output`.
    pub fn format(&self) -> Option<&Value> {
        self.global("--output").or_else(|| self.global("-o"))
    }

    fn global(&self, name: &str) -> Option<&Value> {
        let is = |flag: &&Flag| {
            flag.name == name || (flag.name.len() > 3 && flag.name.starts_with("--") && name.starts_with(&flag.name))
        };
        self.flags.iter().find(is)?.values.first()
    }
}

impl Flag {
    /// Whether the CLI takes it for the flag of that full name.
    pub fn is(&self, name: &str) -> bool {
        match &self.resolved {
            Resolution::Exact(_) | Resolution::Abbreviated(_) => self.names.contains(&name),
            Resolution::PreviewOnly | Resolution::Unknown | Resolution::Global => self.name == name,
            Resolution::Ambiguous(_) => false,
        }
    }

    fn may_be(&self, name: &str) -> bool {
        matches!(&self.resolved, Resolution::Ambiguous(names) if names.contains(&name))
    }

    /// The text of its first value when it is known.
    pub fn literal(&self) -> Option<&str> {
        self.values.first()?.literal.as_deref()
    }
}

/// All calls of `az` in a script, in the order of their starts.
pub(crate) fn commands(fragment: &Fragment) -> Vec<AzCommand> {
    let script = fragment.script();
    let read = Read { fragment, script: &script };
    script.commands.iter().filter_map(|command| read.command(command, true)).collect()
}

/// What may stand in front of `az` and calls it.
const WRAPPERS: [&str; 12] =
    ["sudo", "call", "time", "exec", "command", "env", "nohup", "&", "!", "eval", "then", "do"];

/// Commands that nobody passes to `az` as a word: behind a line continuation they begin a new command.
const STARTS: [&str; 8] = ["az", "kubectl", "echo", "export", "helm", "docker", "git", "curl"];

struct Read<'s, 'a> {
    fragment: &'a Fragment,
    script: &'s Script<'a>,
}

impl<'a> Read<'_, 'a> {
    fn command(&self, command: &Command<'a>, follow: bool) -> Option<AzCommand> {
        let called = command.words.iter().position(|word| !is_wrapper(word))?;
        if !is_az(&command.words[called]) {
            return None;
        }
        let all = &command.words[called..];
        let mut dangling = command.trailing_continuation;
        // A continuation in front of another command joins the two.
        let mut end = all.len();
        for (number, word) in all.iter().enumerate().skip(1) {
            let before = all[number - 1].range.end();
            let broken =
                command.continuations.iter().find(|mark| mark.start() >= before && mark.end() <= word.range.start());
            if let Some(broken) = broken
                && !word.quoted
                && word.literal().is_some_and(|text| STARTS.contains(&&*text))
            {
                dangling = Some(*broken);
                end = number;
                break;
            }
        }
        let words = &all[..end];
        let named = words.iter().skip(1).take_while(|word| is_name(word)).count() + 1;
        let full: Vec<String> = words[1..named].iter().map(|word| word.text().to_ascii_lowercase()).collect();
        // What follows the name of a known command is no part of it.
        let known = (1..=full.len()).rev().find_map(|len| Some((len, az::command(&full[..len].join(" "))?)));
        let (len, known) = known.map_or((full.len(), None), |(len, known)| (len, Some(known)));
        let mut built = AzCommand {
            name: full[..len].join(" "),
            known,
            flags: Vec::new(),
            words: Vec::new(),
            open: false,
            range: TextRange::default(),
            decoded: words.first()?.range.cover(words.last()?.range),
            dangling,
            alone: false,
        };
        built.range = self.place(built.decoded)?;
        built.alone = end == all.len() && self.is_alone(built.decoded);
        for (number, word) in words.iter().enumerate() {
            let role = if number <= len { WordRole::Name } else { self.role(word, &mut built, follow) };
            built.words.push(AzWord { range: self.place(word.range)?, decoded: word.range, role });
        }
        // A comment between the lines of a command ends it, which whoever wrote it did not mean.
        if let Some(mark) = dangling {
            let next = self.fragment.text[usize::from(mark.end())..].lines().next().unwrap_or_default().trim();
            built.open |= next.starts_with('#') || next.starts_with("--");
        }
        Some(built)
    }

    /// Takes a word behind the name.
    fn role(&self, word: &Word<'a>, built: &mut AzCommand, follow: bool) -> WordRole {
        let text = word.text();
        if is_flag(word) {
            let (name, value) = match text.split_once('=') {
                Some((name, _)) => (name.to_owned(), Some(name.len() + 1)),
                None => (text.clone().into_owned(), None),
            };
            if name.len() <= word.prefix().len() {
                let flag = self.flag(word, name, value, built.known, &text);
                built.flags.extend(flag);
                return WordRole::Flag(built.flags.len().saturating_sub(1));
            }
            built.open = true;
            return WordRole::Other;
        }
        let elements = word.holes().any(|hole| matches!(hole.kind, HoleKind::Elements(_)));
        let number = built.flags.len().checked_sub(1);
        let expected = built.flags.last().is_some_and(|flag| match &flag.resolved {
            Resolution::Exact(known) | Resolution::Abbreviated(known) => match known.takes() {
                Takes::Switch => false,
                Takes::Value | Takes::Optional => flag.values.is_empty(),
                Takes::Many => true,
            },
            Resolution::Global => flag.values.is_empty() && flag_takes_value(&flag.name),
            _ => flag.values.is_empty(),
        });
        if elements || (!expected && is_open_word(word, &text)) {
            built.open = true;
        }
        let Some(number) = number else { return WordRole::Other };
        let Some(range) = self.place(word.range) else { return WordRole::Other };
        let flag = &mut built.flags[number];
        flag.range = flag.range.cover(range);
        flag.decoded = flag.decoded.cover(word.range);
        flag.values.push(Value {
            text: text.into_owned(),
            literal: word.literal().map(std::borrow::Cow::into_owned),
            range,
            decoded: word.range,
            output: if follow { self.output(word) } else { None },
        });
        WordRole::Value(number)
    }

    fn flag(
        &self,
        word: &Word<'a>,
        name: String,
        value: Option<usize>,
        known: Option<az::Command>,
        text: &str,
    ) -> Option<Flag> {
        let at = |from: usize, to: usize| word.to_source(TextRange::new(size(from), size(to)));
        let name_range = self.place(at(0, name.len())?)?;
        let resolved = known.map_or(Resolution::Unknown, |known| known.resolve(&name));
        let meant = match (&resolved, known) {
            (Resolution::Unknown, Some(known)) => meant(known, &name),
            _ => Vec::new(),
        };
        let names = match &resolved {
            Resolution::Exact(flag) | Resolution::Abbreviated(flag) => {
                std::iter::once(flag.name()).chain(flag.aliases().map(schema::az::Flag::name)).collect()
            }
            _ => SmallVec::new(),
        };
        let mut values = Vec::new();
        if let Some(from) = value
            && let Some(decoded) = at(from, text.len())
        {
            values.push(Value {
                text: text[from..].to_owned(),
                literal: word.literal().map(|text| text[from..].to_owned()),
                range: self.place(decoded)?,
                decoded,
                output: None,
            });
        }
        let range = self.place(word.range)?;
        Some(Flag { name, resolved, names, meant, name_range, range, decoded: word.range, values })
    }

    /// The call of `az` that prints a value.
    fn output(&self, word: &Word<'a>) -> Option<Box<Output>> {
        let [Piece::Hole(hole)] = word.pieces.as_slice() else { return None };
        match hole.kind {
            HoleKind::Output => {
                let commands = self.script.commands_in(hole.range);
                let depth = commands.first()?.depth;
                let mut outermost = commands.iter().filter(|command| command.depth <= depth);
                let (Some(only), None) = (outermost.next(), outermost.next()) else { return None };
                Some(Box::new(Output { command: self.command(only, false)?, assigned: None }))
            }
            HoleKind::Variable(name) => {
                // Whatever branch sets it, it must be the same kind of thing; so all must be calls of `az` with one query.
                let mut last: Option<Output> = None;
                for assign in self.script.assigns_of(name) {
                    if let AssignValue::Word(word) = &assign.value
                        && word.literal().is_some_and(|text| text.is_empty())
                    {
                        continue;
                    }
                    let command = self.command(self.script.produced_by(assign)?, false)?;
                    let query = |command: &AzCommand| command.query().map(|query| query.text.clone());
                    if last.as_ref().is_some_and(|other| query(&other.command) != query(&command)) {
                        return None;
                    }
                    last = Some(Output { command, assigned: self.place(assign.range) });
                }
                last.map(Box::new)
            }
            _ => None,
        }
    }

    fn place(&self, decoded: TextRange) -> Option<TextRange> {
        self.fragment.to_source(decoded)
    }

    /// Whether nothing else is on the lines of a range of the script.
    fn is_alone(&self, decoded: TextRange) -> bool {
        let text = &self.fragment.text;
        let before = &text[..usize::from(decoded.start())];
        let behind = &text[usize::from(decoded.end())..];
        let before = before.rsplit('\n').next().unwrap_or_default();
        let behind = behind.split('\n').next().unwrap_or_default();
        before.trim().is_empty() && behind.trim().is_empty()
    }
}

/// Flags that concern identity and are near to a word that is no flag of the command.
fn meant(command: az::Command, name: &str) -> Vec<&'static str> {
    // Dashes that a word processor joined.
    let name = name.replace(['\u{2014}', '\u{2013}'], "--").replace("----", "--");
    let concerns = |name: &str| {
        command.flag(name).is_some_and(az::Flag::identity) || command.preview_flags().any(|own| own == name)
    };
    let exists = |name: &&'static str| command.flag(name).is_some();
    if let Resolution::Exact(flag) = command.resolve(&name) {
        return if flag.identity() { vec![flag.name()] } else { Vec::new() };
    }
    let slips: &[&'static str] = match name.as_str() {
        "--identity"
        | "--identities"
        | "--user-assigned-identity"
        | "--user-assigned"
        | "--identity-id"
        | "--assign-identities"
        | "--identity-resource-id"
        | "--assign-user-identity"
        | "--assign-user-assigned-identity"
        | "--mi-user-assigned" => &["--assign-identity", "--assign-kubelet-identity"],
        "--kubelet-identity"
        | "--kubelet-identity-resource-id"
        | "--assign-kubelet-identities"
        | "--kubelet-identity-id" => &["--assign-kubelet-identity"],
        "--managed-identity"
        | "--enable-msi"
        | "--enable-managed-identities"
        | "--use-managed-identity"
        | "--enable-identity"
        | "--managed-identities" => &["--enable-managed-identity"],
        "--enable-workload-identities" | "--workload-identity" => &["--enable-workload-identity"],
        "--enable-oidc-issuer-url" | "--oidc-issuer" => &["--enable-oidc-issuer"],
        _ => &[],
    };
    if !slips.is_empty() {
        return slips.iter().copied().filter(exists).collect();
    }
    if name == "--disable-oidc-issuer" {
        return Vec::new();
    }
    let lower = name.to_ascii_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&lower, other);
    let speaks = ["identit", "kubelet", "oidc", "principal", "secret"].iter().any(|word| lower.contains(word));
    let limit = if speaks { 3 } else { 2 };
    let similar: Vec<&'static str> = command.similar(&name);
    let Some(nearest) = similar.first().map(|first| distance(first)) else { return Vec::new() };
    // What a flag of another kind is as near to, is none of ours.
    let ties: Vec<&'static str> = similar.into_iter().filter(|other| distance(other) == nearest).collect();
    if nearest > limit || !ties.iter().all(|name| concerns(name)) {
        return Vec::new();
    }
    ties
}

fn is_wrapper(word: &Word<'_>) -> bool {
    word.literal().is_some_and(|text| WRAPPERS.contains(&&*text))
}

fn is_az(word: &Word<'_>) -> bool {
    let Some(text) = word.literal() else { return false };
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    ["az", "az.cmd", "az.exe"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn is_name(word: &Word<'_>) -> bool {
    word.literal().is_some_and(|text| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

fn is_flag(word: &Word<'_>) -> bool {
    let known = word.prefix();
    let mut chars = known.chars();
    match chars.next() {
        Some('-') => chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '-'),
        Some('\u{2014}' | '\u{2013}') => chars.next().is_some_and(|c| c.is_ascii_alphabetic()),
        _ => false,
    }
}

/// Whether a word where a flag could stand may be any number of flags: a variable, `@file`, `[--flag]`, `...`.
fn is_open_word(word: &Word<'_>, text: &str) -> bool {
    word.has_holes()
        || text.starts_with(['@', '[', '{', '<', '('])
        || text.starts_with("...")
        || text.starts_with('\u{2026}')
}

fn flag_takes_value(global: &str) -> bool {
    ["--output", "--query", "--subscription"].iter().any(|flag| flag.starts_with(global)) || global == "-o"
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("a text is never larger than 4 GiB")
}

/// What joins lines in a language.
pub fn continuation(shell: Shell) -> char {
    match shell {
        Shell::Bash => '\\',
        Shell::PowerShell => '`',
        Shell::Cmd => '^',
    }
}
