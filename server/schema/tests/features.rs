//! Since when each feature exists: thresholds noted by hand, checked against the table.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use schema::{ApiVersion, Line, Match, ResourceType, Status, Type, resource_type};

fn clusters() -> ResourceType {
    resource_type("Microsoft.ContainerService/managedClusters").unwrap()
}

fn version(text: &str) -> ApiVersion {
    ApiVersion::parse(text).unwrap()
}

/// Path, first stable version, first preview (without its suffix); `-` for none. A feature stays once it is there.
const SINCE: &[(&str, &str, &str)] = &[
    ("identity", "2019-04-01", "2021-11-01"),
    ("identity.type", "2019-04-01", "2021-11-01"),
    ("identity.principalId", "2019-04-01", "2021-11-01"),
    ("identity.tenantId", "2019-04-01", "2021-11-01"),
    ("identity.userAssignedIdentities", "2020-06-01", "2021-11-01"),
    ("identity.userAssignedIdentities.*.principalId", "2020-06-01", "2021-11-01"),
    ("identity.userAssignedIdentities.*.clientId", "2020-06-01", "2021-11-01"),
    ("identity.delegatedResources", "2023-06-01", "2023-06-02"),
    ("identity.delegatedResources.*.referralResource", "2023-06-01", "2023-06-02"),
    ("properties.identityProfile", "2019-11-01", "2021-11-01"),
    ("properties.identityProfile.kubeletidentity.resourceId", "2019-11-01", "2021-11-01"),
    ("properties.identityProfile.kubeletidentity.clientId", "2019-11-01", "2021-11-01"),
    ("properties.identityProfile.kubeletidentity.objectId", "2019-11-01", "2021-11-01"),
    ("properties.servicePrincipalProfile", "2017-08-31", "2018-08-01"),
    ("properties.servicePrincipalProfile.clientId", "2017-08-31", "2018-08-01"),
    ("properties.servicePrincipalProfile.secret", "2017-08-31", "2018-08-01"),
    ("properties.addonProfiles.omsagent", "2018-03-31", "2018-08-01"),
    ("properties.addonProfiles.omsagent.identity", "2019-11-01", "2021-11-01"),
    ("properties.aadProfile", "2018-03-31", "2018-08-01"),
    ("properties.aadProfile.managed", "2020-03-01", "2021-11-01"),
    ("properties.aadProfile.adminGroupObjectIDs", "2020-03-01", "2021-11-01"),
    ("properties.aadProfile.enableAzureRBAC", "2020-06-01", "2021-11-01"),
    ("properties.disableLocalAccounts", "2021-03-01", "2021-11-01"),
    ("properties.podIdentityProfile", "2020-11-01", "2021-11-01"),
    ("properties.podIdentityProfile.allowNetworkPluginKubenet", "2021-02-01", "2021-11-01"),
    ("properties.podIdentityProfile.userAssignedIdentities[].bindingSelector", "2021-03-01", "2021-11-01"),
    ("properties.oidcIssuerProfile", "2022-09-01", "2021-11-01"),
    ("properties.oidcIssuerProfile.issuerURL", "2022-09-01", "2021-11-01"),
    ("properties.securityProfile.workloadIdentity.enabled", "2023-02-01", "2022-03-02"),
    ("properties.securityProfile.azureKeyVaultKms", "2022-06-01", "2022-02-02"),
    ("properties.securityProfile.azureKeyVaultKms.keyVaultNetworkAccess", "2022-06-01", "2022-05-02"),
    ("properties.securityProfile.azureKeyVaultKms.keyVaultResourceId", "2022-06-01", "2022-05-02"),
    ("properties.securityProfile.kubernetesResourceObjectEncryptionProfile", "-", "2025-06-02"),
    ("properties.securityProfile.serviceAccountImagePullProfile", "-", "2026-01-02"),
    ("properties.securityProfile.serviceAccountImagePullProfile.defaultManagedIdentityId", "-", "2026-01-02"),
    (
        "properties.securityProfile.defender.securityGating.identities[].azureContainerRegistry",
        "2026-05-01",
        "2025-01-02",
    ),
    ("properties.diskEncryptionSetID", "2020-01-01", "2021-11-01"),
    ("properties.apiServerAccessProfile.privateDNSZone", "2020-11-01", "2021-11-01"),
    ("properties.apiServerAccessProfile.enableVnetIntegration", "2025-03-01", "2022-04-02"),
    ("properties.apiServerAccessProfile.subnetId", "2025-03-01", "2022-04-02"),
    ("properties.privateLinkResources", "2021-03-01", "2021-11-01"),
    ("properties.httpProxyConfig", "2021-03-01", "2021-11-01"),
    ("properties.bootstrapProfile", "2025-01-01", "2024-01-02"),
    ("properties.ingressProfile.webAppRouting", "2024-01-01", "2022-03-02"),
    ("properties.ingressProfile.webAppRouting.dnsZoneResourceIds", "2024-01-01", "2023-07-02"),
    ("properties.ingressProfile.webAppRouting.identity", "2024-01-01", "2023-02-02"),
    ("properties.ingressProfile.applicationLoadBalancer.identity", "-", "2025-09-02"),
    ("properties.serviceMeshProfile.istio.certificateAuthority.plugin.keyVaultId", "2023-08-01", "2023-06-02"),
    ("properties.nodeProvisioningProfile", "2025-05-01", "2023-09-02"),
    ("properties.hostedSystemProfile", "2026-02-01", "2025-08-02"),
    ("properties.agentPoolProfiles[].virtualMachinesProfile", "2025-04-01", "2023-10-02"),
];

