use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `--docker-bridge-address`.
    ///
    /// ## Why is this a problem
    /// Nodes run containerd, which has no Docker bridge: the flag is deprecated, hidden and without effect. It is copied from old samples of
    /// clusters with managed identities.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --docker-bridge-address 172.17.0.1/16
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --service-cidr 10.2.0.0/24
    /// ```
    ///
    /// ## Fix
    /// Removes it.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliDockerBridge {
        code: "cli-docker-bridge",
        family: Command,
        severity: Warning,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliDockerBridge {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(flag) = at.flag("--docker-bridge-address").filter(|_| at.is("aks create")) else { return };
        let fix = at.edit().remove(flag).fix("Remove `--docker-bridge-address`", Applicability::Safe);
        let message = "`--docker-bridge-address` has no effect: there is no Docker bridge on nodes";
        report.report(Finding::at(at.location(flag.name_range), message).tag(Tag::Deprecated).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check_fix;

    #[test]
    fn takes_its_line_with_it() {
        check_fix(
            RULE,
            "//- a.ps1\naz aks create `\n  --docker-bridge-address 172.17.0.1/16 `\n  --yes\n",
            "//- a.ps1\naz aks create `\n  --yes\n",
        );
    }
}
