//! When a value holds: conjunctions of atoms.
//!
//! There is no solver. Two conditions are the same when their expressions are the same after normalisation, and a
//! conjunction is impossible when it says both that an atom holds and that it does not, or equates one thing with two texts.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::canon::CanonId;
use crate::eval::Place;

/// Something that can be true or false and is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Atom {
    /// A boolean expression, taken whole.
    Holds(CanonId),
    /// The first is equal to the second, which is a literal.
    Equals(CanonId, CanonId),
    /// It is null, `''`, `[]` or `{}`.
    Empty(CanonId),
    /// It is null or not given.
    Null(CanonId),
}

/// The number of an [`Atom`] in [`Atoms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AtomId(u32);

/// An atom, or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Literal {
    /// The atom.
    pub atom: AtomId,
    /// Whether it holds.
    pub holds: bool,
}

/// A conjunction: all of these. The empty one is always true.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Conditions(SmallVec<[Literal; 2]>);

impl Clone for Conditions {
    fn clone(&self) -> Self {
        // Copied as a whole: what is derived copies one after the other, and nothing is copied more often.
        Self(SmallVec::from_slice(&self.0))
    }
}

impl Conditions {
    /// Always true.
    pub const TRUE: Self = Self(SmallVec::new_const());

    /// That one thing.
    pub fn one(literal: Literal) -> Self {
        Self(SmallVec::from_slice(&[literal]))
    }

    /// Whether it is always true.
    pub fn is_true(&self) -> bool {
        self.0.is_empty()
    }

    /// What has to hold, ordered by atom.
    pub fn literals(&self) -> &[Literal] {
        &self.0
    }

    /// Those that the other does not already say.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().copied().filter(|literal| !other.0.contains(literal)).collect())
    }
}

/// What all of them say.
pub fn common<'a>(mut all: impl Iterator<Item = &'a Conditions>) -> Conditions {
    let Some(first) = all.next() else { return Conditions::TRUE };
    let mut common = first.clone();
    for other in all {
        common = common.without(&common.without(other));
    }
    common
}

/// Conjunctions that differ in one literal only are one without it.
pub fn simplified(mut all: Vec<Conditions>) -> Vec<Conditions> {
    'again: loop {
        for left in 0..all.len() {
            for right in left + 1..all.len() {
                if let Some(merged) = merged(&all[left], &all[right]) {
                    all.swap_remove(right);
                    all[left] = merged;
                    continue 'again;
                }
            }
        }
        return all;
    }
}

fn merged(left: &Conditions, right: &Conditions) -> Option<Conditions> {
    let (only_left, only_right) = (left.without(right), right.without(left));
    match (only_left.literals(), only_right.literals()) {
        ([], _) => Some(left.clone()),
        (_, []) => Some(right.clone()),
        ([Literal { atom: a, .. }], [Literal { atom: b, .. }]) if a == b => Some(left.without(&only_left)),
        _ => None,
    }
}

/// All atoms met, and where they were written first.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    atoms: Vec<(Atom, Option<Place>)>,
    ids: FxHashMap<Atom, AtomId>,
}

impl Atoms {
    pub(crate) fn id(&mut self, atom: Atom, place: Option<Place>) -> AtomId {
        if let Some(&id) = self.ids.get(&atom) {
            return id;
        }
        let id = AtomId(u32::try_from(self.atoms.len()).expect("the evaluation budget bounds the number of atoms"));
        self.atoms.push((atom, place));
        self.ids.insert(atom, id);
        id
    }

    pub(crate) fn get(&self, id: AtomId) -> (Atom, Option<Place>) {
        self.atoms[id.0 as usize]
    }

    /// Both, or `None` when they contradict each other.
    pub(crate) fn and(
        &self,
        left: &Conditions,
        right: &Conditions,
        is_empty_text: impl Fn(CanonId) -> bool,
    ) -> Option<Conditions> {
        if left.is_true() {
            return Some(right.clone());
        }
        // Often one says all that the other does, or the opposite: then nothing is put together.
        let mut both: Option<SmallVec<[Literal; 2]>> = None;
        for &literal in &right.0 {
            let all = both.as_ref().unwrap_or(&left.0);
            match all.binary_search_by_key(&literal.atom, |known| known.atom) {
                Ok(at) if all[at].holds == literal.holds => {}
                Ok(_) => return None,
                Err(at) => {
                    if all.iter().any(|&known| self.contradict(known, literal, &is_empty_text)) {
                        return None;
                    }
                    let room = || {
                        let mut all = SmallVec::with_capacity(left.0.len() + right.0.len());
                        all.extend_from_slice(&left.0);
                        all
                    };
                    both.get_or_insert_with(room).insert(at, literal);
                }
            }
        }
        Some(both.map_or_else(|| left.clone(), Conditions))
    }

    /// Whether two literals of different atoms cannot both be.
    fn contradict(&self, left: Literal, right: Literal, is_empty_text: &impl Fn(CanonId) -> bool) -> bool {
        let known = |literal: Literal| (self.get(literal.atom).0, literal.holds);
        let one_way = |left, right| match (left, right) {
            ((Atom::Equals(what, a), true), (Atom::Equals(other, b), true)) => what == other && a != b,
            ((Atom::Null(what), true), (Atom::Empty(other), false) | (Atom::Equals(other, _), true)) => what == other,
            ((Atom::Equals(what, text), true), (Atom::Empty(other), empty)) => {
                what == other && is_empty_text(text) != empty
            }
            _ => false,
        };
        one_way(known(left), known(right)) || one_way(known(right), known(left))
    }
}

/// When something is true and when it is false, each as alternatives of conjunctions.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) yes: Vec<Conditions>,
    pub(crate) no: Vec<Conditions>,
}

impl Split {
    pub(crate) fn known(value: bool) -> Self {
        let always = vec![Conditions::TRUE];
        if value { Self { yes: always, no: Vec::new() } } else { Self { yes: Vec::new(), no: always } }
    }

    pub(crate) fn atom(atom: AtomId) -> Self {
        let one = |holds| vec![Conditions::one(Literal { atom, holds })];
        Self { yes: one(true), no: one(false) }
    }

    pub(crate) fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }
}
