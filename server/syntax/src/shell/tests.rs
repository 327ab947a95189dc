use proptest::prelude::*;

use super::*;

/// One line a command: `|` between words, `{…}` around holes, `>` for each level of nesting, `\` for a trailing
/// continuation. Then the assignments of the script.
fn show(script: &Script<'_>) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for command in &script.commands {
        let _ = write!(out, "{}", ">".repeat(command.depth));
        for assign in &command.assigns {
            let _ = write!(out, "{} ", show_assign(assign));
        }
        let words: Vec<_> = command.words.iter().map(show_word).collect();
        let _ = write!(out, "{}", words.join("|"));
        out.push_str(if command.trailing_continuation.is_some() { " \\\n" } else { "\n" });
    }
    for assign in &script.assigns {
        let _ = writeln!(out, "{}", show_assign(assign));
    }
    out.trim_end().to_owned()
}

fn show_word(word: &Word<'_>) -> String {
    let pieces = word.pieces.iter().map(|piece| match piece {
        Piece::Text { text, .. } => (*text).to_owned(),
        Piece::Hole(hole) => format!("{{{}}}", hole.text),
    });
    pieces.collect::<String>()
}

fn show_assign(assign: &Assign<'_>) -> String {
    let value = match &assign.value {
        AssignValue::Word(word) => show_word(word),
        AssignValue::List(words) => format!("({})", words.iter().map(show_word).collect::<Vec<_>>().join("|")),
        AssignValue::Output(_) => "<output>".to_owned(),
    };
    format!("{} := {value}", assign.name)
}

fn check_table(shell: Shell, table: &[(&str, &[&str])]) {
    for (text, expected) in table {
        let script = parse(shell, text, &[]);
        check_any(&script, text);
        assert_eq!(show(&script), expected.join("\n"), "{text}");
    }
}

