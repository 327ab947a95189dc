//! Answers of crate `ide`, worded for the client. Everything is asked of a snapshot; nothing is checked or awaited.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use ide::{Item, Kind, LinkTarget, OccurrenceKind, RenameError, SymbolKind, TokenType, View};
use lsp_types::{
    CodeLens, CodeLensParams, Command, CompletionItem, CompletionItemKind, CompletionItemTag, CompletionList,
    CompletionParams, CompletionResponse, CompletionTextEdit, DocumentHighlight, DocumentHighlightKind,
    DocumentHighlightParams, DocumentLink, DocumentLinkParams, DocumentSymbol, DocumentSymbolParams,
    DocumentSymbolResponse, Documentation, FoldingRange, FoldingRangeKind, FoldingRangeParams, GotoDefinitionParams,
    GotoDefinitionResponse, Hover, HoverContents, HoverParams, InlayHint, InlayHintLabel, InlayHintParams,
    InlayHintTooltip, InsertTextFormat, InsertTextMode, Location, MarkupContent, MarkupKind, ParameterInformation,
    ParameterLabel, PrepareRenameResponse, ReferenceParams, RenameParams, SelectionRange, SelectionRangeParams,
    SemanticToken, SemanticTokens, SemanticTokensParams, SemanticTokensRangeParams, SemanticTokensRangeResult,
    SemanticTokensResult, SignatureHelp, SignatureHelpParams, SignatureInformation, SymbolInformation,
    TextDocumentPositionParams, TextEdit, Uri, WorkspaceEdit,
};
use rules::FileEdit;
use serde::{Deserialize, Serialize};
use syntax::SourceText;
use text_size::{TextRange, TextSize};

use super::actions::by_file;
use super::analyse::{Cancel, Surroundings, lock};
use super::backend::Snapshot;
use super::capabilities::Features;
use super::index::{FlatSymbol, flatten};
use super::session::Session;
use super::{from_proto, to_proto, uri};
use crate::files;

/// So many symbols are enough for any list.
const MOST_SYMBOLS: usize = 512;

/// The document and what is around it, ready to be asked.
struct Asked<'s> {
    features: &'s Features,
    text: &'s SourceText,
    around: Arc<Surroundings>,
}

impl<'s> Asked<'s> {
    fn of(snapshot: &'s Snapshot) -> Option<Self> {
        Some(Self::with(snapshot, snapshot.surroundings()?))
    }

    /// With the files of the workspace that are not open.
    fn everywhere(snapshot: &'s Snapshot) -> Option<Self> {
        snapshot.session.index.refresh(&snapshot.session, false, &snapshot.cancel);
        Some(Self::with(snapshot, snapshot.widest_surroundings()?))
    }

    fn with(snapshot: &'s Snapshot, around: Arc<Surroundings>) -> Self {
        Self { features: snapshot.session.features(), text: &snapshot.document.text, around }
    }

    fn view(&self) -> View<'_> {
        self.around.view()
    }

    fn offset(&self, position: lsp_types::Position) -> Option<TextSize> {
        from_proto::offset(self.text, position, self.features.encoding)
    }

    fn range(&self, range: TextRange) -> lsp_types::Range {
        to_proto::range(self.text, range, self.features.encoding)
    }

    fn location(&self, location: template::workspace::Location) -> Location {
        let text = &self.around.workspace.file(location.file).text;
        let range = to_proto::range(text, location.range, self.features.encoding);
        Location::new(self.around.origin(location.file).uri.clone(), range)
    }

    fn markup(&self, markdown: String) -> MarkupContent {
        markup(self.features, markdown)
    }
}

fn markup(features: &Features, markdown: String) -> MarkupContent {
    let kind = if features.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    MarkupContent { kind, value: markdown }
}

pub(super) fn completion(snapshot: &Snapshot, params: &CompletionParams) -> Option<CompletionResponse> {
    let Some(asked) = Asked::of(snapshot) else { return beginning(snapshot, params) };
    let offset = asked.offset(params.text_document_position.position)?;
    let path = snapshot.document.path.as_deref();
    let mut items = asked.view().completions(offset, &|folder| path.map_or_else(Vec::new, |_| files::listed(folder)));
    let later = asked.features.resolve_documentation.then(|| {
        let pages = items.iter_mut().map(|item| item.documentation.take()).collect();
        snapshot.session.pages.keep(pages)
    });
    let items = items.into_iter().enumerate().map(|(index, item)| {
        let page = later.map(|list| PageOf { list, index });
        let range = |range| asked.range(range);
        let item = completion_item(asked.features, &range, item);
        CompletionItem { data: page.and_then(|page| serde_json::to_value(page).ok()), ..item }
    });
    Some(CompletionResponse::List(CompletionList { is_incomplete: false, items: items.collect() }))
}

