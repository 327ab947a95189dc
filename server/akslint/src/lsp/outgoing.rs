//! What we ask the client: `tower-lsp` writes `"params": null` where there are none, and the protocol wants them left out.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde_json::Value;
use tower_lsp::jsonrpc::Request;
use tower_lsp::{ClientSocket, Loopback};

/// The way to the client.
pub(super) struct Outgoing(pub(super) ClientSocket);

impl Loopback for Outgoing {
    type RequestStream = WithoutNull<<ClientSocket as Loopback>::RequestStream>;
    type ResponseSink = <ClientSocket as Loopback>::ResponseSink;

    fn split(self) -> (Self::RequestStream, Self::ResponseSink) {
        let (requests, responses) = self.0.split();
        (WithoutNull(requests), responses)
    }
}

/// Requests without parameters that are null.
pub(super) struct WithoutNull<S>(S);

impl<S: Stream<Item = Request> + Unpin> Stream for WithoutNull<S> {
    type Item = Request;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Request>> {
        Pin::new(&mut self.0).poll_next(context).map(|request| request.map(without_null))
    }
}

fn without_null(request: Request) -> Request {
    if request.params() != Some(&Value::Null) {
        return request;
    }
    let (method, id, _) = request.into_parts();
    let request = Request::build(method);
    match id {
        Some(id) => request.id(id).finish(),
        None => request.finish(),
    }
}
