//! Symbolic evaluation: expressions to [`Values`].
//!
//! Small and honest. What is not known stays unknown, conditions are carried along, and everything is bounded: at most
//! [`MAX_ALTERNATIVES`] alternatives a value, [`MAX_DEPTH`] expressions deep, [`BUDGET`] steps in all. Beyond a bound the
//! answer is [`Why::TooMuch`], never an error. No clock, no network, no subscription data.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::hash_map;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::Name;
use crate::aks::RoleAssignment;
use crate::canon::{Canon, CanonId, Canons};
use crate::condition::{Atom, AtomId, Atoms, Conditions, Literal, Split};
use crate::expr::{BinaryOp, Expr, ExprId, Item, Member, Object, Ref, Segment, UnaryOp};
use crate::model::{Declaration, ModuleSource, Parameter, Repeat, Template, TypeKind};
use crate::value::{
    Alternative, ArrayValue, Element, Entry, LambdaValue, Lazy, ModuleRef, ObjectValue, Occurs, Piece, Read,
    ResourceRef, Str, Unknown, Value, Values, Why,
};
use crate::workspace::{FileId, Location, Workspace};

/// More alternatives than that become one unknown value.
pub const MAX_ALTERNATIVES: usize = 16;
/// Expressions, variables and modules nested deeper than that are unknown.
pub const MAX_DEPTH: u32 = 100;
/// Steps of evaluation for one root file; what is asked for after that is unknown. One of more bytes has as many steps: what
/// people and generators write takes a fraction of that.
pub const BUDGET: u32 = 2_000_000;
/// Loops over more known elements than that are not unrolled.
const MAX_UNROLLED: usize = 64;
/// Objects and arrays that are put together of more parts than that are unknown.
const MAX_PARTS: usize = 10_000;
/// The same for the pieces of a text.
const MAX_PIECES: usize = 1_000;
/// And for its known bytes in a row. The compiler of Bicep loads no larger files either.
pub(crate) const MAX_TEXT: usize = 128 << 10;
/// Deployments of modules for one root file; those beyond are not looked into.
const MAX_SCOPES: usize = 4_096;

/// A template together with who deploys it: the same file called from two places is two scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(u32);

impl ScopeId {
    /// The scope of the file that evaluation started with.
    pub const ROOT: Self = Self(0);
}

/// An expression of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Whose template.
    pub scope: ScopeId,
    /// The expression in it.
    pub expr: ExprId,
}

/// Variables of the loops and lambdas around an expression.
pub type Locals = Option<Rc<Frame>>;

/// One variable of a loop or lambda.
#[derive(Debug)]
pub struct Frame {
    /// Different for every binding, so that what was evaluated under it is found again.
    serial: u32,
    name: Name,
    value: Rc<Values>,
    outer: Locals,
}

/// An expression under the variables of the loops and lambdas around it: what is evaluated once and no more.
type Key = (Place, u32);

/// Whether a value has grown beyond what anybody writes. Its parts were bounded before.
fn is_too_large(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.entries.len() > MAX_PARTS,
        Value::Array(array) => array.elements.len() > MAX_PARTS,
        // A text that is written as a whole has one piece; only what is put together grows.
        Value::Str(text) => text.pieces().len() > MAX_PIECES,
        _ => false,
    }
}

/// Whether a text that is being put together is longer than it may become.
pub(crate) fn is_long(text: &Str) -> bool {
    let last = match text.pieces().last() {
        Some(Piece::Text(last)) => last.len(),
        _ => 0,
    };
    last > MAX_TEXT || text.pieces().len() > MAX_PIECES
}

fn key(place: Place, locals: &Locals) -> Key {
    (place, locals.as_ref().map_or(0, |frame| frame.serial))
}

/// What an object has under a key.
#[derive(Clone, Copy)]
pub(crate) enum Plain<'o> {
    /// This, whatever else holds.
    Entry(&'o Entry),
    /// Nothing.
    Absent,
    /// Conditions, merges or unknown keys have a say, which they hardly ever have.
    Depends,
}

/// A template being evaluated, see [`ScopeId`].
#[derive(Clone, Debug)]
pub struct Scope<'w> {
    /// What it declares.
    pub template: &'w Template,
    /// The file it is written in.
    pub file: FileId,
    /// The module that deploys it; `None` for the root.
    pub module: Option<ModuleRef>,
    /// The scope whose parameters and variables its expressions mean: its own but for nested templates of outer scope.
    names: ScopeId,
    /// The resource group or subscription it is deployed to, where that is not the root's.
    pub(crate) target: Option<CanonId>,
    caller: Option<Caller>,
    depth: u32,
}

#[derive(Clone, Debug)]
struct Caller {
    scope: ScopeId,
    arguments: Option<ExprId>,
    locals: Locals,
}

/// Evaluates the expressions of one root file and of the modules it deploys.
pub struct Evaluator<'w> {
    workspace: &'w Workspace,
    scopes: RefCell<Vec<Rc<Scope<'w>>>>,
    modules: RefCell<FxHashMap<ModuleRef, Option<ScopeId>>>,
    /// `None` while it is being computed.
    values: RefCell<FxHashMap<Key, Option<Rc<Values>>>>,
    /// The parameters that were evaluated.
    met: RefCell<FxHashSet<(ScopeId, u32)>>,
    /// `None` while it is being computed.
    canon_of: RefCell<FxHashMap<Key, Option<CanonId>>>,
    pub(crate) element_locals: RefCell<FxHashMap<ResourceRef, Locals>>,
    pub(crate) canons: RefCell<Canons>,
    atoms: RefCell<Atoms>,
    pub(crate) ids: RefCell<FxHashMap<ResourceRef, Rc<crate::value::ResourceId>>>,
    pub(crate) declared: RefCell<FxHashMap<ScopeId, crate::resource::Declared>>,
    pub(crate) grants: RefCell<Option<Rc<crate::grants::Grants>>>,
    pub(crate) uses: OnceCell<crate::uses::Uses>,
    pub(crate) dependencies: crate::dependencies::Dependencies,
    /// The resources nested in others, by their scope, the one around them and their symbol.
    pub(crate) nested: RefCell<FxHashMap<ScopeId, crate::resource::Nested>>,
    /// What resources are called, by their scope.
    pub(crate) called: RefCell<FxHashMap<ScopeId, Rc<crate::resource::Called>>>,
    /// The resources in all scopes by their type.
    pub(crate) by_type: OnceCell<crate::aks::ByType>,
    /// The node pools that are resources of their own, by their cluster.
    pub(crate) pools: OnceCell<FxHashMap<crate::aks::OwnerKey, Vec<ResourceRef>>>,
    /// What is deployed, in all scopes, by the normal form of its ID.
    pub(crate) created: RefCell<crate::reads::Created>,
    /// The clusters that have an identity, by the form of its ID.
    pub(crate) by_identity: OnceCell<FxHashMap<CanonId, Vec<ResourceRef>>>,
    /// What has to do with an identity by way of the clusters that have it.
    pub(crate) related_to: RefCell<FxHashMap<CanonId, Rc<FxHashSet<CanonId>>>>,
    /// What gives roles, in all scopes.
    pub(crate) assignments: OnceCell<Vec<RoleAssignment>>,
    /// The same, by the elements of loops.
    pub(crate) each_assignment: OnceCell<Vec<RoleAssignment>>,
    /// Scopes of files whose values are the same whoever asks.
    pub(crate) constants: RefCell<FxHashMap<crate::imports::Constants, Option<ScopeId>>>,
    /// Where the content of a file is loaded.
    pub(crate) loaded: RefCell<FxHashMap<FileId, Place>>,
    depth: Cell<u32>,
    steps: Cell<u32>,
    budget: u32,
    serial: Cell<u32>,
    frames: Cell<u32>,
    follows_modules: bool,
    /// The parameter file that gives values to the root, and a parameter of which it is not believed.
    parameters: Option<(ScopeId, Option<Name>)>,
    disbelief: Disbelief,
}

/// Which arguments of modules are not believed: the parameters may be anything, as if nobody gave them. What is found in a
/// module with them and not without them is what they cause.
#[derive(Clone, Debug, Default)]
pub enum Disbelief {
    /// None of them.
    #[default]
    Nothing,
    /// All that are written by themselves.
    Everything,
    /// Those that are written at these places.
    Of(Vec<Location>),
}

impl<'w> Evaluator<'w> {
    /// An evaluator whose root is that file; `None` when it is no template.
    pub fn new(workspace: &'w Workspace, root: FileId) -> Option<Self> {
        let template = workspace.file(root).template.as_ref()?;
        let scope =
            Scope { template, file: root, module: None, names: ScopeId::ROOT, target: None, caller: None, depth: 0 };
        Some(Self {
            workspace,
            scopes: RefCell::new(vec![Rc::new(scope)]),
            modules: RefCell::default(),
            values: RefCell::default(),
            met: RefCell::default(),
            canon_of: RefCell::default(),
            element_locals: RefCell::default(),
            canons: RefCell::default(),
            atoms: RefCell::default(),
            ids: RefCell::default(),
            declared: RefCell::default(),
            grants: RefCell::default(),
            uses: OnceCell::new(),
            dependencies: crate::dependencies::Dependencies::default(),
            nested: RefCell::default(),
            called: RefCell::default(),
            by_type: OnceCell::new(),
            pools: OnceCell::new(),
            created: RefCell::default(),
            by_identity: OnceCell::new(),
            related_to: RefCell::default(),
            assignments: OnceCell::new(),
            each_assignment: OnceCell::new(),
            constants: RefCell::default(),
            loaded: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
            budget: BUDGET.max(workspace.file(root).text.len().into()),
            serial: Cell::new(0),
            frames: Cell::new(0),
            follows_modules: true,
            parameters: None,
            disbelief: Disbelief::Nothing,
        })
    }

    /// The same, but modules in other files count as not at hand.
    #[must_use]
    pub fn without_modules(self) -> Self {
        Self { follows_modules: false, ..self }
    }

    /// The same, but the root gets the values of a parameter file, all or all but one. What the file does not say, or says
    /// with a placeholder, may be anything.
    #[must_use]
    pub fn with_parameters(self, file: FileId, except: Option<Name>) -> Self {
        let Some(template) = &self.workspace.file(file).template else { return self };
        match self.uncalled_scope(template, file) {
            Some(id) => Self { parameters: Some((id, except)), ..self },
            None => self,
        }
    }