#[test]
fn features_appear_when_noted_and_stay() {
    let ty = clusters();
    for (path, stable, preview) in SINCE {
        let versions = ty.versions_with(path);
        let text = |version: Option<ApiVersion>| version.map_or("-".to_owned(), |version| version.date().to_string());
        assert_eq!(
            (text(versions.first_stable()), text(versions.first_preview())),
            ((*stable).into(), (*preview).into()),
            "{path}"
        );
        for known in ty.api_versions().iter() {
            let first = if known.is_preview() { versions.first_preview() } else { versions.first_stable() };
            let expected = first.is_some_and(|first| known >= first);
            assert_eq!(versions.contains(known), expected, "{path} in {known}");
        }
    }
}

#[test]
fn host_groups_and_reservations_appear_when_noted() {
    // Only their stable thresholds were noted.
    for (path, stable) in [("hostGroupID", "2022-06-01"), ("capacityReservationGroupID", "2023-10-01")] {
        let versions = clusters().versions_with(&format!("properties.agentPoolProfiles[].{path}"));
        assert_eq!(versions.first_stable(), Some(version(stable)), "{path}");
    }
}

#[test]
fn removed_features_are_gone() {
    let ty = clusters();
    let bridge = ty.versions_with("properties.networkProfile.dockerBridgeCidr");
    assert_eq!(bridge.first_stable(), Some(version("2018-03-31")));
    assert!(bridge.contains(version("2023-03-01")) && !bridge.contains(version("2023-04-01")));
    assert!(bridge.contains(version("2023-03-02-preview")) && !bridge.contains(version("2023-04-02-preview")));
    let property = ty.property(version("2023-01-01"), "properties.networkProfile.dockerBridgeCidr").unwrap();
    assert_eq!(property.removed(Line::Stable), Some(version("2023-04-01")));
    assert_eq!(property.removed(Line::Preview), Some(version("2023-04-02-preview")));
    let reference = ty.versions_with("properties.servicePrincipalProfile.keyVaultSecretRef.vaultID");
    assert_eq!(reference.iter().collect::<Vec<_>>(), [version("2017-08-31")]);
    let zone = ty.versions_with("properties.ingressProfile.webAppRouting.dnsZoneResourceId");
    assert!(zone.contains(version("2023-06-02-preview")) && !zone.contains(version("2023-07-02-preview")));
}

