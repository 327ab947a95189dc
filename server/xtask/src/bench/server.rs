//! The language server beside the one for JSON: from a key press to the diagnostics, and memory.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::peers::{Peers, missing};
use super::{Bench, ratio, schema};
use crate::measure::generate::{Language, template};
use crate::measure::protocol::Client;
use crate::measure::{median, percentile, size, time};

const SIZES: [usize; 4] = [5 << 10, 80 << 10, 330 << 10, 1700 << 10];
const KEY_PRESSES: usize = 60;
/// The one for JSON waits half a second each time.
const PUSHED: usize = 5;

/// A server with the document open.
struct Session {
    client: Client,
    uri: String,
    at: [usize; 2],
    version: usize,
    /// From the start of the program to the first diagnostics.
    first: Duration,
    times: Vec<Duration>,
    found: usize,
}

impl Session {
    fn start(
        command: &mut Command,
        pulls: bool,
        settings: &Value,
        language: Language,
        text: &str,
    ) -> anyhow::Result<Self> {
        let start = Instant::now();
        let text_document = if pulls { json!({ "diagnostic": {} }) } else { json!({}) };
        let able = json!({ "textDocument": text_document, "workspace": { "configuration": true } });
        let mut client = Client::start(command, &able, settings.clone())?;
        client.notify("workspace/didChangeConfiguration", &json!({ "settings": settings }))?;
        let uri = format!("file:///w/azuredeploy.{}", language.extension());
        let id = if language == Language::Json { "json" } else { "bicep" };
        client.send_text(&Client::opened(&uri, id, text))?;
        let found = if pulls { client.pull(&uri)? } else { client.pushed(&uri, 1)? }.len();
        let at = typing_place(text).context("the template has a description")?;
        Ok(Self { client, uri, at, version: 1, first: start.elapsed(), times: Vec::new(), found })
    }

    /// One letter more, then one less.
    fn press(&mut self, pulls: bool) -> anyhow::Result<()> {
        self.version += 1;
        let start = Instant::now();
        self.client.type_at(&self.uri, self.version, self.at, self.version.is_multiple_of(2))?;
        if pulls {
            self.client.pull(&self.uri)?;
        } else {
            self.client.pushed(&self.uri, self.version)?;
        }
        self.times.push(start.elapsed());
        Ok(())
    }
}

/// Behind the first letter of a text in the middle.
fn typing_place(text: &str) -> Option<[usize; 2]> {
    let middle = text.lines().count() / 2;
    let place = |(number, line): (usize, &str)| Some([number, line.find("Standard_")? + 1]);
    text.lines().enumerate().skip(middle).find_map(place)
}

pub(super) fn key_presses(bench: &Bench<'_>, peers: &Peers) -> anyhow::Result<String> {
    let heading = "Language server: from a key press to the diagnostics";
    let Some(script) = &peers.json_server else { return Ok(missing(heading, "vscode-json-language-server")) };
    let (schema, version) = schema::of_clusters()?;
    let mut page = format!(
        "## {heading}

Beside vscode-json-language-server with a JSON schema of clusters of API version {version}, which is made from the facts that akslint has. On the same
template, by turns, a letter is typed into the middle and the diagnostics are asked for (`textDocument/diagnostic`). The server for JSON checks any
JSON against the shape of clusters; it evaluates no expression and knows nothing of identities beyond their shape. akslint checks identities and no
shapes that these do not need. “Pushed” is what an editor sees that does not ask: the server for JSON then waits for half a second by design.

| template | akslint p50 | p99 | JSON server p50 | p99 | ratio | akslint pushed | JSON server pushed | start to first | start to first | memory | memory |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"
    );
    let settings = json!({ "json": { "validate": { "enable": true }, "schemas": [{ "fileMatch": ["*.json"], "url": "file:///w/clusters.schema", "schema": schema }] } });
    for bytes in SIZES {
        let text = template(Language::Json, bytes);
        let own =
            |pulls| Session::start(Command::new(bench.program).arg("server"), pulls, &json!({}), Language::Json, &text);
        let other = |pulls| {
            Session::start(Command::new("node").arg(script).arg("--stdio"), pulls, &settings, Language::Json, &text)
        };
        let mut pulled = (own(true)?, other(true)?);
        for _ in 0..KEY_PRESSES {
            pulled.0.press(true)?;
            pulled.1.press(true)?;
        }
        let memory = (pulled.0.client.memory(), pulled.1.client.memory());
        let mut pushed = (own(false)?, other(false)?);
        for _ in 0..PUSHED {
            pushed.0.press(false)?;
            pushed.1.press(false)?;
        }
        let held = |memory: Option<(u64, u64)>| memory.map_or_else(|| "?".to_owned(), |(now, _)| size(now));
        let (fast, slow) = (median(&pulled.0.times), median(&pulled.1.times));
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {:.1} | {} | {} | {} | {} | {} | {} |",
            size(text.len() as u64),
            time(fast),
            time(percentile(&pulled.0.times, 99)),
            time(slow),
            time(percentile(&pulled.1.times, 99)),
            ratio(slow, fast),
            time(median(&pushed.0.times)),
            time(median(&pushed.1.times)),
            time(pulled.0.first),
            time(pulled.1.first),
            held(memory.0),
            held(memory.1),
        );
    }
    let _ = writeln!(page, "\n{}", bicep(bench)?);
    Ok(page)
}

/// The same in Bicep, for which there is no other server among these packages.
fn bicep(bench: &Bench<'_>) -> anyhow::Result<String> {
    let mut page = String::from(
        "Bicep, for which these registries have no other server (the compiler's comes with .NET):\n\n| template | p50 | p99 | start to first | findings | memory |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for bytes in SIZES {
        let text = template(Language::Bicep, bytes);
        let mut session =
            Session::start(Command::new(bench.program).arg("server"), true, &json!({}), Language::Bicep, &text)?;
        for _ in 0..KEY_PRESSES {
            session.press(true)?;
        }
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            size(text.len() as u64),
            time(median(&session.times)),
            time(percentile(&session.times, 99)),
            time(session.first),
            session.found,
            session.client.memory().map_or_else(|| "?".to_owned(), |(now, _)| size(now)),
        );
    }
    Ok(page)
}
