use template::aks::{Cluster, IdentityBlock, Ids, Kind, Slot};

use crate::offers::{Offer, control_planes};
use crate::{Applicability, At, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters of type `UserAssigned` that name no identity.
    ///
    /// ## Why is this a problem
    /// AKS cannot guess which identity is meant. The deployment fails with
    /// `the identity ids must not be null or empty for UserAssigned identity type`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "UserAssigned" }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: {} }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// ```
    ///
    /// ## Fix
    /// Names an identity that the template declares, each as an alternative; without one declares a new identity. Or changes
    /// the type to `SystemAssigned`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// Azure/AKS#1971.
    pub(crate) struct UserAssignedWithoutIds {
        code: "user-assigned-without-ids",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for UserAssignedWithoutIds {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        // At the wrong level they are `identity-misplaced`, which moves them.
        let misplaced = [&["userAssignedIdentities"][..], &["properties", "userAssignedIdentities"]];
        let is_there = |slot: &Slot| !slot.is_absent() && !slot.value.is_unknown();
        if misplaced.iter().any(|path| cluster.slots(path).iter().any(|case| is_there(&case.value))) {
            return;
        }
        let names_none = |block: &IdentityBlock| match block {
            IdentityBlock::Object { kind: Kind::UserAssigned, ids, .. } => match ids {
                Ids::Absent | Ids::Null => true,
                Ids::Map { entries, open } => entries.is_empty() && !open,
                _ => false,
            },
            _ => false,
        };
        // What is written for all cases takes the place of what other cases have.
        let is_certain = cluster.identities().iter().all(|case| names_none(&case.value.block));
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { kind_slot, ids, ids_slot, .. } = &case.value.block else { return None };
            if !names_none(&case.value.block) {
                return None;
            }
            let at = match ids {
                Ids::Absent => ctx.eval.written_at(kind_slot)?,
                _ => ctx.eval.written_at(ids_slot)?,
            };
            let block = case.value.slot.place?;
            let offers = control_planes(ctx, cluster);
            let applicability = match offers.as_slice() {
                [Offer::Declared(_)] if is_certain => Applicability::Safe,
                _ => Applicability::Unsafe,
            };
            let named = offers.iter().filter_map(|offer| {
                let map = New::Object(vec![(offer.id(), New::empty_object())]);
                let rewrite = ctx.rewrite().set(block, At::After("type"), "userAssignedIdentities", map);
                let title = match offer {
                    Offer::Declared(_) => format!("Use the identity {}", offer.label(ctx)),
                    Offer::New(_) => "Declare a new identity and use it".to_owned(),
                };
                offer.declare(rewrite, cluster.resource).fix(title, applicability)
            });
            let system = ctx.rewrite().replace(kind_slot.place?, New::str("SystemAssigned"));
            let system = match ids {
                Ids::Map { .. } if is_certain => system.remove_property(block, "userAssignedIdentities"),
                _ => system,
            };
            let message = "`identity.type` is `UserAssigned`, but `userAssignedIdentities` names no identity";
            Some(
                Finding::at(at, message)
                    .help("Name one user-assigned identity by its resource ID, with `{}` as the value")
                    .origin(ctx, kind_slot)
                    .fix(named)
                    .fix(system.fix("Change the type to `SystemAssigned`", Applicability::Unsafe)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_no_safe_fix};

    #[test]
    fn pairs_branches_on_the_same_condition() {
        check(
            RULE,
            "param id string = ''
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type: empty(id) ? 'SystemAssigned' : 'UserAssigned'
    userAssignedIdentities: !empty(id) ? { '${id}': {} } : null
  }
  properties: {}
}
",
        );
    }

    #[test]
    fn finds_a_branch_that_does_not_pair() {
        check(
            RULE,
            "param own bool
param other bool
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type: own ? 'UserAssigned' : 'SystemAssigned'
    userAssignedIdentities: other ? { '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m': {} } : null
                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[user-assigned-without-ids]: names no identity
  }
  properties: {}
}
",
        );
    }

    #[test]
    fn ids_at_the_wrong_level_are_not_missing() {
        check(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned' }
  properties: { userAssignedIdentities: { '${mi.id}': {} } }
}
",
        );
    }

    #[test]
    fn what_callers_may_give_is_not_overwritten_without_asking() {
        check_no_safe_fix(
            RULE,
            "param ids object = {}
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: ids }
  properties: {}
}
",
        );
    }

    #[test]
    fn stays_silent_when_the_ids_are_not_known() {
        check(
            RULE,
            "param ids object
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: ids }
  properties: {}
}
",
        );
    }

    #[test]
    fn declares_an_identity_where_there_is_none() {
        check_fix(
            RULE,
            r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "location": "westeurope",
      "identity": {
        "type": "UserAssigned"
      },
      "properties": {}
    }
  ]
}
"#,
            r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "location": "westeurope",
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-identity')]": {}
        }
      },
      "dependsOn": [
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-identity')]"
      ],
      "properties": {}
    },
    {
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "aks-identity",
      "location": "westeurope"
    }
  ]
}
"#,
        );
    }
}
