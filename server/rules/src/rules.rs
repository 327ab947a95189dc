//! The list of all rules. A new rule is one line here and one file in `rules/`.

use crate::Rule;

/// Declares the modules of the rules, a folder a family, and lists them.
macro_rules! rules {
    ($($family:ident { $($rule:ident),* $(,)? })*) => {
        $(mod $family { $(pub(crate) mod $rule;)* })*

        /// In the order of the list.
        static RULES: &[&dyn Rule] = &[$($($family::$rule::RULE),*),*];

        /// Folder and file of each rule, in the order of the list.
        #[cfg(test)]
        static FILES: &[(&str, &str)] = &[$($((stringify!($family), stringify!($rule))),*),*];
    };
}

rules! {
    identity {
        identity_type_combined,
        identity_not_object,
        user_assigned_without_ids,
        more_than_one_identity,
        ids_without_user_assigned,
        id_key_not_resource_id,
        id_value_not_empty,
        no_cluster_identity,
        identity_misplaced,
        ids_as_array,
        identity_none_conflict,
        delegated_resources,
        duplicate_identity_key,
        identity_not_declared,
        missing_depends_on_identity,
        identity_type_unknown,
        identity_read_only_property,
    }
    kubelet {
        kubelet_needs_user_assigned,
        kubelet_key_casing,
        identity_profile_unknown_key,
        kubelet_without_resource_id,
        kubelet_identity_misspelt,
        kubelet_resource_id_wrong,
        kubelet_ids_redundant,
        kubelet_ids_swapped,
        kubelet_map_shape,
        kubelet_role_missing,
        kubelet_role_no_dependency,
        kubelet_role_wrong_target,
        kubelet_same_as_control_plane,
        kubelet_generated_identity,
        kubelet_api_version,
        kubelet_acr_role_missing,
    }
    service_principal {
        msi_without_identity,
        principal_and_identity,
        service_principal_used,
        msi_casing,
        msi_redundant,
        msi_with_secret,
        principal_object_id,
        principal_keyvault_ref,
        principal_client_id_shape,
        principal_secret_exposed,
    }
    feature {
        private_dns_needs_user_assigned,
        own_route_table_needs_user_assigned,
        kms_needs_user_assigned,
        vm_pools_need_user_assigned,
        own_subnet_system_assigned,
        automatic_own_vnet,
        host_group_needs_user_assigned,
        feature_needs_managed_identity,
        kms_vault_access,
        workload_identity_without_oidc,
        federated_credential_wrong,
        federated_credential_without_workload_identity,
        pod_identity_retired,
        pod_identity_at_creation,
        pod_identity_kubenet,
        pod_identity_shape,
        oidc_disabled,
        bootstrap_cache_needs_kubelet,
        image_pull_identity_reference,
        region_without_feature,
        docker_bridge_cidr,
        aad_legacy,
        omsagent_role_obsolete,
        addon_retired,
        addon_key_unknown,
    }
    reference {
        acr_pull_wrong_principal,
        client_id_as_principal,
        principal_of_user_assigned,
        reference_not_full,
        reference_path,
        reference_api_version,
        addon_identity_not_available,
        output_client_id_confusion,
        kubelet_output_wrong_source,
        role_principal_type_missing,
        role_principal_type_wrong,
        role_principal_type_api,
        role_name_not_principal,
        role_name_runtime_principal,
        role_definition_id,
        role_scope_property,
        role_abac_registry,
        role_guid_unknown,
        role_too_broad,
        role_wrong_role_for_feature,
        feature_role_missing,
        acr_pull_for_workload,
        network_role_wrong_principal,
        vault_role_wrong_principal,
        identity_unused,
        identity_not_attached,
    }
    command {
        cli_flag_typo,
        cli_kubelet_needs_assign,
        cli_update_assign_needs_enable,
        cli_principal_pair,
        cli_principal_and_identity,
        cli_identity_not_id,
        cli_attach_acr_no_wait,
        cli_workload_needs_oidc,
        cli_pod_identity,
        cli_obsolete_feature,
        cli_version_too_old,
        cli_docker_bridge,
        cli_update_needs_yes,
        cli_update_switches_kind,
        cli_trailing_backslash,
        cli_deprecated_flag,
        cli_preview_extension,
        cli_role_assignee,
        cli_query_principal,
        cli_deployment_script_identity,
        cli_enable_managed_identity_redundant,
        cli_oidc_no_disable,
        cli_duplicate_identity,
        cli_same_identity_twice,
        cli_empty_identity,
    }
    deployment {
        assignment_before_system_identity,
        identity_name_mismatch,
        module_passes_wrong_id,
        module_id_list_too_long,
        identity_in_two_groups,
        role_assignment_other_scope,
        kubelet_identity_shared,
    }
    schema {
        unknown_property,
        property_newer_than_api_version,
        property_removed,
        wrong_type,
        unknown_value,
        read_only_property,
        required_property_missing,
        property_casing,
        api_version_unknown,
        api_version_retired,
        secret_exposed,
    }
    document {
        unknown_rule_in_suppression,
        unused_suppression,
    }
}

#[cfg(test)]
pub(crate) use document::unknown_rule_in_suppression;
pub(crate) use document::unused_suppression;
pub(crate) use kubelet::kubelet_identity_misspelt::may_be_misspelt;
pub(crate) use reference::role_guid_unknown::{may_say_role, says_role_guid};

/// All rules, by family, in the order of the list.
pub fn all() -> impl Iterator<Item = &'static dyn Rule> {
    RULES.iter().copied()
}

/// The rule of that code.
pub fn by_code(code: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.metadata().code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_listed_and_named_after_its_rule() {
        let mut on_disk = BTreeSet::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
        for family in std::fs::read_dir(root).unwrap() {
            let family = family.unwrap();
            for file in std::fs::read_dir(family.path()).unwrap() {
                let file = file.unwrap().file_name().into_string().unwrap();
                let rule = file.strip_suffix(".rs").unwrap().to_owned();
                on_disk.insert((family.file_name().into_string().unwrap(), rule));
            }
        }
        let listed: BTreeSet<_> =
            FILES.iter().map(|(family, rule)| ((*family).to_owned(), (*rule).to_owned())).collect();
        assert_eq!(on_disk, listed);
        for ((family, file), rule) in FILES.iter().zip(all()) {
            let metadata = rule.metadata();
            assert_eq!(metadata.code, file.replace('_', "-"), "the code is the name of the file");
            assert_eq!(metadata.family.as_str(), family.replace('_', "-"), "{}", metadata.code);
        }
    }

    #[test]
    fn codes_are_unique() {
        let codes: BTreeSet<_> = all().map(|rule| rule.metadata().code).collect();
        assert_eq!(codes.len(), all().count());
    }
}
