//! A client for tests. It awaits messages, never time; when it is dropped it says goodbye and insists that every
//! message was read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use akslint::lsp::{Check, serve};
use rules::{Applicability, Confidence, Diagnostic, Family, FileEdit, Fix, Severity};
use serde_json::{Value, json};
use syntax::TextEdit;
use template::workspace::Location;
use text_size::{TextRange, TextSize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// A wait that takes this long has failed.
const FOREVER: Duration = Duration::from_secs(60);

/// How the client answers what the server asks.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    /// The answer to `workspace/configuration`; `None`: never any answer.
    pub(crate) settings: Option<Value>,
    /// Answer everything else with an error.
    pub(crate) refuses: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { settings: Some(Value::Null), refuses: false }
    }
}

pub(crate) struct TestClient {
    outgoing: UnboundedSender<Vec<u8>>,
    incoming: UnboundedReceiver<Value>,
    unread: VecDeque<Value>,
    asked: Arc<Mutex<Vec<Value>>>,
    server: Option<JoinHandle<bool>>,
    next_id: i64,
    /// What `initialize` was answered with.
    pub(crate) announced: Value,
    /// Whether unread messages are a mistake of the test.
    pub(crate) strict: bool,
}

impl TestClient {
    /// A client of a server that finds the word `bad`, not initialized yet.
    pub(crate) fn connect(check: Arc<Check>, manners: Manners) -> Self {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(far);
        let server = tokio::spawn(serve(reader, writer, check));
        let (reader, writer) = tokio::io::split(near);
        let (outgoing, to_write) = unbounded_channel();
        let (to_read, incoming) = unbounded_channel();
        let asked = Arc::<Mutex<Vec<Value>>>::default();
        tokio::spawn(write(writer, to_write));
        tokio::spawn(read(reader, to_read, outgoing.clone(), asked.clone(), manners));
        Self {
            outgoing,
            incoming,
            unread: VecDeque::new(),
            asked,
            server: Some(server),
            next_id: 0,
            announced: Value::Null,
            strict: true,
        }
    }

    /// A client that has said hello.
    pub(crate) async fn start(capabilities: Value) -> Self {
        Self::start_with(capabilities, Arc::new(find_bad), Manners::default()).await
    }

    pub(crate) async fn start_with(capabilities: Value, check: Arc<Check>, manners: Manners) -> Self {
        let mut client = Self::connect(check, manners);
        client.initialize(json!({ "processId": null, "rootUri": null, "capabilities": capabilities })).await;
        client
    }

    pub(crate) async fn initialize(&mut self, params: Value) {
        self.announced = self.request("initialize", params).await.expect("initialize is answered");
        self.notify("initialized", json!({}));
    }

    pub(crate) fn send(&self, message: &Value) {
        self.send_bytes(&serde_json::to_vec(message).unwrap());
    }

    pub(crate) fn send_bytes(&self, body: &[u8]) {
        let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        frame.extend_from_slice(body);
        self.send_raw(frame);
    }

