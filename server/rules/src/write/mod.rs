//! Building fixes: edits that know both languages, so that no rule concatenates braces.
//!
//! ```ignore
//! let fix = ctx
//!     .rewrite()
//!     .insert(identity, At::Last, "userAssignedIdentities", New::Object(vec![(New::id(mi), New::empty_object())]))
//!     .depend(cluster, Target::Declared(mi))
//!     .fix("Use the identity `mi`", Applicability::Unsafe);
//! ```
//!
//! Every operation adds edits of the file as it is; nothing is ever normalised. An operation that cannot be done
//! cleanly (a damaged object, an expression where an object should be, a resource without a usable name) spoils the
//! rewrite, and [`Rewrite::fix`] gives `None`: then no fix is offered.

mod layout;
mod new;
mod unused;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use syntax::{Language, TextEdit, TextEdits, TextRange, TextSize};
use template::aks::PropertyAt;
use template::eval::{Evaluator, Place, ScopeId};
use template::expr::{Item, Member, Object, ObjectForm, Property, Ref};
use template::model::{Resource, TypeKind};
use template::value::{ModuleRef, ResourceRef};
use template::workspace::{FileId, Location, SourceFile};
use template::{Expr, ExprId, Name, Template};

use self::layout::Slot;
pub(crate) use self::layout::{List, Separator, behind_line_end, line_start, size};
pub(crate) use self::new::json_escape;
pub use self::new::{New, Piece, ResourceHead, Target};
use self::new::{Renderer, json_text};
use crate::{Applicability, FileEdit, Fix};

/// Where in an object or array something is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At<'k> {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
    /// Before the member of that name; last when there is none.
    Before(&'k str),
    /// Behind the member of that name; last when there is none.
    After(&'k str),
}

/// A resource to be declared.
#[derive(Clone, Debug)]
pub struct NewResource {
    /// What identifies it.
    pub head: ResourceHead,
    /// `location`, `properties` and so on, in this order.
    pub members: Vec<(New, New)>,
    /// What must be deployed before it. Written in ARM JSON only: in Bicep the symbols it uses say so.
    pub depends_on: Vec<Target>,
}

/// A fix being built. See the [module](self).
pub struct Rewrite<'a> {
    eval: &'a Evaluator<'a>,
    scope: ScopeId,
    unit: Unit<'a>,
    edits: BTreeMap<FileId, TextEdits>,
    /// Declarations used by what was copied.
    used: Vec<Name>,
    /// Where that is.
    copied: Vec<Location>,
    spoilt: bool,
}

#[expect(clippy::needless_pass_by_value, reason = "callers make the values in place")]
impl<'a> Rewrite<'a> {
    /// An empty fix.
    pub fn new(eval: &'a Evaluator<'a>) -> Self {
        let unit = Unit::of(eval, ScopeId::ROOT);
        Self {
            eval,
            scope: ScopeId::ROOT,
            unit,
            edits: BTreeMap::new(),
            used: Vec::new(),
            copied: Vec::new(),
            spoilt: false,
        }
    }

    /// The fix; `None` when an operation could not be done, when edits overlap, or when there is nothing to do.
    pub fn fix(self, title: impl Into<String>, applicability: Applicability) -> Option<Fix> {
        let edits: Vec<FileEdit> = self
            .edits
            .iter()
            .flat_map(|(file, edits)| edits.iter().map(|edit| FileEdit { file: *file, edit: edit.clone() }))
            .collect();
        (!self.spoilt && !edits.is_empty()).then(|| Fix {
            title: title.into(),
            applicability,
            edits,
            copied: self.copied,
        })
    }

    /// Puts a property into an object.
    #[must_use]
    pub fn insert(self, object: Place, at: At<'_>, key: &str, value: New) -> Self {
        self.insert_entry(object, at, New::str(key), value)
    }

