use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `--disable-oidc-issuer`.
    ///
    /// ## Why is this a problem
    /// There is no such flag: an issuer cannot be switched off again.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks update -g rg -n aks --disable-oidc-issuer
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks update -g rg -n aks --disable-workload-identity
    /// ```
    ///
    /// ## Fix
    /// Removes it.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliOidcNoDisable {
        code: "cli-oidc-no-disable",
        family: Command,
        severity: Error,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliOidcNoDisable {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(flag) = at.flag("--disable-oidc-issuer").filter(|_| at.is("aks create") || at.is("aks update")) else {
            return;
        };
        let fix = at.edit().remove(flag).fix("Remove `--disable-oidc-issuer`", Applicability::Unsafe);
        let message = "there is no `--disable-oidc-issuer`: an OIDC issuer cannot be switched off again";
        report.report(Finding::at(at.location(flag.name_range), message).fix(fix));
    }
}
