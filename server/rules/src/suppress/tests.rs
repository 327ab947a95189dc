use template::workspace::Location;

use super::*;
use crate::apply::apply_one;
use crate::check::{Outcome, check_with};
use crate::testing::{check_all, check_fix, workspace};
use crate::{Finding, Reporter, Settings, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports every value `bad`. Has the code of a rule that exists, so that suppressions may name it.
    pub(crate) struct Bad {
        code: "unknown-rule-in-suppression",
        family: Document,
        severity: Error,
        fix: None,
        since: "0.1.0",
    }
}

impl Rule for Bad {
    fn check_document(&self, reporter: &Reporter<'_>, file: FileId) {
        let text = reporter.workspace.file(file).text.as_str();
        for at in memmem::find_iter(text.as_bytes(), "'bad'").chain(memmem::find_iter(text.as_bytes(), "\"bad\"")) {
            let range = TextRange::at(size(at), 5.into());
            reporter.report(Finding::at(Location { file, range }, "bad"));
        }
    }
}

fn run(path: &str, text: &str) -> Outcome {
    let files = workspace(&[(path, text)]);
    check_with(&[RULE, UNUSED], &files, &[FileId(0)], &Settings::default())
}

/// How many are left, how many are silenced, how many suppressions are not needed.
fn counts(path: &str, text: &str) -> (usize, usize, usize) {
    let outcome = run(path, text);
    let bad = outcome.diagnostics.iter().filter(|found| found.message == "bad").count();
    (bad, outcome.suppressed.len(), outcome.diagnostics.len() - bad)
}

const CODE: &str = "unknown-rule-in-suppression";

#[test]
fn a_comment_speaks_of_its_line_or_the_next() {
    let ignore = format!("akslint: ignore[{CODE}]");
    assert_eq!(counts("a.bicep", &format!("var a = 'bad' // {ignore}\nvar b = 'bad'\n")), (1, 1, 0));
    assert_eq!(counts("a.bicep", &format!("// {ignore}\nvar a = 'bad'\nvar b = 'bad'\n")), (1, 1, 0));
    assert_eq!(counts("a.bicep", &format!("/* {ignore} */ var a = 'bad'\nvar b = 'bad'\n")), (1, 1, 0));
    assert_eq!(counts("a.bicep", &format!("// {ignore}\r\n// more\r\nvar a = 'bad'\r\n")), (0, 1, 0));
    assert_eq!(
        counts("a.bicep", &format!("var b = 'bad'\n// {ignore}\n\nvar a = 'bad'\n")),
        (2, 0, 1),
        "a blank line ends it"
    );
    assert_eq!(
        counts("a.bicep", &format!("var a = 'bad' /* akslint: ignore-file[{CODE}] */\nvar b = 'bad'\n")),
        (0, 2, 0)
    );
    assert_eq!(counts("a.bicep", &format!("var s = '// {ignore}'\nvar a = 'bad'\n")), (1, 0, 0), "no comment");
}

#[test]
fn the_reason_is_kept() {
    let outcome = run("a.bicep", &format!("var a = 'bad' // akslint: ignore[{CODE}] as agreed\n"));
    assert_eq!(outcome.suppressed[0].reason.as_deref(), Some("as agreed"));
}

#[test]
fn directives_of_bicep_are_honoured_for_our_codes() {
    assert_eq!(
        counts("a.bicep", &format!("#disable-next-line no-unused-vars {CODE}\nvar a = 'bad'\nvar b = 'bad'\n")),
        (1, 1, 0)
    );
    assert_eq!(counts("a.bicep", "#disable-next-line no-unused-vars\nvar a = 'x'\n"), (0, 0, 0), "not ours");
    assert_eq!(counts("a.bicep", &format!("#disable-next-line {CODE}\nvar a = 'x'\n")), (0, 0, 1));
    let region = format!("#disable-diagnostics {CODE}\nvar a = 'bad'\n#restore-diagnostics {CODE}\nvar b = 'bad'\n");
    assert_eq!(counts("a.bicep", &region), (1, 1, 0));
}

fn json(root: &str, resource: &str) -> String {
    format!(
        "{{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"contentVersion\": \"1.0.0.0\",{root}\n  \"resources\": [\n    {{\n      \"type\": \"Microsoft.Authorization/locks\",\n      \"apiVersion\": \"2020-01-01\",\n      \"name\": \"bad\"{resource}\n    }},\n    {{\n      \"type\": \"Microsoft.Authorization/locks\",\n      \"apiVersion\": \"2020-01-01\",\n      \"name\": \"bad\"\n    }}\n  ]\n}}\n"
    )
}

fn entry(code: &str) -> String {
    format!("\"metadata\": {{ \"akslint\": {{ \"ignore\": [{{ \"code\": \"{code}\", \"reason\": \"so\" }}] }} }}")
}

