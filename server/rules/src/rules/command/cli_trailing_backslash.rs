use syntax::TextRange;
use template::az_command::continuation;

use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a line continuation behind the last word of a command, with nothing to continue.
    ///
    /// ## Why is this a problem
    /// The shell joins the next line, and what is there become arguments of the command. Old samples of clusters with managed identities end
    /// in such a backslash.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks \
    ///   --enable-managed-identity \
    ///
    /// echo done
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks \
    ///   --enable-managed-identity
    ///
    /// echo done
    /// ```
    ///
    /// ## Fix
    /// Removes it.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliTrailingBackslash {
        code: "cli-trailing-backslash",
        family: Command,
        severity: Warning,
        fix: Always,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliTrailingBackslash {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        let Some(mark) = at.command.dangling else { return };
        let fragment = &at.script.fragment;
        let text = fragment.text.as_str();
        let next = text[usize::from(mark.end())..].lines().next().unwrap_or_default().trim();
        let ends = next.is_empty() || next.starts_with('#') || next.starts_with("az ") || !next.starts_with('-');
        let Some(last) = at.command.words.last() else { return };
        // The mark without the line break.
        let written = TextRange::at(mark.start(), 1.into());
        let (true, Some(range)) = (ends, fragment.to_source(written)) else { return };
        let continuation = continuation(fragment.shell);
        let message = format!("`{continuation}` continues the command, but there is nothing more of it");
        let fix = at
            .edit()
            .delete(Some(TextRange::new(last.decoded.end(), written.end())))
            .fix(format!("Remove `{continuation}`"), Applicability::Safe);
        report.report(Finding::at(at.location(range), message).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check_fix;

    #[test]
    fn parts_commands_that_it_joined() {
        check_fix(
            RULE,
            "//- a.sh\naz aks create --no-wait \\\naz aks show\n",
            "//- a.sh\naz aks create --no-wait\naz aks show\n",
        );
        check_fix(
            RULE,
            "//- a.md\n```\naz aks create --no-wait \\\n```\n",
            "//- a.md\n```\naz aks create --no-wait\n```\n",
        );
    }
}