    /// The same, but some arguments of modules may be anything.
    #[must_use]
    pub fn disbelieving(self, disbelief: Disbelief) -> Self {
        Self { disbelief, ..self }
    }

    /// A scope that nobody deploys: only its values are asked for.
    pub(crate) fn uncalled_scope(&self, template: &'w Template, file: FileId) -> Option<ScopeId> {
        let id = u32::try_from(self.scopes.borrow().len()).map(ScopeId).ok()?;
        let scope = Scope { template, file, module: None, names: id, target: None, caller: None, depth: 0 };
        self.scopes.borrow_mut().push(Rc::new(scope));
        Some(id)
    }

    /// What the parameter file says of a parameter of that scope.
    fn assigned(&self, scope: ScopeId, parameter: &Name) -> Option<Place> {
        let (file, except) = self.parameters.as_ref().filter(|_| scope == ScopeId::ROOT)?;
        let values = self.template(*file);
        let found = values.assignments.iter().find(|assignment| assignment.name.name == *parameter)?;
        let is_believed = except.as_ref() != Some(parameter) && crate::parameters::is_given(values, found);
        is_believed.then_some(Place { scope: *file, expr: found.value })
    }

    /// How many steps evaluation has taken, see [`BUDGET`].
    pub fn steps(&self) -> u32 {
        self.steps.get()
    }

    /// The files that evaluation may look into.
    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// The call that leads from files of the workspace to a module of a registry; `None` for what is in no such module.
    pub fn call_from_outside(&self, scope: ScopeId) -> Option<ModuleRef> {
        let is_foreign = |scope| self.workspace.is_foreign(self.scope(scope).file);
        is_foreign(scope).then_some(())?;
        let mut call = self.scope(scope).module?;
        while is_foreign(call.scope) {
            call = self.scope(call.scope).module?;
        }
        Some(call)
    }

