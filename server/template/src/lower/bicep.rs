//! Lowering of Bicep.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use syntax::bicep::{
    Body, Declaration as Syntax, Decorator, Expr as Node, ExprKind, For, Item as ItemNode, Key, Module as ModuleNode,
    Object as ObjectNode, ObjectMember, Piece, Resource as ResourceNode, Statement, StatementKind, Str, Survey, Token,
    TopLevel, Type, TypeKind as TypeNode, Unread,
};
use syntax::{Language, SyntaxTree};
use text_size::{TextRange, TextSize};

use super::forms::{self, CallSite, Draft, Text};
use super::units::{self, Old, Sort};
use super::{MAX_DEPTH, full_type, index_names, literal, property};
use crate::Name;
use crate::expr::{
    BinaryOp, Expr, ExprId, Exprs, Item, Loop, Member, Object, ObjectForm, Opaque, Property, Ref, UnaryOp,
};
use crate::model::{
    Assignment, Function, Identifier, Import, Module, ModuleSource, Output, Parameter, ParameterType, Repeat, Resource,
    Template, TemplateKind, TypeDeclaration, TypeKind, Variable,
};
use crate::references::is_registry;

/// Lowers a `.bicep` or `.bicepparam` file. `old` is what there is to go on with.
pub(super) fn lower(tree: &SyntaxTree, top: &TopLevel<'_>, survey: &Survey, old: Option<(Template, Old)>) -> Template {
    let language = tree.language();
    let kind = if language == Language::BicepParam { TemplateKind::Parameters } else { TemplateKind::Deployment };
    let (template, mut old) = match old {
        Some((template, old)) => (template, Some(old)),
        None => (Template { exprs: Exprs::for_text(tree.source().len()), ..Template::new(language, kind) }, None),
    };
    // Of what is left over in a row the first tells where it begins; a file may have nothing else, and statements are large.
    let mut was_broken = false;
    let is_news = |statement: &Unread<'_>| {
        let is_broken = statement.kind() == StatementKind::Broken;
        let was_broken = std::mem::replace(&mut was_broken, is_broken);
        !(is_broken && was_broken)
    };
    let found = top.statements().filter(is_news).map(|unread| {
        let known = old.as_ref().and_then(|old| old.find(unread.range()));
        Found { unread, sort: sort_of(unread.kind()), range: unread.range(), known, read: None }
    });
    let mut statements: Vec<Found<'_>> = found.collect();
    let mut lowering = Lowering {
        source: tree.source(),
        template,
        names: FxHashMap::default(),
        functions: FxHashSet::default(),
        types: FxHashMap::default(),
        locals: Vec::new(),
        nested: Vec::new(),
        damage: survey.damage.iter().map(|damage| (damage.object, damage.from)).collect(),
        spilled: false,
        is_embedded: false,
        depth: 0,
    };
    lowering.declare(&mut statements, old.as_ref());
    let faulty: FxHashSet<TextRange> = survey.faulty.iter().copied().collect();
    if let Some(old) = &old {
        lowering.find_same(&mut statements, old, &faulty);
    }
    let errors = &mut Vec::new();
    for statement in &statements {
        let (range, template) = (statement.range, &mut lowering.template);
        if let (Some(old), Some(known)) = (&mut old, statement.known) {
            old.keep(known, range, template, errors);
            continue;
        }
        if let Some(old) = &mut old {
            old.make_room(template, errors);
        }
        units::begin(template, errors, statement.sort, range, !faulty.contains(&range));
        lowering.statement(&statement.statement());
    }
    if let Some(old) = &mut old {
        old.make_room(&mut lowering.template, errors);
    }
    lowering.find_insertion(&statements);
    lowering.link_parents();
    let mut template = lowering.template;
    index_names(&mut template);
    template
}

/// Whether one of more names than that is mentioned somewhere is not asked: to lower everything costs less.
const MANY_NAMES: usize = 64;

/// A statement at the top of the file.
struct Found<'t> {
    unread: Unread<'t>,
    sort: Sort,
    range: TextRange,
    /// The unit it was before the file was edited, if nothing in it changed.
    known: Option<u32>,
    /// Only where it is not known what it declares.
    read: Option<Box<Statement<'t>>>,
}

impl<'t> Found<'t> {
    fn statement(&self) -> Cow<'_, Statement<'t>> {
        self.read.as_deref().map_or_else(|| Cow::Owned(self.unread.read()), Cow::Borrowed)
    }
}

fn sort_of(kind: StatementKind) -> Sort {
    match kind {
        StatementKind::Parameter => Sort::Parameter,
        StatementKind::Variable => Sort::Variable,
        StatementKind::Output => Sort::Output,
        StatementKind::Resource => Sort::Resource,
        StatementKind::Module => Sort::Module,
        StatementKind::Function => Sort::Function,
        StatementKind::Type => Sort::Type,
        StatementKind::Head => Sort::Head,
        StatementKind::Other | StatementKind::Broken => Sort::Nothing,
    }
}

/// The names that a statement declares for the whole file.
fn declared<'s>(statement: &'s Statement<'_>) -> SmallVec<[&'s str; 1]> {
    let name = match statement {
        Statement::Parameter(declaration) | Statement::Variable(declaration) | Statement::Type(declaration) => {
            declaration.name
        }
        Statement::Resource(resource) => resource.name,
        Statement::Module(module) => module.name,
        Statement::Function(function) => function.name,
        Statement::Extension(extension) => extension.alias.or(extension.name),
        Statement::Import(import) => {
            let here = import.items.iter().map(|(there, here)| here.unwrap_or(*there)).chain(import.wildcard);
            return here.map(|name| name.text).collect();
        }
        _ => None,
    };
    name.map(|name| name.text).into_iter().collect()
}

