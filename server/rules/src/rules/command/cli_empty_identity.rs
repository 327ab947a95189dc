use syntax::TextRange;

use crate::command::CommandEdit;
use crate::{Applicability, CommandAt, Finding, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds an empty value of `--assign-identity` or `--assign-kubelet-identity`, and one that is the JSON output of a command instead of an ID.
    ///
    /// ## Why is this a problem
    /// The CLI lets an empty value pass and takes it for none, so that the cluster gets another identity than was meant. JSON output has
    /// braces or quotes around what is wanted.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$(az identity show -g rg -n mi -o json)"
    /// ```
    ///
    /// ### Valid
    /// ```bash
    /// az aks create -g rg -n aks --assign-identity "$(az identity show -g rg -n mi --query id -o tsv)"
    /// ```
    ///
    /// ## Fix
    /// Makes the command print the ID alone.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliEmptyIdentity {
        code: "cli-empty-identity",
        family: Command,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        only: Commands, "az command lines in scripts, pipelines, Markdown and templates",
    }
}

impl Rule for CliEmptyIdentity {
    fn check_command(&self, report: &Reporter<'_>, at: &CommandAt<'_>) {
        for name in ["--assign-identity", "--assign-kubelet-identity"] {
            let Some(flag) = at.flag(name).filter(|_| at.is("aks create") || at.is("aks update")) else { continue };
            let Some(value) = flag.values.first() else { continue };
            if value.literal.as_deref() == Some("") {
                let fix = at.edit().remove(flag).fix(format!("Remove `{name}`"), Applicability::Unsafe);
                report.report(
                    Finding::at(at.location(value.range), format!("`{name}` is empty, which counts as not given"))
                        .fix(fix),
                );
                continue;
            }
            let Some(output) = &value.output else { continue };
            let command = &output.command;
            if command.open || !matches!(command.name.as_str(), "identity show" | "identity create") {
                continue;
            }
            let format = command.format().and_then(|format| format.literal.as_deref());
            let what = match (command.query(), format) {
                (None, _) => "a whole object",
                (Some(_), Some("json" | "jsonc" | "yaml" | "yamlc" | "table")) => "not plain text",
                _ => continue,
            };
            let mut edit = at.edit();
            if command.query().is_none() {
                edit = insert_behind(edit, at, command.range, " --query id");
            }
            edit = match command.format() {
                Some(format) if format.text != "tsv" => edit.replace(format, "tsv"),
                Some(_) => edit,
                None => insert_behind(edit, at, command.range, " -o tsv"),
            };
            let mut finding = Finding::at(
                at.location(value.range),
                format!("`{name}` takes a resource ID, but `az {}` prints {what} here", command.name),
            );
            if let Some(assigned) = output.assigned {
                finding = finding.related(at.location(assigned), "it is set here");
            }
            report.report(finding.fix(edit.fix("Print the ID alone", Applicability::Safe)));
        }
    }
}

/// Adds text behind a command that is part of this one's value.
fn insert_behind<'c, 'a>(
    edit: CommandEdit<'c, 'a>,
    at: &CommandAt<'_>,
    range: TextRange,
    text: &str,
) -> CommandEdit<'c, 'a> {
    match at.script.fragment.encoding.encode(text) {
        Some(text) => edit.also(at.location(TextRange::empty(range.end())), text),
        None => edit.delete(None),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::testing::check_fix;

    #[test]
    fn makes_the_command_print_the_id() {
        check_fix(
            RULE,
            "//- a.sh\nID=$(az identity show -n a)\naz aks create --assign-identity $ID\n",
            "//- a.sh\nID=$(az identity show -n a --query id -o tsv)\naz aks create --assign-identity $ID\n",
        );
    }
}
