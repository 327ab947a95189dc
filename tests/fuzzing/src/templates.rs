//! Any text as any kind of file: parsers, model, evaluation, rules, fixes.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use rules::apply::{apply_one, fix_all};
use rules::docs::{Docs, ExampleLanguage};
use rules::{Applicability, Diagnostic, Level, Outcome, Selector, Settings};
use syntax::{Language, SourceText, TextRange, parse};
use template::workspace::{FileId, Location, SourceFile, Workspace};

use crate::bytes::{Bytes, boundary};

/// The names that decide how a text is read.
const PATHS: [&str; 9] = [
    "main.bicep",
    "main.json",
    "main.bicepparam",
    "main.parameters.json",
    "deploy.sh",
    "deploy.ps1",
    "deploy.cmd",
    ".github/workflows/deploy.yml",
    "README.md",
];

/// What people write often: pieces of both languages, of expressions and of scripts.
pub(crate) const PIECES: &[&str] = &[
    "",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "'",
    "\"",
    "''",
    ",",
    ":",
    "=",
    "?",
    ".",
    "//",
    "/*",
    "*/",
    "\\",
    "${",
    "@",
    "#",
    "null",
    "true",
    "[]",
    "{}",
    "\r\n",
    "é",
    "𝒳",
    "\u{feff}",
    "union(",
    "resourceId('",
    "if (",
    "[for x in ",
    "...",
    "? :",
    "'''",
    "param x string\n",
    "var y = x\n",
    "type: ",
    "identity: {\n",
    "\"identity\": {",
    "\"type\": \"",
    "'UserAssigned'",
    "userAssignedIdentities: {\n",
    "identityProfile: {\n",
    "kubeletidentity: ",
    "servicePrincipalProfile: {\n",
    "existing = ",
    "module m 'main.bicep' = {\n",
    "resource r 'Microsoft.ContainerService/managedClusters@2025-05-01' = {\n",
    "properties: {\n",
    "[parameters('x')]",
    "[variables('y')]",
    "[concat(",
    "az aks create ",
    "--enable-managed-identity ",
    "--assign-identity ",
    "// akslint: ignore[",
    "#disable-next-line ",
    "```bash\n",
    "run: |\n",
    "$(",
    "<<EOF\n",
];

/// A text that the fuzzer makes up.
///
/// # Panics
/// When something does not hold.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let path = *bytes.pick(&PATHS);
    let text = bytes.rest();
    check_text(path, &text);
    // What is no UTF-8 is refused or understood, too.
    let _ = SourceText::from_bytes(data, 1 << 20);
}

/// A template that is right, with some pieces exchanged: words and lines, or what the grammar takes for alike.
///
/// # Panics
/// When something does not hold.
pub fn check_mutated(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let language = *bytes.pick(&[Language::Bicep, Language::Json]);
    let mut text = Cow::Borrowed(seed(language, &mut bytes));
    for _ in 0..6 {
        if bytes.is_empty() {
            break;
        }
        let next =
            if bytes.below(2) == 0 { mutated(&text, &mut bytes) } else { exchanged(language, &text, &mut bytes) };
        text = Cow::Owned(next);
    }
    check_text(path_of(language), &text);
}

/// Puts a part of another template in the place of one of the same kind, as the grammar has them: what comes out can mostly
/// be parsed.
fn exchanged(language: Language, text: &str, bytes: &mut Bytes<'_>) -> String {
    let tree = parse(language, SourceText::new(text));
    let at = bytes.below(text.len() + 1);
    let mut node = tree.root().named_descendant_for_byte_range(at, at).unwrap_or(tree.root());
    for _ in 0..bytes.below(6) {
        node = node.parent().filter(|parent| parent.parent().is_some()).unwrap_or(node);
    }
    let other = parse(language, SourceText::new(seed(language, bytes)));
    let mut alike = Vec::new();
    let mut cursor = other.root().walk();
    'tree: loop {
        if cursor.node().kind_id() == node.kind_id() {
            alike.push(cursor.node().byte_range());
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                break 'tree;
            }
        }
    }
    let new = if alike.is_empty() { "" } else { &other.source()[bytes.pick(&alike).clone()] };
    format!("{}{new}{}", &text[..node.start_byte()], &text[node.end_byte()..])
}

/// All beginnings of one template, by its number: what is there while it is typed. The two bytes are that number; there is
/// nothing to do for numbers without a template.
///
/// # Panics
/// When something does not hold.
pub fn check_prefixes(data: &[u8]) {
    let &[high, low] = data else { return };
    let number = usize::from(high) << 8 | usize::from(low);
    let all = [Language::Json, Language::Bicep]
        .into_iter()
        .flat_map(|language| seeds(language).iter().map(move |seed| (language, seed)));
    if let Some((language, text)) = all.into_iter().nth(number) {
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            check_diagnostics(path_of(language), &text[..end]);
        }
    }
}

/// The beginning of a template up to a place in it.
///
/// # Panics
/// When something does not hold.
pub fn check_prefix(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let language = *bytes.pick(&[Language::Bicep, Language::Json]);
    let text = seed(language, &mut bytes);
    let end = boundary(text, bytes.below(text.len() + 1));
    check_text(path_of(language), &text[..end]);
}