#[test]
fn metadata_speaks_of_what_it_is_in() {
    assert_eq!(counts("a.json", &json("", "")), (2, 0, 0));
    assert_eq!(counts("a.json", &json("", &format!(",\n      {}", entry(CODE)))), (1, 1, 0));
    assert_eq!(counts("a.json", &json(&format!("\n  {},", entry(CODE)), "")), (0, 2, 0));
    let unused = json("", &format!(",\n      {}", entry(CODE))).replacen("\"bad\"", "\"good\"", 1);
    assert_eq!(counts("a.json", &unused), (1, 0, 1));
    let outcome = run("a.json", &unused);
    let fix = outcome.diagnostics.iter().find_map(|found| found.fixes.first()).unwrap();
    let fixed = apply_one(fix, |_| unused.clone()).unwrap().remove(&FileId(0)).unwrap();
    assert_eq!(fixed, json("", "").replacen("\"bad\"", "\"good\"", 1), "what would be left empty goes as well");
}

#[test]
fn what_cannot_be_read_is_reported() {
    check_all(
        "
        // akslint: ignore everything
           ^^^^^^^ warning[unknown-rule-in-suppression]: names no rule
        // akslint: disable[unused-suppression]
           ^^^^^^^ warning[unknown-rule-in-suppression]: no instruction
        // akslint: ignore[no-such-rule] x
                           ^^^^^^^^^^^^ warning[unknown-rule-in-suppression]: no rule `no-such-rule`
        var a = 1
        ",
    );
}

#[test]
fn takes_one_rule_out_of_several() {
    let before = "var a = 1 // akslint: ignore[unknown-rule-in-suppression, later] x\n";
    check_fix_all(before, "var a = 1 // akslint: ignore[later] x\n");
    check_fix_all("var a = 1 // akslint: ignore[unknown-rule-in-suppression] x\n", "var a = 1\n");
    check_fix_all("// akslint: ignore[unknown-rule-in-suppression] x\nvar a = 1\n", "var a = 1\n");
    check_fix(
        rules::unknown_rule_in_suppression::RULE,
        "var a = 1 // akslint: ignore[unused-supression]\n",
        "var a = 1 // akslint: ignore[unused-suppression]\n",
    );
}

#[track_caller]
fn check_fix_all(before: &str, after: &str) {
    let outcome = run("a.bicep", before);
    let fixed = apply_one(&outcome.diagnostics[0].fixes[0], |_| before.to_owned()).unwrap();
    assert_eq!(fixed[&FileId(0)], after);
}

/// The text with suppressions for all that is found.
fn silenced(path: &str, text: &str) -> String {
    let files = workspace(&[(path, text)]);
    let found = run(path, text).diagnostics;
    let edits = add_ignores(&files, &found, "known\nissue");
    let fix = Fix { title: String::new(), applicability: Applicability::Safe, edits, copied: Vec::new() };
    let mut texts = apply_one(&fix, |_| text.to_owned()).unwrap();
    texts.remove(&FileId(0)).unwrap()
}

#[test]
fn suppressions_that_are_added_work() {
    let text = silenced(
        "a.bicep",
        "resource a 'Microsoft.Authorization/locks@2020-05-01' = {\n\tname: 'bad'\n}\nvar b = 'bad'\n",
    );
    assert_eq!(
        text,
        format!(
            "resource a 'Microsoft.Authorization/locks@2020-05-01' = {{\n\t// akslint: ignore[{CODE}] known issue\n\tname: 'bad'\n}}\n// akslint: ignore[{CODE}] known issue\nvar b = 'bad'\n"
        )
    );
    assert_eq!(counts("a.bicep", &text), (0, 2, 0));

    let text = silenced("a.json", &json("", ""));
    assert!(!text.contains("//-") && text.matches("\"metadata\"").count() == 2, "{text}");
    assert_eq!(counts("a.json", &text), (0, 2, 0), "{text}");

    let commented = json("\n  // a comment", "");
    let text = silenced("a.json", &commented);
    assert!(text.contains(&format!("// akslint: ignore[{CODE}] known issue")), "{text}");
    assert_eq!(counts("a.json", &text), (0, 2, 0), "{text}");
}

#[test]
fn nothing_is_added_inside_a_text_of_several_lines() {
    let text = silenced("a.bicep", "var a = '''\n'bad'\n'''\n");
    assert_eq!(text, format!("// akslint: ignore-file[{CODE}] known issue\nvar a = '''\n'bad'\n'''\n"));
    assert_eq!(counts("a.bicep", &text), (0, 1, 0));
}

