//! Resources as values: their IDs, what is read of them, and which declaration an ID names.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::canon::{Canon, CanonId};
use crate::eval::{Evaluator, Locals, Place, ScopeId, unknown};
use crate::expr::ExprId;
use crate::model::{Resource, Template};
use crate::value::{
    ModuleRef, Piece, Read, ReadForm, ResourceId, ResourceRef, Str, Target, Unknown, Value, Values, Why,
};
use crate::{Expr, Name};

/// The type of deployments, whose outputs are read through `reference()`.
pub const DEPLOYMENTS: &str = "Microsoft.Resources/deployments";

/// Loops over more known elements than that are looked at as a whole.
const MAX_ELEMENTS: usize = 32;

/// The resources nested in others, by the one around them and their symbol.
pub(crate) type Nested = FxHashMap<(u32, Name), u32>;

/// What the resources of a template are called, to find them by it; the numbers are their indices, in order.
#[derive(Debug, Default)]
pub(crate) struct Called {
    by_symbol: FxHashMap<Name, Vec<u32>>,
    /// By the names of loops.
    by_loop: FxHashMap<Name, Vec<u32>>,
    by_name: FxHashMap<CanonId, Vec<u32>>,
    /// Those of loops.
    pub(crate) repeated: Vec<u32>,
}

/// The resources of a template by the normal form of their ID.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// Those whose IDs nobody needed yet, by their type: an ID can only be that of a resource of its own type, and most
    /// types are never asked for.
    waiting: FxHashMap<Name, Vec<u32>>,
    by_id: FxHashMap<CanonId, ResourceRef>,
}

impl Declared {
    fn of(template: &Template) -> Self {
        let mut waiting: FxHashMap<Name, Vec<u32>> = FxHashMap::default();
        for (index, resource) in (0..).zip(&template.resources).filter(|(_, resource)| resource.repeat.is_none()) {
            if let Some(resource_type) = &resource.resource_type {
                waiting.entry(Name::from(&**resource_type)).or_default().push(index);
            }
        }
        Self { waiting, by_id: FxHashMap::default() }
    }
}

