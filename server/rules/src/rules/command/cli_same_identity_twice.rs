use template::parameters::is_placeholder;

use crate::{CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the same identity for the control plane and the kubelets.
    ///
    /// ## Why is this a problem
    /// Every pod can get tokens of the kubelet identity. The control plane has rights on the network and more; they should not share one.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI" --assign-kubelet-identity "$MI"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI" --assign-kubelet-identity "$KMI"
    /// ```
    ///
    /// ## When not to use it
    /// For clusters that are thrown away soon.
    pub(crate) struct CliSameIdentityTwice {
        code: "cli-same-identity-twice",
        family: Command,
        severity: Hint,
        fix: None,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliSameIdentityTwice {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let value = |name: &str| at.flag(name).and_then(|flag| flag.values.first());
        let (Some(control), Some(kubelet)) = (value("--assign-identity"), value("--assign-kubelet-identity")) else {
            return;
        };
        let prose_like = control.literal.as_deref().is_some_and(is_placeholder);
        if !control.text.eq_ignore_ascii_case(&kubelet.text) || control.text.is_empty() || prose_like {
            return;
        }
        let message = "control plane and kubelets share one identity";
        report.report(
            Finding::at(at.location(kubelet.range), message)
                .related(at.location(control.range), "the control plane has it too")
                .help("Give each its own identity"),
        );
    }
}