    /// Whether a scope is part of what another one deploys, or that one itself.
    pub fn is_deployed_by(&self, scope: ScopeId, by: ScopeId) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at.filter(|&scope| scope != by) {
            at = self.scope(scope).module.map(|module| module.scope);
        }
        at.is_some()
    }

    /// What to underline when a module as a whole is meant.
    pub fn module_header(&self, module: ModuleRef) -> Location {
        let scope = self.scope(module.scope);
        Location { file: scope.file, range: scope.template.modules[module.index as usize].header }
    }

    /// The scope of that id.
    pub fn scope(&self, id: ScopeId) -> Rc<Scope<'w>> {
        self.scopes.borrow()[id.0 as usize].clone()
    }

    /// The template of that scope.
    pub fn template(&self, id: ScopeId) -> &'w Template {
        self.scopes.borrow()[id.0 as usize].template
    }

    /// The scope whose parameters and variables the expressions of a scope mean: its own but for nested templates of outer
    /// scope.
    pub fn names_of(&self, id: ScopeId) -> ScopeId {
        self.scopes.borrow()[id.0 as usize].names
    }

    /// The expression that the caller of a module, or a parameter file, gives for a parameter; `None` when there is no caller,
    /// or it gives none that is written by itself.
    pub fn argument_of(&self, id: ScopeId, parameter: &Name) -> Option<Place> {
        if let Some(assigned) = self.assigned(id, parameter) {
            return Some(assigned);
        }
        self.written_arguments(id).find(|(key, _)| *parameter == **key).map(|(_, place)| place).filter(|&place| {
            match &self.disbelief {
                Disbelief::Nothing => true,
                Disbelief::Everything => false,
                Disbelief::Of(places) => !places.contains(&self.location(place)),
            }
        })
    }

    /// Whether the caller of a module is believed about a parameter.
    fn is_believed(&self, id: ScopeId, parameter: &Name) -> bool {
        // Most evaluations believe everything, and asking costs.
        matches!(self.disbelief, Disbelief::Nothing)
            || self.argument_of(id, parameter).is_some()
            || !self.written_arguments(id).any(|(key, _)| *parameter == *key)
    }

    /// What the caller of a module gives it, each argument that is written by itself.
    pub fn arguments_of(&self, id: ScopeId) -> Vec<Place> {
        self.written_arguments(id).map(|(_, place)| place).collect()
    }

    fn written_arguments(&self, id: ScopeId) -> impl Iterator<Item = (&'w str, Place)> + use<'w> {
        let scope = self.scope(id);
        let written = scope.caller.as_ref().and_then(|caller| {
            let template = self.template(caller.scope);
            match template.exprs.get(caller.arguments?) {
                Expr::Object(object) => Some((caller.scope, template, &object.members)),
                _ => None,
            }
        });
        written.into_iter().flat_map(|(scope, template, members)| {
            members.iter().filter_map(move |member| match member {
                Member::Property(property) => match template.exprs.get(property.key) {
                    Expr::Str(key) => Some((&**key, Place { scope, expr: property.value })),
                    _ => None,
                },
                Member::Spread { .. } => None,
            })
        })
    }

    /// Every scope that is reachable from the root: the root, then modules in the order they are declared, depth first.
    /// A repeated module counts once.
    pub fn all_scopes(&self) -> Vec<ScopeId> {
        let mut found = Vec::new();
        let mut waiting = vec![ScopeId::ROOT];
        while let Some(scope) = waiting.pop() {
            found.push(scope);
            let modules = u32::try_from(self.template(scope).modules.len()).unwrap_or(0);
            for index in (0..modules).rev() {
                waiting.extend(self.module_scope(ModuleRef { scope, index, element: None }));
            }
        }
        found
    }

    /// Where the expression is written.
    pub fn location(&self, place: Place) -> Location {
        let scope = self.scope(place.scope);
        Location { file: scope.file, range: scope.template.exprs.range(place.expr) }
    }

    /// The text of the expression as it is written.
    pub fn source(&self, place: Place) -> &'w str {
        let location = self.location(place);
        self.workspace.file(location.file).text.slice(location.range)
    }

    /// The value of an expression outside loops and lambdas.
    pub fn value(&self, place: Place) -> Rc<Values> {
        self.eval(place.scope, place.expr, &None)
    }

    /// The value of something computed when asked for.
    pub fn force(&self, lazy: &Lazy) -> Rc<Values> {
        match lazy {
            Lazy::Expr { scope, expr, locals } => self.eval(*scope, *expr, locals),
            Lazy::Ready(values) => values.clone(),
        }
    }

    /// Both, or `None` when they cannot hold together.
    pub fn and(&self, left: &Conditions, right: &Conditions) -> Option<Conditions> {
        if right.is_true() {
            return Some(left.clone());
        }
        let canons = self.canons.borrow();
        let empty = |text| matches!(canons.get(text), Canon::Text(text) if text.is_empty());
        self.atoms.borrow().and(left, right, empty)
    }

    /// When the expression is true, and when not: each a list of alternatives.
    pub fn when(&self, place: Place) -> (Vec<Conditions>, Vec<Conditions>) {
        let split = self.split(place.scope, place.expr, &None);
        (split.yes, split.no)
    }

    /// The atom of that id and the expression it was met in first.
    pub fn atom(&self, id: AtomId) -> (Atom, Option<Place>) {
        self.atoms.borrow().get(id)
    }

    /// Whether only the deployment itself knows if they hold: a property of something deployed decides, or an expression that
    /// is not understood.
    pub fn known_late(&self, when: &Conditions) -> bool {
        let canons = self.canons.borrow();
        when.literals().iter().any(|literal| match self.atom(literal.atom).0 {
            Atom::Holds(what) | Atom::Equals(what, _) | Atom::Empty(what) | Atom::Null(what) => canons.is_read(what),
        })
    }

    /// Conditions in words, for "when …": "`useUserAssigned` is false and `kind` is 'x'". Empty when always true.
    pub fn describe(&self, when: &Conditions) -> String {
        let one = |literal: &Literal| {
            let (atom, place) = self.atom(literal.atom);
            let what = place.map_or("a value", |place| self.source(place));
            let what = if what.len() > 60 || what.contains('\n') {
                "an expression"
            } else {
                what.trim_matches(['"', '[', ']'])
            };
            match (atom, literal.holds) {
                (Atom::Holds(_), true) => format!("`{what}` is true"),
                (Atom::Holds(_), false) => format!("`{what}` is false"),
                (Atom::Equals(_, text), holds) => {
                    let canons = self.canons.borrow();
                    let text = match canons.get(text) {
                        Canon::Text(form) => format!("'{}'", canons.spelling(text, form)),
                        Canon::Int(number) => number.to_string(),
                        _ => "its default".to_owned(),
                    };
                    format!("`{what}` is {}{text}", if holds { "" } else { "not " })
                }
                (Atom::Empty(_), holds) => format!("`{what}` is {}empty", if holds { "" } else { "not " }),
                (Atom::Null(_), true) => format!("`{what}` is not given"),
                (Atom::Null(_), false) => format!("`{what}` is given"),
            }
        };
        when.literals().iter().map(one).collect::<Vec<_>>().join(" and ")
    }

    // ------------------------------------------------------------------------------------------------- evaluation

    pub(crate) fn eval(&self, scope: ScopeId, expr: ExprId, locals: &Locals) -> Rc<Values> {
        let place = Place { scope, expr };
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.budget || self.depth.get() >= MAX_DEPTH {
            return Rc::new(self.too_much(place));
        }
        // Most expressions are literals: to make their values anew costs less than to find them, and takes no memory.
        if let Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::Str(_) = self.template(scope).exprs.get(expr) {
            return Rc::new(self.compute(place, locals));
        }
        let key = key(place, locals);
        match self.values.borrow_mut().entry(key) {
            hash_map::Entry::Occupied(known) => match known.get() {
                Some(known) => return known.clone(),
                None => return Rc::new(self.too_much(place)), // a cycle: it needs its own value
            },
            hash_map::Entry::Vacant(new) => new.insert(None),
        };
        self.depth.set(self.depth.get() + 1);
        let mut values = self.compute(place, locals);
        self.depth.set(self.depth.get() - 1);
        if values.0.len() > MAX_ALTERNATIVES {
            let canon = self.canon(scope, expr, locals);
            values = unknown(canon, Why::TooMuch, place);
        } else if values.iter().any(|one| is_too_large(&one.value)) {
            values = self.too_much(place);
        }
        let values = Rc::new(values);
        self.values.borrow_mut().insert(key, Some(values.clone()));
        values
    }

    /// Counts what is copied as steps. Tells whether there are any left.
    fn spend(&self, steps: usize) -> bool {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).saturating_add(self.steps.get());
        self.steps.set(steps.min(self.budget + 1));
        steps <= self.budget
    }

    fn compute(&self, place: Place, locals: &Locals) -> Values {
        let Place { scope, expr } = place;
        let template = self.template(scope);
        let at = Some(place);
        match template.exprs.get(expr) {
            Expr::Null => Values::always(Value::Null, at),
            Expr::Bool(value) => Values::always(Value::Bool(*value), at),
            Expr::Int(value) => Values::always(Value::Int(*value), at),
            Expr::Str(text) => {
                let in_parameters = self.parameters.as_ref().is_some_and(|(file, _)| *file == scope);
                if in_parameters && crate::parameters::is_placeholder(text) {
                    let canon = self.canons.borrow_mut().id(Canon::Unique(scope, expr));
                    return unknown(canon, Why::Elsewhere, place);
                }
                Values::always(Value::Str(Str::text(text)), at)
            }
            Expr::Interpolation(segments) => self.interpolation(place, segments, locals),
            Expr::Array(items) => self.array(place, items, locals),
            Expr::Object(object) => self.object(place, object, locals),
            Expr::Loop(repeat) => {
                let bindings = Repeat {
                    variable: repeat.variable.clone(),
                    index: repeat.index.clone(),
                    iterable: repeat.iterable,
                };
                self.repeated(
                    scope,
                    &bindings,
                    locals,
                    |when, inner, occurs| {
                        let body = Lazy::Expr { scope, expr: repeat.body, locals: inner.clone() };
                        let element = |when| Element { when, value: body.clone(), occurs };
                        match repeat.filter {
                            None => vec![element(when.clone())],
                            Some(filter) => {
                                let yes = self.split(scope, filter, inner).yes;
                                yes.iter().filter_map(|yes| self.and(when, yes)).map(element).collect()
                            }
                        }
                    },
                    at,
                )
            }
            Expr::Ref(reference) => self.reference_to(place, reference, locals),
            Expr::Member { base, name, safe, .. } => {
                let base = self.eval(scope, *base, locals);
                self.flat_map(&base, |value| self.member(value, name, *safe, place, locals))
            }
            Expr::Index { base, index, safe, from_end } => self.index(place, *base, *index, *safe, *from_end, locals),
            Expr::Nested { base, name } => {
                let base = self.eval(scope, *base, locals);
                self.flat_map(&base, |value| match value {
                    Value::Resource(parent) => self.nested(*parent, name, place),
                    _ => self.unknown_at(place, Why::Unsupported, locals),
                })
            }
            Expr::Call(call) => self.call(place, call, locals),
            Expr::Conditional { condition, consequence, alternative } => {
                let split = self.split(scope, *condition, locals);
                let mut all = SmallVec::new();
                for (conditions, branch) in [(&split.yes, *consequence), (&split.no, *alternative)] {
                    if conditions.is_empty() {
                        continue;
                    }
                    let values = self.eval(scope, branch, locals);
                    for when in conditions {
                        self.guard(&values, when, &mut all);
                    }
                }
                Values(all)
            }
            Expr::Binary { op: BinaryOp::Coalesce, left, right } => {
                let left = self.eval(scope, *left, locals);
                self.coalesce(&left, || self.eval(scope, *right, locals))
            }
            Expr::Binary { op, left, right } => self.binary(place, *op, *left, *right, locals),
            Expr::Unary { op: UnaryOp::Not, .. } => truth(self.split(scope, expr, locals), place),
            Expr::Unary { op: UnaryOp::Minus, operand } => {
                let operand = self.eval(scope, *operand, locals);
                self.flat_map(&operand, |value| match value {
                    Value::Int(number) => Values::always(Value::Int(number.wrapping_neg()), at),
                    _ => self.unknown_at(place, Why::Unsupported, locals),
                })
            }
            Expr::Lambda { parameters, body } => {
                let lambda = LambdaValue { scope, parameters: parameters.clone(), body: *body, locals: locals.clone() };
                Values::always(Value::Lambda(Rc::new(lambda)), at)
            }
            Expr::Opaque(crate::expr::Opaque::SyntaxError) => self.unknown_at(place, Why::SyntaxError, locals),
            Expr::Opaque(crate::expr::Opaque::Unsupported) => self.unknown_at(place, Why::Unsupported, locals),
        }
    }

    /// The values of a function of each alternative, under its condition.
    pub(crate) fn flat_map(&self, values: &Values, mut f: impl FnMut(&Value) -> Values) -> Values {
        let mut all = SmallVec::new();
        for alternative in values.iter() {
            let inner = f(&alternative.value);
            self.guard(&inner, &alternative.when, &mut all);
            if all.len() > MAX_ALTERNATIVES {
                break; // `eval` makes one unknown of them
            }
        }
        Values(all)
    }

    /// Adds the alternatives that are possible under that condition.
    pub(crate) fn guard(&self, values: &Values, when: &Conditions, into: &mut SmallVec<[Alternative; 1]>) {
        for alternative in values.iter() {
            if let Some(when) = self.and(when, &alternative.when) {
                into.push(Alternative { when, value: alternative.value.clone(), place: alternative.place });
            }
        }
    }

    /// The expression itself, of which nothing is known but its normal form.
    pub(crate) fn unknown_at(&self, place: Place, why: Why, locals: &Locals) -> Values {
        unknown(self.canon(place.scope, place.expr, locals), why, place)
    }

    pub(crate) fn too_much(&self, place: Place) -> Values {
        let canon = self.canons.borrow_mut().id(Canon::Unique(place.scope, place.expr));
        unknown(canon, Why::TooMuch, place)
    }

    /// A value that stands for any element of something.
    pub(crate) fn any_element(&self, place: Place) -> Rc<Values> {
        let serial = self.serial.get();
        self.serial.set(serial + 1);
        let canon = self.canons.borrow_mut().id(Canon::Local(serial));
        Rc::new(unknown(canon, Why::Element, place))
    }

    fn interpolation(&self, place: Place, segments: &[Segment], locals: &Locals) -> Values {
        let mut texts: SmallVec<[(Conditions, Str); 1]> = smallvec![(Conditions::TRUE, Str::default())];
        for segment in segments {
            match segment {
                Segment::Text(text) => {
                    for (_, built) in &mut texts {
                        built.push(Piece::Text(text.as_ref().into()));
                    }
                }
                Segment::Hole(hole) => {
                    let values = self.eval(place.scope, *hole, locals);
                    // A default is only one of many values: next to other text it would say nothing but the name of one
                    // deployment. Kept whole, the text around it still says the type of a resource.
                    let is_open = values.0.len() > 1 && values.iter().any(|one| one.value.is_unknown());
                    if values.0.len() * texts.len() > MAX_ALTERNATIVES || (is_open && segments.len() > 1) {
                        let canon = self.canon(place.scope, *hole, locals);
                        let hole = Some(Place { scope: place.scope, expr: *hole });
                        for (_, built) in &mut texts {
                            built.push(Piece::Unknown(Unknown { canon, why: Why::TooMuch, place: hole }));
                        }
                        continue;
                    }
                    let mut longer = SmallVec::new();
                    for (when, built) in &texts {
                        for alternative in values.iter() {
                            if let Some(when) = self.and(when, &alternative.when) {
                                let mut built = built.clone();
                                built.extend(&self.to_text(&alternative.value, place));
                                longer.push((when, built));
                            }
                        }
                    }
                    texts = longer;
                }
            }
            if texts.iter().any(|(_, built)| is_long(built)) {
                return self.too_much(place);
            }
        }
        let alternative = |(when, text)| Alternative { when, value: Value::Str(text), place: Some(place) };
        Values(texts.into_iter().map(alternative).collect())
    }

    /// The text that a value becomes inside another text.
    pub(crate) fn to_text(&self, value: &Value, place: Place) -> Str {
        match value {
            Value::Null => Str::default(),
            Value::Bool(value) => Str::text(if *value { "True" } else { "False" }),
            Value::Int(value) => Str::text(&value.to_string()),
            Value::Str(text) => text.clone(),
            Value::Read(read) => Str::piece(Piece::Read(read.clone())),
            Value::Unknown(unknown) => Str::piece(Piece::Unknown(*unknown)),
            other => {
                let canon = self.canon_of_value(other, Some(place));
                Str::piece(Piece::Unknown(Unknown { canon, why: Why::Unsupported, place: Some(place) }))
            }
        }
    }

    fn array(&self, place: Place, items: &[Item], locals: &Locals) -> Values {
        let mut elements = Vec::with_capacity(items.len());
        let lazy = |expr| Lazy::Expr { scope: place.scope, expr, locals: locals.clone() };
        for item in items {
            match item {
                Item::Value(expr) => {
                    elements.push(Element { when: Conditions::TRUE, value: lazy(*expr), occurs: Occurs::Once });
                }
                Item::Spread(expr) => self.extend_array(&mut elements, &self.eval(place.scope, *expr, locals)),
            }
        }
        Values::always(Value::Array(Rc::new(ArrayValue { elements })), Some(place))
    }

    /// Adds the elements of an array value, each under the condition of its alternative.
    pub(crate) fn extend_array(&self, elements: &mut Vec<Element>, values: &Rc<Values>) {
        for alternative in values.iter() {
            match &alternative.value {
                Value::Array(array) if elements.len() <= MAX_PARTS && self.spend(array.elements.len()) => {
                    for element in &array.elements {
                        if let Some(when) = self.and(&alternative.when, &element.when) {
                            elements.push(Element { when, ..element.clone() });
                        }
                    }
                }
                Value::Null => {}
                _ => elements.push(Element {
                    when: alternative.when.clone(),
                    value: Lazy::Ready(values.clone()),
                    occurs: Occurs::Rest,
                }),
            }
        }
    }

    fn object(&self, place: Place, object: &Object, locals: &Locals) -> Values {
        let scope = place.scope;
        let mut entries = Vec::with_capacity(object.members.len());
        let mut spread = false;
        for (number, member) in (0..).zip(&object.members) {
            match member {
                Member::Property(property) => {
                    let value = Lazy::Expr { scope, expr: property.value, locals: locals.clone() };
                    let at = Some((place, number));
                    let entry = |when, key| Entry { when, key, value: value.clone(), merges: false, property: at };
                    if let Expr::Str(key) = self.template(scope).exprs.get(property.key) {
                        entries.push(entry(Conditions::TRUE, Some(Str::text(key))));
                        continue;
                    }
                    for alternative in self.eval(scope, property.key, locals).iter() {
                        let key = Some(self.to_text(&alternative.value, place));
                        entries.push(entry(alternative.when.clone(), key));
                    }
                }
                Member::Spread { value, .. } => {
                    spread = true;
                    self.extend_object(&mut entries, &self.eval(scope, *value, locals), false);
                }
            }
        }
        let source = (!spread).then_some(place);
        let object = ObjectValue::new(entries, source, object.damaged);
        Values::always(Value::Object(Rc::new(object)), Some(place))
    }

    /// Adds the entries of an object value, each under the condition of its alternative.
    pub(crate) fn extend_object(&self, entries: &mut Vec<Entry>, values: &Rc<Values>, merges: bool) {
        for alternative in values.iter() {
            match &alternative.value {
                Value::Object(object) if entries.len() <= MAX_PARTS && self.spend(object.entries.len()) => {
                    for entry in &object.entries {
                        if let Some(when) = self.and(&alternative.when, &entry.when) {
                            entries.push(Entry { when, merges: entry.merges || merges, ..entry.clone() });
                        }
                    }
                    if object.damaged {
                        let when = alternative.when.clone();
                        entries.push(Entry { when, ..ObjectValue::rest(Lazy::Ready(values.clone())) });
                    }
                }
                Value::Null => {}
                _ => {
                    let when = alternative.when.clone();
                    entries.push(Entry { when, ..ObjectValue::rest(Lazy::Ready(values.clone())) });
                }
            }
        }
    }

    /// Calls `each` for every element of what is looped over, with the loop's variables bound, and makes an array of what
    /// it gives: once an element when they are known, else once for all.
    pub(crate) fn repeated(
        &self,
        scope: ScopeId,
        repeat: &Repeat,
        locals: &Locals,
        each: impl Fn(&Conditions, &Locals, Occurs) -> Vec<Element>,
        place: Option<Place>,
    ) -> Values {
        let iterable = Place { scope, expr: repeat.iterable };
        let bind = |element: Rc<Values>, index: Rc<Values>| {
            let mut inner = locals.clone();
            if let Some(name) = &repeat.variable {
                inner = Some(self.bind(name, element, inner));
            }
            if let Some(name) = &repeat.index {
                inner = Some(self.bind(name, index, inner));
            }
            inner
        };
        let values = self.eval(scope, repeat.iterable, locals);
        self.flat_map(&values, |value| {
            let mut elements = Vec::new();
            match value {
                Value::Array(array) if array.elements.len() <= MAX_UNROLLED => {
                    for (number, element) in (0..).zip(&array.elements) {
                        let (value, index) = match element.occurs {
                            Occurs::Once => {
                                let index = Rc::new(Values::always(Value::Int(number), Some(iterable)));
                                (self.force(&element.value), index)
                            }
                            Occurs::AnyTimes => (self.force(&element.value), self.any_element(iterable)),
                            Occurs::Rest => (self.any_element(iterable), self.any_element(iterable)),
                        };
                        let occurs = if element.occurs == Occurs::Once { Occurs::Once } else { Occurs::AnyTimes };
                        elements.extend(each(&element.when, &bind(value, index), occurs));
                    }
                }
                Value::Null => {}
                _ => {
                    let inner = bind(self.any_element(iterable), self.any_element(iterable));
                    elements.extend(each(&Conditions::TRUE, &inner, Occurs::AnyTimes));
                }
            }
            Values::always(Value::Array(Rc::new(ArrayValue { elements })), place)
        })
    }

    // ------------------------------------------------------------------------------------------------- names

    /// One more variable.
    pub(crate) fn bind(&self, name: &Name, value: Rc<Values>, outer: Locals) -> Rc<Frame> {
        let serial = self.frames.get() + 1;
        self.frames.set(serial);
        Rc::new(Frame { serial, name: name.clone(), value, outer })
    }

    fn reference_to(&self, place: Place, reference: &Ref, locals: &Locals) -> Values {
        let names = self.names_of(place.scope);
        let template = self.template(names);
        match reference {
            Ref::Parameter(name) => match template.names.get(name) {
                Some(&Declaration::Parameter(index)) => self.parameter(names, index, place),
                _ => self.unknown_at(place, Why::Elsewhere, locals),
            },
            Ref::Variable(name) => match template.names.get(name) {
                Some(&Declaration::Variable(index)) => {
                    let variable = &template.variables[index as usize];
                    Values::clone(&self.eval(names, variable.value, &None))
                }
                _ => self.unknown_at(place, Why::Elsewhere, locals),
            },
            Ref::Resource(name) => match self.template(place.scope).names.get(name) {
                Some(&Declaration::Resource(index)) => self.symbol(place, index),
                _ => self.unknown_at(place, Why::Elsewhere, locals),
            },
            Ref::Module(name) => match self.template(place.scope).names.get(name) {
                Some(&Declaration::Module(index)) => {
                    let module = ModuleRef { scope: place.scope, index, element: None };
                    Values::always(Value::Module(module), Some(place))
                }
                _ => self.unknown_at(place, Why::Elsewhere, locals),
            },
            Ref::Local(name) => match local(locals, name) {
                Some(value) => Values::clone(value),
                None => self.unknown_at(place, Why::Element, locals),
            },
            Ref::Imported(name) => self
                .imported_value(names, name, place)
                .unwrap_or_else(|| self.unknown_at(place, Why::Elsewhere, locals)),
            Ref::Undeclared(_) => self.unknown_at(place, Why::Elsewhere, locals),
        }
    }

    /// A resource by its symbol; of a repeated one, the array of all.
    fn symbol(&self, place: Place, index: u32) -> Values {
        let scope = place.scope;
        let declared = &self.template(scope).resources[index as usize];
        let resource = |element| Value::Resource(ResourceRef { scope, index, element });
        let Some(repeat) = &declared.repeat else {
            return Values::always(resource(None), Some(place));
        };
        self.repeated(
            scope,
            repeat,
            &None,
            |when, inner, occurs| {
                let bound = repeat.variable.as_ref().or(repeat.index.as_ref()).and_then(|name| local(inner, name));
                let element = bound.map(|values| self.canon_of_values(values, place));
                let value = Rc::new(Values::always(resource(element), Some(place)));
                vec![Element { when: when.clone(), value: Lazy::Ready(value), occurs }]
            },
            Some(place),
        )
    }

    /// Whether evaluating an expression certainly meets no condition that was not met before: it is put together of texts,
    /// and of parameters and variables that have been evaluated.
    pub(crate) fn has_met_all(&self, place: Place) -> bool {
        let inside = |expr: &ExprId| self.has_met_all(Place { expr: *expr, ..place });
        match self.template(place.scope).exprs.get(place.expr) {
            Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::Str(_) => true,
            Expr::Interpolation(segments) => segments.iter().all(|segment| match segment {
                Segment::Text(_) => true,
                Segment::Hole(hole) => inside(hole),
            }),
            Expr::Call(call) if call.function == *"toLower" || call.function == *"toUpper" => {
                call.arguments.iter().all(inside)
            }
            Expr::Ref(Ref::Parameter(name)) => {
                let names = self.names_of(place.scope);
                match self.template(names).names.get(name) {
                    Some(&Declaration::Parameter(index)) => self.met.borrow().contains(&(names, index)),
                    _ => false,
                }
            }
            Expr::Ref(Ref::Variable(name)) => {
                let names = self.names_of(place.scope);
                match self.template(names).names.get(name) {
                    Some(&Declaration::Variable(index)) => {
                        let expr = self.template(names).variables[index as usize].value;
                        matches!(self.values.borrow().get(&key(Place { scope: names, expr }, &None)), Some(Some(_)))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn parameter(&self, scope: ScopeId, index: u32, place: Place) -> Values {
        self.met.borrow_mut().insert((scope, index));
        let parameter = &self.template(scope).parameters[index as usize];
        if let Some(caller) = &self.scope(scope).caller
            && self.is_believed(scope, &parameter.name)
        {
            return self.argument(scope, parameter, caller, place);
        }
        if let Some(assigned) = self.assigned(scope, &parameter.name) {
            return Values::clone(&self.eval(assigned.scope, assigned.expr, &None));
        }
        let canon = self.parameter_canon(scope, &parameter.name);
        let unknown = |why| Value::Unknown(Unknown { canon, why, place: Some(place) });
        let open = unknown(Why::Parameter(scope, index));
        let pick = |atom: Atom, holds: bool, value: Value, at: Place| Alternative {
            when: Conditions::one(Literal { atom: self.atom_id(atom, place), holds }),
            value,
            place: Some(at),
        };
        let either =
            |atom, value, at| Values(smallvec![pick(atom, true, value, at), pick(atom, false, open.clone(), place)]);
        let ty = self.type_of(scope, parameter);
        if ty.kind == TypeKind::Bool && !ty.nullable {
            let truth = |holds| pick(Atom::Holds(canon), holds, Value::Bool(holds), place);
            return Values(smallvec![truth(true), truth(false)]);
        }
        if let Some((scope, allowed)) = ty.allowed
            && allowed.len() <= MAX_ALTERNATIVES
        {
            let mut all: SmallVec<[Alternative; 1]> = SmallVec::new();
            for &expr in allowed {
                let at = Place { scope, expr };
                let values = self.eval(scope, expr, &None);
                let Some(value) = values.single().filter(|value| !value.is_unknown()) else {
                    return Values::always(open, Some(place));
                };
                let atom = Atom::Equals(canon, self.canon_of_value(value, Some(at)));
                all.push(pick(atom, true, value.clone(), at));
            }
            if ty.nullable {
                all.push(pick(Atom::Null(canon), true, Value::Null, place));
            }
            return Values(all);
        }
        match parameter.default {
            Some(expr) => {
                let at = Place { scope, expr };
                let default = self.eval(scope, expr, &None);
                match default.single() {
                    Some(Value::Null) => either(Atom::Null(canon), Value::Null, at),
                    Some(value) if value.is_unknown() => Values::always(open, Some(place)),
                    Some(value) if is_empty(value) == Some(true) => either(Atom::Empty(canon), value.clone(), at),
                    Some(value) => {
                        let atom = Atom::Equals(canon, self.canon_of_value(value, Some(at)));
                        either(atom, value.clone(), at)
                    }
                    None => Values::always(open, Some(place)),
                }
            }
            None if ty.nullable => either(Atom::Null(canon), Value::Null, place),
            None => Values::always(open, Some(place)),
        }
    }

    /// The value that the caller of the module gives.
    fn argument(&self, scope: ScopeId, parameter: &Parameter, caller: &Caller, place: Place) -> Values {
        let default = || match parameter.default {
            Some(expr) => self.eval(scope, expr, &None),
            None => Rc::new(Values::always(Value::Null, Some(place))),
        };
        let Some(arguments) = caller.arguments else {
            return Values::clone(&default());
        };
        let arguments = self.eval(caller.scope, arguments, &caller.locals);
        self.flat_map(&arguments, |value| match value {
            Value::Object(object) => {
                let given = self.lookup(object, parameter.name.as_str(), place);
                self.flat_map(&given, |value| match value {
                    Value::Null => Values::clone(&default()),
                    other => Values::always(other.clone(), given.0.first().and_then(|first| first.place)),
                })
            }
            _ => {
                let canon = self.parameter_canon(scope, &parameter.name);
                unknown(canon, Why::Elsewhere, place)
            }
        })
    }

    fn parameter_canon(&self, scope: ScopeId, name: &Name) -> CanonId {
        let name = name.as_str().to_ascii_lowercase().into();
        self.canons.borrow_mut().id(Canon::Parameter(scope, name))
    }

    /// The scope of what a module deploys; `None` when that is not at hand.
    pub fn module_scope(&self, module: ModuleRef) -> Option<ScopeId> {
        if let Some(known) = self.modules.borrow().get(&module) {
            return *known;
        }
        let found = self.enter(module);
        self.modules.borrow_mut().insert(module, found);
        found
    }

    fn enter(&self, module: ModuleRef) -> Option<ScopeId> {
        let outer = self.scope(module.scope);
        if outer.depth >= 16 {
            return None; // deeper than people nest; modules that call themselves end here as well
        }
        let declared = &outer.template.modules[module.index as usize];
        let (template, file, outer_scope) = match &declared.source {
            ModuleSource::Inline { template, outer_scope } => (template.as_ref(), outer.file, *outer_scope),
            ModuleSource::Path(path, _) | ModuleSource::Registry(path, _) if self.follows_modules => {
                let file = self.workspace.file_from(outer.file, path)?;
                (self.workspace.file(file).template.as_ref()?, file, false)
            }
            ModuleSource::Path(..) | ModuleSource::Registry(..) | ModuleSource::Unknown => return None,
        };
        if self.scopes.borrow().len() >= MAX_SCOPES {
            return None;
        }
        let locals = self.module_locals(module, &outer);
        let id = ScopeId(u32::try_from(self.scopes.borrow().len()).ok()?);
        let target = match declared.scope {
            Some(expr) => self.deployment_target(module.scope, expr, &locals),
            None => outer.target,
        };
        let caller = Caller { scope: module.scope, arguments: declared.arguments, locals };
        let scope = Scope {
            template,
            file,
            module: Some(module),
            names: if outer_scope { outer.names } else { id },
            target,
            caller: Some(caller),
            depth: outer.depth + 1,
        };
        self.scopes.borrow_mut().push(Rc::new(scope));
        Some(id)
    }

    /// The loop variables of a repeated module, for one element or for any.
    fn module_locals(&self, module: ModuleRef, outer: &Scope<'w>) -> Locals {
        let repeat = outer.template.modules[module.index as usize].repeat.as_ref()?;
        let iterable = Place { scope: module.scope, expr: repeat.iterable };
        let position = module.element.and_then(|element| match self.canons.borrow().get(element) {
            Canon::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        });
        let element = position.and_then(|position| match self.value(iterable).single() {
            Some(Value::Array(array)) if array.length().is_some() => {
                array.elements.get(position).map(|element| self.force(&element.value))
            }
            _ => None,
        });
        let index = match position.and_then(|position| i64::try_from(position).ok()) {
            Some(position) => Rc::new(Values::always(Value::Int(position), Some(iterable))),
            None => self.any_element(iterable),
        };
        let mut locals = None;
        if let Some(name) = &repeat.variable {
            locals = Some(self.bind(name, element.unwrap_or_else(|| self.any_element(iterable)), locals));
        }
        if let Some(name) = &repeat.index {
            locals = Some(self.bind(name, index, locals));
        }
        locals
    }

    // ------------------------------------------------------------------------------------------------- members

    pub(crate) fn member(&self, value: &Value, name: &Name, safe: bool, place: Place, locals: &Locals) -> Values {
        let at = Some(place);
        let canon_member = |base| {
            let name = name.as_str().to_ascii_lowercase().into();
            self.canons.borrow_mut().id(Canon::Member(base, name))
        };
        match value {
            Value::Object(object) => {
                let found = self.lookup(object, name.as_str(), place);
                if safe {
                    return Values::clone(&found);
                }
                // Without `?` a property that is not there is an error of the deployment, not a null.
                self.flat_map(&found, |value| match value {
                    Value::Null => {
                        let canon = canon_member(self.canon_of_value(&Value::Object(object.clone()), at));
                        null_or_unknown(object, name, canon, place)
                    }
                    other => Values::always(other.clone(), found.0.first().and_then(|first| first.place)),
                })
            }
            Value::Null if safe => Values::always(Value::Null, at),
            Value::Resource(resource) => self.resource_member(*resource, name, place),
            Value::Module(module) => self.module_member(*module, name, place, locals),
            Value::Outputs(module) => self.output(*module, name, place),
            Value::Read(read) => self.deeper(read, name.as_str(), place),
            Value::Str(_) if value.read().is_some() => match value.read() {
                Some(read) => self.deeper(read, name.as_str(), place),
                None => self.unknown_at(place, Why::Unsupported, locals),
            },
            Value::Unknown(base) => {
                let canon = canon_member(base.canon);
                unknown(canon, base.why, place)
            }
            other => {
                let canon = canon_member(self.canon_of_value(other, at));
                unknown(canon, Why::Unsupported, place)
            }
        }
    }

    /// The last member of that key, ignoring case, that can be there together with the conditions.
    pub fn entry<'o>(&self, object: &'o ObjectValue, key: &str, when: &Conditions) -> Option<&'o Entry> {
        object.entries.iter().rev().find(|entry| {
            let own = entry.key.as_ref().and_then(Str::literal);
            own.is_some_and(|own| own.eq_ignore_ascii_case(key)) && self.and(when, &entry.when).is_some()
        })
    }

    /// What is under a key, ignoring case, where one look says it.
    pub(crate) fn plain_entry<'o>(object: &'o ObjectValue, key: &str) -> Plain<'o> {
        for entry in object.entries.iter().rev() {
            match entry.key.as_ref().and_then(Str::literal) {
                Some(own) if own.eq_ignore_ascii_case(key) => {
                    return if entry.when.is_true() && !entry.merges { Plain::Entry(entry) } else { Plain::Depends };
                }
                Some(_) => {}
                None => return Plain::Depends,
            }
        }
        if object.damaged { Plain::Depends } else { Plain::Absent }
    }

    /// What an object has under a key, ignoring case; null where it has nothing.
    pub fn lookup(&self, object: &ObjectValue, key: &str, place: Place) -> Rc<Values> {
        match Self::plain_entry(object, key) {
            Plain::Entry(entry) => return self.force(&entry.value),
            Plain::Absent => return Rc::new(Values::always(Value::Null, None)),
            Plain::Depends => {}
        }
        if let Some(known) = object.known.get(key, place) {
            return known;
        }
        let values = Rc::new(self.lookup_in(&object.entries, object.damaged, key, place, &mut Vec::new()));
        object.known.set(key, place, values.clone());
        values
    }

    /// `known` is what was found in the first so many entries: without it, every entry that merges into those before it
    /// would double the work.
    fn lookup_in(
        &self,
        entries: &[Entry],
        damaged: bool,
        key: &str,
        place: Place,
        known: &mut Vec<Option<Rc<Values>>>,
    ) -> Values {
        let mut all: SmallVec<[Alternative; 1]> = SmallVec::new();
        let mut remaining: SmallVec<[Conditions; 1]> = smallvec![Conditions::TRUE];
        for (position, entry) in entries.iter().enumerate().rev() {
            let certain = match &entry.key {
                None => false,
                Some(own) => match own.literal() {
                    Some(own) if own.eq_ignore_ascii_case(key) => true,
                    Some(_) => continue,
                    // A key that starts with the path of a resource is no property name.
                    None if matches!(own.pieces().first(), Some(Piece::Id(_))) => continue,
                    None => false,
                },
            };
            for before in &remaining {
                let Some(when) = self.and(before, &entry.when) else { continue };
                if !certain {
                    let canon = self.canons.borrow_mut().id(Canon::Unique(place.scope, place.expr));
                    let value = Value::Unknown(Unknown { canon, why: Why::Elsewhere, place: Some(place) });
                    all.push(Alternative { when, value, place: Some(place) });
                    continue;
                }
                for alternative in self.force(&entry.value).iter() {
                    let Some(when) = self.and(&when, &alternative.when) else { continue };
                    match &alternative.value {
                        Value::Object(upper) if entry.merges => {
                            let lower = if let Some(Some(lower)) = known.get(position) {
                                lower.clone()
                            } else {
                                let lower = self.lookup_in(&entries[..position], damaged, key, place, known);
                                let lower = Rc::new(lower);
                                known.resize(known.len().max(position + 1), None);
                                known[position] = Some(lower.clone());
                                lower
                            };
                            for below in lower.iter() {
                                let Some(when) = self.and(&when, &below.when) else { continue };
                                let value = merged(&below.value, upper);
                                all.push(Alternative { when, value, place: alternative.place });
                            }
                        }
                        value => all.push(Alternative { when, value: value.clone(), place: alternative.place }),
                    }
                }
            }
            remaining = self.minus(&remaining, &entry.when);
            if remaining.is_empty() || all.len() > MAX_ALTERNATIVES {
                break;
            }
        }
        for when in remaining {
            let value = if damaged {
                let canon = self.canons.borrow_mut().id(Canon::Unique(place.scope, place.expr));
                Value::Unknown(Unknown { canon, why: Why::SyntaxError, place: Some(place) })
            } else {
                Value::Null
            };
            all.push(Alternative { when, value, place: None });
        }
        if all.len() > MAX_ALTERNATIVES {
            return self.too_much(place);
        }
        Values(all)
    }

    /// Those conditions, as far as the other one does not hold.
    pub(crate) fn minus(&self, remaining: &[Conditions], taken: &Conditions) -> SmallVec<[Conditions; 1]> {
        let mut left = SmallVec::new();
        for before in remaining {
            let mut so_far = before.clone();
            let mut literals = taken.literals().iter().copied().peekable();
            while let Some(literal) = literals.next() {
                let opposite = Conditions::one(Literal { holds: !literal.holds, ..literal });
                left.extend(self.and(&so_far, &opposite));
                if literals.peek().is_none() {
                    break;
                }
                match self.and(&so_far, &Conditions::one(literal)) {
                    Some(narrower) => so_far = narrower,
                    None => break,
                }
            }
        }
        left
    }

    fn index(&self, place: Place, base: ExprId, index: ExprId, safe: bool, from_end: bool, locals: &Locals) -> Values {
        let scope = place.scope;
        let template = self.template(scope);
        // An element of a repeated resource or module is known by its index even when the loop is not.
        if let Expr::Ref(reference @ (Ref::Resource(name) | Ref::Module(name))) = template.exprs.get(base)
            && !from_end
        {
            let element = Some(self.canon(scope, index, locals));
            return match (template.names.get(name), reference) {
                (Some(&Declaration::Resource(index)), _) => {
                    Values::always(Value::Resource(ResourceRef { scope, index, element }), Some(place))
                }
                (Some(&Declaration::Module(index)), _) => {
                    Values::always(Value::Module(ModuleRef { scope, index, element }), Some(place))
                }
                _ => self.unknown_at(place, Why::Elsewhere, locals),
            };
        }
        let bases = self.eval(scope, base, locals);
        let indexes = self.eval(scope, index, locals);
        self.flat_map(&bases, |base| {
            self.flat_map(&indexes, |index| match (base, index) {
                (_, Value::Str(name)) if name.literal().is_some() => {
                    let name = Name::from(name.literal().unwrap_or_default());
                    self.member(base, &name, safe, place, locals)
                }
                (Value::Null, _) if safe => Values::always(Value::Null, Some(place)),
                (Value::Read(read), _) => self.deeper(read, "*", place),
                (Value::Array(array), Value::Int(number)) => {
                    let position = usize::try_from(*number).ok().and_then(|number| match (from_end, array.length()) {
                        (false, _) => Some(number),
                        (true, Some(length)) => length.checked_sub(number),
                        (true, None) => None,
                    });
                    self.element(array, position, safe, place, locals)
                }
                _ => self.unknown_at(place, Why::Unsupported, locals),
            })
        })
    }

    /// The element at a position, as long as no earlier one is uncertain.
    pub(crate) fn element(
        &self,
        array: &ArrayValue,
        position: Option<usize>,
        safe: bool,
        place: Place,
        locals: &Locals,
    ) -> Values {
        let Some(position) = position else {
            return self.unknown_at(place, Why::Element, locals);
        };
        let certain = |element: &Element| element.occurs == Occurs::Once && element.when.is_true();
        match array.elements.get(position) {
            Some(element) if array.elements[..=position].iter().all(certain) => {
                Values::clone(&self.force(&element.value))
            }
            // All are alike, so is this one.
            Some(element) if array.elements.len() == 1 && element.occurs == Occurs::AnyTimes => {
                Values::clone(&self.force(&element.value))
            }
            None if safe && array.length().is_some() => Values::always(Value::Null, Some(place)),
            _ => self.unknown_at(place, Why::Element, locals),
        }
    }

    pub(crate) fn coalesce(&self, left: &Values, right: impl Fn() -> Rc<Values>) -> Values {
        let mut all = SmallVec::new();
        let or_else = |when: &Conditions, all: &mut SmallVec<[Alternative; 1]>| self.guard(&right(), when, all);
        for alternative in left.iter() {
            let unknown = match &alternative.value {
                Value::Null => {
                    or_else(&alternative.when, &mut all);
                    continue;
                }
                Value::Unknown(unknown) => unknown.canon,
                Value::Read(read) => read.canon,
                _ => {
                    all.push(alternative.clone());
                    continue;
                }
            };
            let atom = match alternative.place {
                Some(place) => self.atom_id(Atom::Null(unknown), place),
                None => self.atoms.borrow_mut().id(Atom::Null(unknown), None),
            };
            let literal = |holds| Conditions::one(Literal { atom, holds });
            if let Some(when) = self.and(&alternative.when, &literal(true)) {
                or_else(&when, &mut all);
            }
            if let Some(when) = self.and(&alternative.when, &literal(false)) {
                all.push(Alternative { when, ..alternative.clone() });
            }
        }
        Values(all)
    }

    fn binary(&self, place: Place, op: BinaryOp, left: ExprId, right: ExprId, locals: &Locals) -> Values {
        use BinaryOp::{Add, Divide, Modulo, Multiply, Subtract};
        let Place { scope, expr } = place;
        if !matches!(op, Add | Subtract | Multiply | Divide | Modulo) {
            return truth(self.split(scope, expr, locals), place);
        }
        let left = self.eval(scope, left, locals);
        let right = self.eval(scope, right, locals);
        self.flat_map(&left, |left| {
            self.flat_map(&right, |right| {
                let result = match (left, right) {
                    (&Value::Int(left), &Value::Int(right)) => match op {
                        Add => left.checked_add(right),
                        Subtract => left.checked_sub(right),
                        Multiply => left.checked_mul(right),
                        Divide => left.checked_div(right),
                        _ => left.checked_rem(right),
                    },
                    _ => None,
                };
                match result {
                    Some(number) => Values::always(Value::Int(number), Some(place)),
                    None => self.unknown_at(place, Why::Unsupported, locals),
                }
            })
        })
    }

    // ------------------------------------------------------------------------------------------------- conditions

    pub(crate) fn split(&self, scope: ScopeId, expr: ExprId, locals: &Locals) -> Split {
        if self.depth.get() >= MAX_DEPTH {
            return self.whole(scope, expr, locals);
        }
        self.depth.set(self.depth.get() + 1);
        let split = match self.template(scope).exprs.get(expr) {
            Expr::Unary { op: UnaryOp::Not, operand } => self.split(scope, *operand, locals).not(),
            Expr::Binary { op: BinaryOp::And, left, right } => {
                let (left, right) = (self.split(scope, *left, locals), self.split(scope, *right, locals));
                self.both(left, &right)
            }
            Expr::Binary { op: BinaryOp::Or, left, right } => {
                let (left, right) = (self.split(scope, *left, locals), self.split(scope, *right, locals));
                self.both(left.not(), &right.not()).not()
            }
            Expr::Binary { op, left, right } if *op != BinaryOp::Coalesce => {
                self.comparison(Place { scope, expr }, *op, *left, *right, locals)
            }
            _ => {
                let values = self.eval(scope, expr, locals);
                self.split_values(&values, Place { scope, expr })
            }
        };
        self.depth.set(self.depth.get() - 1);
        if split.yes.len() + split.no.len() > MAX_ALTERNATIVES { self.whole(scope, expr, locals) } else { split }
    }

    /// The expression as one atom.
    fn whole(&self, scope: ScopeId, expr: ExprId, locals: &Locals) -> Split {
        let canon = self.canon(scope, expr, locals);
        Split::atom(self.atom_id(Atom::Holds(canon), Place { scope, expr }))
    }

    fn both(&self, left: Split, right: &Split) -> Split {
        let product = |left: &[Conditions], right: &[Conditions]| {
            let mut all: Vec<_> = left.iter().flat_map(|a| right.iter().filter_map(|b| self.and(a, b))).collect();
            all.dedup();
            all
        };
        let yes = product(&left.yes, &right.yes);
        let mut no = product(&left.yes, &right.no);
        no.extend(left.no);
        Split { yes, no }
    }

    /// True and false alternatives of a value; what is unknown is an atom.
    pub(crate) fn split_values(&self, values: &Values, place: Place) -> Split {
        let mut all = Split { yes: Vec::new(), no: Vec::new() };
        for alternative in values.iter() {
            let one = match &alternative.value {
                Value::Bool(value) => Split::known(*value),
                Value::Null => Split::known(false),
                other => {
                    let canon = self.canon_of_value(other, Some(place));
                    Split::atom(self.atom_id(Atom::Holds(canon), alternative.place.unwrap_or(place)))
                }
            };
            all.yes.extend(one.yes.iter().filter_map(|when| self.and(&alternative.when, when)));
            all.no.extend(one.no.iter().filter_map(|when| self.and(&alternative.when, when)));
        }
        all
    }

    fn comparison(&self, place: Place, op: BinaryOp, left: ExprId, right: ExprId, locals: &Locals) -> Split {
        let scope = place.scope;
        let lefts = self.eval(scope, left, locals);
        let rights = self.eval(scope, right, locals);
        let mut all = Split { yes: Vec::new(), no: Vec::new() };
        for left in lefts.iter() {
            for right in rights.iter() {
                let Some(when) = self.and(&left.when, &right.when) else { continue };
                let one = self.compare(op, left, right).unwrap_or_else(|| self.whole(scope, place.expr, locals));
                all.yes.extend(one.yes.iter().filter_map(|inner| self.and(&when, inner)));
                all.no.extend(one.no.iter().filter_map(|inner| self.and(&when, inner)));
            }
        }
        all
    }

    /// `None`: take the comparison whole.
    fn compare(&self, op: BinaryOp, left: &Alternative, right: &Alternative) -> Option<Split> {
        use BinaryOp::{
            Equal, EqualIgnoreCase, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual, NotEqualIgnoreCase,
        };
        match op {
            NotEqual => return self.compare(Equal, left, right).map(Split::not),
            NotEqualIgnoreCase => return self.compare(EqualIgnoreCase, left, right).map(Split::not),
            Equal | EqualIgnoreCase => {}
            Less | LessOrEqual | Greater | GreaterOrEqual => {
                return match (&left.value, &right.value) {
                    (Value::Int(left), Value::Int(right)) => Some(Split::known(match op {
                        Less => left < right,
                        LessOrEqual => left <= right,
                        Greater => left > right,
                        _ => left >= right,
                    })),
                    (Value::Unknown(unknown), Value::Int(0)) if op == Greater => {
                        self.length_is_zero(unknown).map(Split::not)
                    }
                    (Value::Unknown(unknown), Value::Int(1)) if op == GreaterOrEqual => {
                        self.length_is_zero(unknown).map(Split::not)
                    }
                    (Value::Unknown(unknown), Value::Int(1)) if op == Less => self.length_is_zero(unknown),
                    _ => None,
                };
            }
            _ => return None,
        }
        let ignore_case = op == EqualIgnoreCase;
        match (&left.value, &right.value) {
            (Value::Null, Value::Null) => Some(Split::known(true)),
            (Value::Bool(left), Value::Bool(right)) => Some(Split::known(left == right)),
            (Value::Int(left), Value::Int(right)) => Some(Split::known(left == right)),
            (Value::Str(a), Value::Str(b)) => match (a.literal(), b.literal()) {
                (Some(a), Some(b)) if ignore_case => Some(Split::known(a.eq_ignore_ascii_case(b))),
                (Some(a), Some(b)) => Some(Split::known(a == b)),
                (Some(_), None) => self.equals(&right.value, &left.value, right.place),
                (None, _) => self.equals(&left.value, &right.value, left.place),
            },
            (Value::Unknown(_) | Value::Read(_), _) => self.equals(&left.value, &right.value, left.place),
            (_, Value::Unknown(_) | Value::Read(_)) => self.equals(&right.value, &left.value, right.place),
            (Value::Null, _) | (_, Value::Null) => Some(Split::known(false)),
            _ => None,
        }
    }

    /// Whether something unknown is equal to another value.
    fn equals(&self, what: &Value, other: &Value, place: Option<Place>) -> Option<Split> {
        let place = place?;
        let canon = self.canon_of_value(what, Some(place));
        let atom = match other {
            Value::Null => Atom::Null(canon),
            Value::Bool(value) => {
                let split = Split::atom(self.atom_id(Atom::Holds(canon), place));
                return Some(if *value { split } else { split.not() });
            }
            Value::Int(0) => match what {
                Value::Unknown(unknown) => match self.length_is_zero(unknown) {
                    Some(split) => return Some(split),
                    None => Atom::Equals(canon, self.canon_of_value(other, Some(place))),
                },
                _ => return None,
            },
            Value::Int(_) => Atom::Equals(canon, self.canon_of_value(other, Some(place))),
            Value::Str(text) if text.literal() == Some("") => Atom::Empty(self.empty_with(canon)),
            Value::Str(text) if text.literal().is_some() => {
                Atom::Equals(canon, self.canon_of_value(other, Some(place)))
            }
            _ if self.canon_of_value(other, Some(place)) == canon => return Some(Split::known(true)),
            _ => return None,
        };
        Some(Split::atom(self.atom_id(atom, place)))
    }

    /// `length(x) == 0` says that x is empty.
    fn length_is_zero(&self, unknown: &Unknown) -> Option<Split> {
        let of = match self.canons.borrow().get(unknown.canon) {
            Canon::Call(function, arguments) if &**function == "length" => *arguments.first()?,
            _ => return None,
        };
        Some(Split::atom(self.atom_id(Atom::Empty(self.empty_with(of)), unknown.place?)))
    }

    /// The form whose emptiness decides on that of another: what a `map` is made of, what a fallback falls back from.
    pub(crate) fn empty_with(&self, canon: CanonId) -> CanonId {
        let canons = self.canons.borrow();
        let is_empty = |canon| match canons.get(canon) {
            Canon::Null => true,
            Canon::Text(text) => text.is_empty(),
            Canon::Array(items) => items.is_empty(),
            Canon::Object(members) => members.is_empty(),
            _ => false,
        };
        let mut of = canon;
        loop {
            of = match canons.get(of) {
                Canon::Call(function, arguments) => match (&**function, arguments.as_slice()) {
                    ("map" | "sort" | "items" | "objectkeys" | "toobject" | "mapvalues", [list, ..]) => *list,
                    // `reduce(list, {}, union)` has a member for every element.
                    ("reduce", [list, initial, _]) if is_empty(*initial) => *list,
                    _ => return of,
                },
                Canon::Binary(BinaryOp::Coalesce, value, fallback) if is_empty(*fallback) => *value,
                _ => return of,
            };
        }
    }

    pub(crate) fn atom_id(&self, atom: Atom, place: Place) -> AtomId {
        self.atoms.borrow_mut().id(atom, Some(place))
    }

    // ------------------------------------------------------------------------------------------------- normal forms

    /// The normal form of an expression: parameters stay what they are, whatever their defaults.
    pub fn canon(&self, scope: ScopeId, expr: ExprId, locals: &Locals) -> CanonId {
        let place = Place { scope, expr };
        let unique = || self.canons.borrow_mut().id(Canon::Unique(scope, expr));
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if self.depth.get() >= MAX_DEPTH || steps > self.budget {
            return unique();
        }
        let key = key(place, locals);
        if let Some(known) = self.canon_of.borrow().get(&key) {
            return known.unwrap_or_else(unique);
        }
        self.depth.set(self.depth.get() + 1);
        // Before this one counts as being computed: a value of which nothing is known asks for its form.
        let value = self.value_with_form(place, locals);
        self.canon_of.borrow_mut().insert(key, None);
        let form = self.form(place, value.as_deref().and_then(Values::single), locals);
        self.depth.set(self.depth.get() - 1);
        let canon = match form {
            Ok(known) => known,
            Err(form) => self.canons.borrow_mut().id(form),
        };
        self.canon_of.borrow_mut().insert(key, Some(canon));
        canon
    }

    /// Whether the normal form of an expression of a resource's declaration is known, or can be found now: not while it is
    /// being computed.
    pub(crate) fn has_form(&self, resource: ResourceRef, expr: ExprId) -> bool {
        let locals = self.locals_of(resource);
        self.canon(resource.scope, expr, &locals);
        let key = key(Place { scope: resource.scope, expr }, &locals);
        matches!(self.canon_of.borrow().get(&key), Some(Some(_)))
    }

    /// The value of an expression that may have the form of its value; `None` while that value is being computed.
    fn value_with_form(&self, place: Place, locals: &Locals) -> Option<Rc<Values>> {
        let has = match self.template(place.scope).exprs.get(place.expr) {
            Expr::Member { .. } | Expr::Index { .. } => true,
            Expr::Call(call) => {
                let name = call.function.as_str();
                let tail = name.len().checked_sub("resourceid".len()).and_then(|start| name.get(start..));
                name.eq_ignore_ascii_case("reference")
                    || tail.is_some_and(|tail| tail.eq_ignore_ascii_case("resourceid"))
            }
            _ => false,
        };
        let running = || matches!(self.values.borrow().get(&key(place, locals)), Some(None));
        (has && !running()).then(|| self.eval(place.scope, place.expr, locals))
    }

    /// `Ok` when it is that of something else, `Err` when it is a new one.
    fn form(&self, place: Place, value: Option<&Value>, locals: &Locals) -> Result<CanonId, Canon> {
        let Place { scope, expr } = place;
        let of = |expr| self.canon(scope, expr, locals);
        let lower = |text: &str| text.to_ascii_lowercase().into_boxed_str();
        Err(match self.template(scope).exprs.get(expr) {
            Expr::Null => Canon::Null,
            Expr::Bool(value) => Canon::Bool(*value),
            Expr::Int(value) => Canon::Int(*value),
            Expr::Str(text) => return Ok(self.canons.borrow_mut().text(text)),
            Expr::Interpolation(segments) => {
                let mut parts: SmallVec<[CanonId; 4]> = SmallVec::new();
                for segment in segments {
                    match segment {
                        Segment::Text(text) => parts.push(self.canons.borrow_mut().id(Canon::Text(lower(text)))),
                        Segment::Hole(hole) => parts.push(of(*hole)),
                    }
                }
                return Ok(self.concat_canon(&parts));
            }
            Expr::Array(items) => {
                let mut parts = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Item::Value(expr) => parts.push(of(*expr)),
                        Item::Spread(_) => return Err(Canon::Unique(scope, expr)),
                    }
                }
                Canon::Array(parts.into())
            }
            Expr::Object(object) => {
                let mut parts = Vec::with_capacity(object.members.len());
                for member in &object.members {
                    match member {
                        Member::Property(property) => parts.push((of(property.key), of(property.value))),
                        Member::Spread { .. } => return Err(Canon::Unique(scope, expr)),
                    }
                }
                Canon::Object(parts.into())
            }
            Expr::Ref(reference) => return self.form_of_ref(place, reference, locals),
            Expr::Member { base, name, .. } => {
                if name == "id" {
                    // The ID of a resource has one form, however it is written.
                    match self.eval(scope, *base, locals).single() {
                        Some(Value::Resource(resource)) => return Ok(self.id_of(*resource).canon),
                        Some(Value::Object(_)) if let Some(value) = value => {
                            return Ok(self.canon_of_value(value, Some(place)));
                        }
                        _ => {}
                    }
                }
                match value {
                    Some(value @ (Value::Str(_) | Value::Int(_) | Value::Read(_) | Value::Unknown(_))) => {
                        return Ok(self.canon_of_value(value, Some(place)));
                    }
                    _ => Canon::Member(of(*base), lower(name.as_str())),
                }
            }
            Expr::Index { base, index, .. } => match value {
                Some(Value::Resource(resource)) => Canon::Declared(resource.scope, resource.index, resource.element),
                Some(value @ (Value::Str(_) | Value::Read(_))) => return Ok(self.canon_of_value(value, Some(place))),
                _ => Canon::Index(of(*base), of(*index)),
            },
            Expr::Call(call) => {
                if let Some(value @ (Value::Str(_) | Value::Read(_))) = value {
                    return Ok(self.canon_of_value(value, Some(place)));
                }
                let name = lower(call.function.as_str());
                let mut arguments: SmallVec<[CanonId; 4]> =
                    call.arguments.iter().map(|&argument| of(argument)).collect();
                if matches!(&*name, "tolower" | "toupper" | "string") && arguments.len() == 1 {
                    return Ok(arguments[0]); // texts are compared ignoring case anyway
                }
                arguments.extend(call.receiver.map(of));
                // What differs at every call is equal to nothing.
                if matches!(&*name, "newguid" | "utcnow") {
                    return Err(Canon::Unique(scope, expr));
                }
                Canon::Call(name, arguments)
            }
            Expr::Conditional { condition, consequence, alternative } => {
                Canon::Conditional(of(*condition), of(*consequence), of(*alternative))
            }
            Expr::Binary { op, left, right } => Canon::Binary(*op, of(*left), of(*right)),
            Expr::Unary { op, operand } => Canon::Unary(*op, of(*operand)),
            Expr::Loop(_) | Expr::Nested { .. } | Expr::Lambda { .. } | Expr::Opaque(_) => Canon::Unique(scope, expr),
        })
    }

    fn form_of_ref(&self, place: Place, reference: &Ref, locals: &Locals) -> Result<CanonId, Canon> {
        let names = self.names_of(place.scope);
        let template = self.template(names);
        match reference {
            Ref::Parameter(name) => {
                if let Some(assigned) = self.assigned(names, name) {
                    return Ok(self.canon(assigned.scope, assigned.expr, &None));
                }
                let scope = self.scope(names);
                let Some(caller) = &scope.caller else {
                    return Ok(self.parameter_canon(names, name));
                };
                let Some(Declaration::Parameter(index)) = template.names.get(name) else {
                    return Ok(self.parameter_canon(names, name));
                };
                let parameter = &template.parameters[*index as usize];
                let given =
                    caller.arguments.and_then(|arguments| match self.template(caller.scope).exprs.get(arguments) {
                        Expr::Object(object) => object.members.iter().find_map(|member| match member {
                            Member::Property(property) => match self.template(caller.scope).exprs.get(property.key) {
                                Expr::Str(key) if parameter.name == **key => Some(property.value),
                                _ => None,
                            },
                            Member::Spread { .. } => None,
                        }),
                        _ => None,
                    });
                Ok(match (given, parameter.default) {
                    (Some(given), _) => self.canon(caller.scope, given, &caller.locals),
                    (None, Some(default)) => self.canon(names, default, &None),
                    (None, None) => self.parameter_canon(names, name),
                })
            }
            Ref::Variable(name) => match template.names.get(name) {
                Some(&Declaration::Variable(index)) => {
                    Ok(self.canon(names, template.variables[index as usize].value, &None))
                }
                _ => Err(Canon::Unique(place.scope, place.expr)),
            },
            Ref::Resource(name) => match self.template(place.scope).names.get(name) {
                Some(&Declaration::Resource(index)) => Err(Canon::Declared(place.scope, index, None)),
                _ => Err(Canon::Unique(place.scope, place.expr)),
            },
            Ref::Module(name) => match self.template(place.scope).names.get(name) {
                Some(&Declaration::Module(index)) => Err(Canon::Module(place.scope, index)),
                _ => Err(Canon::Unique(place.scope, place.expr)),
            },
            Ref::Local(name) => match local(locals, name) {
                Some(values) => Ok(self.canon_of_values(values, place)),
                None => Err(Canon::Unique(place.scope, place.expr)),
            },
            Ref::Imported(name) if let Some(known) = self.imported_form(names, name) => Ok(known),
            Ref::Imported(name) | Ref::Undeclared(name) => {
                // Declared somewhere else, but wherever that is, it is one thing.
                Err(Canon::Call(name.as_str().to_ascii_lowercase().into(), SmallVec::new()))
            }
        }
    }

    pub(crate) fn concat_canon(&self, parts: &[CanonId]) -> CanonId {
        match parts {
            [only] => *only,
            parts => {
                let mut flat: SmallVec<[CanonId; 4]> = SmallVec::new();
                let mut canons = self.canons.borrow_mut();
                for &part in parts {
                    let pieces: SmallVec<[CanonId; 4]> = match canons.get(part) {
                        Canon::Concat(inner) => inner.clone(),
                        _ => smallvec![part],
                    };
                    for piece in pieces {
                        let joined = match (flat.last().map(|&last| canons.get(last)), canons.get(piece)) {
                            (Some(Canon::Text(left)), Canon::Text(right)) => Some(format!("{left}{right}")),
                            _ => None,
                        };
                        match joined {
                            Some(text) => {
                                let text = canons.id(Canon::Text(text.into()));
                                flat.pop();
                                flat.push(text);
                            }
                            None => flat.push(piece),
                        }
                    }
                }
                if let [only] = flat.as_slice() {
                    return *only;
                }
                canons.id(Canon::Concat(flat))
            }
        }
    }

    /// The normal form of a value.
    pub(crate) fn canon_of_value(&self, value: &Value, place: Option<Place>) -> CanonId {
        let form = match value {
            Value::Null => Canon::Null,
            Value::Bool(value) => Canon::Bool(*value),
            Value::Int(value) => Canon::Int(*value),
            Value::Str(text) => return self.canon_of_text(text),
            Value::Array(array) if array.elements.is_empty() => Canon::Array(Box::default()),
            Value::Object(object) if object.entries.is_empty() => Canon::Object(Box::default()),
            Value::Object(object) if object.source.is_some_and(|source| Some(source) != place) => match object.source {
                Some(source) => Canon::Unique(source.scope, source.expr),
                None => Canon::Null,
            },
            Value::Resource(resource) => Canon::Declared(resource.scope, resource.index, resource.element),
            Value::Module(module) | Value::Outputs(module) => Canon::Module(module.scope, module.index),
            Value::Read(read) => return read.canon,
            Value::Unknown(unknown) => return unknown.canon,
            Value::Array(_) | Value::Object(_) | Value::Lambda(_) => match place {
                Some(place) => Canon::Unique(place.scope, place.expr),
                None => {
                    let serial = self.serial.get();
                    self.serial.set(serial + 1);
                    Canon::Local(serial)
                }
            },
        };
        self.canons.borrow_mut().id(form)
    }

    /// The normal form of a text.
    pub fn canon_of_text(&self, text: &Str) -> CanonId {
        if let Some(text) = text.literal() {
            return self.canons.borrow_mut().text(text);
        }
        let parts: SmallVec<[CanonId; 4]> = text
            .pieces()
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => self.canons.borrow_mut().text(text),
                Piece::Id(id) => id.canon,
                Piece::Read(read) => read.canon,
                Piece::Unknown(unknown) => unknown.canon,
            })
            .collect();
        if parts.is_empty() {
            return self.canons.borrow_mut().id(Canon::Text(Box::default()));
        }
        self.concat_canon(&parts)
    }

    pub(crate) fn canon_of_values(&self, values: &Values, place: Place) -> CanonId {
        match values.single() {
            Some(value) => self.canon_of_value(value, Some(place)),
            None => self.canons.borrow_mut().id(Canon::Unique(place.scope, place.expr)),
        }
    }

    pub(crate) fn canon_call(&self, function: &str, arguments: &[CanonId]) -> CanonId {
        self.canons.borrow_mut().id(Canon::Call(function.into(), SmallVec::from_slice(arguments)))
    }

    /// A deeper property of what is read.
    pub(crate) fn deeper(&self, read: &Rc<Read>, name: &str, place: Place) -> Values {
        let mut path = read.path.clone();
        path.push(name.into());
        let canon = self.canons.borrow_mut().id(Canon::Member(read.canon, name.to_ascii_lowercase().into()));
        let deeper = Read { target: read.target.clone(), path, form: read.form.clone(), canon };
        self.resolve_read(deeper, place)
    }
}

