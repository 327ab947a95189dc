//! Which grants are for whom, so that a question about one cluster does not look at what all others are given.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::canon::CanonId;
use crate::eval::{Evaluator, ScopeId};
use crate::grants::{Bearer, Grant};
use crate::value::{Piece, ResourceId};

/// The grants by who has them and by what they give, each list in the order of [`crate::grants::Grants::all`].
#[derive(Debug, Default)]
pub(crate) struct GrantIndex {
    /// The roles, each once, and the grants of each.
    roles: Vec<(Option<Rc<str>>, Vec<u32>)>,
    /// For each grant the number of its role.
    role_of: Vec<u32>,
    by_bearer: FxHashMap<(Kind, CanonId), Vec<u32>>,
    /// Of whom nobody knows who it is.
    of_unknown: Vec<u32>,
    alike: Vec<Alike>,
    by_form: FxHashMap<(Kind, Form), usize>,
    /// Of identities that are not created here: such a one may be what AKS made.
    of_older: Vec<u32>,
    /// Of identities that Azure makes.
    of_generated: Vec<u32>,
}

/// What a [`Bearer`] is, without whose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Identity,
    System,
    Generated(Rc<str>),
}

/// Grants for resources whose IDs differ in their known texts only.
#[derive(Debug)]
struct Alike {
    kind: Kind,
    form: Form,
    all: Vec<u32>,
    by_names: FxHashMap<SmallVec<[CanonId; 2]>, Vec<u32>>,
}

/// An ID without the known texts of its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Form {
    /// In small letters.
    resource_type: Option<Box<str>>,
    /// The template that certainly makes it one of its own: of two declarations there each is another resource.
    declared_in: Option<ScopeId>,
    group: Option<CanonId>,
    /// For each name the pieces that are not known; `None` for a text.
    names: SmallVec<[SmallVec<[Option<CanonId>; 2]>; 1]>,
}

impl Form {
    fn of(eval: &Evaluator<'_>, id: &ResourceId) -> Self {
        let piece = |piece: &Piece| match piece {
            Piece::Text(_) => None,
            Piece::Id(id) => Some(id.canon),
            Piece::Read(read) => Some(read.canon),
            Piece::Unknown(unknown) => Some(unknown.canon),
        };
        Self {
            resource_type: id.resource_type.as_deref().map(|own| own.to_ascii_lowercase().into()),
            declared_in: eval.declared_once(id).map(|(scope, _)| scope),
            group: id.scope,
            names: id.names.iter().map(|name| name.pieces().iter().map(piece).collect()).collect(),
        }
    }

    /// Whether two of that form with different names certainly are two resources.
    fn tells_apart(&self) -> bool {
        let texts = |name: &SmallVec<[Option<CanonId>; 2]>| name.iter().filter(|piece| piece.is_none()).count();
        self.names.iter().all(|name| texts(name) <= 1)
    }
}

fn parts(bearer: &Bearer) -> (Kind, &Rc<ResourceId>) {
    match bearer {
        Bearer::Identity(id) => (Kind::Identity, id),
        Bearer::System(id) => (Kind::System, id),
        Bearer::Generated { of, path } => (Kind::Generated(path.clone()), of),
    }
}

impl GrantIndex {
    pub(crate) fn of(eval: &Evaluator<'_>, all: &[Grant]) -> Self {
        let mut index = Self::default();
        let mut roles: FxHashMap<Option<Rc<str>>, u32> = FxHashMap::default();
        for (number, grant) in (0..).zip(all) {
            let new = roles.len();
            let role = *roles.entry(grant.role.clone()).or_insert_with(|| u32::try_from(new).unwrap_or(u32::MAX));
            if role as usize == index.roles.len() {
                index.roles.push((grant.role.clone(), Vec::new()));
            }
            index.roles[role as usize].1.push(number);
            index.role_of.push(role);
            match &grant.bearer {
                Some(bearer) => index.add(eval, bearer, number),
                None => index.of_unknown.push(number),
            }
        }
        index
    }

