use crate::{CommandAt, Finding, Reporter, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks update --enable-managed-identity` without `--assign-identity`. A warning where a template beside the script gives the
    /// cluster a user-assigned identity, otherwise a remark.
    ///
    /// ## Why is this a problem
    /// Without `--assign-identity` the control plane becomes system-assigned, whatever it was: a user-assigned identity is dropped, and what was
    /// granted to it is gone.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --yes
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$MI" --yes
    /// ```
    ///
    /// ## When not to use it
    /// For clusters with a service principal that are to become system-assigned.
    pub(crate) struct CliUpdateSwitchesKind {
        code: "cli-update-switches-kind",
        family: Command,
        severity: Warning,
        fix: None,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliUpdateSwitchesKind {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(flag) = at.flag("--enable-managed-identity").filter(|_| at.is("aks update")) else { return };
        if at.command.may_have("--assign-identity") {
            return;
        }
        let clusters = at.clusters();
        let user_assigned = at.user_assigned_cluster();
        // Where the clusters are known and none of them is user-assigned there is nothing to say, and what to do in prose
        // the prose says.
        if user_assigned.is_none() && (!clusters.is_empty() || at.script.is_prose()) {
            return;
        }
        let message = "without `--assign-identity` the control plane becomes system-assigned";
        let mut finding = Finding::at(at.location(flag.name_range), message)
            .help("Add `--assign-identity` with the identity the cluster has, or drop `--enable-managed-identity`");
        finding = match user_assigned {
            Some(cluster) => finding.related(cluster, "the cluster is user-assigned"),
            None => finding.severity(Severity::Info),
        };
        report.report(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check;

    #[test]
    fn compares_with_the_cluster_beside_it() {
        let cluster = |identity: &str| {
            format!(
                "//- infra/main.bicep
param id string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ {identity} }}
}}
//- infra/run.sh
az aks update --enable-managed-identity -y
"
            )
        };
        check(
            RULE,
            &(cluster("type: 'UserAssigned', userAssignedIdentities: { '${id}': {} }")
                + "              ^^^^^^^^^^^^^^^^^^^^^^^^^ warning[cli-update-switches-kind]: becomes system-assigned\n"),
        );
        check(RULE, &cluster("type: 'SystemAssigned'"));
    }
}