pub(crate) fn unknown(canon: CanonId, why: Why, place: Place) -> Values {
    Values::always(Value::Unknown(Unknown { canon, why, place: Some(place) }), Some(place))
}

/// A property written as null reads as null; one that is not written at all cannot be read.
fn null_or_unknown(object: &ObjectValue, name: &Name, canon: CanonId, place: Place) -> Values {
    let named = |entry: &Entry| entry.key.as_ref().and_then(Str::literal).is_some_and(|key| *name == *key);
    if object.entries.iter().any(named) {
        Values::always(Value::Null, Some(place))
    } else {
        unknown(canon, Why::Elsewhere, place)
    }
}

/// `union(lower, upper)` for one key of both.
fn merged(lower: &Value, upper: &Rc<ObjectValue>) -> Value {
    let mut entries = Vec::new();
    match lower {
        Value::Object(lower) => {
            entries.extend(lower.entries.iter().cloned());
            if lower.damaged {
                entries.push(ObjectValue::rest(Lazy::Ready(Rc::new(Values(SmallVec::new())))));
            }
        }
        Value::Unknown(_) => entries.push(ObjectValue::rest(Lazy::Ready(Rc::new(Values(SmallVec::new()))))),
        _ => return Value::Object(upper.clone()),
    }
    entries.extend(upper.entries.iter().map(|entry| Entry { merges: true, ..entry.clone() }));
    Value::Object(Rc::new(ObjectValue::new(entries, None, upper.damaged)))
}

