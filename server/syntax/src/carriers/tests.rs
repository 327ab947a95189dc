use proptest::prelude::*;
use text_size::{TextRange, TextSize};

use super::*;

/// Each script with its language, and for each of its commands the text of the document that its words are written at.
fn commands(carrier: Carrier, text: &str) -> Vec<(Shell, Vec<Vec<String>>)> {
    fragments(carrier, text)
        .iter()
        .map(|fragment| {
            check_fragment(fragment, text);
            let commands = fragment.script().commands;
            let words = commands.iter().map(|command| {
                command.words.iter().map(|word| text[fragment.to_source(word.range).unwrap()].to_owned()).collect()
            });
            (fragment.shell, words.collect())
        })
        .collect()
}

fn check(carrier: Carrier, text: &str, expected: &[(Shell, &[&[&str]])]) {
    let expected: Vec<(Shell, Vec<Vec<String>>)> = expected
        .iter()
        .map(|(shell, commands)| {
            (*shell, commands.iter().map(|words| words.iter().map(ToString::to_string).collect()).collect())
        })
        .collect();
    assert_eq!(commands(carrier, text), expected, "{text}");
}

fn check_fragment(fragment: &Fragment, text: &str) {
    let whole = TextRange::up_to(TextSize::of(text));
    let mut last = TextSize::new(0);
    for (offset, c) in fragment.text.char_indices() {
        let decoded = TextRange::at(size(offset), TextSize::of(c));
        let source = fragment.to_source(decoded).unwrap();
        assert!(whole.contains_range(source) && last <= source.start(), "{fragment:?}");
        assert!(text.is_char_boundary(source.start().into()) && text.is_char_boundary(source.end().into()));
        last = source.start();
        if source.len() == decoded.len() && c != ' ' {
            assert_eq!(&text[source], &fragment.text[decoded]);
        }
    }
    for hole in &fragment.holes {
        assert!(TextRange::up_to(TextSize::of(&*fragment.text)).contains_range(*hole));
    }
    assert!(whole.contains_range(fragment.source_range()));
}

#[test]
fn the_extension_tells_the_carrier() {
    for (path, expected) in [
        ("a/b.sh", Some(Carrier::Script(Shell::Bash))),
        ("b.AZCLI", Some(Carrier::Script(Shell::Bash))),
        ("b.ps1", Some(Carrier::Script(Shell::PowerShell))),
        ("b.bat", Some(Carrier::Script(Shell::Cmd))),
        ("README.md", Some(Carrier::Markdown)),
        (".github/workflows/a.yml", Some(Carrier::Yaml)),
        ("main.bicep", None),
        ("sh", None),
    ] {
        assert_eq!(Carrier::of_path(path), expected, "{path}");
    }
}

#[test]
fn script_files_are_one_script() {
    check(Carrier::Script(Shell::Bash), "\u{feff}az a", &[(Shell::Bash, &[&["az", "a"]])]);
    check(Carrier::Script(Shell::Cmd), "az a ^\r\n b\r\n", &[(Shell::Cmd, &[&["az", "a", "b"]])]);
}

#[test]
fn markdown_blocks_are_scripts() {
    let az: &[&[&str]] = &[&["az", "a", "-n", "x"]];
    check(
        Carrier::Markdown,
        "# T\n\n```azurecli-interactive\naz a \\\n  -n x\n```\n\n```json\naz no\n```\n\n~~~~ PowerShell\naz a `\n -n x\n~~~\n\
         # still\n~~~~\n\n`az no`\n\n    az no\n\n```text\naz no\n```\n\n```cmd\r\naz a ^\r\n -n x\r\n```\r\n",
        &[(Shell::Bash, az), (Shell::PowerShell, &[az[0], &["~~~"]]), (Shell::Cmd, az)],
    );
    check(
        Carrier::Markdown,
        "1. Item\n\n    ```bash\n    az a \\\n        -n x\n    ```\n1. ```sh\n   az a -n x\n   ```\n- ```{.bash}\n  az a -n x\n  ```\n",
        &[(Shell::Bash, az), (Shell::Bash, az), (Shell::Bash, az)],
    );
    check(Carrier::Markdown, "> > ```console\n> > az a \\\n> > -n x\n> > ```\naz no\n", &[(Shell::Bash, az)]);
    check(Carrier::Markdown, "```bash\naz a -n x", &[(Shell::Bash, az)]);
    check(Carrier::Markdown, "```bash\n```\n```bash `no`\naz no\n", &[(Shell::Bash, &[])]);
}

#[test]
fn blocks_without_a_language_count_if_they_call_az() {
    check(
        Carrier::Markdown,
        "```\naz a\n```\n```\naz b `\n -n x\n```\n```\n{ \"x\": \"az no\" }\n```\n",
        &[(Shell::Bash, &[&["az", "a"]]), (Shell::PowerShell, &[&["az", "b", "-n", "x"]])],
    );
}

