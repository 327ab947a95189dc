use template::az_command::Flag;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks create` with a service principal and a managed identity.
    ///
    /// ## Why is this a problem
    /// A cluster has one or the other: `Cannot specify --enable-managed-identity and --service-principal/--client-secret at same time`.
    /// With a principal alone, `--assign-identity` is refused as well.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --service-principal "$APP" --client-secret "$SECRET" --enable-managed-identity
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI"
    /// ```
    ///
    /// ## Fix
    /// Removes the service principal, or what speaks of a managed identity.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliPrincipalAndIdentity {
        code: "cli-principal-and-identity",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const PRINCIPAL: [&str; 2] = ["--service-principal", "--client-secret"];
const IDENTITY: [&str; 3] = ["--enable-managed-identity", "--assign-identity", "--assign-kubelet-identity"];

impl Rule for CliPrincipalAndIdentity {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let flags = |names: &[&str]| -> Vec<&Flag> { names.iter().filter_map(|name| at.flag(name)).collect() };
        let (principal, identity) = (flags(&PRINCIPAL), flags(&IDENTITY));
        let (Some(first), Some(other)) = (principal.first(), identity.first()) else { return };
        // An empty value is as good as none.
        if !at.is("aks create") || principal.iter().any(|flag| flag.literal() == Some("")) {
            return;
        }
        let remove = |all: &[&Flag]| all.iter().fold(at.edit(), |edit, flag| edit.remove(flag));
        report.report(
            Finding::at(
                at.location(other.name_range),
                format!("`{}` and `{}` exclude each other", other.name, first.name),
            )
            .related(at.location(first.name_range), "the service principal is set here")
            .help("Use a managed identity, which has no secret to renew")
            .fix(remove(&principal).fix("Remove the service principal", Applicability::Unsafe))
            .fix(remove(&identity).fix("Remove the managed identity", Applicability::Unsafe)),
        );
    }
}
