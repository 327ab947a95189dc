//! The state of one client's session. Every change of it is a plain function: it cannot be suspended, so changes happen
//! in the order in which the messages came.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use lsp_types::notification::{DidChangeConfiguration, DidChangeWatchedFiles, Notification};
use lsp_types::{
    ConfigurationItem, DidChangeTextDocumentParams, DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher,
    GlobPattern, InitializeParams, MessageType, Registration, TextDocumentItem, Uri, WorkspaceFolder,
};
use serde_json::Value;
use template::workspace::SourceFile;
use tokio::sync::Notify;
use tower_lsp::Client;

use super::analyse::{Cancel, Check, Disk, Edges, Origin, Runs, lock};
use super::answers::Pages;
use super::capabilities::Features;
use super::configuration::SessionSettings;
use super::documents::{Document, Documents};
use super::index::{Index, Referring};
use super::outgoing::Departures;
use super::publish::Publisher;
use super::sweep::Swept;
use super::uri;
use crate::config::{FILE_NAME, FileSettings};

/// How long the client may take to tell its settings.
const PATIENCE: Duration = Duration::from_secs(10);

/// The registration for changes of files.
const FILES: &str = "akslint-files";
/// The files that we read: templates, what they load, and what carries scripts.
const WATCHED: &str =
    "**/*.{bicep,bicepparam,json,jsonc,json5,arm,template,yaml,yml,txt,sh,bash,azcli,ps1,cmd,bat,md,markdown}";

/// One client and what it told us.
pub(super) struct Session {
    /// Open documents.
    pub(super) documents: Arc<Documents>,
    /// What leaves unasked.
    pub(super) publisher: Publisher,
    /// Analyses under way.
    pub(super) runs: Runs,
    /// Which document depends on which file.
    pub(super) edges: Edges,
    /// Files that are not open.
    pub(super) index: Index,
    /// What was found in them, for a client that asks again.
    pub(super) swept: Swept,
    /// Whether the client agreed to tell when files on disk change. Announcing that it can is not enough.
    is_told_of_changes: AtomicBool,
    /// Whether a client that does not ask for all files has had them looked at.
    pub(super) is_swept: AtomicBool,
    /// The documentation of what was offered last.
    pub(super) pages: Pages,
    /// What looks at files.
    pub(super) check: Arc<Check>,
    /// Told whenever a file on disk or a setting changed.
    pub(super) files_changed: Notify,
    /// Told when what was sent has left.
    pub(super) departures: Arc<Departures>,
    client: Client,
    features: OnceLock<Features>,
    disk: Disk,
    settings: SessionSettings,
    folders: Mutex<Vec<PathBuf>>,
    complaints: Mutex<HashSet<String>>,
    shutdown: AtomicBool,
    exit: AtomicBool,
}

// ---- life

impl Session {
    /// Needs the runtime: the publisher starts.
    pub(super) fn new(client: Client, check: Arc<Check>) -> Arc<Self> {
        let documents = Arc::<Documents>::default();
        Arc::new(Self {
            publisher: Publisher::start(client.clone(), documents.clone()),
            documents,
            runs: Runs::default(),
            edges: Edges::default(),
            index: Index::default(),
            swept: Swept::default(),
            is_told_of_changes: AtomicBool::new(false),
            is_swept: AtomicBool::new(false),
            pages: Pages::default(),
            check,
            files_changed: Notify::new(),
            departures: Arc::default(),
            client,
            features: OnceLock::new(),
            disk: Disk::default(),
            settings: SessionSettings::default(),
            folders: Mutex::default(),
            complaints: Mutex::default(),
            shutdown: AtomicBool::new(false),
            exit: AtomicBool::new(false),
        })
    }

    /// Takes in what the client says about itself.
    pub(super) fn initialize(&self, params: InitializeParams) -> &Features {
        #[expect(deprecated, reason = "clients without workspace folders have a root only")]
        let root = params.root_uri.as_ref().and_then(uri::to_path);
        let folders = params.workspace_folders.unwrap_or_default();
        let mut folders: Vec<_> = folders.iter().filter_map(|folder| uri::to_path(&folder.uri)).collect();
        if folders.is_empty() {
            folders.extend(root);
        }
        self.settings.set_folder(folders.first().cloned());
        *lock(&self.folders) = folders;
        let features = self.features.get_or_init(|| Features::of(&params.capabilities));
        if let Some(options) = params.initialization_options {
            self.read_settings(options);
        }
        features
    }

