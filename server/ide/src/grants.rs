//! Who acts in a cluster, and what it is granted: for hovers, hints and lenses.

use std::fmt::Write as _;

use template::Evaluator;
use template::aks::{Cluster, IDENTITY, Principal};
use template::condition::Conditions;
use template::grants::Bearer;
use template::identities::{Granted, Part, Who};
use template::value::{ResourceId, ResourceRef, Target, Value};

use crate::View;

/// Looks at a deployment for who acts and what it may do.
pub(crate) struct Grants<'e, 'w> {
    pub(crate) view: View<'w>,
    pub(crate) eval: &'e Evaluator<'w>,
}

impl Grants<'_, '_> {
    /// What somebody is granted, whenever.
    pub(crate) fn granted_to(&self, bearer: &Bearer) -> Vec<Granted> {
        self.eval.granted_to(bearer, &[Conditions::TRUE])
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
            Value::Str(_) => value.made_id().cloned(),
            Value::Read(read) => match &read.target {
                Target::Declared(resource) if read.path.is_empty() => Some(self.eval.id_of(*resource)),
                _ => None,
            },
            _ => None,
        }
    }

    /// An actor in a word or two, or several.
    fn name_of_actor(&self, who: &Who) -> String {
        match who {
            Who::Identity(id) => self.name_of(id),
            Who::Generated(_) => "generated".to_owned(),
            who => self.eval.label_of_actor(who),
        }
    }

    /// Everybody that a part can be, and what they are granted.
    pub(crate) fn line_of_part(&self, part: &Part) -> String {
        let mut names: Vec<String> = Vec::new();
        let mut granted: Vec<String> = Vec::new();
        for actor in &part.actors {
            names.push(self.name_of_actor(&actor.who));
            granted.extend(actor.grants.iter().map(granted_words));
        }
        names.dedup();
        let mut seen = Vec::new();
        granted.retain(|words| {
            !seen.contains(words) && {
                seen.push(words.clone());
                true
            }
        });
        let granted = if granted.is_empty() { String::new() } else { format!(" ({})", granted.join(", ")) };
        format!("{}: {}{granted}", part.kind.label(), names.join(" or "))
    }

    /// Who is who in a cluster, in Markdown: a line for each that acts in it, with what it has and lacks.
    pub(crate) fn page_of_cluster(&self, cluster: ResourceRef) -> String {
        let mut page = String::from("Who acts in this cluster:\n");
        for part in Cluster::new(self.eval, cluster).parts() {
            for actor in &part.actors {
                let _ = write!(page, "- {}: **{}**", part.kind.label(), self.name_of_actor(&actor.who));
                if let Who::Generated(Some(name)) = &actor.who {
                    let _ = write!(page, " as `{name}`");
                }
                if !actor.when.is_empty() {
                    let _ = write!(page, " when {}", actor.when);
                }
                for granted in &actor.grants {
                    let _ = write!(page, "\n  - has {}", granted_words(granted));
                }
                for missing in actor.missing.iter().filter(|missing| missing.certain) {
                    let _ = write!(page, "\n  - lacks {} on {}", missing.role, missing.scope);
                }
                page.push('\n');
            }
        }
        page
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
        (id.is_type(IDENTITY) == Some(true)).then(|| format!("the identity {}", self.name_of(&id)))
    }

    /// What whoever a value stands for is granted.
    pub(crate) fn grants_of(&self, value: &Value) -> Vec<Granted> {
        let mut bearers: Vec<(Conditions, Bearer)> =
            self.eval.bearers(value).into_iter().filter_map(|case| Some((case.when, case.value?))).collect();
        if bearers.is_empty()
            && let Some(id) = self.id_in(value).filter(|id| id.is_type(IDENTITY) == Some(true))
        {
            bearers.push((Conditions::TRUE, Bearer::Identity(id)));
        }
        let mut all: Vec<Granted> = Vec::new();
        for (when, bearer) in bearers {
            for granted in self.eval.granted_to(&bearer, &[when]) {
                if !all.contains(&granted) {
                    all.push(granted);
                }
            }
        }
        all
    }
}

/// `AcrPull on acr`, and when.
pub(crate) fn granted_words(granted: &Granted) -> String {
    let when = if granted.when.is_empty() { String::new() } else { format!(" when {}", granted.when) };
    format!("{} on {}{when}", granted.role, granted.scope)
}
