//! Completion: [`context`] finds out what the cursor is in, one provider a file offers what belongs there.

mod api_version;
mod argument;
pub(crate) mod command;
pub(crate) mod context;
mod identity_id;
mod member;
mod name;
mod parameter;
mod property;
mod resource_type;
mod role;
mod snippet;
mod start;
mod statement;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashSet;

use syntax::{Carrier, Language, TextEdit, TextRange, TextSize};
use template::Template;
use template::model::TemplateKind;

use self::context::{Context, KeyAt, Owner, Place, ValueAt};
pub(crate) use self::identity_id::ADDONS;
pub(crate) use self::name::type_word;
pub(crate) use self::property::fixed_doc;
pub use self::start::start;
pub(crate) use self::statement::{decorator_doc, keyword_doc};
use crate::{Folder, View};

/// Characters that begin something which can be completed.
pub const TRIGGERS: [&str; 9] = ["\"", "'", ":", ".", "[", "(", "@", "/", "$"];

/// Something that can be written at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
pub struct Item {
    /// What is shown.
    pub label: String,
    /// The kind of thing it is.
    pub kind: Kind,
    /// A few words behind the label.
    pub detail: Option<String>,
    /// Markdown.
    pub documentation: Option<String>,
    /// What is written. With [`Item::snippet`] in the syntax of snippets: `$1`, `${2:text}`, `$0`; lines are indented
    /// with tabs relative to the line of the cursor.
    pub edit: TextEdit,
    /// Whether there is something to fill in.
    pub snippet: bool,
    /// What is compared with what stands there already; the label when `None`.
    pub filter: Option<String>,
    /// The order among other items.
    pub sort: String,
    /// Still works but should not be used any more.
    pub deprecated: bool,
    /// The one to choose first.
    pub preselect: bool,
    /// Commas that were missing elsewhere.
    pub additional: Vec<TextEdit>,
    /// It is worth asking again at once for what comes next.
    pub again: bool,
}

/// The kind of an [`Item`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Property,
    Value,
    Function,
    Parameter,
    Variable,
    Resource,
    Module,
    ResourceType,
    ApiVersion,
    Snippet,
    Keyword,
    Flag,
    File,
}

impl Item {
    /// The characters that accept the item and are then written themselves. A dot goes on from a symbol; behind anything
    /// that brings its own quotes or parentheses, a character more would be wrong.
    pub fn commit_characters(&self) -> &'static [&'static str] {
        let is_symbol = || self.edit.new_text.bytes().all(crate::scan::is_word);
        match self.kind {
            Kind::Resource | Kind::Module if is_symbol() => &["."],
            _ => &[],
        }
    }

    /// The text without places to fill in, for editors that have no snippets.
    pub fn plain_text(&self) -> String {
        if self.snippet { plain(&self.edit.new_text) } else { self.edit.new_text.clone() }
    }
}

/// A snippet without its places to fill in.
pub(crate) fn plain(snippet: &str) -> String {
    let mut out = String::with_capacity(snippet.len());
    let mut chars = snippet.chars().peekable();
    while let Some(character) = chars.next() {
        match character {
            '\\' => out.extend(chars.next()),
            '$' if chars.peek().is_some_and(char::is_ascii_digit) => {
                while chars.next_if(char::is_ascii_digit).is_some() {}
            }
            '$' if chars.peek() == Some(&'{') => {
                chars.next();
                while chars.next_if(char::is_ascii_digit).is_some() {}
                chars.next_if_eq(&':');
                while let Some(inner) = chars.next_if(|&next| next != '}') {
                    out.push(inner);
                }
                chars.next();
            }
            _ => out.push(character),
        }
    }
    out
}

/// A text in which nothing is a place to fill in.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}

/// What providers work with.
pub(crate) struct Request<'a> {
    pub(crate) view: &'a View<'a>,
    /// What there is on disk.
    pub(crate) folder: &'a Folder<'a>,
    pub(crate) context: Context<'a>,
    /// The names that are seen at the cursor.
    pub(crate) template: Option<&'a Template>,
}