/// What can be written in a JSON document that is no template yet.
fn beginning(snapshot: &Snapshot, params: &CompletionParams) -> Option<CompletionResponse> {
    let (document, features) = (&snapshot.document, snapshot.session.features());
    if document.lost.is_some() || !document.is_other_json() {
        return None;
    }
    let offset = from_proto::offset(&document.text, params.text_document_position.position, features.encoding)?;
    let range = |range| to_proto::range(&document.text, range, features.encoding);
    let items = ide::start(document.text.as_str(), offset).into_iter();
    let items: Vec<_> = items.map(|item| completion_item(features, &range, item)).collect();
    (!items.is_empty()).then_some(CompletionResponse::List(CompletionList { is_incomplete: false, items }))
}

/// Hands in the documentation of a completion, if it is of one of the last lists; all else is there already.
pub(super) fn documented(session: &Session, mut item: CompletionItem) -> CompletionItem {
    let page = item.data.clone().and_then(|data| serde_json::from_value(data).ok());
    if let Some(page) = page.and_then(|page| session.pages.find(&page)) {
        item.documentation = Some(Documentation::MarkupContent(markup(session.features(), page)));
    }
    item
}

/// Where the documentation of a completion is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct PageOf {
    list: u64,
    index: usize,
}

/// The documentation of the last completions.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<(u64, VecDeque<Vec<Option<String>>>)>);

impl Pages {
    /// Lists that may be on the screen, or on their way to it.
    const LISTS: usize = 4;

    /// Keeps the pages of a list and says which list it is.
    fn keep(&self, pages: Vec<Option<String>>) -> u64 {
        let (count, lists) = &mut *lock(&self.0);
        lists.truncate(Self::LISTS - 1);
        lists.push_front(pages);
        *count += 1;
        *count
    }

    fn find(&self, page: &PageOf) -> Option<String> {
        let (count, lists) = &*lock(&self.0);
        let back = usize::try_from(count.checked_sub(page.list)?).ok()?;
        lists.get(back)?.get(page.index)?.clone()
    }
}

fn completion_item(features: &Features, range: &dyn Fn(TextRange) -> lsp_types::Range, item: Item) -> CompletionItem {
    let as_snippet = item.snippet && features.snippets;
    let new_text = if as_snippet { item.edit.new_text.clone() } else { item.plain_text() };
    let commit_characters = commit_characters(&item);
    let is_long = new_text.contains('\n');
    let additional: Vec<TextEdit> = item
        .additional
        .into_iter()
        .map(|edit| TextEdit { range: range(edit.range), new_text: edit.new_text })
        .collect();
    CompletionItem {
        kind: Some(completion_kind(item.kind)),
        detail: item.detail,
        documentation: item.documentation.map(|page| Documentation::MarkupContent(markup(features, page))),
        tags: item.deprecated.then(|| vec![CompletionItemTag::DEPRECATED]),
        preselect: item.preselect.then_some(true),
        sort_text: Some(item.sort),
        filter_text: item.filter,
        insert_text_format: as_snippet.then_some(InsertTextFormat::SNIPPET),
        insert_text_mode: (is_long && features.insert_mode).then_some(InsertTextMode::ADJUST_INDENTATION),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range: range(item.edit.range), new_text })),
        additional_text_edits: (!additional.is_empty()).then_some(additional),
        commit_characters,
        command: (item.again && as_snippet).then(|| Command {
            title: "Complete what comes next".to_owned(),
            command: "editor.action.triggerSuggest".to_owned(),
            arguments: None,
        }),
        label: item.label,
        ..CompletionItem::default()
    }
}

fn commit_characters(item: &Item) -> Option<Vec<String>> {
    let characters = item.commit_characters();
    (!characters.is_empty()).then(|| characters.iter().map(|&character| character.to_owned()).collect())
}