#[test]
fn scripts_have_comments_of_their_own() {
    let bad = "az aks create --x 'bad'";
    for (path, text, expected) in [
        ("a.sh", format!("# akslint: ignore[unknown-rule-in-suppression] why\n# more\n{bad}\n"), (0, 1, 0)),
        ("a.sh", format!("{bad} # akslint: ignore[unknown-rule-in-suppression]\n{bad}\n"), (1, 1, 0)),
        (
            "a.sh",
            "# akslint: ignore[unknown-rule-in-suppression]\naz aks create \\\n  --x \\\n  'bad'\n'bad'\n".into(),
            (1, 1, 0),
        ),
        (
            "a.sh",
            "az aks create 'bad' \\\r\n  --x 1 # akslint: ignore[unknown-rule-in-suppression]\r\n".into(),
            (0, 1, 0),
        ),
        ("a.sh", format!("# akslint: ignore-file[unknown-rule-in-suppression]\n{bad}\n\n{bad}\n"), (0, 2, 0)),
        ("a.sh", format!("# akslint: ignore[unknown-rule-in-suppression]\naz aks list\n{bad}\n"), (1, 0, 1)),
        (
            "a.sh",
            format!("# akslint: runs nightly\nx#akslint: ignore[unknown-rule-in-suppression]\n{bad}\n"),
            (1, 0, 0),
        ),
        ("a.ps1", format!("# akslint: ignore[unknown-rule-in-suppression]\naz aks create `\n {bad}\n"), (0, 1, 0)),
        ("a.cmd", format!("rem akslint: ignore[unknown-rule-in-suppression]\naz aks create ^\n {bad}\n"), (0, 1, 0)),
        ("a.cmd", format!(":: akslint: ignore[unknown-rule-in-suppression]\n{bad}\n"), (0, 1, 0)),
        (
            "a.yml",
            format!("steps:\n# akslint: ignore[unknown-rule-in-suppression]\n- run: {bad}\n- run: {bad}\n"),
            (1, 1, 0),
        ),
        ("a.md", format!("```sh\n# akslint: ignore[unknown-rule-in-suppression]\n{bad}\n```\n"), (0, 1, 0)),
        (
            "a.md",
            format!("<!-- akslint: ignore-file[unknown-rule-in-suppression] why -->\n```sh\n{bad}\n```\n"),
            (0, 1, 0),
        ),
    ] {
        assert_eq!(counts(path, &text), expected, "{path}: {text}");
    }
    let outcome = run("a.md", "<!-- akslint: ignore-file[unknown-rule-in-suppression] why -->\n```sh\naz 'bad'\n```\n");
    assert_eq!(outcome.suppressed[0].reason.as_deref(), Some("why"));
}

#[test]
fn scripts_can_be_silenced_too() {
    for (path, text, expected) in [
        (
            "a.sh",
            "if x; then\n  az aks create \\\n    'bad'\nfi\n",
            "if x; then\n  # akslint: ignore[unknown-rule-in-suppression] old\n  az aks create \\\n    'bad'\nfi\n",
        ),
        (
            "a.yml",
            "- run: |\n    az aks create 'bad'\n",
            "- run: |\n    # akslint: ignore[unknown-rule-in-suppression] old\n    az aks create 'bad'\n",
        ),
        (
            "a.bat",
            "az aks create 'bad'\r\n",
            ":: akslint: ignore[unknown-rule-in-suppression] old\r\naz aks create 'bad'\r\n",
        ),
    ] {
        let files = workspace(&[(path, text)]);
        let found = check_with(&[RULE], &files, &[FileId(0)], &Settings::default()).diagnostics;
        let edits = add_ignores(&files, &found, "old");
        let fix = Fix { title: String::new(), applicability: Applicability::Safe, edits, copied: Vec::new() };
        let texts = apply_one(&fix, |_| text.to_owned()).unwrap();
        assert_eq!(texts[&FileId(0)], expected);
        assert_eq!(counts(path, expected), (0, 1, 0), "{path}");
    }
}

#[test]
fn a_directive_in_a_comment_is_none() {
    let text = format!("// as with #disable-next-line {CODE}\nvar a = 'bad'\n");
    assert_eq!(counts("a.bicep", &text), (1, 0, 0));
    let text = format!("#disable-next-line other #disable-next-line {CODE}\nvar a = 'bad'\n");
    assert_eq!(counts("a.bicep", &text), (0, 1, 0));
}

#[test]
fn each_of_several_in_a_comment_has_its_own_reason() {
    let text = format!("/* akslint: ignore[{CODE}] one akslint: ignore[unused-suppression] two */ var a = 'bad'\n");
    let outcome = run("a.bicep", &text);
    assert_eq!(outcome.suppressed[0].reason.as_deref(), Some("one"));
    let files = workspace(&[("a.bicep", &text)]);
    let found = Suppressions::of(files.file(FileId(0)));
    assert_eq!(found.all.iter().map(|one| one.reason.as_deref()).collect::<Vec<_>>(), [Some("one"), Some("two")]);
}

