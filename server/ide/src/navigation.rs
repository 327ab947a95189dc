//! Where things are declared and used: definition, references, highlights, renaming.

use std::collections::BTreeSet;

use syntax::{Language, TextRange, TextSize};
use template::eval::{Place, ScopeId};
use template::expr::{Expr, Member, Ref};
use template::model::{Declaration, Identifier, ModuleSource, Resource, Template};
use template::value::{Piece, Target, Value};
use template::workspace::{FileId, Location};
use template::{ExprId, Name};

use crate::View;

/// A place where something is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The name, without quotes.
    pub location: Location,
    /// How it is used.
    pub kind: OccurrenceKind,
}

/// How something is used at an [`Occurrence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OccurrenceKind {
    /// It is declared, or given a value.
    Write,
    /// It is used.
    Read,
}

/// Why something cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenameError {
    /// There is nothing with a name of its own at the cursor.
    Nothing,
    /// The name cannot be one.
    NotAName(String),
    /// Something else has that name.
    Taken(String),
}

impl std::fmt::Display for RenameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => write!(f, "only parameters, variables, resources and modules can be renamed"),
            Self::NotAName(name) => write!(f, "`{name}` cannot be a name"),
            Self::Taken(name) => write!(f, "`{name}` is declared already"),
        }
    }
}

impl std::error::Error for RenameError {}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entity {
    /// The file that declares it.
    file: FileId,
    /// The template in the file: the outermost, or one written in it, by the order of [`templates`].
    template: usize,
    kind: EntityKind,
    name: Name,
}

/// Where an ID is written that a function makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdAt {
    /// All of the call.
    pub(crate) whole: TextRange,
    /// The last argument, without quotes: the name of the resource.
    name: TextRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntityKind {
    Parameter,
    Variable,
    Resource,
    Module,
    Output,
    Function,
}

/// The templates of a file, each with what it is written in.
fn templates(root: &Template) -> Vec<&Template> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(&template) = all.get(next) {
        next += 1;
        all.extend(template.modules.iter().filter_map(|module| match &module.source {
            ModuleSource::Inline { template, outer_scope: false } => Some(&**template),
            _ => None,
        }));
    }
    all
}

