use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks update --assign-identity` without `--enable-managed-identity`.
    ///
    /// ## Why is this a problem
    /// The CLI refuses it: `--assign-identity can only be specified when --enable-managed-identity is specified`, even where the cluster
    /// has a managed identity already.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks update -g rg -n aks --assign-identity "$MI" --yes
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$MI" --yes
    /// ```
    ///
    /// ## Fix
    /// Adds the flag.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliUpdateAssignNeedsEnable {
        code: "cli-update-assign-needs-enable",
        family: Command,
        severity: Error,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliUpdateAssignNeedsEnable {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(assign) = at.flag("--assign-identity") else { return };
        if !at.is("aks update") || at.command.may_have("--enable-managed-identity") {
            return;
        }
        let fix = at
            .edit()
            .insert_after(assign, "--enable-managed-identity")
            .fix("Add `--enable-managed-identity`", Applicability::Safe);
        let message = "`az aks update --assign-identity` needs `--enable-managed-identity`";
        report.report(
            Finding::at(at.location(assign.name_range), message)
                .help("Add `--enable-managed-identity`, also for a cluster that has a managed identity")
                .fix(fix),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check_fix;

    #[test]
    fn adds_the_flag_as_the_carrier_writes_it() {
        check_fix(
            RULE,
            "//- a.sh\naz aks update \\\n  --assign-identity $M \\\n  --yes\n",
            "//- a.sh\naz aks update \\\n  --assign-identity $M \\\n  --enable-managed-identity \\\n  --yes\n",
        );
        check_fix(
            RULE,
            "//- a.yml\nsteps:\n  - run: |\n      az aks update \\\n        --assign-identity $M \\\n        --yes\n",
            "//- a.yml\nsteps:\n  - run: |\n      az aks update \\\n        --assign-identity $M \\\n        --enable-managed-identity \\\n        --yes\n",
        );
        check_fix(
            RULE,
            "//- a.bicep\nvar script = 'az aks update \\\\\\n  --assign-identity $M --yes'\n",
            "//- a.bicep\nvar script = 'az aks update \\\\\\n  --assign-identity $M \\\\\\n  --enable-managed-identity --yes'\n",
        );
    }
}