#[test]
fn bash_words() {
    check_table(
        Shell::Bash,
        &[
            ("", &[]),
            ("az aks create -n x", &["az|aks|create|-n|x"]),
            ("az aks create \\\n  -n x \\\r\n  -g y", &["az|aks|create|-n|x|-g|y"]),
            ("az a --na\\\nme x", &["az|a|--name|x"]),
            ("az 'a b' \"c d\" e\\ f g''h \"\"", &["az|a b|c d|e f|gh|"]),
            (r#"az "a\"b\\c\$d\n" 'e\"f' $'g' $'\x41'"#, &[r#"az|a"b\c$d\n|e\"f|g|{$'\x41'}"#]),
            (
                "az -g $RG -n \"${AKS}-x\" \"$1\" $@ ${a[@]} ${b:-c d} $",
                &["az|-g|{$RG}|-n|{${AKS}}-x|{$1}|{$@}|{${a[@]}}|{${b:-c d}}|$"],
            ),
            ("az --name=$X-y", &["az|--name={$X}-y"]),
            ("az a; az b && az c || az d | az e & az f", &["az|a", "az|b", "az|c", "az|d", "az|e", "az|f"]),
            ("az a # az b\naz c#d", &["az|a", "az|c#d"]),
            ("az a > out.txt 2>&1 < in; az b &>/dev/null; az c 2>$(az d) e", &["az|a", "az|b", "az|c|e", ">az|d"]),
            ("az a <<< \"$X\"", &["az|a"]),
            (
                "az -g <resource-group> -n <your name> --x=<id>",
                &["az|-g|{<resource-group>}|-n|{<your name>}|--x={<id>}"],
            ),
            ("az a <in >out", &["az|a"]),
            (
                "az rest --body '{\"a\": [1]}' --query \"[?name=='x'].id | [0]\"",
                &["az|rest|--body|{\"a\": [1]}|--query|[?name=='x'].id | [0]"],
            ),
            ("az a 'never closed\naz b", &["az|a|{'never closed}", "az|b"]),
            ("az a --q \"never closed\naz b", &["az|a|--q|{\"never closed}", "az|b"]),
            ("az ${{ inputs.name }} x", &["az|{${{ inputs.name }}}|x"]),
        ],
    );
}

#[test]
fn bash_substitutions() {
    check_table(
        Shell::Bash,
        &[
            (
                "X=$(az identity show --query id -o tsv)",
                &[">az|identity|show|--query|id|-o|tsv", "X := {$(az identity show --query id -o tsv)}"],
            ),
            (
                "X=\"$(az a -n \"$(az b)\")\" az c",
                &[">az|a|-n|{$(az b)}", ">>az|b", "X := {$(az a -n \"$(az b)\")} az|c"],
            ),
            ("X=`az a`; az b `az c` d", &[">az|a", "az|b|{`az c`}|d", ">az|c", "X := {`az a`}"]),
            (
                "export A=1 B=$(az b)\nlocal C='x y'",
                &["export|A=1|B={$(az b)}", ">az|b", "local|C=x y", "A := 1", "B := {$(az b)}", "C := x y"],
            ),
            ("A=(x \"y z\" $w # no\n v)\naz \"${A[@]}\"", &["az|{${A[@]}}", "A := (x|y z|{$w}|v)"]),
            ("A+=(--yes)\nB[1]=c", &["A := (--yes)", "B := c"]),
            ("diff <(az a) <(az b)", &["diff|{<(az a)}|{<(az b)}", ">az|a", ">az|b"]),
            ("N=$((1 + 2)); ((i++)); az a", &["az|a", "N := {$((1 + 2))}"]),
            ("(az a; az b)", &[">az|a", ">az|b"]),
            ("x=$(az a", &[">az|a", "x := {$(az a}"]),
            ("X=\"${X:-$(az a \"}\")}\"; ${Y:-{\\}}", &[">az|a|}", "{${Y:-{\\}}}", "X := {${X:-$(az a \"}\")}}"]),
            ("X= az a", &["X :=  az|a"]),
        ],
    );
}

#[test]
fn bash_control_flow() {
    check_table(
        Shell::Bash,
        &[
            ("if az a; then az b; elif ! az c; then az d; else az e; fi", &["az|a", "az|b", "az|c", "az|d", "az|e"]),
            (
                "for x in $(az a) b; do az c $x; done; while true; do az d; done",
                &[">az|a", "az|c|{$x}", "true", "az|d"],
            ),
            ("for ((i=0; i<3; i++)); do az a; done", &["az|a"]),
            ("f() { az a; }\nfunction g {\n az b\n}", &["az|a", "az|b"]),
            (
                "case $1 in\n az) az a ;;\n b|\"c d\")\n az b\n ;;\n *) az c;; esac; az d",
                &["az|a", "az|b", "az|c", "az|d"],
            ),
            ("x=$(case a in (a) az a;; esac); az b", &[">az|a", "az|b", "x := {$(case a in (a) az a;; esac)}"]),
            ("[[ $a == b && $c < d ]] && az a", &["az|a"]),
            ("[ -z \"$a\" ] || az a", &["[|-z|{$a}|]", "az|a"]),
            ("cat <<EOF > f\naz a\nEOF\naz b", &["cat", "az|b"]),
            ("cat <<-'E F'\n\taz a\n\tE F\naz b", &["cat", "az|b"]),
            ("cat << A << B\nA\naz a\nB\naz b", &["cat", "az|b"]),
        ],
    );
}

#[test]
fn bash_trailing_continuations() {
    check_table(
        Shell::Bash,
        &[
            ("az a \\\n\naz b", &["az|a \\", "az|b"]),
            ("az a \\\n# comment\naz b", &["az|a \\", "az|b"]),
            ("az a \\\n", &["az|a \\"]),
            ("az a \\", &["az|a \\"]),
            ("az a \\\naz b", &["az|a|az|b"]),
            ("az a \\ \naz b", &["az|a| ", "az|b"]),
        ],
    );
    let text = "az a \\\n  -n x \\\n\n";
    let script = parse(Shell::Bash, text, &[]);
    let command = &script.commands[0];
    assert_eq!(command.continuations, [range(5, 7)]);
    assert_eq!(command.trailing_continuation, Some(range(14, 16)));
    assert_eq!(command.range, range(0, 13));
}

#[test]
fn powershell_words() {
    check_table(
        Shell::PowerShell,
        &[
            ("az aks create `\n  -n x `\r\n  -g y", &["az|aks|create|-n|x|-g|y"]),
            ("az 'a ''b''' \"c `\"d`\" \"\"e\"\"\" f`ng", &["az|a 'b'|c \"d\" \"e\"|f\ng"]),
            (
                "az -g $rg -n \"$($x.name)-$env:Y\" $a.b[0].c $_ @args",
                &["az|-g|{$rg}|-n|{$($x.name)}-{$env:Y}|{$a.b[0].c}|{$_}|{@args}", ">{$x.name}"],
            ),
            ("az a; az b | ConvertFrom-Json && az c", &["az|a", "az|b", "ConvertFrom-Json", "az|c"]),
            ("& az a; & 'az' b", &["az|a", "az|b"]),
            ("az a # az b\n<# az c #> az d", &["az|a", "az|d"]),
            ("az a 2>&1 > $null; az b *> x", &["az|a", "az|b"]),
            ("az -g <resource-group>", &["az|-g|{<resource-group>}"]),
            ("az a `\n\naz b", &["az|a \\", "az|b"]),
            ("az a 'never closed\naz b", &["az|a|{'never closed}", "az|b"]),
            ("az --query \"[?a=='b'].c\"", &["az|--query|[?a=='b'].c"]),
            ("$x = @'\naz a\n'@\naz b $x", &["az|b|{$x}", "x := az a"]),
        ],
    );
}

#[test]
fn powershell_statements() {
    check_table(
        Shell::PowerShell,
        &[
            ("$x = az identity show --query id -o tsv", &["az|identity|show|--query|id|-o|tsv", "x := <output>"]),
            ("$x = $(az a)", &[">az|a", "x := {$(az a)}"]),
            (
                "[string]$x = (az a | ConvertFrom-Json).id",
                &[">az|a", ">ConvertFrom-Json", "x := {(az a | ConvertFrom-Json)}.id"],
            ),
            ("$env:X = 'a'; $y += \"b $x\"; ${z} = 5", &["env:X := a", "y := b {$x}", "z := 5"]),
            ("$x = az a | az b\naz c", &["az|a", "az|b", "az|c", "x := <output>"]),
            ("$x = $y + 'az a'", &["x := <output>"]),
            (
                "if ($x -eq (az a)) { az b } else { az c }",
                &["{($x -eq (az a))}|{{ az b }}|else|{{ az c }}", ">{$x}|-eq|{(az a)}", ">>az|a", ">az|b", ">az|c"],
            ),
            ("$ids | ForEach-Object { az a $_ }", &["{$ids}", "ForEach-Object|{{ az a $_ }}", ">az|a|{$_}"]),
            ("$p = @('a', 'b')\naz @p", &[">a,|b", "az|{@p}", "p := {@('a', 'b')}"]),
            ("$x == 1", &["{$x}|==|1"]),
        ],
    );
}

#[test]
fn cmd_words() {
    check_table(
        Shell::Cmd,
        &[
            ("az aks create ^\r\n  -n x ^\n  -g y", &["az|aks|create|-n|x|-g|y"]),
            (
                "az \"a b\" \"c \\\"d\\\"\" e^&f %X% %X:~0,3% %1 %~dp0 %%i !y! 5%",
                &["az|a b|c \"d\"|e&f|{%X%}|{%X:~0,3%}|{%1}|{%~dp0}|{%%i}|{!y!}|5%"],
            ),
            ("az a & az b && az c || az d | az e", &["az|a", "az|b", "az|c", "az|d", "az|e"]),
            ("@echo off\nREM az a\n:: az b\n:label\ncall az c > nul 2>&1", &["echo|off", "az|c"]),
            ("set X=a b&az c\nset \"Y=%X% & d\"\nset /a Z=1", &["az|c", "X := a b", "Y := {%X%} & d"]),
            (
                "if \"%X%\"==\"\" az a\nif not exist f az b\nif /i %a% EQU b (az c) else (\n az d\n)",
                &["az|a", "az|b", "az|c", "az|d"],
            ),
            ("for %%i in (a b) do az c %%i", &["a|b", "az|c|{%%i}"]),
            ("az a ^\n\naz b", &["az|a \\", "az|b"]),
            ("az -g <rg> < in", &["az|-g|{<rg>}"]),
        ],
    );
}

#[test]
fn variables_lead_to_the_command_that_fills_them() {
    for (shell, text) in [
        (Shell::Bash, "MI=$(az identity show --query clientId -o tsv)\naz aks create --assign-identity $MI"),
        (Shell::Bash, "MI=\"$(az identity show -n $(az x) --query clientId -o tsv)\""),
        (Shell::PowerShell, "$mi = az identity show --query clientId -o tsv"),
        (Shell::PowerShell, "$MI = $(az identity show --query clientId)"),
    ] {
        let script = parse(shell, text, &[]);
        let name = if shell == Shell::Bash { "MI" } else { "mI" };
        let assign = script.assigns_of(name).next().unwrap();
        let command = script.produced_by(assign).unwrap();
        assert_eq!(command.words[1].literal().unwrap(), "identity", "{text}");
    }
    for (shell, text) in [
        (Shell::Bash, "MI=$(az a; az b)"),
        (Shell::Bash, "MI=x$(az a)"),
        (Shell::Bash, "MI=x"),
        (Shell::Bash, "MI=(x)"),
        (Shell::PowerShell, "$MI = az a | az b"),
        (Shell::PowerShell, "$MI = $x + (az a) + (az b)"),
    ] {
        let script = parse(shell, text, &[]);
        assert_eq!(script.produced_by(script.assigns_of("MI").next().unwrap()), None, "{text}");
    }
}

#[test]
fn holes_of_the_outer_language_are_unknown() {
    let text = "az -n a${{ x['y'] }} '${{ z['q'] }}b' \"c${{ d }}\" ${{ e }}";
    let holes: Vec<TextRange> =
        text.match_indices("${{").map(|(at, _)| range(at, at + text[at..].find("}}").unwrap() + 2)).collect();
    for shell in [Shell::Bash, Shell::PowerShell, Shell::Cmd] {
        let script = parse(shell, text, &holes);
        check_any(&script, text);
        let words = &script.commands[0].words;
        if shell == Shell::Cmd {
            assert_eq!(words.iter().flat_map(Word::holes).count(), 4);
        } else {
            assert_eq!(show(&script), "az|-n|a{${{ x['y'] }}}|{${{ z['q'] }}}b|c{${{ d }}}|{${{ e }}}");
        }
        assert!(words.iter().flat_map(Word::holes).all(|hole| hole.kind == HoleKind::Outer));
    }
    // Where the outer text has been taken out, the hole is empty.
    let text = "az  --x= 'a' ''";
    let holes = [range(3, 3), range(8, 8), range(11, 11), range(14, 14)];
    let script = parse(Shell::Bash, text, &holes);
    assert_eq!(show(&script), "az|{}|--x={}|a{}|{}");
    check_any(&script, text);
}

#[test]
fn splitting_is_known() {
    let text = "az $a \"$a\" ${a[@]} \"${a[@]}\" \"${a[*]}\" $(b) \"$(b)\" \"$@\" x <y>";
    let script = parse(Shell::Bash, text, &[]);
    let splits: Vec<bool> = script.commands[0].words.iter().map(Word::may_split).collect();
    assert_eq!(splits, [false, true, false, true, true, false, true, false, true, false, false]);
    let kinds: Vec<_> = script.commands[0].words.iter().flat_map(Word::holes).map(|hole| hole.kind).collect();
    assert_eq!(kinds[0], HoleKind::Variable("a"));
    assert_eq!(kinds[2], HoleKind::Elements("a"));
    assert_eq!(kinds[5], HoleKind::Output);
    assert_eq!(kinds[8], HoleKind::Placeholder);
}

#[test]
fn parts_of_words_lead_to_the_source() {
    // Offsets:        0         1         2
    //                 0123456789012345678901234567
    let text = r#"az --a="b\"c"'d'$X\
e"#;
    let script = parse(Shell::Bash, text, &[]);
    let word = &script.commands[0].words[1];
    assert_eq!(word.text(), r#"--a=b"cd$Xe"#);
    assert_eq!(word.prefix(), r#"--a=b"cd"#);
    assert_eq!(word.literal(), None);
    let source = |start, end| word.to_source(range(start, end)).map(|range| &text[range]);
    assert_eq!(source(0, 3), Some("--a"));
    assert_eq!(source(4, 5), Some("b"));
    assert_eq!(source(5, 6), Some("\\\""));
    assert_eq!(source(6, 8), Some("c\"'d"));
    assert_eq!(source(8, 10), Some("$X"));
    assert_eq!(source(10, 11), Some("e"));
    assert_eq!(source(11, 11), Some(""));
    assert_eq!(source(11, 12), None);
    assert_eq!(word.to_source(range(0, 0)), Some(range(3, 3)));
}

#[test]
fn deep_nesting_is_cut_off() {
    for (shell, unit) in [(Shell::Bash, "$("), (Shell::Bash, "("), (Shell::PowerShell, "("), (Shell::PowerShell, "{")] {
        let text = unit.repeat(100_000);
        let script = parse(shell, &text, &[]);
        assert!(script.commands.iter().all(|command| command.depth <= MAX_DEPTH));
    }
}

/// What holds for every script.
fn check_any(script: &Script<'_>, text: &str) {
    let whole = TextRange::up_to(TextSize::of(text));
    let check_word = |word: &Word<'_>| {
        assert!(whole.contains_range(word.range));
        assert!(text.is_char_boundary(word.range.start().into()) && text.is_char_boundary(word.range.end().into()));
        let mut last = word.range.start();
        for piece in &word.pieces {
            assert!(word.range.contains_range(piece.range()), "{piece:?} in {word:?}");
            assert!(last <= piece.range().start(), "{word:?}");
            last = piece.range().end();
            match piece {
                Piece::Text { text: known, range } => {
                    assert!(usize::from(range.len()) >= known.len());
                    if usize::from(range.len()) == known.len() {
                        assert_eq!(&text[*range], *known);
                    }
                }
                Piece::Hole(hole) => assert_eq!(&text[hole.range], hole.text),
            }
        }
        if !word.quoted && word.literal().is_some_and(|known| known.len() == usize::from(word.range.len())) {
            assert_eq!(word.literal().unwrap(), text[word.range]);
        }
        let known = TextSize::of(&*word.text());
        assert!(word.range.contains_range(word.to_source(TextRange::up_to(known)).unwrap_or(word.range)));
    };
    let mut start = None;
    for command in &script.commands {
        assert!(start < Some(command.range.start()), "{:?}", script.commands);
        start = Some(command.range.start());
        assert_eq!(command.range, command.words[0].range.cover(command.words.last().unwrap().range));
        command.words.iter().for_each(check_word);
        assert!(command.words.windows(2).all(|pair| pair[0].range.end() <= pair[1].range.start()));
        for continuation in &command.continuations {
            assert!(command.range.contains_range(*continuation));
        }
        if let Some(trailing) = command.trailing_continuation {
            assert!(command.range.end() <= trailing.start() && whole.contains_range(trailing));
        }
    }
    for assign in script.assigns.iter().chain(script.commands.iter().flat_map(|command| &command.assigns)) {
        assert!(whole.contains_range(assign.range) && assign.range.contains_range(assign.name_range));
        assert_eq!(&text[assign.name_range], assign.name);
        match &assign.value {
            AssignValue::Word(word) => check_word(word),
            AssignValue::List(words) => words.iter().for_each(check_word),
            AssignValue::Output(range) => assert!(assign.range.contains_range(*range)),
        }
    }
}

fn shells() -> impl Strategy<Value = Shell> {
    prop::sample::select(vec![Shell::Bash, Shell::PowerShell, Shell::Cmd])
}

proptest! {
    #[test]
    fn any_text_gives_words_in_order(shell in shells(), text in "(?s).*") {
        check_any(&parse(shell, &text, &[]), &text);
    }

    #[test]
    fn any_marks_give_words_in_order(
        shell in shells(),
        parts in proptest::collection::vec(prop::sample::select(vec![
            "az", " ", "\n", "\r\n", "\\", "`", "^", "'", "\"", "$", "(", ")", "{", "}", "[", "]", "<", ">", "&", "|", ";", "#",
            "@", "%", "!", "=", "X", "ü", "case", "in", "esac", "set", "if", "EOF", "<<", "<rg>", ":", "$x", "$'", "@'\n",
        ]), 0..40),
        cuts in proptest::collection::vec((0_usize..100, 0_usize..6), 0..4),
    ) {
        let text = parts.concat();
        check_any(&parse(shell, &text, &[]), &text);
        let mut holes: Vec<TextRange> = Vec::new();
        let mut cuts = cuts;
        cuts.sort_unstable();
        for (start, len) in cuts {
            let end = (start + len).min(text.len());
            let free = holes.last().is_none_or(|last| usize::from(last.end()) < start);
            if free && start <= end && text.is_char_boundary(start) && text.is_char_boundary(end) {
                holes.push(range(start, end));
            }
        }
        check_any(&parse(shell, &text, &holes), &text);
    }

    #[test]
    fn plain_words_are_their_source(shell in shells(), words in proptest::collection::vec("[a-zA-Z0-9][a-zA-Z0-9_/.:-]{0,8}", 1..8)) {
        let text = format!("az {}", words.join(" "));
        let script = parse(shell, &text, &[]);
        prop_assert_eq!(script.commands.len(), 1);
        let found: Vec<_> = script.commands[0].words.iter().map(|word| text[word.range].to_owned()).collect();
        prop_assert_eq!(&found[1..], &words[..]);
        prop_assert!(script.commands[0].words.iter().all(|word| word.literal().as_deref() == Some(&text[word.range])));
    }

    #[test]
    fn bash_undoes_its_quotes(words in proptest::collection::vec(".{0,10}", 1..5)) {
        let text = format!("az {}", words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect::<Vec<_>>().join(" "));
        let script = parse(Shell::Bash, &text, &[]);
        let found: Vec<_> = script.commands[0].words.iter().skip(1).map(|word| word.literal().unwrap().into_owned()).collect();
        prop_assert_eq!(found, words);
    }
}