impl<'w> Evaluator<'w> {
    /// The declaration of that resource.
    pub fn resource(&self, resource: ResourceRef) -> &'w Resource {
        &self.template(resource.scope).resources[resource.index as usize]
    }

    /// The body of that resource, evaluated: an object as a rule.
    pub fn body(&self, resource: ResourceRef) -> Rc<Values> {
        self.eval(resource.scope, self.resource(resource).body, &self.locals_of(resource))
    }

    /// The value of one of the expressions of a resource's declaration, with the variables of its loop in sight.
    pub fn of_resource(&self, resource: ResourceRef, expr: ExprId) -> Rc<Values> {
        self.eval(resource.scope, expr, &self.locals_of(resource))
    }

    /// The normal form of one of the expressions of a resource's declaration.
    pub fn canon_in(&self, resource: ResourceRef, expr: ExprId) -> CanonId {
        self.canon(resource.scope, expr, &self.locals_of(resource))
    }

    /// The variables of the loop around a resource: those of its element where that is known, else standing for any.
    pub(crate) fn locals_of(&self, resource: ResourceRef) -> Locals {
        let repeat = self.resource(resource).repeat.as_ref()?;
        if let Some(known) = self.element_locals.borrow().get(&resource) {
            return known.clone();
        }
        let place = Place { scope: resource.scope, expr: repeat.iterable };
        let any = |canon: Option<CanonId>| match canon {
            Some(canon) => Rc::new(unknown(canon, Why::Element, place)),
            None => self.any_element(place),
        };
        let (element, index) = match self.element_value(resource, place) {
            Some((number, value)) => (value, Rc::new(Values::always(Value::Int(number), Some(place)))),
            None => (any(resource.element), any(resource.element)),
        };
        let mut locals = None;
        if let Some(name) = &repeat.variable {
            locals = Some(self.bind(name, element, locals));
        }
        if let Some(name) = &repeat.index {
            locals = Some(self.bind(name, index, locals));
        }
        self.element_locals.borrow_mut().insert(resource, locals.clone());
        locals
    }

    /// What to call a declared resource: its symbol, or its name as far as it is known.
    pub fn label(&self, resource: ResourceRef) -> String {
        if let Some(module) = self.stood_in_for(resource.scope) {
            return module;
        }
        match &self.resource(resource).symbol {
            Some(symbol) => symbol.name.as_str().to_owned(),
            None => self.label_of(&self.id_of(resource)),
        }
    }

    /// The name of the module that a template stands for, if it does: its own names are nowhere to be seen.
    fn stood_in_for(&self, scope: ScopeId) -> Option<String> {
        self.workspace().file(self.scope(scope).file).stands_in().then_some(())?;
        let call = self.call_from_outside(scope)?;
        let symbol = self.template(call.scope).modules[call.index as usize].symbol.as_ref()?;
        Some(symbol.name.as_str().to_owned())
    }

    /// What to call the resource of an ID.
    pub fn label_of(&self, id: &ResourceId) -> String {
        if let Some(module) = id.declared.and_then(|declared| self.stood_in_for(declared.scope)) {
            return module;
        }
        let symbol = id.declared.and_then(|declared| self.resource(declared).symbol.as_ref());
        match symbol {
            Some(symbol) => symbol.name.as_str().to_owned(),
            None => id.names.last().map_or_else(String::new, |name| self.sketch(name)),
        }
    }

    /// A text with its unknown parts as they are written.
    pub fn sketch(&self, text: &Str) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Unknown(Unknown { place: Some(place), .. }) => {
                self.source(*place).trim_matches(['"', '[', ']']).to_owned()
            }
            Piece::Unknown(_) | Piece::Id(_) | Piece::Read(_) => "…".to_owned(),
        };
        text.pieces().iter().map(piece).collect()
    }

    /// Position and value of what a resource of a loop is made for, when the loop is over a known array. An element is named
    /// by its position or by the normal form of its value.
    fn element_value(&self, resource: ResourceRef, iterable: Place) -> Option<(i64, Rc<Values>)> {
        let element = resource.element?;
        let values = self.value(iterable);
        let Some(Value::Array(array)) = values.single() else { return None };
        let length = array.length().filter(|length| *length <= MAX_ELEMENTS)?;
        let position = match self.canons.borrow().get(element) {
            Canon::Int(number) => usize::try_from(*number).ok().filter(|position| *position < length),
            _ => None,
        };
        let value = |position: usize| self.force(&array.elements[position].value);
        let is_it = |position: &usize| self.canon_of_values(&value(*position), iterable) == element;
        let position = position.or_else(|| (0..length).find(is_it))?;
        Some((i64::try_from(position).ok()?, value(position)))
    }

    /// The resources that a declaration makes: one for each element of a loop over a known array, else the declaration, which
    /// stands for all of them.
    pub fn each(&self, resource: ResourceRef) -> Vec<ResourceRef> {
        let Some(repeat) = self.resource(resource).repeat.as_ref().filter(|_| resource.element.is_none()) else {
            return vec![resource];
        };
        let values = self.value(Place { scope: resource.scope, expr: repeat.iterable });
        match values.single() {
            Some(Value::Array(array)) if array.length().is_some_and(|length| length <= MAX_ELEMENTS) => (0..)
                .take(array.elements.len())
                .map(|number| {
                    let element = self.canons.borrow_mut().id(Canon::Int(number));
                    ResourceRef { element: Some(element), ..resource }
                })
                .collect(),
            _ => vec![resource],
        }
    }

    // ------------------------------------------------------------------------------------------------- IDs

    /// The ID of a declared resource.
    pub fn id_of(&self, resource: ResourceRef) -> Rc<ResourceId> {
        if let Some(known) = self.ids.borrow().get(&resource) {
            return known.clone();
        }
        // A placeholder first: a name that refers to the resource itself must end.
        let own = self.canons.borrow_mut().id(Canon::Declared(resource.scope, resource.index, resource.element));
        let declared = self.resource(resource);
        let resource_type: Option<Rc<str>> = declared.resource_type.as_deref().map(Into::into);
        let placeholder = ResourceId {
            resource_type: resource_type.clone(),
            names: SmallVec::new(),
            scope: None,
            declared: Some(resource),
            canon: own,
        };
        self.ids.borrow_mut().insert(resource, Rc::new(placeholder.clone()));

        let locals = self.locals_of(resource);
        let segments = resource_type.as_deref().map_or(1, |name| name.split('/').count().saturating_sub(1).max(1));
        let mut scope = match declared.scope {
            Some(scope) => self.deployment_target(resource.scope, scope, &locals),
            None => self.scope(resource.scope).target,
        };
        let mut names: SmallVec<[Str; 1]> = SmallVec::new();
        if let Some(parent) = declared.parent {
            let parent = self.id_of(ResourceRef { index: parent, ..resource });
            names.extend(parent.names.iter().cloned());
            scope = parent.scope;
        }
        if let Some(name) = declared.name {
            let name = self.name_text(resource.scope, name, &locals);
            let own = segments.saturating_sub(names.len());
            let parts = split_segments(&name);
            if parts.len() == own { names.extend(parts) } else { names.push(name) }
        }
        let canon = match &resource_type {
            Some(resource_type) if declared.name.is_some() => self.id_canon(resource_type, &names, scope),
            _ => own,
        };
        let id = Rc::new(ResourceId { names, scope, canon, ..placeholder });
        self.ids.borrow_mut().insert(resource, id.clone());
        id
    }

    /// A name, with what depends on parameters as unknown pieces, whatever their defaults: names are compared, not judged.
    pub(crate) fn name_text(&self, scope: ScopeId, expr: ExprId, locals: &Locals) -> Str {
        let values = self.eval(scope, expr, locals);
        match values.single() {
            Some(Value::Str(text)) => text.clone(),
            Some(Value::Int(number)) => Str::text(&number.to_string()),
            _ => {
                let canon = self.canon(scope, expr, locals);
                let place = Some(Place { scope, expr });
                match self.canons.borrow().get(canon) {
                    Canon::Concat(parts) => {
                        let mut text = Str::default();
                        let canons = self.canons.borrow();
                        for &part in parts {
                            match canons.get(part) {
                                Canon::Text(known) => text.push(Piece::Text(known.as_ref().into())),
                                _ => text.push(Piece::Unknown(Unknown { canon: part, why: Why::TooMuch, place })),
                            }
                        }
                        text
                    }
                    _ => Str::piece(Piece::Unknown(Unknown { canon, why: Why::TooMuch, place })),
                }
            }
        }
    }

    fn id_canon(&self, resource_type: &str, names: &[Str], scope: Option<CanonId>) -> CanonId {
        let names = names.iter().map(|name| self.canon_of_text(name)).collect();
        self.canons.borrow_mut().id(Canon::Id(resource_type.to_ascii_lowercase().into(), names, scope))
    }

    pub(crate) fn make_id(
        &self,
        resource_type: Option<Rc<str>>,
        names: SmallVec<[Str; 1]>,
        scope: Option<CanonId>,
        from: ScopeId,
        place: Place,
    ) -> Rc<ResourceId> {
        let Some(resource_type) = resource_type else {
            let canon = self.canons.borrow_mut().id(Canon::Unique(place.scope, place.expr));
            return Rc::new(ResourceId { resource_type, names, scope, declared: None, canon });
        };
        let canon = self.id_canon(&resource_type, &names, scope);
        let declared = self.declared_as(from, &resource_type, canon);
        Rc::new(ResourceId { resource_type: Some(resource_type), names, scope, declared, canon })
    }

    /// The declaration of that type whose ID has that normal form, in this template or in those around it.
    fn declared_as(&self, from: ScopeId, resource_type: &str, canon: CanonId) -> Option<ResourceRef> {
        let resource_type = Name::from(resource_type);
        let mut scope = Some(from);
        while let Some(here) = scope {
            if let Some(found) = self.declared_in(here, &resource_type, canon) {
                return Some(found);
            }
            scope = self.scope(here).module.map(|module| module.scope);
        }
        None
    }

    /// The resource of a scope of that type whose ID has that normal form. Of several, the one that is deployed.
    fn declared_in(&self, scope: ScopeId, resource_type: &Name, canon: CanonId) -> Option<ResourceRef> {
        let is_known = self.declared.borrow().contains_key(&scope);
        if !is_known {
            self.declared.borrow_mut().insert(scope, Declared::of(self.template(scope)));
            self.meet_names(scope);
        }
        let waiting = self.declared.borrow_mut().get_mut(&scope)?.waiting.remove(resource_type);
        if let Some(waiting) = waiting {
            // Names may refer to other resources by ID: what asks for this type while this is being made finds nothing.
            let mut found: FxHashMap<CanonId, ResourceRef> = FxHashMap::default();
            for index in waiting {
                let reference = ResourceRef { scope, index, element: None };
                let slot = found.entry(self.id_of(reference).canon).or_insert(reference);
                if !self.resource(reference).existing && self.resource(*slot).existing {
                    *slot = reference;
                }
            }
            self.declared.borrow_mut().entry(scope).or_default().by_id.extend(found);
        }
        self.declared.borrow().get(&scope)?.by_id.get(&canon).copied()
    }

    /// Meets the conditions in the names of a template in the order in which they are written. Conditions are told in the order
    /// in which they were met first, and that should not depend on the types that are asked for. Most names have none.
    fn meet_names(&self, scope: ScopeId) {
        for resource in &self.template(scope).resources {
            if resource.resource_type.is_none() || resource.repeat.is_some() {
                continue;
            }
            for expr in [resource.scope, resource.name].into_iter().flatten() {
                if !self.has_met_all(Place { scope, expr }) {
                    self.eval(scope, expr, &None);
                }
            }
        }
    }

    /// The declaration in this deployment of what may only be an `existing` reference or an ID.
    pub fn deployed(&self, id: &ResourceId, from: ScopeId) -> Option<ResourceRef> {
        let declared = || self.declared_as(from, id.resource_type.as_deref()?, id.canon);
        let found = id.declared.filter(|&found| !self.resource(found).existing).or_else(declared);
        found.filter(|&found| !self.resource(found).existing)
    }

    /// The ID that a text is, when it is one: an ID as such, or a path with `/providers/`.
    pub fn parse_id(&self, text: &Str, from: ScopeId, place: Place) -> Option<Rc<ResourceId>> {
        if let [Piece::Id(id)] = text.pieces() {
            return Some(id.clone());
        }
        if let [Piece::Id(parent), rest @ ..] = text.pieces() {
            return self.child_id(parent, rest, from, place);
        }
        let segments = split_segments(text);
        let provider = segments
            .iter()
            .rposition(|segment| segment.literal().is_some_and(|segment| segment.eq_ignore_ascii_case("providers")))?;
        let path = &segments[provider + 1..];
        let namespace = path.first()?.literal()?;
        let mut resource_type = namespace.to_owned();
        let mut names: SmallVec<[Str; 1]> = SmallVec::new();
        let mut rest = path[1..].iter();
        while let Some(kind) = rest.next() {
            resource_type.push('/');
            resource_type.push_str(kind.literal()?);
            names.extend(rest.next().cloned());
        }
        let scope = self.path_scope(&segments[..provider]);
        Some(self.make_id(Some(resource_type.into()), names, scope, from, place))
    }

    /// The ID of `${parent.id}/kind/name`.
    fn child_id(&self, parent: &ResourceId, rest: &[Piece], from: ScopeId, place: Place) -> Option<Rc<ResourceId>> {
        let mut tail = Str::default();
        for piece in rest {
            tail.push(piece.clone());
        }
        let segments = split_segments(&tail);
        if !segments.first()?.pieces().is_empty() {
            return None;
        }
        let mut resource_type = parent.resource_type.as_deref()?.to_owned();
        let mut names = parent.names.clone();
        let mut rest = segments[1..].iter();
        let mut extension = false;
        while let Some(kind) = rest.next() {
            let kind = kind.literal()?;
            if kind.eq_ignore_ascii_case("providers") {
                rest.next()?.literal()?.clone_into(&mut resource_type);
                names = SmallVec::new();
                extension = true;
                continue;
            }
            resource_type.push('/');
            resource_type.push_str(kind);
            names.extend(rest.next().cloned());
        }
        let scope = if extension { Some(parent.canon) } else { parent.scope };
        Some(self.make_id(Some(resource_type.into()), names, scope, from, place))
    }

    /// Whether a text is the ID of something in a subscription, a management group or the tenant itself, and in none of their
    /// resource groups.
    pub fn is_outside_of_groups(&self, text: &Str) -> bool {
        if let [Piece::Id(id)] = text.pieces() {
            let canons = self.canons.borrow();
            let is_wider = |scope| {
                matches!(canons.get(scope), Canon::Call(function, _)
                    if matches!(&**function, "subscription" | "tenant" | "managementgroup"))
            };
            return id.scope.is_some_and(is_wider);
        }
        let segments = split_segments(text);
        let is =
            |segment: &Str, word: &str| segment.literal().is_some_and(|literal| literal.eq_ignore_ascii_case(word));
        let Some(provider) = segments.iter().position(|segment| is(segment, "providers")) else { return false };
        let around: SmallVec<[&Str; 4]> =
            segments[..provider].iter().filter(|segment| !segment.pieces().is_empty()).collect();
        // What is not known may hold the group.
        let is_own = |segment: &Str| self.own_subscriptions().contains(&self.canon_of_text(segment));
        match around[..] {
            [segment] => is_own(segment),
            [word, name] => is(word, "subscriptions") && (name.literal().is_some() || is_own(name)),
            _ => false,
        }
    }

    /// The normal forms of the deployment's own subscription.
    fn own_subscriptions(&self) -> [CanonId; 3] {
        let own = self.canon_call("subscription", &[]);
        let member = |name: &str| self.canons.borrow_mut().id(Canon::Member(own, name.into()));
        [own, member("subscriptionid"), member("id")]
    }

    /// The group that `/subscriptions/s/resourceGroups/g` names; `None` for the deployment's own.
    fn path_scope(&self, segments: &[Str]) -> Option<CanonId> {
        let mut named = segments.iter().filter(|segment| !segment.pieces().is_empty());
        let mut parts: SmallVec<[CanonId; 2]> = SmallVec::new();
        while let Some(segment) = named.next() {
            match segment.literal() {
                Some(word)
                    if word.eq_ignore_ascii_case("subscriptions") || word.eq_ignore_ascii_case("resourceGroups") =>
                {
                    parts.push(self.canon_of_text(named.next()?));
                }
                _ => parts.push(self.canon_of_text(segment)),
            }
        }
        self.group_canon(&parts)
    }

    /// The name of the resource group that an ID says it is in; `None` when it is the deployment's own or not known to be a
    /// group. What is not known of the name is a piece of its own.
    pub fn group_of(&self, id: &ResourceId) -> Option<Str> {
        self.group_named(id.scope?)
    }

    fn group_named(&self, group: CanonId) -> Option<Str> {
        let canons = self.canons.borrow();
        let Canon::Call(function, parts) = canons.get(group) else { return None };
        let group = *parts.last().filter(|_| &**function == "group")?;
        let piece = |canon| match canons.get(canon) {
            Canon::Text(text) => Piece::Text(text.as_ref().into()),
            _ => Piece::Unknown(Unknown { canon, why: Why::TooMuch, place: None }),
        };
        let mut name = Str::default();
        match canons.get(group) {
            Canon::Concat(parts) => parts.iter().for_each(|&part| name.push(piece(part))),
            _ => name.push(piece(group)),
        }
        Some(name)
    }

    /// What IDs of a scope's own resources have as [`ResourceId::scope`].
    pub fn id_scope(&self, scope: ScopeId) -> Option<CanonId> {
        self.scope(scope).target
    }

    /// The name of the resource group that a scope is deployed to, where that is not the root's; as [`Self::group_of`].
    pub fn target_group(&self, scope: ScopeId) -> Option<Str> {
        self.group_named(self.id_scope(scope)?)
    }

    /// The normal form of a group given as `[subscription, group]` or `[group]`; `None` for the deployment's own.
    fn group_canon(&self, parts: &[CanonId]) -> Option<CanonId> {
        let own_group = self.canon_call("resourcegroup", &[]);
        let member = |base, name: &str| self.canons.borrow_mut().id(Canon::Member(base, name.into()));
        let own_groups = [own_group, member(own_group, "name"), member(own_group, "id")];
        let own_subscriptions = self.own_subscriptions();
        let parts: SmallVec<[CanonId; 2]> = parts
            .iter()
            .copied()
            .filter(|part| !own_groups.contains(part) && !own_subscriptions.contains(part))
            .collect();
        (!parts.is_empty()).then(|| self.canon_call("group", &parts))
    }

    /// Where `scope: expr` deploys to; `None` for the deployment's own group.
    pub fn deployment_target(&self, scope: ScopeId, expr: ExprId, locals: &Locals) -> Option<CanonId> {
        if let Expr::Call(call) = self.template(scope).exprs.get(expr)
            && (call.function == *"resourceGroup" || call.function == *"subscription")
        {
            let parts: SmallVec<[CanonId; 2]> =
                call.arguments.iter().map(|&argument| self.canon(scope, argument, locals)).collect();
            return self.group_canon(&parts);
        }
        let place = Place { scope, expr };
        match self.eval(scope, expr, locals).single() {
            Some(Value::Resource(resource)) => Some(self.id_of(*resource).canon),
            Some(Value::Str(text)) => match self.scope_resource(text, scope, place) {
                Some(id) => Some(id.canon),
                None => Some(self.canon_of_text(text)),
            },
            Some(value) => {
                let canon = self.canon_of_value(value, Some(place));
                self.group_canon(&[canon])
            }
            None => Some(self.canon(scope, expr, locals)),
        }
    }

    /// The resource that a `scope` text names: an ID, or in ARM JSON the type and name without `/providers/`.
    pub fn scope_resource(&self, text: &Str, from: ScopeId, place: Place) -> Option<Rc<ResourceId>> {
        if let Some(id) = self.parse_id(text, from, place) {
            return Some(id);
        }
        let mut segments = split_segments(text);
        if segments.first().is_some_and(|first| first.pieces().is_empty()) {
            segments.remove(0);
        }
        let namespace = segments.first()?.literal().filter(|namespace| namespace.contains('.'))?;
        let mut resource_type = namespace.to_owned();
        let mut names: SmallVec<[Str; 1]> = SmallVec::new();
        for pair in segments[1..].chunks(2) {
            let [kind, name] = pair else { return None };
            resource_type.push('/');
            resource_type.push_str(kind.literal()?);
            names.push(name.clone());
        }
        (!names.is_empty()).then(|| self.make_id(Some(resource_type.into()), names, None, from, place))
    }

    /// `resourceId([subscription], [group], type, names…)` and its relatives.
    pub(crate) fn resource_id_call(
        &self,
        place: Place,
        function: &str,
        arguments: &[ExprId],
        locals: &Locals,
    ) -> Values {
        let texts: SmallVec<[Str; 4]> =
            arguments.iter().map(|&argument| self.name_text(place.scope, argument, locals)).collect();
        let is_type = |text: &Str| text.literal().is_some_and(is_type_name);
        let at = Some(place);
        let Some(position) = texts.iter().position(is_type) else {
            return self.unknown_at(place, Why::Function, locals);
        };
        let resource_type: Rc<str> = texts[position].literal().unwrap_or_default().into();
        // One argument may hold several names: resourceId(type, 'vnet/subnet').
        let mut names: SmallVec<[Str; 1]> = texts[position + 1..].iter().cloned().collect();
        let expected = resource_type.split('/').count().saturating_sub(1);
        if names.len() < expected {
            let parts: SmallVec<[Str; 1]> = names.iter().flat_map(split_segments).collect();
            if parts.len() == expected {
                names = parts;
            }
        }
        let scope_parts: SmallVec<[CanonId; 2]> =
            texts[..position].iter().map(|text| self.canon_of_text(text)).collect();
        let scope = match function {
            "extensionresourceid" => match texts.first() {
                Some(base) if position > 0 => match self.parse_id(base, place.scope, place) {
                    Some(id) => Some(id.canon),
                    // An extension of a group is what the Bicep compiler writes for a resource in that group.
                    None => self.path_scope(&split_segments(base)),
                },
                _ => None,
            },
            "subscriptionresourceid" => Some(self.canon_call("subscription", &scope_parts)),
            "tenantresourceid" => Some(self.canon_call("tenant", &[])),
            "managementgroupresourceid" => Some(self.canon_call("managementgroup", &scope_parts)),
            _ if scope_parts.is_empty() => self.scope(place.scope).target,
            _ => self.group_canon(&scope_parts),
        };
        let id = self.make_id(Some(resource_type), names, scope, place.scope, place);
        Values::always(Value::Str(Str::piece(Piece::Id(id))), at)
    }

    // ------------------------------------------------------------------------------------------------- reads

    /// `resource.name`.
    pub(crate) fn resource_member(&self, resource: ResourceRef, name: &Name, place: Place) -> Values {
        let at = Some(place);
        let declared = self.resource(resource);
        match name.as_str().to_ascii_lowercase().as_str() {
            "id" => Values::always(Value::Str(Str::piece(Piece::Id(self.id_of(resource)))), at),
            "name" => match declared.name {
                Some(expr) => Values::clone(&self.of_resource(resource, expr)),
                None => unknown(self.id_of(resource).canon, Why::SyntaxError, place),
            },
            "type" if declared.resource_type.is_some() => {
                Values::always(Value::Str(Str::text(declared.resource_type.as_deref().unwrap_or_default())), at)
            }
            "apiversion" if declared.api_version.is_some() => match declared.api_version {
                Some(expr) => Values::clone(&self.of_resource(resource, expr)),
                None => Values::always(Value::Null, at),
            },
            lower => {
                let own = self.id_of(resource).canon;
                let canon = self.canons.borrow_mut().id(Canon::Member(own, lower.into()));
                let read = Read {
                    target: Target::Declared(resource),
                    path: smallvec![name.as_str().into()],
                    form: ReadForm::Symbol,
                    canon,
                };
                self.resolve_read(read, place)
            }
        }
    }

    /// A read, or the value itself where it is one of ours: the output of a deployment in the same workspace.
    pub(crate) fn resolve_read(&self, read: Read, place: Place) -> Values {
        if let Target::Declared(resource) = read.target
            && let [properties, outputs, output, rest @ ..] = read.path.as_slice()
            && properties.eq_ignore_ascii_case("properties")
            && outputs.eq_ignore_ascii_case("outputs")
            && let Some(index) = self.resource(resource).module
        {
            let module = ModuleRef { scope: resource.scope, index, element: resource.element };
            match rest {
                [] => return Values::always(Value::Read(Rc::new(read)), Some(place)),
                [value] if value.eq_ignore_ascii_case("value") => {
                    return self.output(module, &Name::from(&**output), place);
                }
                _ => {}
            }
        }
        Values::always(Value::Read(Rc::new(read)), Some(place))
    }

    /// `reference(what, version, 'Full')`.
    pub(crate) fn reference_call(&self, place: Place, arguments: &[ExprId], locals: &Locals) -> Values {
        let Some(&what) = arguments.first() else {
            return self.unknown_at(place, Why::Function, locals);
        };
        let literal = |expr| self.eval(place.scope, expr, locals).literal().map(str::to_owned);
        let api_version = arguments.get(1).and_then(|&version| literal(version));
        let full =
            arguments.get(2).and_then(|&full| literal(full)).is_some_and(|full| full.eq_ignore_ascii_case("full"));
        let targets = self.eval(place.scope, what, locals);
        // As it is written, whatever the parameters in it are, it may be the name or ID of a declaration.
        let as_written = self.referenced(&self.name_text(place.scope, what, locals), place);
        self.flat_map(&targets, |target| {
            let target = match target {
                Value::Resource(resource) => Some(Target::Declared(*resource)),
                _ if as_written.is_some() => as_written.clone(),
                Value::Str(text) => self.referenced(text, place),
                _ => None,
            };
            let target = target.unwrap_or_else(|| Target::Unknown(self.canon(place.scope, what, locals)));
            let own = match &target {
                Target::Declared(resource) => self.id_of(*resource).canon,
                Target::Id(id) => id.canon,
                Target::Unknown(canon) => *canon,
            };
            let (path, canon): (SmallVec<[Rc<str>; 4]>, _) = if full {
                (SmallVec::new(), own)
            } else {
                (smallvec!["properties".into()], self.canons.borrow_mut().id(Canon::Member(own, "properties".into())))
            };
            let form = ReadForm::Reference {
                api_version: api_version.as_deref().map(Into::into),
                versioned: arguments.len() > 1,
                full,
            };
            Values::always(Value::Read(Rc::new(Read { target, path, form, canon })), Some(place))
        })
    }

    /// What `reference` and `resourceInfo` mean by a text: an ID, a symbolic name, or the name of a resource.
    pub(crate) fn referenced(&self, text: &Str, place: Place) -> Option<Target> {
        if let Some(id) = self.parse_id(text, place.scope, place) {
            return Some(match id.declared {
                Some(resource) => Target::Declared(resource),
                None => Target::Id(id),
            });
        }
        // What a nested template of outer scope reads is read in the template around it.
        let outer = self.names_of(place.scope);
        let own = self.named_in(place.scope, text);
        own.or_else(|| self.named_in(outer, text).filter(|_| outer != place.scope))
    }

    /// The resource of a template that has that symbolic name or, as the only one, that name.
    fn named_in(&self, scope: ScopeId, text: &Str) -> Option<Target> {
        let called = self.called(scope);
        let reference = |index: u32| Target::Declared(ResourceRef { scope, index, element: None });
        let by_symbol = text.literal().and_then(|symbol| called.by_symbol.get(&Name::from(symbol)));
        let by_name = called.by_name.get(&self.canon_of_text(text)).map_or(&[][..], Vec::as_slice);
        // The first of that symbol, unless two resources of that name, of different types, come before it.
        match (by_symbol.and_then(|all| all.first()), by_name) {
            (Some(&symbol), [_, second, ..]) if *second < symbol => None,
            (Some(&symbol), _) => Some(reference(symbol)),
            (None, [only]) => Some(reference(*only)),
            (None, _) => None,
        }
    }

    /// The resources of a template that are called so: by their symbolic names, the names of their loops, or their names.
    pub(crate) fn called_so(&self, scope: ScopeId, text: &Str) -> Vec<u32> {
        let called = self.called(scope);
        let symbol = text.literal().map(Name::from);
        let by_symbol = symbol.as_ref().map(|symbol| [called.by_symbol.get(symbol), called.by_loop.get(symbol)]);
        let by_name = called.by_name.get(&self.canon_of_text(text));
        let all = by_symbol.into_iter().flatten().chain([by_name]).flatten().flatten();
        let mut found: Vec<u32> = all.copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the resources of a template are called.
    pub(crate) fn called(&self, scope: ScopeId) -> Rc<Called> {
        if let Some(known) = self.called.borrow().get(&scope) {
            return known.clone();
        }
        let mut called = Called::default();
        let mut is_final = true;
        for (index, resource) in (0..).zip(&self.template(scope).resources) {
            let reference = ResourceRef { scope, index, element: None };
            if let Some(symbol) = &resource.symbol {
                called.by_symbol.entry(symbol.name.clone()).or_default().push(index);
            }
            if let Some(repeat) = &resource.repeat {
                called.repeated.push(index);
                let name = repeat.index.iter().cloned();
                name.for_each(|name| called.by_loop.entry(name).or_default().push(index));
            }
            if let Some(name) = resource.name {
                // A name that asks for this while it is being computed has another form later.
                is_final &= self.has_form(reference, name);
                called.by_name.entry(self.canon_in(reference, name)).or_default().push(index);
            }
        }
        let called = Rc::new(called);
        if is_final {
            self.called.borrow_mut().insert(scope, called.clone());
        }
        called
    }

    /// The resource nested in another one under that symbol.
    pub(crate) fn nested(&self, parent: ResourceRef, name: &Name, place: Place) -> Values {
        let template = self.template(parent.scope);
        let nested_in = || {
            let mut nested = Nested::default();
            for (index, resource) in (0..).zip(&template.resources) {
                if let (Some(outer), Some(symbol)) = (resource.parent, &resource.symbol) {
                    nested.entry((outer, symbol.name.clone())).or_insert(index);
                }
            }
            nested
        };
        let key = (parent.index, name.clone());
        let found = self.nested.borrow_mut().entry(parent.scope).or_insert_with(nested_in).get(&key).copied();
        match found {
            Some(index) => Values::always(Value::Resource(ResourceRef { index, ..parent }), Some(place)),
            None => self.unknown_at(place, Why::Elsewhere, &None),
        }
    }

    // ------------------------------------------------------------------------------------------------- modules

    /// `module.name`.
    pub(crate) fn module_member(&self, module: ModuleRef, name: &Name, place: Place, locals: &Locals) -> Values {
        if *name == *"outputs" {
            return Values::always(Value::Outputs(module), Some(place));
        }
        let declared = &self.template(module.scope).modules[module.index as usize];
        match declared.name {
            Some(expr) if *name == *"name" => Values::clone(&self.eval(module.scope, expr, locals)),
            _ => self.unknown_at(place, Why::Function, &None),
        }
    }

    /// What a module gives out, computed inside it where it is at hand.
    pub(crate) fn output(&self, module: ModuleRef, name: &Name, place: Place) -> Values {
        let found = self.module_scope(module).and_then(|scope| {
            let output = self.template(scope).outputs.iter().find(|output| output.name == *name)?;
            Some(self.eval(scope, output.value, &None))
        });
        match found {
            Some(values) => Values::clone(&values),
            None => {
                let mut canons = self.canons.borrow_mut();
                let mut of = canons.id(Canon::Module(module.scope, module.index));
                if let Some(element) = module.element {
                    of = canons.id(Canon::Index(of, element));
                }
                let canon = canons.id(Canon::Member(of, name.as_str().to_ascii_lowercase().into()));
                unknown(canon, Why::Elsewhere, place)
            }
        }
    }
}

/// Whether a text among the arguments of `resourceId` is the type: names and IDs of subscriptions come before and after it.
pub(crate) fn is_type_name(text: &str) -> bool {
    text.contains('/') && !text.starts_with('/')
}

/// The parts of a text between slashes.
pub fn split_segments(text: &Str) -> SmallVec<[Str; 1]> {
    let mut segments: SmallVec<[Str; 1]> = smallvec![Str::default()];
    for piece in text.pieces() {
        match piece {
            Piece::Text(known) => {
                for (number, part) in known.split('/').enumerate() {
                    if number > 0 {
                        segments.push(Str::default());
                    }
                    if let Some(last) = segments.last_mut() {
                        last.push(Piece::Text(part.into()));
                    }
                }
            }
            other => {
                if let Some(last) = segments.last_mut() {
                    last.push(other.clone());
                }
            }
        }
    }
    segments
}