    /// Puts a property into an object, whose key may be an expression.
    #[must_use]
    pub fn insert_entry(self, object: Place, at: At<'_>, key: New, value: New) -> Self {
        self.attempt(object.scope, |this| {
            let object = object.expr;
            let (object, list) = this.object(object)?;
            let index = this.index(object, at);
            let mut renderer = this.renderer();
            let embedded = list.one_line;
            let edits =
                list.insert(&this.unit.source.text, index, |slot| renderer.member(&key, &value, slot, embedded))?;
            let copied = renderer.copied;
            this.add(edits, &copied)
        })
    }

    /// Gives a property that value: replaces the value it has, or puts the property in.
    #[must_use]
    pub fn set(self, object: Place, at: At<'_>, key: &str, value: New) -> Self {
        let unit = Unit::of(self.eval, object.scope);
        match property_of(unit, object.expr, key) {
            Some(old) => self.replace(Place { expr: old.value, ..object }, value),
            None => self.insert(object, at, key, value),
        }
    }

    /// Takes members out of an object, by their indices in [`Object::members`].
    #[must_use]
    pub fn remove(self, object: Place, members: &[usize]) -> Self {
        self.attempt(object.scope, |this| {
            let object = object.expr;
            let (_, list) = this.object(object)?;
            let edits = list.remove(&this.unit.source.text, members)?;
            this.add(edits, &[])
        })
    }

    /// Takes a property out of an object, by its name; every occurrence, should there be several.
    #[must_use]
    pub fn remove_property(self, object: Place, key: &str) -> Self {
        let unit = Unit::of(self.eval, object.scope);
        let members = match unit.expr(object.expr) {
            Expr::Object(found) => positions(unit, found, key),
            _ => Vec::new(),
        };
        self.remove(object, &members)
    }

    /// Writes something else in the place of an expression.
    #[must_use]
    pub fn replace(self, old: Place, new: New) -> Self {
        self.attempt(old.scope, |this| {
            let old = old.expr;
            let range = this.unit.range(old);
            let slot = Slot::in_place_of(&this.unit.source.text, range);
            let embedded = this.unit.template.exprs.is_embedded(old);
            let mut renderer = this.renderer();
            let written = renderer.value(&new, &slot, embedded)?;
            let copied = renderer.copied;
            this.add(vec![TextEdit::replace(range, written)], &copied)
        })
    }

    /// Gives a property another name.
    #[must_use]
    pub fn rename_key(self, property: PropertyAt, name: &str) -> Self {
        self.replace_key(property, New::str(name))
    }

    /// Gives a property another key, which may be an expression.
    #[must_use]
    pub fn replace_key(self, property: PropertyAt, key: New) -> Self {
        self.attempt(property.object.scope, |this| {
            let (_, property) = this.eval.property(property)?;
            let range = this.unit.range(property.key);
            let mut renderer = this.renderer();
            let written = if this.unit.template.exprs.is_embedded(property.key) && this.is_json() {
                renderer.arm(&key)?
            } else if this.is_json() {
                let written = renderer.json_key(&key)?;
                let quoted = this.unit.text(range).starts_with('"');
                if quoted { written } else { written.trim_matches('"').to_owned() }
            } else {
                renderer.bicep_key(&key)?
            };
            let copied = renderer.copied;
            this.add(vec![TextEdit::replace(range, written)], &copied)
        })
    }

    /// Moves a member to another object, as it is written, re-indented. Neither may be inside an ARM expression.
    #[must_use]
    pub fn move_member(self, from: PropertyAt, to: Place, at: At<'_>) -> Self {
        self.attempt(to.scope, |this| {
            let member = from.number as usize;
            let is_own = std::ptr::eq(this.eval.template(from.object.scope), this.unit.template);
            let (object, source) = this.object(from.object.expr).filter(|_| is_own)?;
            let range = match object.members.get(member)? {
                Member::Property(property) => property.range,
                Member::Spread { range, .. } => *range,
            };
            let (target, list) = this.object(to.expr)?;
            if source.one_line || list.one_line {
                return None;
            }
            let index = this.index(target, at);
            let text = &this.unit.source.text;
            let edits = list.insert(text, index, |slot| Some(slot.reindent(range)))?;
            // What is moved is used still; what it declares by use must not be dropped with it.
            let moved = this.unit.template.exprs.within(range);
            this.add(edits, &moved)?;
            let edits = source.remove(&this.unit.source.text, &[member])?;
            this.add(edits, &[])
        })
    }

