use template::az_command::Flag;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `--assign-identity` or `--assign-kubelet-identity` given twice, or with two values.
    ///
    /// ## Why is this a problem
    /// AKS takes exactly one identity for the control plane and one for the kubelets. Of a repeated flag only the last one counts, and a second
    /// value is refused.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$A" --assign-identity "$B"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$A" --assign-kubelet-identity "$B"
    /// ```
    ///
    /// ## Fix
    /// Makes the second one the identity of the kubelets, or removes one of them.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliDuplicateIdentity {
        code: "cli-duplicate-identity",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliDuplicateIdentity {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        for name in ["--assign-identity", "--assign-kubelet-identity"] {
            let all: Vec<&Flag> = at.command.flags.iter().filter(|flag| flag.is(name)).collect();
            if let [first, second, ..] = all.as_slice() {
                let kubelet =
                    (name == "--assign-identity" && !at.command.may_have("--assign-kubelet-identity")).then(|| {
                        at.edit()
                            .rename(second, "--assign-kubelet-identity")
                            .fix("Make it the identity of the kubelets", Applicability::Unsafe)
                    });
                let remove =
                    at.edit().remove(first).fix("Remove the first one, which does not count", Applicability::Unsafe);
                report.report(
                    Finding::at(
                        at.location(second.name_range),
                        format!("`{name}` is given twice; only the last one counts"),
                    )
                    .related(at.location(first.name_range), "it is given here first")
                    .fix(kubelet.flatten())
                    .fix(remove),
                );
            }
            // What a variable stands for may be no word at all.
            let Some([_, second, ..]) = all.first().map(|flag| flag.values.as_slice()) else { continue };
            if second
                .literal
                .as_deref()
                .is_some_and(|text| text.to_ascii_lowercase().contains("/userassignedidentities/"))
            {
                let fix = at.edit().remove_value(second).fix("Remove the second one", Applicability::Unsafe);
                report.report(Finding::at(at.location(second.range), format!("`{name}` takes one identity")).fix(fix));
            }
        }
    }
}
