//! Identities that are given roles and that no cluster has.

use std::rc::Rc;

use rustc_hash::FxHashSet;
use template::Evaluator;
use template::aks::{Cluster, IDENTITY};
use template::canon::CanonId;
use template::grants::{Bearer, Grant};
use template::reads::Holder;
use template::value::ResourceRef;

use crate::roles::role_name;

/// An identity that is created beside clusters and given roles, and that no cluster has.
pub(crate) struct Unattached {
    pub(crate) identity: ResourceRef,
    /// What it is given.
    pub(crate) grants: Vec<Grant>,
    /// The names of the roles.
    pub(crate) roles: String,
    /// What names it besides.
    pub(crate) users: Vec<Holder>,
}

pub(crate) fn unattached(eval: &Evaluator<'_>) -> Vec<Unattached> {
    let clusters = eval.clusters();
    let grants = eval.grants();
    if clusters.is_empty() || grants.all.is_empty() {
        return Vec::new();
    }
    let mut attached: FxHashSet<CanonId> = FxHashSet::default();
    for cluster in clusters {
        let view = Cluster::new(eval, cluster);
        attached.extend(view.control_plane_ids().iter().chain(view.kubelet_ids()).map(|case| case.value.canon));
    }
    let one = |identity: ResourceRef| {
        let declared = eval.resource(identity);
        let id = eval.id_of(identity);
        if declared.existing || declared.repeat.is_some() || attached.contains(&id.canon) {
            return None;
        }
        let grants: Vec<Grant> = grants.certainly_of(&Bearer::Identity(id)).map(|(_, grant)| grant).cloned().collect();
        let mut roles: Vec<Rc<str>> =
            grants.iter().filter_map(|grant| Some(role_name(grant.role.as_deref()?))).collect();
        roles.dedup();
        let roles = if roles.is_empty() { "a role".to_owned() } else { roles.join(" and ") };
        let users = if grants.is_empty() { return None } else { eval.users_of(identity) };
        Some(Unattached { identity, grants, roles, users })
    };
    eval.resources_of(IDENTITY).into_iter().filter_map(one).collect()
}
