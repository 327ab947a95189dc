use schema::az::Resolution;
use syntax::carriers::Origin;
use template::scripts::DeploymentScript;
use template::workspace::{FileId, Location};

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds deployment scripts whose `azCliVersion` is older than a flag that they use.
    ///
    /// ## Why is this a problem
    /// The deployment runs exactly this release, which refuses the flag.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Resources/deploymentScripts",
    ///   "apiVersion": "2023-08-01",
    ///   "name": "create",
    ///   "location": "westeurope",
    ///   "kind": "AzureCLI",
    ///   "properties": {
    ///     "azCliVersion": "2.10.1",
    ///     "retentionInterval": "PT1H",
    ///     "scriptContent": "az aks create -g $RG -n $AKS --assign-identity $MI"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource create 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
    ///   name: 'create'
    ///   location: 'westeurope'
    ///   kind: 'AzureCLI'
    ///   properties: {
    ///     azCliVersion: '2.10.1'
    ///     retentionInterval: 'PT1H'
    ///     scriptContent: 'az aks create -g $RG -n $AKS --assign-identity $MI'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Resources/deploymentScripts",
    ///   "apiVersion": "2023-08-01",
    ///   "name": "create",
    ///   "location": "westeurope",
    ///   "kind": "AzureCLI",
    ///   "properties": {
    ///     "azCliVersion": "2.84.0",
    ///     "retentionInterval": "PT1H",
    ///     "scriptContent": "az aks create -g $RG -n $AKS --assign-identity $MI"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource create 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
    ///   name: 'create'
    ///   location: 'westeurope'
    ///   kind: 'AzureCLI'
    ///   properties: {
    ///     azCliVersion: '2.84.0'
    ///     retentionInterval: 'PT1H'
    ///     scriptContent: 'az aks create -g $RG -n $AKS --assign-identity $MI'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Raises `azCliVersion` to the oldest release known to have the flag.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliVersionTooOld {
        code: "cli-version-too-old",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for CliVersionTooOld {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let mut runs: Vec<(FileId, DeploymentScript)> = Vec::new();
        match &at.script.run_by {
            Some(resource) => runs.push((at.file, resource.clone())),
            None if at.script.fragment.origin == Origin::File => runs = at.workspace.loaders(at.file),
            None => {}
        }
        for (file, resource) in runs {
            let (Some(release), Some((version, range))) = (resource.release(), &resource.az_cli_version) else {
                continue;
            };
            for flag in &at.command.flags {
                let Resolution::Exact(known) = &flag.resolved else { continue };
                let Some(first) = known.first_seen().filter(|_| known.exists_in(release) == Some(false)) else {
                    continue;
                };
                let place = Location { file, range: *range };
                let quoted = at.workspace.file(file).text.slice(*range).replace(&**version, &first.to_string());
                let fix = at
                    .edit()
                    .also(place, quoted)
                    .fix(format!("Raise `azCliVersion` to {first}"), Applicability::Unsafe);
                report.report(
                    Finding::at(
                        at.location(flag.name_range),
                        format!("azure-cli {version} has no `{}`; {first} has", flag.name),
                    )
                    .related(place, "the release is set here")
                    .fix(fix),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::{check, check_fix};

    const SCRIPT: &str = "//- infra/main.bicep
resource create 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
  name: 'create'
  kind: 'AzureCLI'
  properties: {
    azCliVersion: '2.25.0'
    scriptContent: loadTextContent('run.sh')
  }
}
//- infra/run.sh
";

    #[test]
    fn follows_scripts_into_their_files() {
        check(
            RULE,
            &format!(
                "{SCRIPT}az aks create --assign-identity $A --assign-kubelet-identity $B
                                   ^^^^^^^^^^^^^^^^^^^^^^^^^ error[cli-version-too-old]: 2.25.0 has no
"
            ),
        );
        let before = format!("{SCRIPT}az aks create --assign-kubelet-identity $B\n");
        check_fix(RULE, &before, &before.replace("2.25.0", "2.26.0"));
    }
}
