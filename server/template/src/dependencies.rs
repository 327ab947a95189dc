//! What waits for what: the order that a deployment follows.
//!
//! | says that a resource waits | ARM JSON | Bicep |
//! | --- | --- | --- |
//! | `dependsOn` with an ID, a name, a symbolic name, the name of a copy loop | yes | by symbol |
//! | `reference(x)`, `list…(x)`, `resourceInfo(x)` | yes | yes |
//! | a symbol anywhere in the declaration, also through variables and `existing` resources | – | yes |
//! | `parent`, being nested in another resource | yes | yes |
//! | being deployed by a module that waits, or waiting for a module that deploys it | yes | yes |
//! | `resourceId(…)`, the same name | no | no |

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::Name;
use crate::eval::{Evaluator, Place, ScopeId};
use crate::expr::{Expr, ExprId, Ref};
use crate::model::{Declaration, Module, ModuleSource, Repeat, Resource};
use crate::value::{Element, Lazy, ModuleRef, Piece, ResourceRef, Str, Target, Value, Values};

/// A declaration that is deployed at a time of its own. One of a loop stands for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Resource(ScopeId, u32),
    Module(ScopeId, u32),
}

/// What a declaration waits for directly.
#[derive(Debug, Default)]
struct Waits {
    steps: Vec<Step>,
    /// Perhaps for more, which cannot be told.
    open: bool,
}

/// Where a step is, the same for all elements of a loop: the modules around it, whether it is a module, and its index.
type Position = (SmallVec<[u32; 4]>, bool, u32);

/// What a declaration waits for, directly or by way of others, as far as it was looked for.
#[derive(Debug)]
struct Reach {
    from: Step,
    /// What it waits for.
    found: FxHashSet<Position>,
    open: bool,
    seen: FxHashSet<Step>,
    /// Whose waits are not among those found yet.
    waiting: VecDeque<Step>,
}

/// What is known of who waits for whom.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    /// What each step waits for, since many wait for the same.
    waits: RefCell<FxHashMap<Step, Rc<Waits>>>,
    /// Rules ask what one cluster waits for, again and again, then the next.
    last: RefCell<Option<Reach>>,
}

impl Evaluator<'_> {
    /// Whether a resource is deployed only after another one, directly or by way of others; `None` when that cannot be told,
    /// because one on the way waits for something unknown.
    ///
    /// What is waited for under a condition counts as waited for. Resources of a loop count as one.
    pub fn depends_on(&self, resource: ResourceRef, other: ResourceRef) -> Option<bool> {
        let from = self.step_of(resource.scope, resource.index);
        let mut reach = match self.dependencies.last.take().filter(|last| last.from == from) {
            Some(last) => last,
            None => Reach {
                from,
                found: FxHashSet::default(),
                open: false,
                seen: FxHashSet::default(),
                waiting: VecDeque::from([from]),
            },
        };
        // A deployment is complete when all is that it deploys.
        let mut wanted: SmallVec<[Position; 2]> = smallvec![self.position(self.step_of(other.scope, other.index))];
        let path = self.module_path(other.scope);
        let modules = (0..path.len()).map(|depth| (SmallVec::from_slice(&path[..depth]), true, path[depth]));
        wanted.extend(modules);
        let answer = self.reaches(&mut reach, &wanted);
        *self.dependencies.last.borrow_mut() = Some(reach);
        answer
    }

    fn reaches(&self, reach: &mut Reach, wanted: &[Position]) -> Option<bool> {
        if wanted.iter().any(|position| reach.found.contains(position)) {
            return Some(true);
        }
        while let Some(step) = reach.waiting.pop_front() {
            if !reach.seen.insert(step) {
                continue;
            }
            let waits = self.waits(step);
            reach.open |= waits.open;
            let mut is_found = false;
            for &step in &waits.steps {
                let position = self.position(step);
                is_found |= wanted.contains(&position);
                reach.found.insert(position);
            }
            reach.waiting.extend(waits.steps.iter().copied());
            // Nothing in a module starts before the module does. The module itself ends later than that, so it is not
            // waited for: only what it waits for is.
            let (Step::Resource(scope, _) | Step::Module(scope, _)) = step;
            if let Some(module) = self.scope(scope).module {
                reach.waiting.push_back(Step::Module(module.scope, module.index));
            }
            if is_found {
                return Some(true);
            }
        }
        if reach.open { None } else { Some(false) }
    }

    fn position(&self, step: Step) -> Position {
        match step {
            Step::Resource(scope, index) => (self.module_path(scope), false, index),
            Step::Module(scope, index) => (self.module_path(scope), true, index),
        }
    }

    /// The modules around a scope, from the root down, by their index: the same for all elements of a loop.
    fn module_path(&self, scope: ScopeId) -> SmallVec<[u32; 4]> {
        let mut path: SmallVec<[u32; 4]> = smallvec![];
        let mut module = self.scope(scope).module;
        while let Some(here) = module {
            path.push(here.index);
            module = self.scope(here.scope).module;
        }
        path.reverse();
        path
    }

    /// A deployment is declared as a resource in ARM JSON, but what matters is the module.
    fn step_of(&self, scope: ScopeId, index: u32) -> Step {
        match self.template(scope).resources[index as usize].module {
            Some(module) => Step::Module(scope, module),
            None => Step::Resource(scope, index),
        }
    }

    fn waits(&self, step: Step) -> Rc<Waits> {
        if let Some(known) = self.dependencies.waits.borrow().get(&step) {
            return known.clone();
        }
        let mut walk = Walk { eval: self, waits: Waits::default(), followed: FxHashSet::default() };
        match step {
            Step::Resource(scope, index) => {
                let resource = &self.template(scope).resources[index as usize];
                walk.resource(scope, resource);
            }
            Step::Module(scope, index) => {
                let module = &self.template(scope).modules[index as usize];
                walk.module(scope, index, module);
            }
        }
        let waits = Rc::new(walk.waits);
        self.dependencies.waits.borrow_mut().insert(step, waits.clone());
        waits
    }
}