#[test]
fn identity_type_has_the_noted_values() {
    let ty = clusters();
    let user_assigned = ty.versions_with_value("identity.type", "UserAssigned");
    assert_eq!(user_assigned.first_stable(), Some(version("2020-06-01")));
    assert_eq!(user_assigned.first_preview(), Some(version("2021-11-01-preview")));
    for (name, expected) in
        [("2019-04-01", &["None", "SystemAssigned"][..]), ("2020-04-01", &["None", "SystemAssigned"])]
    {
        let property = ty.property(version(name), "identity.type").unwrap();
        let Type::Enum(values) = property.ty() else { panic!("{property:?}") };
        assert_eq!(values.values().collect::<Vec<_>>(), expected, "{name}");
        assert!(!values.is_open());
    }
    let open = ty.versions_open("identity.type");
    assert_eq!(open.first_stable(), Some(version("2025-10-01")));
    assert_eq!(open.first_preview(), Some(version("2025-10-02-preview")));
    assert!(!open.contains(version("2025-09-01")));
}

#[test]
fn values_are_found_in_any_case() {
    let Type::Enum(values) = clusters().property(version("2024-09-01"), "identity.type").unwrap().ty() else {
        panic!()
    };
    assert_eq!(values.find("UserAssigned"), Match::Exact);
    assert_eq!(values.find("userassigned"), Match::OtherCase("UserAssigned"));
    assert_eq!(values.find("UserAsigned"), Match::No);
    assert_eq!(values.similar("UserAsigned"), ["UserAssigned"]);
}

#[test]
fn marks_are_as_noted() {
    let ty = clusters();
    for path in [
        "identity.principalId",
        "identity.tenantId",
        "identity.userAssignedIdentities.*.principalId",
        "identity.userAssignedIdentities.*.clientId",
        "properties.addonProfiles.*.identity",
        "properties.addonProfiles.*.identity.objectId",
        "properties.ingressProfile.webAppRouting.identity",
        "properties.oidcIssuerProfile.issuerURL",
    ] {
        assert_eq!(ty.versions_read_only(path), ty.versions_with(path), "{path}");
    }
    for path in ["properties.identityProfile.*.objectId", "properties.identityProfile.*.resourceId", "identity.type"] {
        assert!(ty.versions_read_only(path).is_empty(), "{path}");
        assert!(ty.versions_required(path).is_empty(), "{path}");
    }
    for path in ["properties.servicePrincipalProfile.clientId", "properties.addonProfiles.*.enabled"] {
        assert_eq!(ty.versions_required(path), ty.versions_with(path), "{path}");
    }
    let secret = ty.versions_sensitive("properties.servicePrincipalProfile.secret");
    for (name, expected) in [
        ("2023-01-01", false),
        ("2023-02-01", true),
        ("2023-05-01", true),
        ("2023-06-01", false),
        ("2025-09-01", false),
        ("2025-10-01", true),
        ("2026-05-01", true),
    ] {
        assert_eq!(secret.contains(version(name)), expected, "{name}");
    }
    let identity = "properties.podIdentityProfile.userAssignedIdentities[]";
    for name in ["name", "namespace", "identity"] {
        let path = format!("{identity}.{name}");
        assert_eq!(ty.versions_required(&path), ty.versions_with(&path), "{path}");
    }
    let labels = "properties.podIdentityProfile.userAssignedIdentityExceptions[].podLabels";
    assert_eq!(ty.versions_required(labels), ty.versions_with(labels));
}

