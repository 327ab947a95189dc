//! What the identity flags of `az aks` do, for hover and completion.

/// One flag in words.
#[derive(Debug, PartialEq, Eq)]
pub struct FlagDoc {
    /// Its name with the dashes.
    pub flag: &'static str,
    /// What it does; Markdown.
    pub text: &'static str,
    /// What else a command must have: pairs of a command and the flag it needs there.
    pub needs: &'static [(&'static str, &'static str)],
    /// Flags that cannot stand beside it.
    pub excludes: &'static [&'static str],
    /// What to use in its place, if it is out of use.
    pub replaced_by: Option<&'static str>,
    /// The property of the cluster that says the same in a template; empty if none does.
    pub property: &'static str,
}

const BLANK: FlagDoc = FlagDoc { flag: "", text: "", needs: &[], excludes: &[], replaced_by: None, property: "" };

const CREATE: &str = "aks create";
const UPDATE: &str = "aks update";

/// All of them, also of the preview extension.
pub(super) static DOCS: &[FlagDoc] = &[
    FlagDoc {
        flag: "--aad-admin-group-object-ids",
        text: "Object IDs of the Entra ID groups whose members administer the cluster, separated by commas.",
        property: "properties.aadProfile.adminGroupObjectIDs",
        ..BLANK
    },
    FlagDoc {
        flag: "--aad-client-app-id",
        text: "Client application of the legacy Entra ID integration, which no longer works on supported clusters.",
        replaced_by: Some("--enable-aad"),
        property: "properties.aadProfile.clientAppID",
        ..BLANK
    },
    FlagDoc {
        flag: "--aad-server-app-id",
        text: "Server application of the legacy Entra ID integration, which no longer works on supported clusters.",
        replaced_by: Some("--enable-aad"),
        property: "properties.aadProfile.serverAppID",
        ..BLANK
    },
    FlagDoc {
        flag: "--aad-server-app-secret",
        text: "Secret of the server application of the legacy Entra ID integration. A secret on a command line ends up in logs and histories.",
        replaced_by: Some("--enable-aad"),
        property: "properties.aadProfile.serverAppSecret",
        ..BLANK
    },
    FlagDoc {
        flag: "--aad-tenant-id",
        text: "The Entra ID tenant that authenticates the people who use the cluster; by default that of the subscription.",
        property: "properties.aadProfile.tenantID",
        ..BLANK
    },
    FlagDoc {
        flag: "--assign-identity",
        text: "Resource ID of the user-assigned identity for the control plane. Exactly one. The CLI grants it what the network needs; a template has to do so itself.",
        needs: &[(UPDATE, "--enable-managed-identity")],
        excludes: &["--service-principal", "--client-secret"],
        property: "identity.userAssignedIdentities",
        ..BLANK
    },
    FlagDoc {
        flag: "--assign-kubelet-identity",
        text: "Resource ID of the user-assigned identity for the kubelets, which pull images with it. Needs a user-assigned control plane; the CLI grants the control plane Managed Identity Operator on it. On update every node is made anew.",
        needs: &[(CREATE, "--assign-identity")],
        excludes: &["--service-principal", "--client-secret"],
        property: "properties.identityProfile.kubeletidentity.resourceId",
        ..BLANK
    },
    FlagDoc {
        flag: "--assignee-principal-type",
        text: "What kind of principal the role for the registry is granted to, so that a fresh identity need not be looked up first.",
        ..BLANK
    },
    FlagDoc {
        flag: "--attach-acr",
        text: "Name or resource ID of a registry; grants its AcrPull role to the kubelet identity. Without effect on registries in ABAC mode.",
        excludes: &["--no-wait"],
        ..BLANK
    },
    FlagDoc {
        flag: "--detach-acr",
        text: "Takes the AcrPull role on a registry away from the kubelet identity.",
        ..BLANK
    },
    FlagDoc {
        flag: "--azure-keyvault-kms-key-id",
        text: "Identifier of the key that encrypts secrets in etcd: `https://<vault>/keys/<name>/<version>`.",
        needs: &[(CREATE, "--enable-azure-keyvault-kms"), (UPDATE, "--enable-azure-keyvault-kms")],
        property: "properties.securityProfile.azureKeyVaultKms.keyId",
        ..BLANK
    },
    FlagDoc {
        flag: "--azure-keyvault-kms-key-vault-network-access",
        text: "Whether the vault of the key is reached over its public or its private endpoint: `Public` or `Private`.",
        needs: &[(CREATE, "--enable-azure-keyvault-kms"), (UPDATE, "--enable-azure-keyvault-kms")],
        property: "properties.securityProfile.azureKeyVaultKms.keyVaultNetworkAccess",
        ..BLANK
    },
    FlagDoc {
        flag: "--azure-keyvault-kms-key-vault-resource-id",
        text: "Resource ID of the vault of the key; needed when its network access is `Private`.",
        needs: &[(CREATE, "--enable-azure-keyvault-kms"), (UPDATE, "--enable-azure-keyvault-kms")],
        property: "properties.securityProfile.azureKeyVaultKms.keyVaultResourceId",
        ..BLANK
    },
    FlagDoc {
        flag: "--bootstrap-artifact-source",
        text: "Where nodes get the images they start with: `Direct`, or `Cache` for a registry of your own.",
        property: "properties.bootstrapProfile.artifactSource",
        ..BLANK
    },
    FlagDoc {
        flag: "--bootstrap-container-registry-resource-id",
        text: "Resource ID of the registry that caches the images nodes start with; the kubelet identity must be able to pull from it.",
        property: "properties.bootstrapProfile.containerRegistryId",
        ..BLANK
    },
    FlagDoc {
        flag: "--client-secret",
        text: "Secret of the service principal. It expires, and a secret on a command line ends up in logs and histories; a managed identity needs none.",
        needs: &[(CREATE, "--service-principal"), ("aks update-credentials", "--service-principal")],
        excludes: &["--enable-managed-identity", "--assign-identity"],
        property: "properties.servicePrincipalProfile.secret",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-azure-keyvault-kms",
        text: "Stops encrypting secrets in etcd with a key of your own.",
        excludes: &["--enable-azure-keyvault-kms"],
        property: "properties.securityProfile.azureKeyVaultKms.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-azure-rbac",
        text: "Stops authorising requests to the Kubernetes API by Azure role assignments.",
        excludes: &["--enable-azure-rbac"],
        property: "properties.aadProfile.enableAzureRBAC",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-local-accounts",
        text: "Switches off the certificates that give access to the cluster past Entra ID.",
        excludes: &["--enable-local-accounts"],
        property: "properties.disableLocalAccounts",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-rbac",
        text: "Creates the cluster without Kubernetes role-based access control, so that everyone with access may do everything.",
        property: "properties.enableRBAC",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-workload-identity",
        text: "Stops giving pods Entra ID tokens for their service accounts.",
        excludes: &["--enable-workload-identity"],
        property: "properties.securityProfile.workloadIdentity.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--docker-bridge-address",
        text: "Has no effect: nodes run containerd, which has no Docker bridge. Leave it out.",
        property: "properties.networkProfile.dockerBridgeCidr",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-aad",
        text: "Lets people sign in to the cluster with Entra ID.",
        property: "properties.aadProfile.managed",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-azure-keyvault-kms",
        text: "Encrypts secrets in etcd with a key of your own. The control plane reads the key with its identity, which must be user-assigned.",
        needs: &[(CREATE, "--azure-keyvault-kms-key-id"), (UPDATE, "--azure-keyvault-kms-key-id")],
        property: "properties.securityProfile.azureKeyVaultKms.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-azure-rbac",
        text: "Authorises requests to the Kubernetes API by Azure role assignments.",
        needs: &[(CREATE, "--enable-aad")],
        property: "properties.aadProfile.enableAzureRBAC",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-local-accounts",
        text: "Switches the certificates that give access to the cluster past Entra ID on again.",
        excludes: &["--disable-local-accounts"],
        property: "properties.disableLocalAccounts",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-managed-identity",
        text: "Gives the cluster a managed identity in place of a service principal. On create this is the default since 2.16.0. On update without `--assign-identity` the control plane becomes system-assigned, even if it was user-assigned.",
        excludes: &["--service-principal", "--client-secret"],
        property: "identity.type",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-msi-auth-for-monitoring",
        text: "Lets the monitoring agent use the cluster's managed identity.",
        replaced_by: Some("--enable-azure-monitor-logs"),
        property: "properties.addonProfiles.omsagent.config",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-oidc-issuer",
        text: "Makes the cluster publish the keys of its service accounts, so that Entra ID can trust them. It cannot be switched off again.",
        property: "properties.oidcIssuerProfile.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-workload-identity",
        text: "Gives pods Entra ID tokens for their service accounts, through federated credentials of an identity.",
        needs: &[(CREATE, "--enable-oidc-issuer")],
        excludes: &["--disable-workload-identity"],
        property: "properties.securityProfile.workloadIdentity.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--no-wait",
        text: "Returns before the operation is done. Not together with `--attach-acr` on a cluster with a managed identity: the role is granted afterwards.",
        excludes: &["--attach-acr"],
        ..BLANK
    },
    FlagDoc {
        flag: "--private-dns-zone",
        text: "Zone for the name of a private cluster's API server: `system`, `none`, or the resource ID of a zone of your own, which needs a user-assigned control plane with rights on the zone.",
        needs: &[(CREATE, "--enable-private-cluster")],
        property: "properties.apiServerAccessProfile.privateDNSZone",
        ..BLANK
    },
    FlagDoc {
        flag: "--reset-service-principal",
        text: "Replaces the service principal of the cluster, or only its secret.",
        needs: &[("aks update-credentials", "--service-principal"), ("aks update-credentials", "--client-secret")],
        property: "properties.servicePrincipalProfile",
        ..BLANK
    },
    FlagDoc {
        flag: "--reset-aad",
        text: "Replaces the applications of the legacy Entra ID integration.",
        replaced_by: Some("--enable-aad"),
        property: "properties.aadProfile",
        ..BLANK
    },
    FlagDoc {
        flag: "--service-principal",
        text: "Application (client) ID of the service principal the cluster runs as. Not its object ID. A managed identity has no secret to renew.",
        needs: &[(CREATE, "--client-secret"), ("aks update-credentials", "--client-secret")],
        excludes: &["--enable-managed-identity", "--assign-identity"],
        property: "properties.servicePrincipalProfile.clientId",
        ..BLANK
    },
    FlagDoc {
        flag: "--skip-subnet-role-assignment",
        text: "Keeps the CLI from granting Network Contributor on the subnet to the control plane; the grant must then be there already.",
        ..BLANK
    },
    FlagDoc {
        flag: "--yes",
        text: "Answers the questions that a change of identity asks. Without it, an update in a script stops at the first question and changes nothing.",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-pod-identity",
        text: "Switches on the pod identity add-on, which is out of support since September 2025.",
        replaced_by: Some("--enable-workload-identity"),
        property: "properties.podIdentityProfile.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-pod-identity-with-kubenet",
        text: "Accepts the risks of the pod identity add-on on kubenet. The add-on is out of support since September 2025.",
        replaced_by: Some("--enable-workload-identity"),
        property: "properties.podIdentityProfile.allowNetworkPluginKubenet",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-pod-identity",
        text: "Switches off the pod identity add-on, which is out of support since September 2025.",
        property: "properties.podIdentityProfile.enabled",
        ..BLANK
    },
    FlagDoc {
        flag: "--enable-imds-restriction",
        text: "Keeps pods that are not on the host network from reaching the instance metadata service, and with it the identities of the node.",
        ..BLANK
    },
    FlagDoc {
        flag: "--disable-imds-restriction",
        text: "Lets all pods reach the instance metadata service, and with it the identities of the node.",
        ..BLANK
    },
];

/// The words for a flag of any command, also of the preview extension.
pub fn doc(flag: &str) -> Option<&'static FlagDoc> {
    DOCS.iter().find(|doc| doc.flag == flag)
}
