//! What expressions come to: sets of guarded alternatives, with unknown parts.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use smallvec::{SmallVec, smallvec};

use crate::Name;
use crate::canon::CanonId;
use crate::condition::Conditions;
use crate::eval::{Locals, Place, ScopeId};
use crate::expr::ExprId;

/// All values an expression can have, each with the condition under which it has it. Together the conditions cover every
/// case; what is not known is an alternative of its own, [`Value::Unknown`].
#[derive(Clone, Debug)]
pub struct Values(pub SmallVec<[Alternative; 1]>);

/// One of several possible values.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// When it is this one.
    pub when: Conditions,
    /// The value.
    pub value: Value,
    /// The expression that made it, after following variables and defaults.
    pub place: Option<Place>,
}

impl Values {
    /// That value in every case.
    pub fn always(value: Value, place: Option<Place>) -> Self {
        Self(smallvec![Alternative { when: Conditions::TRUE, value, place }])
    }

    /// The alternatives.
    pub fn iter(&self) -> impl Iterator<Item = &Alternative> {
        self.0.iter()
    }

    /// The value, when there is only one alternative.
    pub fn single(&self) -> Option<&Value> {
        match self.0.as_slice() {
            [only] => Some(&only.value),
            _ => None,
        }
    }

    /// The text, when there is one alternative and all of it is known.
    pub fn literal(&self) -> Option<&str> {
        self.single()?.literal()
    }
}

/// A value, known as far as it can be.
#[derive(Clone, Debug)]
pub enum Value {
    /// Null, which for a property is the same as being absent.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Str(Str),
    /// An array.
    Array(Rc<ArrayValue>),
    /// An object.
    Object(Rc<ObjectValue>),
    /// A resource, by its symbolic name.
    Resource(ResourceRef),
    /// A module, by its symbolic name.
    Module(ModuleRef),
    /// The `outputs` of a module.
    Outputs(ModuleRef),
    /// A property of a resource that is known only when it is deployed.
    Read(Rc<Read>),
    /// A function value.
    Lambda(Rc<LambdaValue>),
    /// Anything.
    Unknown(Unknown),
}

impl Value {
    /// The text, when all of it is known.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Str(text) => text.literal(),
            _ => None,
        }
    }

    /// The ID that it is, as a function made it or a symbol gave it; not one that is written out as a path.
    pub fn made_id(&self) -> Option<&Rc<ResourceId>> {
        match self {
            Self::Str(text) => match text.pieces() {
                [Piece::Id(id)] => Some(id),
                _ => None,
            },
            _ => None,
        }
    }

    /// The run-time read that it is, also when it is the whole of a text.
    pub fn read(&self) -> Option<&Rc<Read>> {
        match self {
            Self::Read(read) => Some(read),
            Self::Str(text) => match text.pieces() {
                [Piece::Read(read)] => Some(read),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Str(text) => matches!(text.pieces(), [Piece::Unknown(_)]),
            _ => false,
        }
    }
}

/// Something of which nothing is known but that it is the same as others with the same normal form.
#[derive(Clone, Copy, Debug)]
pub struct Unknown {
    /// Equal unknowns have equal forms.
    pub canon: CanonId,
    /// Why it is not known.
    pub why: Why,
    /// What was not known.
    pub place: Option<Place>,
}

/// Why a value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A parameter that somebody sets: its scope and index.
    Parameter(ScopeId, u32),
    /// A function of which nothing is known before deployment.
    Function,
    /// A loop or lambda variable that stands for any element.
    Element,
    /// Declared in a file that is not at hand, or nowhere.
    Elsewhere,
    /// Half-typed or broken.
    SyntaxError,
    /// Not a value we compute with.
    Unsupported,
    /// More alternatives, steps or nesting than we follow, or a cycle.
    TooMuch,
}

/// A text as a sequence of known and unknown pieces. Neighbouring known texts are one piece.
#[derive(Clone, Debug, Default)]
pub struct Str(SmallVec<[Piece; 1]>);

