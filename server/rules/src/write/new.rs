//! What is to be written, independent of the language, and how it is written in each.

use std::fmt::Write as _;

use template::eval::{Evaluator, Place, ScopeId};
use template::expr::{Item, Member, ObjectForm, Segment};
use template::model::{Module, Resource};
use template::value::{ModuleRef, ResourceRef};
use template::{Expr, ExprId};

use super::Unit;
use super::layout::Slot;

/// Something to write. Rendered as Bicep, as a JSON value, or inside an ARM expression, as its place demands.
#[derive(Clone, Debug)]
pub enum New {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Str(String),
    /// A text with holes: `'${a}-x'`, `format('{0}-x', a)`.
    Text(Vec<Piece>),
    /// A map; keys are mostly [`New::Str`].
    Object(Vec<(New, New)>),
    /// A list.
    Array(Vec<New>),
    /// What is written elsewhere in the same template, re-indented, and converted where the place demands it.
    Copy(Place),
    /// A call of a function that both languages have.
    Call(&'static str, Vec<New>),
    /// A parameter, by its name.
    Parameter(String),
    /// A variable, by its name.
    Variable(String),
    /// `base.name.name`.
    Member(Box<New>, Vec<String>),
    /// The resource ID: `mi.id`, `resourceId(…)`.
    Id(Target),
    /// What stands in `dependsOn` for a resource: `mi`, `"[resourceId(…)]"`, `"mi"`.
    Dependency(Target),
    /// What stands in `scope` for a resource: `mi`, `"[resourceId(…)]"`.
    Scope(Target),
    /// A property read from a resource when it is deployed, by its path from the top of the resource:
    /// `mi.properties.principalId`, `reference(…).principalId`.
    Read(Target, Vec<String>),
}

/// A part of [`New::Text`].
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text.
    Text(String),
    /// A value put in.
    Hole(New),
}

/// A resource that is referred to.
#[derive(Clone, Debug)]
pub enum Target {
    /// One declared in the same template.
    Declared(ResourceRef),
    /// One that the same fix adds.
    Added(Box<ResourceHead>),
    /// A module of the same template, to be waited for.
    Module(ModuleRef),
}

/// What identifies a resource that a fix adds.
#[derive(Clone, Debug)]
pub struct ResourceHead {
    /// Its symbolic name; unused in ARM JSON without symbolic names.
    pub symbol: String,
    /// Its type.
    pub resource_type: String,
    /// Its API version.
    pub api_version: String,
    /// Its name: one segment for each segment of the type behind the first.
    pub name: Vec<New>,
    /// The resource it extends, such as that of a role assignment.
    pub scope: Option<Target>,
}

impl New {
    /// A text.
    pub fn str(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    /// A map with plain keys.
    pub fn object<'k>(members: impl IntoIterator<Item = (&'k str, New)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (Self::str(key), value)).collect())
    }

    /// A map without members.
    pub fn empty_object() -> Self {
        Self::Object(Vec::new())
    }

    /// A property read from a declared resource, by a path with dots: `"properties.principalId"`.
    pub fn read(resource: ResourceRef, path: &str) -> Self {
        Self::Read(Target::Declared(resource), path.split('.').map(str::to_owned).collect())
    }

    /// The ID of a declared resource.
    pub fn id(resource: ResourceRef) -> Self {
        Self::Id(Target::Declared(resource))
    }
}

/// Writes [`New`]s for one template.
pub(crate) struct Renderer<'a> {
    pub(crate) eval: &'a Evaluator<'a>,
    pub(crate) scope: ScopeId,
    pub(crate) unit: Unit<'a>,
    /// What was copied, so that declarations it uses are known to be used still.
    pub(crate) copied: Vec<ExprId>,
}

impl<'a> Renderer<'a> {
    /// The expression, when it is one of this template.
    fn own(&self, place: Place) -> Option<ExprId> {
        std::ptr::eq(self.eval.template(place.scope), self.unit.template).then_some(place.expr)
    }

    fn place(&self, expr: ExprId) -> Place {
        Place { scope: self.scope, expr }
    }

