//! What people put into a file to silence a rule.
//!
//! | where | what | silences |
//! | --- | --- | --- |
//! | a comment behind code | `// akslint: ignore[code, code] reason` | what begins on this line |
//! | a comment on a line of its own | the same | what begins on the next line that is no comment |
//! | a comment anywhere | `// akslint: ignore-file[code] reason` | the whole file |
//! | Bicep | `#disable-next-line code code` | what begins on the next line |
//! | Bicep | `#disable-diagnostics code` … `#restore-diagnostics code` | what begins between them |
//! | scripts, workflows, pipelines, Markdown | the same comments behind `#`, `::`, `rem` or `<!--` | what begins in this command, or in the next |
//! | JSON without comments | `"metadata": { "akslint": { "ignore": [ { "code": "…", "reason": "…" } ] } }` | what is in the object that has this `metadata`: a resource, or the whole template |
//!
//! ARM takes a `metadata` at the top of a template and in a resource, and passes over names in it that it does not know.
//! Codes of Bicep's own linter in `#disable-…` are none of our business.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use memchr::memmem;
use rustc_hash::FxHashMap;
use syntax::carriers::Carrier;
use syntax::json::{self, Member, Object, Value};
use syntax::shell::Shell;
use syntax::tree::Comments;
use syntax::{Language, SourceText, SyntaxTree, TextEdit, TextRange, TextSize};
use template::ranges::Ranges;
use template::workspace::{FileId, SourceFile, Workspace};

use crate::check::SYNTAX_ERROR;
use crate::write::{List, Separator, behind_line_end, json_escape, line_start, size};
use crate::{Applicability, Diagnostic, FileEdit, Fix, Rule, by_code, rules};

/// The rule about suppressions that are not needed.
pub(crate) const UNUSED: &dyn Rule = rules::unused_suppression::RULE;
/// The rule about suppressions that name no rule.
#[cfg(test)]
pub(crate) const UNKNOWN_RULE: &dyn Rule = rules::unknown_rule_in_suppression::RULE;

/// What every suppression of ours has in it.
const MARK: &str = "akslint";

/// A diagnostic that somebody silenced.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// What would have been reported.
    pub diagnostic: Diagnostic,
    /// Why it is not, in the words of whoever silenced it.
    pub reason: Option<String>,
}

/// All suppressions of a file.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    pub(crate) all: Vec<Suppression>,
    /// What looks like a suppression and is none.
    pub(crate) problems: Vec<Problem>,
    /// What [`Self::covering`] looks into.
    stretches: OnceCell<FxHashMap<&'static str, Vec<Stretch>>>,
}

/// From where on which suppression holds, and which of the rules that it names this is.
type Stretch = (TextSize, Option<(usize, usize)>);
/// How much a suppression covers, its number, and that of the rule among those it names.
type Candidate = (TextSize, usize, usize);

/// One suppression.
#[derive(Debug)]
pub(crate) struct Suppression {
    /// The rules it names.
    pub(crate) named: Vec<Named>,
    pub(crate) reason: Option<String>,
    /// What begins in here is silenced.
    covers: TextRange,
    /// The comment, directive or entry.
    range: TextRange,
    form: Form,
}

/// A rule named by a suppression.
#[derive(Debug)]
pub(crate) struct Named {
    /// As written.
    pub(crate) word: String,
    /// Where, without quotes.
    pub(crate) range: TextRange,
    /// The rule's code; `None` when there is no such rule.
    pub(crate) code: Option<&'static str>,
}

/// What cannot be read.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) range: TextRange,
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Codes with commas between them.
    Comment,
    /// Codes with blanks between them.
    Directive,
    /// An entry of a JSON array.
    Entry,
}

