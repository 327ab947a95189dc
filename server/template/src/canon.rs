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

    pub(crate) fn get(&self, id: CanonId) -> &Canon {
        &self.forms[id.0 as usize]
    }
}