fn path_of(language: Language) -> &'static str {
    if language == Language::Json { "main.json" } else { "main.bicep" }
}

/// One of the examples in the documentation of the rules, which have everything in them that rules look at.
pub(crate) fn seed(language: Language, bytes: &mut Bytes<'_>) -> &'static str {
    bytes.pick::<String>(seeds(language)).as_str()
}

fn seeds(language: Language) -> &'static [String] {
    static SEEDS: OnceLock<[Vec<String>; 2]> = OnceLock::new();
    let seeds = SEEDS.get_or_init(|| {
        let of = |language: ExampleLanguage| {
            let examples = rules::all().flat_map(|rule| Docs::of(rule).examples);
            examples.filter(|example| example.language == language).map(|example| example.file()).collect()
        };
        [of(ExampleLanguage::Json), of(ExampleLanguage::Bicep)]
    });
    &seeds[usize::from(language != Language::Json)]
}

/// Takes a word or a line out, doubles it, or puts something else in its place.
fn mutated(text: &str, bytes: &mut Bytes<'_>) -> String {
    let at = boundary(text, bytes.below(text.len() + 1));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (start, end) = if bytes.below(3) == 0 {
        let start = text[..at].rfind('\n').map_or(0, |start| start + 1);
        (start, text[at..].find('\n').map_or(text.len(), |end| at + end + 1))
    } else {
        let word = text[at..].find(|c| !is_word(c)).map_or(text.len(), |end| at + end);
        let before = text[..at].char_indices().rev().take_while(|(_, c)| is_word(*c)).last();
        let start = before.map_or(at, |(start, _)| start);
        // Between two words it is the character there.
        (start, if word == at { text[at..].chars().next().map_or(at, |c| at + c.len_utf8()) } else { word })
    };
    let piece = &text[start..end];
    let new = match bytes.below(4) {
        0 => String::new(),
        1 => piece.repeat(2),
        2 => (*bytes.pick(PIECES)).to_owned(),
        _ => {
            // Something else from the same text.
            let from = boundary(text, bytes.below(text.len() + 1));
            let to = boundary(text, from + bytes.below(200)).max(from);
            text[from..to].to_owned()
        }
    };
    format!("{}{new}{}", &text[..start], &text[end..])
}

fn workspace(path: &str, text: &str) -> Workspace {
    Workspace::new(vec![Arc::new(SourceFile::parse(path, SourceText::new(text)))])
}

/// What the rules say about a text, every place in it.
fn check_diagnostics(path: &str, text: &str) -> (Workspace, Vec<Diagnostic>) {
    let before = workspace(path, text);
    let diagnostics = checked(&before).diagnostics;
    let all_in_text = |location: Location| {
        let text = before.file(location.file).text.as_str();
        assert!(is_in(text, location.range), "{:?} in {text:?}", location.range);
    };
    for diagnostic in &diagnostics {
        all_in_text(diagnostic.location);
        assert!(!diagnostic.message.is_empty(), "{}", diagnostic.code);
        diagnostic.related.iter().for_each(|related| all_in_text(related.location));
        for fix in &diagnostic.fixes {
            let edits = fix.edits.iter().map(|edit| Location { file: edit.file, range: edit.edit.range });
            edits.for_each(all_in_text);
            let changed = apply_one(fix, |file| before.file(file).text.as_str().to_owned());
            assert!(changed.is_some(), "{} of {} overlaps itself in {text:?}", fix.title, diagnostic.code);
        }
    }
    (before, diagnostics)
}

/// That, and what becomes of it.
fn check_text(path: &str, text: &str) {
    let (before, diagnostics) = check_diagnostics(path, text);
    let silenced = rules::suppress::add_ignores(&before, &diagnostics, "because");
    for edit in silenced {
        assert!(is_in(text, edit.edit.range), "{edit:?} in {text:?}");
    }
    for threshold in [Applicability::Safe, Applicability::Unsafe] {
        // Rounds that would break the syntax are not made, and fixes that undo each other end: that is what is promised
        // of fixes in files that are wrong in any way.
        fix_all(vec![text.to_owned()], threshold, |texts| {
            // What there is to say about the text as it was is known.
            let fixed = (texts[0] != text).then(|| checked(&workspace(path, &texts[0])).diagnostics);
            fixed.unwrap_or_else(|| diagnostics.clone())
        });
    }
}

/// All that all rules say, also those that are off by themselves; none of them may break off.
fn checked(workspace: &Workspace) -> Outcome {
    let off = rules::all().filter(|rule| rule.metadata().off.is_some());
    let levels = off.map(|rule| (Selector::Rule(rule.metadata().code), Level::Hint)).collect();
    let settings = Settings { with_bicep: true, levels, ..Settings::default() };
    let outcome = rules::check(workspace, &[FileId(0)], &settings);
    assert_eq!(outcome.panics, [], "{:?}", workspace.file(FileId(0)).text.as_str());
    let in_order = |pair: &[Diagnostic]| pair[0].range().start() <= pair[1].range().start();
    assert!(outcome.diagnostics.windows(2).all(in_order));
    outcome
}

fn is_in(text: &str, range: TextRange) -> bool {
    text.get(usize::from(range.start())..usize::from(range.end())).is_some()
}
