use schema::az::CliVersion;
use template::scripts::DeploymentScript;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks create --enable-managed-identity`.
    ///
    /// ## Why is this a problem
    /// It is the default since azure-cli 2.16.0.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --enable-managed-identity
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks
    /// ```
    ///
    /// ## Fix
    /// Removes it.
    ///
    /// ## When not to use it
    /// Where scripts are to say what they rely on.
    pub(crate) struct CliEnableManagedIdentityRedundant {
        code: "cli-enable-managed-identity-redundant",
        family: Command,
        severity: Hint,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
        off: "to say it is a matter of taste",
    }
}

impl Rule for CliEnableManagedIdentityRedundant {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(flag) = at.flag("--enable-managed-identity").filter(|_| at.is("aks create")) else { return };
        let release = at.script.run_by.as_ref().and_then(DeploymentScript::release);
        let is_old = release.zip(CliVersion::parse("2.16.0")).is_some_and(|(release, since)| release < since);
        if is_old || at.command.may_have("--service-principal") {
            return;
        }
        let fix = at.edit().remove(flag).fix("Remove `--enable-managed-identity`", Applicability::Safe);
        let message = "`--enable-managed-identity` is the default of `az aks create`";
        report.report(Finding::at(at.location(flag.name_range), message).tag(Tag::Unnecessary).fix(fix));
    }
}
