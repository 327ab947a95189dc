//! The way to the client of what we say unasked.
//!
//! `tower-lsp` writes `"params": null` where there are none, and the protocol wants them left out. And it lets an answer
//! overtake the notifications that were sent before it, so what belongs to a request waits for [`Departures`].

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::Stream;
use lsp_types::notification::Notification;
use serde_json::Value;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::Request;
use tower_lsp::{Client, ClientSocket, Loopback};

use super::analyse::lock;

/// The way to the client, and who waits on it.
pub(super) struct Outgoing {
    pub(super) socket: ClientSocket,
    pub(super) departures: Arc<Departures>,
}

impl Loopback for Outgoing {
    type RequestStream = Departing<<ClientSocket as Loopback>::RequestStream>;
    type ResponseSink = <ClientSocket as Loopback>::ResponseSink;

    fn split(self) -> (Self::RequestStream, Self::ResponseSink) {
        let (requests, responses) = self.socket.split();
        (Departing { requests, departures: self.departures }, responses)
    }
}

/// Tells when what was sent has left: an answer given after that arrives after it.
#[derive(Default)]
pub(super) struct Departures {
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<()>>>,
}

impl Departures {
    /// Returns when everything sent to the client before has left. A mark goes the same way behind it, and is taken off at
    /// the end.
    pub(super) async fn wait(&self, client: &Client) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        lock(&self.waiting).insert(number, tell);
        client.send_notification::<Mark>(number).await;
        // The other end is dropped only with the whole session.
        let _ = told.await;
    }

    fn arrived(&self, mark: &Request) {
        let number = mark.params().and_then(Value::as_u64);
        if let Some(tell) = number.and_then(|number| lock(&self.waiting).remove(&number)) {
            // Who waited may have been cancelled.
            let _ = tell.send(());
        }
    }
}

/// Never written: it ends where messages leave.
enum Mark {}

impl Notification for Mark {
    type Params = u64;
    const METHOD: &'static str = "$/akslint/mark";
}

/// Requests and notifications on their way out, without marks and without parameters that are null.
pub(super) struct Departing<S> {
    requests: S,
    departures: Arc<Departures>,
}

impl<S: Stream<Item = Request> + Unpin> Stream for Departing<S> {
    type Item = Request;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Request>> {
        loop {
            match Pin::new(&mut self.requests).poll_next(context) {
                Poll::Ready(Some(mark)) if mark.method() == Mark::METHOD => self.departures.arrived(&mark),
                polled => return polled.map(|request| request.map(without_null)),
            }
        }
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    /// What was sent, in order.
    struct Sent(VecDeque<Request>);

    impl Stream for Sent {
        type Item = Request;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Request>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    #[test]
    fn a_mark_arrives_behind_what_was_sent_before_and_is_never_written() {
        let departures = Arc::new(Departures::default());
        let (tell, mut told) = oneshot::channel();
        lock(&departures.waiting).insert(7, tell);
        let word = |text: &'static str| Request::build("$/progress").params(Value::from(text)).finish();
        let mark = Request::build(Mark::METHOD).params(Value::from(7)).finish();
        let requests = Sent([word("end"), mark, word("later")].into());
        let mut departing = Departing { requests, departures };
        let mut next = || Pin::new(&mut departing).poll_next(&mut Context::from_waker(Waker::noop()));

        assert_eq!(next(), Poll::Ready(Some(word("end"))));
        assert!(told.try_recv().is_err(), "what was sent before is only now on its way");
        assert_eq!(next(), Poll::Ready(Some(word("later"))));
        assert!(told.try_recv().is_ok());
        assert_eq!(next(), Poll::Ready(None));
    }
}
