use template::aks::{CLUSTER, Cluster};
use template::value::Value;

use crate::conformance::{Compiler, Kind, Mistake};
use crate::rules::identity::identity_misplaced::{is_misplaced, place_words, put};
use crate::{Applicability, Ctx, Finding, Fix, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds properties that no API version of the resource type has: mostly misspelt ones, and ones that stand at the wrong
    /// level.
    ///
    /// ## Why is this a problem
    /// What the service does not know it refuses, or, worse, passes over: the feature is never switched on. The properties
    /// of AKS clusters, of what belongs to them, of identities, role assignments and deployment scripts are known here.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "networkProfil": { "networkPlugin": "azure" }
    /// ```
    /// ```bicep,frame=properties
    /// networkProfil: { networkPlugin: 'azure' }
    /// ```
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "kubernetesVersion": "1.33"
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// kubernetesVersion: '1.33'
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "networkProfile": { "networkPlugin": "azure" }
    /// ```
    /// ```bicep,frame=properties
    /// networkProfile: { networkPlugin: 'azure' }
    /// ```
    ///
    /// ## Fix
    /// Gives it the name that was probably meant, or moves it to where that name belongs. Unsafe: it may have been meant
    /// otherwise.
    ///
    /// ## When not to use it
    /// When a property is in use that is not published yet.
    pub(crate) struct UnknownProperty {
        code: "unknown-property",
        family: Schema,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP037, BCP089",
    }
}

impl Rule for UnknownProperty {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let Kind::Unknown { name, similar, taken } = &mistake.kind else { return None };
            let above = mistake.path.strip_suffix(&**name).map_or("", |above| above.trim_end_matches('.'));
            let is_cluster = mistake.ty.name() == CLUSTER;
            if is_cluster && is_misplaced(above, name) {
                return None;
            }
            let holder = if above.is_empty() { "the resource".to_owned() } else { format!("`{above}`") };
            let message = format!("{holder} has no property `{name}`, in no API version");
            let mut finding = Finding::at(ctx.key_of(mistake), message);
            let elsewhere = elsewhere(mistake, name);
            if let Some((path, named)) = &elsewhere {
                finding = finding.help(format!("`{named}` belongs {}", place_words(path)));
                if is_cluster {
                    finding = finding.fix(moved(ctx, mistake, path, named));
                }
            } else if let Some(nearest) = similar.first() {
                finding = finding.help(format!("Did you mean `{nearest}`?"));
                if !taken {
                    let fix = mistake.spot.property.and_then(|property| {
                        let fix = ctx.rewrite().rename_key(property, nearest);
                        fix.fix(format!("Change it to `{nearest}`"), Applicability::Unsafe)
                    });
                    finding = finding.fix(fix);
                }
            }
            Some((Compiler::Says, finding))
        });
    }
}

/// The only other place where a property of that name can be written, when it is not below an array or a map: the path to
/// it and its usual spelling.
fn elsewhere(mistake: &Mistake, name: &str) -> Option<(Vec<String>, String)> {
    let root = mistake.ty.root(mistake.version)?;
    let mut found = Vec::new();
    let mut pending = vec![(Vec::new(), root)];
    while let Some((path, object)) = pending.pop() {
        for property in object.properties().filter(|property| !property.read_only()) {
            if property.name().eq_ignore_ascii_case(name) {
                found.push((path.clone(), property.name().to_owned()));
            }
            if let schema::Type::Object(inner) = property.ty() {
                let mut deeper = path.clone();
                deeper.push(property.name().to_owned());
                pending.push((deeper, inner));
            }
        }
    }
    let only = found.pop()?;
    found.is_empty().then_some(only)
}

fn moved(ctx: &Ctx<'_>, mistake: &Mistake, path: &[String], named: &str) -> Option<Fix> {
    let property = mistake.spot.property?;
    let cluster = Cluster::new(ctx.eval, mistake.resource);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let holders = ctx.eval.body(mistake.resource);
    let Some(Value::Object(_)) = holders.single() else { return None };
    let rewrite = put(ctx, &cluster, property, &path, named)?;
    rewrite.fix(format!("Move it to {}", place_words(&path)), Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_with_bicep};

    #[test]
    fn looks_into_arrays_maps_and_branches() {
        check(
            RULE,
            r#"
            {
              "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
              "contentVersion": "1.0.0.0",
              "parameters": { "private": { "type": "bool" } },
              "resources": [
                {
                  "type": "Microsoft.ContainerService/managedClusters",
                  "apiVersion": "2025-05-01",
                  "name": "aks",
                  "location": "westeurope",
                  "properties": {
                    "agentPoolProfiles": [ { "name": "a" }, { "name": "b", "cuont": 3 } ],
                                                                           ^^^^^^^ warning[unknown-property]: `properties.agentPoolProfiles[]` has no property `cuont`
                    "addonProfiles": { "omsagent": { "enabled": true, "configs": {} } },
                                                                      ^^^^^^^^^ warning[unknown-property]: no property `configs`
                    "apiServerAccessProfile": "[if(parameters('private'), createObject('enablePrivateClusters', true()), null())]"
                                                                                       ^^^^^^^^^^^^^^^^^^^^^^^ warning[unknown-property]: no property
                  }
                }
              ]
            }
            "#,
        );
    }

    #[test]
    fn what_may_be_anything_is_no_finding() {
        check_with_bicep(
            RULE,
            "param more object
param key string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  tags: { anything: 'goes' }
  properties: {
    ...more
    '${key}': 1
    addonProfiles: more
    identityProfile: { some: {} }
  }
}
",
        );
    }

    #[test]
    fn leaves_to_the_compiler_of_bicep_what_it_sees() {
        check(
            RULE,
            "param given object = { enableRBACK: true }
var known = { networkPlugins: 'azure' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    dnsPrefixx: 'aks'
    networkProfile: known
    aadProfile: any({ manged: true })
                      ^^^^^^ warning[unknown-property]: `manged`
  }
}
",
        );
    }

    #[test]
    fn a_missing_brace_or_value_is_no_finding() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: any({
    dnsPrefix: 'aks'
    networkP:
             ^ error[syntax-error]: value
  })
}
",
        );
    }

    #[test]
    fn moves_what_stands_at_the_wrong_level() {
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
      "properties": {
        "networkPolicy": "calico",
        "networkProfile": {
          "networkPlugin": "azure"
        }
      }
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
      "properties": {
        "networkProfile": {
          "networkPlugin": "azure",
          "networkPolicy": "calico"
        }
      }
    }
  ]
}
"#,
        );
    }
}
