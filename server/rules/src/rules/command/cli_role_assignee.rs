use crate::command::queried;
use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az role assignment create --assignee` with a variable, in pipelines and deployment scripts; a hint in other scripts.
    ///
    /// ## Why is this a problem
    /// `--assignee` looks the principal up in the directory first. That needs a right which pipelines mostly lack, and fails for an identity
    /// that was made a moment ago. `--assignee-object-id` with `--assignee-principal-type` does without.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// OID=$(az identity show -g rg -n mi --query principalId -o tsv)
    /// az role assignment create --assignee "$OID" --role AcrPull --scope "$ACR"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// OID=$(az identity show -g rg -n mi --query principalId -o tsv)
    /// az role assignment create --assignee-object-id "$OID" --assignee-principal-type ServicePrincipal --role AcrPull --scope "$ACR"
    /// ```
    ///
    /// ## Fix
    /// Uses `--assignee-object-id` where the value is certainly the `principalId` of an identity.
    ///
    /// ## When not to use it
    /// When the principal is a person, or the pipeline may read the directory.
    pub(crate) struct CliRoleAssignee {
        code: "cli-role-assignee",
        family: Command,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliRoleAssignee {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        if !at.is("role assignment create") || at.script.is_prose() || at.command.open {
            return;
        }
        let Some(flag) = at.command.flags.iter().find(|flag| flag.name == "--assignee") else { return };
        // A name that is written out is that of a person or an application that exists.
        let Some(value) = flag.values.first().filter(|value| value.literal.is_none()) else { return };
        let query = value
            .output
            .as_ref()
            .and_then(|output| Some((output.command.name.as_str(), output.command.query()?.literal.as_deref()?)));
        let queried = query.filter(|(name, _)| name.starts_with("identity ")).map(|(_, query)| queried(query));
        // Where nobody waits and nothing says whose principal it is, there is nothing to say.
        let fresh = queried.is_some();
        if !fresh && !at.script.is_unattended() {
            return;
        }
        let fix = (queried == Some("principalId")).then(|| {
            let edit = at.edit().rename(flag, "--assignee-object-id");
            edit.insert_after(flag, "--assignee-principal-type ServicePrincipal")
                .fix("Use `--assignee-object-id`", Applicability::Safe)
        });
        report.report(
            Finding::at(
                at.location(flag.name_range),
                "`--assignee` looks the principal up in the directory, which fails for fresh ones",
            )
            .help("Use `--assignee-object-id` with the object ID and `--assignee-principal-type ServicePrincipal`")
            .severity(if at.script.is_unattended() { Severity::Warning } else { Severity::Hint })
            .fix(fix.flatten()),
        );
    }
}