#[test]
fn sessions_are_told_from_their_output() {
    check(
        Carrier::Markdown,
        "```console\n$ az a \\\n>   -n x\noutput of $ things\n  $ az b\n```\n",
        &[(Shell::Bash, &[&["az", "a", "-n", "x"], &["az", "b"]])],
    );
    check(
        Carrier::Markdown,
        "```powershell\nPS C:\\work> az a\nId : 5\nPS> az b\n```\n```cmd\nC:\\work>az c\nok\n```",
        &[(Shell::PowerShell, &[&["az", "a"], &["az", "b"]]), (Shell::Cmd, &[&["az", "c"]])],
    );
}

#[test]
fn workflow_steps_are_scripts() {
    check(
        Carrier::Yaml,
        r#"on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: az a -n ${{ inputs.name }}
      - name: two
        run: |
          az b \
            -n x

          az c
      - run: |2-
            az d
      - {run: "az \"e\" f", name: y}
      - run: 'az ''g'''
      - shell: pwsh
        run: |
          az h `
            -n x
      - shell: python
        run: print("az no")
      - uses: Azure/CLI@v2
        with:
          azcliversion: latest
          inlineScript: >-
            az i
            -n x

            az j
              -n y
      - uses: actions/github-script@v7
        with:
          script: az no
"#,
        &[
            (Shell::Bash, &[&["az", "a", "-n", "${{ inputs.name }}"]]),
            (Shell::Bash, &[&["az", "b", "-n", "x"], &["az", "c"]]),
            (Shell::Bash, &[&["az", "d"]]),
            (Shell::Bash, &[&["az", r#"\"e\""#, "f"]]),
            (Shell::Bash, &[&["az", "''g''"]]),
            (Shell::PowerShell, &[&["az", "h", "-n", "x"]]),
            (Shell::Bash, &[&["az", "i", "-n", "x"], &["az", "j"], &["-n", "y"]]),
        ],
    );
}

#[test]
fn the_agent_and_the_defaults_tell_the_shell() {
    check(
        Carrier::Yaml,
        "jobs:\n  a:\n    runs-on: windows-2022\n    steps:\n    - run: az a\n  b:\n    defaults:\n      run:\n        shell: cmd\n    \
         steps:\n    - run: az b\n  c:\n    runs-on: [self-hosted, linux]\n    steps:\n    - run: az c\n    - run: az d\n      shell: \
         pwsh -c {0}\n",
        &[
            (Shell::PowerShell, &[&["az", "a"]]),
            (Shell::Cmd, &[&["az", "b"]]),
            (Shell::Bash, &[&["az", "c"]]),
            (Shell::PowerShell, &[&["az", "d"]]),
        ],
    );
    check(
        Carrier::Yaml,
        "pool:\n  vmImage: 'windows-latest'\nsteps:\n- script: az a\n",
        &[(Shell::Cmd, &[&["az", "a"]])],
    );
}

#[test]
fn pipeline_steps_are_scripts() {
    let text = r"pool: { vmImage: ubuntu-latest }
steps:
- script: az a $(name) $(az b)
- bash: |
    az c
- pwsh: az d
- powershell: >
    az e
    -n x
- ${{ if eq(variables.x, 'y') }}:
  - task: AzureCLI@2
    displayName: Nested
    inputs:
      scriptType: pscore
      inlineScript: |
        az f `
          -n $(Build.BuildId)
- task: AzureCLI@2
  inputs:
    scriptType: 'batch'
    inlineScript: az g
- task: Other@1
  inputs:
    inlineScript: az no
- az no
";
    check(
        Carrier::Yaml,
        text,
        &[
            (Shell::Bash, &[&["az", "a", "$(name)", "$(az b)"], &["az", "b"]]),
            (Shell::Bash, &[&["az", "c"]]),
            (Shell::PowerShell, &[&["az", "d"]]),
            (Shell::PowerShell, &[&["az", "e", "-n", "x"]]),
            (Shell::PowerShell, &[&["az", "f", "-n", "$(Build.BuildId)"]]),
            (Shell::Cmd, &[&["az", "g"]]),
        ],
    );
    let fragments = fragments(Carrier::Yaml, text);
    assert!(fragments.iter().all(|fragment| fragment.origin == Origin::Pipeline));
    assert_eq!(fragments[0].holes.len(), 1);
}

#[test]
fn scalars_are_decoded() {
    for (yaml, expected) in [
        ("- run: a b", "a b"),
        ("- run: a\n    b\n\n    c", "a b\nc"),
        ("- run: 'a ''b''\n    c'", "a 'b' c"),
        (r#"- run: "a\n\x62\u00e9\U0001F600\\ \"c\"\q""#, "a\nbé😀\\ \"c\"q"),
        ("- run: \"a\n    b\\\n    c\"", "a bc"),
        ("- run: |\n    a\n      b\n\n    c\n", "a\n  b\n\nc\n"),
        ("- run: |+\r\n    a\r\n    b\r\n", "a\r\nb\r\n"),
        ("- run: >\n    a\n    b\n\n\n    c\n      d\n    e\n", "a b\n\nc\n  d\ne\n"),
        ("- run: |1\n    a\n", " a\n"),
        ("- run: |\n", ""),
        ("- run: |-\n    é\n", "é\n"),
    ] {
        let found = fragments(Carrier::Yaml, yaml);
        assert_eq!(found.len(), 1, "{yaml}");
        check_fragment(&found[0], yaml);
        assert_eq!(found[0].text, expected, "{yaml}");
    }
}

#[test]
fn broken_lines_cost_only_themselves() {
    for text in [
        "steps:\n- run: az a\n- run\n- run: az b\n",
        "steps:\n- run: az a\n  na\n  x: [\n  y: 'z\n- run: az b\n",
        "steps:\n- run: az a\n     stray: x\n- run: az b\n",
        "a: b: c\nsteps:\n- run: az a\n---\nsteps:\n  - run: az b\n",
        "a:\n\tb: c\nsteps:\n - &x run: az a\n - *x\n - run: !!str az b # comment\n",
        "x: &anchor\n  steps: # comment\n\n# comment\n  - # comment\n    run: # comment\n      az a\n  - name: 'it''s: x'\n    \"run\": az b\n",
    ] {
        let found: Vec<_> = commands(Carrier::Yaml, text).into_iter().flat_map(|(_, commands)| commands).collect();
        let names: Vec<_> = found.iter().map(|words| words[1].as_str()).collect();
        assert_eq!(names, ["a", "b"], "{text}");
    }
}

#[test]
fn insertions_stay_on_their_line() {
    let text = "- run: |\n    az a\n    az b\n";
    let fragment = &fragments(Carrier::Yaml, text)[0];
    let end = fragment.script().commands[0].range.end();
    let at = fragment.to_source(TextRange::empty(end)).unwrap();
    assert_eq!(&text[..at.start().into()], "- run: |\n    az a");
    let text = "- run: >\n    az a\n    b\n";
    let fragment = &fragments(Carrier::Yaml, text)[0];
    let at = fragment.to_source(TextRange::empty(4.into())).unwrap();
    assert_eq!(&text[..at.start().into()], "- run: >\n    az a");
    assert_eq!(fragment.to_source(TextRange::new(0.into(), 100.into())), None);
}

#[test]
fn deep_nesting_is_no_danger() {
    for unit in ["- ", "{a: ", "[", "a: ", "'", "- {\n"] {
        fragments(Carrier::Yaml, &unit.repeat(20_000));
    }
    let steps: Vec<String> = (0..500).map(|level| format!("{0}- run: az a\n{0}  x:\n", "   ".repeat(level))).collect();
    let steps = steps.concat();
    assert!(!fragments(Carrier::Yaml, &steps).is_empty());
    fragments(Carrier::Markdown, &"> ".repeat(20_000));
}

proptest! {
    #[test]
    fn any_text_gives_fragments_that_lead_back(text in "(?s).{0,200}") {
        for carrier in [Carrier::Markdown, Carrier::Yaml, Carrier::Script(Shell::Bash)] {
            for fragment in fragments(carrier, &text) {
                check_fragment(&fragment, &text);
                fragment.script();
            }
        }
    }

    #[test]
    fn any_marks_give_fragments_that_lead_back(parts in proptest::collection::vec(prop::sample::select(vec![
        "```", "~~~", "bash", "console", "\n", "\r\n", " ", "  ", "\t", "> ", "$ ", "- ", "run: ", "|", ">", "-", "2", "az a", "'", "\"",
        "\\", "\\u00", "é", "${{", "}}", "$(x)", "# ", "steps:", "script: ", "&a ", "!!str ", "{", "}", "\u{feff}", "1. ",
    ]), 0..40)) {
        let text = parts.concat();
        for carrier in [Carrier::Markdown, Carrier::Yaml] {
            for text in [text.clone(), format!("- run: {text}"), format!("```bash\n{text}")] {
                for fragment in fragments(carrier, &text) {
                    check_fragment(&fragment, &text);
                    fragment.script();
                }
            }
        }
    }
}

#[test]
fn commands_in_the_text_of_a_page_count() {
    let text =
        "Copy code\naz aks update --identity x\nThe az aks create command.\naz aks create \\\n  --yes\nReplace:\n";
    let found: Vec<String> = fragments(Carrier::Markdown, text).into_iter().map(|fragment| fragment.text).collect();
    assert_eq!(found, ["az aks update --identity x\n", "az aks create \\\n  --yes\n"]);
}
