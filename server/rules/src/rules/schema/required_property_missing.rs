use schema::Type;
use template::eval::Place;

use crate::conformance::{Compiler, Kind, Mistake};
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds objects without a property that is required in them.
    ///
    /// ## Why is this a problem
    /// The request is refused. Without `location` that is certain; what the resource types call required otherwise the
    /// service may have a default for, so that is a warning.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "addonProfiles": { "azurepolicy": { "config": {} } }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: { azurepolicy: { config: {} } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "addonProfiles": { "azurepolicy": { "enabled": true, "config": {} } }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: { azurepolicy: { enabled: true, config: {} } }
    /// ```
    ///
    /// ## Fix
    /// Adds `location` as that of the resource group, and what is switched on or off as switched on. Unsafe: it may have
    /// been meant otherwise.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct RequiredPropertyMissing {
        code: "required-property-missing",
        family: Schema,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP035",
    }
}

impl Rule for RequiredPropertyMissing {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let Kind::Missing { name } = mistake.kind else { return None };
            let holder = mistake.path.strip_suffix(name).map_or("", |above| above.trim_end_matches('.'));
            let holder = if holder.is_empty() { "the resource".to_owned() } else { format!("`{holder}`") };
            let finding = Finding::at(ctx.key_of(mistake), format!("{holder} lacks `{name}`, which is required"));
            let is_location = mistake.path == "location";
            let finding = if is_location { finding } else { finding.severity(Severity::Warning) };
            Some((Compiler::Says, finding.help(format!("Add `{name}`")).fix(mend(ctx, mistake, name))))
        });
    }
}

fn mend(ctx: &Ctx<'_>, mistake: &Mistake, name: &str) -> Option<Fix> {
    let object = mistake
        .spot
        .value
        .unwrap_or_else(|| Place { scope: mistake.resource.scope, expr: ctx.eval.resource(mistake.resource).body });
    let known = mistake.ty.property(mistake.version, &mistake.path)?;
    let value = match known.ty() {
        Type::Bool => New::Bool(true),
        _ if mistake.path == "location" => {
            New::Member(Box::new(New::Call("resourceGroup", Vec::new())), vec!["location".to_owned()])
        }
        _ => return None,
    };
    let at = if mistake.path == "location" { At::After("name") } else { At::First };
    ctx.rewrite().set(object, at, name, value).fix(format!("Add `{name}`"), Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_with_bicep};

    #[test]
    fn what_may_be_there_is_not_missing() {
        check_with_bicep(
            RULE,
            "param more object
resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'a'
  ...more
  properties: {
    addonProfiles: {
      omsagent: union(more, { config: {} })
      azurepolicy: more
    }
  }
}
resource b 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = {
  name: 'b'
}
",
        );
    }

    #[test]
    fn what_only_the_deployment_knows_is_no_condition() {
        check_with_bicep(
            RULE,
            "param name string
resource old 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: name }
resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'a'
  location: 'westeurope'
  properties: {
    servicePrincipalProfile: { clientId: old.properties.?servicePrincipalProfile.?clientId ?? null }
    windowsProfile: { adminUsername: empty(old.properties.windowsProfile) ? null : 'a' }
  }
}
",
        );
    }

    #[test]
    fn says_when_it_is_missing() {
        check_with_bicep(
            RULE,
            "param on bool
resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = if (on) {
  name: 'a'
  location: 'westeurope'
  properties: {
    servicePrincipalProfile: on ? { secret: '' } : { clientId: 'msi' }
    ^^^^^^^^^^^^^^^^^^^^^^^ warning[required-property-missing]: `properties.servicePrincipalProfile` lacks `clientId`
    windowsProfile: !on ? { adminPassword: '' } : null
  }
}
",
        );
    }

    #[test]
    fn adds_the_location() {
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
      "location": "[resourceGroup().location]",
      "properties": {}
    }
  ]
}
"#,
        );
    }

    #[test]
    fn leaves_to_the_compiler_of_bicep_what_it_sees() {
        check(RULE, "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {\n  name: 'aks'\n}\n");
    }
}
