use syntax::TextRange;
use template::az_command::WordRole;

use crate::{CommandAt, Finding, Reporter, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds commands that set up the pod identity add-on.
    ///
    /// ## Why is this a problem
    /// The add-on is out of support since September 2025; workload identity has taken its place.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks update -g rg -n aks --enable-pod-identity --yes
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks update -g rg -n aks --enable-oidc-issuer --enable-workload-identity
    /// ```
    ///
    /// ## When not to use it
    /// When clusters with the add-on still have to be looked after. Commands that switch it off or take something out of it are not reported.
    pub(crate) struct CliPodIdentity {
        code: "cli-pod-identity",
        family: Command,
        severity: Warning,
        fix: None,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const COMMANDS: [&str; 3] =
    ["aks pod-identity add", "aks pod-identity exception add", "aks pod-identity exception update"];

impl Rule for CliPodIdentity {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let flag =
            ["--enable-pod-identity", "--enable-pod-identity-with-kubenet"].iter().find_map(|name| at.flag(name));
        let (range, what) = match flag {
            Some(flag) if at.is("aks create") || at.is("aks update") => {
                (flag.name_range, format!("`{}` switches on", flag.name))
            }
            _ if COMMANDS.contains(&at.command.name.as_str()) => {
                let name = at.command.words.iter().filter(|word| word.role == WordRole::Name).map(|word| word.range);
                let Some(range) = name.reduce(TextRange::cover) else { return };
                (range, format!("`az {}` sets up", at.command.name))
            }
            _ => return,
        };
        let message = format!("{what} pod identity, which is out of support since September 2025");
        report.report(
            Finding::at(at.location(range), message)
                .tag(Tag::Deprecated)
                .help("Use workload identity: `--enable-oidc-issuer --enable-workload-identity`"),
        );
    }
}
