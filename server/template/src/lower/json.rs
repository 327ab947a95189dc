//! Lowering of ARM JSON.

use std::borrow::Cow;
use std::cell::Cell;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use syntax::json::{
    Array, Member as Pair, Object as ObjectNode, Str, TemplateKind as FileKind, Value, looks_like_template,
};
use syntax::{Language, SyntaxError, SyntaxTree, arm_expr};
use text_size::{TextRange, TextSize};

use super::arm::{Arm, Scope};
use super::forms::{self, Draft};
use super::units::{self, Old, Sort};
use super::{MAX_DEPTH, full_type, index_names, property};
use crate::Name;
use crate::expr::{Call, Expr, ExprId, Exprs, Item, Loop, Member, Node, Object, ObjectForm, Opaque, Property, Segment};
use crate::model::{
    Assignment, Function, Identifier, Module, ModuleSource, Output, Parameter, ParameterType, Repeat, Resource,
    Template, TemplateKind, TypeKind, Variable,
};
use crate::shift::{Shift, Shifted};

/// How deep templates and child resources may nest in each other; Azure allows five levels of types.
const MAX_NESTING: usize = 24;

/// How many definitions may refer to one another.
const MAX_REFERENCES: usize = 16;

/// Lowers a template or a parameter file. `errors` is what is wrong with it as JSON, `old` what there is to go on with.
pub(super) fn lower(tree: &SyntaxTree, errors: &[SyntaxError], old: Option<(Template, Old)>) -> Option<Template> {
    let kind = match looks_like_template(tree.source()) {
        FileKind::Template => TemplateKind::Deployment,
        FileKind::Parameters => TemplateKind::Parameters,
        FileKind::Other => return None,
    };
    let root = syntax::json::root(tree)?.as_object()?;
    let (template, old) = match old.filter(|(template, _)| template.kind == kind) {
        Some((template, old)) => (template, Some(old)),
        None => (Template { exprs: Exprs::for_text(tree.source().len()), ..Template::new(Language::Json, kind) }, None),
    };
    let mut lowering = Lowering::new(tree, template, errors, old);
    lowering.template.units.is_broken = lowering.is_broken;
    lowering.sections(root);
    let Lowering { mut template, mut errors, old, .. } = lowering;
    if let Some(mut old) = old {
        old.make_room(&mut template, &mut errors);
    }
    index_names(&mut template);
    template.expression_errors = errors;
    Some(template)
}

/// Lowers any JSON: a template whose only variable, without a name, is the whole of it. Strings stand for themselves.
pub(super) fn lower_data(tree: &SyntaxTree) -> Option<Template> {
    let root = syntax::json::root(tree)?;
    let template = Template::new(Language::Json, TemplateKind::Parameters);
    let mut lowering = Lowering::new(tree, template, &syntax::json::syntax_errors(tree), None);
    let value = lowering.add(root);
    let mut template = lowering.template;
    template.variables.push(super::data_variable(value, root.range()));
    Some(template)
}

struct Lowering<'t> {
    source: &'t str,
    /// The template at hand: the file's own or a nested one.
    template: Template,
    scope: Scope,
    /// The types it declares.
    definitions: FxHashMap<Name, ObjectNode<'t>>,
    /// What is wrong with expressions, in bytes of the file.
    errors: Vec<SyntaxError>,
    /// Strings stand for themselves, as they do in parameter files.
    is_literal: bool,
    /// A bracket may be missing somewhere.
    is_broken: bool,
    /// Members of an object around were found in an object inside of it.
    spilled: bool,
    /// An offset that was asked about, and where its line starts.
    line: Cell<(usize, usize)>,
    depth: usize,
    nesting: usize,
    /// How many templates are around the one at hand.
    templates: usize,
    /// What the text was lowered to before an edit.
    old: Option<Old>,
}

impl<'t> Lowering<'t> {
    /// Goes on with a template, in which an old text may have left something. `errors` is what is wrong with the text as JSON.
    fn new(tree: &'t SyntaxTree, mut template: Template, errors: &[SyntaxError], old: Option<Old>) -> Self {
        Self {
            source: tree.source(),
            errors: std::mem::take(&mut template.expression_errors),
            is_literal: template.kind == TemplateKind::Parameters,
            is_broken: !errors.is_empty(),
            template,
            scope: Scope::default(),
            definitions: FxHashMap::default(),
            spilled: false,
            line: Cell::default(),
            depth: 0,
            nesting: 0,
            templates: 0,
            old,
        }
    }

