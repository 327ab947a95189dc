use schema::az::Resolution;
use template::az_command::Flag;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az extension add --name aks-preview` in scripts that need it for nothing but what is in the CLI itself now, such as
    /// `--assign-kubelet-identity`.
    ///
    /// ## Why is this a problem
    /// `--assign-kubelet-identity` came with the extension in 2021 and is in the CLI since 2.26.0. The extension changes other commands as well,
    /// so one that is not needed is best left out.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az extension add --name aks-preview
    /// az aks create -g rg -n aks --assign-identity "$MI" --assign-kubelet-identity "$KMI"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$MI" --assign-kubelet-identity "$KMI"
    /// ```
    ///
    /// ## Fix
    /// Deletes the command, if nothing else is on its lines.
    ///
    /// ## When not to use it
    /// When something the rule does not see needs the extension. A script with any flag or command of `az aks` that is not known is not reported.
    pub(crate) struct CliPreviewExtension {
        code: "cli-preview-extension",
        family: Command,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliPreviewExtension {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        if !matches!(at.command.name.as_str(), "extension add" | "extension update") {
            return;
        }
        let name = at.command.flags.iter().find(|flag| matches!(flag.name.as_str(), "--name" | "-n"));
        let Some(name) = name.filter(|name| name.literal() == Some("aks-preview")) else { return };
        // What else the same file does with the extension, in any of its scripts.
        let aks = || {
            let scripts = at.source.scripts().iter().flat_map(|script| &script.commands);
            scripts.filter(|command| command.name.starts_with("aks "))
        };
        let kubelet = aks().any(|command| command.flag("--assign-kubelet-identity").is_some());
        let plain = aks().all(|command| {
            let known = |flag: &Flag| !matches!(flag.resolved, Resolution::Unknown | Resolution::PreviewOnly);
            match command.known {
                Some(_) => !command.open && command.flags.iter().all(known),
                None => ["aks show", "aks get-credentials", "aks list", "aks delete", "aks wait"]
                    .contains(&command.name.as_str()),
            }
        });
        if !kubelet || !plain {
            return;
        }
        let fix = at.edit().delete_command().fix("Delete the command", Applicability::Unsafe);
        let message = "`aks-preview` is not needed for `--assign-kubelet-identity` since azure-cli 2.26.0";
        report.report(Finding::at(at.location(name.range), message).tag(Tag::Unnecessary).fix(fix));
    }
}
