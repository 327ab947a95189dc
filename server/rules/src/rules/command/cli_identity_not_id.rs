use template::aks::is_guid;

use template::parameters::is_placeholder;

use crate::command::queried;
use crate::{CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds values of `--assign-identity` and `--assign-kubelet-identity` that are not the resource ID of an identity: a name, a client ID, the
    /// output of a query for `clientId` or `principalId`.
    ///
    /// ## Why is this a problem
    /// The CLI refuses them: `--assign-identity is not a valid Azure resource ID.`
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity my-identity
    /// CLIENT_ID=$(az identity show -g rg -n mi --query clientId -o tsv)
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$CLIENT_ID" --yes
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// ID=$(az identity show -g rg -n mi --query id -o tsv)
    /// az aks create -g rg -n aks --assign-identity "$ID"
    /// ```
    ///
    /// ## When not to use it
    /// Always use it. What only running the script would tell is not judged.
    pub(crate) struct CliIdentityNotId {
        code: "cli-identity-not-id",
        family: Command,
        severity: Error,
        fix: None,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliIdentityNotId {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        for name in ["--assign-identity", "--assign-kubelet-identity"] {
            let Some(flag) = at.flag(name) else { continue };
            let Some(value) = flag.values.first() else { continue };
            if let Some(text) = value.literal.as_deref() {
                if let Some(what) = wrong(text, at.script.is_prose()) {
                    report.report(
                        Finding::at(
                            at.location(value.range),
                            format!("`{name}` takes a resource ID, but this is {what}"),
                        )
                        .help(HELP),
                    );
                }
            } else if let Some(output) = &value.output {
                let queried = output.command.query().and_then(|query| query.literal.as_deref()).map(queried);
                let Some(queried) = queried.filter(|queried| WRONG.contains(queried)) else { continue };
                let mut finding = Finding::at(
                    at.location(value.range),
                    format!("`{name}` takes a resource ID, but this is the `{queried}` of an identity"),
                )
                .help(HELP);
                if let Some(assigned) = output.assigned {
                    finding = finding.related(at.location(assigned), "it is set here");
                }
                report.report(finding);
            }
        }
    }
}

const HELP: &str = "`az identity show -g <group> -n <name> --query id -o tsv` prints the ID";
const WRONG: [&str; 5] = ["clientId", "principalId", "objectId", "appId", "name"];

/// What a text is, if it is certainly no ID of an identity.
fn wrong(text: &str, is_prose: bool) -> Option<&'static str> {
    if is_guid(text) {
        return Some("a GUID");
    }
    if text.is_empty() || is_placeholder(text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("/subscriptions/") {
        let kind = lower.split_once("/providers/")?.1;
        return (!kind.starts_with("microsoft.managedidentity/userassignedidentities/"))
            .then_some("the ID of something else");
    }
    // In prose a name may stand for the ID it is to be replaced with.
    (!is_prose && !lower.contains('/') && !lower.contains("id")).then_some("a name").or_else(|| {
        (!is_prose
            && !lower.contains('/')
            && lower.contains("identity")
            && !lower.contains("-id")
            && !lower.contains("_id")
            && !lower.ends_with("id"))
        .then_some("a name")
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check;

    #[test]
    fn placeholders_and_variables_are_not_judged() {
        check(
            RULE,
            "//- a.md
```azurecli
az aks create --assign-identity <identity-resource-id> --assign-kubelet-identity my-kubelet-identity
az aks update --assign-identity 00000000-0000-0000-0000-000000000000 --yes
                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[cli-identity-not-id]: this is a GUID
```
//- a.sh
az aks create --assign-identity $ID --assign-kubelet-identity IDENTITY_RESOURCE_ID
az aks create --assign-identity $(az identity show -n a --query '[0].clientId' -o tsv)
                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[cli-identity-not-id]: the `clientId`
",
        );
    }
}
