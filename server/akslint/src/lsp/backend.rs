//! The handlers: what arrives becomes a call of [`Session`], or work on a snapshot.

use std::panic::resume_unwind;
use std::sync::Arc;

use lsp_types::{
    CodeAction, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, CompletionItem, CompletionParams,
    CompletionResponse, DidChangeConfigurationParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult, DocumentHighlight,
    DocumentHighlightParams, DocumentLink, DocumentLinkParams, DocumentSymbolParams, DocumentSymbolResponse,
    ExecuteCommandParams, FoldingRange, FoldingRangeParams, FullDocumentDiagnosticReport, GotoDefinitionParams,
    GotoDefinitionResponse, Hover, HoverParams, InitializeParams, InitializeResult, InitializedParams, InlayHint,
    InlayHintParams, LSPAny, Location, OneOf, PrepareRenameResponse, ReferenceParams,
    RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport, RenameParams, SelectionRange,
    SelectionRangeParams, SemanticTokensParams, SemanticTokensRangeParams, SemanticTokensRangeResult,
    SemanticTokensResult, ServerInfo, SignatureHelp, SignatureHelpParams, SymbolInformation,
    TextDocumentPositionParams, UnchangedDocumentDiagnosticReport, Uri, WorkspaceDiagnosticParams,
    WorkspaceDiagnosticReportResult, WorkspaceEdit, WorkspaceSymbol, WorkspaceSymbolParams,
};
use tower_lsp::LanguageServer;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};

use super::analyse::{Analysis, Cancel, CancelOnDrop, Surroundings, findings, note_references};
use super::capabilities::{self, CHECK_WORKSPACE};
use super::documents::Document;
use super::publish::digest;
use super::session::Session;
use super::{actions, answers, sweep};

/// The face of a [`Session`] towards `tower-lsp`.
pub(super) struct Backend {
    session: Arc<Session>,
}

/// A document as it was when a request arrived, and what is needed to answer.
pub(super) struct Snapshot {
    pub(super) session: Arc<Session>,
    pub(super) document: Arc<Document>,
    pub(super) cancel: Cancel,
}

impl Snapshot {
    /// The document and the files around it; `None` if it is no template, or not to be trusted. Nothing is checked: this
    /// is for answers between two key presses.
    pub(super) fn surroundings(&self) -> Option<Arc<Surroundings>> {
        if self.document.lost.is_some() {
            return None;
        }
        Surroundings::of(&self.session, &self.document)
    }

    /// The same with every file of the workspace that names something in the document, open or not.
    pub(super) fn widest_surroundings(&self) -> Option<Arc<Surroundings>> {
        if self.document.lost.is_some() {
            return None;
        }
        let around = Surroundings::widest(&self.session, &self.document);
        self.session.tidy();
        around
    }

    /// What there is to know about the document; `None` if it is no template, or not to be trusted.
    pub(super) fn analysis(&self) -> Option<Arc<Analysis>> {
        if self.document.lost.is_some() {
            return None;
        }
        Analysis::of(&self.session, &self.document, &self.cancel)
    }
}

