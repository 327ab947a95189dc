//! The language server: the protocol on one side, snapshots of documents on the other.
//!
//! - [`frames`] reads stdin and survives what cannot be read, [`stdio`] writes to stdout; [`guard`] makes loud what would be lost in silence; [`outgoing`]
//!   keeps in order what leaves.
//! - [`backend`] has the handlers. Those that change state call one plain function of [`session`] and await nothing;
//!   those that answer work on a snapshot, on another thread.
//! - [`answers`] asks crate `ide` about a snapshot and words its answers for the client.
//! - [`documents`] has the snapshots, [`analyse`] makes diagnostics of them, [`publish`] is the only way out for these.
//! - [`index`] knows the files that are not open, [`sweep`] looks at all of them when somebody asks for it.

mod actions;
mod analyse;
mod answers;
mod backend;
mod capabilities;
mod configuration;
mod documents;
mod frames;
mod from_proto;
mod guard;
mod index;
mod outgoing;
mod publish;
mod session;
mod stdio;
mod sweep;
mod to_proto;
mod uri;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tower_lsp::{LspService, Server};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use analyse::Check;

/// Serves one client on stdin and stdout until it leaves. The exit code is the one the protocol wants: 0 after
/// `shutdown` and `exit`, 1 otherwise.
pub fn run() -> ExitCode {
    // stdout belongs to the protocol.
    let wanted = std::env::var("AKSLINT_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let _ = tracing_subscriber::registry().with(to_stderr).with(filter).try_init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    let writer = match stdio::stdout() {
        Ok(writer) => writer,
        Err(error) => {
            tracing::error!(%error, "cannot write to stdout");
            return ExitCode::FAILURE;
        }
    };
    // On one of the threads that do the work: what a message makes necessary is begun without waking another one.
    let served = runtime.spawn(serve(tokio::io::stdin(), writer, Arc::new(analyse::check)));
    let ended_well = runtime.block_on(served).unwrap_or_else(|error| {
        tracing::error!(%error, "the server broke off");
        false
    });
    // The thread that reads stdin may be waiting for a client that keeps it open.
    runtime.shutdown_background();
    if ended_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Serves one client; `check` looks at templates. Returns whether the client said `shutdown` and then `exit`.
pub async fn serve(reader: impl AsyncRead + Unpin, writer: impl AsyncWrite + Send, check: Arc<Check>) -> bool {
    /// How long answers may take to leave after the last message came.
    const GRACE: Duration = Duration::from_secs(5);
    /// Enough that there is always a place for the message that cancels another one; handlers only wait.
    const HANDLERS: usize = 64;

    let (service, socket) =
        LspService::new(|client| backend::Backend::new(session::Session::new(client, check.clone())));
    let session = service.inner().session().clone();
    let (checked, pumped) = tokio::io::duplex(1 << 16);
    let reading = async {
        // After `exit`, reading is broken off where it stands.
        if let Err(error) = frames::pump(reader, pumped).await
            && !session.has_exited()
        {
            tracing::error!(%error, "stdin ended in the middle of a message");
        }
        tokio::time::sleep(GRACE).await;
    };
    let outgoing = outgoing::Outgoing { socket, departures: session.departures.clone() };
    let served = Server::new(checked, writer, outgoing).concurrency_level(HANDLERS).serve(guard::Guard::new(service));
    // Both on one thread: a message is handed over without waking another one.
    tokio::select! {
        () = served => {}
        () = reading => tracing::error!("the client went away and reads no answers"),
    }
    session.ended_well()
}
