//! Where templates read what the service fills in: `aks.identity.principalId`, `reference(…).identityProfile`.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

use crate::Name;
use crate::aks::{CLUSTER, IDENTITY};
use crate::canon::CanonId;
use crate::condition::Conditions;
use crate::eval::{Evaluator, Place, ScopeId};
use crate::expr::{BinaryOp, Expr, ExprId, Ref};
use crate::model::{Declaration, Module, Resource, Template};
use crate::resource::is_type_name;
use crate::value::{ModuleRef, Read, ReadForm, ResourceId, ResourceRef, Target};

/// Variables used by variables, further than that, are not followed.
const MAX_HOPS: u32 = 8;
/// Where more reads than that are in one declaration, all that follows is looked at.
const MAX_OPEN: usize = 64;
/// Cases in which something is read beyond that many are one that stands for all.
const MAX_CASES: usize = 16;

/// A place that reads a property of a cluster or an identity.
#[derive(Clone, Debug)]
pub struct ReadAt {
    /// The whole chain: `aks.identity.principalId`.
    pub place: Place,
    /// What is read.
    pub read: Rc<Read>,
    /// The resource, as far as it is known.
    pub id: Rc<ResourceId>,
    /// When it is evaluated: alternatives.
    pub when: Vec<Conditions>,
    /// Part of it may be missing, and the template knows that: `.?`, `tryGet`, a question about the resource around it.
    pub safe: bool,
    /// What it is a part of.
    pub holder: Holder,
}

/// A declaration that an expression is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A resource.
    Resource(ResourceRef),
    /// A module.
    Module(ModuleRef),
    /// An output of that scope: its index.
    Output(ScopeId, u32),
    /// A variable, a parameter.
    Other,
}

/// What some expressions of a template are part of: expressions and declarations.
#[derive(Default)]
struct Family<'t> {
    parents: FxHashMap<ExprId, ExprId>,
    roots: FxHashMap<ExprId, Root<'t>>,
    /// Where the variables are used that they are part of.
    uses: FxHashMap<&'t Name, Vec<ExprId>>,
}

enum Root<'t> {
    Resource(u32),
    Module(u32),
    Output(u32),
    Variable(&'t Name),
}

impl<'t> Family<'t> {
    /// That of those expressions: most of a template is not around any of them.
    fn of(template: &'t Template, exprs: impl Iterator<Item = ExprId>) -> Self {
        let mut family = Self::default();
        let mut members: FxHashSet<ExprId> = exprs.collect();
        let tops = tops(template);
        for _ in 0..=MAX_HOPS {
            family.climb(template, &tops, &mut members);
            // What is part of a variable is evaluated where the variable is used.
            let is_new = |name: &&Name| !family.uses.contains_key(name);
            let variables = template.variables.iter().filter(|variable| members.contains(&variable.value));
            let new: Vec<&Name> = variables.map(|variable| &variable.name).filter(is_new).collect();
            if new.is_empty() {
                break;
            }
            family.uses.extend(new.iter().map(|&name| (name, Vec::new())));
            let new: FxHashSet<&Name> = new.into_iter().collect();
            for (id, expr) in template.exprs.iter() {
                if let Expr::Ref(Ref::Variable(name)) = expr
                    && new.contains(name)
                {
                    family.uses.entry(name).or_default().push(id);
                    members.insert(id);
                }
            }
        }
        family.find_roots(template, &members);
        family
    }