/// What a name at the top of the file stands for.
#[derive(Clone, Copy)]
enum NameKind {
    Parameter,
    Variable,
    Resource,
    Module,
    Imported,
}

struct Lowering<'t> {
    source: &'t str,
    template: Template,
    /// Names declared at the top of the file.
    names: FxHashMap<Name, NameKind>,
    /// Functions declared in the file or imported, which hide the built-in ones.
    functions: FxHashSet<Name>,
    /// Types declared in the file.
    types: FxHashMap<&'t str, Type<'t>>,
    /// Names bound by loops, lambdas and functions around, the innermost last.
    locals: Vec<Name>,
    /// Symbols of the resources nested in the ones around.
    nested: Vec<Name>,
    /// Objects with members that belong elsewhere, and from where on they do.
    damage: FxHashMap<TextRange, TextSize>,
    /// Members of an object around were found in an object inside of it.
    spilled: bool,
    /// Inside of a `${…}`.
    is_embedded: bool,
    depth: usize,
}

impl<'t> Lowering<'t> {
    /// Notes what the statements declare, and reads those of which that is not known from before.
    fn declare(&mut self, statements: &mut [Found<'t>], old: Option<&Old>) {
        for found in statements {
            let kind = match found.sort {
                Sort::Parameter => Some(NameKind::Parameter),
                Sort::Variable => Some(NameKind::Variable),
                Sort::Resource => Some(NameKind::Resource),
                Sort::Module => Some(NameKind::Module),
                Sort::Head => Some(NameKind::Imported),
                // No values.
                Sort::Function | Sort::Type => None,
                Sort::Output | Sort::Nothing => continue,
            };
            if let (Some(old), Some(known), Some(kind)) = (old, found.known, kind)
                && found.sort != Sort::Head
            {
                if let Some(name) = old.name(&self.template, known) {
                    self.names.entry(name.clone()).or_insert(kind);
                }
                continue;
            }
            let statement: &Statement<'t> = found.read.insert(Box::new(found.unread.read()));
            if let Statement::Type(Syntax { name: Some(name), type_: Some(ty), .. }) = statement {
                self.types.entry(name.text).or_insert(*ty);
            }
            let is_function = matches!(statement, Statement::Function(_) | Statement::Import(_));
            for name in declared(statement) {
                if is_function {
                    self.functions.insert(Name::from(name));
                }
                if let Some(kind) = kind {
                    self.names.entry(Name::from(name)).or_insert(kind);
                }
            }
        }
    }

    /// Leaves only those known that say the same as before, in the light of what else is declared and of what is missing.
    fn find_same(&self, statements: &mut [Found<'t>], old: &Old, faulty: &FxHashSet<TextRange>) {
        let gone = old.others(statements.iter().filter_map(|found| found.known));
        let come = || statements.iter().filter(|found| found.known.is_none());
        let sorts = || gone.iter().map(|&index| old.unit(index).sort).chain(come().map(|found| found.sort));
        let is_head = sorts().any(|sort| sort == Sort::Head);
        let before: Vec<(Sort, String)> = gone
            .iter()
            .filter_map(|&index| Some((old.unit(index).sort, old.name(&self.template, index)?.as_str().to_owned())))
            .collect();
        let after: Vec<(Sort, String)> = come()
            .filter_map(|found| Some((found.sort, declared(found.read.as_deref()?))))
            .flat_map(|(sort, names)| names.into_iter().map(move |name| (sort, name.to_owned())))
            .collect();
        let changed = if before == after { Vec::new() } else { [before, after].concat() };
        let is_much = changed.len() > MANY_NAMES;
        for found in statements {
            let text = &self.source[found.range];
            found.known = found.known.filter(|&index| {
                let unit = old.unit(index);
                !matches!(found.sort, Sort::Type | Sort::Head | Sort::Nothing)
                    && !is_head
                    && !is_much
                    && unit.sort == found.sort
                    && unit.is_whole
                    && !faulty.contains(&found.range)
                    && !changed.iter().any(|(_, name)| mentions(text, name))
            });
        }
    }

    fn statement(&mut self, statement: &Statement<'t>) {
        match statement {
            Statement::Parameter(declaration) if self.template.kind == TemplateKind::Parameters => {
                self.assignment(declaration);
            }
            Statement::Parameter(declaration) => self.parameter(declaration),
            Statement::Variable(declaration) => {
                if let Some(name) = declaration.name {
                    let value = self.value_or_gap(declaration.value, declaration.range);
                    self.template.variables.push(Variable {
                        name: Name::from(name.text),
                        name_range: name.range,
                        value,
                        range: declaration.range,
                    });
                }
            }
            Statement::Output(declaration) => {
                if let Some(name) = declaration.name {
                    let ty = declaration.type_.map(|ty| self.ty(ty, 0).0).unwrap_or_default();
                    let value = self.value_or_gap(declaration.value, declaration.range);
                    self.template.outputs.push(Output {
                        name: Name::from(name.text),
                        name_range: name.range,
                        ty: ParameterType { secure: has_decorator(&declaration.decorators, "secure"), ..ty },
                        value,
                        condition: None,
                        range: declaration.range,
                    });
                }
            }
            Statement::Resource(resource) => self.resource(resource, None),
            Statement::Module(module) => self.module(module),
            Statement::Function(function) => {
                if let Some(name) = function.name {
                    let parameters: Vec<Name> =
                        function.parameters.iter().map(|(name, _)| Name::from(name.text)).collect();
                    let locals = self.locals.len();
                    self.locals.extend(parameters.iter().cloned());
                    let body = self.value_or_gap(function.body, function.range);
                    self.locals.truncate(locals);
                    self.template.functions.push(Function {
                        name: Name::from(name.text),
                        name_range: name.range,
                        parameters,
                        body,
                    });
                }
            }
            Statement::Import(import) => {
                let identifier = |token: Token<'_>| Identifier { name: Name::from(token.text), range: token.range };
                let listed = import.items.iter().map(|(there, here)| {
                    (Name::from(there.text.trim_matches('\'')), identifier(here.unwrap_or(*there)))
                });
                let names = listed.chain(import.wildcard.map(|here| (Name::from(""), identifier(here)))).collect();
                self.template.imports.push(Import { names, path: import.path.and_then(path_of) });
            }
            Statement::Using(using) => self.template.using = using.path.and_then(path_of),
            Statement::Extends(extends) => {
                self.template.imports.push(Import { names: Vec::new(), path: extends.path.and_then(path_of) });
            }
            Statement::Type(declaration) => {
                if let (Some(name), Some(ty)) = (declaration.name, declaration.type_)
                    && has_decorator(&declaration.decorators, "export")
                {
                    let (ty, allowed) = self.ty(ty, 0);
                    self.template.types.push(TypeDeclaration { name: Name::from(name.text), ty, allowed });
                }
            }
            Statement::TargetScope(_)
            | Statement::Metadata(_)
            | Statement::Assert(_)
            | Statement::Test(_)
            | Statement::Extension(_)
            | Statement::ExtensionConfig(_)
            | Statement::Broken(_) => {}
        }
    }

    fn parameter(&mut self, declaration: &Syntax<'t>) {
        let Some(name) = declaration.name else { return };
        let (mut ty, mut allowed) = declaration.type_.map(|ty| self.ty(ty, 0)).unwrap_or_default();
        ty.secure = has_decorator(&declaration.decorators, "secure");
        if let Some(listed) = declaration.decorators.iter().find(|decorator| is_named(decorator, "allowed")) {
            // For an array the list says what its elements may be.
            allowed = if ty.kind == TypeKind::Array { None } else { self.allowed(listed) };
        }
        let half_typed = declaration.value.is_none() && self.source[declaration.range].trim_end().ends_with('=');
        let default = match declaration.value {
            Some(value) => Some(self.value(value)),
            None if half_typed => Some(self.gap(declaration.range.end())),
            None => None,
        };
        let described = declaration.decorators.iter().find(|decorator| is_named(decorator, "description"));
        let description = described.and_then(|decorator| match decorator.arguments()?.next()? {
            ItemNode::Expr(argument) => Some(argument.range()),
            _ => None,
        });
        self.template.parameters.push(Parameter {
            name: Name::from(name.text),
            name_range: name.range,
            ty,
            type_range: declaration.type_.map_or(TextRange::empty(name.range.end()), Type::range),
            default,
            allowed,
            description,
            range: declaration.range,
        });
    }

    /// The values in `@allowed([…])`, if all of them can be read.
    fn allowed(&mut self, decorator: &Decorator<'t>) -> Option<Vec<ExprId>> {
        let mut arguments = decorator.arguments()?;
        let Some(ItemNode::Expr(argument)) = arguments.next() else { return None };
        let ExprKind::Array(array) = argument.without_parentheses().kind() else { return None };
        let mut values = Vec::new();
        for item in array.items() {
            let ItemNode::Expr(value) = item else { return None };
            values.push(self.value(value));
        }
        Some(values)
    }

    fn assignment(&mut self, declaration: &Syntax<'t>) {
        let Some(name) = declaration.name else { return };
        let value = self.value_or_gap(declaration.value, declaration.range);
        let key_vault = matches!(
            self.template.expr(value), Expr::Call(call) if call.receiver.is_none() && call.function == *"getSecret"
        );
        let value = if key_vault {
            let range = self.template.exprs.range(value);
            self.template.exprs.add(Expr::Opaque(Opaque::Unsupported), range)
        } else {
            value
        };
        let name = Identifier { name: Name::from(name.text), range: name.range };
        self.template.assignments.push(Assignment { name, value, key_vault, range: declaration.range });
    }

    /// The type, and the values it can have where it lists them. `aliases` is how many declared types led here.
    fn ty(&mut self, ty: Type<'t>, aliases: usize) -> (ParameterType, Option<Vec<ExprId>>) {
        if aliases > MAX_DEPTH / 8 {
            return Default::default();
        }
        let plain = |kind| (ParameterType { kind, ..ParameterType::default() }, None);
        let mut literal = |kind, expr| {
            let id = self.template.exprs.add(expr, ty.range());
            (ParameterType { kind, ..ParameterType::default() }, Some(vec![id]))
        };
        match ty.kind() {
            TypeNode::Name("string") => plain(TypeKind::String),
            TypeNode::Name("int") => plain(TypeKind::Int),
            TypeNode::Name("bool") => plain(TypeKind::Bool),
            TypeNode::Name("object") | TypeNode::Object(_) => plain(TypeKind::Object),
            TypeNode::Name("array") | TypeNode::Tuple(_) => plain(TypeKind::Array),
            TypeNode::Name(name) => match self.types.get(name).copied() {
                Some(declared) => {
                    // What it lists is written there, and may change there.
                    units::depends_on_others(&mut self.template);
                    self.ty(declared, aliases + 1)
                }
                None => self.imported_type(name, None),
            },
            TypeNode::Qualified { object: Some(object), property: Some(property) } => match object.kind() {
                TypeNode::Name(namespace) => self.imported_type(namespace, Some(property.text)),
                _ => Default::default(),
            },
            TypeNode::String(string) => match string.plain() {
                Some(text) if string.is_complete() => literal(TypeKind::String, Expr::Str(text.into())),
                _ => Default::default(),
            },
            TypeNode::Integer(Some(value)) => literal(TypeKind::Int, Expr::Int(value)),
            TypeNode::Boolean(value) => literal(TypeKind::Bool, Expr::Bool(value)),
            TypeNode::Signed(text) => match text.parse() {
                Ok(value) => literal(TypeKind::Int, Expr::Int(value)),
                Err(_) => Default::default(),
            },
            TypeNode::Null => (ParameterType { nullable: true, ..ParameterType::default() }, Some(Vec::new())),
            TypeNode::Union(members) => {
                let mut union = ParameterType::default();
                let mut all = Some(Vec::new());
                for (index, member) in members.into_iter().enumerate() {
                    let is_null = matches!(member.kind(), TypeNode::Null);
                    let (member, values) = self.ty(member, aliases + 1);
                    union.nullable |= member.nullable;
                    if index == 0 || union.kind == member.kind || is_null {
                        union.kind = if is_null { union.kind } else { member.kind };
                    } else {
                        union.kind = TypeKind::Other;
                    }
                    all = all.zip(values).map(|(all, values)| [all, values].concat());
                }
                (union, all.filter(|values| !values.is_empty()))
            }
            TypeNode::Nullable(Some(inner)) => {
                let (ty, values) = self.ty(inner, aliases + 1);
                (ParameterType { nullable: true, ..ty }, values)
            }
            TypeNode::NonNull(Some(inner)) => {
                let (ty, values) = self.ty(inner, aliases + 1);
                (ParameterType { nullable: false, ..ty }, values)
            }
            TypeNode::Parenthesized(Some(inner)) => self.ty(inner, aliases + 1),
            TypeNode::Array(element) => {
                let element = element.map(|element| self.ty(element, aliases + 1).0.kind);
                (ParameterType { kind: TypeKind::Array, element, ..ParameterType::default() }, None)
            }
            _ => Default::default(),
        }
    }

    /// A type that another file declares.
    fn imported_type(&self, name: &str, member: Option<&str>) -> (ParameterType, Option<Vec<ExprId>>) {
        let name = Name::from(name);
        let is_imported = matches!(self.names.get(&name), Some(NameKind::Imported));
        let imported = is_imported.then(|| match member {
            Some(member) => Name::from(&*format!("{name}.{member}")),
            None => name,
        });
        (ParameterType { imported, ..ParameterType::default() }, None)
    }

    fn resource(&mut self, resource: &ResourceNode<'t>, parent: Option<u32>) {
        if resource.name.is_none() && resource.type_.is_none() {
            return;
        }
        let ResourceType { full, range: type_range, version } = self.resource_type(resource, parent);
        let version =
            version.or_else(|| parent.and_then(|parent| self.template.resources[parent as usize].api_version));
        let (locals, nested) = (self.locals.len(), self.nested.len());
        let mut children = Vec::new();
        let BodyParts { condition, repeat, body } = self.body(resource.body, resource.range.end(), Some(&mut children));
        let own = |name| property(&self.template, body, name);
        let index = index_of(self.template.resources.len());
        self.template.resources.push(Resource {
            symbol: resource.name.map(|name| Identifier { name: Name::from(name.text), range: name.range }),
            resource_type: full,
            type_range,
            api_version: version,
            name: own("name"),
            parent,
            existing: resource.existing.is_some(),
            condition,
            repeat,
            in_batches: has_decorator(&resource.decorators, "batchSize"),
            scope: own("scope"),
            depends_on: own("dependsOn"),
            body,
            range: resource.range,
            header: self.header("resource", resource.name, resource.type_, resource.range),
            module: None,
        });
        for child in children {
            self.resource(&child, Some(index));
        }
        self.locals.truncate(locals);
        self.nested.truncate(nested);
    }

    /// The type and version in `'type@version'`.
    fn resource_type(&mut self, resource: &ResourceNode<'t>, parent: Option<u32>) -> ResourceType {
        let Some(string) = resource.type_ else {
            return ResourceType { full: None, range: TextRange::empty(resource.range.end()), version: None };
        };
        let content = string.content_range();
        let written = &self.source[content];
        let at = written.find('@');
        let range = TextRange::at(content.start(), TextSize::of(&written[..at.unwrap_or(written.len())]));
        let own = &self.source[range];
        let outer = parent.and_then(|parent| self.template.resources[parent as usize].resource_type.clone());
        let full = match (parent, outer) {
            _ if own.contains("${") => None,
            (None, _) => Some(own.into()),
            (Some(_), Some(outer)) => Some(full_type(&outer, own)),
            (Some(_), None) => None,
        };
        let version = at.map(|_| {
            let range = TextRange::new(range.end() + TextSize::of('@'), content.end());
            let expr = match string.plain() {
                Some(_) if string.is_complete() => Expr::Str(self.source[range].into()),
                // A placeholder that some build step fills in.
                None if string.is_complete() => Expr::Opaque(Opaque::Unsupported),
                _ => Expr::Opaque(Opaque::SyntaxError),
            };
            self.template.exprs.add_embedded(expr, range)
        });
        ResourceType { full, range, version }
    }

    fn module(&mut self, module: &ModuleNode<'t>) {
        let locals = self.locals.len();
        let BodyParts { condition, repeat, body } = self.body(module.body, module.range.end(), None);
        self.locals.truncate(locals);
        let own = |name| property(&self.template, body, name);
        let is_whole = matches!(self.template.expr(body), Expr::Object(Object { damaged: false, .. }));
        let arguments = own("params").or((!is_whole).then_some(body));
        let (name, scope, depends_on) = (own("name"), own("scope"), own("dependsOn"));
        let arguments = match arguments {
            // Whatever the arguments are, they are not written where one could read them.
            Some(id) if id == body => {
                Some(self.template.exprs.add(Expr::Opaque(Opaque::SyntaxError), TextRange::empty(module.range.end())))
            }
            arguments => arguments,
        };
        let source = match module.path.and_then(path_of) {
            Some((path, range)) if is_registry(&path) => ModuleSource::Registry(path, range),
            Some((path, range)) => ModuleSource::Path(path, range),
            None => ModuleSource::Unknown,
        };
        self.template.modules.push(Module {
            symbol: module.name.map(|name| Identifier { name: Name::from(name.text), range: name.range }),
            name,
            source,
            arguments,
            scope,
            condition,
            repeat,
            depends_on,
            body,
            range: module.range,
            header: self.header("module", module.name, module.path, module.range),
        });
    }

    /// What stands behind the `=` of a resource or module. Names that it binds stay in `locals` and `nested`, for the
    /// resources inside.
    fn body(
        &mut self,
        body: Option<Body<'t>>,
        end: TextSize,
        mut children: Option<&mut Vec<ResourceNode<'t>>>,
    ) -> BodyParts {
        let mut parts = BodyParts {
            condition: None,
            repeat: None,
            body: self.template.exprs.add(SYNTAX_ERROR, TextRange::empty(end)),
        };
        let mut body = body;
        if let Some(Body::Expr(expr)) = body
            && let ExprKind::For(the_loop) = expr.kind()
        {
            let iterable = self.value_or_gap(the_loop.iterable, expr.range());
            let (variable, index) = self.bind(&the_loop);
            parts.repeat = Some(Repeat { variable, index, iterable });
            body = the_loop.body;
        }
        let object = match body {
            None => return parts,
            Some(Body::If { condition, body, range }) => {
                parts.condition = Some(self.value_or_gap(condition, range));
                match body {
                    Some(object) => object,
                    None => return parts,
                }
            }
            Some(Body::Expr(expr)) => match expr.as_object() {
                Some(object) => object,
                None => {
                    parts.body = self.value(expr);
                    return parts;
                }
            },
        };
        if let Some(children) = &mut children {
            children.extend(object.members().filter_map(|member| match member {
                ObjectMember::Resource(resource) => Some(*resource),
                _ => None,
            }));
            self.nested.extend(children.iter().filter_map(|child| child.name).map(|name| Name::from(name.text)));
        }
        let draft = self.object(object);
        parts.body = draft.add_to(&mut self.template.exprs);
        parts
    }

    fn bind(&mut self, the_loop: &For<'t>) -> (Option<Name>, Option<Name>) {
        let names =
            (the_loop.variable.map(|name| Name::from(name.text)), the_loop.index.map(|name| Name::from(name.text)));
        self.locals.extend(names.0.clone());
        self.locals.extend(names.1.clone());
        names
    }

    /// From the keyword to the type or path.
    fn header(&self, keyword: &str, name: Option<Token<'_>>, string: Option<Str<'_>>, whole: TextRange) -> TextRange {
        let Some(name) = name else { return TextRange::at(whole.start(), TextSize::of(keyword)) };
        let before = self.source[..usize::from(name.range.start())].trim_end();
        let start = before.strip_suffix(keyword).map_or(name.range.start(), TextSize::of);
        TextRange::new(start, string.map_or(name.range.end(), |string| string.range().end()))
    }

    fn value(&mut self, node: Node<'t>) -> ExprId {
        let draft = self.expr(node);
        draft.add_to(&mut self.template.exprs)
    }

    fn value_or_gap(&mut self, node: Option<Node<'t>>, around: TextRange) -> ExprId {
        match node {
            Some(node) => self.value(node),
            None => self.gap(around.end()),
        }
    }

    fn gap(&mut self, at: TextSize) -> ExprId {
        Draft::syntax_error(TextRange::empty(at), self.is_embedded).add_to(&mut self.template.exprs)
    }

    fn expr(&mut self, node: Node<'t>) -> Draft {
        if self.depth == MAX_DEPTH {
            return Draft::syntax_error(node.range(), self.is_embedded);
        }
        self.depth += 1;
        let draft = self.expr_inside(node);
        self.depth -= 1;
        draft
    }

    fn expr_inside(&mut self, node: Node<'t>) -> Draft {
        let range = node.range();
        let expr = match node.kind() {
            ExprKind::Identifier(name) => self.resolve(name),
            ExprKind::Integer(value) => value.map_or(Expr::Opaque(Opaque::Unsupported), Expr::Int),
            ExprKind::Boolean(value) => Expr::Bool(value),
            ExprKind::Null => Expr::Null,
            ExprKind::String(string) => return self.string(string),
            ExprKind::Object(object) => return self.object(object),
            ExprKind::Array(array) => {
                let mut items = Vec::new();
                let mut end = range.start() + TextSize::of('[');
                let mut is_whole = true;
                for item in array.items() {
                    match item {
                        ItemNode::Expr(value) => {
                            end = value.range().end();
                            items.push(Item::Value(self.value(value)));
                        }
                        ItemNode::Spread { range, value } => {
                            end = range.end();
                            items.push(Item::Spread(self.value_or_gap(value, range)));
                        }
                        ItemNode::Broken(_) => is_whole = false,
                    }
                }
                if is_whole && self.is_closed(range, end, ']') { Expr::Array(items.into()) } else { SYNTAX_ERROR }
            }
            ExprKind::For(the_loop) => self.for_loop(&the_loop, range),
            ExprKind::Parenthesized(Some(inner)) | ExprKind::NonNull(Some(inner)) => {
                let draft = self.expr(inner);
                return Draft { range, ..draft };
            }
            ExprKind::Lambda(lambda) => {
                let parameters: Box<[Name]> = lambda.parameters().map(|name| Name::from(name.text)).collect();
                let locals = self.locals.len();
                self.locals.extend(parameters.iter().cloned());
                let body = self.value_or_gap(lambda.body, range);
                self.locals.truncate(locals);
                Expr::Lambda { parameters, body }
            }
            ExprKind::Call(call) => return self.call(call, range),
            ExprKind::Member { object, property, is_safe } => {
                let base = self.value_or_gap(object, range);
                match property {
                    Some(name) => {
                        Expr::Member { base, name: Name::from(name.text), name_range: name.range, safe: is_safe }
                    }
                    None => SYNTAX_ERROR,
                }
            }
            ExprKind::Subscript { object: Some(object), index: Some(index), is_safe, is_from_end } => {
                let base = self.expr(object);
                let end = index.range().end();
                let index = self.expr(index);
                let lowered = forms::index(&mut self.template.exprs, base, index, is_safe, is_from_end);
                if self.is_closed(range, end, ']') { lowered } else { SYNTAX_ERROR }
            }
            ExprKind::ResourceAccess { object, name } => {
                let base = self.value_or_gap(object, range);
                match name {
                    Some(name) => Expr::Nested { base, name: Name::from(name.text) },
                    None => SYNTAX_ERROR,
                }
            }
            ExprKind::Unary { operator, operand: Some(operand) } => {
                let operand = self.expr(operand);
                match operator {
                    "!" => forms::unary(&mut self.template.exprs, UnaryOp::Not, operand),
                    "-" => forms::unary(&mut self.template.exprs, UnaryOp::Minus, operand),
                    _ => return Draft { range, ..operand },
                }
            }
            ExprKind::Binary { left: Some(left), operator, right: Some(right) } => {
                let left = self.expr(left);
                let right = self.expr(right);
                match binary_op(operator) {
                    Some(op) => forms::binary(&mut self.template.exprs, op, left, right),
                    None => SYNTAX_ERROR,
                }
            }
            ExprKind::Ternary { condition, consequence, alternative } => {
                let condition = self.value_or_gap(condition, range);
                let consequence = self.value_or_gap(consequence, range);
                Expr::Conditional { condition, consequence, alternative: self.value_or_gap(alternative, range) }
            }
            // Half of an expression: what there is of it may still hold names that somebody wants to look up.
            ExprKind::Subscript { object: part, .. } | ExprKind::Binary { left: part, .. } => {
                part.map(|part| self.value(part));
                SYNTAX_ERROR
            }
            ExprKind::Parenthesized(None) | ExprKind::NonNull(None) | ExprKind::Unary { .. } | ExprKind::Broken => {
                SYNTAX_ERROR
            }
        };
        Draft::new(expr, range, self.is_embedded)
    }

    /// Whether something that should end with `closer` does; `end` is where the last part of it ends.
    fn is_closed(&self, range: TextRange, end: TextSize, closer: char) -> bool {
        end < range.end() && self.source[range].ends_with(closer)
    }

    fn for_loop(&mut self, the_loop: &For<'t>, range: TextRange) -> Expr {
        let iterable = self.value_or_gap(the_loop.iterable, range);
        let locals = self.locals.len();
        let (variable, index) = self.bind(the_loop);
        let (filter, body) = match the_loop.body {
            Some(Body::Expr(body)) => (None, self.value(body)),
            Some(Body::If { condition, body, range }) => {
                let filter = self.value_or_gap(condition, range);
                let body = match body {
                    Some(object) => {
                        let draft = self.object(object);
                        draft.add_to(&mut self.template.exprs)
                    }
                    None => self.gap(range.end()),
                };
                (Some(filter), body)
            }
            None => (None, self.gap(range.end())),
        };
        self.locals.truncate(locals);
        Expr::Loop(Box::new(Loop { variable, index, iterable, filter, body }))
    }

    fn string(&mut self, string: Str<'t>) -> Draft {
        let range = string.range();
        if range.is_empty() {
            // Made up by the parser, where a key or a value is missing.
            return Draft::syntax_error(range, self.is_embedded);
        }
        let mut text = Text::default();
        for piece in string.pieces() {
            match piece {
                Piece::Text { text: literal, .. } => text.push_str(&literal),
                Piece::Hole { range, expression } => {
                    let outside = std::mem::replace(&mut self.is_embedded, true);
                    let hole = match expression {
                        Some(expression) => self.expr(expression),
                        None => Draft::syntax_error(range, true),
                    };
                    self.is_embedded = outside;
                    text.push(&mut self.template.exprs, hole);
                }
            }
        }
        let expr = text.finish();
        if !string.is_complete() {
            return Draft::syntax_error(range, self.is_embedded);
        }
        let inner = string.content_range();
        Draft { inner, ..Draft::new(expr, range, self.is_embedded) }
    }

    fn object(&mut self, object: ObjectNode<'t>) -> Draft {
        let range = object.range();
        let ends = self.damage.get(&range).copied();
        let mut damaged = ends.is_some() || object.closing_brace().is_none();
        let outside = std::mem::take(&mut self.spilled);
        let mut members: SmallVec<[Member; 8]> = SmallVec::new();
        for member in object.members() {
            match member {
                ObjectMember::Property(property) => {
                    let key = match property.key {
                        Key::Name(name) => Draft::new(Expr::Str(name.text.into()), name.range, self.is_embedded),
                        Key::String(string) => self.string(string),
                    };
                    let key = key.add_to(&mut self.template.exprs);
                    let value = self.value_or_gap(property.value, property.range);
                    let member = Member::Property(Property { key, value, range: property.range });
                    if ends.is_some_and(|ends| property.range.start() >= ends) {
                        self.spilled = true;
                    } else {
                        members.push(member);
                    }
                }
                ObjectMember::Spread { range, value } => {
                    let value = self.value_or_gap(value, range);
                    members.push(Member::Spread { value, range });
                }
                ObjectMember::Resource(_) => {}
                ObjectMember::Broken(_) => damaged = true,
            }
        }
        damaged |= self.spilled;
        self.spilled |= outside;
        let object = Object { members: members.into_boxed_slice(), damaged, form: ObjectForm::Braces };
        Draft::new(Expr::Object(object), range, self.is_embedded)
    }

    fn call(&mut self, call: syntax::bicep::Call<'t>, range: TextRange) -> Draft {
        let mut arguments = Vec::new();
        let mut is_whole = true;
        let mut end = TextSize::default();
        let mut only_string = None;
        if let Some(items) = call.arguments() {
            for (index, item) in items.enumerate() {
                match item {
                    ItemNode::Expr(argument) => {
                        end = argument.range().end();
                        only_string = argument.as_string().filter(|_| index == 0);
                        arguments.push(self.expr(argument));
                    }
                    ItemNode::Spread { .. } | ItemNode::Broken(_) => is_whole = false,
                }
            }
        }
        is_whole &= call.arguments_range().is_some_and(|parentheses| self.is_closed(parentheses, end, ')'));
        let mut receiver = None;
        let mut namespace = None;
        let mut name = None;
        if let Some(function) = call.function {
            match function.kind() {
                ExprKind::Identifier(text) => name = Some(Token { range: function.range(), text }),
                ExprKind::Member { object: Some(object), property, .. } => {
                    name = property;
                    match object.kind() {
                        ExprKind::Identifier(text @ ("az" | "sys")) if !self.is_declared(text) => namespace = Some(""),
                        ExprKind::Identifier(text) if matches!(self.resolve(text), Expr::Ref(Ref::Imported(_))) => {
                            namespace = Some(text);
                        }
                        _ => receiver = Some(self.value(object)),
                    }
                }
                _ => {
                    self.value(function);
                }
            }
        }
        let embedded = self.is_embedded;
        let exprs = &mut self.template.exprs;
        let Some(name) = name.filter(|_| is_whole) else {
            forms::add_all(exprs, arguments);
            return Draft::syntax_error(range, embedded);
        };
        let site = CallSite { function: name.text, function_range: name.range, range, embedded };
        if receiver.is_some() {
            return site.plain(exprs, arguments, receiver);
        }
        match namespace {
            Some(namespace) if !namespace.is_empty() => {
                let function = format!("{namespace}.{}", name.text);
                return CallSite { function: &function, ..site }.plain(exprs, arguments, None);
            }
            None if self.functions.contains(&Name::from(name.text)) => return site.plain(exprs, arguments, None),
            _ => {}
        }
        if name.text.eq_ignore_ascii_case("json")
            && let [argument] = arguments.as_slice()
            && let Some(text) = argument.as_str()
            && let Some(string) = only_string
        {
            let content = string.content_range();
            // Of a text with escapes nothing more exact than the whole is known.
            let is_verbatim = self.source[content] == *text;
            let place = |part: TextRange| if is_verbatim { part + content.start() } else { range };
            return Draft { embedded, ..literal::lower(exprs, text, &place, range) };
        }
        forms::call(exprs, &site, arguments)
    }

    fn is_declared(&self, name: &str) -> bool {
        let name = Name::from(name);
        self.locals.contains(&name) || self.names.contains_key(&name)
    }

    fn resolve(&self, text: &str) -> Expr {
        let name = Name::from(text);
        if self.locals.contains(&name) {
            return Expr::Ref(Ref::Local(name));
        }
        if self.nested.contains(&name) {
            return Expr::Ref(Ref::Resource(name));
        }
        Expr::Ref(match self.names.get(&name) {
            Some(NameKind::Parameter) => Ref::Parameter(name),
            Some(NameKind::Variable) => Ref::Variable(name),
            Some(NameKind::Resource) => Ref::Resource(name),
            Some(NameKind::Module) => Ref::Module(name),
            Some(NameKind::Imported) => Ref::Imported(name),
            None if text == "az" || text == "sys" => return Expr::Opaque(Opaque::Unsupported),
            // What a parameter file inherits from the one it extends.
            None if text == "base" && self.template.kind == TemplateKind::Parameters => Ref::Imported(name),
            None => Ref::Undeclared(name),
        })
    }

    /// Sets the parents that are named by `parent:`, which may be declared further down.
    fn link_parents(&mut self) {
        let resources = &self.template.resources;
        let named: Vec<(u32, &Name)> = (0_u32..)
            .zip(resources)
            .filter(|(_, resource)| resource.parent.is_none())
            .filter_map(|(index, resource)| {
                Some((index, self.symbol_of(property(&self.template, resource.body, "parent")?)?))
            })
            .collect();
        if named.is_empty() {
            return;
        }
        let mut by_symbol: FxHashMap<&Name, u32> = FxHashMap::default();
        for (index, resource) in (0..).zip(resources) {
            if let Some(symbol) = &resource.symbol {
                by_symbol.entry(&symbol.name).or_insert(index);
            }
        }
        let found = named.into_iter().filter_map(|(index, symbol)| Some((index, *by_symbol.get(symbol)?)));
        let links: Vec<(u32, u32)> = found.filter(|(index, parent)| index != parent).collect();
        for (index, parent) in links {
            let outer = self.template.resources[parent as usize].resource_type.clone();
            let resource = &mut self.template.resources[index as usize];
            self.template.units.linked.push((index, resource.resource_type.clone()));
            resource.parent = Some(parent);
            if let (Some(outer), Some(own)) = (outer, &resource.resource_type) {
                resource.resource_type = Some(full_type(&outer, own));
            }
        }
    }

    /// The symbol of a resource, an element of a resource loop, or a nested resource.
    fn symbol_of(&self, id: ExprId) -> Option<&Name> {
        match self.template.expr(id) {
            Expr::Ref(Ref::Resource(name)) | Expr::Nested { name, .. } => Some(name),
            Expr::Index { base, .. } => match self.template.expr(*base) {
                Expr::Ref(Ref::Resource(name)) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    fn find_insertion(&mut self, statements: &[Found<'t>]) {
        let end = TextSize::of(self.source);
        let after_last = |sort: Sort| {
            statements.iter().rev().find(|found| found.sort == sort).map(|found| {
                let at = usize::from(found.range.end());
                let line_end = memchr::memchr(b'\n', &self.source.as_bytes()[at..]).map(|newline| at + newline + 1);
                line_end.and_then(|at| TextSize::try_from(at).ok()).unwrap_or(end)
            })
        };
        let before_body = || {
            let first = statements.iter().find(|found| !matches!(found.sort, Sort::Head | Sort::Type));
            first.map_or(end, |found| self.above_comments(found.range.start()))
        };
        let parameters = after_last(Sort::Parameter).unwrap_or_else(before_body);
        let variables = after_last(Sort::Variable).or_else(|| after_last(Sort::Parameter)).unwrap_or_else(before_body);
        self.template.insertion.resources = Some(TextRange::empty(end));
        self.template.insertion.parameters = Some(TextRange::empty(parameters));
        self.template.insertion.variables = Some(TextRange::empty(variables));
    }

    /// Comments right above a declaration belong to it.
    fn above_comments(&self, start: TextSize) -> TextSize {
        let mut at = usize::from(start);
        while let Some(line) = self.source[..at].lines().next_back() {
            let before = &self.source[..at];
            if !before.ends_with('\n') || !line.trim_start().starts_with(['/', '#']) {
                break;
            }
            at = before[..before.len() - 1].rfind('\n').map_or(0, |newline| newline + 1);
        }
        TextSize::try_from(at).expect("a text is never larger than 4 GiB")
    }
}

const SYNTAX_ERROR: Expr = Expr::Opaque(Opaque::SyntaxError);

struct ResourceType {
    full: Option<Box<str>>,
    range: TextRange,
    version: Option<ExprId>,
}

struct BodyParts {
    condition: Option<ExprId>,
    repeat: Option<Repeat>,
    body: ExprId,
}

fn is_named(decorator: &Decorator<'_>, name: &str) -> bool {
    decorator.name().is_some_and(|token| token.text == name)
}

fn has_decorator(decorators: &[Decorator<'_>], name: &str) -> bool {
    decorators.iter().any(|decorator| is_named(decorator, name))
}

/// A path that is written out.
fn path_of(string: Str<'_>) -> Option<(Box<str>, TextRange)> {
    string.plain().filter(|_| string.is_complete()).map(|path| (path.into(), string.range()))
}

fn index_of(len: usize) -> u32 {
    u32::try_from(len).expect("a text of at most 4 GiB has fewer declarations than that")
}

fn binary_op(sign: &str) -> Option<BinaryOp> {
    Some(match sign {
        "&&" => BinaryOp::And,
        "||" => BinaryOp::Or,
        "??" => BinaryOp::Coalesce,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "=~" => BinaryOp::EqualIgnoreCase,
        "!~" => BinaryOp::NotEqualIgnoreCase,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessOrEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterOrEqual,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        "*" => BinaryOp::Multiply,
        "/" => BinaryOp::Divide,
        "%" => BinaryOp::Modulo,
        _ => return None,
    })
}

/// Whether a name stands somewhere in a text, whatever its case; also as a part of something longer.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.as_bytes(), name.as_bytes());
    let Some(first) = name.first() else { return true };
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text)
        .any(|at| text.get(at..at + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)))
}
