//! The least client of a language server: it sends, and reads until what it waits for comes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{Limit, Seen, Watch};

/// A wait that takes this long has failed.
const FOREVER: Duration = Duration::from_secs(120);

/// A server that was started and greeted.
pub(crate) struct Client {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    settings: Value,
    next: i64,
    watch: Option<Watch>,
    start: Instant,
    /// From the start of the program to the answer to `initialize`.
    pub(crate) started: Duration,
}

impl Client {
    /// Starts a server. `settings` is what it gets when it asks.
    pub(crate) fn start(command: &mut Command, capabilities: &Value, settings: Value) -> anyhow::Result<Self> {
        let mut client = Self::spawn(command, None, settings)?;
        client.greet(capabilities)?;
        Ok(client)
    }

    /// Starts a server that is still to be greeted. At its limit it is killed: then it says nothing more.
    pub(crate) fn spawn(command: &mut Command, limit: Option<Limit>, settings: Value) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let watch = limit.map(|limit| Watch::over(child.id(), limit));
        let stdin = child.stdin.take().context("it is piped")?;
        let stdout = child.stdout.take().context("it is piped")?;
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = receive(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, stdin, messages, settings, next: 0, watch, start, started: Duration::ZERO })
    }

    /// Waits until the server is there.
    pub(crate) fn greet(&mut self, capabilities: &Value) -> anyhow::Result<()> {
        let params = json!({ "processId": std::process::id(), "rootUri": null, "capabilities": capabilities });
        self.request("initialize", &params)?;
        self.started = self.start.elapsed();
        self.notify("initialized", &json!({}))
    }

    pub(crate) fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        self.send_text(&message.to_string())
    }

    /// Sends a message that is written already.
    pub(crate) fn send_text(&mut self, body: &str) -> anyhow::Result<()> {
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.stdin.flush()?)
    }

    pub(crate) fn notify(&mut self, method: &str, params: &Value) -> anyhow::Result<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// Sends a request and waits for its result.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        let answer = self.wait(|message| message.get("method").is_none() && message["id"] == id)?;
        if let Some(error) = answer.get("error") {
            bail!("{method}: {error}");
        }
        Ok(answer["result"].clone())
    }

    /// The message that opens a document.
    pub(crate) fn opened(uri: &str, language: &str, text: &str) -> String {
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params }).to_string()
    }

    /// Puts a letter behind a place, or takes it away.
    pub(crate) fn type_at(&mut self, uri: &str, version: usize, at: [usize; 2], add: bool) -> anyhow::Result<()> {
        let [line, column] = at;
        let range = json!({ "start": { "line": line, "character": column },
            "end": { "line": line, "character": column + usize::from(!add) } });
        let change = json!([{ "range": range, "text": if add { "x" } else { "" } }]);
        let document = json!({ "uri": uri, "version": version });
        self.notify("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": change }))
    }

    /// The diagnostics of a document, asked for.
    pub(crate) fn pull(&mut self, uri: &str) -> anyhow::Result<Vec<Value>> {
        let report = self.request("textDocument/diagnostic", &json!({ "textDocument": { "uri": uri } }))?;
        Ok(report["items"].as_array().cloned().unwrap_or_default())
    }

    /// The diagnostics of a document that come by themselves.
    pub(crate) fn pushed(&mut self, uri: &str, version: usize) -> anyhow::Result<Vec<Value>> {
        let message = self.wait(|message| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri
                // Who does not say for which version these are is believed.
                && params.get("version").is_none_or(|other| *other == version)
        })?;
        Ok(message["params"]["diagnostics"].as_array().cloned().unwrap_or_default())
    }

    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        loop {
            let message = self.messages.recv_timeout(FOREVER).context("the server says nothing more")?;
            if message.get("method").is_some() && message.get("id").is_some() {
                let result = match message["method"].as_str() {
                    Some("workspace/configuration") => {
                        let count = message["params"]["items"].as_array().map_or(1, Vec::len);
                        json!(vec![&self.settings; count])
                    }
                    _ => Value::Null,
                };
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))?;
            } else if is_it(&message) {
                return Ok(message);
            }
        }
    }

    /// The memory it holds, in bytes: now, and at its most. Nothing where nobody knows.
    pub(crate) fn memory(&self) -> Option<(u64, u64)> {
        super::memory(self.child.id())
    }

    /// The time of the processor that it has used. Nothing where nobody knows.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        super::cpu(self.child.id())
    }

    /// Ends the server, and says what was seen of one that was started with a limit.
    pub(crate) fn end(mut self) -> Seen {
        let seen = self.watch.take().map(Watch::end).unwrap_or_default();
        let peak = self.memory().map_or(seen.peak, |(_, peak)| peak);
        Seen { peak, ..seen }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // First who would kill it, so that nobody else's process is.
        let _ = self.watch.take().map(Watch::end);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn receive(stdout: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok();
        }
    }
    let mut body = vec![0; length?];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