/// What can be written at an offset.
pub(crate) fn complete(view: &View<'_>, offset: TextSize, folder: &Folder<'_>) -> Vec<Item> {
    let source = view.source();
    let trusted = source.syntax_errors.is_empty();
    let flags = command::offer(source, offset);
    let Some(language) = source.language().filter(|_| flags.is_empty()) else { return flags };
    let context = Context::new(source.text.as_str(), language, offset, trusted);
    let request = Request { view, folder, template: view.template_at(offset), context };
    let mut items = Vec::new();
    match &request.context.place {
        Place::Key(at) => {
            property::offer(&request, at, &mut items);
            identity_id::offer_keys(&request, at, &mut items);
            parameter::offer_keys(&request, at, &mut items);
            snippet::offer_members(&request, at, &mut items);
        }
        Place::Value(at) => {
            value::offer(&request, at, &mut items);
            resource_type::offer_json(&request, at, &mut items);
            api_version::offer_json(&request, at, &mut items);
            identity_id::offer_values(&request, at, &mut items);
            role::offer_values(&request, at, &mut items);
            snippet::offer_resources(&request, at, &mut items);
            parameter::offer_values(&request, at, &mut items);
            name::offer_values(&request, at, &mut items);
        }
        Place::Arm(at) => argument::offer_arm(&request, at, &mut items),
        Place::Expression(at) => {
            if context::after_dot(&request.context.scan) {
                member::offer(&request, at.replace, &mut items);
            } else {
                // Before its parentheses only a name can stand.
                if !source.text.as_str()[usize::from(at.replace.end())..].starts_with(['(', '.', '[']) {
                    if at.is_default {
                        parameter::offer_defaults(&request, at.replace, &mut items);
                    }
                    argument::offer_bicep(&request, at.replace, &mut items);
                    identity_id::offer_expressions(&request, at.replace, &mut items);
                }
                name::offer(&request, at, &mut items);
            }
        }
        Place::Argument(at) => argument::offer_string(&request, at, &mut items),
        Place::ResourceString(at) => {
            resource_type::offer_bicep(&request, at, &mut items);
            api_version::offer_bicep(&request, at, &mut items);
        }
        Place::Path(at) => statement::offer_paths(&request, at, &mut items),
        Place::Statement { replace } => {
            statement::offer(&request, *replace, &mut items);
            if items.iter().any(|item| item.snippet) {
                snippet::offer_statements(&request, *replace, &mut items);
            }
        }
        Place::Header { replace } => resource_type::offer_header(&request, *replace, &mut items),
        Place::Body { replace, head } => snippet::offer_bodies(*replace, head, &mut items),
        Place::ParameterName { replace } => parameter::offer_names(&request, *replace, &mut items),
        Place::Assigned { name, at } => parameter::offer_assigned(&request, name, at, &mut items),
        Place::TypeName { replace } => statement::offer_types(&request, *replace, &mut items),
        Place::Decorator { replace } => statement::offer_decorators(&request, *replace, &mut items),
        Place::Comment { range } => statement::offer_codes(&request, *range, &mut items),
        Place::Nothing => {}
    }
    items.sort_by(|a, b| (&a.sort, &a.label).cmp(&(&b.sort, &b.label)));
    // What several providers offer is shown once, where it ranks best.
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert((item.label.clone(), item.kind)));
    items
}

/// An item to be completed by the methods below.
pub(crate) fn item(label: impl Into<String>, kind: Kind, range: TextRange, text: impl Into<String>) -> Item {
    Item {
        label: label.into(),
        kind,
        detail: None,
        documentation: None,
        edit: TextEdit::replace(range, text),
        snippet: false,
        filter: None,
        sort: "5".to_owned(),
        deprecated: false,
        preselect: false,
        additional: Vec::new(),
        again: false,
    }
}

