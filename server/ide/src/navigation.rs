//! Where things are declared and used: definition, references, highlights, renaming.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use syntax::bicep::{Binding, Names, TypeName};
use syntax::{Language, TextRange, TextSize};
use template::eval::{Place, ScopeId};
use template::expr::{Expr, Member, Ref};
use template::model::{Declaration, Import, ModuleSource, Resource, Template};
use template::value::{Piece, Target, Value};
use template::workspace::{FileId, Location, SourceFile};
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
            Self::Nothing => write!(f, "only what a template declares can be renamed"),
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
    Type,
    /// The name that an import gives to something, if not the one that it has there.
    Alias,
    /// A variable of a loop or a lambda, a parameter of a function: where it is bound.
    Local(TextSize),
}

/// A name, what it means, and how it is used there.
type Named = (Entity, TextRange, OccurrenceKind);

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
            let entity = self.original(&entity).unwrap_or(entity);
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
        let locations: Vec<Location> = self.occurrences_of(&entity).into_iter().map(|it| it.location).collect();
        if locations.is_empty() {
            return Err(RenameError::Nothing);
        }
        if entity.name != *new_name && self.is_taken(&entity, &locations, &Name::from(new_name)) {
            return Err(RenameError::Taken(new_name.to_owned()));
        }
        Ok(locations)
    }

    /// Whether a name means something else already where the entity is named.
    fn is_taken(&self, entity: &Entity, locations: &[Location], name: &Name) -> bool {
        let source = self.workspace.file(entity.file);
        let Some(root) = &source.template else { return true };
        let template = templates(root).get(entity.template).copied().unwrap_or(root);
        let is_json = source.language() == Some(Language::Json);
        // In JSON every kind has names of its own.
        let declared = match template.names.get(name) {
            Some(declared) => !is_json || kind_of(*declared) == entity.kind,
            None => self
                .type_names(entity.file)
                .iter()
                .any(|(ty, _)| ty.is_declaration && source.text.slice(ty.name) == name.as_str()),
        };
        // What binds the name would catch it.
        let bound = |location: &Location| {
            let text = &self.workspace.file(location.file).text;
            let bindings = self.bindings(location.file);
            bindings.iter().any(|it| {
                text.slice(it.name) == name.as_str()
                    && (it.scope.contains_range(location.range) || it.name == location.range)
            })
        };
        let imported = template.imports.iter().flat_map(|import| &import.names).any(|(_, here)| here.name == *name);
        declared || imported || locations.iter().any(bound)
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
            let declared = values.iter().find_map(|case| case.value.made_id()?.declared);
            all.extend(declared.map(|resource| (id, eval.header(resource))));
        }
        all
    }

    /// The calls that make IDs.
    fn makers<'t>(&'t self, template: &'t Template) -> impl Iterator<Item = (ExprId, IdAt)> + 't {
        template.exprs.iter().filter_map(|(expr, kind)| {
            let Expr::Call(call) = kind else { return None };
            let name = *call.arguments.last().filter(|_| call.makes_id())?;
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
        let here = |(entity, range, _): Named| range.contains_inclusive(offset).then_some(entity);
        self.types_in(self.file)
            .into_iter()
            .find_map(here)
            .or_else(|| self.locals_in(self.file).into_iter().find_map(here))
    }

    /// What another file exports and an import gives this name to.
    fn original(&self, entity: &Entity) -> Option<Entity> {
        if entity.kind != EntityKind::Alias {
            return None;
        }
        let template = self.workspace.file(entity.file).template.as_ref()?;
        Imports { view: self, file: entity.file, template }.original(&entity.name)
    }

    fn declaration_of(&self, entity: &Entity) -> Option<Location> {
        let root = self.workspace.file(entity.file).template.as_ref()?;
        let named = match entity.kind {
            EntityKind::Local(_) => self.locals_in(entity.file),
            EntityKind::Type => self.types_in(entity.file),
            _ => self.named_in(entity.file, entity.template, templates(root).get(entity.template)?),
        };
        let is_it = |(own, _, kind): &Named| own == entity && *kind == OccurrenceKind::Write;
        let (_, range, _) = named.into_iter().find(is_it)?;
        Some(Location { file: entity.file, range })
    }

    /// Every place that names the entity, in all files.
    fn occurrences_of(&self, entity: &Entity) -> Vec<Occurrence> {
        let mut found = BTreeSet::new();
        for (file, source) in self.workspace.files() {
            let Some(root) = &source.template else { continue };
            let mut named = Vec::new();
            match entity.kind {
                EntityKind::Local(_) if file == entity.file => named = self.locals_in(file),
                EntityKind::Local(_) => {}
                _ => {
                    for (index, template) in templates(root).into_iter().enumerate() {
                        named.extend(self.named_in(file, index, template));
                    }
                    // Trees are not looked at for nothing.
                    if matches!(entity.kind, EntityKind::Type | EntityKind::Alias)
                        && (file == entity.file || !root.imports.is_empty())
                    {
                        named.extend(self.types_in(file));
                    }
                }
            }
            for (own, range, kind) in named {
                if own == *entity {
                    found.insert((file, u32::from(range.start()), u32::from(range.end()), kind));
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
    fn named_in(&self, file: FileId, index: usize, template: &Template) -> Vec<Named> {
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
        let imports = Imports { view: self, file, template };
        for import in &template.imports {
            for (there, here) in &import.names {
                all.extend(imports.named(&here.name).map(|entity| {
                    (entity.clone(), here.range, if entity.kind == EntityKind::Alias { Write } else { Read })
                }));
                let written = name_before_as(source.text.as_str(), here.range, there).filter(|_| *there != here.name);
                let original = written.and_then(|at| Some((imports.original(&here.name)?, at)));
                all.extend(original.map(|(entity, at)| (entity, at, Read)));
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
                            all.extend(imports.named(name).zip(at).map(|(entity, at)| (entity, at, Read)));
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
                    if !is_own && let Some((space, name)) = call.function.as_str().split_once('.') {
                        let space = Name::from(space);
                        all.extend(imports.member(&space, &Name::from(name)).map(|entity| (entity, at, Read)));
                        let before = name_before(source.text.as_str(), at.start(), ".", &space);
                        all.extend(imports.named(&space).zip(before).map(|(entity, at)| (entity, at, Read)));
                        continue;
                    }
                    all.extend(called.or_else(|| imports.named(&call.function)).map(|entity| (entity, at, Read)));
                }
                // `module.outputs.name`, `imported.name`
                Expr::Member { base, name, name_range, .. } => {
                    let output = match template.expr(*base) {
                        Expr::Ref(Ref::Imported(space)) => imports.member(space, name),
                        _ => self.output_of(file, template, *base, name),
                    };
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
        } else if template.types.iter().any(|ty| ty.name == *name) {
            EntityKind::Type
        } else {
            return None;
        };
        Some(Entity { file, template: 0, kind, name: name.clone() })
    }

    /// Where a file names types, with what they are members of.
    fn type_names(&self, file: FileId) -> Vec<(TypeName, Option<Name>)> {
        let source = self.workspace.file(file);
        let names = bicep_names(source);
        let of = |ty: &TypeName| ty.of.map(|of| Name::from(source.text.slice(of)));
        names.types.into_iter().map(|ty| (ty, of(&ty))).collect()
    }

    /// The types named in a file, with what they mean.
    fn types_in(&self, file: FileId) -> Vec<Named> {
        use OccurrenceKind::{Read, Write};
        let source = self.workspace.file(file);
        let Some(template) = &source.template else { return Vec::new() };
        let imports = Imports { view: self, file, template };
        let types = self.type_names(file);
        let own: FxHashSet<&str> =
            types.iter().filter(|(ty, _)| ty.is_declaration).map(|(ty, _)| source.text.slice(ty.name)).collect();
        let mut all = Vec::new();
        for (ty, of) in &types {
            let name = Name::from(source.text.slice(ty.name));
            let entity = match of {
                Some(space) => imports.member(space, &name),
                None if own.contains(name.as_str()) => Some(Entity { file, template: 0, kind: EntityKind::Type, name }),
                None => imports.named(&name),
            };
            all.extend(entity.map(|entity| (entity, ty.name, if ty.is_declaration { Write } else { Read })));
        }
        all
    }

    /// What is bound in a file for a part of it: variables of loops and lambdas, parameters of functions.
    fn bindings(&self, file: FileId) -> Vec<Binding> {
        let source = self.workspace.file(file);
        let mut all = bicep_names(source).bindings;
        // Lambdas whose parameters are texts: `lambda('x', …)`.
        for template in source.template.iter().flat_map(templates) {
            for (id, expr) in template.exprs.iter() {
                let Expr::Lambda { parameters, body } = expr else { continue };
                let (whole, scope) = (template.exprs.range(id), template.exprs.range(*body));
                let Some(head) = whole.intersect(TextRange::up_to(scope.start())) else { continue };
                for parameter in parameters {
                    let name = name_in(source.text.slice(head), head, parameter);
                    all.extend(name.map(|name| Binding { name, scope }));
                }
            }
        }
        all
    }

    /// The names in a file that are bound for a part of it, with what they mean.
    fn locals_in(&self, file: FileId) -> Vec<Named> {
        let source = self.workspace.file(file);
        let Some(root) = &source.template else { return Vec::new() };
        let mut bound: FxHashMap<&str, Vec<Binding>> = FxHashMap::default();
        for binding in self.bindings(file) {
            bound.entry(source.text.slice(binding.name)).or_default().push(binding);
        }
        let entity = |binding: &Binding| {
            let kind = EntityKind::Local(binding.name.start());
            Entity { file, template: 0, kind, name: Name::from(source.text.slice(binding.name)) }
        };
        let writes = bound.values().flatten().map(|it| (entity(it), it.name, OccurrenceKind::Write));
        let mut all: Vec<Named> = writes.collect();
        for template in templates(root) {
            for (id, expr) in template.exprs.iter() {
                let Expr::Ref(Ref::Local(name)) = expr else { continue };
                let range = template.exprs.range(id);
                let Some(at) = name_in(source.text.slice(range), range, name) else { continue };
                // The innermost one that binds the name.
                let around = bound.get(name.as_str()).into_iter().flatten().filter(|it| it.scope.contains_range(at));
                let binding = around.min_by_key(|it| it.scope.len());
                all.extend(binding.map(|it| (entity(it), at, OccurrenceKind::Read)));
            }
        }
        all.sort_by_key(|(_, range, _)| range.start());
        all
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

/// The imports of a file.
struct Imports<'v, 'w> {
    view: &'v View<'w>,
    file: FileId,
    template: &'v Template,
}

impl Imports<'_, '_> {
    /// What a name that was brought in means: what has it over there, or the name itself if it has another there.
    fn named(&self, name: &Name) -> Option<Entity> {
        let (_, there) = self.find(name)?;
        if there == name {
            return self.original(name);
        }
        Some(Entity { file: self.file, template: 0, kind: EntityKind::Alias, name: name.clone() })
    }

    /// What was brought in under a name.
    fn original(&self, name: &Name) -> Option<Entity> {
        let (import, there) = self.find(name)?;
        self.exported(import, there)
    }

    /// What `space.name` means where all of a file was brought in as `space`.
    fn member(&self, space: &Name, name: &Name) -> Option<Entity> {
        let (import, _) = self.find(space).filter(|(_, there)| there.as_str().is_empty())?;
        self.exported(import, name)
    }

    /// The import that brings in a name, and the name over there; none for all of a file.
    fn find(&self, name: &Name) -> Option<(&Import, &Name)> {
        self.template.imports.iter().find_map(|import| {
            let (there, _) = import.names.iter().find(|(_, here)| here.name == *name)?;
            Some((import, there))
        })
    }

    fn exported(&self, import: &Import, name: &Name) -> Option<Entity> {
        self.view.exported(self.view.file_of(self.file, &import.path.as_ref()?.0)?, name)
    }
}

/// The names of a Bicep file; none of another.
fn bicep_names(source: &SourceFile) -> Names {
    match source.language() {
        Some(Language::Bicep | Language::BicepParam) => source.tree().map(Names::of).unwrap_or_default(),
        _ => Names::default(),
    }
}

/// `there` in `there as here`.
fn name_before_as(text: &str, here: TextRange, there: &Name) -> Option<TextRange> {
    let before = text[..usize::from(here.start())].trim_end();
    let before = before.strip_suffix("as")?.trim_end();
    name_before(text, TextSize::of(before), "", there)
}

/// The name that ends at an offset, with a sign between.
fn name_before(text: &str, end: TextSize, sign: &str, name: &Name) -> Option<TextRange> {
    let before = text[..usize::from(end)].strip_suffix(sign)?;
    before
        .ends_with(name.as_str())
        .then(|| TextRange::at(TextSize::of(before) - TextSize::of(name.as_str()), TextSize::of(name.as_str())))
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
