use template::aks::{Case, Cluster, Slot};
use template::value::{ResourceRef, Value};

use crate::feature::{is_true, place_of, put_at, value_of};
use crate::offers::label;
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds encryption of etcd whose key and vault do not fit together.
    ///
    /// ## Why is this a problem
    /// A vault that is reached by a private endpoint (`keyVaultNetworkAccess: 'Private'`) must be named in `keyVaultResourceId`; for
    /// a public one that must be empty. The `keyId` is the URI of one version of a key,
    /// `https://<vault>/keys/<name>/<version>`. AKS refuses anything else.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "securityProfile": {
    ///   "azureKeyVaultKms": { "enabled": true, "keyId": "https://v.vault.azure.net/keys/etcd/0123", "keyVaultNetworkAccess": "Private" }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// securityProfile: {
    ///   azureKeyVaultKms: {
    ///     enabled: true
    ///     keyId: 'https://v.vault.azure.net/keys/etcd/0123'
    ///     keyVaultNetworkAccess: 'Public'
    ///     keyVaultResourceId: resourceId('Microsoft.KeyVault/vaults', 'v')
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// securityProfile: { azureKeyVaultKms: { enabled: true, keyId: 'https://v.vault.azure.net/keys/etcd' } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "securityProfile": {
    ///   "azureKeyVaultKms": {
    ///     "enabled": true,
    ///     "keyId": "https://v.vault.azure.net/keys/etcd/0123",
    ///     "keyVaultNetworkAccess": "Private",
    ///     "keyVaultResourceId": "[resourceId('Microsoft.KeyVault/vaults', 'v')]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// securityProfile: {
    ///   azureKeyVaultKms: { enabled: true, keyId: 'https://v.vault.azure.net/keys/etcd/0123', keyVaultNetworkAccess: 'Public' }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Names a vault that the template declares, says `Private`, or drops the vault; reads `keyUriWithVersion` of a declared key.
    ///
    /// ## When not to use it
    /// Always use it. Where the newer encryption of all resources is set up (`kubernetesResourceObjectEncryptionProfile`), the version
    /// of the key is not asked for.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption>
    pub(crate) struct KmsVaultAccess {
        code: "kms-vault-access",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const KMS: [&str; 3] = ["properties", "securityProfile", "azureKeyVaultKms"];

struct Kms {
    block: Slot,
    enabled: Slot,
    access: Slot,
    vault: Slot,
    key: Slot,
}

impl Rule for KmsVaultAccess {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let cases = settings(ctx, cluster);
        let scope = cluster.resource.scope;
        ctx.judge(&cases, |case| access(ctx, scope, &case.value));
        let newer = cluster.slots(&["properties", "securityProfile", "kubernetesResourceObjectEncryptionProfile"]);
        let versioned = newer.iter().all(|case| case.value.is_absent());
        ctx.judge(&cases, |case| key(ctx, scope, &case.value, versioned));
    }
}