impl Suppressions {
    /// Those of a file. Costs one scan of the text when there are none.
    pub(crate) fn of(file: &SourceFile) -> Self {
        let mut found = Self::default();
        let text = file.text.as_str();
        let mut lines = Lines::of(&file.text);
        if let Some(carrier) = file.carrier() {
            for at in memmem::find_iter(text.as_bytes(), MARK) {
                if let Some(comment) = lines.script_comment_at(carrier, at) {
                    found.read_comment(&mut lines, at, comment, Lines::commands_covered);
                }
            }
            return found;
        }
        if !file.has_tree() {
            return found;
        }
        let mut in_metadata = false;
        let mut comments = None;
        for at in memmem::find_iter(text.as_bytes(), MARK) {
            if comments.is_none() {
                // Asked for only here: it may have to be made again.
                comments = file.tree().map(Comments::of);
            }
            match comments.as_mut().and_then(|comments| comments.at(at)) {
                Some(comment) => found.read_comment(&mut lines, at, comment, Lines::line_covered),
                None => in_metadata = true,
            }
        }
        if in_metadata
            && file.language() == Some(Language::Json)
            && let Some(tree) = file.tree()
        {
            found.read_metadata(tree);
        }
        if file.language() != Some(Language::Json) {
            found.read_directives(file);
        }
        found.all.sort_by_key(|suppression| suppression.range.start());
        found
    }

    /// Which suppression silences the diagnostic, and by which of the rules it names.
    pub(crate) fn covering(&self, diagnostic: &Diagnostic) -> Option<(usize, usize)> {
        if diagnostic.code == SYNTAX_ERROR {
            return None;
        }
        let stretches = self.stretches.get_or_init(|| self.find_stretches()).get(diagnostic.code)?;
        let at = diagnostic.range().start();
        stretches[..stretches.partition_point(|(start, _)| *start <= at)].last()?.1
    }

