//! `cargo xtask faults`: what inputs that want to hurt cost, in time and memory, on the command line and in the server.

#![expect(clippy::print_stdout, reason = "this is what the command is for")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::measure::generate::{JSON_HEAD, Language, template};
use crate::measure::protocol::Client;
use crate::measure::{self, machine, size, time};

/// What `cargo xtask faults` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The program [default: built with `cargo build --release`]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Only the inputs whose name has this in it
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write the table into docs/faults.md instead of printing it
    #[arg(long)]
    write: bool,
}

/// Longer than any input may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How large the inputs for both languages are that are no longer read.
const TOO_LARGE: usize = 100 << 20;

/// What an input may cost.
#[derive(Clone, Copy)]
struct Bound {
    time: Duration,
    memory: u64,
}

impl Bound {
    /// Nothing takes more than this, however dense it is: what would is refused.
    const MOST: u64 = 1 << 30;

    /// On the command line: a start, and so much for every byte, since trees of syntax are large and the smallest tokens have
    /// the largest. What is refused for its size is not even read.
    fn of_check(bytes: u64) -> Self {
        if bytes > 16 << 20 {
            return Self { time: Duration::from_secs(1), memory: 64 << 20 };
        }
        let memory = Self::MOST.min((64 << 20) + 200 * bytes);
        Self { time: Duration::from_millis(1000 + bytes / 1000), memory }
    }

    /// In the server, which has to read the message and keep the text whatever it is.
    fn of_server(bytes: u64) -> Self {
        if bytes > 16 << 20 {
            return Self { time: Duration::from_millis(1000 + bytes / 25_000), memory: (64 << 20) + 6 * bytes };
        }
        Self::of_check(bytes)
    }
}

