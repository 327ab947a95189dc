//! What stands for a principal in the name of a role assignment.
//!
//! A name is computed before anything is deployed, so the principal itself cannot be part of it. What can is whatever the
//! principal hangs on: the ID or the name of its identity, of the cluster that has it, or the parameter that brings it.

use std::rc::Rc;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::aks::{Cluster, Principal};
use crate::canon::{Canon, CanonId};
use crate::eval::{Evaluator, Place, ScopeId};
use crate::lower::property;
use crate::model::Declaration;
use crate::value::{Piece, ResourceId, ResourceRef, Str, Target, Unknown, Value};
use crate::{Expr, Name};

/// How a name depends on a principal, from certainly to not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trace {
    /// Something in it stands for the principal.
    Principal,
    /// Something in it is not known: it may.
    Unknown,
    /// A fixed word in it names the principal, or something that has to do with it stands there: another principal gets the
    /// same name.
    Word,
    /// Nothing in it has to do with the principal.
    None,
}

/// What is looked for in a name.
#[derive(Default)]
struct Wanted {
    /// Any of these stands for the principal.
    strong: FxHashSet<CanonId>,
    /// These have to do with it.
    weak: Rc<FxHashSet<CanonId>>,
    /// These stand for the role or the scope, and say nothing about the principal.
    neutral: FxHashSet<CanonId>,
    /// Words that name the principal, in lower case.
    words: Vec<String>,
}

/// Functions whose value is the same for all principals.
const FIXED: [&str; 6] = ["resourcegroup", "subscription", "deployment", "tenant", "managementgroup", "environment"];
/// Words that people give to the identities of a cluster.
const WORDS: [&str; 12] = [
    "aks",
    "kubelet",
    "cluster",
    "identity",
    "agic",
    "agentpool",
    "nodepool",
    "kubernetes",
    "controlplane",
    "ingress",
    "addon",
    "msi",
];