    /// For each rule where which suppression begins to hold, or none any more. The narrowest one holds: a suppression of the
    /// whole file should not make those of its lines look unused.
    fn find_stretches(&self) -> FxHashMap<&'static str, Vec<Stretch>> {
        let mut ends: FxHashMap<&'static str, Vec<(TextSize, bool, Candidate)>> = FxHashMap::default();
        for (index, suppression) in self.all.iter().enumerate() {
            let covers = suppression.covers;
            for (number, code) in suppression.named.iter().enumerate().filter_map(|(at, named)| Some((at, named.code?)))
            {
                let candidate = (covers.len(), index, number);
                // What begins right at the end is covered as well.
                let behind = covers.end() + TextSize::from(1);
                ends.entry(code).or_default().extend([(covers.start(), true, candidate), (behind, false, candidate)]);
            }
        }
        let stretches = ends.into_iter().map(|(code, mut ends)| {
            ends.sort_unstable();
            let mut holding = BTreeSet::new();
            let mut stretches: Vec<Stretch> = Vec::new();
            for (at, begins, candidate) in ends {
                if begins {
                    holding.insert(candidate);
                } else {
                    holding.remove(&candidate);
                }
                let narrowest = holding.first().map(|(_, index, number)| (*index, *number));
                match stretches.last_mut() {
                    Some(last) if last.0 == at => last.1 = narrowest,
                    _ => stretches.push((at, narrowest)),
                }
            }
            (code, stretches)
        });
        stretches.collect()
    }

    /// `akslint:` at `at` in a comment.
    fn read_comment<'t>(
        &mut self,
        lines: &mut Lines<'t>,
        at: usize,
        comment: TextRange,
        covered: fn(&mut Lines<'t>, TextRange) -> TextRange,
    ) {
        let text = lines.text;
        let written = &text.as_str()[at..usize::from(comment.end())];
        let Some(rest) = written[MARK.len()..].strip_prefix(':') else { return };
        // The next one in the same comment speaks for itself.
        let rest = &rest[..memmem::find(rest.as_bytes(), b"akslint:").unwrap_or(rest.len())];
        let rest = rest.lines().next().unwrap_or_default();
        let rest = rest.split("*/").next().unwrap_or_default();
        let rest = rest.split("-->").next().unwrap_or_default().trim();
        let here = TextRange::at(size(at), TextSize::of(MARK));
        let keyword = rest.split(['[', ' ', '\t']).next().unwrap_or_default();
        let whole_file = keyword == "ignore-file";
        if !whole_file && keyword != "ignore" {
            let message = format!("`akslint:` is followed by `{keyword}`, which is no instruction");
            self.problems.push(Problem { range: here, message });
            return;
        }
        let codes = rest[keyword.len()..].trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((codes, reason)) = codes.filter(|(codes, _)| !codes.trim().is_empty()) else {
            let message = format!("`akslint: {keyword}` names no rule");
            self.problems.push(Problem { range: here, message });
            return;
        };
        // Where the list begins, in the text: `codes` is a part of it.
        let offset = at + (codes.as_ptr() as usize - written.as_ptr() as usize);
        let covers = if whole_file { whole(text) } else { covered(lines, comment) };
        let named = words(codes, offset, |c| c == ',' || c.is_whitespace());
        let reason = Some(reason.trim()).filter(|reason| !reason.is_empty()).map(str::to_owned);
        self.all.push(Suppression { named, reason, covers, range: comment, form: Form::Comment });
    }

    /// Bicep's own directives, where they name rules of ours.
    fn read_directives(&mut self, file: &SourceFile) {
        const KINDS: [&str; 3] = ["#disable-next-line", "#disable-diagnostics", "#restore-diagnostics"];
        let text = &file.text;
        let mut comments = None;
        // Those of a rule that are open: not restored yet.
        let mut open: Vec<Suppression> = Vec::new();
        let mut unrestored: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for at in memchr::memchr_iter(b'#', text.as_str().as_bytes()) {
            let rest = &text.as_str()[at..];
            let ends =
                |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']) || rest.starts_with("//");
            let Some(kind) = KINDS.into_iter().find(|kind| rest.strip_prefix(kind).is_some_and(ends)) else { continue };
            let ours = |list: &str| {
                let mut named = words(list, at + kind.len(), char::is_whitespace);
                named.retain(|named| named.code.is_some());
                named
            };
            // Most are about what other programs say. For those no tree is made again.
            if ours(&rest[kind.len()..line_length(rest)]).is_empty() {
                continue;
            }
            if comments.is_none() {
                comments = file.tree().map(Comments::of);
            }
            // Not what stands in another comment.
            let found = comments.as_mut().and_then(|comments| comments.at(at));
            let Some(range) = found.filter(|range| range.start() == size(at)) else { continue };
            let line = &rest[..line_length(&text.as_str()[range])];
            let line = line.split("//").next().unwrap_or_default().trim_end();
            let named = ours(&line[kind.len()..]);
            if named.is_empty() {
                continue;
            }
            let end = behind_line_end(text, size(at + line.len()));
            match kind {
                "#disable-next-line" => {
                    let covers = TextRange::at(end, size(line_length(&text.as_str()[usize::from(end)..])));
                    self.all.push(Suppression { named, reason: None, covers, range, form: Form::Directive });
                }
                "#disable-diagnostics" => {
                    let covers = TextRange::new(size(at), text.len());
                    for named in &named {
                        unrestored.entry(named.word.clone()).or_default().push(open.len());
                    }
                    open.push(Suppression { named, reason: None, covers, range, form: Form::Directive });
                }
                _ => {
                    for named in &named {
                        for number in unrestored.remove(&named.word).into_iter().flatten() {
                            let covers = &mut open[number].covers;
                            if covers.end() == text.len() {
                                *covers = TextRange::new(covers.start(), size(at));
                            }
                        }
                    }
                }
            }
        }
        self.all.extend(open);
        self.all.retain(|suppression| !suppression.named.is_empty());
    }

    fn read_metadata(&mut self, tree: &SyntaxTree) {
        for ignore in ignore_lists(tree) {
            for entry in ignore.entries {
                let Value::Object(object) = entry else {
                    let message = "an entry of `ignore` is an object with `code` and `reason`".to_owned();
                    self.problems.push(Problem { range: entry.range(), message });
                    continue;
                };
                let text = |name: &str| member(object, name).and_then(|member| member.value?.as_str());
                let Some(code) = text("code") else {
                    let message = "an entry of `ignore` names no rule in `code`".to_owned();
                    self.problems.push(Problem { range: object.range(), message });
                    continue;
                };
                let word = code.text().into_owned();
                let named = Named { code: rule_code(&word), word, range: code.inner_range() };
                self.all.push(Suppression {
                    named: vec![named],
                    reason: text("reason").map(|reason| reason.text().into_owned()),
                    covers: ignore.owner.range(),
                    range: object.range(),
                    form: Form::Entry,
                });
            }
        }
    }
}

/// An `ignore` list in a `metadata`.
pub(crate) struct IgnoreList<'t> {
    /// The object that has the `metadata`.
    owner: Object<'t>,
    metadata: Member<'t>,
    akslint: Member<'t>,
    ignore: Member<'t>,
    entries: Vec<Value<'t>>,
    /// Where these are.
    ranges: Vec<TextRange>,
}