/// An input: its name, what it is for, and its text.
struct Input {
    what: &'static str,
    file: String,
    text: String,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let program = measure::program(arguments.binary.as_deref())?;
    let folder = tempfile::tempdir()?;
    let mut table = machine::describe(&program, &[]);
    table.push_str(
        "\n| input | size | `check` | memory | server | memory | bound of `check` | of the server |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut broken = Vec::new();
    for make in INPUTS {
        for language in Language::ALL {
            let input = make(language);
            if arguments.only.as_ref().is_some_and(|only| !format!("{} {}", input.what, input.file).contains(only)) {
                continue;
            }
            let row = measured(&program, folder.path(), language, input)?;
            println!("{}", row.0);
            table.push_str(&row.0);
            table.push('\n');
            broken.extend(row.1);
        }
    }
    if arguments.write {
        measure::write_between(Path::new("docs/faults.md"), "hostile inputs", &format!("\n{table}\n"))?;
    }
    for complaint in &broken {
        println!("out of bounds: {complaint}");
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A row of the table, and what is out of bounds.
fn measured(program: &Path, folder: &Path, language: Language, input: Input) -> anyhow::Result<(String, Vec<String>)> {
    let Input { what, file, text } = input;
    let bytes = text.len() as u64;
    let (bound, served_bound) = (Bound::of_check(bytes), Bound::of_server(bytes));
    std::fs::write(folder.join(&file), &text)?;
    let mut broken = Vec::new();
    let name = format!("{what}, {}", language.name());
    let mut judge = |who: &str, bound: Bound, took: Duration, memory: u64| {
        if took > bound.time {
            broken.push(format!("{name}: {who} took {} of {}", time(took), time(bound.time)));
        }
        if memory > bound.memory {
            broken.push(format!("{name}: {who} held {} of {}", size(memory), size(bound.memory)));
        }
    };

    // What other processes do is not the input's fault: time is that of the processor, unless it waits for something.
    let run = measure::run(&mut measure::check(program, folder, &["--format", "concise", &file]), LIMIT)?;
    let checked = run.wall.min(run.cpu);
    judge("`check`", bound, checked, run.peak);
    let errors = String::from_utf8_lossy(&run.errors);
    let complaint = match run.code {
        Some(0..=2) if !errors.contains("internal error") => None,
        code => Some(format!("{what}, {}: exit code {code:?}: {}", language.name(), errors.trim())),
    };

    // One that says nothing is out of bounds like one that is slow; the other inputs are still looked at.
    let (served, memory) = serve(program, language, &text).unwrap_or((LIMIT * 2, 0));
    judge("the server", served_bound, served, memory);
    std::fs::remove_file(folder.join(&file))?;
    broken.extend(complaint);
    let row = format!(
        "| {what}, {} | {} | {} | {} | {} | {} | {}, {} | {}, {} |",
        language.name(),
        size(bytes),
        time(checked),
        size(run.peak),
        time(served),
        size(memory),
        time(bound.time),
        size(bound.memory),
        time(served_bound.time),
        size(served_bound.memory),
    );
    Ok((row, broken))
}

/// From opening a document to its diagnostics, and the most memory held.
fn serve(program: &Path, language: Language, text: &str) -> anyhow::Result<(Duration, u64)> {
    let mut client = Client::start(Command::new(program).arg("server"), &json!({}), Value::Null)?;
    let uri = format!("file:///w/main.{}", language.extension());
    let opened = Client::opened(&uri, if language == Language::Json { "arm-template" } else { "bicep" }, text);
    let start = Instant::now();
    client.send_text(&opened)?;
    client.pushed(&uri, 1)?;
    let took = start.elapsed();
    Ok((took, client.memory().map_or(0, |(_, peak)| peak)))
}

// ---- inputs

type Make = fn(Language) -> Input;

const INPUTS: &[Make] = &[
    |language| one(language, "100,000 arrays in each other", &nested(100_000, "[", "]")),
    |language| {
        let (open, close) = if language == Language::Json { ("{\"a\":", "}") } else { ("{ a: ", "}") };
        one(language, "100,000 objects in each other", &format!("{}1{}", open.repeat(100_000), close.repeat(100_000)))
    },
    |language| one(language, "100,000 open arrays", &"[".repeat(100_000)),
    |language| one(language, "100,000 calls in each other", &expression(language, &nested(100_000, "not(", ")"))),
    |language| one(language, "a call with 100,000 arguments", &expression(language, &call("concat", 100_000))),
    |language| one(language, "a line of 100 MB", &text_of(language, &"x".repeat(TOO_LARGE))),
    |language| one(language, "a text of 15 MB in one line", &text_of(language, &"x".repeat(15 << 20))),
    |language| one(language, "an array of 1,900,000 numbers in one line", &format!("[{}]", list("1", 1_900_000, ", "))),
    |language| one(language, "an array of 15 MB in one line", &format!("[{}]", list("1", 5 << 20, ", "))),
    |language| {
        let text = template(language, 15 << 20);
        let text = if language == Language::Json { text.replace('\n', " ") } else { text };
        Input { what: "clusters for 15 MB", file: file(language), text }
    },
    |language| cluster(language, "an identity with 450,000 entries", "", &map(language, 450_000)),
    |language| cluster(language, "an identity with 1,000,000 entries", "", &map(language, 1_000_000)),
    |language| chain(language, "100,000 variables, each named by the next", 100_000, |_, last| last.to_owned()),
    |language| {
        chain(language, "40 unions, each of the last with itself", 40, |_, last| format!("union({last}, {last})"))
    },
    |language| {
        chain(language, "1,000 unions, each of the last with itself", 1_000, |_, last| format!("union({last}, {last})"))
    },
    |language| chain(language, "60 unions, each under a condition", 60, conditional(language)),
    |language| chain(language, "2,000 unions, each under a condition", 2_000, conditional(language)),
    |language| {
        chain(language, "40 arrays, each the last one twice", 40, |_, last| format!("createArray({last}, {last})"))
    },
    |language| roles(language, "20,000 role assignments for one cluster", 20_000),
    |language| conditions(language, "a cluster under 2,000 conditions in each other", 2_000),
    |language| loops(language, "300 loops in each other", 300),
    |language| garbage(language, "4 MB of quotes", "\"'", 2 << 20),
    |language| garbage(language, "4 MB of half brackets", "{[(", (4 << 20) / 3),
    |language| garbage(language, "4 MB of closing brackets", "}])", (4 << 20) / 3),
    |language| garbage(language, "4 MB of holes that do not end", "'${", (4 << 20) / 3),
    |language| garbage(language, "4 MB of comments that do not end", "/*", 2 << 20),
    |language| garbage(language, "1 MB of names without values", "resource a\n", (1 << 20) / 11),
    |language| garbage(language, "1 MB of suppressions", "// akslint: ignore[no-such-rule] x\n", (1 << 20) / 36),
    |language| garbage(language, "1 MB of decorators", "@a\n", (1 << 20) / 3),
    |language| scripts(language, "a script of 1 MB in a template"),
];

fn file(language: Language) -> String {
    format!("main.{}", language.extension())
}

/// A template with one variable.
fn one(language: Language, what: &'static str, value: &str) -> Input {
    variables(language, what, &[("a".to_owned(), value.to_owned())], "")
}

/// A template with variables, and something else.
fn variables(language: Language, what: &'static str, variables: &[(String, String)], rest: &str) -> Input {
    let mut text = String::new();
    if language == Language::Json {
        text.push_str(JSON_HEAD);
        text.push_str("  \"variables\": {");
        for (number, (name, value)) in variables.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\n    \"{name}\": {value}");
        }
        let _ = write!(text, "\n  }},\n  \"resources\": [{rest}]\n}}\n");
    } else {
        for (name, value) in variables {
            let _ = writeln!(text, "var {name} = {value}");
        }
        text.push_str(rest);
    }
    Input { what, file: file(language), text }
}

fn nested(levels: usize, open: &str, close: &str) -> String {
    format!("{}true{}", open.repeat(levels), close.repeat(levels))
}

fn list(element: &str, count: usize, between: &str) -> String {
    let mut text = format!("{element}{between}").repeat(count);
    text.truncate(text.len() - between.len());
    text
}

fn call(function: &str, arguments: usize) -> String {
    format!("{function}({})", list("'a'", arguments, ", "))
}

/// An expression as a value.
fn expression(language: Language, expression: &str) -> String {
    if language == Language::Json { format!("\"[{expression}]\"") } else { expression.to_owned() }
}

fn text_of(language: Language, text: &str) -> String {
    if language == Language::Json { format!("\"{text}\"") } else { format!("'{text}'") }
}

fn map(language: Language, entries: usize) -> String {
    let mut text = String::from("{");
    for number in 0..entries {
        if language == Language::Json {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\"a{number}\":{{}}");
        } else {
            let _ = write!(text, "\na{number}:{{}}");
        }
    }
    text.push_str("\n}");
    text
}