    /// The declaration, when it is one of this template.
    fn declared(&self, resource: &ResourceRef) -> Option<&'a Resource> {
        let own = std::ptr::eq(self.eval.template(resource.scope), self.unit.template);
        self.unit.template.resources.get(resource.index as usize).filter(|_| own)
    }

    /// The module, when it is one of this template.
    fn module(&self, module: &ModuleRef) -> Option<&'a Module> {
        let own = std::ptr::eq(self.eval.template(module.scope), self.unit.template);
        self.unit.template.modules.get(module.index as usize).filter(|_| own)
    }

    /// As a value of Bicep.
    pub(crate) fn bicep(&mut self, new: &New, slot: &Slot<'_>) -> Option<String> {
        Some(match new {
            New::Null => "null".to_owned(),
            New::Bool(value) => value.to_string(),
            New::Int(value) => value.to_string(),
            New::Str(text) => bicep_string(text),
            New::Text(pieces) => {
                let mut out = String::from("'");
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => out.push_str(&bicep_escape(text)),
                        Piece::Hole(hole) => {
                            let written = self.bicep(hole, &slot.flat())?;
                            match self.inside_text(hole, &written) {
                                Some(inside) => out.push_str(inside),
                                None => {
                                    let _ = write!(out, "${{{written}}}");
                                }
                            }
                        }
                    }
                }
                out.push('\'');
                out
            }
            New::Object(members) => {
                let mut entries = Vec::new();
                let inner = slot.deeper();
                for (key, value) in members {
                    let place = if slot.block { &inner } else { slot };
                    entries.push(format!("{}: {}", self.bicep_key(key)?, self.bicep(value, place)?));
                }
                bracketed(['{', '}'], &entries, slot, "")
            }
            New::Array(items) => {
                let inner = slot.deeper();
                let place = if slot.block { &inner } else { slot };
                let items: Option<Vec<String>> = items.iter().map(|item| self.bicep(item, place)).collect();
                bracketed(['[', ']'], &items?, slot, "")
            }
            New::Copy(place) => {
                let id = self.own(*place)?;
                self.copied.push(id);
                slot.reindent(self.unit.range(id))
            }
            New::Call(function, arguments) => {
                let arguments: Option<Vec<String>> =
                    arguments.iter().map(|argument| self.bicep(argument, &slot.flat())).collect();
                format!("{function}({})", arguments?.join(", "))
            }
            New::Parameter(name) | New::Variable(name) => name.clone(),
            New::Member(base, path) => {
                let simple = match &**base {
                    New::Copy(place) => !matches!(
                        self.unit.expr(self.own(*place)?),
                        Expr::Conditional { .. } | Expr::Binary { .. } | Expr::Unary { .. } | Expr::Lambda { .. }
                    ),
                    _ => true,
                };
                let base = self.bicep(base, &slot.flat())?;
                let base = if simple { base } else { format!("({base})") };
                format!("{base}{}", bicep_path(path))
            }
            New::Id(target) => format!("{}.id", self.symbol(target)?),
            New::Dependency(target) | New::Scope(target) => self.symbol(target)?,
            New::Read(target, path) => format!("{}{}", self.symbol(target)?, bicep_path(path)),
        })
    }

    /// What stands between the quotes of a text that is copied into another one.
    fn inside_text<'t>(&self, hole: &New, written: &'t str) -> Option<&'t str> {
        let New::Copy(place) = hole else { return None };
        let is_text = matches!(self.unit.expr(self.own(*place)?), Expr::Str(_) | Expr::Interpolation(_));
        let inside =
            written.strip_prefix('\'')?.strip_suffix('\'').filter(|_| is_text && !written.starts_with("'''"))?;
        // Beside what else is in the text, these could open a hole.
        (!inside.starts_with('{') && !inside.ends_with('$')).then_some(inside)
    }

    /// As a key of a Bicep object.
    pub(crate) fn bicep_key(&mut self, key: &New) -> Option<String> {
        Some(match key {
            New::Str(text) => bicep_plain_key(text),
            New::Copy(place) => {
                let id = self.own(*place)?;
                let written = self.unit.text(self.unit.range(id));
                let is_text = matches!(self.unit.expr(id), Expr::Str(_) | Expr::Interpolation(_));
                self.copied.push(id);
                if is_text { written.to_owned() } else { format!("'${{{written}}}'") }
            }
            New::Text(_) => {
                self.bicep(key, &Slot::in_place_of(&self.unit.source.text, super::start_of_text()).flat())?
            }
            other => {
                let slot = Slot::in_place_of(&self.unit.source.text, super::start_of_text());
                format!("'${{{}}}'", self.bicep(other, &slot.flat())?)
            }
        })
    }

    /// The symbolic name of a resource of Bicep.
    fn symbol(&self, target: &Target) -> Option<String> {
        match target {
            Target::Added(head) => Some(head.symbol.clone()),
            // All of a loop are waited for by the name of the loop.
            Target::Module(module) => Some(self.module(module)?.symbol.as_ref()?.name.as_str().to_owned()),
            Target::Declared(resource) => {
                let resource = self.declared(resource)?;
                // One of several needs an index that nobody knows.
                if resource.repeat.is_some() {
                    return None;
                }
                let name = resource.symbol.as_ref()?.name.as_str();
                // A resource written inside another one is reached through that.
                let outer = resource.parent.map(|index| &self.unit.template.resources[index as usize]);
                let inside = outer.filter(|outer| outer.range.contains_range(resource.range));
                match inside.filter(|_| self.unit.template.language != syntax::Language::Json) {
                    Some(outer) => Some(format!("{}::{name}", outer.symbol.as_ref()?.name)),
                    None => Some(name.to_owned()),
                }
            }
        }
    }

    /// As a value of JSON: bare where it can be, an expression in brackets where it must be.
    pub(crate) fn json(&mut self, new: &New, slot: &Slot<'_>) -> Option<String> {
        Some(match new {
            New::Null => "null".to_owned(),
            New::Bool(value) => value.to_string(),
            New::Int(value) => value.to_string(),
            New::Str(text) => json_text(text),
            New::Object(members) => {
                let mut entries = Vec::new();
                let inner = slot.deeper();
                for (key, value) in members {
                    let place = if slot.block { &inner } else { slot };
                    entries.push(format!("{}: {}", self.json_key(key)?, self.json(value, place)?));
                }
                bracketed(['{', '}'], &entries, slot, ",")
            }
            New::Array(items) => {
                let inner = slot.deeper();
                let place = if slot.block { &inner } else { slot };
                let items: Option<Vec<String>> = items.iter().map(|item| self.json(item, place)).collect();
                bracketed(['[', ']'], &items?, slot, ",")
            }
            New::Copy(place) => {
                let id = self.own(*place)?;
                if !self.unit.template.exprs.is_embedded(id) {
                    self.copied.push(id);
                    slot.reindent(self.unit.range(id))
                } else if let Some(parts) = self.take_apart(id) {
                    self.json(&parts, slot)?
                } else {
                    format!("\"[{}]\"", self.arm(new)?)
                }
            }
            New::Dependency(target) if self.has_symbols(target) => {
                format!("\"{}\"", json_escape(&self.symbol(target)?))
            }
            _ => format!("\"[{}]\"", self.arm(new)?),
        })
    }

    /// As a key of a JSON object, with quotes.
    pub(crate) fn json_key(&mut self, key: &New) -> Option<String> {
        let slot = Slot::in_place_of(&self.unit.source.text, super::start_of_text());
        let written = match key {
            New::Copy(place) if !self.unit.template.exprs.is_embedded(self.own(*place)?) => {
                let id = self.own(*place)?;
                self.copied.push(id);
                let written = self.unit.text(self.unit.range(id));
                // A key's range may leave its quotes out.
                if written.starts_with('"') { written.to_owned() } else { format!("\"{written}\"") }
            }
            key => self.json(key, &slot.flat())?,
        };
        written.starts_with('"').then_some(written)
    }

    /// What an expression inside an ARM expression is when it has a form in JSON.
    fn take_apart(&self, id: ExprId) -> Option<New> {
        Some(match self.unit.expr(id) {
            Expr::Null => New::Null,
            Expr::Bool(value) => New::Bool(*value),
            Expr::Int(value) => New::Int(*value),
            Expr::Str(text) => New::Str(text.to_string()),
            Expr::Object(object) if self.is_call(id, "createObject") => self.members(&object.members)?,
            Expr::Array(items) if self.is_call(id, "createArray") => self.items(items)?,
            _ => return None,
        })
    }

    fn members(&self, members: &[Member]) -> Option<New> {
        let members: Option<Vec<(New, New)>> = members
            .iter()
            .map(|member| match member {
                Member::Property(property) => {
                    Some((New::Copy(self.place(property.key)), New::Copy(self.place(property.value))))
                }
                Member::Spread { .. } => None,
            })
            .collect();
        members.map(New::Object)
    }

    fn items(&self, items: &[Item]) -> Option<New> {
        let items: Option<Vec<New>> = items
            .iter()
            .map(|item| match item {
                Item::Value(id) => Some(New::Copy(self.place(*id))),
                Item::Spread(_) => None,
            })
            .collect();
        items.map(New::Array)
    }

    /// Whether the expression is written as a call of that function; `json('…')` makes objects too.
    fn is_call(&self, id: ExprId, function: &str) -> bool {
        let written = self.unit.text(self.unit.range(id));
        written.get(..function.len()).is_some_and(|head| head.eq_ignore_ascii_case(function))
    }

    /// Inside an ARM expression; already escaped for the JSON string around it.
    pub(crate) fn arm(&mut self, new: &New) -> Option<String> {
        Some(match new {
            New::Null => "null()".to_owned(),
            New::Bool(value) => format!("{value}()"),
            New::Int(value) => value.to_string(),
            New::Str(text) => arm_string(text),
            New::Text(pieces) => self.arm_format(pieces)?,
            New::Object(members) => {
                let mut arguments = Vec::new();
                for (key, value) in members {
                    arguments.push(self.arm(key)?);
                    arguments.push(self.arm(value)?);
                }
                format!("createObject({})", arguments.join(", "))
            }
            New::Array(items) => format!("createArray({})", self.arm_list(items)?),
            New::Copy(place) => self.arm_copy(self.own(*place)?)?,
            New::Call(function, arguments) => format!("{function}({})", self.arm_list(arguments)?),
            New::Parameter(name) => format!("parameters({})", arm_string(name)),
            New::Variable(name) => format!("variables({})", arm_string(name)),
            New::Member(base, path) => format!("{}{}", self.arm(base)?, arm_path(path)),
            New::Id(target) | New::Dependency(target) | New::Scope(target) => self.arm_id(target)?,
            New::Read(target, path) => self.arm_read(target, path)?,
        })
    }

    fn arm_list(&mut self, items: &[New]) -> Option<String> {
        let items: Option<Vec<String>> = items.iter().map(|item| self.arm(item)).collect();
        Some(items?.join(", "))
    }

    fn arm_format(&mut self, pieces: &[Piece]) -> Option<String> {
        if let [Piece::Hole(hole)] = pieces {
            return self.arm(hole);
        }
        let mut pattern = String::new();
        let mut holes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => pattern.push_str(text),
                Piece::Hole(hole) => {
                    let _ = write!(pattern, "\u{0}{}\u{1}", holes.len());
                    holes.push(self.arm(hole)?);
                }
            }
        }
        if holes.is_empty() {
            return Some(arm_string(&pattern));
        }
        let pattern = pattern.replace('{', "{{").replace('}', "}}").replace('\u{0}', "{").replace('\u{1}', "}");
        Some(format!("format({}, {})", arm_string(&pattern), holes.join(", ")))
    }

    fn arm_copy(&mut self, id: ExprId) -> Option<String> {
        let written = self.unit.text(self.unit.range(id));
        if self.unit.template.exprs.is_embedded(id) {
            self.copied.push(id);
            return Some(written.to_owned());
        }
        if let Some(text) = written.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            self.copied.push(id);
            // Both sides are inside a JSON string, so JSON's own escapes stay.
            let is_expression = text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[");
            return Some(if is_expression {
                text[1..text.len() - 1].trim().to_owned()
            } else {
                let text = if text.starts_with("[[") { &text[1..] } else { text };
                format!("'{}'", text.replace('\'', "''"))
            });
        }
        match self.unit.expr(id) {
            Expr::Null => self.arm(&New::Null),
            Expr::Bool(value) => self.arm(&New::Bool(*value)),
            Expr::Int(value) => self.arm(&New::Int(*value)),
            // A key's range may leave its quotes out.
            Expr::Str(text) => self.arm(&New::Str(text.to_string())),
            Expr::Object(object) if object.form == ObjectForm::Braces && !object.damaged => {
                let members = self.members(&object.members)?;
                self.arm(&members)
            }
            Expr::Array(items) => {
                let items = self.items(items)?;
                self.arm(&items)
            }
            _ => None,
        }
    }

    fn arm_id(&mut self, target: &Target) -> Option<String> {
        let (resource_type, names, scope) = self.identity_of(target)?;
        let names = self.arm_list(&names)?;
        let resource_type = arm_string(&resource_type);
        match scope {
            None => Some(format!("resourceId({resource_type}, {names})")),
            Some(scope) => Some(format!("extensionResourceId({}, {resource_type}, {names})", self.arm(&scope)?)),
        }
    }

    fn arm_read(&mut self, target: &Target, path: &[String]) -> Option<String> {
        let resource = if self.has_symbols(target) { arm_string(&self.symbol(target)?) } else { self.arm_id(target)? };
        let version = match target {
            Target::Module(_) => return None,
            Target::Added(head) => arm_string(&head.api_version),
            Target::Declared(resource) => {
                let version = self.declared(resource)?.api_version?;
                self.arm_copy(version)?
            }
        };
        Some(match path {
            [first, rest @ ..] if first == "properties" && self.has_symbols(target) => {
                format!("reference({resource}){}", arm_path(rest))
            }
            [first, rest @ ..] if first == "properties" => {
                format!("reference({resource}, {version}){}", arm_path(rest))
            }
            path => format!("reference({resource}, {version}, 'Full'){}", arm_path(path)),
        })
    }

    /// Type, name segments, and what it extends.
    fn identity_of(&self, target: &Target) -> Option<(String, Vec<New>, Option<New>)> {
        match target {
            Target::Added(head) => {
                let scope = head.scope.clone().map(New::Id);
                Some((head.resource_type.clone(), head.name.clone(), scope))
            }
            // A deployment of ARM JSON is a resource as well.
            Target::Module(module) => {
                let mut resources = (0..).zip(&self.unit.template.resources);
                let (index, _) = resources.find(|(_, one)| one.module == Some(module.index))?;
                let scope = self.module(module)?.scope;
                let declared = ResourceRef { scope: module.scope, index, element: None };
                self.identity_of(&Target::Declared(declared)).filter(|_| scope.is_none())
            }
            Target::Declared(declared) => {
                let resource = self.declared(declared)?;
                let resource_type = resource.resource_type.as_deref()?;
                let scope = match resource.scope {
                    None => None,
                    Some(scope) => Some(self.scope_id(scope)?),
                };
                let names = self.name_segments(declared.index)?;
                (resource_type.matches('/').count() == names.len()).then(|| (resource_type.to_owned(), names, scope))
            }
        }
    }

    fn name_segments(&self, index: u32) -> Option<Vec<New>> {
        let resource = self.unit.template.resources.get(index as usize)?;
        if resource.repeat.is_some() {
            return None;
        }
        let name = resource.name?;
        if let Some(parent) = resource.parent {
            let mut names = self.name_segments(parent)?;
            names.push(New::Copy(self.place(name)));
            return Some(names);
        }
        if resource.resource_type.as_deref()?.matches('/').count() == 1 {
            return Some(vec![New::Copy(self.place(name))]);
        }
        let whole;
        let segments: &[Segment] = match self.unit.expr(name) {
            Expr::Str(text) => {
                whole = [Segment::Text(text.clone())];
                &whole
            }
            Expr::Interpolation(segments) => segments,
            _ => return None,
        };
        Some(split_at_slashes(self.scope, segments))
    }

    /// The ID of the resource that a `scope` names.
    fn scope_id(&self, scope: ExprId) -> Option<New> {
        const ID_FUNCTIONS: [&str; 3] = ["resourceId", "extensionResourceId", "subscriptionResourceId"];
        let whole;
        let segments: &[Segment] = match self.unit.expr(scope) {
            Expr::Call(call) => {
                let makes_id = ID_FUNCTIONS.iter().any(|function| call.function == **function);
                return makes_id.then_some(New::Copy(self.place(scope)));
            }
            Expr::Str(text) => {
                whole = [Segment::Text(text.clone())];
                &whole
            }
            Expr::Interpolation(segments) => segments,
            _ => return None,
        };
        // `Microsoft.X/type/name`: relative to the group that is deployed to.
        let [New::Str(provider), New::Str(kind), name] = &split_at_slashes(self.scope, segments)[..] else {
            return None;
        };
        provider
            .contains('.')
            .then(|| New::Call("resourceId", vec![New::Str(format!("{provider}/{kind}")), name.clone()]))
    }

    /// Whether the resource is declared by a symbolic name in ARM JSON.
    fn has_symbols(&self, target: &Target) -> bool {
        match target {
            Target::Declared(resource) => self.declared(resource).is_some_and(|resource| resource.symbol.is_some()),
            Target::Module(module) => self.module(module).is_some_and(|module| module.symbol.is_some()),
            Target::Added(_) => super::has_symbolic_resources(self.unit),
        }
    }
}