fn completion_kind(kind: Kind) -> CompletionItemKind {
    match kind {
        Kind::Property => CompletionItemKind::PROPERTY,
        Kind::Value => CompletionItemKind::ENUM_MEMBER,
        Kind::Function => CompletionItemKind::FUNCTION,
        Kind::Parameter | Kind::Variable => CompletionItemKind::VARIABLE,
        Kind::Resource => CompletionItemKind::REFERENCE,
        Kind::Module => CompletionItemKind::MODULE,
        Kind::ResourceType => CompletionItemKind::CLASS,
        Kind::ApiVersion => CompletionItemKind::CONSTANT,
        Kind::Snippet => CompletionItemKind::SNIPPET,
        Kind::Keyword => CompletionItemKind::KEYWORD,
        Kind::Flag => CompletionItemKind::FIELD,
        Kind::File => CompletionItemKind::FILE,
    }
}

pub(super) fn hover(snapshot: &Snapshot, params: &HoverParams) -> Option<Hover> {
    let asked = Asked::of(snapshot)?;
    let hover = asked.view().hover(asked.offset(params.text_document_position_params.position)?)?;
    let range = Some(asked.range(hover.range));
    Some(Hover { contents: HoverContents::Markup(asked.markup(hover.markdown)), range })
}

pub(super) fn signature(snapshot: &Snapshot, params: &SignatureHelpParams) -> Option<SignatureHelp> {
    let asked = Asked::of(snapshot)?;
    let signature = asked.view().signature(asked.offset(params.text_document_position_params.position)?)?;
    // Offsets in labels count in UTF-16, whatever was agreed on for documents.
    let units = |at: usize| {
        u32::try_from(signature.label.get(..at).unwrap_or_default().encode_utf16().count()).unwrap_or_default()
    };
    let parameters = signature.parameters.iter().map(|&(start, end)| ParameterInformation {
        label: ParameterLabel::LabelOffsets([units(start), units(end)]),
        documentation: None,
    });
    let active = signature.active.and_then(|active| u32::try_from(active).ok());
    let information = SignatureInformation {
        parameters: Some(parameters.collect()),
        documentation: Some(Documentation::MarkupContent(asked.markup(signature.documentation.clone()))),
        label: signature.label.clone(),
        active_parameter: active,
    };
    Some(SignatureHelp { signatures: vec![information], active_signature: Some(0), active_parameter: active })
}

pub(super) fn definition(snapshot: &Snapshot, params: &GotoDefinitionParams) -> Option<GotoDefinitionResponse> {
    let asked = Asked::of(snapshot)?;
    let found = asked.view().definition(asked.offset(params.text_document_position_params.position)?);
    Some(GotoDefinitionResponse::Array(found.into_iter().map(|it| asked.location(it)).collect()))
}

pub(super) fn references(snapshot: &Snapshot, params: &ReferenceParams) -> Option<Vec<Location>> {
    let asked = Asked::everywhere(snapshot)?;
    let found = asked.view().references(asked.offset(params.text_document_position.position)?);
    let wanted = found.into_iter().filter(|it| params.context.include_declaration || it.kind == OccurrenceKind::Read);
    Some(wanted.map(|it| asked.location(it.location)).collect())
}

pub(super) fn highlights(snapshot: &Snapshot, params: &DocumentHighlightParams) -> Option<Vec<DocumentHighlight>> {
    let asked = Asked::of(snapshot)?;
    let found = asked.view().highlights(asked.offset(params.text_document_position_params.position)?);
    let highlights = found.into_iter().map(|it| DocumentHighlight {
        range: asked.range(it.location.range),
        kind: Some(match it.kind {
            OccurrenceKind::Write => DocumentHighlightKind::WRITE,
            OccurrenceKind::Read => DocumentHighlightKind::READ,
        }),
    });
    Some(highlights.collect())
}

pub(super) fn prepare_rename(
    snapshot: &Snapshot,
    params: &TextDocumentPositionParams,
) -> Option<PrepareRenameResponse> {
    let asked = Asked::of(snapshot)?;
    let (range, placeholder) = asked.view().prepare_rename(asked.offset(params.position)?)?;
    Some(PrepareRenameResponse::RangeWithPlaceholder { range: asked.range(range), placeholder })
}