impl Evaluator<'_> {
    /// How the name of a role assignment depends on its principal.
    pub fn trace(&self, assignment: ResourceRef, principal: &Value, role: &Value) -> Trace {
        let Some(name) = self.resource(assignment).name else { return Trace::Unknown };
        let place = Place { scope: assignment.scope, expr: name };
        let values = self.of_resource(assignment, name);
        let wanted = self.wanted(assignment, principal, role);
        let own = self.canon_in(assignment, name);
        let mut seen = FxHashSet::default();
        let by_form = self.trace_in(own, &wanted, &mut seen, 0);
        // By its values: what a caller or a default gives in one piece.
        let by_value = values.iter().map(|one| match &one.value {
            Value::Str(_) => self.trace_in(self.canon_of_value(&one.value, Some(place)), &wanted, &mut seen, 0),
            _ => Trace::None,
        });
        by_value.fold(by_form, std::cmp::min)
    }

    fn wanted(&self, assignment: ResourceRef, principal: &Value, role: &Value) -> Wanted {
        let mut wanted = Wanted::default();
        let place = Place { scope: assignment.scope, expr: self.resource(assignment).body };
        wanted.strong.insert(self.canon_of_value(principal, Some(place)));
        // As it is written: whatever it is, the name has it in it.
        let template = self.template(assignment.scope);
        let written =
            property(template, place.expr, "properties").and_then(|all| property(template, all, "principalId"));
        wanted.strong.extend(written.map(|written| self.canon_in(assignment, written)));
        if let Some(read) = principal.read() {
            match &read.target {
                Target::Declared(resource) => self.stands_for(&self.id_of(*resource), &mut wanted),
                Target::Id(id) => self.stands_for(id, &mut wanted),
                Target::Unknown(canon) => {
                    wanted.strong.insert(*canon);
                }
            }
            match self.principal_of(read) {
                Some(Principal::ControlPlane { cluster, .. } | Principal::Kubelet { cluster, .. }) => {
                    let view = Cluster::new(self, cluster);
                    let ids = view.kubelet_ids().iter().chain(view.control_plane_ids());
                    wanted.weak = Rc::new(self.forms_of(ids.map(|case| case.value.clone())));
                }
                Some(Principal::Identity { id, .. }) => {
                    // One identity of many clusters may be given many roles.
                    let known = self.related_to.borrow().get(&id.canon).cloned();
                    wanted.weak = known.unwrap_or_else(|| {
                        let clusters = self.clusters_with(id.canon).iter();
                        let forms = Rc::new(self.forms_of(clusters.map(|cluster| self.id_of(*cluster))));
                        self.related_to.borrow_mut().insert(id.canon, forms.clone());
                        forms
                    });
                }
                _ => {}
            }
        }
        if let Value::Unknown(Unknown { canon, .. }) = principal {
            self.base_of(*canon, &mut wanted.strong);
        }
        let role = self.canon_of_value(role, Some(place));
        self.leaves(role, &mut wanted.neutral);
        if let Some(scope) = self.scope_of(assignment) {
            for name in &scope.names {
                self.leaves(self.canon_of_text(name), &mut wanted.neutral);
            }
            wanted.neutral.insert(scope.canon);
        }
        wanted
    }

    /// The ID, its names, and the parameters and variables in its names.
    fn stands_for(&self, id: &ResourceId, wanted: &mut Wanted) {
        wanted.strong.insert(id.canon);
        for name in &id.names {
            let canon = self.canon_of_text(name);
            wanted.strong.insert(canon);
            let mut leaves = FxHashSet::default();
            self.leaves(canon, &mut leaves);
            let canons = self.canons.borrow();
            let varies = |leaf: &CanonId| matches!(canons.get(*leaf), Canon::Parameter(..) | Canon::Local(_));
            wanted.strong.extend(leaves.into_iter().filter(varies));
            drop(canons);
            wanted.words.extend(words(name));
        }
        if let Some(declared) = id.declared {
            wanted.words.extend(self.resource(declared).symbol.as_ref().map(|own| own.name.as_str().to_lowercase()));
        }
    }

    /// The forms of IDs, and of the names in them.
    fn forms_of(&self, ids: impl Iterator<Item = Rc<ResourceId>>) -> FxHashSet<CanonId> {
        let mut forms = FxHashSet::default();
        for id in ids {
            forms.insert(id.canon);
            forms.extend(id.names.iter().map(|name| self.canon_of_text(name)));
        }
        forms
    }

    /// Of an output that is not at hand, the module: other outputs of it stand for the same.
    fn base_of(&self, canon: CanonId, into: &mut FxHashSet<CanonId>) {
        let canons = self.canons.borrow();
        let mut here = canon;
        while let Canon::Member(base, _) | Canon::Index(base, _) = canons.get(here) {
            here = *base;
            if matches!(canons.get(here), Canon::Module(..)) {
                into.insert(here);
            }
        }
        into.insert(here);
    }

    /// All forms that one is made of.
    fn leaves(&self, canon: CanonId, into: &mut FxHashSet<CanonId>) {
        let canons = self.canons.borrow();
        let mut waiting = vec![canon];
        while let Some(here) = waiting.pop() {
            if into.insert(here) && into.len() < 256 {
                waiting.extend(parts(canons.get(here)));
            }
        }
    }

    fn trace_in(&self, canon: CanonId, wanted: &Wanted, seen: &mut FxHashSet<CanonId>, depth: u32) -> Trace {
        if wanted.strong.contains(&canon) {
            return Trace::Principal;
        }
        if !seen.insert(canon) {
            return Trace::None;
        }
        if depth > 32 {
            return Trace::Unknown;
        }
        let form = self.canons.borrow().get(canon).clone();
        let inner = |parts: &[CanonId], seen: &mut FxHashSet<CanonId>| {
            let each = parts.iter().map(|part| self.trace_in(*part, wanted, seen, depth + 1));
            each.min().unwrap_or(Trace::None)
        };
        if wanted.weak.contains(&canon) {
            return Trace::Word;
        }
        match &form {
            Canon::Null | Canon::Bool(_) | Canon::Int(_) => Trace::None,
            Canon::Text(text) => wanted.in_text(text),
            Canon::Call(name, _) if FIXED.contains(&&**name) => Trace::None,
            // A name that is declared elsewhere, or nowhere.
            Canon::Call(_, arguments) if arguments.is_empty() => Trace::Unknown,
            Canon::Parameter(scope, name) => match self.default_of(*scope, name) {
                Some(default) => {
                    let trace = self.trace_in(default, wanted, seen, depth + 1);
                    if wanted.neutral.contains(&canon) && trace > Trace::Principal { Trace::None } else { trace }
                }
                None if wanted.neutral.contains(&canon) => Trace::None,
                None => Trace::Unknown,
            },
            // Another resource, and what is read of it, says nothing about this one.
            Canon::Id(_, names, scope) => {
                let own = scope.map_or(Trace::None, |scope| self.trace_in(scope, wanted, seen, depth + 1));
                // A child of what stands for it does as well.
                let is_child = names.len() > 1 && names.iter().any(|name| wanted.strong.contains(name));
                if is_child { Trace::Principal } else { own.min(Trace::None) }
            }
            Canon::Declared(..) | Canon::Module(..) => {
                if wanted.neutral.contains(&canon) {
                    Trace::None
                } else {
                    Trace::Unknown
                }
            }
            Canon::Local(_) | Canon::Unique(..) => Trace::Unknown,
            other => {
                let parts: SmallVec<[CanonId; 4]> = parts(other);
                inner(&parts, seen)
            }
        }
    }

    fn default_of(&self, scope: ScopeId, name: &str) -> Option<CanonId> {
        let template = self.template(scope);
        let Some(Declaration::Parameter(index)) = template.names.get(&Name::from(name)) else { return None };
        let default = template.parameters[*index as usize].default?;
        // A default that is empty stands for a value that somebody gives.
        match template.expr(default) {
            Expr::Str(text) if text.is_empty() => None,
            _ => Some(self.canon(scope, default, &None)),
        }
    }
}

