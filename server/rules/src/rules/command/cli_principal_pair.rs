use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `--service-principal` without `--client-secret`, or the reverse.
    ///
    /// ## Why is this a problem
    /// `az aks create` takes both or none, and so does `az aks update-credentials --reset-service-principal`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --service-principal "$APP"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --service-principal "$APP" --client-secret "$SECRET"
    /// az aks create -g rg -n aks --assign-identity "$MI"
    /// ```
    ///
    /// ## Fix
    /// On create removes the flag, so that the cluster gets a managed identity.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliPrincipalPair {
        code: "cli-principal-pair",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const PAIR: [&str; 2] = ["--service-principal", "--client-secret"];

impl Rule for CliPrincipalPair {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let resets = at.is("aks update-credentials") && at.flag("--reset-service-principal").is_some();
        if !at.is("aks create") && !resets {
            return;
        }
        for [own, other] in [PAIR, [PAIR[1], PAIR[0]]] {
            let Some(flag) = at.flag(own) else { continue };
            if at.command.may_have(other) {
                continue;
            }
            let add = at
                .edit()
                .insert_after(flag, &format!("{other} <value>"))
                .fix(format!("Add `{other}`"), Applicability::DisplayOnly);
            let drop =
                at.edit().remove(flag).fix(format!("Remove `{own}`: use a managed identity"), Applicability::Unsafe);
            report.report(
                Finding::at(at.location(flag.name_range), format!("`{own}` needs `{other}`"))
                    .help("Give both, or none of them for a managed identity")
                    .fix(drop.filter(|_| !resets))
                    .fix(add),
            );
        }
    }
}