#[test]
fn shapes_are_as_noted() {
    let ty = clusters();
    let shape = |path: &str| ty.property(version("2026-05-01"), path).unwrap().ty().word();
    assert_eq!(shape("identity.userAssignedIdentities"), "map");
    assert_eq!(shape("properties.identityProfile"), "map");
    assert_eq!(shape("properties.podIdentityProfile.userAssignedIdentities"), "array");
    assert_eq!(shape("properties.addonProfiles.x.config"), "map");
    assert_eq!(shape("properties.disableLocalAccounts"), "bool");
    assert_eq!(shape("properties.agentPoolProfiles[0].count"), "int");
}

#[test]
fn node_pools_of_virtual_machines_appear_when_noted() {
    let values = clusters().versions_with_value("properties.agentPoolProfiles[].type", "VirtualMachines");
    assert_eq!(values.first_stable(), Some(version("2025-04-01")));
    // One preview before the profile that such a pool needs.
    assert_eq!(values.first_preview(), Some(version("2023-09-02-preview")));
}

#[test]
fn child_types_appear_when_noted() {
    let first = |name: &str| {
        let ty = resource_type(&format!("Microsoft.ContainerService/managedClusters/{name}")).unwrap();
        assert_eq!(ty.parent(), Some(clusters()));
        (ty.api_versions().first_stable().unwrap().to_string(), ty.api_versions().first_preview().unwrap().to_string())
    };
    assert_eq!(first("identityBindings"), ("2026-04-01".into(), "2025-06-02-preview".into()));
    assert_eq!(first("trustedAccessRoleBindings"), ("2023-09-01".into(), "2022-04-02-preview".into()));
    let bindings = resource_type("Microsoft.ContainerService/managedClusters/identityBindings").unwrap();
    let name = bindings.property(version("2026-04-01"), "name").unwrap();
    let Type::String(string) = name.ty() else { panic!() };
    assert_eq!(string.pattern(), Some("^[a-z][a-z0-9]{0,63}$"));
    let required = bindings.property(version("2026-04-01"), "properties.managedIdentity.resourceId").unwrap();
    assert!(required.required() && !required.read_only());
    assert!(bindings.property(version("2026-04-01"), "properties.managedIdentity.objectId").unwrap().read_only());
    assert!(clusters().children().any(|ty| ty == bindings));
}

#[test]
fn lists_of_versions_are_as_noted() {
    let ty = clusters();
    assert_eq!(ty.api_versions().len(), 113);
    assert_eq!(ty.api_versions().on(Line::Stable).count(), 64);
    assert_eq!(ty.api_versions().on(Line::Preview).count(), 49);
    assert_eq!(ty.newest_stable(), Some(version("2026-05-01")));
    assert_eq!(ty.newest_preview(), Some(version("2026-05-02-preview")));
    for other in
        ["2026-08-02-preview", "2026-06-01", "2018-09-30-preview", "2019-04-30", "2023-12-01", "2024-08-02-preview"]
    {
        assert!(!ty.api_versions().contains(version(other)), "{other}");
    }
    let identities = resource_type("microsoft.managedidentity/userassignedidentities").unwrap();
    assert_eq!(identities.name(), "Microsoft.ManagedIdentity/userAssignedIdentities");
    let list: Vec<String> = identities.api_versions().iter().map(|version| version.to_string()).collect();
    assert_eq!(
        list,
        [
            "2018-11-30",
            "2023-01-31",
            "2024-11-30",
            "2015-08-31-preview",
            "2021-09-30-preview",
            "2022-01-31-preview",
            "2023-07-31-preview",
            "2025-01-31-preview",
            "2025-05-31-preview",
        ]
    );
    let credentials =
        resource_type("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials").unwrap();
    assert_eq!(credentials.api_versions().first_preview(), Some(version("2022-01-31-preview")));
    assert!(credentials.property(version("2023-01-31"), "properties.audiences").unwrap().required());
}