    /// Puts an item at the end of an array.
    #[must_use]
    pub fn push(self, array: Place, item: New) -> Self {
        self.push_all(array, vec![item])
    }

    /// Puts items at the end of an array. Two calls of [`Rewrite::push`] for one array would not know of each other.
    #[must_use]
    pub fn push_all(self, array: Place, items: Vec<New>) -> Self {
        self.attempt(array.scope, |this| {
            let array = array.expr;
            let list = this.array(array)?;
            let mut renderer = this.renderer();
            let embedded = list.one_line;
            let comma = list.separator == Separator::Comma;
            let edits = list.insert(&this.unit.source.text, list.entries.len(), |slot| {
                let items: Option<Vec<String>> =
                    items.iter().map(|item| renderer.value(item, slot, embedded)).collect();
                Some(slot.join(&items?, comma))
            })?;
            let copied = renderer.copied;
            this.add(edits, &copied)
        })
    }

    /// Takes items out of an array, by their indices.
    #[must_use]
    pub fn remove_items(self, array: Place, items: &[usize]) -> Self {
        self.attempt(array.scope, |this| {
            let array = array.expr;
            let list = this.array(array)?;
            let edits = list.remove(&this.unit.source.text, items)?;
            this.add(edits, &[])
        })
    }

    /// Makes a declared resource wait for another: adds to its `dependsOn`, or creates it.
    #[must_use]
    pub fn depend(self, resource: ResourceRef, on: Target) -> Self {
        self.depend_all(resource, vec![on])
    }

    /// Makes a declared resource wait for several others. Two calls of [`Rewrite::depend`] for one resource would not know of
    /// each other.
    #[must_use]
    pub fn depend_all(self, resource: ResourceRef, on: Vec<Target>) -> Self {
        let declared = self.eval.resource(resource);
        self.depend_in(resource.scope, declared.body, declared.depends_on, on)
    }

    /// Makes a declared resource wait for another, wherever in the deployment the two are: where modules are between them, it
    /// is the module that waits, or that is waited for.
    #[must_use]
    pub fn depend_across(mut self, resource: ResourceRef, on: ResourceRef) -> Self {
        let (waiting, awaited) = (self.steps(resource), self.steps(on));
        let mut pairs = waiting.iter().zip(&awaited);
        let Some((waiting, awaited)) = pairs.find(|(a, b)| !a.is_same(b)) else {
            self.spoilt = true; // one is part of the other
            return self;
        };
        let target = match *awaited {
            Step::Resource(on) => Target::Declared(on),
            Step::Module(on) => Target::Module(on),
        };
        match *waiting {
            Step::Resource(resource) => self.depend(resource, target),
            Step::Module(module) => {
                let declared = &self.eval.template(module.scope).modules[module.index as usize];
                self.depend_in(module.scope, declared.body, declared.depends_on, vec![target])
            }
        }
    }

    /// The modules around a resource from the root down, then the resource.
    fn steps(&self, resource: ResourceRef) -> Vec<Step> {
        let mut steps = vec![Step::Resource(resource)];
        let mut module = self.eval.scope(resource.scope).module;
        while let Some(here) = module {
            steps.push(Step::Module(here));
            module = self.eval.scope(here.scope).module;
        }
        steps.reverse();
        steps
    }

    fn depend_in(self, scope: ScopeId, body: ExprId, list: Option<ExprId>, on: Vec<Target>) -> Self {
        let place = |expr| Place { scope, expr };
        let on = on.into_iter().map(New::Dependency).collect();
        if let Some(list) = list {
            return self.push_all(place(list), on);
        }
        let is_json = self.eval.template(scope).language == Language::Json;
        let at = if is_json { At::Before("properties") } else { At::Last };
        self.insert(place(body), at, "dependsOn", New::Array(on))
    }