    /// Adds what is around the members, up to the declarations that they are part of. Between those, most of a template is
    /// passed over.
    fn climb(&mut self, template: &Template, tops: &FxHashSet<ExprId>, members: &mut FxHashSet<ExprId>) {
        let is_literal = |expr: &Expr| matches!(expr, Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::Str(_));
        let may_be_first =
            |expr: &Expr| matches!(expr, Expr::Member { .. } | Expr::Index { .. } | Expr::Ref(Ref::Variable(_)));
        // Those whose declaration is still to come.
        let mut open: Vec<ExprId> = Vec::new();
        let mut children = Vec::new();
        // Children come before their parents.
        for (id, expr) in template.exprs.iter() {
            let mut is_member = may_be_first(expr) && members.contains(&id);
            if is_member {
                open.push(id);
            }
            if open.is_empty() || is_literal(expr) {
                continue;
            }
            children.clear();
            expr.children(&mut children);
            for child in &children {
                // Most are literals, which is seen sooner than that they are no members.
                if !is_literal(template.expr(*child)) && members.contains(child) {
                    self.parents.insert(*child, id);
                    members.insert(id);
                    is_member = true;
                }
            }
            if is_member && open.len() <= MAX_OPEN && tops.contains(&id) {
                open.retain(|first| self.top_of(*first) != id);
            }
        }
    }

    /// The outermost expression that is known to be around one.
    fn top_of(&self, expr: ExprId) -> ExprId {
        let mut top = expr;
        while let Some(parent) = self.parents.get(&top) {
            top = *parent;
        }
        top
    }

    fn find_roots(&mut self, template: &'t Template, members: &FxHashSet<ExprId>) {
        let is_member = |root: &ExprId| members.contains(root);
        for (index, resource) in (0..).zip(&template.resources) {
            let repeat = resource.repeat.as_ref().map(|repeat| repeat.iterable);
            let own = [resource.name, resource.condition, resource.scope, resource.depends_on, repeat];
            for root in own.into_iter().flatten().chain([resource.body]).filter(is_member) {
                self.roots.entry(root).or_insert(Root::Resource(index));
            }
        }
        for (index, module) in (0..).zip(&template.modules) {
            let own = [module.name, module.arguments, module.scope, module.condition, module.depends_on];
            for root in own.into_iter().flatten().chain([module.body]).filter(is_member) {
                self.roots.entry(root).or_insert(Root::Module(index));
            }
        }
        for (index, output) in (0..).zip(&template.outputs).filter(|(_, output)| is_member(&output.value)) {
            self.roots.insert(output.value, Root::Output(index));
        }
        for variable in template.variables.iter().filter(|variable| is_member(&variable.value)) {
            self.roots.insert(variable.value, Root::Variable(&variable.name));
        }
    }
}

/// The expressions that are whole parts of declarations: what is around them has no say in when they are evaluated.
fn tops(template: &Template) -> FxHashSet<ExprId> {
    let of_resource = |resource: &Resource| {
        [Some(resource.body), resource.condition, resource.repeat.as_ref().map(|repeat| repeat.iterable)]
    };
    let of_module = |module: &Module| [Some(module.body), module.arguments, module.condition];
    let resources = template.resources.iter().flat_map(of_resource);
    let modules = template.modules.iter().flat_map(of_module);
    let outputs = template.outputs.iter().map(|output| output.value);
    let variables = template.variables.iter().map(|variable| variable.value);
    resources.chain(modules).flatten().chain(outputs).chain(variables).collect()
}