    pub(crate) fn send_raw(&self, bytes: Vec<u8>) {
        let _ = self.outgoing.send(bytes);
    }

    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and returns its id.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params }));
        self.next_id
    }

    pub(crate) fn cancel(&self, id: i64) {
        self.notify("$/cancelRequest", json!({ "id": id }));
    }

    /// The answer to a request: its result, or its error.
    pub(crate) async fn answer(&mut self, id: impl Into<Value>) -> Result<Value, Value> {
        let id = id.into();
        let answer = self.wait_for(|message| message.get("method").is_none() && message["id"] == id).await;
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(id).await
    }

    pub(crate) fn open(&self, uri: &str, language: &str, version: i32, text: &str) {
        self.notify(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": language, "version": version, "text": text } }),
        );
    }

    /// Replaces a range: `[line, character, line, character]`.
    pub(crate) fn change(&self, uri: &str, version: i32, at: [u32; 4], text: &str) {
        let range = json!({
            "start": { "line": at[0], "character": at[1] },
            "end": { "line": at[2], "character": at[3] },
        });
        self.change_raw(uri, version, json!([{ "range": range, "text": text }]));
    }

    pub(crate) fn change_raw(&self, uri: &str, version: i32, changes: Value) {
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes }),
        );
    }

    pub(crate) fn close(&self, uri: &str) {
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// The next diagnostics published for a document.
    pub(crate) async fn published(&mut self, uri: &str) -> Value {
        let is_it =
            |message: &Value| message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri;
        self.wait_for(is_it).await["params"].clone()
    }

    /// The diagnostics published for that version of a document, past those of earlier ones.
    pub(crate) async fn settled(&mut self, uri: &str, version: i32) -> Value {
        loop {
            let published = self.published(uri).await;
            if published["version"] == version {
                return published;
            }
            assert!(published["version"].as_i64() < Some(version.into()), "{published} instead of version {version}");
        }
    }

    /// The next notification of that method.
    pub(crate) async fn notification(&mut self, method: &str) -> Value {
        self.wait_for(|message| message["method"] == method).await["params"].clone()
    }

    /// The next message, whatever it is.
    pub(crate) async fn next(&mut self) -> Value {
        self.wait_for(|_| true).await
    }

    /// Waits until everything sent so far has been handled, and all answers have come that needed no thinking.
    pub(crate) async fn fence(&mut self) {
        let error = self.request("test/fence", Value::Null).await.expect_err("there is no such method");
        assert_eq!(error["code"], -32601);
    }

    /// What the server asked for, by method.
    pub(crate) fn asked(&self, method: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|message| message["method"] == method).map(|message| message["params"].clone()).collect()
    }

    async fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&is_it) {
            return self.unread.remove(at).unwrap();
        }
        loop {
            let message = tokio::time::timeout(FOREVER, self.incoming.recv()).await;
            let message = message.unwrap_or_else(|_| panic!("nothing comes; unread: {:?}", self.unread));
            let message = message.unwrap_or_else(|| panic!("the server is gone; unread: {:?}", self.unread));
            if is_it(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    /// Says goodbye. Returns whether the server agrees that all went well, and what nobody read.
    pub(crate) async fn leave(&mut self) -> (bool, Vec<Value>) {
        let id = self.ask("shutdown", Value::Null);
        self.answer(id).await.expect("shutdown is answered");
        self.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
        let well = self.ended().await;
        while let Some(message) = self.incoming.recv().await {
            self.unread.push_back(message);
        }
        (well, self.unread.drain(..).collect())
    }

    /// Waits for the end of the server.
    pub(crate) async fn ended(&mut self) -> bool {
        let server = self.server.take().expect("it ends once");
        tokio::time::timeout(FOREVER, server).await.expect("the server ends").expect("the server does not panic")
    }

    /// Closes the stream to the server.
    pub(crate) fn hang_up(&self) {
        // The task that writes takes an empty frame as the end.
        self.send_raw(Vec::new());
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if self.server.is_none() || std::thread::panicking() {
            return;
        }
        let strict = self.strict;
        let (well, unread) = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.leave()));
        assert!(well, "shutdown and exit");
        assert!(!strict || unread.is_empty(), "unread: {unread:#?}");
    }
}

async fn write(mut writer: WriteHalf<DuplexStream>, mut frames: UnboundedReceiver<Vec<u8>>) {
    while let Some(frame) = frames.recv().await {
        if frame.is_empty() || writer.write_all(&frame).await.is_err() {
            break;
        }
    }
    let _ = writer.shutdown().await;
}

async fn read(
    reader: ReadHalf<DuplexStream>,
    messages: UnboundedSender<Value>,
    answers: UnboundedSender<Vec<u8>>,
    asked: Arc<Mutex<Vec<Value>>>,
    manners: Manners,
) {
    let mut reader = BufReader::new(reader);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(value) => length = value.parse().unwrap(),
                None if line == "\r\n" => break,
                None => panic!("an odd header: {line:?}"),
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        if message.get("method").is_none() || message.get("id").is_none() {
            let _ = messages.send(message);
            continue;
        }
        let answer = match (&manners.settings, message["method"].as_str()) {
            (None, Some("workspace/configuration")) => None,
            (Some(settings), Some("workspace/configuration")) => {
                let count = message["params"]["items"].as_array().unwrap().len();
                Some(json!({ "jsonrpc": "2.0", "id": message["id"], "result": vec![settings; count] }))
            }
            _ if manners.refuses => {
                let error = json!({ "code": -32601, "message": "not here" });
                Some(json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }))
            }
            _ => Some(json!({ "jsonrpc": "2.0", "id": message["id"], "result": null })),
        };
        asked.lock().unwrap().push(message);
        if let Some(answer) = answer {
            let body = answer.to_string();
            let _ = answers.send(format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
        }
    }
}

/// The rules themselves.
pub(crate) fn rules_check() -> Arc<Check> {
    Arc::new(
        |workspace: &template::workspace::Workspace,
         targets: &[template::workspace::FileId],
         settings: &rules::Settings,
         cancelled: &rules::Cancelled<'_>| {
            let project = rules::Project::new(workspace).until(cancelled);
            project.check(targets, rules::SettingsOf::all(settings)).diagnostics
        },
    )
}