    /// The client is ready to be asked.
    pub(super) fn initialized(self: &Arc<Self>) {
        self.subscribe();
        self.pull_settings();
        self.read_workspace();
    }

    pub(super) fn is_initialized(&self) -> bool {
        self.features.get().is_some()
    }

    /// What the client can do.
    pub(super) fn features(&self) -> &Features {
        static NOTHING: OnceLock<Features> = OnceLock::new();
        self.features.get().unwrap_or_else(|| NOTHING.get_or_init(Features::default))
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns when everything that was sent so far has left. An answer has to wait for what belongs to it: a token of
    /// progress or of partial results is valid until the answer only.
    pub(super) async fn everything_left(&self) {
        self.departures.wait(&self.client).await;
    }

    pub(super) fn shut_down(&self) {
        self.shutdown.store(true, Ordering::Relaxed);
    }

    pub(super) fn exited(&self) {
        self.exit.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_exited(&self) -> bool {
        self.exit.load(Ordering::Relaxed)
    }

    /// Whether the client said goodbye as the protocol wants it: `shutdown`, then `exit`.
    pub(super) fn ended_well(&self) -> bool {
        self.shutdown.load(Ordering::Relaxed) && self.has_exited()
    }
}

// ---- documents

impl Session {
    pub(super) fn open(self: &Arc<Self>, item: TextDocumentItem) {
        if !self.is_told_of_changes() {
            // Nobody tells when a configuration file changes.
            self.settings.reload();
        }
        let document = self.documents.open(item);
        self.touched(&document);
    }

    pub(super) fn change(self: &Arc<Self>, params: &DidChangeTextDocumentParams) {
        let (id, encoding) = (&params.text_document, self.features().encoding);
        match self.documents.change(&id.uri, id.version, &params.content_changes, encoding) {
            Ok(document) => self.touched(&document),
            Err(error) => self.lose_track(&id.uri, &error.to_string()),
        }
    }

    pub(super) fn close(self: &Arc<Self>, uri: &Uri) {
        let Some(document) = self.documents.close(uri) else {
            tracing::error!(uri = uri.as_str(), "closed, but it was not open");
            return;
        };
        if let Some(path) = &document.path {
            self.recheck_neighbours(path);
            self.settings.forget(path);
            self.edges.forget(path);
            self.tidy();
        }
        self.publisher.closed(document);
        self.files_changed.notify_waiters();
    }

    /// The client's text of a document is not ours any more. Said once, in a message and in place of all diagnostics;
    /// then edits are ignored until the document is opened again or comes as a whole.
    pub(super) fn lose_track(self: &Arc<Self>, uri: &Uri, reason: &str) {
        tracing::error!(uri = uri.as_str(), reason, "a document is out of sync");
        if let Some(document) = self.documents.lose_track(uri, reason) {
            let message = format!("akslint lost track of {}; close and open it again", uri.path().as_str());
            self.publisher.message(MessageType::ERROR, message);
            self.touched(&document);
            self.refresh();
        }
    }

    fn touched(self: &Arc<Self>, document: &Arc<Document>) {
        if !self.features().pull {
            Runs::request(self, &document.uri);
            if let Some(path) = &document.path {
                self.recheck_neighbours(path);
            }
        }
    }

    /// Looks again at the open documents that refer to a file and at those it refers to.
    fn recheck_neighbours(self: &Arc<Self>, path: &Path) {
        // A client that pulls knows that files depend on each other.
        if !self.features().pull {
            self.recheck(&self.edges.dependents(path));
            self.recheck(&self.edges.references(path));
        }
    }

    /// Looks again at those files that are open.
    pub(super) fn recheck(self: &Arc<Self>, paths: &[PathBuf]) {
        let open: Vec<_> = paths.iter().filter_map(|path| self.documents.at(path)).collect();
        if self.features().pull && !open.is_empty() {
            self.refresh();
            return;
        }
        for document in open {
            Runs::request(self, &document.uri);
        }
    }

    fn recheck_all(self: &Arc<Self>) {
        if !self.features().pull {
            for document in self.documents.all() {
                Runs::request(self, &document.uri);
            }
        }
        self.refresh();
        self.files_changed.notify_waiters();
    }

    /// Lets a client that pulls diagnostics pull them again.
    fn refresh(&self) {
        if self.features().pull && self.features().refresh {
            let client = self.client.clone();
            tokio::spawn(async move {
                if let Err(error) = client.workspace_diagnostic_refresh().await {
                    tracing::warn!(%error, "the client refuses to refresh diagnostics");
                }
            });
        }
    }
}

// ---- files

impl Session {
    /// The file at that path, as in the editor if it is open there, with the editor's name for it.
    pub(super) fn file_at(&self, path: &Path) -> Option<(Origin, Arc<SourceFile>)> {
        if let Some(document) = self.documents.at(path) {
            let origin = Origin { uri: document.uri.clone(), version: document.open_version() };
            return Some((origin, document.referred_to().clone()));
        }
        if !path.is_absolute() {
            return None; // of a document that is in no folder
        }
        Some((Origin { uri: uri::from_path(path)?, version: None }, self.disk.file(path)?))
    }

    /// The files that refer to a file: open ones by what they say now, others by what they say on disk.
    pub(super) fn referring(&self, path: &Path, how: Referring) -> Vec<PathBuf> {
        let open = self.edges.dependents(path).into_iter();
        let mut all: Vec<PathBuf> =
            open.filter(|path| self.documents.at(path).is_some_and(|document| document.lost.is_none())).collect();
        let on_disk = self.index.referring(path, how).into_iter();
        all.extend(on_disk.filter(|path| {
            self.documents.at(path).is_none()
                && !(how == Referring::ByDeploying && self.settings_for(Some(path)).excluded)
        }));
        all
    }

    /// The templates with clusters that a script is likely to work on, open or not.
    pub(super) fn clusters_near(&self, script: &Path) -> Vec<PathBuf> {
        let mut near = self.index.clusters_near(script);
        near.retain(|path| self.documents.at(path).is_none());
        for document in self.documents.all() {
            if let Some(path) = document.path.as_deref().filter(|path| rules::belong_together(script, path))
                && let Some(template) = document.file().and_then(|file| file.template.as_ref())
                && template.cluster_count() > 0
            {
                near.push(path.to_owned());
            }
        }
        near.sort();
        near
    }

    /// Forgets files that no open document has to do with.
    pub(super) fn tidy(&self) {
        let mut needed = HashSet::new();
        for document in self.documents.all() {
            needed.extend(lock(&document.around).iter().flat_map(|around| around.paths().cloned()));
        }
        self.disk.keep(|path| needed.contains(path) || self.edges.is_referred_to(path));
    }

    /// Brings what is known of files that are not open up to date, in the background, and looks again at the documents for
    /// which that matters.
    fn read_workspace(self: &Arc<Self>) {
        self.index.outdate();
        if self.folders().is_empty() {
            return;
        }
        let session = self.clone();
        tokio::task::spawn_blocking(move || {
            let touched = session.index.refresh(&session, false, &Cancel::default());
            session.recheck(&touched.into_iter().collect::<Vec<_>>());
        });
    }

    /// Files changed behind the editor's back.
    pub(super) fn touched_on_disk<'a>(self: &Arc<Self>, uris: impl Iterator<Item = &'a Uri>) {
        let mut settings = false;
        for path in uris.filter_map(uri::to_path) {
            settings |= path.file_name().is_some_and(|name| name == FILE_NAME);
            self.recheck_neighbours(&path);
        }
        if settings {
            self.settings.reload();
            self.recheck_all();
        } else {
            self.refresh();
        }
        self.read_workspace();
        self.files_changed.notify_waiters();
    }

    pub(super) fn folders(&self) -> Vec<PathBuf> {
        lock(&self.folders).clone()
    }

    pub(super) fn folders_changed(self: &Arc<Self>, added: &[WorkspaceFolder], removed: &[WorkspaceFolder]) {
        let paths = |folders: &[WorkspaceFolder]| -> Vec<_> {
            folders.iter().filter_map(|folder| uri::to_path(&folder.uri)).collect()
        };
        let (added, removed) = (paths(added), paths(removed));
        let mut folders = lock(&self.folders);
        folders.retain(|folder| !removed.contains(folder) && !added.contains(folder));
        folders.extend(added);
        self.settings.set_folder(folders.first().cloned());
        drop(folders);
        self.pull_settings();
        self.read_workspace();
        self.files_changed.notify_waiters();
    }
}

// ---- settings

/// The name of our settings among those of an editor.
pub(super) const SECTION: &str = "akslint";

impl Session {
    /// What applies to a file.
    pub(super) fn settings_for(&self, path: Option<&Path>) -> Arc<FileSettings> {
        let (settings, complaint) = self.settings.of(path);
        if let Some(complaint) = complaint {
            self.complain(&complaint);
        }
        settings
    }