    /// Makes a declared resource wait for another that it refers to by its ID, unless it does, or there is nothing to wait
    /// for. That has to be said in ARM JSON only: the symbol of Bicep says it by itself.
    #[must_use]
    pub fn depend_unless_implied(self, resource: ResourceRef, on: Target) -> Self {
        let is_json = self.eval.template(resource.scope).language == Language::Json;
        let waits = match &on {
            Target::Declared(on) => {
                self.eval.resource(*on).existing || self.eval.depends_on(resource, *on) == Some(true)
            }
            Target::Added(_) | Target::Module(_) => false,
        };
        if is_json && !waits { self.depend(resource, on) } else { self }
    }

    /// Gives a resource another API version, where its own is written as a plain text.
    #[must_use]
    pub fn set_api_version(self, resource: ResourceRef, version: &str) -> Self {
        self.attempt(resource.scope, |this| {
            let declared = this.eval.resource(resource);
            let written = declared.api_version?;
            let parent = declared.parent.map(|parent| this.eval.resource(ResourceRef { index: parent, ..resource }));
            // In Bicep a nested resource takes that of the one around it, which would change with it.
            if parent.is_some_and(|parent| parent.api_version == Some(written)) {
                return None;
            }
            let Expr::Str(_) = this.unit.expr(written) else { return None };
            let text = if this.is_json() { json_text(version) } else { version.to_owned() };
            this.add(vec![TextEdit::replace(this.unit.range(written), text)], &[])
        })
    }

    /// Marks a declared parameter as a secret: `securestring`, `@secure()`.
    #[must_use]
    pub fn secure_parameter(self, scope: ScopeId, name: &Name) -> Self {
        self.attempt(scope, |this| {
            let parameter = this.unit.template.parameter(name)?;
            if parameter.ty.secure {
                return Some(());
            }
            let secure = match parameter.ty.kind {
                TypeKind::String => "securestring",
                TypeKind::Object => "secureObject",
                _ => return None,
            };
            if this.is_json() {
                let written = this.unit.text(parameter.type_range);
                let edit = written.starts_with('"').then(|| TextEdit::replace(parameter.type_range, json_text(secure)));
                return this.add(vec![edit?], &[]);
            }
            let text = &this.unit.source.text;
            let start = parameter.range.start();
            line_start(text, start)?;
            let eol = text.line_ending().as_str();
            this.add(vec![TextEdit::insert(start, format!("@secure(){eol}"))], &[])
        })
    }

    /// Declares a parameter for a secret text, without a default, behind all others.
    #[must_use]
    pub fn add_secure_parameter(self, scope: ScopeId, name: &str) -> Self {
        let is_json = self.eval.template(scope).language == Language::Json;
        if is_json {
            return self.add_parameter(scope, name, "securestring", None);
        }
        self.attempt(scope, |this| {
            let at = this.unit.template.insertion.parameters?.start();
            let eol = this.unit.source.text.line_ending().as_str();
            this.add_line(at, &format!("@secure(){eol}param {name} string"))
        })
    }

    /// Declares a resource behind all others.
    #[must_use]
    pub fn add_resource(self, scope: ScopeId, resource: &NewResource) -> Self {
        self.add_resources(scope, &[resource])
    }

    /// Declares resources behind all others. Two calls of [`Rewrite::add_resource`] would not know of each other.
    #[must_use]
    pub fn add_resources(self, scope: ScopeId, resources: &[&NewResource]) -> Self {
        self.attempt(scope, |this| {
            let section = this.unit.template.insertion.resources?;
            let text = &this.unit.source.text;
            let mut renderer = this.renderer();
            if this.is_json() {
                let symbolic = text.slice(section).starts_with('{');
                // Of all that are declared only the first and the last matter for one more behind them.
                let declared = &this.unit.template.resources;
                let ends = declared.first().into_iter().chain(last_of(declared));
                let list = this.section(section, ends.map(|other| other.range))?;
                let edits = list.insert(text, list.entries.len(), |slot| {
                    let one = |resource: &&NewResource| {
                        let body = renderer.json(&json_resource(resource), slot)?;
                        Some(if symbolic { format!("{}: {body}", json_text(&resource.head.symbol)) } else { body })
                    };
                    let all: Option<Vec<String>> = resources.iter().map(one).collect();
                    Some(slot.join(&all?, true))
                })?;
                let copied = renderer.copied;
                return this.add(edits, &copied);
            }
            let eol = text.line_ending().as_str();
            let mut written = if text.as_str().ends_with(['\n', '\r']) { String::new() } else { eol.to_owned() };
            for resource in resources {
                let mut members = vec![(New::str("name"), resource.head.name.last()?.clone())];
                if let Some(scope) = &resource.head.scope {
                    members.insert(0, (New::str("scope"), New::Scope(scope.clone())));
                }
                members.extend(resource.members.iter().cloned());
                let slot = Slot::in_place_of(text, start_of_text());
                let body = renderer.bicep(&New::Object(members), &slot)?;
                let ResourceHead { symbol, resource_type, api_version, .. } = &resource.head;
                let _ = write!(written, "{eol}resource {symbol} '{resource_type}@{api_version}' = {body}{eol}");
            }
            let copied = renderer.copied;
            this.add(vec![TextEdit::insert(section.end(), written)], &copied)
        })
    }