/// A stand-in for the rules: every `bad` is an error whose fix makes `good` of it.
pub(crate) fn find_bad(
    workspace: &template::workspace::Workspace,
    targets: &[template::workspace::FileId],
    _: &rules::Settings,
    _: &rules::Cancelled<'_>,
) -> Vec<Diagnostic> {
    let file = targets[0];
    let text = workspace.file(file).text.as_str();
    text.match_indices("bad")
        .map(|(at, word)| {
            let range = TextRange::at(TextSize::try_from(at).unwrap(), TextSize::of(word));
            diagnostic(Location { file, range }, "`bad` is bad", "Make it good", "good")
        })
        .collect()
}

pub(crate) fn diagnostic(location: Location, message: &str, title: &str, replacement: &str) -> Diagnostic {
    let edit = FileEdit { file: location.file, edit: TextEdit::replace(location.range, replacement) };
    Diagnostic {
        code: "bad-word",
        family: Family::Document,
        severity: Severity::Error,
        confidence: Confidence::Always,
        message: message.to_owned(),
        help: None,
        location,
        related: Vec::new(),
        fixes: vec![Fix {
            title: title.to_owned(),
            applicability: Applicability::Safe,
            edits: vec![edit],
            copied: Vec::new(),
        }],
        tag: None,
    }
}

/// What an editor with code actions announces.
pub(crate) fn with_code_actions() -> Value {
    json!({ "textDocument": {
        "publishDiagnostics": {},
        "codeAction": {
            "isPreferredSupport": true,
            "codeActionLiteralSupport": { "codeActionKind": { "valueSet": ["quickfix", "source"] } },
        },
    } })
}

/// A template in Bicep, with an `é` so that counting bytes for columns is found out.
pub(crate) const BICEP: &str = "param location string = 'é'
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'mi'
  location: location
}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      /* é */ '${mi.id}': {}
    }
  }
  properties: {
    dnsPrefix: toLower('AKS')
  }
}
";

/// The same in JSON.
pub(crate) const JSON: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "location": { "type": "string", "defaultValue": "é" } },
  "resources": [
    {
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "mi",
      "location": "[parameters('location')]"
    },
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "location": "[concat('é', parameters('location'))]",
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {}
        }
      },
      "properties": { "dnsPrefix": "[toLower('AKS')]" }
    }
  ]
}
"#;

/// A client with [`BICEP`] and [`JSON`] open, of an editor that can do most things.
pub(crate) async fn with_both_languages() -> TestClient {
    let mut client = TestClient::start(json!({
        "textDocument": {
            "completion": { "completionItem": { "snippetSupport": true } },
            "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
        },
    }))
    .await;
    client.strict = false;
    client.open(BICEP_URI, "bicep", 1, BICEP);
    client.open(JSON_URI, "json", 1, JSON);
    client
}

/// Where [`BICEP`] is.
pub(crate) const BICEP_URI: &str = "file:///w/main.bicep";
/// Where [`JSON`] is.
pub(crate) const JSON_URI: &str = "file:///w/main.json";

/// Both documents, each with its text.
pub(crate) const BOTH: [(&str, &str); 2] = [(BICEP_URI, BICEP), (JSON_URI, JSON)];

/// The position right behind the first `before` in a text, in UTF-16.
pub(crate) fn behind(text: &str, before: &str) -> Value {
    let at = text.find(before).unwrap() + before.len();
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": line, "character": text[start..at].encode_utf16().count() })
}

/// A document and a position in it.
pub(crate) fn place(uri: &str, text: &str, before: &str) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": behind(text, before) })
}

/// The part of a text that a range covers, in UTF-16.
pub(crate) fn covered(text: &str, range: &Value) -> String {
    text[offset(text, &range["start"])..offset(text, &range["end"])].to_owned()
}

/// A text after edits that do not overlap.
pub(crate) fn edited(text: &str, edits: &Value) -> String {
    let mut edits: Vec<_> = edits.as_array().unwrap().iter().collect();
    // From the end, so that offsets stay true; of insertions at one place the last goes first.
    edits.sort_by_key(|edit| offset(text, &edit["range"]["start"]));
    edits.iter().rev().fold(text.to_owned(), |mut after, edit| {
        let span = offset(text, &edit["range"]["start"])..offset(text, &edit["range"]["end"]);
        after.replace_range(span, edit["newText"].as_str().unwrap());
        after
    })
}

/// In bytes, of a position in UTF-16.
fn offset(text: &str, position: &Value) -> usize {
    let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(position["character"].as_u64().unwrap()).unwrap();
    let units: Vec<u16> = text[start..].encode_utf16().take(column).collect();
    start + String::from_utf16(&units).unwrap().len()
}