impl Item {
    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn documentation(mut self, documentation: impl Into<String>) -> Self {
        self.documentation = Some(documentation.into());
        self
    }

    fn sort(mut self, sort: impl Into<String>) -> Self {
        self.sort = sort.into();
        self
    }

    /// The text is a snippet.
    fn snippet(mut self) -> Self {
        // Escapes alone make it one, too.
        self.snippet = self.edit.new_text.contains(['$', '\\']);
        self
    }

    fn again(mut self, again: bool) -> Self {
        self.again = again;
        self
    }
}

impl Request<'_> {
    pub(crate) fn language(&self) -> Language {
        self.context.language()
    }

    pub(crate) fn is_json(&self) -> bool {
        self.context.is_json()
    }

    /// A text as the language writes it as a value.
    pub(crate) fn quoted(&self, text: &str) -> String {
        if self.is_json() {
            format!("\"{}\"", Carrier::Json.encode(text))
        } else {
            format!("'{}'", Carrier::Bicep.encode(text))
        }
    }

    /// An expression as the language writes it as a value.
    pub(crate) fn expression(&self, expression: &str) -> String {
        if self.is_json() { format!("\"[{}]\"", Carrier::Json.encode(expression)) } else { expression.to_owned() }
    }

    /// Whether the file gives values to the parameters of a template.
    pub(crate) fn is_parameter_file(&self) -> bool {
        self.view.template().is_some_and(|template| template.kind == TemplateKind::Parameters)
    }

    /// Whether the cursor is in the body of a resource of that type.
    pub(crate) fn is_in(&self, resource_type: &str) -> bool {
        matches!(&self.context.owner, Owner::Resource(resource) if resource.type_name.eq_ignore_ascii_case(resource_type))
    }
}

impl KeyAt {
    /// An item for a key: `key` as it is written, `rest` for behind the colon if none is there.
    pub(crate) fn item(&self, label: &str, key: &str, rest: &str) -> Item {
        let mut text = escape(key);
        if !self.has_colon {
            text.push_str(": ");
            text.push_str(rest);
        }
        if self.comma_after {
            text.push(',');
        }
        let mut item = item(label, Kind::Property, self.replace, text).snippet();
        if self.quoted {
            item.filter = Some(match key.chars().next() {
                Some(quote @ ('"' | '\'')) => behind_quote(quote, label, key),
                _ => format!("'{key}'"),
            });
        }
        item.additional.extend(self.comma_before.map(|offset| TextEdit::insert(offset, ",")));
        item
    }
}

/// What an item is compared with whose edit replaces a string: editors compare with all of what is replaced, the quote
/// included, and a text that does not begin with that would never be shown.
fn behind_quote(quote: char, label: &str, text: &str) -> String {
    let text = plain(text);
    if text.strip_prefix(quote).is_some_and(|inner| inner.starts_with(label)) {
        text
    } else {
        format!("{quote}{label}")
    }
}

impl ValueAt<'_> {
    /// An item for a value that is written as it is.
    pub(crate) fn item(&self, label: &str, kind: Kind, text: &str) -> Item {
        let mut new_text = String::new();
        if self.needs_colon {
            new_text.push(':');
        }
        if self.needs_blank || self.needs_colon {
            new_text.push(' ');
        }
        let lead = new_text.len();
        new_text.push_str(text);
        if self.comma_after {
            new_text.push(',');
        }
        let mut item = item(label, kind, self.replace, new_text);
        if self.quoted {
            item.filter = Some(behind_quote(self.quote, label, &item.edit.new_text[lead..]));
        }
        item.additional.extend(self.comma_before.map(|offset| TextEdit::insert(offset, ",")));
        item
    }
}

/// Whether a path is this one, ignoring case; `*` is any segment.
pub(crate) fn is_path(path: &[&str], wanted: &[&str]) -> bool {
    path.len() == wanted.len()
        && path.iter().zip(wanted).all(|(own, wanted)| *wanted == "*" || own.eq_ignore_ascii_case(wanted))
}