#[test]
fn role_assignments_are_as_noted() {
    let ty = resource_type("Microsoft.Authorization/roleAssignments").unwrap();
    assert_eq!(ty.api_versions().len(), 9);
    let kind = ty.versions_with("properties.principalType");
    for (name, expected) in [
        ("2015-07-01", false),
        ("2017-10-01-preview", false),
        ("2018-01-01-preview", false),
        ("2018-09-01-preview", true),
        ("2020-10-01-preview", true),
        ("2022-04-01", true),
    ] {
        assert_eq!(kind.contains(version(name)), expected, "{name}");
    }
    for path in ["properties.principalId", "properties.roleDefinitionId"] {
        assert!(ty.property(version("2022-04-01"), path).unwrap().required());
    }
    assert!(ty.property(version("2022-04-01"), "properties.scope").unwrap().read_only());
}

#[test]
fn scripts_have_variants() {
    let ty = resource_type("Microsoft.Resources/deploymentScripts").unwrap();
    let at = version("2023-08-01");
    let root = ty.root(at).unwrap();
    assert_eq!(root.discriminator(), Some("kind"));
    assert_eq!(root.variants().map(|(value, _)| value).collect::<Vec<_>>(), ["AzureCLI", "AzurePowerShell"]);
    assert!(ty.property(at, "properties.azCliVersion").unwrap().required());
    assert!(ty.property(at, "properties.azPowerShellVersion").unwrap().required());
    assert!(ty.property(at, "properties.retentionInterval").unwrap().required());
    for path in ["scriptContent", "primaryScriptUri", "arguments", "environmentVariables", "forceUpdateTag", "timeout"]
    {
        assert!(ty.property(at, &format!("properties.{path}")).is_some(), "{path}");
    }
    let Type::Enum(values) = ty.property(at, "identity.type").unwrap().ty() else { panic!() };
    assert_eq!(values.values().collect::<Vec<_>>(), ["UserAssigned"]);
}

#[test]
fn raises_to_the_next_version_on_the_same_line() {
    let ty = clusters();
    let workload = ty.versions_with("properties.securityProfile.workloadIdentity");
    assert_eq!(workload.next_with(version("2022-09-01")), Some(version("2023-02-01")));
    assert_eq!(workload.next_with(version("2022-02-02-preview")), Some(version("2022-03-02-preview")));
    assert_eq!(workload.next_with(version("2025-01-01")), Some(version("2025-01-01")));
    // A date between two versions, and one after all.
    assert_eq!(workload.next_with(version("2024-03-15")), Some(version("2024-05-01")));
    assert_eq!(workload.next_with(version("2031-01-01")), Some(version("2026-05-01")));
    // Removed: back to the newest that has it.
    let bridge = ty.versions_with("properties.networkProfile.dockerBridgeCidr");
    assert_eq!(bridge.next_with(version("2024-01-01")), Some(version("2023-03-01")));
    // Only on the other line.
    let pull = ty.versions_with("properties.securityProfile.serviceAccountImagePullProfile");
    assert_eq!(pull.next_with(version("2024-01-01")), Some(version("2026-05-02-preview")));
    // Not to a version that no longer answers.
    let live = workload.without_retired();
    assert_eq!(live.next_with(version("2022-02-02-preview")), Some(version("2024-10-02-preview")));
    assert_eq!(ty.versions_with("identity.nothing").next_with(version("2024-01-01")), None);
}

#[test]
fn retirement_is_as_announced() {
    let ty = clusters();
    let day = schema::Date::parse("2026-07-01");
    assert_eq!(ty.status(version("2023-10-02-preview")), Status::Retired { since: day });
    assert_eq!(ty.status(version("2024-09-02-preview")), Status::Retired { since: day });
    assert_eq!(ty.status(version("2022-03-02-preview")), Status::Retired { since: None });
    assert_eq!(ty.status(version("2024-10-02-preview")), Status::Known);
    assert_eq!(ty.status(version("2017-08-31")), Status::Known);
    assert_eq!(ty.status(version("2027-01-01")), Status::Unknown { newer: true });
    assert_eq!(ty.status(version("2026-05-03-preview")), Status::Unknown { newer: true });
    assert_eq!(ty.status(version("2024-03-03")), Status::Unknown { newer: false });
    let identities = resource_type("Microsoft.ManagedIdentity/userAssignedIdentities").unwrap();
    assert_eq!(identities.status(version("2015-08-31-preview")), Status::Known);
}

