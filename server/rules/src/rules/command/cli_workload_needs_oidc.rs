use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `--enable-workload-identity` without `--enable-oidc-issuer`.
    ///
    /// ## Why is this a problem
    /// Workload identity rests on the issuer: `Enabling workload identity requires enabling OIDC issuer (--enable-oidc-issuer).` A cluster
    /// that is updated may have it already, so there it is a remark only.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --enable-workload-identity
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --enable-oidc-issuer --enable-workload-identity
    /// ```
    ///
    /// ## Fix
    /// Adds the flag.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliWorkloadNeedsOidc {
        code: "cli-workload-needs-oidc",
        family: Command,
        severity: Error,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliWorkloadNeedsOidc {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(flag) = at.flag("--enable-workload-identity") else { return };
        let creates = at.is("aks create");
        if (!creates && !at.is("aks update")) || at.command.may_have("--enable-oidc-issuer") {
            return;
        }
        let applicability = if creates { Applicability::Safe } else { Applicability::Unsafe };
        let fix = at.edit().insert_after(flag, "--enable-oidc-issuer").fix("Add `--enable-oidc-issuer`", applicability);
        let message = if creates {
            "`--enable-workload-identity` needs `--enable-oidc-issuer`"
        } else {
            "`--enable-workload-identity` needs `--enable-oidc-issuer`, unless the cluster has its issuer already"
        };
        report.report(
            Finding::at(at.location(flag.name_range), message)
                .severity(if creates { Severity::Error } else { Severity::Info })
                .fix(fix),
        );
    }
}
