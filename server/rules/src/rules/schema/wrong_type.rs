use crate::conformance::{Compiler, Kind};
use crate::{Applicability, Ctx, Finding, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds values of the wrong type: a text where there should be a number, an object where there should be an array.
    ///
    /// ## Why is this a problem
    /// The service cannot read the request and refuses it. A number or a truth value written as a text is taken by some
    /// services, so that is a warning only.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "enableRBAC": "true"
    /// ```
    /// ```bicep,frame=properties
    /// enableRBAC: 'true'
    /// ```
    /// ```json,frame=properties
    /// "networkProfile": []
    /// ```
    /// ```bicep,frame=properties
    /// networkProfile: []
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "enableRBAC": true
    /// ```
    /// ```bicep,frame=properties
    /// enableRBAC: true
    /// ```
    ///
    /// ## Fix
    /// Writes the same value in the right type, where there is such a one.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct WrongType {
        code: "wrong-type",
        family: Schema,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP036",
    }
}

impl Rule for WrongType {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let Kind::WrongType { wanted, found, same } = &mistake.kind else { return None };
            let message = format!("`{}` must be {wanted}, not {found}", mistake.path);
            let mut finding = Finding::at(ctx.value_of(mistake), message);
            if let Some(same) = same {
                let fix = ctx.replaceable(mistake).and_then(|place| {
                    let fix = ctx.rewrite().replace(place, same.to_new());
                    fix.fix(format!("Write it as {wanted}"), Applicability::Safe)
                });
                finding = finding.severity(Severity::Warning).fix(fix);
            }
            Some((Compiler::Says, finding))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_with_bicep};

    #[test]
    fn an_unknown_value_has_no_type() {
        check_with_bicep(
            RULE,
            "param a object
param b string
var numbers = { three: 3 }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: b
  properties: {
    enableRBAC: a.x
    dnsPrefix: b
    networkProfile: json(b)
    agentPoolProfiles: [ { name: b, count: numbers.three }, { name: 'x', count: int(b) } ]
  }
}
",
        );
    }

    #[test]
    fn finds_it_in_elements_and_in_what_a_module_is_given() {
        check(
            RULE,
            "//- main.bicep
module m 'aks.bicep' = {
  name: 'm'
  params: { count: '3' }
                   ^^^ warning[wrong-type]: `properties.agentPoolProfiles[].count` must be a number, not a text
}
//- aks.bicep
param count any
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    agentPoolProfiles: [ { name: 'a', count: count } ]
  }
}
",
        );
    }

    #[test]
    fn writes_the_same_in_the_right_type() {
        let json = |value: &str| {
            format!(
                r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "location": "westeurope",
      "properties": {value}
    }}
  ]
}}
"#
            )
        };
        for (before, after) in [
            (r#"{ "enableRBAC": "True" }"#, r#"{ "enableRBAC": true }"#),
            (r#"{ "dnsPrefix": 5 }"#, r#"{ "dnsPrefix": "5" }"#),
            (
                r#"{ "agentPoolProfiles": [ { "name": "a", "count": "3" } ] }"#,
                r#"{ "agentPoolProfiles": [ { "name": "a", "count": 3 } ] }"#,
            ),
            (
                r#"{ "addonProfiles": { "omsagent": { "enabled": true, "config": { "useAADAuth": true } } } }"#,
                r#"{ "addonProfiles": { "omsagent": { "enabled": true, "config": { "useAADAuth": "true" } } } }"#,
            ),
        ] {
            check_fix(RULE, &json(before), &json(after));
        }
    }
}
