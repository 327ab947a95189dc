//! The declarations of a file, as an outline and for searching the workspace.

use std::fmt::Write as _;

use syntax::TextRange;
use template::Name;
use template::expr::Expr;
use template::model::{Declaration, Module, ModuleSource, Resource, Template};

use crate::View;
use crate::completion::type_word;

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// A few words: the type.
    pub detail: String,
    /// The kind of declaration.
    pub kind: SymbolKind,
    /// All of it, in bytes.
    pub range: TextRange,
    /// Its name, inside of [`Symbol::range`].
    pub selection: TextRange,
    /// What is declared inside of it.
    pub children: Vec<Symbol>,
}

/// The kind of a [`Symbol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SymbolKind {
    Parameter,
    Variable,
    Function,
    Resource,
    Module,
    Output,
}

impl View<'_> {
    /// The declarations of the file, in the order of the text.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.template().map_or_else(Vec::new, |template| of_template(self, template))
    }
}

fn of_template(view: &View<'_>, template: &Template) -> Vec<Symbol> {
    let symbol = |name: &Name, detail: &str, kind, range, selection| {
        make(name.to_string(), detail.to_owned(), kind, range, selection)
    };
    let mut all = Vec::new();
    for it in &template.parameters {
        all.push(symbol(&it.name, type_word(&it.ty), SymbolKind::Parameter, it.range, it.name_range));
    }
    for it in &template.variables {
        all.push(symbol(&it.name, "", SymbolKind::Variable, it.range, it.name_range));
    }
    for it in &template.functions {
        all.push(symbol(&it.name, "", SymbolKind::Function, it.name_range, it.name_range));
    }
    for it in &template.assignments {
        all.push(symbol(&it.name.name, "", SymbolKind::Parameter, it.range, it.name.range));
    }
    for it in &template.outputs {
        all.push(symbol(&it.name, type_word(&it.ty), SymbolKind::Output, it.range, it.name_range));
    }
    for module in template.modules.iter().filter(|module| module.symbol.is_some()) {
        all.push(of_module(view, module));
    }
    // Resources inside of others come behind them: from the last to the first, each is put where it belongs.
    let mut nested: Vec<(usize, Symbol)> = Vec::new();
    for (index, resource) in template.resources.iter().enumerate().rev() {
        let mut own = of_resource(view, template, resource);
        let (mut children, rest): (Vec<_>, Vec<_>) = nested.into_iter().partition(|(parent, _)| *parent == index);
        nested = rest;
        children.reverse();
        own.children.extend(children.into_iter().map(|(_, child)| child));
        if let Some(module) = resource.module.and_then(|module| template.modules.get(module as usize))
            && let ModuleSource::Inline { template, .. } = &module.source
        {
            own.children.extend(of_template(view, template));
        }
        let inside =
            resource.parent.filter(|&parent| template.resources[parent as usize].range.contains_range(resource.range));
        match inside {
            Some(parent) => nested.push((parent as usize, own)),
            None => all.push(own),
        }
    }
    all.extend(nested.into_iter().map(|(_, symbol)| symbol));
    all.sort_by_key(|symbol| symbol.range.start());
    all
}

fn of_resource(view: &View<'_>, template: &Template, resource: &Resource) -> Symbol {
    let name = view.short_name(resource, template);
    let selection = resource.symbol.as_ref().map_or(resource.header, |symbol| symbol.range);
    let ty = resource.resource_type.as_deref().unwrap_or("resource");
    let detail = if resource.existing { format!("{ty} (existing)") } else { ty.to_owned() };
    let name = if name.is_empty() { ty.to_owned() } else { name };
    make(name, detail, SymbolKind::Resource, resource.range, selection)
}

fn of_module(view: &View<'_>, module: &Module) -> Symbol {
    let name = module.symbol.as_ref().map(|symbol| symbol.name.to_string()).unwrap_or_default();
    let selection = module.symbol.as_ref().map_or(module.header, |symbol| symbol.range);
    let detail = match &module.source {
        ModuleSource::Path(_, range) | ModuleSource::Registry(_, range) => {
            view.slice(*range).trim_matches('\'').to_owned()
        }
        ModuleSource::Inline { .. } | ModuleSource::Unknown => String::new(),
    };
    make(name, detail, SymbolKind::Module, module.range, selection)
}

fn make(name: String, detail: String, kind: SymbolKind, range: TextRange, selection: TextRange) -> Symbol {
    // Editors refuse a selection that is not inside.
    let selection = if range.contains_range(selection) { selection } else { TextRange::empty(range.start()) };
    Symbol { name, detail, kind, range, selection, children: Vec::new() }
}

/// Something declared, in Markdown.
pub(crate) fn describe(view: &View<'_>, template: &Template, name: &str) -> Option<String> {
    Some(match template.names.get(&Name::from(name))? {
        Declaration::Parameter(index) => {
            let parameter = &template.parameters[*index as usize];
            let mut page = format!("parameter `{}`: {}", parameter.name, type_word(&parameter.ty));
            if let Some(description) = parameter.description {
                let _ = write!(page, "\n\n{}", written(view, description));
            }
            if let Some(default) = parameter.default {
                let default = shortened(view.slice(template.exprs.range(default)));
                let _ = write!(page, "\n\nDefault: `{default}`");
            }
            if let Some(allowed) = &parameter.allowed {
                let values: Vec<String> = allowed
                    .iter()
                    .map(|&value| match template.expr(value) {
                        Expr::Str(text) => format!("`{text}`"),
                        _ => format!("`{}`", view.slice(template.exprs.range(value))),
                    })
                    .collect();
                let _ = write!(page, "\n\nAllowed: {}", values.join(", "));
            }
            page
        }
        Declaration::Variable(index) => {
            let variable = &template.variables[*index as usize];
            format!("variable `{}`\n\n`{}`", variable.name, shortened(view.slice(template.exprs.range(variable.value))))
        }
        Declaration::Resource(index) => {
            let resource = &template.resources[*index as usize];
            let existing = if resource.existing { "existing resource" } else { "resource" };
            format!("{existing} `{name}`: {}", resource.resource_type.as_deref().unwrap_or("unknown type"))
        }
        Declaration::Module(index) => {
            let module = of_module(view, &template.modules[*index as usize]);
            format!("module `{name}`: {}", module.detail)
        }
    })
}

/// What a string of the document says; expressions in it stay as they are.
fn written(view: &View<'_>, range: TextRange) -> String {
    let raw = view.slice(range);
    let quotes = ["'''", "\"", "'"].into_iter().find(|quotes| raw.starts_with(quotes)).unwrap_or_default();
    let inner = raw.strip_prefix(quotes).unwrap_or(raw);
    let inner = inner.strip_suffix(quotes).unwrap_or(inner);
    let range = TextRange::at(range.start() + syntax::TextSize::of(quotes), syntax::TextSize::of(inner));
    let text = match view.language() {
        Some(syntax::Language::Json) => syntax::string_map::for_json(inner, range).0,
        _ if quotes.len() != 1 || inner.contains("${") => return inner.trim().to_owned(),
        _ => syntax::string_map::for_bicep(inner, range).0,
    };
    text.into_owned()
}

/// The first line of a text, at most so many characters of it.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > MOST || text.contains('\n') {
        format!("{}…", line.chars().take(MOST).collect::<String>())
    } else {
        line.to_owned()
    }
}