impl Wanted {
    fn in_text(&self, text: &str) -> Trace {
        let own = |word: &String| word.len() > 2 && (text.contains(word.as_str()) || word.contains(text));
        // The GUID of a role is no word.
        let is_word = text.len() > 2 && !crate::aks::is_guid(text);
        let named = is_word && (self.words.iter().any(own) || WORDS.iter().any(|word| text.contains(word)));
        if named { Trace::Word } else { Trace::None }
    }
}

/// The known words of a name.
fn words(name: &Str) -> impl Iterator<Item = String> {
    name.pieces().iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.trim_matches(['-', '_']).to_lowercase()),
        _ => None,
    })
}

fn parts(form: &Canon) -> SmallVec<[CanonId; 4]> {
    match form {
        Canon::Concat(parts) | Canon::Call(_, parts) => parts.clone(),
        Canon::Array(parts) => parts.iter().copied().collect(),
        Canon::Object(parts) => parts.iter().flat_map(|(key, value)| [*key, *value]).collect(),
        Canon::Member(base, _) | Canon::Unary(_, base) => SmallVec::from_slice(&[*base]),
        Canon::Index(base, index) => SmallVec::from_slice(&[*base, *index]),
        Canon::Conditional(a, b, c) => SmallVec::from_slice(&[*a, *b, *c]),
        Canon::Binary(_, a, b) => SmallVec::from_slice(&[*a, *b]),
        Canon::Id(_, names, _) => names.iter().copied().collect(),
        Canon::Null
        | Canon::Bool(_)
        | Canon::Int(_)
        | Canon::Text(_)
        | Canon::Parameter(..)
        | Canon::Local(_)
        | Canon::Declared(..)
        | Canon::Module(..)
        | Canon::Unique(..) => SmallVec::new(),
    }
}
