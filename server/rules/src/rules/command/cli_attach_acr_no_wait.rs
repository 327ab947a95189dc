use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `--attach-acr` beside `--no-wait`.
    ///
    /// ## Why is this a problem
    /// With a managed identity the role on the registry is granted when the operation is done, so the CLI has to wait for it, and refuses
    /// both together. On update it depends on the cluster: there it is a warning.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --attach-acr registry --no-wait
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --attach-acr registry
    /// ```
    ///
    /// ## Fix
    /// Removes `--no-wait`.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliAttachAcrNoWait {
        code: "cli-attach-acr-no-wait",
        family: Command,
        severity: Error,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliAttachAcrNoWait {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        if !at.is("aks create") && !at.is("aks update") {
            return;
        }
        let (Some(attach), Some(no_wait)) = (at.flag("--attach-acr"), at.flag("--no-wait")) else { return };
        if at.command.may_have("--service-principal") {
            return;
        }
        let certain = at.is("aks create") || at.flag("--enable-managed-identity").is_some();
        let fix = at.edit().remove(no_wait).fix("Remove `--no-wait`", Applicability::Safe);
        let message = "`--no-wait` and `--attach-acr` exclude each other on a cluster with a managed identity";
        report.report(
            Finding::at(at.location(no_wait.name_range), message)
                .related(at.location(attach.name_range), "the registry is attached here")
                .severity(if certain { Severity::Error } else { Severity::Warning })
                .fix(fix),
        );
    }
}