    /// Declares a parameter behind all others. `kind` is a type both languages know: `string`, `bool`, `int`, `object`,
    /// `array`.
    #[must_use]
    pub fn add_parameter(self, scope: ScopeId, name: &str, kind: &str, default: Option<New>) -> Self {
        self.attempt(scope, |this| {
            if this.is_json() {
                let mut members = vec![(New::str("type"), New::str(kind))];
                members.extend(default.map(|default| (New::str("defaultValue"), default)));
                let ranges: Vec<_> = this.unit.template.parameters.iter().map(|other| other.range).collect();
                let section = this.unit.template.insertion.parameters;
                return this.add_to_section("parameters", section, &ranges, name, &New::Object(members));
            }
            let default = match default {
                Some(default) => format!(" = {}", this.bicep_line(&default)?),
                None => String::new(),
            };
            let at = this.unit.template.insertion.parameters?.start();
            this.add_line(at, &format!("param {name} {kind}{default}"))
        })
    }

    /// Declares a variable behind all others.
    #[must_use]
    pub fn add_variable(self, scope: ScopeId, name: &str, value: &New) -> Self {
        self.attempt(scope, |this| {
            if this.is_json() {
                let ranges: Vec<_> = this.unit.template.variables.iter().map(|other| other.range).collect();
                return this.add_to_section("variables", this.unit.template.insertion.variables, &ranges, name, value);
            }
            let value = this.bicep_line(value)?;
            let at = this.unit.template.insertion.variables?.start();
            this.add_line(at, &format!("var {name} = {value}"))
        })
    }

    // What the operations have in common.

    fn enter(&mut self, scope: ScopeId) {
        self.scope = scope;
        self.unit = Unit::of(self.eval, scope);
    }

    fn attempt(mut self, scope: ScopeId, operation: impl FnOnce(&mut Self) -> Option<()>) -> Self {
        if !self.spoilt {
            self.enter(scope);
            self.spoilt = operation(&mut self).is_none();
        }
        self
    }

    fn add(&mut self, edits: Vec<TextEdit>, copied: &[ExprId]) -> Option<()> {
        let file = self.edits.entry(self.unit.file).or_default();
        for edit in edits {
            // Two operations that both want a comma at one place each know half of what has to be written there.
            let comma = |edit: &TextEdit| edit.range.is_empty() && edit.new_text == ",";
            if comma(&edit) && file.iter().any(|other| comma(other) && other.range == edit.range) {
                return None;
            }
            file.push(edit).ok()?;
        }
        for id in copied {
            let mut inside = vec![*id];
            while let Some(expr) = inside.pop().map(|id| self.unit.expr(id)) {
                self.used.extend(declared(expr).cloned());
                expr.children(&mut inside);
            }
            self.copied.push(Location { file: self.unit.file, range: self.unit.range(*id) });
        }
        Some(())
    }

    fn is_json(&self) -> bool {
        self.unit.template.language == Language::Json
    }

