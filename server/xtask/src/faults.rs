//! `cargo xtask faults`: what inputs that want to hurt cost, in time and memory, on the command line and in the server.

#![expect(clippy::print_stdout, reason = "this is what the command is for")]

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use serde_json::{Value, json};

use crate::measure::generate::{JSON_HEAD, Language, template};
use crate::measure::protocol::Client;
use crate::measure::{self, Limit, Stopped, machine, size, time};

/// What `cargo xtask faults` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The program [default: built with `cargo build --release`]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Only the inputs whose name has this in it
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Stop the program after this time with one input
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    stop_after: u64,
    /// Write the table into docs/faults.md instead of printing it; what is there is of one program on one machine, so always of all inputs
    #[arg(long, conflicts_with_all = ["only", "stop_after"])]
    write: bool,
}

/// More memory than any input may take, at which the program is stopped.
const LARGE: u64 = 2 << 30;

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
    let limit = Limit { time: Duration::from_secs(arguments.stop_after), memory: LARGE };
    let folder = tempfile::tempdir()?;
    let machine = machine::describe(&program, &[]);
    println!("{machine}\n{HEAD}");
    let mut rows = Vec::new();
    for make in INPUTS {
        for language in Language::ALL {
            let input = make(language);
            let name = format!("{}, {}", input.what, language.name());
            if arguments.only.as_ref().is_some_and(|only| !name.contains(only)) {
                continue;
            }
            let row = Row {
                name,
                bytes: input.text.len() as u64,
                checked: check(&program, folder.path(), limit, &input).unwrap_or_else(|why| Cost::failed(&why)),
                served: serve(&program, limit, language, &input.text).unwrap_or_else(|why| Cost::failed(&why)),
            };
            println!("{row}");
            rows.push(row);
        }
    }
    ensure!(!rows.is_empty(), "no input has that in its name");
    let verdict = verdict(&rows);
    print!("\n{verdict}");
    if arguments.write {
        let table = rows.iter().fold(String::new(), |text, row| text + &row.to_string() + "\n");
        let text = format!("\n{machine}\n{HEAD}\n{table}\n{verdict}\n");
        measure::write_between(Path::new("docs/faults.md"), "hostile inputs", &text)?;
    }
    Ok(if rows.iter().all(|row| row.faults().is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const HEAD: &str = "\
| input | size | `check` | memory | server | memory | bound of `check` | of the server |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

/// What an input did, as a row of the table.
struct Row {
    name: String,
    bytes: u64,
    checked: Cost,
    served: Cost,
}

/// What one program needed for an input.
struct Cost {
    time: Duration,
    memory: u64,
    /// Why it has not done what it should have.
    failed: Option<String>,
}

impl Cost {
    fn failed(why: &anyhow::Error) -> Self {
        Self { time: Duration::ZERO, memory: 0, failed: Some(words(&format!("{why:#}"))) }
    }

    fn stopped(stopped: Stopped, limit: Limit) -> String {
        match stopped {
            Stopped::Late => format!("not ended after {} s", limit.time.as_secs()),
            Stopped::Large => format!("stopped at {}", size(limit.memory)),
        }
    }

    /// What is wrong with it.
    fn faults(&self, bound: Bound) -> impl Iterator<Item = String> {
        let time = (self.failed.is_none() && self.time > bound.time)
            .then(|| format!("took {} of {}", time(self.time), time(bound.time)));
        let memory =
            (self.memory > bound.memory).then(|| format!("held {} of {}", size(self.memory), size(bound.memory)));
        self.failed.clone().into_iter().chain(time).chain(memory)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failed {
            Some(why) if self.memory == 0 => write!(to, "{why} | ?"),
            Some(why) => write!(to, "{why} | {}", size(self.memory)),
            None => write!(to, "{} | {}", time(self.time), size(self.memory)),
        }
    }
}

impl Row {
    fn bounds(&self) -> [Bound; 2] {
        [Bound::of_check(self.bytes), Bound::of_server(self.bytes)]
    }

    /// What is out of bounds, in words.
    fn faults(&self) -> Vec<String> {
        let [check, server] = self.bounds();
        let checked = self.checked.faults(check).map(|fault| format!("{}: `check`: {fault}", self.name));
        checked.chain(self.served.faults(server).map(|fault| format!("{}: the server: {fault}", self.name))).collect()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [check, server] = self.bounds().map(|bound| format!("{}, {}", time(bound.time), size(bound.memory)));
        write!(to, "| {} | {} | {} | {} | {check} | {server} |", self.name, size(self.bytes), self.checked, self.served)
    }
}

/// What a reader wants to know of the table.
fn verdict(rows: &[Row]) -> String {
    let faults: Vec<String> = rows.iter().flat_map(Row::faults).collect();
    if faults.is_empty() {
        return format!("All {} inputs are within their bounds.\n", rows.len());
    }
    faults.iter().fold("Not within their bounds:\n\n".to_owned(), |text, fault| text + "- " + fault + "\n")
}

/// A text as it can stand in a table.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/")
}

/// What `check` of an input costs.
fn check(program: &Path, folder: &Path, limit: Limit, input: &Input) -> anyhow::Result<Cost> {
    std::fs::write(folder.join(&input.file), &input.text)?;
    let command = measure::check(program, folder, &["--format", "concise", &input.file]);
    let mut run = measure::run(&mut measure::bound_to_us(&command)?, limit);
    // One that is quick may end before anybody has seen what it holds.
    for _ in 0..9 {
        if !cfg!(target_os = "linux") || !run.as_ref().is_ok_and(|run| !run.is_seen && run.code.is_some()) {
            break;
        }
        run = measure::run(&mut measure::bound_to_us(&command)?, limit);
    }
    std::fs::remove_file(folder.join(&input.file))?;
    let run = run?;
    let errors = String::from_utf8_lossy(&run.errors);
    let failed = match (run.stopped, run.code) {
        (Some(stopped), _) => Some(Cost::stopped(stopped, limit)),
        (None, Some(0..=2)) if !errors.contains("internal error") => None,
        (None, code) => {
            let code = code.map_or_else(|| "killed".to_owned(), |code| format!("exit code {code}"));
            Some(words(&format!("{code}: {errors}")))
        }
    };
    // What other processes do is not the input's fault: time is that of the processor, unless threads share the work.
    Ok(Cost { time: run.wall.min(run.cpu), memory: run.peak, failed })
}

/// What the server needs from opening a document to its diagnostics.
fn serve(program: &Path, limit: Limit, language: Language, text: &str) -> anyhow::Result<Cost> {
    let mut server = Command::new(program);
    let mut command = measure::bound_to_us(server.arg("server"))?;
    let mut client = Client::spawn(&mut command, Some(limit), Value::Null)?;
    let greeted = client.greet(&json!({}));
    let uri = format!("file:///w/main.{}", language.extension());
    let opened = Client::opened(&uri, if language == Language::Json { "arm-template" } else { "bicep" }, text);
    let before = client.cpu();
    let start = Instant::now();
    let answer = greeted.and_then(|()| client.send_text(&opened)).and_then(|()| client.pushed(&uri, 1));
    let wall = start.elapsed();
    // The clock of the system that counts it ticks a hundred times in a second.
    let cpu =
        client.cpu().zip(before).map_or(wall, |(now, before)| now.saturating_sub(before) + Duration::from_millis(10));
    let seen = client.end();
    let failed = match (seen.stopped, answer) {
        (Some(stopped), _) => Some(Cost::stopped(stopped, limit)),
        (None, Err(error)) => Some(words(&format!("{error:#}"))),
        (None, Ok(_)) => None,
    };
    Ok(Cost { time: wall.min(cpu), memory: seen.peak, failed })
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
    |language| {
        garbage(language, "1 MB of suppressions on one line", "/* akslint: ignore[no-such-rule] x */ ", (1 << 20) / 38)
    },
    |language| {
        numbered(language, "20,000 suppressions, each of another rule", 20_000, |number| {
            format!("// akslint: ignore[user-asigned-identity-{number}] x\n")
        })
    },
    |language| garbage(language, "1 MB of decorators", "@a\n", (1 << 20) / 3),
    |language| garbage(language, "1 MB of decorators in each other", "@a(", (1 << 20) / 3),
    |language| garbage(language, "1 MB of open braces", "{", 1 << 20),
    |language| garbage(language, "1 MB of closing braces", "}\n", (1 << 20) / 2),
    |language| garbage(language, "1 MB of types in each other", "type a = {", (1 << 20) / 10),
    |language| one(language, "1 MB of signs", &"!".repeat(1 << 20)),
    |language| one(language, "an object of 100,000 names", &format!("{{\n{}}}", "'x'\n".repeat(100_000))),
    |language| one(language, "an expression of 1 MB of commas", &expression(language, &",".repeat(1 << 20))),
    |language| {
        numbered(language, "20,000 modules", 20_000, |number| {
            format!("module m{number} './m{number}.bicep' = {{ name: 'a' }}\n")
        })
    },
    |language| scripts(language, "a script of 1 MB in a template", "AzureCLI", SCRIPT),
    |language| scripts(language, "1 MB of here-strings that do not end", "AzurePowerShell", "@'"),
    |language| scripts(language, "1 MB of commands that go on", "AzurePowerShell", CONTINUED),
];

const CONTINUED: &str = "az aks create -g a -n b `";
const SCRIPT: &str = "az aks create -g a -n b --assign-identity $ID --enable-managed-identity";

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

/// Behind the beginning of a template a line for each number.
fn numbered(language: Language, what: &'static str, count: usize, line: impl Fn(usize) -> String) -> Input {
    let mut input = garbage(language, what, "", 0);
    (0..count).for_each(|number| input.text.push_str(&line(number)));
    input
}

/// The same line again and again, as the script of a resource.
fn scripts(language: Language, what: &'static str, kind: &str, line: &str) -> Input {
    let version = if kind == "AzureCLI" { ("azCliVersion", "2.60.0") } else { ("azPowerShellVersion", "11.0") };
    let resource = if language == Language::Json {
        let script = format!("{line}\\n").repeat((1 << 20) / line.len());
        format!(
            "{{ \"type\": \"Microsoft.Resources/deploymentScripts\", \"apiVersion\": \"2023-08-01\", \"name\": \"a\", \"location\": \"b\", \
             \"kind\": \"{kind}\", \"properties\": {{ \"{}\": \"{}\", \"retentionInterval\": \"P1D\", \"scriptContent\": \"{script}\" }} }}",
            version.0, version.1
        )
    } else {
        let script = format!("{line}\n").repeat((1 << 20) / line.len());
        format!(
            "resource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = {{
  name: 'a'
  location: 'b'
  kind: '{kind}'
  properties: {{
    {}: '{}'
    retentionInterval: 'P1D'
    scriptContent: '''
{script}'''
  }}
}}
",
            version.0, version.1
        )
    };
    variables(language, what, &[], &resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_is_out_of_bounds() {
        let cost = |time, memory| Cost { time: Duration::from_millis(time), memory, failed: None };
        let mut rows =
            vec![Row { name: "a".to_owned(), bytes: 1 << 20, checked: cost(5, 1 << 20), served: cost(7, 2 << 20) }];
        assert_eq!(
            rows[0].to_string(),
            "| a | 1.0 MB | 5.00 ms | 1.0 MB | 7.00 ms | 2.0 MB | 2.05 s, 264 MB | 2.05 s, 264 MB |"
        );
        assert_eq!(verdict(&rows), "All 1 inputs are within their bounds.\n");

        let limit = Limit { time: Duration::from_secs(60), memory: LARGE };
        let late = Cost { failed: Some(Cost::stopped(Stopped::Late, limit)), ..cost(60_000, 1 << 20) };
        let large = Cost { failed: Some(Cost::stopped(Stopped::Large, limit)), ..cost(5, (2 << 30) + 1) };
        rows.push(Row { name: "b".to_owned(), bytes: 0, checked: late, served: large });
        rows.push(Row {
            name: "c".to_owned(),
            bytes: 0,
            checked: cost(1_100, 0),
            served: Cost::failed(&anyhow::anyhow!("a\n|b")),
        });
        assert!(rows[1].to_string().contains("| not ended after 60 s | 1.0 MB | stopped at 2048 MB | 2048 MB |"));
        assert_eq!(
            verdict(&rows),
            "Not within their bounds:\n\n- b: `check`: not ended after 60 s\n- b: the server: stopped at 2048 MB\n\
             - b: the server: held 2048 MB of 64 MB\n- c: `check`: took 1.10 s of 1.00 s\n- c: the server: a /b\n"
        );
    }

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
