use template::aks::Cluster;
use template::eval::Place;
use template::value::Occurs;
use template::value::{ResourceId, Value};

use crate::conformance::{Compiler, Kind, Mistake};
use crate::offers::label_of_id;
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds pod identities, and exceptions from them, that are written in another shape than AKS takes.
    ///
    /// ## Why is this a problem
    /// `podIdentityProfile.userAssignedIdentities` has the name of the map in `identity`, but is an array: of objects with `name`,
    /// `namespace` and `identity`. An exception has `name`, `namespace` and `podLabels`. There may be 200 of either.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "podIdentityProfile": {
    ///   "enabled": false,
    ///   "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app')]": {} }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// podIdentityProfile: {
    ///   enabled: false
    ///   userAssignedIdentities: [{ name: 'app', identity: { resourceId: mi.id } }]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "podIdentityProfile": {
    ///   "enabled": false,
    ///   "userAssignedIdentities": [
    ///     { "name": "app", "namespace": "apps", "identity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app')]" } }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// podIdentityProfile: {
    ///   enabled: false
    ///   userAssignedIdentityExceptions: [
    ///     { name: 'aks', namespace: 'kube-system', podLabels: { 'kubernetes.azure.com/managedby': 'aks' } }
    ///   ]
    /// }
    /// ```
    ///
    /// ## Fix
    /// Makes the array of the map. The namespaces are left to fill in.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct PodIdentityShape {
        code: "pod-identity-shape",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP035, BCP036",
    }
}

/// Identities and exceptions.
const LISTS: &str = "properties.podIdentityProfile.userAssignedIdentit";
const IDENTITIES: &str = "properties.podIdentityProfile.userAssignedIdentities";
/// As many identities, and as many exceptions, are allowed.
const LIMIT: usize = 200;

impl Rule for PodIdentityShape {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            if mistake.ty.name() != template::aks::CLUSTER || !mistake.path.starts_with(LISTS) {
                return None;
            }
            let finding = finding(ctx, mistake)?;
            Some((Compiler::Says, finding))
        });
        for resource in ctx.eval.clusters() {
            let cluster = Cluster::new(ctx.eval, resource);
            for name in ["userAssignedIdentities", "userAssignedIdentityExceptions"] {
                too_many(ctx, &cluster, name);
            }
        }
    }
}

fn finding(ctx: &Ctx<'_>, mistake: &Mistake) -> Option<Finding> {
    let short = mistake.path.strip_prefix("properties.")?;
    match &mistake.kind {
        Kind::WrongType { wanted, found, .. } => {
            let message = format!("`{short}` is {found}; it must be {wanted}");
            let help = "An element is `{ name, namespace, identity: { resourceId } }`";
            let is_list = mistake.path == IDENTITIES;
            let fix = if is_list { listed(ctx, mistake) } else { None };
            Some(Finding::at(ctx.value_of(mistake), message).help(help).fix(fix))
        }
        Kind::Missing { name } => {
            let what =
                if mistake.path.starts_with(&format!("{IDENTITIES}[")) { "a pod identity" } else { "an exception" };
            let message = format!("{what} in `podIdentityProfile` lacks its `{name}`");
            Some(Finding::at(ctx.value_of(mistake), message).help(format!("Add `{name}`")))
        }
        _ => None,
    }
}

/// The map of identities as the array it should be.
fn listed(ctx: &Ctx<'_>, mistake: &Mistake) -> Option<Fix> {
    let place = ctx.replaceable(mistake)?;
    let values = ctx.eval.value(place);
    let Value::Object(map) = values.single()? else { return None };
    let mut items = Vec::new();
    for entry in &map.entries {
        let key = entry.key.as_ref()?;
        let (_, property) = ctx.eval.property(template::aks::property_of(entry)?)?;
        let id: Option<std::rc::Rc<ResourceId>> = ctx.eval.parse_id(key, place.scope, place);
        let name = id.map_or_else(|| "identity".to_owned(), |id| label_of_id(ctx, &id));
        let resource_id = New::Copy(Place { scope: place.scope, expr: property.key });
        items.push(New::object([
            ("name", New::str(name)),
            ("namespace", New::str("default")),
            ("identity", New::object([("resourceId", resource_id)])),
        ]));
    }
    ctx.rewrite().replace(place, New::Array(items)).fix("Make it an array", Applicability::DisplayOnly)
}

fn too_many(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, name: &str) {
    ctx.judge(&cluster.slots(&["properties", "podIdentityProfile", name]), |case| {
        let Value::Array(items) = &case.value.value else { return None };
        let certain = items.elements.iter().filter(|item| item.occurs == Occurs::Once && item.when.is_true()).count();
        if certain <= LIMIT {
            return None;
        }
        let message = format!("`{name}` has {certain} elements; AKS takes {LIMIT}");
        Some(Finding::at(ctx.eval.key_location(case.value.property?)?, message))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_with_bicep};

    #[test]
    fn exceptions_have_labels_and_an_end() {
        check_with_bicep(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    podIdentityProfile: {
      userAssignedIdentityExceptions: [
        { name: 'x', namespace: 'y' }
        ^ error[pod-identity-shape]: an exception in `podIdentityProfile` lacks its `podLabels`
      ]
    }
  }
}
",
        );
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    podIdentityProfile: {
      userAssignedIdentities: LIST
      ^^^^^^^^^^^^^^^^^^^^^^ error[pod-identity-shape]: has 201 elements
    }
  }
}
"
            .replace("LIST", &format!("[{}]", vec!["{ name: 'p', namespace: 'y', identity: {} }"; 201].join(", ")))
            .as_str(),
        );
    }
}