/// Every combination of what is set, as far as the encryption is on.
fn settings(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Vec<Case<Kms>> {
    let mut all = Vec::new();
    for block in cluster.slots(&KMS) {
        if block.value.depth != KMS.len() || !matches!(block.value.value, Value::Object(_)) {
            continue;
        }
        let member = |name, when: &_| ctx.eval.slots_in(&block.value, when, &[name]);
        for enabled in member("enabled", &block.when) {
            for access in member("keyVaultNetworkAccess", &enabled.when) {
                for vault in member("keyVaultResourceId", &access.when) {
                    for key in member("keyId", &vault.when) {
                        let value = Kms {
                            block: block.value.clone(),
                            enabled: enabled.value.clone(),
                            access: access.value.clone(),
                            vault: vault.value.clone(),
                            key: key.value,
                        };
                        all.push(Case { when: key.when, value });
                    }
                }
            }
        }
    }
    all.truncate(64);
    all
}

fn access(ctx: &Ctx<'_>, scope: template::eval::ScopeId, kms: &Kms) -> Option<Finding> {
    if !is_true(&kms.enabled, 1) {
        return None;
    }
    let is_empty = kms.vault.is_absent() || kms.vault.value.literal() == Some("");
    match (&kms.access.value, kms.access.value.literal()) {
        (_, Some("Private")) if is_empty => {
            let vaults = declared(ctx, scope, "Microsoft.KeyVault/vaults").into_iter().filter_map(|vault| {
                let rewrite = put_at(ctx, ctx.rewrite(), &kms.vault, &["keyVaultResourceId"], &New::id(vault))?;
                rewrite.fix(format!("Name the vault {}", label(ctx, vault)), Applicability::Unsafe)
            });
            let message = "`keyVaultNetworkAccess` is `Private`, but `keyVaultResourceId` is missing";
            Some(
                Finding::at(place_of(ctx, &kms.access)?, message)
                    .help("Name the vault that is reached by the private endpoint in `keyVaultResourceId`")
                    .fix(vaults),
            )
        }
        (Value::Null, _) | (_, Some("Public")) if !is_empty && !kms.vault.value.is_unknown() => {
            let property = kms.vault.property?;
            let private = match value_of(ctx, kms.access.property.unwrap_or(property)) {
                Some(place) if kms.access.place.is_some() => ctx.rewrite().replace(place, New::str("Private")),
                _ => {
                    let at = At::Before("keyVaultResourceId");
                    ctx.rewrite().insert(property.object, at, "keyVaultNetworkAccess", New::str("Private"))
                }
            };
            let removed = ctx.rewrite().remove(property.object, &[property.number as usize]);
            let message = "`keyVaultResourceId` is for a vault with private access only; here the access is `Public`";
            let mut finding = Finding::at(place_of(ctx, &kms.vault)?, message)
                .help("Say `keyVaultNetworkAccess: 'Private'`, or leave the vault out")
                .fix(private.fix("Reach the vault by its private endpoint: `Private`", Applicability::Unsafe))
                .fix(removed.fix("Remove `keyVaultResourceId`", Applicability::Unsafe));
            if let (Some(_), Some(location)) = (kms.access.place, place_of(ctx, &kms.access)) {
                finding = finding.related(location, "the access is set here");
            }
            Some(finding)
        }
        _ => None,
    }
}

fn key(ctx: &Ctx<'_>, scope: template::eval::ScopeId, kms: &Kms, versioned: bool) -> Option<Finding> {
    if !is_true(&kms.enabled, 1) {
        return None;
    }
    if kms.key.is_absent() || kms.key.value.literal() == Some("") {
        let keys = declared(ctx, scope, "Microsoft.KeyVault/vaults/keys").into_iter().filter_map(|key| {
            let uri = New::read(key, "properties.keyUriWithVersion");
            let rewrite = put_at(ctx, ctx.rewrite(), &kms.key, &["keyId"], &uri)?;
            rewrite.fix(format!("Use the key {}", label(ctx, key)), Applicability::Unsafe)
        });
        let at = place_of(ctx, &kms.enabled).or_else(|| place_of(ctx, &kms.block))?;
        return Some(
            Finding::at(at, "`azureKeyVaultKms` is on without a `keyId`")
                .help("Name the key: https://<vault>/keys/<name>/<version>")
                .fix(keys),
        );
    }
    let finding = |what: &str| {
        let message = format!("`keyId` {what}; it must be the URI of one version of a key");
        let finding = Finding::at(place_of(ctx, &kms.key)?, message).origin(ctx, &kms.key);
        Some(finding.help("It looks like https://<vault>/keys/<name>/<version>"))
    };
    if let Some(uri) = kms.key.value.literal() {
        return match parts(uri) {
            Key::Unversioned if versioned => finding("has no version"),
            Key::Versioned | Key::Unversioned => None,
            Key::Other => finding("is not the URI of a key"),
        };
    }
    let read = kms.key.value.read()?;
    let is_unversioned = read.path.last()?.eq_ignore_ascii_case("keyUri");
    (is_unversioned && versioned)
        .then(|| Some(finding("has no version")?.severity(Severity::Warning).fix(with_version(ctx, kms, read))))?
}

enum Key {
    Versioned,
    Unversioned,
    Other,
}

fn parts(uri: &str) -> Key {
    let Some(rest) = uri.strip_prefix("https://") else { return Key::Other };
    let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    match segments[..] {
        [host, keys, name, version] if keys.eq_ignore_ascii_case("keys") => {
            if host.is_empty() || name.is_empty() || version.is_empty() { Key::Other } else { Key::Versioned }
        }
        [host, keys, name] if keys.eq_ignore_ascii_case("keys") && !host.is_empty() && !name.is_empty() => {
            Key::Unversioned
        }
        _ => Key::Other,
    }
}

fn with_version(ctx: &Ctx<'_>, kms: &Kms, read: &template::value::Read) -> Option<Fix> {
    let template::value::Target::Declared(key) = read.target else { return None };
    let place = value_of(ctx, kms.key.property?)?;
    if key.scope != place.scope {
        return None;
    }
    let uri = New::read(key, "properties.keyUriWithVersion");
    ctx.rewrite().replace(place, uri).fix("Read `keyUriWithVersion`", Applicability::Safe)
}

/// The resources of that type that a fix can refer to.
fn declared(ctx: &Ctx<'_>, scope: template::eval::ScopeId, resource_type: &str) -> Vec<ResourceRef> {
    let mut all = ctx.eval.resources_of(resource_type);
    all.retain(|resource| resource.scope == scope && ctx.eval.resource(*resource).repeat.is_none());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(kms: &str) -> String {
        format!(
            "resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {{
  name: 'v'
  resource key 'keys' existing = {{ name: 'etcd' }}
}}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    securityProfile: {{
      azureKeyVaultKms: {{
{kms}
      }}
    }}
  }}
}}
"
        )
    }

    #[test]
    fn a_private_vault_has_to_be_named() {
        let key = "        enabled: true\n        keyId: vault::key.properties.keyUriWithVersion\n        keyVaultNetworkAccess: 'Private'";
        check_fix(RULE, &cluster(key), &cluster(&format!("{key}\n        keyVaultResourceId: vault.id")));
    }

    #[test]
    fn the_key_has_a_version() {
        check_fix(
            RULE,
            &cluster("        enabled: true\n        keyId: vault::key.properties.keyUri"),
            &cluster("        enabled: true\n        keyId: vault::key.properties.keyUriWithVersion"),
        );
        check(RULE, &cluster("        enabled: false\n        keyId: 'nonsense'"));
        check(
            RULE,
            &cluster("        enabled: true\n        ^^^^^^^^^^^^^ error[kms-vault-access]: without a `keyId`"),
        );
        check(
            RULE,
            &cluster(
                "        enabled: true
        keyId: 'etcd'
        ^^^^^^^^^^^^^ error[kms-vault-access]: is not the URI of a key",
            ),
        );
    }
}
