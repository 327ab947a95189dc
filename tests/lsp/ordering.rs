//! The order of things: what is shown always belongs to the text that the client has, however fast it types.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use template::workspace::{FileId, Location, Workspace};
use text_size::TextRange;

use crate::client::{Manners, TestClient, diagnostic, with_code_actions};

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

fn name_of(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("text {:016x}", hasher.finish())
}

/// Says which text it looked at, after a while.
fn slow(longest: u64) -> Arc<akslint::lsp::Check> {
    let calls = AtomicU64::new(0);
    Arc::new(move |workspace: &Workspace, targets: &[FileId], _: &rules::Settings, _: &rules::Cancelled<'_>| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_micros(call.wrapping_mul(7919) % longest));
        let name = name_of(workspace.file(targets[0]).text.as_str());
        let location = Location { file: targets[0], range: TextRange::empty(0.into()) };
        vec![diagnostic(location, &name, &name, "x")]
    })
}

/// A text that is edited here as the server has to edit it, and what each version was called.
struct Typist {
    uri: String,
    lines: Vec<String>,
    version: i32,
    names: HashMap<i64, String>,
}

impl Typist {
    fn open(client: &TestClient, uri: &str, mark: &str) -> Self {
        let lines: Vec<_> = (0..40).map(|line| format!("param p{line} string // é𝒳 {mark}")).collect();
        let mut typist = Self { uri: uri.to_owned(), lines, version: 1, names: HashMap::new() };
        client.open(uri, "bicep", 1, &typist.text());
        typist.remember();
        typist
    }

    fn text(&self) -> String {
        self.lines.join("\n")
    }

    fn remember(&mut self) {
        self.names.insert(self.version.into(), name_of(&self.text()));
    }

    fn type_something(&mut self, client: &TestClient, random: &mut Random) {
        self.version += 1;
        let line = random.below(self.lines.len());
        let units: Vec<u16> = self.lines[line].encode_utf16().collect();
        // The ASCII part of a line, so that a column is a byte.
        let ascii = self.lines[line].bytes().take_while(u8::is_ascii).count();
        let (start, end) = (random.below(ascii + 1), random.below(ascii + 1));
        let (start, end) = if random.below(4) == 0 { (start.min(end), start.max(end)) } else { (start, start) };
        let text = ["x", "é", "𝒳", "{", "'", "longer text"][random.below(6)];
        let mut new = String::from_utf16(&units[..start]).unwrap();
        new.push_str(text);
        new.push_str(&String::from_utf16(&units[end..]).unwrap());
        self.lines[line] = new;
        let [line, start, end] = [line, start, end].map(|number| u32::try_from(number).unwrap());
        client.change(&self.uri, self.version, [line, start, line, end], text);
        self.remember();
    }

    fn ask(&self, client: &mut TestClient) -> (i64, String) {
        let params = json!({
            "textDocument": { "uri": self.uri },
            "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } },
            "context": { "diagnostics": [], "only": ["quickfix"] },
        });
        (client.ask("textDocument/codeAction", params), self.names[&i64::from(self.version)].clone())
    }