fn ignore_lists(tree: &SyntaxTree) -> Vec<IgnoreList<'_>> {
    let mut found = Vec::new();
    let mut pending: Vec<Value<'_>> = json::root(tree).into_iter().collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(array) => pending.extend(array.elements().filter(|value| mentions(tree, value.range()))),
            Value::Object(owner) => {
                pending.extend(
                    owner.members().filter_map(|member| member.value).filter(|value| mentions(tree, value.range())),
                );
                found.extend(ignore_list(owner));
            }
            _ => {}
        }
    }
    found
}

fn ignore_list(owner: Object<'_>) -> Option<IgnoreList<'_>> {
    let metadata = member(owner, "metadata")?;
    let akslint = member(metadata.value?.as_object()?, MARK)?;
    let ignore = member(akslint.value?.as_object()?, "ignore")?;
    let entries: Vec<Value<'_>> = ignore.value?.as_array()?.elements().collect();
    let ranges = entries.iter().map(|entry| entry.range()).collect();
    Some(IgnoreList { owner, metadata, akslint, ignore, entries, ranges })
}

fn mentions(tree: &SyntaxTree, range: TextRange) -> bool {
    memmem::find(tree.text().slice(range).as_bytes(), MARK.as_bytes()).is_some()
}

fn member<'t>(object: Object<'t>, name: &str) -> Option<Member<'t>> {
    object.members().find(|member| member.key.text().eq_ignore_ascii_case(name))
}

fn rule_code(word: &str) -> Option<&'static str> {
    by_code(word).map(|rule| rule.metadata().code)
}

fn words(list: &str, offset: usize, is_separator: impl Fn(char) -> bool) -> Vec<Named> {
    let mut words = Vec::new();
    let mut at = 0;
    for piece in list.split_inclusive(&is_separator) {
        let word = piece.trim_end_matches(&is_separator);
        if !word.is_empty() {
            let range = TextRange::at(size(offset + at), TextSize::of(word));
            words.push(Named { word: word.to_owned(), range, code: rule_code(word) });
        }
        at += piece.len();
    }
    words
}

/// What begins a comment where scripts are.
fn signs(carrier: Carrier) -> &'static [&'static str] {
    match carrier {
        Carrier::Script(Shell::Bash | Shell::PowerShell) | Carrier::Yaml => &["#"],
        Carrier::Script(Shell::Cmd) => &["::", "rem", "REM"],
        Carrier::Markdown => &["#", "<!--"],
    }
}

/// Whether a command does not end with this line, in any of the shells.
fn goes_on(line: &str) -> bool {
    line.trim_end().ends_with(['\\', '`', '^'])
}

/// Where the command begins that goes on in the line that begins at `line`; `known` is such a line with its answer.
fn command_start(source: &str, line: usize, known: (usize, usize)) -> usize {
    let line_start = |at: usize| memchr::memrchr2(b'\n', b'\r', &source.as_bytes()[..at]).map_or(0, |at| at + 1);
    let mut start = line;
    while start > 0 {
        if start == known.0 {
            return known.1;
        }
        let end = source[..start - 1].strip_suffix('\r').unwrap_or(&source[..start - 1]).len();
        let before = line_start(end);
        if !goes_on(&source[before..end]) {
            break;
        }
        start = before;
    }
    start
}

fn whole(text: &SourceText) -> TextRange {
    TextRange::up_to(text.len())
}

/// The length of a text up to the end of its first line.
fn line_length(text: &str) -> usize {
    memchr::memchr2(b'\n', b'\r', text.as_bytes()).unwrap_or(text.len())
}

/// The lines of a text that comments are about. Comments are looked at in order, and what was found out about one is kept for the
/// next: there may be as many as a file has lines, one below the other or all on one line.
struct Lines<'t> {
    text: &'t SourceText,
    /// The line that was asked for last, without its end.
    last: Range<usize>,
    /// The next end of a comment in Markdown, and from where on it is the next one.
    arrow: Range<usize>,
    /// Where the lines begin that were passed on the way to what a comment is about, the last one of that included; and that.
    passed: Option<(RangeInclusive<usize>, TextRange)>,
    /// The beginning of a line, and of the command that goes on there.
    command: (usize, usize),
}

impl<'t> Lines<'t> {
    fn of(text: &'t SourceText) -> Self {
        let last = 0..line_length(text.as_str());
        Self { text, last, arrow: 0..0, passed: None, command: (0, 0) }
    }

