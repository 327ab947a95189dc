use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::client::{Manners, TestClient, find_bad};

fn connect() -> TestClient {
    TestClient::connect(Arc::new(find_bad), Manners::default())
}

fn hello(capabilities: &Value) -> Value {
    json!({ "processId": null, "rootUri": null, "capabilities": capabilities })
}

#[tokio::test(flavor = "multi_thread")]
async fn announces_incremental_sync_and_itself() {
    let client = TestClient::start(json!({})).await;
    let announced = &client.announced;
    assert_eq!(announced["serverInfo"]["name"], "akslint");
    assert_eq!(announced["capabilities"]["textDocumentSync"]["change"], 2);
    assert_eq!(announced["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(announced["capabilities"]["diagnosticProvider"], Value::Null, "nobody asked to pull");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_requests_before_initialize_with_an_error() {
    let mut client = connect();
    let error = client.request("textDocument/hover", json!({})).await.unwrap_err();
    assert_eq!(error["code"], -32002);
    client.open("file:///a.bicep", "bicep", 1, "bad");
    client.initialize(hello(&json!({}))).await;
    // What came before `initialize` is no document.
    let actions = json!({ "textDocument": { "uri": "file:///a.bicep" }, "context": { "diagnostics": [] },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } } });
    assert_eq!(client.request("textDocument/codeAction", actions).await, Ok(Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_that_comes_in_one_write_with_initialize() {
    let mut client = connect();
    let messages = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello(&json!({})) }),
        json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }),
        json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument":
            { "uri": "file:///a.bicep", "languageId": "bicep", "version": 1, "text": "bad" } } }),
    ];
    let frames = messages.map(|message| {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    });
    client.send_raw(frames.concat().into_bytes());
    assert_eq!(client.next().await["id"], 1, "the answer comes first");
    assert_eq!(client.published("file:///a.bicep").await["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn initializes_once() {
    let mut client = TestClient::start(json!({})).await;
    let error = client.request("initialize", hello(&json!({}))).await.unwrap_err();
    assert_eq!(error["code"], -32600);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_requests_after_shutdown() {
    let mut client = TestClient::start(json!({})).await;
    client.request("shutdown", Value::Null).await.unwrap();
    let error = client.request("textDocument/hover", json!({})).await.unwrap_err();
    assert_eq!(error["code"], -32600);
    client.open("file:///a.bicep", "bicep", 1, "bad");
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
    assert!(client.ended().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_and_exit_in_one_write_are_a_good_end() {
    for params in ["", r#","params":null"#] {
        let mut client = TestClient::start(json!({})).await;
        let shutdown = format!(r#"{{"jsonrpc":"2.0","id":"end","method":"shutdown"{params}}}"#);
        let frames = [shutdown.as_str(), r#"{"jsonrpc":"2.0","method":"exit"}"#]
            .map(|body| format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        client.send_raw(frames.concat().into_bytes());
        assert_eq!(client.answer("end").await, Ok(Value::Null));
        assert!(client.ended().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_without_shutdown_and_the_end_of_stdin_are_bad_ends() {
    let mut client = TestClient::start(json!({})).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
    assert!(!client.ended().await);

    let mut client = TestClient::start(json!({})).await;
    client.hang_up();
    assert!(!client.ended().await);

    let mut client = TestClient::start(json!({})).await;
    client.request("shutdown", Value::Null).await.unwrap();
    client.hang_up();
    assert!(!client.ended().await, "shutdown is not exit");

    let mut client = connect();
    client.hang_up();
    assert!(!client.ended().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_only_clients_that_said_they_can_be_asked() {
    let mut client = TestClient::start(json!({})).await;
    client.fence().await;
    assert!(client.asked("client/registerCapability").is_empty());
    assert!(client.asked("workspace/configuration").is_empty());

    let able = json!({ "workspace": {
        "configuration": true,
        "didChangeConfiguration": { "dynamicRegistration": true },
        "didChangeWatchedFiles": { "dynamicRegistration": true },
    } });
    for refuses in [false, true] {
        let manners = Manners { refuses, ..Manners::default() };
        let mut client = TestClient::start_with(able.clone(), Arc::new(find_bad), manners).await;
        client.open("file:///a.bicep", "bicep", 1, "bad");
        assert_eq!(client.published("file:///a.bicep").await["diagnostics"].as_array().unwrap().len(), 1);
        while client.asked("client/registerCapability").len() < 2 {
            client.fence().await;
        }
        assert_eq!(client.asked("workspace/configuration").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_tells_its_settings_holds_nothing_up() {
    let manners = Manners { settings: None, refuses: false };
    let able = json!({ "workspace": { "configuration": true } });
    let mut client = TestClient::start_with(able, Arc::new(find_bad), manners).await;
    client.open("file:///a.bicep", "bicep", 1, "bad");
    assert_eq!(client.published("file:///a.bicep").await["version"], 1);
}

// ---- the program itself

struct Program(Child);

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_akslint"));
        command.args(arguments).env_remove("AKSLINT_LOG");
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap())
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.0.stdin.as_mut().unwrap(), "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut reader = BufReader::with_capacity(1, self.0.stdout.as_mut().unwrap());
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(reader.read_line(&mut line).unwrap(), 0, "the program is gone");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(value) => length = value.parse().unwrap(),
                None if line == "\r\n" => break,
                None => panic!("not the protocol: {line:?}"),
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn initialize(&mut self) {
        let params = hello(&json!({}));
        self.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }));
        assert_eq!(self.receive()["id"], 1);
        self.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
    }

    fn code(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

#[test]
fn the_exit_code_is_the_one_of_the_protocol() {
    let exit = json!({ "jsonrpc": "2.0", "method": "exit" });

    for arguments in [&["server"][..], &["server", "--stdio"]] {
        let mut program = Program::start(arguments);
        program.initialize();
        program.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }));
        assert_eq!(program.receive(), json!({ "jsonrpc": "2.0", "id": 2, "result": null }));
        program.send(&exit);
        // stdin stays open.
        assert_eq!(program.code(), Some(0));
    }

    let mut program = Program::start(&["server"]);
    program.initialize();
    program.send(&exit);
    assert_eq!(program.code(), Some(1), "exit without shutdown");

    let mut program = Program::start(&["server"]);
    program.initialize();
    drop(program.0.stdin.take());
    assert_eq!(program.code(), Some(1), "the end of stdin");
}

/// In a process of its own: what other tests hold at the time is not the server's.
#[cfg(target_os = "linux")]
#[test]
fn memory_returns_when_documents_are_closed() {
    fn resident(program: &Program) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", program.0.id())).unwrap();
        statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    fn open_and_close(program: &mut Program, count: usize, text: &str) {
        let notification =
            |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
        for number in 0..count {
            let uri = format!("file:///w/{number}.bicep");
            let document = json!({ "uri": uri, "languageId": "bicep", "version": 1, "text": text });
            program.send(&notification("textDocument/didOpen", json!({ "textDocument": document })));
            if number % 2 == 0 {
                let start = json!({ "line": 0, "character": 0 });
                let change = json!({ "range": { "start": start, "end": start }, "text": "// changed\n" });
                let document = json!({ "uri": uri, "version": 2 });
                let params = json!({ "textDocument": document, "contentChanges": [change] });
                program.send(&notification("textDocument/didChange", params));
            }
            program.send(&notification("textDocument/didClose", json!({ "textDocument": { "uri": uri } })));
            if number % 100 == 99 {
                let fence =
                    json!({ "jsonrpc": "2.0", "id": number, "method": "workspace/symbol", "params": { "query": "-" } });
                program.send(&fence);
                while program.receive().get("id") != Some(&json!(number)) {}
            }
        }
    }

    let mut program = Program::start(&["server"]);
    program.initialize();
    let text = "param name string = 'value'\n".repeat(80);
    open_and_close(&mut program, 1000, &text);
    let before = resident(&program);
    open_and_close(&mut program, 10_000, &text);
    let grown = resident(&program).saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more after 10,000 documents of {} bytes", text.len());
}

fn opened(uri: &str, text: &str) -> Value {
    let document = json!({ "uri": uri, "languageId": "bicep", "version": 1, "text": text });
    json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": document } })
}

/// Reads until the diagnostics of a document come.
fn published(program: &mut Program, uri: &str) -> Value {
    loop {
        let message = program.receive();
        if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri {
            return message["params"]["diagnostics"].clone();
        }
    }
}

#[test]
fn a_server_that_was_killed_can_be_started_again() {
    let uri = "file:///w/main.bicep";
    for _ in 0..3 {
        let mut program = Program::start(&["server"]);
        program.initialize();
        program.send(&opened(uri, "param name =\n"));
        assert_eq!(published(&mut program, uri)[0]["code"], "syntax-error");
        // Killed while it has something to do: nothing of it is left that could be in the way of the next one.
        program.send(&opened("file:///w/other.bicep", &"param name =\n".repeat(10_000)));
        let params = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 7 } });
        program.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "textDocument/hover", "params": params }));
        program.0.kill().unwrap();
        assert_eq!(program.code(), None, "by the signal");
    }
}

#[test]
fn a_client_that_never_reads_is_left_in_the_end() {
    let mut program = Program::start(&["server"]);
    program.initialize();
    // Ten times as much to say as a pipe holds.
    let text = "param name =\n".repeat(50);
    for number in 0..100 {
        program.send(&opened(&format!("file:///w/{number}.bicep"), &text));
    }
    drop(program.0.stdin.take());
    let start = std::time::Instant::now();
    assert_eq!(program.code(), Some(1));
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_documents_can_be_open() {
    const COUNT: usize = 10_000;
    let mut program = Program::start(&["server"]);
    program.initialize();
    let text = "param name string = 'value'\nparam other =\n";
    for number in 0..COUNT {
        let uri = format!("file:///w/{number}.bicep");
        program.send(&opened(&uri, text));
        // As an editor that reads while it writes.
        assert_eq!(published(&mut program, &uri)[0]["code"], "syntax-error");
    }
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", program.0.id())).unwrap();
    let resident = statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096;
    assert!(resident / COUNT < 20 << 10, "{resident} bytes for {COUNT} documents of {} bytes", text.len());
    program.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }));
    while program.receive().get("id") != Some(&json!(2)) {}
    program.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
    assert_eq!(program.code(), Some(0));
}
