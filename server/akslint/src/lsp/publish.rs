//! The one door for diagnostics: everything that is shown unasked goes through this task, in order, and is compared
//! with the document at the moment it is sent.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use lsp_types::{Diagnostic, MessageType, Uri};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;

use super::documents::{Document, Documents};
use super::sweep::InFile;

/// Hands over what the client shall see.
#[derive(Clone, Debug)]
pub(super) struct Publisher(UnboundedSender<Outgoing>);

#[derive(Debug)]
enum Outgoing {
    /// What is wrong with this version of a document.
    Findings(Arc<Document>, Vec<Diagnostic>),
    /// What is wrong with the files that are not open, all of them.
    OnDisk(Vec<InFile>),
    /// The document was closed.
    Closed(Arc<Document>),
    /// To be shown to the person.
    Message(MessageType, String),
}

impl Publisher {
    /// Starts the task; it ends when all publishers are gone.
    pub(super) fn start(client: Client, documents: Arc<Documents>) -> Self {
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(deliver(client, documents, receiver));
        Self(sender)
    }

    pub(super) fn findings(&self, document: Arc<Document>, diagnostics: Vec<Diagnostic>) {
        self.send(Outgoing::Findings(document, diagnostics));
    }

    pub(super) fn on_disk(&self, files: Vec<InFile>) {
        self.send(Outgoing::OnDisk(files));
    }

    pub(super) fn closed(&self, document: Arc<Document>) {
        self.send(Outgoing::Closed(document));
    }

    pub(super) fn message(&self, kind: MessageType, message: String) {
        self.send(Outgoing::Message(kind, message));
    }

    fn send(&self, outgoing: Outgoing) {
        // The receiver is gone only after the client is.
        let _ = self.0.send(outgoing);
    }
}

/// What the client has on its screen for one document.
struct Shown {
    /// Opening and version; `None` for a file that is not open.
    of: Option<(u64, i32)>,
    digest: u64,
    empty: bool,
}

async fn deliver(client: Client, documents: Arc<Documents>, mut receiver: UnboundedReceiver<Outgoing>) {
    let mut screen: HashMap<Uri, Shown> = HashMap::new();
    while let Some(outgoing) = receiver.recv().await {
        match outgoing {
            Outgoing::Findings(document, diagnostics) => {
                if !documents.is_current(&document) {
                    continue;
                }
                let before = screen.get(&document.uri);
                // Other JSON shows nothing, and nothing is said about it, unless it was a template a moment ago.
                if diagnostics.is_empty() && before.is_none_or(|shown| shown.empty) && !document.is_template() {
                    continue;
                }
                let now = Shown {
                    of: Some((document.opening, document.version)),
                    digest: digest(&diagnostics),
                    empty: diagnostics.is_empty(),
                };
                if before.is_some_and(|shown| shown.of == now.of && shown.digest == now.digest) {
                    continue;
                }
                screen.insert(document.uri.clone(), now);
                publish(&client, document.uri.clone(), diagnostics, Some(document.version)).await;
            }
            Outgoing::OnDisk(files) => {
                let mut gone: BTreeSet<Uri> =
                    screen.iter().filter(|(_, it)| it.of.is_none()).map(|it| it.0.clone()).collect();
                for InFile { uri, diagnostics, .. } in files {
                    let now = Shown { of: None, digest: digest(&diagnostics), empty: diagnostics.is_empty() };
                    if documents.get(&uri).is_some() || now.empty {
                        continue;
                    }
                    gone.remove(&uri);
                    if screen.get(&uri).is_some_and(|before| before.of.is_none() && before.digest == now.digest) {
                        continue;
                    }
                    screen.insert(uri.clone(), now);
                    publish(&client, uri, diagnostics, None).await;
                }
                for uri in gone {
                    screen.remove(&uri);
                    publish(&client, uri, Vec::new(), None).await;
                }
            }
            Outgoing::Closed(document) => {
                let shown = screen.remove(&document.uri);
                if shown.is_some_and(|shown| !shown.empty) {
                    publish(&client, document.uri.clone(), Vec::new(), None).await;
                }
            }
            Outgoing::Message(kind, message) => client.show_message(kind, message).await,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
async fn publish(client: &Client, uri: Uri, diagnostics: Vec<Diagnostic>, version: Option<i32>) {
    client.publish_diagnostics(uri, diagnostics, version).await;
}

/// Equal for equal diagnostics, in this process.
pub(super) fn digest(diagnostics: &[Diagnostic]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for diagnostic in diagnostics {
        // Unlike the type itself, its JSON can be hashed.
        serde_json::to_string(diagnostic).unwrap_or_default().hash(&mut hasher);
    }
    diagnostics.len().hash(&mut hasher);
    hasher.finish()
}
