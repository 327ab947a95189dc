use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks create --assign-kubelet-identity` without `--assign-identity`.
    ///
    /// ## Why is this a problem
    /// The kubelet can have an identity of its own only when the control plane has one: `--assign-kubelet-identity can only be specified
    /// when --assign-identity is specified`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --assign-kubelet-identity "$KMI"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI" --assign-kubelet-identity "$KMI"
    /// ```
    ///
    /// ## Fix
    /// Shows where the flag goes; which identity it names is yours to say.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliKubeletNeedsAssign {
        code: "cli-kubelet-needs-assign",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliKubeletNeedsAssign {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(kubelet) = at.flag("--assign-kubelet-identity") else { return };
        if !at.is("aks create") || at.command.may_have("--assign-identity") {
            return;
        }
        let fix = at
            .edit()
            .insert_after(kubelet, "--assign-identity <resource-id-of-the-control-plane-identity>")
            .fix("Add `--assign-identity`", Applicability::DisplayOnly);
        let message =
            "`--assign-kubelet-identity` needs `--assign-identity`: only a user-assigned control plane can have it";
        report.report(
            Finding::at(at.location(kubelet.name_range), message)
                .help("Give the control plane an identity of its own with `--assign-identity`")
                .fix(fix),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check;

    #[test]
    fn arguments_from_a_variable_may_have_it() {
        check(
            RULE,
            "//- a.sh\naz aks create --assign-kubelet-identity $K \"${args[@]}\"\naz aks create --assign-kubelet-identity $K -g $G $MORE\n",
        );
    }
}