    /// The line around an offset, without its end.
    fn at(&mut self, offset: usize) -> Range<usize> {
        if offset < self.last.start || self.last.end < offset {
            let source = self.text.as_str();
            let start = memchr::memrchr2(b'\n', b'\r', &source.as_bytes()[..offset]).map_or(0, |at| at + 1);
            self.last = start..offset + line_length(&source[offset..]);
        }
        self.last.clone()
    }

    /// The comment that begins right before a byte of a file with scripts: up to the end of the line, or of the comment.
    /// What only speaks of us (`# akslint: runs nightly`) is none of ours.
    fn script_comment_at(&mut self, carrier: Carrier, at: usize) -> Option<TextRange> {
        let source = self.text.as_str();
        let is_blank = |c: char| c.is_whitespace() && !matches!(c, '\n' | '\r');
        let before = source[..at].trim_end_matches(is_blank);
        let start = signs(carrier).iter().find_map(|sign| before.strip_suffix(sign))?;
        if !start.is_empty() && !start.ends_with([' ', '\t', '\n', '\r']) {
            return None;
        }
        let rest = at + MARK.len();
        source[rest..].strip_prefix(':')?.trim_start_matches(is_blank).strip_prefix("ignore")?;
        let line_end = self.at(rest).end;
        if rest < self.arrow.start || self.arrow.end < rest + "-->".len() {
            let found = memmem::find(&source.as_bytes()[rest..line_end], b"-->");
            self.arrow = rest..found.map_or(line_end, |at| rest + at + "-->".len());
        }
        Some(TextRange::new(size(start.len()), size(self.arrow.end)))
    }

    /// The line a comment speaks of: its own when something stands before it, else the next that is no comment.
    fn line_covered(&mut self, comment: TextRange) -> TextRange {
        let source = self.text.as_str();
        let own = self.at(comment.end().into());
        let alone = source[usize::from(comment.end())..own.end].trim_start().is_empty();
        let Some(start) = line_start(self.text, comment.start()).filter(|_| alone) else {
            let start = self.at(comment.start().into()).start;
            return TextRange::new(size(start), size(own.end));
        };
        if own.end == source.len() {
            return TextRange::new(start, size(own.end));
        }
        self.behind_comments(own.end, &["//"], |_, line, end| (line, end))
    }

    /// The command a comment speaks of: the one that ends on its line, or else the one on the next line that is no comment.
    /// A command goes on behind the sign of its shell at the end of a line, and no comment can stand within it.
    fn commands_covered(&mut self, comment: TextRange) -> TextRange {
        let source = self.text.as_str();
        if line_start(self.text, comment.start()).is_none() {
            let line = self.at(comment.start().into()).start;
            let start = command_start(source, line, self.command);
            self.command = (line, start);
            return TextRange::new(size(start), comment.end());
        }
        let own = self.at(comment.end().into());
        let before = self.passed.as_ref().map(|(_, covered)| *covered);
        self.behind_comments(own.end, &["#", "::", "rem ", "REM ", "<!--"], |text, start, mut end| {
            // Within the command before, that is where this one ends, too.
            if let Some(before) = before.filter(|before| before.contains(size(start))) {
                return (start, before.end().into());
            }
            let source = text.as_str();
            let mut line = start;
            while goes_on(&source[line..end]) && end < source.len() {
                line = behind_line_end(text, size(end)).into();
                end = line + line_length(&source[line..]);
            }
            (start, end)
        })
    }

    /// What begins behind the end of a line and the comments below it; `covered` says it of the line there.
    fn behind_comments(
        &mut self,
        line_end: usize,
        signs: &[&str],
        covered: impl FnOnce(&SourceText, usize, usize) -> (usize, usize),
    ) -> TextRange {
        let source = self.text.as_str();
        let first = usize::from(behind_line_end(self.text, size(line_end)));
        if let Some((passed, covered)) = &self.passed
            && passed.contains(&first)
        {
            return *covered;
        }
        let mut line = first;
        let mut end = line + line_length(&source[line..]);
        while end < source.len() && signs.iter().any(|sign| source[line..end].trim_start().starts_with(sign)) {
            line = behind_line_end(self.text, size(end)).into();
            end = line + line_length(&source[line..]);
        }
        let (start, end) = covered(self.text, line, end);
        let covered = TextRange::new(size(start), size(end));
        self.passed = Some((first..=line, covered));
        covered
    }
}