/// Whether a value is null, `''`, `[]` or `{}`; `None` when that depends.
pub(crate) fn is_empty(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(true),
        Value::Str(text) if text.pieces().is_empty() => Some(true),
        Value::Str(text) => {
            let known = |piece: &Piece| matches!(piece, Piece::Text(_) | Piece::Id(_));
            text.pieces().iter().any(known).then_some(false)
        }
        Value::Array(array) if array.elements.is_empty() => Some(true),
        Value::Array(array) => {
            let certain = |element: &Element| element.occurs == Occurs::Once && element.when.is_true();
            array.elements.iter().any(certain).then_some(false)
        }
        Value::Object(object) if object.entries.is_empty() && !object.damaged => Some(true),
        Value::Object(object) => {
            let certain = |entry: &Entry| entry.key.is_some() && entry.when.is_true();
            object.entries.iter().any(certain).then_some(false)
        }
        Value::Bool(_) | Value::Int(_) | Value::Resource(_) | Value::Module(_) | Value::Outputs(_) => Some(false),
        Value::Read(_) | Value::Lambda(_) | Value::Unknown(_) => None,
    }
}

/// The alternatives true and false.
pub(crate) fn truth(split: Split, place: Place) -> Values {
    let alternatives = |conditions: Vec<Conditions>, value| {
        conditions.into_iter().map(move |when| Alternative { when, value: Value::Bool(value), place: Some(place) })
    };
    Values(alternatives(split.yes, true).chain(alternatives(split.no, false)).collect())
}

/// The variable of that name, the innermost first.
pub(crate) fn local<'a>(locals: &'a Locals, name: &Name) -> Option<&'a Rc<Values>> {
    let mut frame = locals.as_ref();
    while let Some(here) = frame {
        if here.name == *name {
            return Some(&here.value);
        }
        frame = here.outer.as_ref();
    }
    None
}