    fn sections(&mut self, root: ObjectNode<'t>) {
        let [parameters, variables, functions, resources, outputs, definitions] =
            members(root, ["parameters", "variables", "functions", "resources", "outputs", "definitions"])
                .map(value_of);
        let container = |value: Option<Value<'_>>| {
            value.filter(|value| matches!(value, Value::Object(_) | Value::Array(_))).map(Value::range)
        };
        self.template.insertion.parameters = container(parameters);
        self.template.insertion.variables = container(variables);
        self.template.insertion.resources = container(resources);
        self.template.insertion.sections = Some(root.range().start() + TextSize::of('{'));
        for pair in pairs(definitions) {
            if let Some(definition) = value_of(Some(pair)).and_then(Value::as_object) {
                self.definitions.insert(name_of(pair.key), definition);
            }
        }
        if self.template.kind == TemplateKind::Parameters {
            for pair in pairs(parameters) {
                self.unit(Sort::Parameter, pair.range, |this| this.assignment(pair));
            }
        } else {
            for pair in pairs(parameters) {
                self.unit(Sort::Parameter, pair.range, |this| this.parameter(pair));
            }
            for pair in pairs(variables) {
                self.unit(Sort::Variable, pair.range, |this| this.variable(pair));
            }
            for namespace in functions.and_then(Value::as_array).into_iter().flat_map(Array::elements) {
                self.unit(Sort::Function, namespace.range(), |this| this.functions(namespace));
            }
            self.resources(resources, None);
            for pair in pairs(outputs) {
                self.unit(Sort::Output, pair.range, |this| this.output(pair));
            }
        }
    }

    /// Lowers a declaration, or takes over what it was lowered to.
    fn unit(&mut self, sort: Sort, range: TextRange, lower: impl FnOnce(&mut Self)) {
        if self.templates > 0 {
            return lower(self);
        }
        if let Some(mut old) = self.old.take() {
            let known = old.find(range).filter(|&index| self.is_same(&old, index, sort, range));
            match known {
                Some(index) => old.keep(index, range, &mut self.template, &mut self.errors),
                None => drop(old.make_room(&mut self.template, &mut self.errors)),
            }
            self.old = Some(old);
            if known.is_some() {
                return;
            }
        }
        units::begin(&mut self.template, &self.errors, sort, range, true);
        lower(self);
    }

    /// Whether a unit that is written as it was says the same as before.
    fn is_same(&self, old: &Old, index: u32, sort: Sort, range: TextRange) -> bool {
        let unit = old.unit(index);
        if unit.sort != sort || !unit.is_whole {
            return false;
        }
        let is_broken = old.was_broken || self.is_broken;
        !is_broken || {
            let (exprs, modules, by) = old.lowered(&self.template, index, range);
            self.is_laid_out(exprs, modules, by)
        }
    }

    /// Whether the members of objects that were lowered before are indented so that no missing bracket anywhere could have
    /// given them to another object: they are its own, and stand deeper than the line on which it begins.
    fn is_laid_out(&self, exprs: &[Node], modules: &[Module], by: Shift) -> bool {
        let start = |range: TextRange| {
            let mut start = range.start();
            start.shift(by);
            start
        };
        exprs.iter().all(|node| match node.expr() {
            Expr::Object(object) if object.form != ObjectForm::Call => {
                let starts = object.members.iter().filter_map(|member| match member {
                    Member::Property(property) => Some(start(property.range)),
                    Member::Spread { .. } => None,
                });
                let least = starts.filter_map(|at| self.indentation(at)).filter(|&blanks| blanks > 0).min();
                !object.damaged && least.is_none_or(|least| least > self.line_indentation(start(node.range())))
            }
            _ => true,
        }) && modules.iter().all(|module| match &module.source {
            ModuleSource::Inline { template, .. } => {
                self.is_laid_out(template.exprs.nodes(0..template.exprs.len()), &template.modules, by)
            }
            _ => true,
        })
    }

    fn assignment(&mut self, pair: Pair<'t>) {
        let (value, key_vault) = match pair.value {
            Some(Value::Object(object)) => self.wrapped(object),
            value => (self.gap(value.map_or(pair.range.end(), |value| value.range().start())), false),
        };
        let name = identifier(pair.key);
        self.template.assignments.push(Assignment { name, value, key_vault, range: pair.range });
    }

    /// The value in `{ "value": … }`, and whether it is a reference to a Key Vault instead.
    fn wrapped(&mut self, object: ObjectNode<'t>) -> (ExprId, bool) {
        match members(object, ["value", "reference"]) {
            [Some(pair), _] => (self.value_of_pair(pair), false),
            [None, Some(_)] => (self.template.exprs.add(Expr::Opaque(Opaque::Unsupported), object.range()), true),
            [None, None] => (self.template.exprs.add(Expr::Opaque(Opaque::SyntaxError), object.range()), false),
        }
    }

    fn parameter(&mut self, pair: Pair<'t>) {
        let object = value_of(Some(pair)).and_then(Value::as_object);
        let [default, ty, metadata] =
            object.map_or([None; 3], |object| members(object, ["defaultValue", "type", "metadata"]));
        let metadata = value_of(metadata).and_then(Value::as_object);
        let description = metadata.and_then(|metadata| value_of(members(metadata, ["description"])[0])?.as_str());
        let (kind, allowed) = object.map_or_else(Default::default, |object| self.ty(object, 0));
        let default = default.map(|default| self.value_of_pair(default));
        self.template.parameters.push(Parameter {
            name: name_of(pair.key),
            name_range: pair.key.inner_range(),
            ty: kind,
            type_range: value_of(ty).map_or(TextRange::empty(pair.key.range().end()), Value::range),
            default,
            allowed,
            description: description.map(Str::range),
            range: pair.range,
        });
    }

    /// The type of a parameter, output or definition, and the values it can have where it lists them.
    fn ty(&mut self, object: ObjectNode<'t>, references: usize) -> (ParameterType, Option<Vec<ExprId>>) {
        let [kind, reference, allowed, nullable, items] =
            members(object, ["type", "$ref", "allowedValues", "nullable", "items"]).map(value_of);
        let (mut ty, mut values) = (ParameterType::default(), None);
        if reference.is_some() {
            units::depends_on_others(&mut self.template);
        }
        if let Some(Value::String(reference)) = reference
            && references < MAX_REFERENCES
            && let Some(name) = reference.text().strip_prefix("#/definitions/")
            && let Some(&definition) = self.definitions.get(&Name::from(name))
        {
            (ty, values) = self.ty(definition, references + 1);
        }
        if let Some(Value::String(kind)) = kind {
            let (kind, secure) = type_kind(&kind.text());
            ty.kind = kind;
            ty.secure = secure;
        }
        if let Some(Value::Bool(_, nullable)) = nullable {
            ty.nullable = nullable;
        }
        if let Some(Value::Object(items)) = items
            && references < MAX_REFERENCES
        {
            ty.element = Some(self.ty(items, references + 1).0.kind);
        }
        // For an array the list says what its elements may be.
        if let Some(Value::Array(allowed)) = allowed.filter(|_| ty.kind != TypeKind::Array) {
            values = Some(allowed.elements().map(|value| self.add(value)).collect());
        }
        (ty, values)
    }

    fn variable(&mut self, pair: Pair<'t>) {
        if let Some(copies) = copies(pair) {
            for copy in copies.elements().filter_map(Value::as_object) {
                if let Some((name, value)) = self.property_copy(copy) {
                    let (name, name_range) = (name_of(name), name.inner_range());
                    self.template.variables.push(Variable { name, name_range, value, range: copy.range() });
                }
            }
            return;
        }
        let (name, name_range) = (name_of(pair.key), pair.key.inner_range());
        let value = self.value_of_pair(pair);
        self.template.variables.push(Variable { name, name_range, value, range: pair.range });
    }

    /// `{ "name": …, "count": …, "input": … }`: its name and the array it makes.
    fn property_copy(&mut self, copy: ObjectNode<'t>) -> Option<(Str<'t>, ExprId)> {
        let [name, count, input] = members(copy, ["name", "count", "input"]);
        let name = value_of(name).and_then(Value::as_str)?;
        let iterable = self.counted(count, copy.range());
        let index = name_of(name);
        self.scope.loops.push(index.clone());
        let body = match input {
            Some(input) => self.value_of_pair(input),
            None => self.gap(copy.range().end()),
        };
        self.scope.loops.pop();
        let the_loop = Loop { variable: None, index: Some(index), iterable, filter: None, body };
        Some((name, self.template.exprs.add(Expr::Loop(Box::new(the_loop)), copy.range())))
    }

    fn counted(&mut self, count: Option<Pair<'t>>, around: TextRange) -> ExprId {
        match value_of(count) {
            Some(count) => {
                let count = self.value(count);
                forms::counted(&mut self.template.exprs, count)
            }
            None => self.gap(around.end()),
        }
    }

    fn functions(&mut self, namespace: Value<'t>) {
        let Some(namespace) = namespace.as_object() else { return };
        let [prefix, functions] = members(namespace, ["namespace", "members"]).map(value_of);
        let Some(prefix) = prefix.and_then(Value::as_str) else { return };
        for pair in pairs(functions) {
            let Some(function) = value_of(Some(pair)).and_then(Value::as_object) else { continue };
            let [parameters, output] = members(function, ["parameters", "output"]).map(value_of);
            let parameters: Vec<Name> = parameters
                .and_then(Value::as_array)
                .into_iter()
                .flat_map(Array::elements)
                .filter_map(Value::as_object)
                .filter_map(|parameter| value_of(members(parameter, ["name"])[0])?.as_str())
                .map(name_of)
                .collect();
            let scope = Scope { function_parameters: parameters.clone(), ..Scope::default() };
            let outside = std::mem::replace(&mut self.scope, scope);
            let body = match output.and_then(Value::as_object).and_then(|output| members(output, ["value"])[0]) {
                Some(value) => self.value_of_pair(value),
                None => self.gap(pair.range.end()),
            };
            self.scope = outside;
            self.template.functions.push(Function {
                name: Name::from(&*format!("{}.{}", prefix.text(), pair.key.text())),
                name_range: pair.key.inner_range(),
                parameters,
                body,
            });
        }
    }

    fn output(&mut self, pair: Pair<'t>) {
        let object = value_of(Some(pair)).and_then(Value::as_object);
        let ty = object.map_or_else(Default::default, |object| self.ty(object, 0).0);
        let [value, copy, condition] =
            object.map_or([None; 3], |object| members(object, ["value", "copy", "condition"]));
        let condition = condition.map(|condition| self.value_of_pair(condition));
        let value = match (value, value_of(copy).and_then(Value::as_object)) {
            (Some(value), _) => self.value_of_pair(value),
            (None, Some(copy)) => {
                let [count, input] = members(copy, ["count", "input"]);
                let iterable = self.counted(count, copy.range());
                let index = name_of(pair.key);
                self.scope.loops.push(index.clone());
                let body = match input {
                    Some(input) => self.value_of_pair(input),
                    None => self.gap(copy.range().end()),
                };
                self.scope.loops.pop();
                let the_loop = Loop { variable: None, index: Some(index), iterable, filter: None, body };
                self.template.exprs.add(Expr::Loop(Box::new(the_loop)), copy.range())
            }
            (None, None) => self.gap(pair.range.end()),
        };
        let (name, name_range) = (name_of(pair.key), pair.key.inner_range());
        self.template.outputs.push(Output { name, name_range, ty, value, condition, range: pair.range });
    }

    fn resources(&mut self, resources: Option<Value<'t>>, parent: Option<u32>) {
        if self.nesting == MAX_NESTING {
            return;
        }
        self.nesting += 1;
        match resources {
            Some(Value::Array(resources)) => {
                for resource in resources.elements().filter_map(Value::as_object) {
                    self.resource_or_child(resource, None, resource.range(), parent);
                }
            }
            Some(Value::Object(resources)) => {
                for pair in resources.members() {
                    if let Some(Value::Object(resource)) = pair.value {
                        self.resource_or_child(resource, Some(pair.key), pair.range, parent);
                    }
                }
            }
            _ => {}
        }
        self.nesting -= 1;
    }

    fn resource_or_child(
        &mut self,
        resource: ObjectNode<'t>,
        symbol: Option<Str<'t>>,
        range: TextRange,
        parent: Option<u32>,
    ) {
        match parent {
            Some(_) => self.resource(resource, symbol.map(identifier), parent),
            None => self.unit(Sort::Resource, range, |this| this.resource(resource, symbol.map(identifier), None)),
        }
    }

    fn resource(&mut self, resource: ObjectNode<'t>, symbol: Option<Identifier>, parent: Option<u32>) {
        let written: Vec<Pair<'t>> = resource.members().collect();
        let [ty, copy, children, existing, properties] =
            named(&written, ["type", "copy", "resources", "existing", "properties"]).map(value_of);
        let type_range = ty.map_or(TextRange::empty(resource.range().start() + TextSize::of('{')), Value::range);
        let own_type = ty.and_then(Value::as_str).filter(|ty| ty.is_closed()).map(Str::text);
        let own_type = own_type.filter(|ty| !arm_expr::is_expression(ty));
        let is_deployment =
            own_type.as_ref().is_some_and(|ty| ty.eq_ignore_ascii_case("Microsoft.Resources/deployments"));
        let outside = (self.scope.loops.len(), self.scope.resource_loop.clone());
        let repeat = match copy {
            Some(Value::Object(copy)) => Some(self.resource_copy(copy)),
            _ => None,
        };
        let in_batches = match copy {
            Some(Value::Object(copy)) => {
                let [mode] = members(copy, ["mode"]).map(value_of);
                mode.and_then(Value::as_str).is_some_and(|mode| mode.text().eq_ignore_ascii_case("serial"))
            }
            _ => false,
        };
        let body = self.resource_body(resource, &written, is_deployment);
        let own = |name| property(&self.template, body, name);
        let index = u32::try_from(self.template.resources.len())
            .expect("a text of at most 4 GiB has fewer resources than that");
        let (mut name, condition, own_scope) = (own("name"), own("condition"), own("scope"));
        let (api_version, depends_on) = (own("apiVersion"), own("dependsOn"));
        let scope = own_scope.or_else(|| self.group_scope(&written, body));
        let outer_type = parent.map(|parent| self.template.resources[parent as usize].resource_type.clone());
        let (resource_type, parent) = match (own_type, outer_type) {
            (None, _) => (None, parent),
            (Some(own), None) => (Some(own.into()), None),
            (Some(own), Some(outer)) => match outer {
                Some(outer) => {
                    let full = full_type(&outer, &own);
                    let is_child = starts_with_type(&full, &outer);
                    if full.len() == own.len() && is_child {
                        name = name.map(|name| self.last_segment(name));
                    }
                    (Some(full), parent.filter(|_| is_child))
                }
                None => (None, parent),
            },
        };
        let header = ty.map_or(TextRange::at(resource.range().start(), TextSize::of('{')), Value::range);
        self.template.resources.push(Resource {
            symbol: symbol.clone(),
            resource_type,
            type_range,
            api_version,
            name,
            parent,
            existing: matches!(existing, Some(Value::Bool(_, true))),
            condition,
            repeat: repeat.clone(),
            in_batches,
            scope,
            depends_on,
            body,
            range: resource.range(),
            header,
            module: None,
        });
        if is_deployment {
            let (source, arguments) = self.deployment(properties.and_then(Value::as_object), body);
            let module = u32::try_from(self.template.modules.len()).expect("there are no more modules than resources");
            self.template.resources[index as usize].module = Some(module);
            let range = resource.range();
            self.template.modules.push(Module {
                symbol,
                name,
                source,
                arguments,
                scope,
                condition,
                repeat,
                depends_on,
                body,
                range,
                header,
            });
        }
        self.resources(children, Some(index));
        self.scope.loops.truncate(outside.0);
        self.scope.resource_loop = outside.1;
    }

    fn resource_copy(&mut self, copy: ObjectNode<'t>) -> Repeat {
        let [name, count] = members(copy, ["name", "count"]);
        let iterable = self.counted(count, copy.range());
        let index = value_of(name).and_then(Value::as_str).map(name_of);
        self.scope.loops.extend(index.clone());
        self.scope.resource_loop.clone_from(&index);
        Repeat { variable: None, index, iterable }
    }

    /// The object of a resource without what is lowered elsewhere: its loop, its children, the template in it.
    fn resource_body(&mut self, resource: ObjectNode<'t>, written: &[Pair<'t>], is_deployment: bool) -> ExprId {
        let mut body = ObjectBuilder::new(self, resource);
        for &pair in written {
            let is = |name: &str| pair.key.text().eq_ignore_ascii_case(name);
            if is("resources") || (is("copy") && matches!(pair.value, Some(Value::Object(_)))) {
                continue;
            }
            match pair.value {
                Some(Value::Object(properties)) if is_deployment && is("properties") => {
                    let mut inner = ObjectBuilder::new(self, properties);
                    for pair in properties.members() {
                        if !["template", "parameters"].iter().any(|name| pair.key.text().eq_ignore_ascii_case(name)) {
                            inner.member(self, pair);
                        }
                    }
                    let value = inner.finish(self).add_to(&mut self.template.exprs);
                    body.push_value(self, pair, value);
                }
                _ => body.member(self, pair),
            }
        }
        body.finish(self).add_to(&mut self.template.exprs)
    }

    /// What a deployment deploys, and with which arguments. `body` is the lowered resource.
    fn deployment(&mut self, properties: Option<ObjectNode<'t>>, body: ExprId) -> (ModuleSource, Option<ExprId>) {
        let Some(properties) = properties else { return (ModuleSource::Unknown, None) };
        let [template, link, parameters, parameters_link, options] = members(
            properties,
            ["template", "templateLink", "parameters", "parametersLink", "expressionEvaluationOptions"],
        )
        .map(value_of);
        let arguments = match (parameters, parameters_link) {
            (Some(Value::Object(parameters)), _) => Some(self.arguments(parameters)),
            (Some(other), _) => Some(self.template.exprs.add(Expr::Opaque(Opaque::Unsupported), other.range())),
            (None, Some(link)) => Some(self.template.exprs.add(Expr::Opaque(Opaque::Unsupported), link.range())),
            (None, None) => None,
        };
        let source = match (template, link) {
            (Some(Value::Object(template)), _) if self.nesting < MAX_NESTING => {
                let scope = options
                    .and_then(Value::as_object)
                    .and_then(|options| value_of(members(options, ["scope"])[0])?.as_str());
                let outer_scope = !scope.is_some_and(|scope| scope.text().eq_ignore_ascii_case("inner"));
                ModuleSource::Inline { template: Box::new(self.inline(template, outer_scope)), outer_scope }
            }
            (None, Some(Value::Object(link))) => self.linked(link, body),
            _ => ModuleSource::Unknown,
        };
        (source, arguments)
    }

    fn linked(&mut self, link: ObjectNode<'t>, body: ExprId) -> ModuleSource {
        let [relative, uri, id] =
            members(link, ["relativePath", "uri", "id"]).map(|pair| value_of(pair).and_then(Value::as_str));
        let written = |string: Str<'_>| {
            let text = string.text();
            (string.is_closed() && !arm_expr::is_expression(&text)).then(|| (Box::<str>::from(text), string.range()))
        };
        if let Some((path, range)) = relative.and_then(written) {
            return ModuleSource::Path(path, range);
        }
        if let Some((path, range)) = uri.and_then(written).filter(|(path, _)| !path.contains("://")) {
            return ModuleSource::Path(path, range);
        }
        // A nested template is at no address of its own. The list of resources of the template around is one level.
        if let Some(uri) = uri.filter(|_| self.nesting == 1) {
            units::depends_on_others(&mut self.template);
            let member = |of, name| property(&self.template, of, name);
            let lowered = member(body, "properties").and_then(|of| member(member(of, "templateLink")?, "uri"));
            if let Some(path) = lowered.and_then(|lowered| super::linked::path(&self.template, lowered)) {
                return ModuleSource::Path(path.into(), uri.range());
            }
        }
        match id.and_then(written) {
            Some((id, range)) => ModuleSource::Registry(id, range),
            None => ModuleSource::Unknown,
        }
    }

    fn inline(&mut self, root: ObjectNode<'t>, outer_scope: bool) -> Template {
        self.nesting += 1;
        let outer = std::mem::replace(&mut self.template, Template::new(Language::Json, TemplateKind::Deployment));
        let definitions = std::mem::take(&mut self.definitions);
        let scope = if outer_scope { self.scope.clone() } else { Scope::default() };
        let scope = std::mem::replace(&mut self.scope, scope);
        self.templates += 1;
        self.sections(root);
        index_names(&mut self.template);
        self.templates -= 1;
        self.scope = scope;
        self.definitions = definitions;
        self.nesting -= 1;
        std::mem::replace(&mut self.template, outer)
    }

    /// The arguments of a deployment, each taken out of its `{ "value": … }`.
    fn arguments(&mut self, parameters: ObjectNode<'t>) -> ExprId {
        let mut builder = ObjectBuilder::new(self, parameters);
        for pair in parameters.members() {
            let value = match pair.value {
                Some(Value::Object(argument)) => self.wrapped(argument).0,
                Some(argument) => {
                    let draft = self.value(argument);
                    self.unwrap(draft)
                }
                None => self.gap(pair.range.end()),
            };
            builder.push_value(self, pair, value);
        }
        let mut draft = builder.finish(self);
        if let Expr::Object(object) = &mut draft.expr {
            object.form = ObjectForm::Implied;
        }
        draft.add_to(&mut self.template.exprs)
    }

    /// The argument in an expression that gives a `{ "value": … }`.
    fn unwrap(&mut self, draft: Draft) -> ExprId {
        match draft.expr {
            Expr::Conditional { condition, consequence, alternative } => {
                let consequence = self.unwrap_added(consequence);
                let alternative = self.unwrap_added(alternative);
                let expr = Expr::Conditional { condition, consequence, alternative };
                Draft { expr, ..draft }.add_to(&mut self.template.exprs)
            }
            _ => {
                let id = draft.add_to(&mut self.template.exprs);
                self.unwrap_added(id)
            }
        }
    }

    fn unwrap_added(&mut self, id: ExprId) -> ExprId {
        if let Some(value) = property(&self.template, id, "value") {
            return value;
        }
        let exprs = &mut self.template.exprs;
        let range = exprs.range(id);
        match *exprs.get(id) {
            Expr::Conditional { condition, consequence, alternative } => {
                let consequence = self.unwrap_added(consequence);
                let alternative = self.unwrap_added(alternative);
                self.template.exprs.add_embedded(Expr::Conditional { condition, consequence, alternative }, range)
            }
            Expr::Null | Expr::Opaque(_) => id,
            _ => exprs.add_embedded(
                Expr::Member {
                    base: id,
                    name: Name::from("value"),
                    name_range: TextRange::empty(range.end()),
                    safe: false,
                },
                range,
            ),
        }
    }

    /// `resourceGroup` and `subscriptionId` of a deployment or an existing resource, as Bicep says it: `resourceGroup(subscription, group)`.
    fn group_scope(&mut self, members: &[Pair<'t>], body: ExprId) -> Option<ExprId> {
        let [group, subscription] = named(members, ["resourceGroup", "subscriptionId"]).map(value_of);
        let own = |name| property(&self.template, body, name);
        let (function, arguments): (_, Box<[ExprId]>) = match (own("resourceGroup"), own("subscriptionId")) {
            (Some(group), Some(subscription)) => ("resourceGroup", [subscription, group].into()),
            (Some(group), None) => ("resourceGroup", [group].into()),
            (None, Some(subscription)) => ("subscription", [subscription].into()),
            (None, None) => return None,
        };
        let range = group.or(subscription)?.range();
        let call = Call { function: Name::from(function), function_range: range, arguments, receiver: None };
        Some(self.template.exprs.add(Expr::Call(Box::new(call)), range))
    }

    /// The own name of a child that is written with the names of its parents.
    fn last_segment(&mut self, name: ExprId) -> ExprId {
        let range = self.template.exprs.range(name);
        let behind_slash = |text: &str| text.rfind('/').map(|slash| Box::<str>::from(&text[slash + 1..]));
        let own = match self.template.expr(name) {
            Expr::Str(text) => behind_slash(text).map(Expr::Str),
            Expr::Interpolation(segments) => {
                let found = segments.iter().enumerate().rev().find_map(|(index, segment)| match segment {
                    Segment::Text(text) => Some((index, behind_slash(text)?)),
                    Segment::Hole(_) => None,
                });
                found.map(|(index, rest)| {
                    let rest = (!rest.is_empty()).then_some(Segment::Text(rest));
                    let own: Box<[Segment]> = rest.into_iter().chain(segments[index + 1..].iter().cloned()).collect();
                    match &*own {
                        [] => Expr::Str("".into()),
                        [Segment::Text(text)] => Expr::Str(text.clone()),
                        _ => Expr::Interpolation(own),
                    }
                })
            }
            _ => None,
        };
        own.map_or(name, |own| self.template.exprs.add(own, range))
    }

    fn gap(&mut self, at: TextSize) -> ExprId {
        self.template.exprs.add(Expr::Opaque(Opaque::SyntaxError), TextRange::empty(at))
    }

    fn value_of_pair(&mut self, pair: Pair<'t>) -> ExprId {
        match pair.value {
            Some(value) => self.add(value),
            None => self.gap(pair.range.end()),
        }
    }

    fn add(&mut self, value: Value<'t>) -> ExprId {
        let draft = self.value(value);
        draft.add_to(&mut self.template.exprs)
    }

    fn value(&mut self, value: Value<'t>) -> Draft {
        let range = value.range();
        if self.depth == MAX_DEPTH {
            return Draft::syntax_error(range, false);
        }
        let expr = match value {
            Value::String(string) => return self.string(string),
            Value::Number(number) => number.text().parse().map_or(Expr::Opaque(Opaque::Unsupported), Expr::Int),
            Value::Bool(_, value) => Expr::Bool(value),
            Value::Null(_) => Expr::Null,
            Value::Broken(_) => Expr::Opaque(Opaque::SyntaxError),
            Value::Object(object) => {
                self.depth += 1;
                let mut builder = ObjectBuilder::new(self, object);
                for pair in object.members() {
                    match copies(pair) {
                        Some(copies) => builder.copies(self, copies),
                        None => builder.member(self, pair),
                    }
                }
                self.depth -= 1;
                return builder.finish(self);
            }
            Value::Array(array) => {
                self.depth += 1;
                let items = array.elements().map(|value| Item::Value(self.add(value))).collect();
                self.depth -= 1;
                if array.is_closed() { Expr::Array(items) } else { Expr::Opaque(Opaque::SyntaxError) }
            }
        };
        Draft::new(expr, range, false)
    }

    /// A key is an expression as any string is.
    fn key(&mut self, key: Str<'_>) -> ExprId {
        let draft = self.string(key);
        draft.add_to(&mut self.template.exprs)
    }

    fn string(&mut self, string: Str<'_>) -> Draft {
        let range = string.range();
        let inner = string.inner_range();
        if !string.is_closed() {
            return Draft::syntax_error(range, false);
        }
        let plain = |text: Cow<'_, str>| Draft { inner, ..Draft::new(Expr::Str(text.into()), range, false) };
        if self.is_literal || !string.raw().starts_with(['[', '\\']) {
            return plain(string.text());
        }
        let (text, map) = string.decode();
        if !text.starts_with('[') || text.starts_with("[[") {
            return plain(match arm_expr::literal(&text) {
                Cow::Borrowed(literal) => Cow::Owned(literal.to_owned()),
                literal @ Cow::Owned(_) => literal,
            });
        }
        let parsed = arm_expr::parse(&text);
        // To Azure a text without the closing bracket is a plain one. Somebody who opened a call meant something else.
        let is_whole = arm_expr::is_expression(&text);
        let is_call = || match &parsed.root {
            Some(arm_expr::Expr::Call(_) | arm_expr::Expr::Member(_) | arm_expr::Expr::Index(_)) => {
                let end = TextRange::empty(TextSize::of(&*text));
                parsed.errors.iter().any(|error| error.range == end)
            }
            _ => false,
        };
        if !is_whole && !is_call() {
            return plain(text);
        }
        let place = |part: TextRange| map.to_source(part).unwrap_or(inner);
        let root = match &parsed.root {
            Some(root) => {
                Arm { exprs: &mut self.template.exprs, scope: &self.scope, errors: &parsed.errors, place: &place }
                    .root(root, range)
            }
            None => Draft::syntax_error(range, false),
        };
        self.errors.extend(parsed.errors.into_iter().map(|error| SyntaxError {
            range: place(error.range),
            message: error.message,
            started: error.started.map(|(range, label)| (place(range), label)),
        }));
        if is_whole {
            root
        } else {
            root.add_to(&mut self.template.exprs);
            Draft::syntax_error(range, false)
        }
    }

    /// How far the line of an offset is indented, if nothing but blanks stands before it on its line.
    fn indentation(&self, at: TextSize) -> Option<usize> {
        let line = self.line_start(at);
        let before = &self.source[line..usize::from(at)];
        before.bytes().all(|byte| matches!(byte, b' ' | b'\t')).then_some(before.len())
    }

    /// How far the line of an offset is indented.
    fn line_indentation(&self, at: TextSize) -> usize {
        let line = self.line_start(at);
        self.source[line..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// Lowering asks in the order of the text, nearly: a line of megabytes must not be searched again for each object in it.
    fn line_start(&self, at: TextSize) -> usize {
        let at = usize::from(at);
        let (known, start) = self.line.get();
        let after = |from: usize| {
            self.source.as_bytes()[from..at].iter().rposition(|&byte| byte == b'\n').map(|it| from + it + 1)
        };
        let start = match at {
            _ if at < start => after(0).unwrap_or(0),
            _ if at <= known => start,
            _ => after(known).unwrap_or(start),
        };
        self.line.set((at, start));
        start
    }
}

/// An object on its way.
struct ObjectBuilder {
    members: SmallVec<[Member; 8]>,
    range: TextRange,
    damaged: bool,
    /// In a file that lacks a bracket: members that are not indented more than this belong to an object around.
    indentation: Option<usize>,
    /// What [`Lowering::spilled`] was outside.
    outside: bool,
}

impl ObjectBuilder {
    fn new(lowering: &mut Lowering<'_>, object: ObjectNode<'_>) -> Self {
        let range = object.range();
        let indentation = lowering.is_broken.then(|| lowering.line_indentation(range.start()));
        let outside = std::mem::take(&mut lowering.spilled);
        Self { members: SmallVec::new(), range, damaged: !object.is_closed(), indentation, outside }
    }

    fn member<'t>(&mut self, lowering: &mut Lowering<'t>, pair: Pair<'t>) {
        let value = lowering.value_of_pair(pair);
        self.push_value(lowering, pair, value);
    }

    fn push_value(&mut self, lowering: &mut Lowering<'_>, pair: Pair<'_>, value: ExprId) {
        let key = lowering.key(pair.key);
        if let (Some(own), Some(indentation)) = (self.indentation, lowering.indentation(pair.range.start()))
            && indentation <= own
            && indentation > 0
        {
            self.damaged = true;
            lowering.spilled = true;
            return;
        }
        self.members.push(Member::Property(Property { key, value, range: pair.range }));
    }

    /// A property for each loop in a `copy` array.
    fn copies<'t>(&mut self, lowering: &mut Lowering<'t>, copies: Array<'t>) {
        for copy in copies.elements().filter_map(Value::as_object) {
            if let Some((name, value)) = lowering.property_copy(copy) {
                let key = lowering.key(name);
                self.members.push(Member::Property(Property { key, value, range: copy.range() }));
            }
        }
    }

    fn finish(self, lowering: &mut Lowering<'_>) -> Draft {
        let damaged = self.damaged || lowering.spilled;
        lowering.spilled |= self.outside;
        let object = Object { members: self.members.into_boxed_slice(), damaged, form: ObjectForm::Braces };
        Draft::new(Expr::Object(object), self.range, false)
    }
}