impl Backend {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Answers a request about a document: `work` runs on a thread of its own, on the document as it is when this is
    /// called. `None` if the document is not open; an error if the document moved on meanwhile. When the client cancels
    /// the request, this is dropped, and `work` can see that by its `cancel`.
    async fn on_snapshot<T: Send + 'static>(
        &self,
        uri: &Uri,
        work: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let Some(document) = self.session.documents.get(uri) else { return Ok(None) };
        let cancel = Cancel::default();
        let _cancel_on_drop = CancelOnDrop(cancel.clone());
        let snapshot = Snapshot { session: self.session.clone(), document: document.clone(), cancel };
        let answer = match tokio::task::spawn_blocking(move || work(&snapshot)).await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                // The guard makes an answer of it.
                Ok(panic) => resume_unwind(panic),
                Err(_) => return Err(Error::internal_error()),
            },
        };
        if self.session.documents.is_current(&document) { Ok(Some(answer)) } else { Err(Error::content_modified()) }
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let features = self.session.initialize(params);
        Ok(InitializeResult {
            capabilities: capabilities::server(features),
            server_info: Some(ServerInfo {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.session.initialized();
    }

    async fn shutdown(&self) -> Result<()> {
        self.session.shut_down();
        Ok(())
    }

    // ---- state: one call, and nothing is awaited before it

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        self.session.open(params.text_document);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.session.change(&params);
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.session.close(&params.text_document.uri);
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.session.touched_on_disk([&params.text_document.uri].into_iter());
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.session.settings_changed(params.settings);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.session.touched_on_disk(params.changes.iter().map(|change| &change.uri));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.session.folders_changed(&params.event.added, &params.event.removed);
    }

    // ---- requests

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let answer = self
            .on_snapshot(&params.text_document.uri, |snapshot| {
                let (diagnostics, analysis) = findings(&snapshot.session, &snapshot.document, &snapshot.cancel)?;
                note_references(&snapshot.session, &snapshot.document, analysis.as_deref());
                Some(diagnostics)
            })
            .await
            // Clients show nothing after other errors; after this one they ask again.
            .map_err(|error| if error.code == ErrorCode::ContentModified { ask_again() } else { error })?;
        let items = answer.flatten().unwrap_or_default();
        let result_id = format!("{:016x}", digest(&items));
        Ok(DocumentDiagnosticReportResult::Report(if params.previous_result_id.as_ref() == Some(&result_id) {
            DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
                related_documents: None,
                unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
            })
        } else {
            DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
                related_documents: None,
                full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: Some(result_id), items },
            })
        }))
    }

    async fn workspace_diagnostic(&self, params: WorkspaceDiagnosticParams) -> Result<WorkspaceDiagnosticReportResult> {
        sweep::report(&self.session, params).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        if params.command == CHECK_WORKSPACE {
            sweep::publish(&self.session, params.work_done_progress_params.work_done_token).await;
            return Ok(None);
        }
        Err(Error::invalid_params(format!("there is no command `{}`", params.command)))
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let uri = params.text_document.uri.clone();
        let actions = self.on_snapshot(&uri, move |snapshot| actions::offer(snapshot, &params)).await?;
        Ok(actions.flatten())
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let uri = params.text_document_position.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::completion(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn completion_resolve(&self, item: CompletionItem) -> Result<CompletionItem> {
        Ok(answers::documented(&self.session, item))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let uri = params.text_document_position_params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::hover(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn signature_help(&self, params: SignatureHelpParams) -> Result<Option<SignatureHelp>> {
        let uri = params.text_document_position_params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::signature(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        let uri = params.text_document_position_params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::definition(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let uri = params.text_document_position.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::references(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn document_highlight(&self, params: DocumentHighlightParams) -> Result<Option<Vec<DocumentHighlight>>> {
        let uri = params.text_document_position_params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::highlights(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn document_symbol(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::symbols(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn folding_range(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::folds(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn selection_range(&self, params: SelectionRangeParams) -> Result<Option<Vec<SelectionRange>>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::selections(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::links(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::lenses(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::hints(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn semantic_tokens_full(&self, params: SemanticTokensParams) -> Result<Option<SemanticTokensResult>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::tokens(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn semantic_tokens_range(
        &self,
        params: SemanticTokensRangeParams,
    ) -> Result<Option<SemanticTokensRangeResult>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::tokens_in(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn prepare_rename(&self, params: TextDocumentPositionParams) -> Result<Option<PrepareRenameResponse>> {
        let uri = params.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::prepare_rename(snapshot, &params)).await?;
        Ok(answer.flatten())
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let uri = params.text_document_position.text_document.uri.clone();
        let answer = self.on_snapshot(&uri, move |snapshot| answers::rename(snapshot, &params)).await?;
        answer.flatten().transpose().map_err(|error| Error::invalid_params(error.to_string()))
    }

    async fn symbol(
        &self,
        params: WorkspaceSymbolParams,
    ) -> Result<Option<OneOf<Vec<SymbolInformation>, Vec<WorkspaceSymbol>>>> {
        let (session, cancel) = (self.session.clone(), Cancel::default());
        let _cancel_on_drop = CancelOnDrop(cancel.clone());
        let found =
            tokio::task::spawn_blocking(move || answers::workspace_symbols(&session, &params.query, &cancel)).await;
        Ok(found.ok().map(OneOf::Left))
    }

    async fn code_action_resolve(&self, action: CodeAction) -> Result<CodeAction> {
        let Some(uri) = actions::uri_of(&action) else { return Ok(action) };
        let resolved = self.on_snapshot(&uri, move |snapshot| actions::resolve(snapshot, action)).await?;
        resolved.flatten().ok_or_else(Error::content_modified)
    }
}

fn ask_again() -> Error {
    Error {
        code: ErrorCode::ServerError(lsp_types::error_codes::SERVER_CANCELLED),
        message: "the document moved on".into(),
        data: Some(serde_json::json!({ "retriggerRequest": true })),
    }
}