    /// The client has other settings now. `None` if it wants to be asked for them.
    pub(super) fn settings_changed(self: &Arc<Self>, settings: Value) {
        if self.features().configuration {
            self.pull_settings();
        } else if self.read_settings(settings) {
            self.recheck_all();
        }
    }

    /// Whether anything is different now.
    fn read_settings(&self, value: Value) -> bool {
        match self.settings.read(value) {
            Ok(changed) => changed,
            Err(error) => {
                self.complain(&format!("{error:#}"));
                false
            }
        }
    }

    /// Tells the person of settings that cannot be used, once.
    fn complain(&self, complaint: &str) {
        tracing::error!(complaint, "settings that cannot be used");
        if lock(&self.complaints).insert(complaint.to_owned()) {
            self.publisher.message(MessageType::ERROR, format!("akslint: {complaint}"));
        }
    }

    fn pull_settings(self: &Arc<Self>) {
        if !self.features().configuration {
            return;
        }
        let session = self.clone();
        tokio::spawn(async move {
            let item = ConfigurationItem { scope_uri: None, section: Some(SECTION.to_owned()) };
            match tokio::time::timeout(PATIENCE, session.client.configuration(vec![item])).await {
                Ok(Ok(mut values)) => {
                    if let Some(value) = values.pop()
                        && session.read_settings(value)
                    {
                        session.recheck_all();
                    }
                }
                Ok(Err(error)) => tracing::warn!(%error, "the client does not tell its settings"),
                Err(_) => tracing::warn!("the client did not tell its settings in time"),
            }
        });
    }