/// A piece of a [`Str`].
#[derive(Clone, Debug)]
pub enum Piece {
    /// Known text.
    Text(Rc<str>),
    /// The ID of a resource.
    Id(Rc<ResourceId>),
    /// A property of a resource, known at run time.
    Read(Rc<Read>),
    /// Anything.
    Unknown(Unknown),
}

impl Str {
    /// A known text.
    pub fn text(text: &str) -> Self {
        Self(smallvec![Piece::Text(text.into())])
    }

    /// A text of one piece.
    pub fn piece(piece: Piece) -> Self {
        Self(smallvec![piece])
    }

    /// Its pieces; none for the empty text.
    pub fn pieces(&self) -> &[Piece] {
        match self.0.as_slice() {
            [Piece::Text(text)] if text.is_empty() => &[],
            pieces => pieces,
        }
    }

    /// The text, when all of it is known.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, piece: Piece) {
        if let Piece::Text(new) = &piece {
            if new.is_empty() {
                return;
            }
            if let Some(Piece::Text(last)) = self.0.last_mut() {
                *last = format!("{last}{new}").into();
                return;
            }
        }
        self.0.push(piece);
    }

    /// Adds a text at the end.
    pub fn extend(&mut self, other: &Self) {
        for piece in &other.0 {
            self.push(piece.clone());
        }
    }

    /// The text with `…` for what is not known.
    pub fn sketch(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Id(_) | Piece::Read(_) | Piece::Unknown(_) => "…",
            })
            .collect()
    }
}

/// A value that is computed when it is asked for.
#[derive(Clone, Debug)]
pub enum Lazy {
    /// An expression with the names it sees.
    Expr {
        /// Whose names.
        scope: ScopeId,
        /// The expression.
        expr: ExprId,
        /// Variables of loops and lambdas around it.
        locals: Locals,
    },
    /// Computed already.
    Ready(Rc<Values>),
}

/// An array.
#[derive(Clone, Debug, Default)]
pub struct ArrayValue {
    /// In order.
    pub elements: Vec<Element>,
}

/// A part of an [`ArrayValue`].
#[derive(Clone, Debug)]
pub struct Element {
    /// When it is there.
    pub when: Conditions,
    /// Its value; of [`Occurs::Rest`] none.
    pub value: Lazy,
    /// How often it is there.
    pub occurs: Occurs,
}

/// How often an [`Element`] occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Once.
    Once,
    /// An unknown number of times, each time alike.
    AnyTimes,
    /// Stands for unknown elements, however many.
    Rest,
}

impl ArrayValue {
    /// The number of elements, when it does not depend on anything.
    pub fn length(&self) -> Option<usize> {
        self.elements
            .iter()
            .all(|element| element.occurs == Occurs::Once && element.when.is_true())
            .then_some(self.elements.len())
    }
}

/// An object: entries of which the last with a key counts.
#[derive(Clone, Debug, Default)]
pub struct ObjectValue {
    /// In order; those of later arguments of `union` behind those of earlier ones.
    pub entries: Vec<Entry>,
    /// The object expression, when it is a single one.
    pub source: Option<Place>,
    /// What it seems to lack may only have been swallowed by a syntax error.
    pub damaged: bool,
    /// What was looked up in it.
    pub(crate) known: Known,
}

/// What is under some keys of an object, where that took more than one look. Every rule asks for the same few. A copy of
/// the object knows nothing: it may become another.
#[derive(Default)]
pub(crate) struct Known(RefCell<Vec<Lookup>>);

/// A key, from where it was looked up, and what is there.
type Lookup = (Box<str>, Place, Rc<Values>);

impl Known {
    pub(crate) fn get(&self, key: &str, place: Place) -> Option<Rc<Values>> {
        let known = self.0.borrow();
        known.iter().find(|one| *one.0 == *key && one.1 == place).map(|(_, _, values)| values.clone())
    }

    pub(crate) fn set(&self, key: &str, place: Place, values: Rc<Values>) {
        /// A map of thousands of keys is gone through once, and then there is nothing to remember.
        const MANY: usize = 64;
        let mut known = self.0.borrow_mut();
        if known.len() < MANY {
            known.push((key.into(), place, values));
        }
    }
}

