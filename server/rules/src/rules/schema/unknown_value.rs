use template::aks::CLUSTER;

use crate::conformance::{Compiler, Kind, Mistake};
use crate::{Applicability, Ctx, Finding, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds values that are none of those an API version lists for a property.
    ///
    /// ## Why is this a problem
    /// Where the list is closed the service refuses other values. Most lists are open: a value close to a listed one is very
    /// likely misspelt, which is a warning; one like no other may be newer than the facts here, and is an information. Values
    /// that differ in casing alone are taken; that is a hint.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "networkProfile": { "networkPlugin": "azzure" }
    /// ```
    /// ```bicep,frame=properties
    /// networkProfile: { networkPlugin: 'azzure' }
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
    /// Writes the listed value that was probably meant. Safe where the casing alone differs.
    ///
    /// ## When not to use it
    /// When a value is in use that is not published yet.
    pub(crate) struct UnknownValue {
        code: "unknown-value",
        family: Schema,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for UnknownValue {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            if mistake.ty.name() == CLUSTER && mistake.path == "identity.type" {
                return None; // that is what `identity-type-unknown` and `identity-type-combined` are about
            }
            judged(ctx, mistake)
        });
    }
}

/// What there is to say about a value that is not listed.
pub(crate) fn judged(ctx: &Ctx<'_>, mistake: &Mistake) -> Option<(Compiler, Finding)> {
    let Kind::Value { value, cased, similar, open, known } = &mistake.kind else { return None };
    let path = &mistake.path;
    let message = match cased {
        Some(cased) => format!("`{path}` is `{value}`; the usual casing is `{cased}`"),
        None if *open => format!("`{path}` is `{value}`, which is none of the values known"),
        None => format!("`{path}` cannot be `{value}`"),
    };
    let mut finding = Finding::at(ctx.value_of(mistake), message);
    let meant = cased.or(similar.first().copied());
    if let Some(meant) = meant {
        let applicability = if cased.is_some() { Applicability::Safe } else { Applicability::Unsafe };
        let fix = ctx.replaceable(mistake).and_then(|place| {
            ctx.rewrite().replace(place, New::str(meant)).fix(format!("Change it to `{meant}`"), applicability)
        });
        finding = finding.fix(fix);
    }
    let help = match similar.first().filter(|_| cased.is_none()) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => {
            format!("Known values: {}", known.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let severity = match (cased, meant, open) {
        (Some(_), ..) => Severity::Hint,
        (None, None, true) => Severity::Info,
        _ => Severity::Warning,
    };
    let compiler = if *open { Compiler::Silent } else { Compiler::Says };
    Some((compiler, finding.help(help).severity(severity)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn tells_misspelt_values_from_new_ones() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  sku: { name: 'Base', tier: 'Standart' }
                             ^^^^^^^^^^ warning[unknown-value]: none of the values known
  properties: {
    networkProfile: {
      networkPlugin: 'quantum'
                     ^^^^^^^^^ info[unknown-value]: `quantum`
      loadBalancerSku: 'Standard'
                       ^^^^^^^^^^ hint[unknown-value]: the usual casing is `standard`
    }
  }
}
",
        );
    }

    #[test]
    fn an_empty_text_is_none_and_a_variant_has_its_own() {
        check(
            RULE,
            "param shell bool
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: { networkProfile: { networkPolicy: '' } }
}
resource script 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
  name: 'script'
  location: 'westeurope'
  kind: shell ? 'AzurePowerShell' : 'AzureCLI'
  properties: {}
}
",
        );
    }

    #[test]
    fn lists_that_became_free_text_were_examples() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2019-11-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    agentPoolProfiles: [ { name: 'a', vmSize: 'Standard_D4s_v5' } ]
  }
}
",
        );
    }

    #[test]
    fn says_for_which_default_it_holds() {
        check(
            RULE,
            "param plugin string = 'azzure'
                      ^^^^^^^^ warning[unknown-value]: none of the values known
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: { networkProfile: { networkPlugin: plugin } }
}
",
        );
    }
}