/// Takes a rule out of a suppression; the whole suppression when all it names are `unused`. `lists` are those of the file, once
/// somebody has asked for them.
pub(crate) fn removal<'s>(
    source: &'s SourceFile,
    file: FileId,
    suppression: &Suppression,
    named: usize,
    unused: &[usize],
    lists: &OnceCell<Vec<IgnoreList<'s>>>,
) -> Option<Fix> {
    let text = &source.text;
    let all = unused.len() == suppression.named.len();
    let edits = match suppression.form {
        Form::Entry => {
            let lists = lists.get_or_init(|| source.tree().map(ignore_lists).unwrap_or_default());
            remove_entry(source, lists, suppression.range)?
        }
        _ if all => vec![TextEdit::delete(comment_with_line(text, suppression.range))],
        Form::Comment | Form::Directive => {
            let range = suppression.named[named].range;
            let before = named.checked_sub(1).map(|before| suppression.named[before].range.end());
            let behind = suppression.named.get(named + 1).map(|behind| behind.range.start());
            vec![TextEdit::delete(match (before, behind) {
                (_, Some(behind)) => TextRange::new(range.start(), behind),
                (Some(before), None) => TextRange::new(before, range.end()),
                (None, None) => return None,
            })]
        }
    };
    Some(Fix {
        title: format!("Remove the suppression of `{}`", suppression.named[named].word),
        applicability: Applicability::Safe,
        edits: edits.into_iter().map(|edit| FileEdit { file, edit }).collect(),
        copied: Vec::new(),
    })
}

/// A comment with its line, or with the blanks before it when something else stands on the line.
fn comment_with_line(text: &SourceText, comment: TextRange) -> TextRange {
    let source = text.as_str();
    let rest = &source[usize::from(comment.end())..];
    let behind = rest.trim_start_matches(|c: char| c.is_whitespace() && !matches!(c, '\n' | '\r'));
    match line_start(text, comment.start()) {
        Some(start) if behind.is_empty() || behind.starts_with(['\n', '\r']) => {
            TextRange::new(start, behind_line_end(text, text.len() - TextSize::of(behind)))
        }
        Some(_) => comment,
        None => {
            let before = source[..usize::from(comment.start())].trim_end_matches([' ', '\t']).len();
            TextRange::new(size(before), comment.end())
        }
    }
}

