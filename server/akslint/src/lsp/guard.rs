//! Stands before the service and makes loud what `tower-lsp` swallows: malformed notifications, messages that come
//! before `initialize` is answered, panics.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use lsp_types::notification::{
    Cancel, DidChangeConfiguration, DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders,
    DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument, Initialized, Notification,
};
use lsp_types::{LSPAny, Uri};
use serde::Deserialize;
use serde_json::Value;
use tower::Service;
use tower_lsp::jsonrpc::{Error, ErrorCode, Request, Response};
use tower_lsp::{ExitedError, LspService};

use super::backend::Backend;
use super::frames::{UNREADABLE, Unreadable};
use super::session::Session;
use super::uri;

/// The service with the guard before it.
pub(super) struct Guard {
    inner: LspService<Backend>,
    session: Arc<Session>,
    gate: Arc<Gate>,
}

type Answer = Result<Option<Response>, ExitedError>;
type Handler = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Guard {
    pub(super) fn new(inner: LspService<Backend>) -> Self {
        let session = inner.inner().session().clone();
        Self { inner, session, gate: Arc::default() }
    }
}

impl Service<Request> for Guard {
    type Response = Option<Response>;
    type Error = ExitedError;
    type Future = Handler;

    /// Not ready while `initialize` or `shutdown` is being answered. What the client writes right behind them waits; the
    /// service would drop a `didOpen` that comes too early, and an `exit` would cancel the `shutdown` before it.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ExitedError>> {
        if self.gate.is_closed(context) { Poll::Pending } else { self.inner.poll_ready(context) }
    }

    fn call(&mut self, request: Request) -> Handler {
        let (method, id, params) = request.into_parts();
        let mut params = params;
        if let Some(params) = &mut params {
            uri::repair(params);
            if method == "initialize" {
                rename_capability(params);
            }
        }
        if method == UNREADABLE {
            return Box::pin(std::future::ready(Ok(params.and_then(unreadable))));
        }
        if id.is_none()
            && let Some(problem) = self.problem_of_notification(&method, params.as_ref())
        {
            tracing::error!(method = &*method, problem, "malformed notification");
            // Not here: the messages before this one have not had their effect yet.
            let session = self.session.clone();
            return Box::pin(async move {
                lose_track(&session, &method, params.as_ref(), &problem);
                Ok(None)
            });
        }
        if method == "exit" {
            self.session.exited();
        }
        let opening = matches!(&*method, "initialize" | "shutdown").then(|| self.gate.close());
        let mut builder = Request::build(method.clone());
        if let Some(params) = params {
            builder = builder.params(params);
        }
        if let Some(id) = id.clone() {
            builder = builder.id(id);
        }
        let handler = self.inner.call(builder.finish());
        Box::pin(CatchPanic {
            handler,
            recover: move |panic: Box<dyn Any + Send>| {
                tracing::error!(%method, panic = panic_message(&*panic), "a handler panicked");
                Ok(id.clone().map(|id| Response::from_error(id, Error::internal_error())))
            },
            opening,
        })
    }
}

impl Guard {
    fn problem_of_notification(&self, method: &str, params: Option<&LSPAny>) -> Option<String> {
        if !self.session.is_initialized() && method != "exit" {
            tracing::error!(method, "a notification before `initialize` is ignored");
            return None;
        }
        let params = params.unwrap_or(&Value::Null);
        match method {
            DidOpenTextDocument::METHOD => problem::<DidOpenTextDocument>(params),
            DidChangeTextDocument::METHOD => problem::<DidChangeTextDocument>(params),
            DidCloseTextDocument::METHOD => problem::<DidCloseTextDocument>(params),
            DidSaveTextDocument::METHOD => problem::<DidSaveTextDocument>(params),
            DidChangeConfiguration::METHOD => problem::<DidChangeConfiguration>(params),
            DidChangeWatchedFiles::METHOD => problem::<DidChangeWatchedFiles>(params),
            DidChangeWorkspaceFolders::METHOD => problem::<DidChangeWorkspaceFolders>(params),
            Initialized::METHOD => problem::<Initialized>(params),
            Cancel::METHOD => problem::<Cancel>(params),
            _ => None,
        }
    }
}

/// After a lost notification about a document, the document is not what the client sees any more.
fn lose_track(session: &Arc<Session>, method: &str, params: Option<&LSPAny>, problem: &str) {
    if matches!(method, DidOpenTextDocument::METHOD | DidChangeTextDocument::METHOD | DidCloseTextDocument::METHOD) {
        let uri = params.and_then(|params| params.pointer("/textDocument/uri")).and_then(Value::as_str);
        if let Some(uri) = uri.and_then(|uri| uri.parse::<Uri>().ok()) {
            session.lose_track(&uri, &format!("`{method}` cannot be read: {problem}"));
        }
    }
}

fn problem<N: Notification>(params: &Value) -> Option<String> {
    N::Params::deserialize(params).err().map(|error| error.to_string())
}

fn unreadable(params: LSPAny) -> Option<Response> {
    let Unreadable { code, message, id } = serde_json::from_value(params).ok()?;
    Some(Response::from_error(id, Error { code: ErrorCode::from(code), message: message.into(), data: None }))
}

/// The protocol says `workspace.diagnostics`, the types read `workspace.diagnostic`.
fn rename_capability(params: &mut LSPAny) {
    if let Some(Value::Object(workspace)) = params.pointer_mut("/capabilities/workspace")
        && let Some(diagnostics) = workspace.get("diagnostics").cloned()
    {
        workspace.insert("diagnostic".to_owned(), diagnostics);
    }
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}

/// Closed while `initialize` or `shutdown` is being answered.
#[derive(Default)]
struct Gate(Mutex<(bool, Option<Waker>)>);

impl Gate {
    fn close(self: &Arc<Self>) -> Opening {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = true;
        Opening(self.clone())
    }

    fn is_closed(&self, context: &Context<'_>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 {
            state.1 = Some(context.waker().clone());
        }
        state.0
    }
}

/// Opens the gate when it is dropped: with the handler, however that ends.
struct Opening(Arc<Gate>);

impl Drop for Opening {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = false;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }
}

/// A handler whose panic is an answer instead of the end of the server.
struct CatchPanic<F> {
    handler: Handler,
    recover: F,
    opening: Option<Opening>,
}

impl<F> Future for CatchPanic<F>
where
    F: Fn(Box<dyn Any + Send>) -> Answer + Unpin,
{
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let this = &mut *self;
        let answer = match catch_unwind(AssertUnwindSafe(|| this.handler.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => answer,
            Err(panic) => (this.recover)(panic),
        };
        this.opening = None;
        Poll::Ready(answer)
    }
}