impl View<'_> {
    /// Where what is at the offset is declared.
    pub fn definition(&self, offset: TextSize) -> Vec<Location> {
        if let Some(entity) = self.entity_at(offset) {
            let found = self.occurrences_of(&entity);
            let declared: Vec<Location> = self
                .declaration_of(&entity)
                .into_iter()
                .chain(found.iter().filter(|it| it.kind == OccurrenceKind::Write).map(|it| it.location))
                .collect();
            return declared.into_iter().take(1).collect();
        }
        self.path_at(offset).or_else(|| self.resource_at(offset)).into_iter().collect()
    }

    /// All places where what is at the offset is named.
    pub fn references(&self, offset: TextSize) -> Vec<Occurrence> {
        match self.entity_at(offset) {
            Some(entity) => self.occurrences_of(&entity),
            None => self.resource_names(offset),
        }
    }

    /// The places of this file where what is at the offset is named.
    pub fn highlights(&self, offset: TextSize) -> Vec<Occurrence> {
        let mut all = self.references(offset);
        all.retain(|occurrence| occurrence.location.file == self.file);
        all
    }

    /// The name at the offset, if it can be changed: where it is, and what it is.
    pub fn prepare_rename(&self, offset: TextSize) -> Option<(TextRange, String)> {
        let all = match self.entity_at(offset) {
            Some(entity) => self.occurrences_of(&entity),
            None => self.literal_names(offset)?,
        };
        let here =
            all.iter().find(|it| it.location.file == self.file && it.location.range.contains_inclusive(offset))?;
        Some((here.location.range, self.slice(here.location.range).to_owned()))
    }

    /// The places to change so that what is at the offset has a new name.
    pub fn rename(&self, offset: TextSize, new_name: &str) -> Result<Vec<Location>, RenameError> {
        let Some(entity) = self.entity_at(offset) else {
            let names = self.literal_names(offset).ok_or(RenameError::Nothing)?;
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'(' | b')');
            if new_name.is_empty() || !new_name.bytes().all(is_name) {
                return Err(RenameError::NotAName(new_name.to_owned()));
            }
            return Ok(names.into_iter().map(|it| it.location).collect());
        };
        let is_json = self.workspace.file(entity.file).language() == Some(Language::Json);
        let plain = new_name.bytes().enumerate().all(|(at, byte)| {
            byte.is_ascii_alphabetic() || byte == b'_' || (at > 0 && byte.is_ascii_digit()) || (is_json && byte == b'-')
        });
        if new_name.is_empty() || !plain {
            return Err(RenameError::NotAName(new_name.to_owned()));
        }
        let file = self.workspace.file(entity.file).template.as_ref().ok_or(RenameError::Nothing)?;
        let template = templates(file).get(entity.template).copied().unwrap_or(file);
        let taken = match template.names.get(&Name::from(new_name)) {
            None => false,
            Some(_) if entity.name == *new_name => false,
            // In JSON every kind has names of its own.
            Some(declared) => !is_json || kind_of(*declared) == entity.kind,
        };
        if taken {
            return Err(RenameError::Taken(new_name.to_owned()));
        }
        let locations: Vec<Location> = self.occurrences_of(&entity).into_iter().map(|it| it.location).collect();
        if locations.is_empty() { Err(RenameError::Nothing) } else { Ok(locations) }
    }

    // ------------------------------------------------------------------------------------------------- what is meant

    /// All places of this file where the resource at the offset is named that has no symbol: its own name, and those in
    /// the IDs that mean it.
    fn resource_names(&self, offset: TextSize) -> Vec<Occurrence> {
        let Some(template) = self.template() else { return Vec::new() };
        let text = self.text().as_str();
        let own = template.resources.iter().find(|resource| {
            let name = resource.name.map(|name| unquoted(text, template.exprs.range(name)));
            resource.symbol.is_none() && name.is_some_and(|name| name.contains_inclusive(offset))
        });
        // Nothing is evaluated for a cursor that is somewhere else.
        if own.is_none() && !self.makers(template).any(|(_, id)| id.name.contains_inclusive(offset)) {
            return Vec::new();
        }
        let ids = self.ids();
        let name_of = |location: Location| {
            let named = |resource: &&Resource| resource.header == location.range && resource.symbol.is_none();
            template.resources.iter().find(named).filter(|_| location.file == self.file)
        };
        let meant = ids.iter().find(|(id, _)| id.name.contains_inclusive(offset));
        let Some(resource) = own.or_else(|| meant.and_then(|(_, location)| name_of(*location))) else {
            return Vec::new();
        };
        let Some(name) = resource.name else { return Vec::new() };
        let at = |range, kind| Occurrence { location: Location { file: self.file, range }, kind };
        let declared = unquoted(text, template.exprs.range(name));
        let mut all = vec![at(declared, OccurrenceKind::Write)];
        let uses = ids.iter().filter(|(_, location)| location.file == self.file && location.range == resource.header);
        all.extend(uses.map(|(id, _)| at(id.name, OccurrenceKind::Read)));
        all.sort_by_key(|it| it.location.range.start());
        all.dedup_by_key(|it| it.location);
        all
    }

    /// The same, if the name is written out everywhere, so that it can be changed.
    fn literal_names(&self, offset: TextSize) -> Option<Vec<Occurrence>> {
        let all = self.resource_names(offset);
        let name = self.slice(all.iter().find(|it| it.kind == OccurrenceKind::Write)?.location.range);
        let is_plain = !name.is_empty() && !name.contains(['[', '\\', '/', '$', '\'', '"']);
        let is_same = all.iter().all(|it| self.slice(it.location.range).eq_ignore_ascii_case(name));
        (is_plain && is_same).then_some(all)
    }

    /// The IDs in the file that are made by a function, each with the resource that it means.
    pub(crate) fn ids(&self) -> Vec<(IdAt, Location)> {
        let (Some(template), Some(eval)) = (self.template(), self.eval()) else { return Vec::new() };
        let mut all = Vec::new();
        for (expr, id) in self.makers(template) {
            let values = eval.value(Place { scope: ScopeId::ROOT, expr });
            let declared = values.iter().find_map(|case| match &case.value {
                Value::Str(text) => match text.pieces() {
                    [Piece::Id(id)] => id.declared,
                    _ => None,
                },
                _ => None,
            });
            all.extend(declared.map(|resource| (id, eval.header(resource))));
        }
        all
    }

    /// The calls that make IDs.
    fn makers<'t>(&'t self, template: &'t Template) -> impl Iterator<Item = (ExprId, IdAt)> + 't {
        const MAKERS: [&str; 4] = ["resourceId", "subscriptionResourceId", "tenantResourceId", "extensionResourceId"];
        template.exprs.iter().filter_map(|(expr, kind)| {
            let Expr::Call(call) = kind else { return None };
            let name = *call.arguments.last().filter(|_| MAKERS.iter().any(|maker| call.function == **maker))?;
            // An expression that is all of a string has the range of that.
            let whole = template.exprs.range(expr);
            let bracket = TextSize::from(u32::from(self.slice(whole).starts_with("\"[")) * 2);
            let whole = TextRange::new(whole.start() + bracket, whole.end() - bracket);
            Some((expr, IdAt { whole, name: unquoted(self.text().as_str(), template.exprs.range(name)) }))
        })
    }

    /// What has its name at the offset.
    fn entity_at(&self, offset: TextSize) -> Option<Entity> {
        let root = self.template()?;
        for (index, template) in templates(root).into_iter().enumerate() {
            for (entity, range, _) in self.named_in(self.file, index, template) {
                if range.contains_inclusive(offset) {
                    return Some(entity);
                }
            }
        }
        None
    }

    fn declaration_of(&self, entity: &Entity) -> Option<Location> {
        let root = self.workspace.file(entity.file).template.as_ref()?;
        let template = templates(root).get(entity.template).copied()?;
        let mut named = self.named_in(entity.file, entity.template, template).into_iter();
        let (_, range, _) = named.find(|(own, _, kind)| own == entity && *kind == OccurrenceKind::Write)?;
        Some(Location { file: entity.file, range })
    }

    /// Every place that names the entity, in all files.
    fn occurrences_of(&self, entity: &Entity) -> Vec<Occurrence> {
        let mut found = BTreeSet::new();
        for (file, source) in self.workspace.files() {
            let Some(root) = &source.template else { continue };
            for (index, template) in templates(root).into_iter().enumerate() {
                for (own, range, kind) in self.named_in(file, index, template) {
                    if own == *entity {
                        found.insert((file, u32::from(range.start()), u32::from(range.end()), kind));
                    }
                }
            }
        }
        let mut all: Vec<Occurrence> = found
            .into_iter()
            .map(|(file, start, end, kind)| {
                let range = TextRange::new(start.into(), end.into());
                Occurrence { location: Location { file, range }, kind }
            })
            .collect();
        // The file that declares it comes first.
        all.sort_by_key(|it| (it.location.file != entity.file, it.location.file, it.location.range.start()));
        all.dedup_by_key(|it| it.location);
        all
    }

    /// All that is named in a template, with what it means.
    fn named_in(&self, file: FileId, index: usize, template: &Template) -> Vec<(Entity, TextRange, OccurrenceKind)> {
        use OccurrenceKind::{Read, Write};
        let source = self.workspace.file(file);
        let entity = |kind, name: &Name| Entity { file, template: index, kind, name: name.clone() };
        let mut all = Vec::new();
        for it in &template.parameters {
            all.push((entity(EntityKind::Parameter, &it.name), it.name_range, Write));
        }
        for it in &template.variables {
            all.push((entity(EntityKind::Variable, &it.name), it.name_range, Write));
        }
        for it in template.resources.iter().filter_map(|it| it.symbol.as_ref()) {
            all.push((entity(EntityKind::Resource, &it.name), it.range, Write));
        }
        for it in template.modules.iter().filter_map(|it| it.symbol.as_ref()) {
            all.push((entity(EntityKind::Module, &it.name), it.range, Write));
        }
        for it in &template.functions {
            all.push((entity(EntityKind::Function, &it.name), it.name_range, Write));
        }
        // Brought in from another file, under the name that it has there.
        let imported = |name: &Name| {
            template.imports.iter().find_map(|import| {
                let is_it = |(there, here): &&(Name, Identifier)| here.name == *name && *there == *name;
                let (there, _) = import.names.iter().find(is_it)?;
                self.exported(self.file_of(file, &import.path.as_ref()?.0)?, there)
            })
        };
        for (there, here) in template.imports.iter().flat_map(|import| &import.names) {
            if *there == here.name {
                all.extend(imported(there).map(|entity| (entity, here.range, Read)));
            }
        }
        for it in &template.outputs {
            all.push((entity(EntityKind::Output, &it.name), it.name_range, Write));
        }
        for (id, expr) in template.exprs.iter() {
            let range = template.exprs.range(id);
            match expr {
                Expr::Ref(reference) => {
                    let (kind, name) = match reference {
                        Ref::Parameter(name) => (EntityKind::Parameter, name),
                        Ref::Variable(name) => (EntityKind::Variable, name),
                        Ref::Resource(name) => (EntityKind::Resource, name),
                        Ref::Module(name) => (EntityKind::Module, name),
                        Ref::Imported(name) => {
                            let at = name_in(source.text.slice(range), range, name);
                            all.extend(imported(name).zip(at).map(|(entity, at)| (entity, at, Read)));
                            continue;
                        }
                        Ref::Local(_) | Ref::Undeclared(_) => continue,
                    };
                    all.extend(name_in(source.text.slice(range), range, name).map(|at| (entity(kind, name), at, Read)));
                }
                Expr::Call(call) if call.receiver.is_none() => {
                    let is_own = template.functions.iter().any(|own| own.name == call.function);
                    let called = is_own.then(|| entity(EntityKind::Function, &call.function));
                    // Of `namespace.name` in ARM JSON only the last part is the name.
                    let text = source.text.slice(call.function_range);
                    let short = TextSize::of(text.rsplit('.').next().unwrap_or(text));
                    let at = TextRange::new(call.function_range.end() - short, call.function_range.end());
                    all.extend(called.or_else(|| imported(&call.function)).map(|entity| (entity, at, Read)));
                }
                // `module.outputs.name`
                Expr::Member { base, name, name_range, .. } => {
                    let output = self.output_of(file, template, *base, name);
                    all.extend(output.map(|entity| (entity, *name_range, Read)));
                }
                _ => {}
            }
        }
        // What a parameter file or a module gives to a parameter of another file.
        let targets = if template.assignments.is_empty() { Vec::new() } else { self.templates_of(file, template) };
        for it in &template.assignments {
            if targets.is_empty() {
                all.push((entity(EntityKind::Parameter, &it.name.name), it.name.range, Write));
            }
            for &target in &targets {
                let name = it.name.name.clone();
                let entity = Entity { file: target, template: 0, kind: EntityKind::Parameter, name };
                all.push((entity, it.name.range, Write));
            }
        }
        for module in &template.modules {
            let (ModuleSource::Path(path, _), Some(arguments)) = (&module.source, module.arguments) else { continue };
            let (Some(target), Expr::Object(object)) = (self.file_of(file, path), template.expr(arguments)) else {
                continue;
            };
            for member in &object.members {
                if let Member::Property(property) = member
                    && let Expr::Str(key) = template.expr(property.key)
                {
                    let name = Name::from(&**key);
                    let range = unquoted(source.text.as_str(), template.exprs.range(property.key));
                    all.push((Entity { file: target, template: 0, kind: EntityKind::Parameter, name }, range, Read));
                }
            }
        }
        all
    }

    /// The templates that a parameter file is for: the one it names, or those that it may be for by its name.
    fn templates_of(&self, file: FileId, template: &Template) -> Vec<FileId> {
        match &template.using {
            Some((path, _)) => self.file_of(file, path).into_iter().collect(),
            None => template::parameters::templates(self.workspace, file),
        }
    }

    /// What a name means that another file exports.
    fn exported(&self, file: FileId, name: &Name) -> Option<Entity> {
        let template = self.workspace.file(file).template.as_ref()?;
        let kind = if template.functions.iter().any(|function| function.name == *name) {
            EntityKind::Function
        } else if template.variables.iter().any(|variable| variable.name == *name) {
            EntityKind::Variable
        } else {
            return None;
        };
        Some(Entity { file, template: 0, kind, name: name.clone() })
    }

    fn output_of(&self, file: FileId, template: &Template, base: template::ExprId, name: &Name) -> Option<Entity> {
        let Expr::Member { base: module, name: outputs, .. } = template.expr(base) else { return None };
        let Expr::Ref(Ref::Module(module)) = template.expr(*module) else { return None };
        let Declaration::Module(index) = template.names.get(module).filter(|_| *outputs == *"outputs")? else {
            return None;
        };
        let (ModuleSource::Path(path, _) | ModuleSource::Registry(path, _)) = &template.modules[*index as usize].source
        else {
            return None;
        };
        let target = self.file_of(file, path)?;
        Some(Entity { file: target, template: 0, kind: EntityKind::Output, name: name.clone() })
    }

    /// The file that a path in another file leads to, and that somebody could open.
    pub(crate) fn file_of(&self, file: FileId, path: &str) -> Option<FileId> {
        self.workspace.file_from(file, path).filter(|&found| !self.workspace.file(found).stands_in())
    }

    // ------------------------------------------------------------------------------------------------- paths, IDs

    /// The file whose path is written at the offset.
    fn path_at(&self, offset: TextSize) -> Option<Location> {
        let template = self.template()?;
        let modules = template.modules.iter().filter_map(|module| match &module.source {
            ModuleSource::Path(path, range) | ModuleSource::Registry(path, range) => Some((path, *range)),
            _ => None,
        });
        let using = template.using.iter().map(|(path, range)| (path, *range));
        let imports =
            template.imports.iter().filter_map(|import| import.path.as_ref()).map(|(path, range)| (path, *range));
        let (path, _) = modules.chain(using).chain(imports).find(|(_, range)| range.contains_inclusive(offset))?;
        Some(Location { file: self.file_of(self.file, path)?, range: TextRange::empty(0.into()) })
    }

    /// The declaration of the resource that an ID, a dependency or a read at the offset names.
    fn resource_at(&self, offset: TextSize) -> Option<Location> {
        let template = self.template()?;
        let mut around: Vec<_> = template
            .exprs
            .iter()
            .filter(|(_, expr)| {
                matches!(expr, Expr::Call(_) | Expr::Interpolation(_) | Expr::Str(_) | Expr::Member { .. })
            })
            .map(|(id, _)| (id, template.exprs.range(id)))
            .filter(|(_, range)| range.contains_inclusive(offset))
            .collect();
        around.sort_by_key(|(_, range)| range.len());
        let eval = self.eval()?;
        for (expr, _) in around.into_iter().take(4) {
            for case in eval.value(Place { scope: ScopeId::ROOT, expr }).iter() {
                let declared = match &case.value {
                    Value::Str(text) => text.pieces().iter().find_map(|piece| match piece {
                        Piece::Id(id) => id.declared,
                        Piece::Read(read) => declared(&read.target),
                        _ => None,
                    }),
                    Value::Read(read) => declared(&read.target),
                    Value::Resource(resource) => Some(*resource),
                    _ => None,
                };
                if let Some(resource) = declared {
                    let header = eval.header(resource);
                    if header.file != self.file || !header.range.contains_inclusive(offset) {
                        return Some(header);
                    }
                }
            }
        }
        None
    }
}