    fn renderer(&self) -> Renderer<'a> {
        Renderer { eval: self.eval, scope: self.scope, unit: self.unit, copied: Vec::new() }
    }

    /// On one line, at the start of a line.
    fn bicep_line(&mut self, new: &New) -> Option<String> {
        let mut renderer = self.renderer();
        let slot = Slot::in_place_of(&self.unit.source.text, start_of_text());
        let written = renderer.bicep(new, &slot)?;
        let copied = renderer.copied;
        self.add(Vec::new(), &copied)?;
        Some(written)
    }

    /// The object as a list of its members; `None` when it is none, or damaged, or not written as one.
    fn object(&self, id: ExprId) -> Option<(&'a Object, List)> {
        let Expr::Object(object) = self.unit.expr(id) else { return None };
        if object.damaged {
            return None;
        }
        let entries = object.members.iter().map(|member| match member {
            Member::Property(property) => property.range,
            Member::Spread { range, .. } => *range,
        });
        let list = self.list(self.unit.range(id), entries.collect(), object.form, "createObject", ['{', '}'])?;
        Some((object, list))
    }

    fn array(&self, id: ExprId) -> Option<List> {
        let Expr::Array(items) = self.unit.expr(id) else { return None };
        // A spread's own dots are outside its value.
        let entries: Option<Vec<TextRange>> = items
            .iter()
            .map(|item| match item {
                Item::Value(id) => Some(self.unit.range(*id)),
                Item::Spread(_) => None,
            })
            .collect();
        let embedded = self.is_json() && !self.unit.text(self.unit.range(id)).starts_with('[');
        let form = if embedded { ObjectForm::Call } else { ObjectForm::Braces };
        self.list(self.unit.range(id), entries?, form, "createArray", ['[', ']'])
    }

    fn list(
        &self,
        range: TextRange,
        entries: Vec<TextRange>,
        form: ObjectForm,
        function: &str,
        brackets: [char; 2],
    ) -> Option<List> {
        let range = if form == ObjectForm::Call { self.inside_quotes(range) } else { range };
        let written = self.unit.text(range);
        let (head, brackets) = match form {
            ObjectForm::Implied => return None,
            ObjectForm::Braces => ("", brackets),
            // `json('…')` is an object too, but a text: not to be edited.
            ObjectForm::Call => (written.get(..function.len())?, ['(', ')']),
        };
        if !head.eq_ignore_ascii_case(if form == ObjectForm::Call { function } else { "" }) {
            return None;
        }
        let rest = &written[head.len()..];
        let open = head.len() + (rest.len() - rest.trim_start().len()) + brackets[0].len_utf8();
        let inside = written.trim_end();
        if !rest.trim_start().starts_with(brackets[0]) || !inside.ends_with(brackets[1]) || open >= inside.len() {
            return None;
        }
        let inner = TextRange::new(range.start() + size(open), range.start() + size(inside.len() - 1));
        let separator =
            if self.is_json() || form == ObjectForm::Call { Separator::Comma } else { Separator::LineOrComma };
        if entries.iter().any(|entry| !inner.contains_range(*entry)) {
            return None;
        }
        Some(List { inner, entries, separator, one_line: form == ObjectForm::Call })
    }

    /// Of a JSON string that is one expression, the expression.
    fn inside_quotes(&self, range: TextRange) -> TextRange {
        let written = self.unit.text(range);
        let Some(inner) = written.strip_prefix("\"[").and_then(|rest| rest.strip_suffix("]\"")) else { return range };
        let blank = inner.len() - inner.trim_start().len();
        TextRange::at(range.start() + size(2 + blank), TextSize::of(inner.trim()))
    }

    fn index(&self, object: &Object, at: At<'_>) -> usize {
        let end = object.members.len();
        match at {
            At::First => 0,
            At::Last => end,
            At::Before(name) => positions(self.unit, object, name).first().copied().unwrap_or(end),
            At::After(name) => positions(self.unit, object, name).last().map_or(end, |index| index + 1),
        }
    }

    /// A section of a JSON template as a list of what is declared directly in it.
    fn section(&self, section: TextRange, declared: impl Iterator<Item = TextRange>) -> Option<List> {
        let written = self.unit.text(section);
        if !(written.starts_with('{') && written.ends_with('}') || written.starts_with('[') && written.ends_with(']')) {
            return None;
        }
        let inner = TextRange::new(section.start() + TextSize::from(1), section.end() - TextSize::from(1));
        let mut entries: Vec<TextRange> = declared.filter(|range| inner.contains_range(*range)).collect();
        entries.sort_by_key(|range| (range.start(), Reverse(range.end())));
        // Without those that lie in others, which come before them.
        let mut around: Option<TextRange> = None;
        entries.retain(|range| {
            let is_nested = around.is_some_and(|around| around != *range && around.contains_range(*range));
            if !is_nested {
                around = Some(*range);
            }
            !is_nested
        });
        Some(List { inner, entries, separator: Separator::Comma, one_line: false })
    }

    fn add_to_section(
        &mut self,
        title: &str,
        section: Option<TextRange>,
        declared: &[TextRange],
        name: &str,
        value: &New,
    ) -> Option<()> {
        let text = &self.unit.source.text;
        let mut renderer = self.renderer();
        let edits = if let Some(section) = section {
            let list = self.section(section, declared.iter().copied())?;
            list.insert(text, list.entries.len(), |slot| {
                Some(format!("\"{}\": {}", json_escape(name), renderer.json(value, slot)?))
            })?
        } else {
            let at = self.unit.template.insertion.sections?;
            let outer = Slot::in_place_of(text, TextRange::at(at - TextSize::from(1), TextSize::from(1)));
            let slot = outer.deeper();
            let section = New::Object(vec![(New::str(name), value.clone())]);
            let written = renderer.json(&section, &slot)?;
            vec![TextEdit::insert(at, format!("{}{}\"{title}\": {written},", slot.eol(), slot.indent))]
        };
        let copied = renderer.copied;
        self.add(edits, &copied)
    }

    /// A statement of Bicep on a line of its own.
    fn add_line(&mut self, at: TextSize, statement: &str) -> Option<()> {
        let text = &self.unit.source.text;
        let eol = text.line_ending().as_str();
        let before = if line_start(text, at).is_some() { "" } else { eol };
        self.add(vec![TextEdit::insert(at, format!("{before}{statement}{eol}"))], &[])
    }
}

