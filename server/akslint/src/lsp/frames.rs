//! What arrives on stdin, made safe for `tower-lsp`: its transport stops for good at the first message that it cannot
//! decode. Here every message is looked at before it goes on; a broken one is replaced by a request that
//! [`guard`](super::guard) answers with the error.

use std::borrow::Cow;
use std::io;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tower_lsp::jsonrpc::{ErrorCode, Id, Response};

/// The method of the request that stands for a message nobody can read. Its parameters are an [`Unreadable`].
pub(super) const UNREADABLE: &str = "akslint/unreadable";

/// A message that could not be read.
#[derive(Debug, Deserialize)]
pub(super) struct Unreadable {
    /// The error code to answer with.
    pub(super) code: i64,
    /// What is wrong with it.
    pub(super) message: String,
    /// The id of the message, if there was one to be found.
    pub(super) id: Id,
}

/// Longest header line; beyond it the stream is not a language client.
const MAX_HEADER: u64 = 8 * 1024;
/// Longest message in bytes.
const MAX_BODY: usize = 1 << 30;

/// Copies messages until the end of `from`, in order. Ends also when nobody reads `to` any more.
pub(super) async fn pump(from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut from = BufReader::with_capacity(64 * 1024, from);
    let mut body = Vec::new();
    while let Some(header) = read_header(&mut from).await? {
        let checked = match header {
            Ok(length) => {
                body.resize(length, 0);
                from.read_exact(&mut body).await?;
                check(&body)
            }
            Err(message) => Err(Unreadable { code: ErrorCode::ParseError.code(), message, id: Id::Null }),
        };
        match checked {
            Ok(Forward::Message) => send(&mut to, &body).await?,
            Ok(Forward::Nothing) => {}
            Err(broken) => {
                tracing::error!(message = broken.message, "unreadable message");
                let stand_in = json!({ "jsonrpc": "2.0", "id": null, "method": UNREADABLE,
                    "params": { "code": broken.code, "message": broken.message, "id": broken.id } });
                send(&mut to, stand_in.to_string().as_bytes()).await?;
            }
        }
        if body.capacity() > 1 << 20 {
            body = Vec::new();
        }
    }
    to.shutdown().await
}

async fn send(to: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> io::Result<()> {
    to.write_all(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes()).await?;
    to.write_all(body).await?;
    to.flush().await
}

/// The length of the next message; an error for a header without one, behind which the next header is searched for.
async fn read_header(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Result<usize, String>>> {
    let mut length = None;
    let mut seen = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut *from).take(MAX_HEADER).read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            match (seen, length.take()) {
                (_, Some(length)) => return Ok(Some(length)),
                (true, None) => return Ok(Some(Err("no Content-Length in the header".to_owned()))),
                // An empty line between messages does no harm.
                (false, None) => {}
            }
            continue;
        }
        seen = true;
        // Behind garbage the name may not be at the start of the line.
        if let Some(at) = text.to_ascii_lowercase().find("content-length:") {
            let value = text[at + "content-length:".len()..].trim();
            length = Some(match value.parse() {
                Ok(length) if length <= MAX_BODY => Ok(length),
                _ => Err(format!("`{value}` is no usable Content-Length")),
            });
        }
    }
}

enum Forward {
    Message,
    Nothing,
}

/// The parts of a message that the transport insists on.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present")]
    method: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
}

/// Tells `null` from nothing at all.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn check(body: &[u8]) -> Result<Forward, Unreadable> {
    let unreadable = |code: ErrorCode, message: String, id: Id| Unreadable { code: code.code(), message, id };
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { ErrorCode::InvalidRequest } else { ErrorCode::ParseError };
        unreadable(code, error.to_string(), Id::Null)
    })?;
    let id = match &envelope.id {
        None | Some(Value::Null) => Some(Id::Null),
        Some(Value::String(text)) => Some(Id::String(text.clone())),
        Some(other) => other.as_i64().map(Id::Number),
    };
    let invalid = |message: &str, id: Id| Err(unreadable(ErrorCode::InvalidRequest, message.to_owned(), id));
    let Some(id) = id else { return invalid("`id` is neither an integer nor a string", Id::Null) };
    if envelope.jsonrpc.as_deref() != Some("2.0") {
        return invalid("`jsonrpc` is not \"2.0\"", id);
    }
    match envelope.method {
        Some(Value::String(_)) => Ok(Forward::Message),
        Some(_) => invalid("`method` is not a string", id),
        // An answer. An error in an answer must not be answered with another.
        None if envelope.id.is_some() => match serde_json::from_slice::<Response>(body) {
            Ok(_) => Ok(Forward::Message),
            Err(error) => {
                tracing::error!(%error, %id, "an answer of the client cannot be read");
                Ok(Forward::Nothing)
            }
        },
        None => invalid("neither a request nor an answer", id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pumped(input: &[u8]) -> Vec<Value> {
        let mut output = Vec::new();
        let _ = pump(input, &mut output).await;
        let mut messages = Vec::new();
        let mut rest = &output[..];
        while let Some(Ok(length)) = read_header(&mut rest).await.unwrap() {
            messages.push(serde_json::from_slice(&rest[..length]).unwrap());
            rest = &rest[length..];
        }
        messages
    }

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn whole_messages_pass_in_order() {
        let (a, b) = (r#"{"jsonrpc":"2.0","method":"a"}"#, r#"{"jsonrpc":"2.0","id":"é","method":"b","params":{}}"#);
        let messages = pumped(format!("{}{}", frame(a), frame(b)).as_bytes()).await;
        assert_eq!(messages, [serde_json::from_str::<Value>(a).unwrap(), serde_json::from_str(b).unwrap()]);
    }

    #[tokio::test]
    async fn a_broken_message_does_not_stop_the_next() {
        for (broken, code) in [
            (frame("{not json"), -32700),
            (frame("[]"), -32600),
            (frame(r#"{"jsonrpc":"1.0","id":4,"method":"x"}"#), -32600),
            (frame(r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#), -32600),
            (frame(r#"{"jsonrpc":"2.0","method":7}"#), -32600),
            (frame(r#"{"jsonrpc":"2.0"}"#), -32600),
            ("Content-Type: x\r\n\r\n".to_owned(), -32700),
            ("Content-Length: many\r\n\r\n".to_owned(), -32700),
        ] {
            let messages = pumped(format!("{broken}{}", frame(r#"{"jsonrpc":"2.0","method":"a"}"#)).as_bytes()).await;
            assert_eq!(messages.len(), 2, "{broken}: {messages:?}");
            assert_eq!(messages[0]["method"], UNREADABLE, "{broken}");
            assert_eq!(messages[0]["params"]["code"], code, "{broken}");
            assert_eq!(messages[1]["method"], "a", "{broken}");
        }
    }

    #[tokio::test]
    async fn headers_are_read_liberally() {
        let body = r#"{"jsonrpc":"2.0","method":"a"}"#;
        let header = format!("\r\ncontent-length:{}\nContent-Type: application/vscode-jsonrpc\r\n\r\n", body.len());
        assert_eq!(pumped(format!("{header}{body}").as_bytes()).await.len(), 1);
    }

    #[tokio::test]
    async fn an_answer_with_members_of_its_own_is_dropped_alone() {
        let odd = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m","more":1}}"#;
        let messages = pumped(format!("{}{}", frame(odd), frame(r#"{"jsonrpc":"2.0","method":"a"}"#)).as_bytes()).await;
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["method"], "a");
    }
}