fn declared(target: &Target) -> Option<template::value::ResourceRef> {
    match target {
        Target::Declared(resource) => Some(*resource),
        Target::Id(id) => id.declared,
        Target::Unknown(_) => None,
    }
}

fn kind_of(declaration: Declaration) -> EntityKind {
    match declaration {
        Declaration::Parameter(_) => EntityKind::Parameter,
        Declaration::Variable(_) => EntityKind::Variable,
        Declaration::Resource(_) => EntityKind::Resource,
        Declaration::Module(_) => EntityKind::Module,
    }
}

/// Where a name is written in a reference: all of it in Bicep, between the quotes of `parameters('name')` in ARM JSON.
fn name_in(text: &str, range: TextRange, name: &Name) -> Option<TextRange> {
    let name = name.as_str();
    if text.eq_ignore_ascii_case(name) {
        return Some(range);
    }
    let at = text.as_bytes().windows(name.len().max(1)).rposition(|part| part.eq_ignore_ascii_case(name.as_bytes()))?;
    let before = text.as_bytes().get(at.checked_sub(1)?)?;
    matches!(before, b'\'' | b'"').then(|| TextRange::at(range.start() + crate::scan::size(at), TextSize::of(name)))
}

/// A range without the quotes at its ends.
fn unquoted(source: &str, range: TextRange) -> TextRange {
    let text = &source[range];
    match text.bytes().next() {
        Some(b'"' | b'\'') if text.len() >= 2 => {
            TextRange::new(range.start() + TextSize::from(1), range.end() - TextSize::from(1))
        }
        _ => range,
    }
}