    /// Takes all that was published until the document rests. Versions never decrease, and each belongs to its text.
    async fn rest(&self, client: &mut TestClient) -> usize {
        let (mut last, mut count) = (0, 0);
        while last < i64::from(self.version) {
            let published = client.published(&self.uri).await;
            let version = published["version"].as_i64().expect("every publication names its version");
            assert!(version >= last, "{version} after {last}");
            assert_eq!(published["diagnostics"][0]["message"], self.names[&version], "version {version}");
            last = version;
            count += 1;
        }
        count
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_shown_belongs_to_the_text_however_fast_it_changes() {
    let able = {
        let mut able = with_code_actions();
        able["workspace"] = json!({ "configuration": true, "didChangeWatchedFiles": { "dynamicRegistration": true } });
        able
    };
    let manners = Manners { refuses: true, ..Manners::default() };
    let mut client = TestClient::start_with(able, slow(3000), manners).await;
    let mut random = Random(7);
    let mut typists =
        [Typist::open(&client, "file:///w/a.bicep", "a"), Typist::open(&client, "file:///w/b.bicep", "b")];
    let mut questions = Vec::new();
    for step in 0..3000 {
        let typist = &mut typists[random.below(2)];
        typist.type_something(&client, &mut random);
        if step % 5 == 0 {
            questions.push((typist.ask(&mut client), random.below(3) == 0));
            let ((id, _), cancelled) = questions.last().unwrap();
            if *cancelled {
                client.cancel(*id);
            }
        }
        if step % 50 == 0 {
            // Lets the server show something in between; else it may well see all edits before it shows any.
            client.fence().await;
            client.notify("textDocument/didChange", json!({ "textDocument": { "uri": 7 } }));
            client.notify("workspace/didChangeWatchedFiles", json!({ "changes": "none" }));
        }
    }
    let mut published = 0;
    for typist in &typists {
        published += typist.rest(&mut client).await;
    }
    assert!(published > 2, "something was shown in between");
    let mut answered = 0;
    for ((id, name), cancelled) in questions {
        match client.answer(id).await {
            Ok(actions) => {
                assert_eq!(actions[0]["title"], name, "the answer is about the text that was asked about");
                answered += 1;
            }
            Err(error) => {
                let code = error["code"].as_i64();
                assert!(code == Some(-32801) || cancelled && code == Some(-32800), "{error}");
            }
        }
    }
    assert!(answered > 0);
    for typist in &typists {
        client.close(&typist.uri);
        let cleared = client.published(&typist.uri).await;
        assert_eq!(cleared["diagnostics"], json!([]), "the last word about a closed document");
    }
}

/// What was published for a document that is opened and closed again and again.
#[derive(Default)]
struct Screen {
    /// From the name of a text to the round and the version it was.
    known: HashMap<String, (usize, i64)>,
    /// The newest text shown so far.
    newest: (usize, i64),
    is_empty: bool,
}

impl Screen {
    fn show(&mut self, published: &Value) {
        let Some(name) = published["diagnostics"][0]["message"].as_str() else {
            assert_eq!(published["diagnostics"], json!([]));
            self.is_empty = true;
            return;
        };
        let text = self.known[name];
        assert_eq!(published["version"], text.1);
        assert!(text >= self.newest, "{text:?} after {:?}", self.newest);
        self.newest = text;
        self.is_empty = false;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_shown_for_a_closed_document() {
    let mut client = TestClient::start_with(json!({}), slow(2000), Manners::default()).await;
    let mut random = Random(11);
    let uri = "file:///w/a.bicep";
    let mut screen = Screen::default();
    for round in 0..200 {
        let mut typist = Typist::open(&client, uri, &format!("round {round}"));
        for _ in 0..random.below(4) {
            typist.type_something(&client, &mut random);
        }
        screen.known.extend(typist.names.iter().map(|(version, name)| (name.clone(), (round, *version))));
        match random.below(3) {
            // Wait for the last word about it, or close it in the middle.
            0 => {
                while screen.newest < (round, typist.version.into()) {
                    screen.show(&client.published(uri).await);
                }
            }
            1 => client.fence().await,
            _ => {}
        }
        client.close(uri);
    }
    for message in client.leave().await.1 {
        screen.show(&message["params"]);
    }
    assert!(screen.is_empty, "at the end nothing is shown");
    assert!(screen.newest.0 > 100, "something was shown in between");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelled_requests_do_not_pile_up() {
    let mut client = TestClient::start_with(with_code_actions(), slow(20_000), Manners::default()).await;
    let mut random = Random(3);
    let mut typist = Typist::open(&client, "file:///w/a.bicep", "a");
    for _ in 0..20 {
        typist.type_something(&client, &mut random);
        // More than the server handles at once.
        let questions: Vec<_> = (0..200).map(|_| typist.ask(&mut client)).collect();
        for (id, _) in &questions {
            client.cancel(*id);
        }
        for (id, name) in questions {
            match client.answer(id).await {
                Ok(actions) => assert_eq!(actions[0]["title"], name),
                Err(error) => assert_eq!(error["code"], -32800),
            }
        }
    }
    typist.rest(&mut client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_documents_open_at_once_are_all_looked_at() {
    let mut client = TestClient::start(json!({})).await;
    let uri = |number: usize| format!("file:///w/{number}.bicep");
    for number in 0..2000 {
        client.open(&uri(number), "bicep", 1, "// bad");
    }
    for number in 0..2000 {
        let published: Value = client.published(&uri(number)).await;
        assert_eq!(published["diagnostics"].as_array().unwrap().len(), 1);
    }
}