    fn add(&mut self, eval: &Evaluator<'_>, bearer: &Bearer, number: u32) {
        let (kind, id) = parts(bearer);
        self.by_bearer.entry((kind.clone(), id.canon)).or_default().push(number);
        match &kind {
            Kind::Identity if !eval.deployed_here(id) => self.of_older.push(number),
            Kind::Generated(_) => self.of_generated.push(number),
            _ => {}
        }
        let form = Form::of(eval, id);
        let new = self.alike.len();
        let position = *self.by_form.entry((kind.clone(), form.clone())).or_insert(new);
        if position == new {
            self.alike.push(Alike { kind, form, all: Vec::new(), by_names: FxHashMap::default() });
        }
        let alike = &mut self.alike[position];
        alike.all.push(number);
        alike.by_names.entry(eval.canon_of_names(id)).or_default().push(number);
    }

    /// The grants of a role, or of roles that are not known.
    pub(crate) fn with_role(&self, role: Option<&str>) -> &[u32] {
        self.roles.iter().find(|(own, _)| own.as_deref() == role).map_or(&[], |(_, grants)| grants)
    }

    /// The grants of which nobody knows who has them.
    pub(crate) fn of_unknown(&self) -> &[u32] {
        &self.of_unknown
    }

    /// The grants that somebody certainly has.
    pub(crate) fn certainly_of(&self, bearer: &Bearer) -> &[u32] {
        let (kind, id) = parts(bearer);
        self.by_bearer.get(&(kind, id.canon)).map_or(&[], Vec::as_slice)
    }

    /// Grants of some of the roles, among which are all that somebody has or may have, in order.
    pub(crate) fn possibly_of<'i>(
        &'i self,
        eval: &Evaluator<'_>,
        bearer: &Bearer,
        is_wanted: &dyn Fn(Option<&str>) -> bool,
    ) -> impl Iterator<Item = u32> + use<'i> {
        let wanted: SmallVec<[bool; 16]> = self.roles.iter().map(|(role, _)| is_wanted(role.as_deref())).collect();
        let (kind, id) = parts(bearer);
        let mut lists: SmallVec<[&[u32]; 6]> = smallvec![self.of_unknown.as_slice(), self.certainly_of(bearer)];
        match &kind {
            Kind::Identity if !eval.deployed_here(id) => lists.push(&self.of_generated),
            Kind::Generated(_) => lists.push(&self.of_older),
            Kind::Identity | Kind::System => {}
        }
        let form = Form::of(eval, id);
        let names = eval.canon_of_names(id);
        for other in self.alike.iter().filter(|other| other.kind == kind) {
            let is_other_type = form.resource_type.is_some()
                && other.form.resource_type.is_some()
                && form.resource_type != other.form.resource_type;
            let is_one_template = form.declared_in.is_some() && form.declared_in == other.form.declared_in;
            if is_other_type || is_one_template {
                continue;
            }
            if form.names == other.form.names && form.tells_apart() {
                lists.extend(other.by_names.get(&names).map(Vec::as_slice));
            } else {
                lists.push(&other.all);
            }
        }
        let role_of = &self.role_of;
        let is_wanted = move |number: &u32| wanted[role_of[*number as usize] as usize];
        merged(lists).filter(is_wanted)
    }
}

/// The numbers of several lists in order, each once.
fn merged(mut lists: SmallVec<[&[u32]; 6]>) -> impl Iterator<Item = u32> {
    lists.retain(|list| !list.is_empty());
    std::iter::from_fn(move || {
        let next = lists.iter().map(|list| list[0]).min()?;
        lists.retain(|list| {
            if list[0] == next {
                *list = &list[1..];
            }
            !list.is_empty()
        });
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_merged_in_order() {
        let lists: [&[u32]; 4] = [&[1, 4, 6], &[], &[0, 4], &[4, 9]];
        let found: Vec<u32> = merged(lists.into_iter().collect()).collect();
        assert_eq!(found, [0, 1, 4, 6, 9]);
    }
}