/// Collects what one declaration waits for.
struct Walk<'e, 'w> {
    eval: &'e Evaluator<'w>,
    waits: Waits,
    /// Variables that were looked into.
    followed: FxHashSet<(ScopeId, u32)>,
}

impl Walk<'_, '_> {
    fn resource(&mut self, scope: ScopeId, resource: &Resource) {
        if let Some(parent) = resource.parent {
            self.waits.steps.push(self.eval.step_of(scope, parent));
        }
        let Resource { name, scope: target, condition, .. } = resource;
        self.exprs(scope, [*name, *target, *condition, Some(resource.body)]);
        self.ordered(scope, resource.depends_on, resource.repeat.as_ref());
    }

    fn module(&mut self, scope: ScopeId, index: u32, module: &Module) {
        let Module { name, scope: target, condition, arguments, .. } = module;
        self.exprs(scope, [*name, *target, *condition, *arguments]);
        self.ordered(scope, module.depends_on, module.repeat.as_ref());
        // With the names of the outer template its `reference()`s are evaluated outside, too: before it starts.
        if let ModuleSource::Inline { template, outer_scope: true } = &module.source {
            let Some(inner) = self.eval.module_scope(ModuleRef { scope, index, element: None }) else { return };
            let own = self.waits.steps.len();
            for (id, expr) in template.exprs.iter() {
                self.read(inner, id, expr);
            }
            let path = self.eval.module_path(inner);
            let outside = |step: &Step| match *step {
                Step::Resource(scope, _) | Step::Module(scope, _) => !self.eval.module_path(scope).starts_with(&path),
            };
            let found: Vec<Step> = self.waits.steps.drain(own..).filter(outside).collect();
            self.waits.steps.extend(found);
        }
    }

    fn ordered(&mut self, scope: ScopeId, depends_on: Option<ExprId>, repeat: Option<&Repeat>) {
        if let Some(repeat) = repeat {
            self.expr(scope, repeat.iterable);
        }
        if let Some(depends_on) = depends_on {
            self.expr(scope, depends_on);
            let values = self.eval.value(Place { scope, expr: depends_on });
            self.listed(scope, &Lazy::Expr { scope, expr: depends_on, locals: None }, &values);
        }
    }

    // What `dependsOn` says.

    fn listed(&mut self, scope: ScopeId, lazy: &Lazy, values: &Rc<Values>) {
        // A parameter stands for itself here, whatever its default: the same one makes the name of the resource.
        if values.iter().any(|one| one.value.is_unknown())
            && let Lazy::Expr { scope: own, expr, locals } = lazy
        {
            let text = self.eval.name_text(*own, *expr, locals);
            let was_open = std::mem::replace(&mut self.waits.open, false);
            self.named(scope, &text, Place { scope: *own, expr: *expr });
            let is_found = !self.waits.open;
            self.waits.open |= was_open;
            if is_found {
                return;
            }
        }
        for one in values.iter() {
            match &one.value {
                Value::Array(array) => array.elements.iter().for_each(|element| self.element(scope, element)),
                Value::Resource(resource) => {
                    self.waits.steps.push(self.eval.step_of(resource.scope, resource.index));
                }
                Value::Module(module) => self.waits.steps.push(Step::Module(module.scope, module.index)),
                Value::Null => {}
                Value::Str(text) if let Some(place) = one.place => self.named(scope, text, place),
                _ => self.waits.open = true,
            }
        }
    }

