//! Templates of any size, as a generator would write them, in both languages.

use std::fmt::Write as _;

/// A language of templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Json,
    Bicep,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::Bicep];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "ARM JSON",
            Self::Bicep => "Bicep",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Bicep => "bicep",
        }
    }
}

/// What an ARM template begins with.
pub(crate) const JSON_HEAD: &str = "{
  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",
  \"contentVersion\": \"1.0.0.0\",
";

/// A template of about that many bytes: clusters with their identities, a role assignment for each; filled up with
/// parameters where a whole cluster is too much.
pub(crate) fn template(language: Language, bytes: usize) -> String {
    match language {
        Language::Json => json(bytes),
        Language::Bicep => bicep(bytes),
    }
}

fn json(bytes: usize) -> String {
    let mut resources = String::new();
    let mut number = 0;
    loop {
        let cluster = JSON_CLUSTER.replace("{n}", &number.to_string());
        if resources.len() + cluster.len() + 400 > bytes && number > 0 || cluster.len() + 300 > bytes {
            break;
        }
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(resources, "{comma}\n{cluster}");
        number += 1;
    }
    let mut parameters = String::from("    \"prefix\": { \"type\": \"string\" }");
    let mut filler = 0;
    while parameters.len() + resources.len() + 300 < bytes {
        let _ = write!(parameters, ",\n    \"filler{filler}\": {{ \"type\": \"string\", \"defaultValue\": \"text\" }}");
        filler += 1;
    }
    format!("{JSON_HEAD}  \"parameters\": {{\n{parameters}\n  }},\n  \"resources\": [{resources}\n  ]\n}}\n")
}

fn bicep(bytes: usize) -> String {
    let mut text = String::from("param prefix string\n");
    let mut number = 0;
    loop {
        let cluster = BICEP_CLUSTER.replace("{n}", &number.to_string());
        if text.len() + cluster.len() > bytes && number > 0 || cluster.len() + 300 > bytes {
            break;
        }
        text.push_str(&cluster);
        number += 1;
    }
    let mut filler = 0;
    while text.len() + 40 < bytes {
        let _ = writeln!(text, "param filler{filler} string = 'text'");
        filler += 1;
    }
    text
}

const JSON_CLUSTER: &str = r#"    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "[format('{0}-aks-{n}', parameters('prefix'))]",
      "location": "westeurope",
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', format('{0}-id-{n}', parameters('prefix')))]": {}
        }
      },
      "properties": {
        "dnsPrefix": "dns{n}",
        "enableRBAC": true,
        "agentPoolProfiles": [
          { "name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5", "osType": "Linux" },
          { "name": "user", "mode": "User", "count": 3, "vmSize": "Standard_D8s_v5", "osType": "Linux" }
        ],
        "networkProfile": { "networkPlugin": "azure", "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10" },
        "oidcIssuerProfile": { "enabled": true },
        "securityProfile": { "workloadIdentity": { "enabled": true } }
      }
    },
    {
      "type": "Microsoft.Authorization/roleAssignments",
      "apiVersion": "2022-04-01",
      "name": "[guid(resourceGroup().id, 'network-{n}')]",
      "properties": {
        "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
        "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', format('{0}-id-{n}', parameters('prefix'))), '2023-01-31').principalId]",
        "principalType": "ServicePrincipal"
      }
    }"#;

const BICEP_CLUSTER: &str = "
resource id{n} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: '${prefix}-id-{n}'
}

resource aks{n} 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: '${prefix}-aks-{n}'
  location: 'westeurope'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${id{n}.id}': {}
    }
  }
  properties: {
    dnsPrefix: 'dns{n}'
    enableRBAC: true
    agentPoolProfiles: [
      { name: 'system', mode: 'System', count: 3, vmSize: 'Standard_D4s_v5', osType: 'Linux' }
      { name: 'user', mode: 'User', count: 3, vmSize: 'Standard_D8s_v5', osType: 'Linux' }
    ]
    networkProfile: {
      networkPlugin: 'azure'
      serviceCidr: '10.0.0.0/16'
      dnsServiceIP: '10.0.0.10'
    }
    oidcIssuerProfile: {
      enabled: true
    }
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
    }
  }
}

resource network{n} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, 'network-{n}')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    principalId: id{n}.properties.principalId
    principalType: 'ServicePrincipal'
  }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_as_large_as_wanted_and_right() {
        for language in Language::ALL {
            for bytes in [1 << 10, 10 << 10, 100 << 10] {
                let text = template(language, bytes);
                let difference = text.len().abs_diff(bytes);
                assert!(difference < 700.max(bytes / 20), "{language:?}: {} instead of {bytes}", text.len());
                if language == Language::Json {
                    serde_json::from_str::<serde_json::Value>(&text).unwrap();
                }
            }
        }
    }
}
