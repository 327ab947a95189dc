use template::az_command::Flag;

use crate::command::CommandEdit;
use crate::{Applicability, CommandAt, Finding, Reporter, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds flags that concern identity and are deprecated or gone: `--enable-msi-auth-for-monitoring`, `--aad-client-app-id`, `--aad-server-app-id`,
    /// `--aad-server-app-secret`.
    ///
    /// ## Why is this a problem
    /// `az` warns about the first and no longer knows the others, which belong to an integration that has ended.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --aad-client-app-id "$CLIENT" --aad-server-app-id "$SERVER" --aad-server-app-secret "$SECRET"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --enable-aad
    /// ```
    ///
    /// ## Fix
    /// Replaces all of them by `--enable-aad`, or the one by `--enable-azure-monitor-logs`.
    ///
    /// ## When not to use it
    /// For scripts that run with an old release on purpose.
    pub(crate) struct CliDeprecatedFlag {
        code: "cli-deprecated-flag",
        family: Command,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const LEGACY: [&str; 3] = ["--aad-client-app-id", "--aad-server-app-id", "--aad-server-app-secret"];
const MONITORING: &str = "--enable-msi-auth-for-monitoring";
const LOGS: &str = "--enable-azure-monitor-logs";

impl Rule for CliDeprecatedFlag {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        if !at.is("aks create") && !at.is("aks update") {
            return;
        }
        if let Some(flag) = at.flag(MONITORING) {
            let exists =
                at.command.known.is_some_and(|known| known.flag(LOGS).is_some()) && flag.literal() != Some("false");
            let renamed = flag.values.iter().fold(at.edit().rename(flag, LOGS), CommandEdit::remove_value);
            let fix = renamed
                .fix(format!("Use `{LOGS}`"), Applicability::Unsafe)
                .filter(|_| exists && !at.command.may_have(LOGS));
            let message = format!("`{MONITORING}` is deprecated; it is the default of `{LOGS}`");
            report.report(Finding::at(at.location(flag.name_range), message).tag(Tag::Deprecated).fix(fix));
        }
        let legacy: Vec<&Flag> = LEGACY.iter().filter_map(|name| at.flag(name)).collect();
        let Some((first, rest)) = legacy.split_first() else { return };
        let mut edit = rest.iter().fold(at.edit(), |edit, flag| edit.remove(flag));
        edit = if at.command.has("--enable-aad") {
            edit.remove(first)
        } else {
            first.values.iter().fold(edit.rename(first, "--enable-aad"), CommandEdit::remove_value)
        };
        let message = format!("`{}` belongs to a legacy integration with Entra ID that has ended", first.name);
        let mut finding = Finding::at(at.location(first.name_range), message).tag(Tag::Deprecated);
        for flag in rest {
            finding = finding.related(at.location(flag.name_range), "so does this");
        }
        report.report(finding.fix(edit.fix("Use `--enable-aad`", Applicability::Unsafe)));
    }
}
