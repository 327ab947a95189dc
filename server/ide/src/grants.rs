//! Who acts in a cluster, and what it is granted: for hovers, hints and lenses.

use schema::roles;
use template::Evaluator;
use template::aks::{Cluster, IdentityBlock, Kind, Principal};
use template::value::{Piece, ResourceId, ResourceRef, Target, Value};

use crate::View;

/// One role given to a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The role's name, or its GUID.
    pub(crate) role: String,
    /// What it is for; `None` when that is a group or not known.
    pub(crate) scope: Option<String>,
    /// The assignment.
    pub(crate) assignment: ResourceRef,
}

impl Grant {
    /// `AcrPull on acr`.
    pub(crate) fn words(&self) -> String {
        match &self.scope {
            Some(scope) => format!("{} on {scope}", self.role),
            None => self.role.clone(),
        }
    }
}

/// Looks at a deployment for who acts and what it may do.
pub(crate) struct Grants<'e, 'w> {
    pub(crate) view: View<'w>,
    pub(crate) eval: &'e Evaluator<'w>,
}

impl Grants<'_, '_> {
    /// What those principals get for which `is` holds.
    pub(crate) fn to(&self, is: impl Fn(&Principal) -> bool) -> Vec<Grant> {
        let mut grants = Vec::new();
        for assignment in self.eval.role_assignments() {
            let is_meant = assignment
                .principal
                .iter()
                .any(|case| self.eval.principal(&case.value.value).is_some_and(|principal| is(&principal)));
            if !is_meant {
                continue;
            }
            let scope = assignment.scope.as_ref().map(|id| self.name_of(id));
            for case in &assignment.roles {
                let role =
                    roles::by_guid(&case.value).map_or_else(|| case.value.to_string(), |role| role.name.to_owned());
                let grant = Grant { role, scope: scope.clone(), assignment: assignment.resource };
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
        grants
    }

    /// What an identity is granted by its own principal.
    pub(crate) fn to_identity(&self, id: &ResourceId) -> Vec<Grant> {
        self.to(|principal| matches!(principal, Principal::Identity { id: other, .. } if other.canon == id.canon))
    }

    /// A short name of a resource for people.
    pub(crate) fn name_of(&self, id: &ResourceId) -> String {
        if let Some(declared) = id.declared {
            return self.name_of_declared(declared);
        }
        id.names.last().map_or_else(|| "a resource".to_owned(), template::value::Str::sketch)
    }

    pub(crate) fn name_of_declared(&self, resource: ResourceRef) -> String {
        let scope = self.eval.scope(resource.scope);
        let view = View::new(self.view.workspace, scope.file);
        view.short_name(self.eval.resource(resource), scope.template)
    }

    /// The resource that a value is or is the ID of.
    pub(crate) fn id_in(&self, value: &Value) -> Option<std::rc::Rc<ResourceId>> {
        match value {
            Value::Resource(resource) => Some(self.eval.id_of(*resource)),
            Value::Str(text) => match text.pieces() {
                [Piece::Id(id)] => Some(id.clone()),
                _ => None,
            },
            Value::Read(read) => match &read.target {
                Target::Declared(resource) if read.path.is_empty() => Some(self.eval.id_of(*resource)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The control plane of a cluster in a word or two, and what it is granted.
    pub(crate) fn control_plane(&self, cluster: &Cluster<'_, '_>) -> (String, Vec<Grant>) {
        let ids = cluster.control_plane_ids();
        if let [id] = ids {
            return (self.name_of(&id.value), self.to_identity(&id.value));
        }
        if !ids.is_empty() {
            let names: Vec<String> = ids.iter().map(|id| self.name_of(&id.value)).collect();
            return (names.join(" or "), Vec::new());
        }
        let own = cluster
            .identities()
            .iter()
            .any(|case| matches!(&case.value.block, IdentityBlock::Object { kind: Kind::SystemAssigned, .. }));
        let absent = cluster.identities().iter().all(|case| matches!(case.value.block, IdentityBlock::Absent));
        let resource = cluster.resource;
        let grants =
            self.to(|principal| matches!(principal, Principal::ControlPlane { cluster, .. } if *cluster == resource));
        let word = if own {
            "system-assigned"
        } else if absent {
            "service principal"
        } else {
            "unknown"
        };
        (word.to_owned(), grants)
    }

    /// The kubelet of a cluster in a word or two, and what it is granted.
    pub(crate) fn kubelet(&self, cluster: &Cluster<'_, '_>) -> (String, Vec<Grant>) {
        let resource = cluster.resource;
        let mut grants =
            self.to(|principal| matches!(principal, Principal::Kubelet { cluster, .. } if *cluster == resource));
        let ids = cluster.kubelet_ids();
        let word = if ids.is_empty() {
            if cluster.kubelets().iter().all(|case| case.value.is_absent()) { "generated" } else { "unknown" }
                .to_owned()
        } else {
            for id in ids {
                for grant in self.to_identity(&id.value) {
                    if !grants.contains(&grant) {
                        grants.push(grant);
                    }
                }
            }
            let mut names: Vec<String> = ids.iter().map(|id| self.name_of(&id.value)).collect();
            names.dedup();
            names.join(" or ")
        };
        (word, grants)
    }

    /// Whose principal or ID a value is, in words.
    pub(crate) fn words_for(&self, value: &Value) -> Option<String> {
        if let Some(principal) = self.eval.principal(value) {
            return Some(match principal {
                Principal::ControlPlane { cluster, property } => {
                    format!("`{property}` of the control plane of {}", self.name_of_declared(cluster))
                }
                Principal::Kubelet { cluster, property } => {
                    format!("`{property}` of the kubelet of {}", self.name_of_declared(cluster))
                }
                Principal::Addon { cluster, key, property } => {
                    format!("`{property}` of the add-on {key} of {}", self.name_of_declared(cluster))
                }
                Principal::Identity { id, property } => format!("`{property}` of the identity {}", self.name_of(&id)),
            });
        }
        let id = self.id_in(value)?;
        (id.is_type(crate::expressions::IDENTITY) == Some(true)).then(|| format!("the identity {}", self.name_of(&id)))
    }

    /// What whoever a value stands for is granted.
    pub(crate) fn grants_of(&self, value: &Value) -> Vec<Grant> {
        match self.eval.principal(value) {
            Some(Principal::ControlPlane { cluster, .. }) => self.control_plane(&Cluster::new(self.eval, cluster)).1,
            Some(Principal::Kubelet { cluster, .. }) => self.kubelet(&Cluster::new(self.eval, cluster)).1,
            Some(Principal::Addon { cluster, key, .. }) => self.to(|principal| {
                matches!(principal, Principal::Addon { cluster: other, key: own, .. }
                    if *other == cluster && own.eq_ignore_ascii_case(&key))
            }),
            Some(Principal::Identity { id, .. }) => self.to_identity(&id),
            None => match self.id_in(value) {
                Some(id) if id.is_type(crate::expressions::IDENTITY) == Some(true) => self.to_identity(&id),
                _ => Vec::new(),
            },
        }
    }
}
