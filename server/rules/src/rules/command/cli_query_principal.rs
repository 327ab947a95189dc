use template::az_command::AzCommand;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks show --query identity.principalId` where the cluster is user-assigned: by the template beside the script, or by the script
    /// itself.
    ///
    /// ## Why is this a problem
    /// `identity.principalId` is null on such a cluster; the principal is below `userAssignedIdentities`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI"
    /// az aks show -g rg -n aks --query identity.principalId -o tsv
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI"
    /// az aks show -g rg -n aks --query "identity.userAssignedIdentities.*.principalId | [0]" -o tsv
    /// ```
    ///
    /// ## Fix
    /// Asks for the principal of the user-assigned identity.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliQueryPrincipal {
        code: "cli-query-principal",
        family: Command,
        severity: Warning,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const RIGHT: &str = "identity.userAssignedIdentities.*.principalId | [0]";

impl Rule for CliQueryPrincipal {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        if !at.is("aks show") {
            return;
        }
        let Some(query) = at.command.query() else { return };
        if query.literal.as_deref().map(str::trim) != Some("identity.principalId") {
            return;
        }
        let is_create = |command: &&AzCommand| command.name == "aks create";
        let mut created = at.script.commands.iter().filter(is_create).peekable();
        let in_script = created
            .peek()
            .and_then(|command| command.flag("--assign-identity"))
            .map(|flag| at.location(flag.name_range));
        let all = created.all(|command| command.flag("--assign-identity").is_some());
        let Some(cluster) = (if all { in_script.or_else(|| at.user_assigned_cluster()) } else { None }) else { return };
        report.report(
            Finding::at(at.location(query.range), "`identity.principalId` is null on a user-assigned cluster")
                .related(cluster, "the cluster is user-assigned")
                .help(format!("Ask for `{RIGHT}`"))
                .fix(
                    at.edit()
                        .replace(query, &format!("\"{RIGHT}\""))
                        .fix("Ask for the user-assigned identity", Applicability::Safe),
                ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::{check, check_fix};

    const CLUSTER: &str = "param id string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${id}': {} } }
}
";

    #[test]
    fn compares_with_the_template_it_is_in() {
        let script =
            |query: &str| format!("//- main.bicep\n{CLUSTER}var script = 'az aks show -n aks --query {query}'\n");
        check_fix(
            RULE,
            &script("identity.principalId"),
            &script("\"identity.userAssignedIdentities.*.principalId | [0]\""),
        );
        check(RULE, "//- a.sh\naz aks show -n aks --query identity.principalId\n");
    }
}