fn variable(language: Language, name: &str) -> String {
    if language == Language::Json { format!("variables('{name}')") } else { name.to_owned() }
}

fn parameter(language: Language, name: &str) -> String {
    if language == Language::Json { format!("parameters('{name}')") } else { name.to_owned() }
}

/// A cluster with such an identity map; `before` is written above it.
fn cluster(language: Language, what: &'static str, before: &str, identities: &str) -> Input {
    let text = if language == Language::Json {
        format!("{JSON_HEAD}{before}  \"resources\": [{}]\n}}\n", json_cluster(identities))
    } else {
        format!("{before}{}", bicep_cluster(identities))
    };
    Input { what, file: file(language), text }
}

fn json_cluster(identities: &str) -> String {
    format!(
        r#"
    {{
      "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "a", "location": "b",
      "identity": {{ "type": "UserAssigned", "userAssignedIdentities": {identities} }},
      "properties": {{ "dnsPrefix": "a", "agentPoolProfiles": [{{ "name": "a", "mode": "System", "count": 1, "vmSize": "b" }}] }}
    }}"#
    )
}

fn bicep_cluster(identities: &str) -> String {
    format!(
        "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'a'
  location: 'b'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {identities}
  }}
  properties: {{
    dnsPrefix: 'a'
    agentPoolProfiles: [{{ name: 'a', mode: 'System', count: 1, vmSize: 'b' }}]
  }}
}}
"
    )
}

/// Variables of which each is made of the one before; a cluster takes the last for its identities.
fn chain(language: Language, what: &'static str, length: usize, next: impl Fn(usize, &str) -> String) -> Input {
    let mut all =
        vec![("v0".to_owned(), if language == Language::Json { "{ \"a\": {} }" } else { "{ a: {} }" }.to_owned())];
    for number in 1..=length {
        let last = variable(language, &format!("v{}", number - 1));
        all.push((format!("v{number}"), expression(language, &next(number, &last))));
    }
    let last = expression(language, &variable(language, &format!("v{length}")));
    let cluster = if language == Language::Json { json_cluster(&last) } else { bicep_cluster(&last) };
    variables(language, what, &all, &cluster)
}

fn conditional(language: Language) -> impl Fn(usize, &str) -> String {
    move |number, last| {
        let condition = format!("equals({}, '{number}')", parameter(language, "p"));
        let union = format!("union({last}, createObject('k{number}', createObject()))");
        if language == Language::Json {
            format!("if({condition}, {union}, {last})")
        } else {
            format!("p == '{number}' ? union({last}, {{ k{number}: {{}} }}) : {last}")
        }
    }
}