#[test]
fn versions_of_two_lines_do_not_compare() {
    let (stable, preview) = (version("2024-09-01"), version("2023-01-02-preview"));
    assert!(stable.partial_cmp(&preview).is_none());
    assert!(stable > version("2024-08-01"));
    assert_eq!(version("2023-01-02-PREVIEW"), preview);
    assert_eq!(preview.to_string(), "2023-01-02-preview");
    for text in ["", "2024-09", "2024-13-01", "2024-09-01-beta", "2024-09-01-", "2024-09-0é", "20240901", " 2024-09-01"]
    {
        assert_eq!(ApiVersion::parse(text), None, "{text}");
    }
}

#[test]
fn closest_version_stands_in_for_an_unknown_one() {
    let ty = clusters();
    assert_eq!(ty.closest(version("2024-09-01")), Some(version("2024-09-01")));
    assert_eq!(ty.closest(version("2030-01-01")), Some(version("2026-05-01")));
    assert_eq!(ty.closest(version("2024-09-20")), Some(version("2024-09-01")));
    assert_eq!(ty.closest(version("2000-01-01")), Some(version("2017-08-31")));
    assert_eq!(ty.root(version("2030-01-01")).map(|_| ()), None);
}

#[test]
fn names_are_found_in_any_case_and_near_ones_suggested() {
    let root = clusters().root(version("2024-09-01")).unwrap();
    assert_eq!(root.property("IDENTITY").unwrap().name(), "identity");
    assert_eq!(root.property("identiti"), None);
    assert_eq!(root.similar("identiti"), ["identity"]);
    let path = "PROPERTIES.IdentityProfile['kubeletIdentity'].ObjectID";
    assert_eq!(clusters().canonical_path(path).as_deref(), Some("properties.identityProfile.*.objectId"));
    let near = clusters().similar_paths("properties.identityProfil");
    assert_eq!(near.first().map(String::as_str), Some("properties.identityProfile"));
}

#[test]
fn describes_a_path() {
    let ty = clusters();
    let text = schema::describe(ty, "identity.type", Some(version("2023-01-01"))).unwrap().to_string();
    for part in
        ["identity.type", "2023-01-01", "enum", "UserAssigned", "2020-06-01 and later", "cannot have both kinds"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(text.ends_with(
        "https://learn.microsoft.com/azure/templates/microsoft.containerservice/2023-01-01/managedclusters\n"
    ));
    let missing = schema::describe(ty, "oidcIssuerProfile.issuerURL", Some(version("2021-02-01"))).unwrap();
    assert_eq!(missing.path, "properties.oidcIssuerProfile.issuerURL");
    assert!(missing.property.is_none());
    assert!(missing.to_string().contains("not in 2021-02-01; 2022-09-01 has it"), "{missing}");
    let error = schema::describe(ty, "identity.typ", None).unwrap_err();
    assert!(error.to_string().contains("did you mean `identity.type`?"), "{error}");
}

#[test]
fn node_pool_resources_share_words_with_the_cluster() {
    let pools = resource_type("Microsoft.ContainerService/managedClusters/agentPools").unwrap();
    assert_eq!(
        schema::doc(pools, "properties.vnetSubnetID"),
        schema::doc(clusters(), "properties.agentPoolProfiles[].vnetSubnetID")
    );
    assert!(schema::doc(pools, "properties.vnetSubnetID").is_some());
    assert_eq!(schema::doc(pools, "properties.count"), None);
}