/// The parts of a name between its slashes.
fn split_at_slashes(scope: ScopeId, segments: &[Segment]) -> Vec<New> {
    let mut names: Vec<Vec<Piece>> = vec![Vec::new()];
    for segment in segments {
        match segment {
            Segment::Text(text) => {
                for (number, part) in text.split('/').enumerate() {
                    if number > 0 {
                        names.push(Vec::new());
                    }
                    if let Some(name) = names.last_mut().filter(|_| !part.is_empty()) {
                        name.push(Piece::Text(part.to_owned()));
                    }
                }
            }
            Segment::Hole(hole) => {
                if let Some(name) = names.last_mut() {
                    name.push(Piece::Hole(New::Copy(Place { scope, expr: *hole })));
                }
            }
        }
    }
    let simple = |mut pieces: Vec<Piece>| match (pieces.len(), pieces.pop()) {
        (1, Some(Piece::Text(text))) => New::Str(text),
        (1, Some(Piece::Hole(hole))) => hole,
        (_, Some(last)) => {
            pieces.push(last);
            New::Text(pieces)
        }
        (_, None) => New::Str(String::new()),
    };
    names.into_iter().map(simple).collect()
}

/// Entries in brackets, on lines of their own when the slot has room for that.
fn bracketed([open, close]: [char; 2], entries: &[String], slot: &Slot<'_>, line_separator: &str) -> String {
    if entries.is_empty() {
        return format!("{open}{close}");
    }
    if !slot.block {
        let blank = if open == '{' { " " } else { "" };
        return format!("{open}{blank}{}{blank}{close}", entries.join(", "));
    }
    let eol = slot.eol();
    let inner = slot.deeper().indent;
    let separator = format!("{line_separator}{eol}{inner}");
    format!("{open}{eol}{inner}{}{eol}{}{close}", entries.join(&separator), slot.indent)
}

