//! What the rules about features share: whether a setting is on or given, and how it is changed.

use template::aks::{Case, Cluster, Identity, IdentityBlock, Kind, Slot};
use template::condition::Conditions;
use template::eval::Place;
use template::expr::{Expr, Ref};
use template::value::Value;
use template::workspace::Location;

use crate::refactor::to_user_assigned;
use crate::{At, Ctx, Finding, New, Rewrite, Severity};

/// Whether something is set that may be left empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// It has a value.
    Certainly,
    /// It has one unless what it is taken from is empty: its source.
    Unless(String),
}

/// Whether the property at the path of that length is given; `None` when it is absent, null or empty, or when what is around
/// it is not known.
pub(crate) fn given(ctx: &Ctx<'_>, slot: &Slot, length: usize) -> Option<Given> {
    if slot.depth != length {
        return None;
    }
    match &slot.value {
        Value::Null => None,
        Value::Str(text) if text.pieces().is_empty() => None,
        // What an unknown object may have is not given by anybody.
        value if value.is_unknown() => {
            let from = value_of(ctx, slot.property?)?;
            Some(Given::Unless(ctx.eval.source(from).trim_matches(['"', '[', ']']).to_owned()))
        }
        Value::Array(array) if array.elements.is_empty() => None,
        _ => Some(Given::Certainly),
    }
}

/// Whether the property at the path of that length is true.
pub(crate) fn is_true(slot: &Slot, length: usize) -> bool {
    slot.depth == length && matches!(slot.value, Value::Bool(true))
}

/// How bad it is that something retired is switched on: less so where a template passes on what it is told.
pub(crate) fn severity_of_retired(ctx: &Ctx<'_>, switch: &Slot) -> Severity {
    let is_passed_on =
        |place: Place| matches!(ctx.eval.template(place.scope).expr(place.expr), Expr::Ref(Ref::Parameter(_)));
    if switch.place.is_some_and(is_passed_on) { Severity::Info } else { Severity::Warning }
}

/// Whether a cluster seems to be a change of one that is there already: it says nothing that only creating one needs.
pub(crate) fn is_partial(cluster: &Cluster<'_, '_>) -> bool {
    let creates = |name| cluster.slots(&["properties", name]).iter().any(|case| !case.value.is_absent());
    !creates("agentPoolProfiles") && !creates("dnsPrefix")
}

/// The expression that is written as the value of a property.
pub(crate) fn value_of(ctx: &Ctx<'_>, property: template::aks::PropertyAt) -> Option<Place> {
    let (_, written) = ctx.eval.property(property)?;
    Some(Place { scope: property.object.scope, expr: written.value })
}

/// Where a property is written, name and value; where a function makes it, its value.
pub(crate) fn place_of(ctx: &Ctx<'_>, slot: &Slot) -> Option<Location> {
    let written = slot.property.and_then(|property| ctx.eval.property_location(property));
    written.or_else(|| ctx.eval.written_at(slot))
}

/// Gives the property at a path another value: replaces the one that is written, or puts in what is missing of the path.
/// `slot` is what was found there.
pub(crate) fn put_at<'a>(
    ctx: &Ctx<'a>,
    rewrite: Rewrite<'a>,
    slot: &Slot,
    path: &[&str],
    value: &New,
) -> Option<Rewrite<'a>> {
    let nested = |names: &[&str]| names.iter().rev().fold(value.clone(), |inner, name| New::object([(*name, inner)]));
    if slot.depth == path.len() || (slot.is_absent() && slot.place.is_some()) {
        let old = value_of(ctx, slot.property?)?;
        return Some(rewrite.replace(old, nested(&path[slot.depth..])));
    }
    if !slot.is_absent() {
        return None;
    }
    Some(rewrite.insert(slot.holder?, At::Last, path[slot.depth], nested(&path[slot.depth + 1..])))
}

impl Ctx<'_> {
    /// Reports a feature that a system-assigned control plane cannot have: `find` looks at every case in which the cluster has
    /// one, and says whether and where the feature is on.
    pub(crate) fn needs_user_assigned<T>(
        &self,
        cluster: &Cluster<'_, '_>,
        feature: &[Case<T>],
        find: impl Fn(&T, &Conditions) -> Option<Finding>,
    ) {
        let is_system = |case: &Case<Identity>| {
            matches!(case.value.block, IdentityBlock::Object { kind: Kind::SystemAssigned, .. })
        };
        if !cluster.identities().iter().any(is_system) {
            return;
        }
        self.judge(&self.eval.join(cluster.identities(), feature), |case| {
            let (identity, feature) = case.value;
            let IdentityBlock::Object { kind: Kind::SystemAssigned, kind_slot, .. } = &identity.block else {
                return None;
            };
            let mut finding = find(feature, &case.when)?;
            if let Some(location) = self.eval.written_at(kind_slot) {
                finding = finding.related(location, "the control plane is `SystemAssigned` here");
            }
            let others = finding.take_fixes();
            Some(finding.fix(to_user_assigned(self.eval, cluster, identity)).fix(others))
        });
    }
}

impl Finding {
    /// It holds for certain, or unless something is empty.
    #[must_use]
    pub(crate) fn given(self, given: &Given) -> Self {
        match given {
            Given::Certainly => self,
            Given::Unless(source) => self.when(format!("`{source}` is not empty")),
        }
    }
}
