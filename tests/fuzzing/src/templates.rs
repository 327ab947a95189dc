//! Any text as any kind of file: parsers, model, evaluation, rules, fixes.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use rules::apply::{apply_one, fix_all};
use rules::docs::{Docs, ExampleLanguage};
use rules::{Applicability, Diagnostic, Level, Outcome, Selector, Settings};
use syntax::{Language, SourceText, TextRange};
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

/// A template that is right, with some pieces exchanged.
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
        text = Cow::Owned(mutated(&text, &mut bytes));
    }
    check_text(if language == Language::Json { "main.json" } else { "main.bicep" }, &text);
}

/// One of the examples in the documentation of the rules, which have everything in them that rules look at.
pub(crate) fn seed(language: Language, bytes: &mut Bytes<'_>) -> &'static str {
    static SEEDS: OnceLock<[Vec<String>; 2]> = OnceLock::new();
    let seeds = SEEDS.get_or_init(|| {
        let of = |language: ExampleLanguage| {
            let examples = rules::all().flat_map(|rule| Docs::of(rule).examples);
            examples.filter(|example| example.language == language).map(|example| example.file()).collect()
        };
        [of(ExampleLanguage::Json), of(ExampleLanguage::Bicep)]
    });
    bytes.pick::<String>(&seeds[usize::from(language != Language::Json)]).as_str()
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

fn check_text(path: &str, text: &str) {
    let workspace = |text: &str| Workspace::new(vec![Arc::new(SourceFile::parse(path, SourceText::new(text)))]);
    let before = workspace(text);
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
    let silenced = rules::suppress::add_ignores(&before, &diagnostics, "because");
    for edit in silenced {
        all_in_text(Location { file: edit.file, range: edit.edit.range });
    }
    for threshold in [Applicability::Safe, Applicability::Unsafe] {
        // Rounds that would break the syntax are not made, and fixes that undo each other end: that is what is promised
        // of fixes in files that are wrong in any way.
        fix_all(vec![text.to_owned()], threshold, |texts| checked(&workspace(&texts[0])).diagnostics);
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
