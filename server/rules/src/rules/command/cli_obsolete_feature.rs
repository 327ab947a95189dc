use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds registrations of preview features that are no longer previews: `MigrateToMSIClusterPreview`, `UserAssignedIdentityPreview`,
    /// `CustomKubeletIdentityPreview`; and of `EnablePodIdentityPreview`, whose feature is out of support.
    ///
    /// ## Why is this a problem
    /// What they unlocked is generally available for years. A script that waits until such a feature is registered may wait for ever.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az feature register --namespace Microsoft.ContainerService --name UserAssignedIdentityPreview
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI"
    /// ```
    ///
    /// ## Fix
    /// Deletes the command, if nothing else is on its lines.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliObsoleteFeature {
        code: "cli-obsolete-feature",
        family: Command,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const OBSOLETE: [&str; 4] = [
    "MigrateToMSIClusterPreview",
    "UserAssignedIdentityPreview",
    "CustomKubeletIdentityPreview",
    "EnablePodIdentityPreview",
];

impl Rule for CliObsoleteFeature {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        if !matches!(at.command.name.as_str(), "feature register" | "feature registration create") {
            return;
        }
        let value = |names: [&str; 2]| {
            let flag = at.command.flags.iter().find(|flag| names.contains(&flag.name.as_str()))?;
            flag.values.first()
        };
        if let Some(namespace) =
            value(["--namespace", "--provider-namespace"]).and_then(|value| value.literal.as_deref())
            && !namespace.eq_ignore_ascii_case("Microsoft.ContainerService")
        {
            return;
        }
        let Some(name) = value(["--name", "-n"]) else { return };
        let Some(feature) =
            OBSOLETE.iter().find(|own| name.literal.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(own)))
        else {
            return;
        };
        let fix = at.edit().delete_command().fix("Delete the registration", Applicability::Unsafe);
        let message = if feature.starts_with("EnablePodIdentity") {
            format!("the feature `{feature}` belongs to pod identity, which is out of support")
        } else {
            format!("the feature `{feature}` need not be registered any more")
        };
        let help = "Delete the registration, and what waits for it";
        report.report(Finding::at(at.location(name.range), message).tag(Tag::Unnecessary).help(help).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check_fix;

    #[test]
    fn deletes_the_lines_of_the_command() {
        let before = "//- a.yml\nsteps:\n  - run: |\n      echo a\n      az feature register --namespace Microsoft.ContainerService \\\n        -n MigrateToMSIClusterPreview\n      echo b\n";
        check_fix(RULE, before, "//- a.yml\nsteps:\n  - run: |\n      echo a\n      echo b\n");
    }
}