/// What is deployed at a time of its own.
#[derive(Clone, Copy)]
enum Step {
    Resource(ResourceRef),
    Module(ModuleRef),
}

impl Step {
    fn is_same(self, other: &Self) -> bool {
        match (self, other) {
            (Self::Resource(a), Self::Resource(b)) => a.index == b.index,
            (Self::Module(a), Self::Module(b)) => a.index == b.index,
            _ => false,
        }
    }
}

/// A template with the file it stands in: what its ranges and expression ids refer to.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'a> {
    file: FileId,
    source: &'a SourceFile,
    template: &'a Template,
}

impl<'a> Unit<'a> {
    fn of(eval: &'a Evaluator<'a>, scope: ScopeId) -> Self {
        let file = eval.scope(scope).file;
        Self { file, source: eval.workspace().file(file), template: eval.template(scope) }
    }

    fn expr(self, id: ExprId) -> &'a Expr {
        self.template.exprs.get(id)
    }

    fn range(self, id: ExprId) -> TextRange {
        self.template.exprs.range(id)
    }

    fn text(self, range: TextRange) -> &'a str {
        self.source.text.slice(range)
    }
}

impl Renderer<'_> {
    /// As a value at that place.
    fn value(&mut self, new: &New, slot: &Slot<'_>, embedded: bool) -> Option<String> {
        match (self.unit.template.language, embedded) {
            (Language::Json, true) => self.arm(new),
            (Language::Json, false) => self.json(new, slot),
            (Language::Bicep | Language::BicepParam, _) => self.bicep(new, slot),
        }
    }

    fn member(&mut self, key: &New, value: &New, slot: &Slot<'_>, embedded: bool) -> Option<String> {
        Some(match (self.unit.template.language, embedded) {
            (Language::Json, true) => format!("{}, {}", self.arm(key)?, self.arm(value)?),
            (Language::Json, false) => format!("{}: {}", self.json_key(key)?, self.json(value, slot)?),
            (Language::Bicep | Language::BicepParam, _) => {
                format!("{}: {}", self.bicep_key(key)?, self.bicep(value, slot)?)
            }
        })
    }
}