impl Evaluator<'_> {
    /// Where clusters and identities are read, in all scopes.
    pub fn reads(&self) -> Vec<ReadAt> {
        self.all_scopes().into_iter().flat_map(|scope| self.reads_in(scope)).collect()
    }

    fn reads_in(&self, scope: ScopeId) -> Vec<ReadAt> {
        let template = self.template(scope);
        let mut found = Vec::new();
        let mut family = None;
        let link = |(id, expr): (ExprId, &Expr)| match expr {
            Expr::Member { base, .. } | Expr::Index { base, .. } => Some((id, *base)),
            _ => None,
        };
        let links: Vec<(ExprId, ExprId)> = template.exprs.iter().filter_map(link).collect();
        let inner: FxHashSet<ExprId> = links.iter().map(|(_, base)| *base).collect();
        let candidate = |&(id, _): &(ExprId, ExprId)| {
            let (start, safe) = if inner.contains(&id) { None } else { chain(template, id) }?;
            type_read(template, start).is_none_or(is_asked_for).then_some((id, safe))
        };
        let candidates: Vec<(ExprId, bool)> = links.iter().filter_map(candidate).collect();
        for &(id, safe) in &candidates {
            let place = Place { scope, expr: id };
            for alternative in self.value(place).iter() {
                // What a module gives out is read where the module says so.
                let Some(read) = alternative.value.read().filter(|_| alternative.place == Some(place)) else {
                    continue;
                };
                let Some(target) = self.read_target(read) else { continue };
                if !target.resource_type.as_deref().is_some_and(is_asked_for) {
                    continue;
                }
                let family = family.get_or_insert_with(|| Family::of(template, candidates.iter().map(|(id, _)| *id)));
                let (whens, holder) = self.context(scope, family, id, 0);
                let safe = safe || asked_before(template, family, id);
                let when = whens.iter().filter_map(|when| self.and(when, &alternative.when)).collect();
                found.push(ReadAt { place, read: read.clone(), id: target, when, safe, holder });
            }
        }
        found
    }

    /// The resource that is read, as far as it is known.
    pub fn read_target(&self, read: &Read) -> Option<Rc<ResourceId>> {
        match &read.target {
            Target::Declared(resource) => Some(self.id_of(*resource)),
            Target::Id(id) => Some(id.clone()),
            Target::Unknown(_) => None,
        }
    }

    /// When an expression is evaluated, and what it is part of.
    fn context(&self, scope: ScopeId, family: &Family<'_>, expr: ExprId, hops: u32) -> (Vec<Conditions>, Holder) {
        let template = self.template(scope);
        let mut whens = vec![Conditions::TRUE];
        let mut here = expr;
        loop {
            if let Some(root) = family.roots.get(&here) {
                let declared = |condition: Option<ExprId>| match condition {
                    Some(expr) => self.when(Place { scope, expr }).0,
                    None => vec![Conditions::TRUE],
                };
                let (own, holder) = match root {
                    Root::Resource(index) => {
                        let resource = ResourceRef { scope, index: *index, element: None };
                        (self.deployed_when(resource), Holder::Resource(resource))
                    }
                    Root::Module(index) => {
                        let module = ModuleRef { scope, index: *index, element: None };
                        (declared(template.modules[*index as usize].condition), Holder::Module(module))
                    }
                    Root::Output(index) => {
                        (declared(template.outputs[*index as usize].condition), Holder::Output(scope, *index))
                    }
                    Root::Variable(name) => {
                        let uses = family.uses.get(name).filter(|_| hops < MAX_HOPS);
                        let uses = uses.into_iter().flatten();
                        let all: Vec<_> =
                            uses.flat_map(|used| self.context(scope, family, *used, hops + 1).0).collect();
                        return (self.product(&whens, &all), Holder::Other);
                    }
                };
                let around = self.entered_when(scope);
                let whens = self.product(&self.product(&whens, &own), &around);
                return (whens, holder);
            }
            let Some(parent) = family.parents.get(&here).copied() else {
                // The default of a parameter, the body of a function.
                return (self.product(&whens, &self.entered_when(scope)), Holder::Other);
            };
            if let Some((condition, holds)) = branch(template.expr(parent), here) {
                let (yes, no) = self.when(Place { scope, expr: condition });
                whens = self.product(&whens, if holds { &yes } else { &no });
            }
            here = parent;
        }
    }

    /// When the template of a scope is deployed, by the conditions of the modules around it.
    pub fn entered_when(&self, scope: ScopeId) -> Vec<Conditions> {
        let mut whens = vec![Conditions::TRUE];
        let mut module = self.scope(scope).module;
        while let Some(here) = module {
            let declared = &self.template(here.scope).modules[here.index as usize];
            if let Some(expr) = declared.condition {
                whens = self.product(&whens, &self.when(Place { scope: here.scope, expr }).0);
            }
            module = self.scope(here.scope).module;
        }
        whens
    }

    fn product(&self, left: &[Conditions], right: &[Conditions]) -> Vec<Conditions> {
        let mut all: Vec<Conditions> = Vec::new();
        for when in left.iter().flat_map(|a| right.iter().filter_map(move |b| self.and(a, b))) {
            if !all.contains(&when) {
                all.push(when);
            }
        }
        all.truncate(MAX_CASES);
        all
    }

    /// The call of `reference` that a chain starts with.
    pub fn reference_of(&self, place: Place) -> Option<Place> {
        let template = self.template(place.scope);
        let mut here = place.expr;
        loop {
            here = match template.expr(here) {
                Expr::Member { base, .. } | Expr::Index { base, .. } => *base,
                Expr::Call(call) if call.function == *"reference" => return Some(Place { expr: here, ..place }),
                _ => return None,
            };
        }
    }

    /// The cluster of this deployment whose ID that is, wherever it is declared.
    pub fn cluster_of(&self, id: &ResourceId) -> Option<ResourceRef> {
        if let Some(declared) = id.declared.filter(|declared| !self.resource(*declared).existing) {
            return self.resource(declared).is_type(CLUSTER).then_some(declared);
        }
        self.clusters().into_iter().find(|cluster| self.id_of(*cluster).canon == id.canon)
    }

    /// The declaration in this deployment of a resource, wherever it is.
    pub fn created(&self, id: &ResourceId) -> Option<ResourceRef> {
        if let Some(declared) = id.declared.filter(|declared| !self.resource(*declared).existing) {
            return Some(declared);
        }
        let resource_type = id.resource_type.as_deref()?;
        if self.created.borrow_mut().types.insert(Name::from(resource_type)) {
            for found in self.of_type(resource_type).filter(|&one| !self.resource(one).existing) {
                let canon = self.id_of(found).canon;
                self.created.borrow_mut().by_id.entry(canon).or_insert(found);
            }
        }
        self.created.borrow().by_id.get(&id.canon).copied()
    }
}