impl Clone for Known {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// A part of an [`ObjectValue`].
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it is there.
    pub when: Conditions,
    /// Its key, or `None` for unknown members of any key.
    pub key: Option<Str>,
    /// Its value.
    pub value: Lazy,
    /// An object here is merged into what earlier entries have under this key, as `union` does.
    pub merges: bool,
    /// Where it is written: the object and the number of the member in it.
    pub property: Option<(Place, u32)>,
}

impl ObjectValue {
    /// An object of these entries.
    pub(crate) fn new(entries: Vec<Entry>, source: Option<Place>, damaged: bool) -> Self {
        Self { entries, source, damaged, known: Known::default() }
    }

    /// An object all of whose members are unknown.
    pub(crate) fn rest(value: Lazy) -> Entry {
        Entry { when: Conditions::TRUE, key: None, value, merges: false, property: None }
    }

    /// Whether every key it can have is among its entries.
    pub fn is_closed(&self) -> bool {
        !self.damaged && self.entries.iter().all(|entry| entry.key.is_some())
    }
}

/// A function value.
#[derive(Clone, Debug)]
pub struct LambdaValue {
    pub(crate) scope: ScopeId,
    pub(crate) parameters: Box<[Name]>,
    pub(crate) body: ExprId,
    pub(crate) locals: Locals,
}

/// A resource declaration, or one of the resources that a repeated declaration makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResourceRef {
    /// The scope that declares it.
    pub scope: ScopeId,
    /// The index in [`crate::Template::resources`].
    pub index: u32,
    /// Which one of a loop.
    pub element: Option<CanonId>,
}

/// A module declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModuleRef {
    /// The scope that declares it.
    pub scope: ScopeId,
    /// The index in [`crate::Template::modules`].
    pub index: u32,
    /// Which one of a loop.
    pub element: Option<CanonId>,
}

/// The ID of a resource, as far as it is known.
#[derive(Clone, Debug)]
pub struct ResourceId {
    /// The full type, in the spelling written; `None` when that is not known either.
    pub resource_type: Option<Rc<str>>,
    /// The names, one for each segment of the type behind the namespace.
    pub names: SmallVec<[Str; 1]>,
    /// The group, subscription or resource it belongs to; `None`: that of the deployment.
    pub scope: Option<CanonId>,
    /// The declaration it names, when there is one in sight.
    pub declared: Option<ResourceRef>,
    /// Its normal form.
    pub canon: CanonId,
}

impl ResourceId {
    /// Whether it is of that type, ignoring case; `None` when its type is not known.
    pub fn is_type(&self, resource_type: &str) -> Option<bool> {
        self.resource_type.as_deref().map(|own| own.eq_ignore_ascii_case(resource_type))
    }
}

/// A read of a property that the service fills in: `aks.identity.principalId`.
#[derive(Clone, Debug)]
pub struct Read {
    /// The resource that is read.
    pub target: Target,
    /// From the resource down, `properties` included; `*` for an index.
    pub path: SmallVec<[Rc<str>; 4]>,
    /// How it is written.
    pub form: ReadForm,
    /// Its normal form.
    pub canon: CanonId,
}

impl Read {
    /// Whether it reads that path, ignoring case.
    pub fn is_path(&self, path: &[&str]) -> bool {
        self.path.len() == path.len() && self.path.iter().zip(path).all(|(own, other)| own.eq_ignore_ascii_case(other))
    }
}

/// What a [`Read`] reads from.
#[derive(Clone, Debug)]
pub enum Target {
    /// A resource by its symbol or by an ID that names a declaration in sight.
    Declared(ResourceRef),
    /// A resource declared elsewhere.
    Id(Rc<ResourceId>),
    /// Not known.
    Unknown(CanonId),
}

/// How a [`Read`] is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadForm {
    /// By a symbolic name: the path starts at the resource.
    Symbol,
    /// `reference(id)`, `reference(id, version)`: the path starts at `properties`.
    Reference {
        /// The API version, when it is given and known.
        api_version: Option<Rc<str>>,
        /// Whether one is given.
        versioned: bool,
        /// `'Full'`: the path starts at the resource.
        full: bool,
    },
}