pub(super) fn rename(snapshot: &Snapshot, params: &RenameParams) -> Option<Result<WorkspaceEdit, RenameError>> {
    let asked = Asked::everywhere(snapshot)?;
    let offset = asked.offset(params.text_document_position.position)?;
    let renamed = asked.view().rename(offset, &params.new_name);
    Some(renamed.map(|locations| {
        let edits = locations.into_iter().map(|location| FileEdit {
            file: location.file,
            edit: syntax::TextEdit::replace(location.range, params.new_name.clone()),
        });
        let edits = by_file(&edits.collect::<Vec<_>>()).unwrap_or_default();
        asked.around.edit(edits, asked.features)
    }))
}

pub(super) fn symbols(snapshot: &Snapshot, _: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
    let asked = Asked::of(snapshot)?;
    let symbols = asked.view().symbols();
    Some(if asked.features.symbol_tree {
        DocumentSymbolResponse::Nested(symbols.into_iter().map(|symbol| document_symbol(&asked, symbol)).collect())
    } else {
        let mut flat = Vec::new();
        flatten(symbols, None, &|range| asked.range(range), &mut flat);
        let uri = &snapshot.document.uri;
        DocumentSymbolResponse::Flat(flat.iter().map(|symbol| symbol_information(uri, symbol)).collect())
    })
}

#[expect(deprecated, reason = "the type has a member that is out of use")]
fn document_symbol(asked: &Asked<'_>, symbol: ide::Symbol) -> DocumentSymbol {
    let children: Vec<_> = symbol.children.into_iter().map(|child| document_symbol(asked, child)).collect();
    DocumentSymbol {
        name: symbol.name,
        detail: Some(symbol.detail).filter(|detail| !detail.is_empty()),
        kind: symbol_kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: asked.range(symbol.range),
        selection_range: asked.range(symbol.selection),
        children: (!children.is_empty()).then_some(children),
    }
}

#[expect(deprecated, reason = "the type has a member that is out of use")]
fn symbol_information(uri: &Uri, symbol: &FlatSymbol) -> SymbolInformation {
    SymbolInformation {
        name: symbol.name.to_string(),
        kind: symbol_kind(symbol.kind),
        tags: None,
        deprecated: None,
        location: Location::new(uri.clone(), symbol.range),
        container_name: symbol.container.as_deref().map(str::to_owned),
    }
}

fn symbol_kind(kind: SymbolKind) -> lsp_types::SymbolKind {
    match kind {
        SymbolKind::Parameter => lsp_types::SymbolKind::CONSTANT,
        SymbolKind::Variable => lsp_types::SymbolKind::VARIABLE,
        SymbolKind::Function => lsp_types::SymbolKind::FUNCTION,
        SymbolKind::Resource => lsp_types::SymbolKind::OBJECT,
        SymbolKind::Module => lsp_types::SymbolKind::MODULE,
        SymbolKind::Output => lsp_types::SymbolKind::PROPERTY,
    }
}

/// The symbols whose name has the letters of `query` in it, in their order: those of open documents first, then those of the
/// files on disk.
pub(super) fn workspace_symbols(session: &Session, query: &str, cancel: &Cancel) -> Vec<SymbolInformation> {
    let features = session.features();
    let mut found = Vec::new();
    let documents = session.documents.all();
    for document in documents.iter().filter(|document| document.lost.is_none()) {
        let Some(around) = Surroundings::of(session, document) else { continue };
        let range = |range| to_proto::range(&document.text, range, features.encoding);
        let mut flat = Vec::new();
        flatten(around.view().symbols(), None, &range, &mut flat);
        flat.retain(|symbol| has_letters(&symbol.name, query));
        found.extend(flat.iter().map(|symbol| symbol_information(&document.uri, symbol)));
    }
    session.index.refresh(session, true, cancel);
    session.index.symbols(|path, symbol| {
        if has_letters(&symbol.name, query) && session.documents.at(path).is_none() {
            found.extend(uri::from_path(path).map(|uri| symbol_information(&uri, symbol)));
        }
        found.len() < MOST_SYMBOLS
    });
    found.truncate(MOST_SYMBOLS);
    found
}

fn has_letters(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}

pub(super) fn folds(snapshot: &Snapshot, _: &FoldingRangeParams) -> Option<Vec<FoldingRange>> {
    let asked = Asked::of(snapshot)?;
    let folds = asked.view().folds().into_iter().map(|fold| {
        let range = asked.range(fold.range);
        // The line of the closing sign stays in sight.
        let end_line = if fold.is_comment { range.end.line } else { range.end.line.saturating_sub(1) };
        FoldingRange {
            start_line: range.start.line,
            end_line: end_line.max(range.start.line),
            kind: fold.is_comment.then_some(FoldingRangeKind::Comment),
            ..FoldingRange::default()
        }
    });
    Some(folds.collect())
}

