use template::aks::{Cluster, property_of};
use template::value::Value;

use crate::{Applicability, Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds misspelt names of add-ons.
    ///
    /// ## Why is this a problem
    /// `addonProfiles` takes any key. An add-on whose name is misspelt is not there, and neither is the identity that the template
    /// reads from it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "addonProfiles": { "azureKeyVaultSecretProvider": { "enabled": true } }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: { ingressApplicationGatway: { enabled: true } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "addonProfiles": { "azureKeyvaultSecretsProvider": { "enabled": true }, "omsAgent": { "enabled": false } }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: { ingressApplicationGateway: { enabled: true } }
    /// ```
    ///
    /// ## Fix
    /// Writes the name that is near.
    ///
    /// ## When not to use it
    /// Always use it. The casing does not matter, and a name that is like no other is taken for a new add-on.
    pub(crate) struct AddonKeyUnknown {
        code: "addon-key-unknown",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// The names of all add-ons that the command line and the service know or knew.
const ADDONS: [&str; 14] = [
    "ACCSGXDevicePlugin",
    "aciConnectorLinux",
    "aciConnectorWindows",
    "azureDefender",
    "azureKeyvaultSecretsProvider",
    "azurepolicy",
    "confidentialComputing",
    "extensionManager",
    "gitops",
    "httpApplicationRouting",
    "ingressApplicationGateway",
    "kubeDashboard",
    "omsagent",
    "openServiceMesh",
];

impl Rule for AddonKeyUnknown {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        for addons in cluster.slots(&["properties", "addonProfiles"]) {
            let Value::Object(map) = &addons.value.value else { continue };
            for entry in map.entries.iter().filter(|_| !map.damaged) {
                let Some(key) = entry.key.as_ref().and_then(|key| key.literal()) else { continue };
                let Some(property) = property_of(entry) else { continue };
                if ADDONS.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                    continue;
                }
                let (Some(near), Some(at)) = (near(key), ctx.eval.key_location(property)) else { continue };
                let Some(when) = ctx.eval.and(&addons.when, &entry.when) else { continue };
                let fix = ctx.rewrite().rename_key(property, near).fix(format!("Write `{near}`"), Applicability::Safe);
                let message = format!("there is no add-on `{key}`; `{near}` is near");
                ctx.report(
                    ctx.finding(at, message, &when).help("Write the name of the add-on as AKS knows it").fix(fix),
                );
            }
        }
    }
}

/// The add-on that is meant: not more than three letters away, and not more than a sixth of the name.
fn near(key: &str) -> Option<&'static str> {
    let limit = (key.len() / 6).clamp(1, 3);
    let distance = |known: &str| strsim::damerau_levenshtein(&key.to_ascii_lowercase(), &known.to_ascii_lowercase());
    ADDONS.into_iter().find(|known| distance(known) <= limit)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn only_near_misses_are_meant() {
        assert_eq!(near("omsagnt"), Some("omsagent"));
        assert_eq!(near("openServicesMesh"), Some("openServiceMesh"));
        assert_eq!(near("azureContainerStorage"), None);
        assert_eq!(near("azureKeyVault"), None);
    }
}