/// What is deployed, by the normal form of its ID.
#[derive(Debug, Default)]
pub(crate) struct Created {
    /// The types that were asked for: those of other types have other IDs.
    types: FxHashSet<Name>,
    by_id: FxHashMap<CanonId, ResourceRef>,
}

/// Whether what is read of resources of a type is looked at here.
fn is_asked_for(resource_type: &str) -> bool {
    resource_type.eq_ignore_ascii_case(CLUSTER) || resource_type.eq_ignore_ascii_case(IDENTITY)
}

/// What must be true, or false, for a part of an expression to be evaluated.
fn branch(expr: &Expr, part: ExprId) -> Option<(ExprId, bool)> {
    match expr {
        Expr::Conditional { condition, consequence, .. } if *condition != part => {
            Some((*condition, *consequence == part))
        }
        Expr::Binary { op: BinaryOp::And, left, right } if *right == part => Some((*left, true)),
        Expr::Binary { op: BinaryOp::Or, left, right } if *right == part => Some((*left, false)),
        _ => None,
    }
}

/// Whether an expression is evaluated only after a question about a deployed resource: `contains(aks.properties, 'x') ? … : …`.
fn asked_before(template: &Template, family: &Family<'_>, expr: ExprId) -> bool {
    let is_question = |condition: ExprId| {
        let mut pending = vec![condition];
        while let Some(here) = pending.pop() {
            let expr = template.expr(here);
            match expr {
                Expr::Ref(Ref::Resource(_) | Ref::Module(_)) => return true,
                Expr::Call(call) if call.function == *"reference" => return true,
                _ => expr.children(&mut pending),
            }
        }
        false
    };
    let mut here = expr;
    while let Some(parent) = family.parents.get(&here).copied() {
        if branch(template.expr(parent), here).is_some_and(|(condition, _)| is_question(condition)) {
            return true;
        }
        here = parent;
    }
    false
}