    fn element(&mut self, scope: ScopeId, element: &Element) {
        let values = self.eval.force(&element.value);
        self.listed(scope, &element.value, &values);
    }

    /// A resource by an ID, with or without the group in front, by its name, its symbolic name, or the name of its loop.
    fn named(&mut self, scope: ScopeId, text: &Str, place: Place) {
        let resources = &self.eval.template(scope).resources;
        if let Some(id) = self.eval.scope_resource(text, scope, place) {
            if let Some(found) = id.declared {
                let step = self.eval.step_of(found.scope, found.index);
                self.waits.steps.push(step);
                return;
            }
            let Some(resource_type) = &id.resource_type else {
                self.waits.open = true;
                return;
            };
            // One of a loop, perhaps. Waiting for one is as good as can be told.
            let called = self.eval.called(scope);
            let is_of_type = |&index: &u32| resources[index as usize].is_type(resource_type);
            let repeated = called.repeated.iter().copied().filter(is_of_type);
            let repeated: Vec<Step> = repeated.map(|index| self.eval.step_of(scope, index)).collect();
            let is_known = id.names.iter().all(|name| name.literal().is_some());
            self.waits.open |= repeated.is_empty() && !is_known;
            self.waits.steps.extend(repeated);
            return;
        }
        let found = self.eval.called_so(scope, text);
        let found: Vec<Step> = found.into_iter().map(|index| self.eval.step_of(scope, index)).collect();
        self.waits.open |= found.is_empty() && text.pieces().iter().any(|piece| !matches!(piece, Piece::Text(_)));
        self.waits.steps.extend(found);
    }

    // What an expression says.

    fn exprs(&mut self, scope: ScopeId, exprs: impl IntoIterator<Item = Option<ExprId>>) {
        for expr in exprs.into_iter().flatten() {
            self.expr(scope, expr);
        }
    }

    fn expr(&mut self, scope: ScopeId, root: ExprId) {
        let eval = self.eval;
        let template = eval.template(scope);
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            let expr = template.expr(id);
            match expr {
                Expr::Ref(Ref::Resource(name)) => {
                    if let Some(&Declaration::Resource(index)) = template.names.get(name) {
                        self.waits.steps.push(eval.step_of(scope, index));
                    }
                }
                Expr::Ref(Ref::Module(name)) => {
                    if let Some(&Declaration::Module(index)) = template.names.get(name) {
                        self.waits.steps.push(Step::Module(scope, index));
                    }
                }
                Expr::Ref(Ref::Variable(name)) => {
                    if let Some(&Declaration::Variable(index)) = template.names.get(name)
                        && self.followed.insert((scope, index))
                    {
                        waiting.push(template.variables[index as usize].value);
                    }
                }
                Expr::Nested { .. } => {
                    if let Some(Value::Resource(found)) = eval.value(Place { scope, expr: id }).single() {
                        self.waits.steps.push(eval.step_of(found.scope, found.index));
                    }
                }
                _ => self.read(scope, id, expr),
            }
            expr.children(&mut waiting);
        }
    }

    /// `reference(what)` and the like.
    fn read(&mut self, scope: ScopeId, id: ExprId, expr: &Expr) {
        let Expr::Call(call) = expr else { return };
        let Some(&what) = call.arguments.first().filter(|_| is_read(&call.function)) else { return };
        let eval = self.eval;
        let values = eval.value(Place { scope, expr: id });
        let targets = values.iter().filter_map(|one| match &one.value.read()?.target {
            Target::Declared(resource) => Some(*resource),
            Target::Id(_) | Target::Unknown(_) => None,
        });
        let mut found: Vec<ResourceRef> = targets.collect();
        if found.is_empty() {
            let text = eval.name_text(scope, what, &None);
            if let Some(Target::Declared(resource)) = eval.referenced(&text, Place { scope, expr: what }) {
                found.push(resource);
            }
        }
        self.waits.steps.extend(found.iter().map(|resource| eval.step_of(resource.scope, resource.index)));
    }
}

/// Whether a function reads what the service knows of a resource, so that the resource has to be there.
fn is_read(function: &Name) -> bool {
    *function == *"reference"
        || *function == *"resourceInfo"
        || function.as_str().get(..4).is_some_and(|start| start.eq_ignore_ascii_case("list"))
}
