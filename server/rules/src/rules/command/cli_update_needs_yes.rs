use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `az aks update` commands that change the identity and are not given `--yes`, in scripts and pipelines.
    ///
    /// ## Why is this a problem
    /// The CLI asks before it changes the identity of a cluster, and the default answer is no: where nobody answers, nothing is changed.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$MI"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks update -g rg -n aks --enable-managed-identity --assign-identity "$MI" --yes
    /// ```
    ///
    /// ## Fix
    /// Adds `--yes`.
    ///
    /// ## When not to use it
    /// For scripts that somebody runs by hand and watches. Markdown, comments and `.azcli` files are never reported.
    pub(crate) struct CliUpdateNeedsYes {
        code: "cli-update-needs-yes",
        family: Command,
        severity: Warning,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

const FLAGS: [&str; 3] = ["--enable-managed-identity", "--assign-identity", "--assign-kubelet-identity"];

impl Rule for CliUpdateNeedsYes {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let is_notebook = at.source.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("azcli"));
        if !at.is("aks update") || at.script.is_prose() || is_notebook {
            return;
        }
        let Some(flag) = FLAGS.iter().find_map(|name| at.flag(name)) else { return };
        if at.command.may_have("--yes") {
            return;
        }
        let fix = at.edit().append("--yes").fix("Add `--yes`", Applicability::Unsafe);
        let message =
            format!("`az aks update {}` asks for confirmation; without `--yes` a script changes nothing", flag.name);
        report.report(Finding::at(at.location(flag.name_range), message).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check;

    #[test]
    fn prose_has_a_reader_who_answers() {
        check(
            RULE,
            "//- a.md\n```azurecli\naz aks update --enable-managed-identity\n```\n//- b.azcli\naz aks update --enable-managed-identity\n//- c.sh\naz aks update --enable-managed-identity -y\n",
        );
    }
}