/// The members of those names, whatever their case; of several of one name the last.
fn members<'t, const N: usize>(object: ObjectNode<'t>, names: [&str; N]) -> [Option<Pair<'t>>; N] {
    pick(object.members(), names)
}

/// The same of members that are at hand.
fn named<'t, const N: usize>(members: &[Pair<'t>], names: [&str; N]) -> [Option<Pair<'t>>; N] {
    pick(members.iter().copied(), names)
}

fn pick<'t, const N: usize>(members: impl Iterator<Item = Pair<'t>>, names: [&str; N]) -> [Option<Pair<'t>>; N] {
    let mut found = [None; N];
    for pair in members {
        let key = pair.key.raw();
        if let Some(index) = names.iter().position(|name| name.eq_ignore_ascii_case(key)) {
            found[index] = Some(pair);
        }
    }
    found
}

fn value_of(pair: Option<Pair<'_>>) -> Option<Value<'_>> {
    pair.and_then(|pair| pair.value)
}

fn pairs(value: Option<Value<'_>>) -> impl Iterator<Item = Pair<'_>> {
    value.and_then(Value::as_object).into_iter().flat_map(ObjectNode::members)
}

fn name_of(string: Str<'_>) -> Name {
    Name::from(&*string.text())
}

fn identifier(string: Str<'_>) -> Identifier {
    Identifier { name: name_of(string), range: string.inner_range() }
}

/// The loops of `"copy": [ { "name": …, "count": …, "input": … } ]`. Anything else by that name is a property like others.
fn copies(pair: Pair<'_>) -> Option<Array<'_>> {
    let array = pair.value?.as_array().filter(|_| pair.key.raw().eq_ignore_ascii_case("copy"))?;
    let mut is_empty = true;
    let all = array.elements().all(|element| {
        is_empty = false;
        element.as_object().is_some_and(|copy| {
            let [name, input] = members(copy, ["name", "input"]);
            input.is_some() && matches!(value_of(name), Some(Value::String(_)))
        })
    });
    (all && !is_empty).then_some(array)
}

/// Where a linked template comes from.
fn type_kind(text: &str) -> (TypeKind, bool) {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    let secure = is("securestring") || is("secureObject");
    let kind = match () {
        () if is("string") || is("securestring") => TypeKind::String,
        () if is("int") => TypeKind::Int,
        () if is("bool") => TypeKind::Bool,
        () if is("object") || is("secureObject") => TypeKind::Object,
        () if is("array") => TypeKind::Array,
        () => TypeKind::Other,
    };
    (kind, secure)
}

/// Whether `ty` is `outer` or a child type of it.
fn starts_with_type(ty: &str, outer: &str) -> bool {
    ty.get(..outer.len()).is_some_and(|start| start.eq_ignore_ascii_case(outer))
        && ty.as_bytes().get(outer.len()) == Some(&b'/')
}