#[test]
fn an_entry_among_others_is_taken_out() {
    let other = "{ \"code\": \"other\" }";
    for before in 0..3 {
        for behind in 0..3 {
            let list = |ours: &[&str]| {
                let entries = [&*vec![other; before], ours, &vec![other; behind]].concat().join(", ");
                json("", &format!(",\n      \"metadata\": {{ \"akslint\": {{ \"ignore\": [{entries}] }} }}"))
                    .replacen("\"bad\"", "\"good\"", 1)
            };
            let text = list(&[&format!("{{ \"code\": \"{CODE}\" }}")]);
            let outcome = run("a.json", &text);
            let fix = outcome.diagnostics.iter().find_map(|found| found.fixes.first()).unwrap();
            let fixed = apply_one(fix, |_| text.clone()).unwrap().remove(&FileId(0)).unwrap();
            if before + behind > 0 {
                assert_eq!(fixed, list(&[]));
            }
        }
    }
}

/// Lines of a file, of which some continue, some are comments, and some end in one.
fn lines(pieces: &'static [&'static str]) -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let line = proptest::collection::vec(proptest::sample::select(pieces), 0..4).prop_map(|pieces| pieces.concat());
    let end = proptest::sample::select(&["\n", "\n", "\r\n", "\r"]);
    proptest::collection::vec((line, end), 0..12)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect::<String>())
}

proptest::proptest! {
    /// What is remembered from one comment to the next changes nothing.
    #[test]
    fn comments_in_scripts_are_about_the_same_alone_and_among_others(
        text in lines(&["az aks", " ", "# akslint: ignore[a]", "# akslint: ignore[a] \\", "# x", " \\", " `", "<!-- akslint: ignore[a] -->", "-->"]),
    ) {
        let text = SourceText::new(&*text);
        for carrier in [Carrier::Script(Shell::Bash), Carrier::Markdown] {
            let mut lines = Lines::of(&text);
            for at in memmem::find_iter(text.as_str().as_bytes(), MARK) {
                let comment = lines.script_comment_at(carrier, at);
                proptest::prop_assert_eq!(comment, Lines::of(&text).script_comment_at(carrier, at));
                let Some(comment) = comment else { continue };
                proptest::prop_assert_eq!(lines.commands_covered(comment), Lines::of(&text).commands_covered(comment));
            }
        }
    }

    #[test]
    fn comments_in_templates_are_about_the_same_alone_and_among_others(
        text in lines(&["var a = 1", " ", "// akslint: ignore[a]", "// x", "/* akslint: ignore[a] */", "/* akslint", "*/"]),
    ) {
        let files = workspace(&[("a.bicep", &*text)]);
        let tree = files.file(FileId(0)).tree().unwrap();
        let text = &files.file(FileId(0)).text;
        let mut lines = Lines::of(text);
        for at in memmem::find_iter(text.as_str().as_bytes(), MARK) {
            if let Some(comment) = Comments::of(tree).at(at) {
                proptest::prop_assert_eq!(lines.line_covered(comment), Lines::of(text).line_covered(comment));
            }
        }
    }

    /// Of those around a place the narrowest that names the rule.
    #[test]
    fn the_narrowest_covers(covers in proptest::collection::vec((0..20_u32, 0..20_u32, 0..3_usize), 0..8)) {
        const CODES: [&str; 2] = [CODE, "unused-suppression"];
        let named = |code: usize| Named {
            word: String::new(),
            range: TextRange::default(),
            code: CODES.get(code).copied(),
        };
        let all = covers.into_iter().map(|(start, length, code)| Suppression {
            named: vec![named(2), named(code)],
            reason: None,
            covers: TextRange::at(start.into(), length.into()),
            range: TextRange::default(),
            form: Form::Comment,
        });
        let found = Suppressions { all: all.collect(), ..Suppressions::default() };
        let files = workspace(&[("a.bicep", "var a = 'bad'")]);
        let mut diagnostic = check_with(&[RULE], &files, &[FileId(0)], &Settings::default()).diagnostics.remove(0);
        for at in 0..45_u32 {
            diagnostic.location.range = TextRange::at(at.into(), 1.into());
            let around = found.all.iter().enumerate().filter(|(_, it)| {
                it.covers.contains_inclusive(at.into()) && it.named[1].code == Some(CODE)
            });
            let expected = around.min_by_key(|(_, it)| it.covers.len()).map(|(index, _)| (index, 1));
            proptest::prop_assert_eq!(found.covering(&diagnostic), expected);
        }
    }
}