/// Takes an entry out of its `ignore`, with the members around it that would be left empty.
fn remove_entry(source: &SourceFile, lists: &[IgnoreList<'_>], entry: TextRange) -> Option<Vec<TextEdit>> {
    let list = lists.iter().find(|list| list.ignore.range.contains_range(entry))?;
    let array = list.ignore.value?.range();
    let ranges = &list.ranges;
    if ranges.len() > 1 {
        let index = ranges.binary_search_by_key(&entry.start(), |range| range.start()).ok()?;
        // The entries beside it are enough: there may be thousands, all to be taken out.
        let (from, to) = (index.saturating_sub(1), (index + 1).min(ranges.len() - 1));
        let mut near = bracketed(&source.text, array, ranges[from..=to].to_vec())?;
        let start = if from == 0 { near.inner.start() } else { ranges[from].start() };
        let end = if to == ranges.len() - 1 { near.inner.end() } else { ranges[to].end() };
        near.inner = TextRange::new(start, end);
        return near.remove(&source.text, &[index - from]);
    }
    let steps = [
        (list.akslint.value?.as_object()?, list.ignore.range),
        (list.metadata.value?.as_object()?, list.akslint.range),
        (list.owner, list.metadata.range),
    ];
    for (object, gone) in steps {
        let entries: Vec<TextRange> = object.members().map(|member| member.range).collect();
        if entries.len() > 1 || object.range() == list.owner.range() {
            let index = entries.iter().position(|entry| *entry == gone)?;
            return bracketed(&source.text, object.range(), entries)?.remove(&source.text, &[index]);
        }
    }
    None
}

/// The entries between two brackets; `None` when the closing one is missing.
fn bracketed(text: &SourceText, range: TextRange, entries: Vec<TextRange>) -> Option<List> {
    let bracket = TextSize::from(1);
    let is_closed = text.slice(range).ends_with(['}', ']']) && range.len() > bracket;
    if !is_closed || entries.last().is_some_and(|last| last.end() >= range.end()) {
        return None;
    }
    let inner = TextRange::new(range.start() + bracket, range.end() - bracket);
    Some(List { inner, entries, separator: Separator::Comma, one_line: false })
}

/// The edits that suppress these diagnostics, for `--add-ignore`. In Bicep, in scripts, and in JSON that has comments already,
/// a comment on the line above; in other JSON an entry in the `metadata` of the resource, or of the file.
pub fn add_ignores(workspace: &Workspace, diagnostics: &[Diagnostic], reason: &str) -> Vec<FileEdit> {
    let reason: String = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut targets: FxHashMap<FileId, Target<'_>> = FxHashMap::default();
    // By place, in the order in which they are met first.
    let mut groups: Vec<(FileId, TextSize, Vec<&Diagnostic>)> = Vec::new();
    let mut known: FxHashMap<(FileId, TextSize), usize> = FxHashMap::default();
    for diagnostic in diagnostics.iter().filter(|diagnostic| rule_code(diagnostic.code).is_some()) {
        let file = diagnostic.file();
        let place = targets.entry(file).or_insert_with(|| Target::of(workspace.file(file))).place_of(diagnostic);
        let number = *known.entry((file, place)).or_insert(groups.len());
        match groups.get_mut(number) {
            Some((.., together)) => together.push(diagnostic),
            None => groups.push((file, place, vec![diagnostic])),
        }
    }
    let mut edits = Vec::new();
    for (file, place, together) in groups {
        let target = &targets[&file];
        let mut codes: Vec<&str> = together.iter().map(|one| one.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let new = match target.form {
            TargetForm::Script(carrier) => vec![script_comment_above(target.source, carrier, place, &codes, &reason)],
            TargetForm::Comments => vec![comment_above(target.source, place, &codes, &reason)],
            TargetForm::Metadata => {
                let owner = target.owner_of(together[0]);
                entry_in_metadata(target.source, owner, &codes, &reason).unwrap_or_default()
            }
        };
        edits.extend(new.into_iter().map(|edit| FileEdit { file, edit }));
    }
    edits.sort_by_key(|edit| (edit.file, edit.edit.range.start()));
    edits
}

/// A file that suppressions are to be written into.
struct Target<'w> {
    source: &'w SourceFile,
    form: TargetForm,
    /// The resources of a template.
    resources: Ranges<()>,
}

/// How a suppression is written.
enum TargetForm {
    /// As a comment in a script.
    Script(Carrier),
    /// As a comment.
    Comments,
    /// In the `metadata` of JSON that has no comments.
    Metadata,
}

impl<'w> Target<'w> {
    fn of(source: &'w SourceFile) -> Self {
        let form = match source.carrier() {
            Some(carrier) => TargetForm::Script(carrier),
            None if source.language() != Some(Language::Json) || has_comments(source) => TargetForm::Comments,
            None => TargetForm::Metadata,
        };
        let resources = source.template.iter().flat_map(|template| &template.resources);
        Self { source, form, resources: Ranges::new(resources.map(|resource| (resource.range, ())).collect()) }
    }

    /// Where the suppression of a diagnostic belongs.
    fn place_of(&self, diagnostic: &Diagnostic) -> TextSize {
        match self.form {
            TargetForm::Script(_) => {
                let line = line_of(&self.source.text, diagnostic);
                size(command_start(self.source.text.as_str(), line.into(), (0, 0)))
            }
            TargetForm::Comments => line_of(&self.source.text, diagnostic),
            TargetForm::Metadata => self.owner_of(diagnostic).start(),
        }
    }

    /// What a `metadata` is to be put into for a diagnostic: the innermost resource around it, or the whole file.
    fn owner_of(&self, diagnostic: &Diagnostic) -> TextRange {
        let around = self.resources.around(diagnostic.range()).map(|(range, ())| *range);
        let root = || self.source.tree().and_then(json::root).map_or(whole(&self.source.text), Value::range);
        around.min_by_key(|range| range.len()).unwrap_or_else(root)
    }
}

fn has_comments(source: &SourceFile) -> bool {
    let extension = source.path.extension().and_then(|extension| extension.to_str());
    let text = source.text.as_str();
    if extension == Some("jsonc") {
        return true;
    }
    let mut comments = source.tree().map(Comments::of);
    memchr::memchr_iter(b'/', text.as_bytes())
        .filter(|at| text[at + 1..].starts_with(['/', '*']))
        .any(|at| comments.as_mut().is_some_and(|comments| comments.at(at).is_some()))
}

fn line_of(text: &SourceText, diagnostic: &Diagnostic) -> TextSize {
    let before = &text.as_str()[..usize::from(diagnostic.range().start())];
    size(before.rfind(['\n', '\r']).map_or(0, |at| at + 1))
}

fn script_comment_above(
    source: &SourceFile,
    carrier: Carrier,
    line: TextSize,
    codes: &[&str],
    reason: &str,
) -> TextEdit {
    let text = &source.text;
    let blank = if reason.is_empty() { "" } else { " " };
    let (sign, codes, eol) = (signs(carrier)[0], codes.join(", "), text.line_ending().as_str());
    let indent = text.indentation_at(line);
    let at = line.max(start(text));
    TextEdit::insert(at, format!("{indent}{sign} akslint: ignore[{codes}]{blank}{reason}{eol}"))
}

fn comment_above(source: &SourceFile, line: TextSize, codes: &[&str], reason: &str) -> TextEdit {
    let text = &source.text;
    let blank = if reason.is_empty() { "" } else { " " };
    let codes = codes.join(", ");
    let eol = text.line_ending().as_str();
    // A comment put into a text of several lines would be a part of the text.
    let root = source.tree().map(SyntaxTree::root);
    let around = root.and_then(|root| root.descendant_for_byte_range(line.into(), line.into()));
    let inside_text = around.is_some_and(|node| {
        let within = Range { start: node.start_byte() + 1, end: node.end_byte() }.contains(&usize::from(line));
        within && node.child_count() == 0 && !node.is_extra()
    });
    if inside_text {
        return TextEdit::insert(start(text), format!("// akslint: ignore-file[{codes}]{blank}{reason}{eol}"));
    }
    let indent = text.indentation_at(line);
    let at = line.max(start(text));
    TextEdit::insert(at, format!("{indent}// akslint: ignore[{codes}]{blank}{reason}{eol}"))
}

/// Behind the byte order mark, if there is one.
fn start(text: &SourceText) -> TextSize {
    if text.as_str().starts_with('\u{feff}') { TextSize::of('\u{feff}') } else { TextSize::from(0) }
}

fn entry_in_metadata(source: &SourceFile, owner: TextRange, codes: &[&str], reason: &str) -> Option<Vec<TextEdit>> {
    let text = &source.text;
    let owner = object_at(source.tree()?, owner)?;
    let entry = |code: &&str| format!("{{ \"code\": \"{code}\", \"reason\": \"{}\" }}", json_escape(reason));
    let entries: Vec<String> = codes.iter().map(entry).collect();
    let members = |object: Object<'_>| object.members().map(|member| member.range).collect::<Vec<_>>();
    let metadata = member(owner, "metadata");
    let akslint = metadata.and_then(|found| member(found.value?.as_object()?, MARK));
    let ignore = akslint.and_then(|found| member(found.value?.as_object()?, "ignore"));
    let array = format!("[{}]", entries.join(", "));
    let (range, ranges, written) = match (metadata, akslint, ignore) {
        (_, _, Some(ignore)) => {
            let array = ignore.value?.as_array()?;
            (array.range(), array.elements().map(Value::range).collect(), entries.join(", "))
        }
        (_, Some(akslint), None) => {
            let object = akslint.value?.as_object()?;
            (object.range(), members(object), format!("\"ignore\": {array}"))
        }
        (Some(metadata), None, None) => {
            let object = metadata.value?.as_object()?;
            (object.range(), members(object), format!("\"{MARK}\": {{ \"ignore\": {array} }}"))
        }
        (None, None, None) => {
            let written = format!("\"metadata\": {{ \"{MARK}\": {{ \"ignore\": {array} }} }}");
            (owner.range(), members(owner), written)
        }
    };
    // A template should go on beginning with its `$schema`, a resource with its type.
    let index = ranges.len();
    bracketed(text, range, ranges)?.insert(text, index, |_| Some(written))
}

fn object_at(tree: &SyntaxTree, range: TextRange) -> Option<Object<'_>> {
    let node = tree.root().descendant_for_byte_range(range.start().into(), range.end().into())?;
    Value::cast(node, tree.source())?.as_object().filter(|object| object.range() == range)
}

#[cfg(test)]
mod tests;