/// Where in the object that name is a key.
fn positions(unit: Unit<'_>, object: &Object, name: &str) -> Vec<usize> {
    let is_it = |member: &Member| match member {
        Member::Property(property) => {
            matches!(unit.expr(property.key), Expr::Str(key) if key.eq_ignore_ascii_case(name))
        }
        Member::Spread { .. } => false,
    };
    (0..).zip(object.members.iter()).filter(|(_, member)| is_it(member)).map(|(index, _)| index).collect()
}

fn property_of(unit: Unit<'_>, object: ExprId, name: &str) -> Option<Property> {
    let Expr::Object(object) = unit.expr(object) else { return None };
    match object.members.get(*positions(unit, object, name).first()?)? {
        Member::Property(property) => Some(*property),
        Member::Spread { .. } => None,
    }
}

/// A name nothing in the template has: `base`, `base2`, `base3`, …
pub fn unused_name(eval: &Evaluator<'_>, scope: ScopeId, base: &str) -> String {
    let template = eval.template(scope);
    let is_taken = |name: &Name| {
        template.names.contains_key(name)
            || template.functions.iter().any(|function| function.name == *name)
            || template.imports.iter().flat_map(|import| &import.names).any(|(_, here)| here.name == *name)
            || template.exprs.has_other_name(name)
    };
    let free = |candidate: &String| !is_taken(&Name::from(candidate.as_str()));
    let mut candidates = std::iter::once(base.to_owned()).chain((2..).map(|number| format!("{base}{number}")));
    candidates.find(free).unwrap_or_else(|| base.to_owned())
}

/// The last resource that is written in no other one.
fn last_of(resources: &[Resource]) -> Option<&Resource> {
    let mut last = resources.last()?;
    while let Some(around) = last.parent.map(|parent| &resources[parent as usize])
        && around.range.contains_range(last.range)
    {
        last = around;
    }
    Some(last)
}

/// A resource as an object of JSON.
fn json_resource(resource: &NewResource) -> New {
    let head = &resource.head;
    let name = match &head.name[..] {
        [name] => name.clone(),
        names => {
            let mut pieces = Vec::new();
            for (number, name) in names.iter().enumerate() {
                if number > 0 {
                    pieces.push(Piece::Text("/".to_owned()));
                }
                pieces.push(match name {
                    New::Str(text) => Piece::Text(text.clone()),
                    name => Piece::Hole(name.clone()),
                });
            }
            New::Text(pieces)
        }
    };
    let mut members =
        vec![(New::str("type"), New::str(&head.resource_type)), (New::str("apiVersion"), New::str(&head.api_version))];
    members.extend(head.scope.clone().map(|scope| (New::str("scope"), New::Scope(scope))));
    members.push((New::str("name"), name));
    let depends_on: Vec<New> = resource.depends_on.iter().cloned().map(New::Dependency).collect();
    let own = resource.members.iter().cloned();
    if depends_on.is_empty() {
        members.extend(own);
    } else {
        let (before, behind): (Vec<_>, Vec<_>) =
            own.partition(|(key, _)| !matches!(key, New::Str(key) if key == "properties"));
        members.extend(before);
        members.push((New::str("dependsOn"), New::Array(depends_on)));
        members.extend(behind);
    }
    New::Object(members)
}

/// Whether resources of the template are declared in an object, by symbolic names.
fn has_symbolic_resources(unit: Unit<'_>) -> bool {
    unit.template.insertion.resources.is_some_and(|section| unit.text(section).starts_with('{'))
}

/// Where a statement of Bicep would be: without indentation, with room for lines.
fn start_of_text() -> TextRange {
    TextRange::empty(TextSize::from(0))
}

/// The parameter or variable that an expression is.
fn declared(expr: &Expr) -> Option<&Name> {
    match expr {
        Expr::Ref(Ref::Parameter(name) | Ref::Variable(name)) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