fn is_bicep_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(crate) fn bicep_plain_key(text: &str) -> String {
    if is_bicep_identifier(text) { text.to_owned() } else { bicep_string(text) }
}

/// Outside strings names are case-sensitive and may be any identifier; others need brackets.
fn bicep_path(path: &[String]) -> String {
    let step = |name: &String| {
        if is_bicep_identifier(name) { format!(".{name}") } else { format!("[{}]", bicep_string(name)) }
    };
    path.iter().map(step).collect()
}

fn arm_path(path: &[String]) -> String {
    let step =
        |name: &String| if is_bicep_identifier(name) { format!(".{name}") } else { format!("[{}]", arm_string(name)) };
    path.iter().map(step).collect()
}

fn bicep_string(text: &str) -> String {
    format!("'{}'", bicep_escape(text))
}

fn bicep_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if chars.peek() == Some(&'{') => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out
}

/// A JSON string that ARM reads as this text, not as an expression.
pub(crate) fn json_text(text: &str) -> String {
    let bracket = if text.starts_with('[') && text.ends_with(']') { "[" } else { "" };
    format!("\"{bracket}{}\"", json_escape(text))
}

pub(crate) fn json_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A string inside an ARM expression, escaped for the JSON string around it as well.
fn arm_string(text: &str) -> String {
    format!("'{}'", json_escape(&text.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_for_their_place() {
        assert_eq!(bicep_string("a'b\\${c}$d\n"), r"'a\'b\\\${c}$d\n'");
        assert_eq!(json_text("say \"x\"\u{1}"), r#""say \"x\"\u0001""#);
        assert_eq!(json_text("[x]"), r#""[[x]""#);
        assert_eq!(json_text("[x"), r#""[x""#);
        assert_eq!(arm_string("it's \"x\""), r#"'it''s \"x\"'"#);
    }

    #[test]
    fn names_split_at_slashes() {
        let segments = [Segment::Text("a/b-".into()), Segment::Text("c/".into()), Segment::Text("d".into())];
        let names = split_at_slashes(ScopeId::ROOT, &segments);
        assert_eq!(names.len(), 3);
        assert!(matches!(&names[0], New::Str(text) if text == "a"));
        assert!(matches!(&names[1], New::Text(pieces) if pieces.len() == 2));
    }
}
