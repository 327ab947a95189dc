//! Normal forms of expressions, so that two that mean the same are the same number.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::eval::ScopeId;
use crate::expr::{BinaryOp, ExprId, UnaryOp};

/// The number of a normal form. Two expressions with the same number have the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonId(u32);

/// A normal form; texts and names are in lower case, since ARM compares names that way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Canon {
    Null,
    Bool(bool),
    Int(i64),
    Text(Box<str>),
    Concat(SmallVec<[CanonId; 4]>),
    Array(Box<[CanonId]>),
    Object(Box<[(CanonId, CanonId)]>),
    /// A parameter nobody is known to set, in the scope that declares it.
    Parameter(ScopeId, Box<str>),
    /// A variable of a loop or lambda that stands for any element.
    Local(u32),
    Member(CanonId, Box<str>),
    Index(CanonId, CanonId),
    Call(Box<str>, SmallVec<[CanonId; 4]>),
    Conditional(CanonId, CanonId, CanonId),
    Binary(BinaryOp, CanonId, CanonId),
    Unary(UnaryOp, CanonId),
    /// The ID of a resource: type, names, scope.
    Id(Box<str>, SmallVec<[CanonId; 2]>, Option<CanonId>),
    /// A declared resource whose ID has no normal form of its own.
    Declared(ScopeId, u32, Option<CanonId>),
    Module(ScopeId, u32),
    /// Equal to nothing but itself.
    Unique(ScopeId, ExprId),
}

/// All normal forms met.
#[derive(Debug, Default)]
pub(crate) struct Canons {
    forms: Vec<Canon>,
    ids: FxHashMap<Canon, CanonId>,
    texts: FxHashMap<Box<[u8]>, CanonId>,
    /// Texts with capitals, as they were written first.
    spelt: FxHashMap<CanonId, Box<str>>,
}

impl Canons {
    pub(crate) fn id(&mut self, form: Canon) -> CanonId {
        if let Some(&id) = self.ids.get(&form) {
            return id;
        }
        let id = CanonId(u32::try_from(self.forms.len()).expect("the evaluation budget bounds the number of forms"));
        self.forms.push(form.clone());
        self.ids.insert(form, id);
        id
    }

    /// The form of a text, in whatever case it is written. Texts are asked for again and again: what is known is found
    /// without making a form.
    pub(crate) fn text(&mut self, text: &str) -> CanonId {
        let mut lower: SmallVec<[u8; 64]> = SmallVec::from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        if let Some(&id) = self.texts.get(lower.as_slice()) {
            return id;
        }
        let id = self.id(Canon::Text(text.to_ascii_lowercase().into()));
        if text.as_bytes() != lower.as_slice() {
            self.spelt.insert(id, text.into());
        }
        self.texts.insert(lower.as_slice().into(), id);
        id
    }

    /// A text for people: as it was written where it was met first.
    pub(crate) fn spelling<'c>(&'c self, id: CanonId, form: &'c str) -> &'c str {
        self.spelt.get(&id).map_or(form, |text| &**text)
    }

    pub(crate) fn get(&self, id: CanonId) -> &Canon {
        &self.forms[id.0 as usize]
    }

    /// Whether it is read from something deployed, so that only the deployment itself knows it, or is nothing that evaluation
    /// understands.
    pub(crate) fn is_read(&self, id: CanonId) -> bool {
        let is_body = |id| matches!(self.get(id), Canon::Id(..) | Canon::Declared(..) | Canon::Module(..));
        match self.get(id) {
            Canon::Member(base, name) => {
                let known = matches!(&**name, "id" | "name" | "type" | "apiversion");
                self.is_read(*base) || (is_body(*base) && !known)
            }
            Canon::Call(function, arguments) => {
                let reads = &**function == "reference" || &**function == "getsecret" || function.starts_with("list");
                reads || arguments.iter().any(|&argument| self.is_read(argument))
            }
            Canon::Index(base, index) => self.is_read(*base) || self.is_read(*index),
            Canon::Concat(parts) => parts.iter().any(|&part| self.is_read(part)),
            Canon::Array(parts) => parts.iter().any(|&part| self.is_read(part)),
            Canon::Object(parts) => parts.iter().any(|&(key, value)| self.is_read(key) || self.is_read(value)),
            Canon::Conditional(condition, yes, no) => {
                [*condition, *yes, *no].into_iter().any(|part| self.is_read(part))
            }
            Canon::Binary(_, left, right) => self.is_read(*left) || self.is_read(*right),
            Canon::Unary(_, operand) => self.is_read(*operand),
            Canon::Unique(..) => true,
            // An ID is put together from names, whatever it is the ID of.
            Canon::Id(..)
            | Canon::Null
            | Canon::Bool(_)
            | Canon::Int(_)
            | Canon::Text(_)
            | Canon::Parameter(..)
            | Canon::Local(_)
            | Canon::Declared(..)
            | Canon::Module(..) => false,
        }
    }
}