/// Where a chain of members starts, if that is something that can be read, and whether it can do without some of them.
fn chain(template: &Template, expr: ExprId) -> Option<(ExprId, bool)> {
    let mut safe = false;
    let mut here = expr;
    loop {
        here = match template.expr(here) {
            Expr::Member { base, safe: own, .. } | Expr::Index { base, safe: own, .. } => {
                safe |= own;
                *base
            }
            Expr::Ref(Ref::Resource(_) | Ref::Module(_)) | Expr::Nested { .. } => return Some((here, safe)),
            Expr::Call(call) if call.function == *"reference" || call.function == *"resourceInfo" => {
                return Some((here, safe));
            }
            _ => return None,
        };
    }
}

/// The type of the resource that is read by a chain which starts like this, where one look says it: by the symbol of one
/// resource, or by an ID of a type that is written out. Most resources are neither clusters nor identities.
fn type_read(template: &Template, start: ExprId) -> Option<&str> {
    match template.expr(start) {
        Expr::Ref(Ref::Resource(name)) => match template.names.get(name)? {
            Declaration::Resource(index) => {
                let resource = &template.resources[*index as usize];
                resource.resource_type.as_deref().filter(|_| resource.repeat.is_none())
            }
            _ => None,
        },
        Expr::Call(call) if call.function == *"reference" => match template.expr(*call.arguments.first()?) {
            Expr::Call(id) if id.function == *"resourceId" => match template.expr(*id.arguments.first()?) {
                Expr::Str(text) if is_type_name(text) => Some(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl ReadAt {
    /// The path from the resource down, in lower case.
    pub fn path(&self) -> SmallVec<[String; 6]> {
        let mut path: SmallVec<[String; 6]> = smallvec![];
        path.extend(self.read.path.iter().map(|name| name.to_ascii_lowercase()));
        path
    }

    /// The API version that decides what comes back, and whether one is given, for a call of `reference`.
    pub fn reference(&self) -> Option<(Option<&str>, bool, bool)> {
        match &self.read.form {
            ReadForm::Reference { api_version, versioned, full } => Some((api_version.as_deref(), *versioned, *full)),
            ReadForm::Symbol => None,
        }
    }
}

/// Which of the identities around a cluster something is read of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The control plane of a cluster.
    ControlPlane,
    /// The kubelet of a cluster.
    Kubelet,
    /// An add-on of a cluster.
    Addon,
    /// A user-assigned identity.
    Identity,
}

impl Part {
    /// What the ID of its principal is called.
    pub fn principal(self) -> &'static str {
        match self {
            Self::ControlPlane | Self::Identity => "principalId",
            Self::Kubelet | Self::Addon => "objectId",
        }
    }
}

impl Evaluator<'_> {
    /// Which identity a read is of, and the property of it; the resource need not be declared.
    pub fn part_of(&self, read: &Read) -> Option<(Part, Rc<str>)> {
        let id = self.read_target(read)?;
        let lower: SmallVec<[String; 6]> = read.path.iter().map(|name| name.to_ascii_lowercase()).collect();
        let path: SmallVec<[&str; 6]> = lower.iter().map(String::as_str).collect();
        let is = |resource_type| id.is_type(resource_type) == Some(true);
        let part = match path.as_slice() {
            ["properties", _] if is(IDENTITY) => Part::Identity,
            _ if !is(CLUSTER) => return None,
            ["identity", _] | ["identity", "userassignedidentities", _, _] => Part::ControlPlane,
            ["properties", "identityprofile", "kubeletidentity", _] => Part::Kubelet,
            ["properties", "addonprofiles" | "ingressprofile", _, "identity", _] => Part::Addon,
            _ => return None,
        };
        Some((part, read.path.last()?.clone()))
    }
}