fn roles(language: Language, what: &'static str, count: usize) -> Input {
    let mut text = String::new();
    for number in 0..count {
        if language == Language::Json {
            let _ = write!(
                text,
                "{{ \"type\": \"Microsoft.Authorization/roleAssignments\", \"apiVersion\": \"2022-04-01\", \"name\": \"[guid('{number}')]\", \
                 \"properties\": {{ \"roleDefinitionId\": \"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]\", \
                 \"principalId\": \"[reference(resourceId('Microsoft.ContainerService/managedClusters', 'a'), '2025-05-01', 'Full').identity.principalId]\", \"principalType\": \"ServicePrincipal\" }} }},"
            );
        } else {
            let _ = write!(
                text,
                "resource r{number} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('{number}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: aks.identity.principalId
    principalType: 'ServicePrincipal'
  }}
}}
"
            );
        }
    }
    let identities = if language == Language::Json { "{ \"a\": {} }" } else { "{ a: {} }" };
    let cluster = if language == Language::Json { json_cluster(identities) } else { bicep_cluster(identities) };
    variables(language, what, &[], &format!("{text}{cluster}"))
}

fn conditions(language: Language, what: &'static str, levels: usize) -> Input {
    let mut value = if language == Language::Json { "createObject()" } else { "{}" }.to_owned();
    for number in 0..levels {
        value = if language == Language::Json {
            format!("if(equals(parameters('p'), '{number}'), createObject('k{number}', createObject()), {value})")
        } else {
            format!("p == '{number}' ? {{ k{number}: {{}} }} : {value}")
        };
    }
    let value = expression(language, &value);
    let before = if language == Language::Json {
        "  \"parameters\": { \"p\": { \"type\": \"string\" } },\n"
    } else {
        "param p string\n"
    };
    cluster(language, what, before, &value)
}

fn loops(language: Language, what: &'static str, levels: usize) -> Input {
    let value = if language == Language::Json {
        let open = "map(range(0, 2), lambda('x', ".repeat(levels);
        format!("\"[{open}lambdaVariables('x'){}]\"", "))".repeat(levels))
    } else {
        format!("{}x{}", "map(range(0, 2), x => ".repeat(levels), ")".repeat(levels))
    };
    variables(language, what, &[("a".to_owned(), value.clone())], &{
        let last = expression(language, &variable(language, "a"));
        if language == Language::Json { json_cluster(&last) } else { bicep_cluster(&last) }
    })
}

/// The same again and again, behind the beginning of a template.
fn garbage(language: Language, what: &'static str, piece: &str, times: usize) -> Input {
    let head = if language == Language::Json { JSON_HEAD } else { "param a string\n" };
    Input { what, file: file(language), text: format!("{head}{}", piece.repeat(times)) }
}

fn scripts(language: Language, what: &'static str) -> Input {
    let line = "az aks create -g a -n b --assign-identity $ID --enable-managed-identity";
    let resource = if language == Language::Json {
        let script = format!("{line}\\n").repeat((1 << 20) / line.len());
        format!(
            "{{ \"type\": \"Microsoft.Resources/deploymentScripts\", \"apiVersion\": \"2023-08-01\", \"name\": \"a\", \"location\": \"b\", \
             \"kind\": \"AzureCLI\", \"properties\": {{ \"azCliVersion\": \"2.60.0\", \"retentionInterval\": \"P1D\", \"scriptContent\": \"{script}\" }} }}"
        )
    } else {
        let script = format!("{line}\n").repeat((1 << 20) / line.len());
        format!(
            "resource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = {{
  name: 'a'
  location: 'b'
  kind: 'AzureCLI'
  properties: {{
    azCliVersion: '2.60.0'
    retentionInterval: 'P1D'
    scriptContent: '''
{script}'''
  }}
}}
"
        )
    };
    variables(language, what, &[], &resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That they are refused or understood is for the command; here only that they are what they say.
    #[test]
    fn inputs_are_templates() {
        for language in Language::ALL {
            let chain = chain(language, "", 3, |_, last| format!("union({last}, {last})"));
            if language == Language::Json {
                let value: Value = serde_json::from_str(&chain.text).unwrap();
                assert_eq!(value["variables"]["v3"], "[union(variables('v2'), variables('v2'))]");
                let identities = &value["resources"][0]["identity"]["userAssignedIdentities"];
                assert_eq!(identities, "[variables('v3')]");
            } else {
                assert!(chain.text.contains("var v3 = union(v2, v2)\n"), "{}", chain.text);
            }
            let map = cluster(language, "", "", &map(language, 3));
            assert_eq!(map.text.matches("a2").count(), 1);
        }
    }
}