    /// Whether the client tells when files on disk change, so that nobody has to look.
    pub(super) fn is_told_of_changes(&self) -> bool {
        self.is_told_of_changes.load(Ordering::Relaxed)
    }

    /// Asks to be told of changes, as far as the client lets us ask. It may refuse: then changes are seen later.
    fn subscribe(self: &Arc<Self>) {
        let mut registrations = Vec::new();
        if self.features().watch_configuration {
            registrations.push(Registration {
                id: "akslint-configuration".to_owned(),
                method: DidChangeConfiguration::METHOD.to_owned(),
                register_options: Some(serde_json::json!({ "section": SECTION })),
            });
        }
        if self.features().watch_files {
            let watchers = [WATCHED, &format!("**/{FILE_NAME}")]
                .map(|glob| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None });
            let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.to_vec() };
            registrations.push(Registration {
                id: FILES.to_owned(),
                method: DidChangeWatchedFiles::METHOD.to_owned(),
                register_options: serde_json::to_value(options).ok(),
            });
        }
        for registration in registrations {
            // A client that never answers does not keep the session alive.
            let (client, session) = (self.client.clone(), Arc::downgrade(self));
            tokio::spawn(async move {
                let (id, method) = (registration.id.clone(), registration.method.clone());
                if let Err(error) = client.register_capability(vec![registration]).await {
                    tracing::warn!(method, %error, "the client refuses a registration");
                } else if let Some(session) = session.upgrade().filter(|_| id == FILES) {
                    // What changed before it agreed, it does not tell.
                    session.index.outdate();
                    session.is_told_of_changes.store(true, Ordering::Relaxed);
                }
            });
        }
    }
}