pub(super) fn selections(snapshot: &Snapshot, params: &SelectionRangeParams) -> Option<Vec<SelectionRange>> {
    let asked = Asked::of(snapshot)?;
    params
        .positions
        .iter()
        .map(|&position| {
            let ranges = asked.view().selections(asked.offset(position)?);
            let outermost: Option<Box<SelectionRange>> = None;
            let nested = ranges
                .into_iter()
                .rev()
                .fold(outermost, |parent, range| Some(Box::new(SelectionRange { range: asked.range(range), parent })));
            let empty = || SelectionRange { range: lsp_types::Range::new(position, position), parent: None };
            Some(nested.map_or_else(empty, |nested| *nested))
        })
        .collect()
}

pub(super) fn links(snapshot: &Snapshot, _: &DocumentLinkParams) -> Option<Vec<DocumentLink>> {
    let asked = Asked::of(snapshot)?;
    let links = asked.around.links().iter().filter_map(|link| {
        let target = match &link.target {
            LinkTarget::File(file) => asked.around.origin(*file).uri.clone(),
            LinkTarget::Url(url) => url.parse().ok()?,
            LinkTarget::Place(location) => {
                let place = asked.location(*location);
                let start = place.range.start;
                // The way editors write a line in an address.
                format!("{}#L{},{}", place.uri.as_str(), start.line + 1, start.character + 1).parse().ok()?
            }
        };
        let tooltip = Some(link.tooltip.clone());
        Some(DocumentLink { range: asked.range(link.range), target: Some(target), tooltip, data: None })
    });
    Some(links.collect())
}

pub(super) fn lenses(snapshot: &Snapshot, _: &CodeLensParams) -> Option<Vec<CodeLens>> {
    let asked = Asked::of(snapshot)?;
    let lenses = asked.around.lenses().iter().map(|lens| CodeLens {
        range: asked.range(lens.range),
        // Nothing happens on a click: a command without a name is only shown.
        command: Some(Command { title: lens.title.clone(), command: String::new(), arguments: None }),
        data: None,
    });
    Some(lenses.collect())
}

pub(super) fn hints(snapshot: &Snapshot, params: &InlayHintParams) -> Option<Vec<InlayHint>> {
    let asked = Asked::of(snapshot)?;
    let range = from_proto::range(asked.text, params.range, asked.features.encoding)?;
    let hints = asked.around.hints(range).map(|hint| InlayHint {
        position: to_proto::position(asked.text, hint.offset, asked.features.encoding),
        label: InlayHintLabel::String(hint.label.clone()),
        kind: None,
        text_edits: None,
        tooltip: hint.tooltip.clone().map(InlayHintTooltip::String),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    });
    Some(hints.collect())
}

pub(super) fn tokens(snapshot: &Snapshot, _: &SemanticTokensParams) -> Option<SemanticTokensResult> {
    let asked = Asked::of(snapshot)?;
    let all = TextRange::up_to(asked.text.len());
    Some(SemanticTokensResult::Tokens(semantic_tokens(&asked, all)))
}

pub(super) fn tokens_in(snapshot: &Snapshot, params: &SemanticTokensRangeParams) -> Option<SemanticTokensRangeResult> {
    let asked = Asked::of(snapshot)?;
    let range = from_proto::range(asked.text, params.range, asked.features.encoding)?;
    Some(SemanticTokensRangeResult::Tokens(semantic_tokens(&asked, range)))
}

fn semantic_tokens(asked: &Asked<'_>, range: TextRange) -> SemanticTokens {
    let numbers: HashMap<&str, u32> = (0..).zip(TokenType::ALL).map(|(number, kind)| (kind.name(), number)).collect();
    let (mut line, mut start) = (0, 0);
    let data = asked.around.tokens(range).map(|token| {
        let at = asked.range(token.range);
        let delta_line = at.start.line - line;
        let delta_start = if delta_line == 0 { at.start.character - start } else { at.start.character };
        (line, start) = (at.start.line, at.start.character);
        SemanticToken {
            delta_line,
            delta_start,
            length: at.end.character - at.start.character,
            token_type: numbers[token.kind.name()],
            token_modifiers_bitset: 0,
        }
    });
    SemanticTokens { result_id: None, data: data.collect() }
}
