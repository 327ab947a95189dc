//! What the client can do, and what we say we can do.

use lsp_types::{
    ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CodeLensOptions,
    CompletionOptions, DiagnosticOptions, DiagnosticServerCapabilities, DocumentLinkOptions, ExecuteCommandOptions,
    FoldingRangeProviderCapability, HoverProviderCapability, MarkupKind, OneOf, PositionEncodingKind, RenameOptions,
    SaveOptions, SelectionRangeProviderCapability, SemanticTokenType, SemanticTokensFullOptions, SemanticTokensLegend,
    SemanticTokensOptions, SemanticTokensServerCapabilities, ServerCapabilities, SignatureHelpOptions,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkDoneProgressOptions, WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use syntax::Encoding;

/// Fixes everything that can be fixed safely.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.akslint");
/// The command that looks at all files of the workspace.
pub(super) const CHECK_WORKSPACE: &str = "akslint.checkWorkspace";

/// What the client announced, as far as it changes what we do.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an announcement of its own")]
pub(super) struct Features {
    /// What columns count.
    pub(super) encoding: Encoding,
    /// Diagnostics are asked for; else they are sent unasked. Never both: editors show both.
    pub(super) pull: bool,
    /// The client can be told to ask again.
    pub(super) refresh: bool,
    /// Settings can be asked for.
    pub(super) configuration: bool,
    /// Changes of settings can be subscribed to.
    pub(super) watch_configuration: bool,
    /// Changes of files can be subscribed to.
    pub(super) watch_files: bool,
    /// Edits may name the version they are for.
    pub(super) document_changes: bool,
    /// Code actions may be more than commands.
    pub(super) code_actions: bool,
    /// Of several code actions, one may be marked.
    pub(super) preferred: bool,
    /// The edit of a code action may be handed in later.
    pub(super) resolve_edit: bool,
    /// Diagnostics may point to other places.
    pub(super) related: bool,
    /// Diagnostics may be faded and struck out.
    pub(super) tags: bool,
    /// The code of a diagnostic may be a link.
    pub(super) code_description: bool,
    /// Diagnostics may carry data.
    pub(super) data: bool,
    /// Progress can be shown that the client did not ask for.
    pub(super) progress: bool,
    /// Completions may have places to fill in.
    pub(super) snippets: bool,
    /// The documentation of a completion may be handed in later.
    pub(super) resolve_documentation: bool,
    /// Completions may say how their lines are indented.
    pub(super) insert_mode: bool,
    /// Documentation may be Markdown.
    pub(super) markdown: bool,
    /// Symbols may have children.
    pub(super) symbol_tree: bool,
}

impl Features {
    pub(super) fn of(client: &ClientCapabilities) -> Self {
        let document = client.text_document.as_ref();
        let workspace = client.workspace.as_ref();
        let actions = document.and_then(|document| document.code_action.as_ref());
        let publish = document.and_then(|document| document.publish_diagnostics.as_ref());
        let item = document.and_then(|document| document.completion.as_ref()?.completion_item.as_ref());
        let yes = |flag: Option<bool>| flag == Some(true);
        Self {
            encoding: encoding(client),
            pull: document.is_some_and(|document| document.diagnostic.is_some()),
            refresh: yes(workspace.and_then(|it| it.diagnostic.as_ref()).and_then(|it| it.refresh_support)),
            configuration: yes(workspace.and_then(|it| it.configuration)),
            watch_configuration: yes(workspace
                .and_then(|it| it.did_change_configuration)
                .and_then(|it| it.dynamic_registration)),
            watch_files: yes(workspace
                .and_then(|it| it.did_change_watched_files)
                .and_then(|it| it.dynamic_registration)),
            document_changes: yes(workspace
                .and_then(|it| it.workspace_edit.as_ref())
                .and_then(|it| it.document_changes)),
            code_actions: actions.is_some_and(|actions| actions.code_action_literal_support.is_some()),
            preferred: yes(actions.and_then(|actions| actions.is_preferred_support)),
            resolve_edit: yes(actions.and_then(|actions| actions.data_support))
                && actions
                    .and_then(|actions| actions.resolve_support.as_ref())
                    .is_some_and(|resolve| resolve.properties.iter().any(|property| property == "edit")),
            related: yes(publish.and_then(|publish| publish.related_information)),
            tags: publish.is_some_and(|publish| publish.tag_support.is_some()),
            code_description: yes(publish.and_then(|publish| publish.code_description_support)),
            data: yes(publish.and_then(|publish| publish.data_support)),
            snippets: yes(item.and_then(|item| item.snippet_support)),
            resolve_documentation: item
                .and_then(|item| item.resolve_support.as_ref())
                .is_some_and(|resolve| resolve.properties.iter().any(|property| property == "documentation")),
            insert_mode: item.is_some_and(|item| item.insert_text_mode_support.is_some()),
            markdown: document
                .and_then(|document| document.hover.as_ref()?.content_format.as_ref())
                .is_none_or(|formats| formats.contains(&MarkupKind::Markdown)),
            symbol_tree: yes(
                document.and_then(|document| document.document_symbol.as_ref()?.hierarchical_document_symbol_support)
            ),
            progress: yes(client.window.as_ref().and_then(|window| window.work_done_progress)),
        }
    }
}

/// Bytes where the client knows them; it named its encodings in the order it likes them, but converting is our work
/// either way. Without a word, UTF-16.
fn encoding(client: &ClientCapabilities) -> Encoding {
    let offered = client.general.as_ref().and_then(|general| general.position_encodings.as_deref()).unwrap_or_default();
    if offered.contains(&PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if offered.contains(&PositionEncodingKind::UTF16) || !offered.contains(&PositionEncodingKind::UTF32) {
        Encoding::Utf16
    } else {
        Encoding::Utf32
    }
}

/// What we announce to a client with these features.
pub(super) fn server(features: &Features) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match features.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            // With full texts, the client library of VS Code holds changes back for a quarter of a second.
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        diagnostic_provider: features.pull.then(|| {
            DiagnosticServerCapabilities::Options(DiagnosticOptions {
                identifier: Some("akslint".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: true,
                work_done_progress_options: WorkDoneProgressOptions::default(),
            })
        }),
        code_action_provider: features.code_actions.then(|| {
            CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::REFACTOR_REWRITE, FIX_ALL]),
                resolve_provider: features.resolve_edit.then_some(true),
                work_done_progress_options: WorkDoneProgressOptions::default(),
            })
        }),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(ide::TRIGGERS.map(str::to_owned).to_vec()),
            resolve_provider: features.resolve_documentation.then_some(true),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        signature_help_provider: Some(SignatureHelpOptions {
            trigger_characters: Some(ide::SIGNATURE_TRIGGERS.map(str::to_owned).to_vec()),
            ..SignatureHelpOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        selection_range_provider: Some(SelectionRangeProviderCapability::Simple(true)),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: None,
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: None }),
        inlay_hint_provider: Some(OneOf::Left(true)),
        semantic_tokens_provider: Some(SemanticTokensServerCapabilities::SemanticTokensOptions(
            SemanticTokensOptions {
                legend: SemanticTokensLegend {
                    token_types: ide::TokenType::ALL.map(|kind| SemanticTokenType::new(kind.name())).to_vec(),
                    token_modifiers: Vec::new(),
                },
                range: Some(true),
                full: Some(SemanticTokensFullOptions::Bool(true)),
                work_done_progress_options: WorkDoneProgressOptions::default(),
            },
        )),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![CHECK_WORKSPACE.to_owned()],
            work_done_progress_options: WorkDoneProgressOptions { work_done_progress: Some(true) },
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn features(capabilities: serde_json::Value) -> Features {
        Features::of(&serde_json::from_value(capabilities).unwrap())
    }

    #[test]
    fn columns_count_bytes_where_the_client_can() {
        let of = |offered: &[&str]| features(json!({ "general": { "positionEncodings": offered } })).encoding;
        assert_eq!(of(&["utf-16", "utf-8"]), Encoding::Utf8);
        assert_eq!(of(&["utf-32", "utf-16"]), Encoding::Utf16);
        assert_eq!(of(&["utf-32"]), Encoding::Utf32);
        assert_eq!(of(&[]), Encoding::Utf16);
        assert_eq!(features(json!({})).encoding, Encoding::Utf16);
    }

    #[test]
    fn a_client_that_can_ask_is_not_told() {
        assert!(features(json!({ "textDocument": { "diagnostic": {} } })).pull);
        let push = features(json!({ "textDocument": { "publishDiagnostics": {} } }));
        assert!(!push.pull);
        assert!(server(&push).diagnostic_provider.is_none());
    }
}
