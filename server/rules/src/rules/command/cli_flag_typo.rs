use schema::az::Resolution;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds flags of `az aks create` and `az aks update` that do not exist and are nearly the name of one that concerns identity.
    ///
    /// ## Why is this a problem
    /// The CLI refuses the command: `unrecognized arguments: --assign-kublet-identity`. In a deployment script that is found out only
    /// while the deployment runs.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$MI" --assign-kublet-identity "$KMI" --yes
    /// ```
    /// ```json
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     {
    ///       "type": "Microsoft.Resources/deploymentScripts",
    ///       "apiVersion": "2023-08-01",
    ///       "name": "update",
    ///       "location": "westeurope",
    ///       "kind": "AzureCLI",
    ///       "properties": {
    ///         "azCliVersion": "2.84.0",
    ///         "retentionInterval": "PT1H",
    ///         "scriptContent": "az aks create -g $RG -n $AKS --assign-identity \"$MI\" --assign-kublet-identity \"$KMI\""
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource update 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
    ///   name: 'update'
    ///   location: 'westeurope'
    ///   kind: 'AzureCLI'
    ///   properties: {
    ///     azCliVersion: '2.84.0'
    ///     retentionInterval: 'PT1H'
    ///     scriptContent: 'az aks create -g $RG -n $AKS --asign-identity "$MI" --assign-kubelet-identity "$KMI"'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$MI" --assign-kubelet-identity "$KMI" --yes
    /// # The CLI takes the beginning of a flag for the flag.
    /// az aks create -g rg -n aks --assign-identity "$MI" --assign-kubelet "$KMI"
    /// ```
    ///
    /// ## Fix
    /// Renames the flag. Where several are meant as likely, each is offered.
    ///
    /// ## When not to use it
    /// Only what is near to a flag that concerns identity is reported; extensions of the CLI may add any other.
    pub(crate) struct CliFlagTypo {
        code: "cli-flag-typo",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliFlagTypo {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        for flag in &at.command.flags {
            let (names, message) = match &flag.resolved {
                Resolution::Unknown if !flag.meant.is_empty() => {
                    (&flag.meant, format!("`az {}` has no flag `{}`", at.command.name, flag.name))
                }
                Resolution::Ambiguous(names) if names.iter().any(|name| concerns(at, name)) => {
                    (names, format!("`{}` can be {}, and `az` refuses it", flag.name, list(names)))
                }
                _ => continue,
            };
            let is_slip = names.len() == 1 && matches!(flag.resolved, Resolution::Unknown);
            let applicability = if is_slip { Applicability::Safe } else { Applicability::Unsafe };
            let fixes = names
                .iter()
                .filter_map(|name| at.edit().rename(flag, name).fix(format!("Change it to `{name}`"), applicability));
            let finding = Finding::at(at.location(flag.name_range), message);
            report.report(finding.help(format!("Did you mean {}?", list(names))).fix(fixes));
        }
    }
}

fn concerns(at: &CommandAt<'_>, name: &str) -> bool {
    at.command.known.and_then(|known| known.flag(name)).is_some_and(schema::az::Flag::identity)
}

fn list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check;

    #[test]
    fn underlines_the_flag_where_it_is_written() {
        check(
            RULE,
            "//- main.bicep
var script = '''
  az aks update -n aks --identity x
                       ^^^^^^^^^^ error[cli-flag-typo]: has no flag `--identity`
'''
//- README.md
```bash
az aks update --assign x
              ^^^^^^^^ error[cli-flag-typo]: can be
az aks update --set tags.a=b --unknown-thing y
```
",
        );
    }
}
