use syntax::TextRange;
use template::aks::{Cluster, PropertyAt};
use template::eval::{Place, ScopeId};
use template::expr::Expr;
use template::ranges::Ranges;
use template::workspace::{FileId, Location};

use crate::{Applicability, Ctx, FileEdit, Finding, Fix, Reporter, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds names that speak of the kubelet's identity and misspell it: parameters, variables, outputs, tags and other keys of a
    /// template, and `assign-kublet-identity` in the text around commands.
    ///
    /// ## Why is this a problem
    /// The misspelling `assign-kublet-identity` stood in a much copied page. A name is only a name, but the next one who looks for
    /// the kubelet's identity does not find it, and copied into a command or into `identityProfile` it is an error.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "tags": { "kubletIdentity": "kmi" }
    /// ```
    /// ```bicep,frame=resource
    /// param assignKubletIdentity string = kmi.id
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "tags": { "kubeletIdentity": "kmi" }
    /// ```
    /// ```bicep,frame=resource
    /// param assignKubeletIdentity string = kmi.id
    /// ```
    ///
    /// ## Fix
    /// Renames a key of an object, and the flag in a text. What declares a parameter or variable is left to you: its name is
    /// known elsewhere.
    ///
    /// ## When not to use it
    /// When you cannot change the names.
    pub(crate) struct KubeletIdentityMisspelt {
        code: "kubelet-identity-misspelt",
        family: Kubelet,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const FLAG: &str = "assign-kubelet-identity";

impl Rule for KubeletIdentityMisspelt {
    fn check_document(&self, report: &Reporter<'_>, file: FileId) {
        let source = report.workspace.file(file);
        if source.carrier().is_none() {
            return;
        }
        let text = source.text.as_str();
        let commands = std::cell::LazyCell::new(|| {
            let commands = source.scripts().iter().flat_map(|script| &script.commands);
            Ranges::new(commands.map(|command| (command.range, ())).collect())
        });
        for at in memchr::memmem::find_iter(text.as_bytes(), "-identity") {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let start = text[..at]
                .rfind(|c| !is_part(c))
                .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
            let end = text[at..].find(|c| !is_part(c)).map_or(text.len(), |len| at + len);
            let name = text[start..end].trim_start_matches('-');
            let start = end - name.len();
            let distance = strsim::damerau_levenshtein(&name.to_ascii_lowercase(), FLAG);
            if !(1..=2).contains(&distance) || corrected(name).is_none() {
                continue;
            }
            let range = |start: usize, end: usize| {
                let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).into();
                TextRange::new(offset(start), offset(end))
            };
            let range = range(start, end);
            // In a command it is a flag that does not exist.
            if commands.around(range).next().is_some() {
                continue;
            }
            let is_text = matches!(source.carrier(), Some(syntax::carriers::Carrier::Markdown));
            let fix = Fix {
                title: format!("Change it to `{FLAG}`"),
                applicability: if is_text { Applicability::Safe } else { Applicability::Unsafe },
                edits: vec![FileEdit { file, edit: syntax::TextEdit::replace(range, FLAG) }],
                copied: Vec::new(),
            };
            report.report(
                Finding::at(Location { file, range }, format!("`{name}` is misspelt: the flag is `--{FLAG}`"))
                    .fix([fix]),
            );
        }
    }

    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        let template = ctx.eval.template(scope);
        let say = |name: &str, range, fix: &dyn Fn(&str) -> Option<Fix>| {
            let Some(right) = corrected(name) else { return };
            let finding = Finding::at(ctx.eval.in_file(scope, range), format!("`{name}` is misspelt"));
            ctx.report(finding.help(format!("Did you mean `{right}`?")).fix(fix(&right)));
        };
        let declared = template.parameters.iter().map(|parameter| (&parameter.name, parameter.name_range));
        let declared = declared.chain(template.variables.iter().map(|variable| (&variable.name, variable.name_range)));
        let declared = declared.chain(template.outputs.iter().map(|output| (&output.name, output.name_range)));
        for (name, range) in declared {
            say(name.as_str(), range, &|_| None);
        }
        // Costs more than all the rest, and is rarely asked for.
        let others = std::cell::OnceCell::new();
        for &(object, number) in &ctx.outline(scope).misspelt {
            let property = PropertyAt { object: Place { scope, expr: object }, number };
            let Some((_, written)) = ctx.eval.property(property) else { continue };
            let Expr::Str(key) = template.expr(written.key) else { continue };
            let range = template.exprs.range(written.key);
            let is_other = || {
                let others = others.get_or_init(|| elsewhere(ctx, scope));
                others.around(range).next().is_some()
            };
            if corrected(key).is_none() || is_other() {
                continue;
            }
            say(key, range, &|right| {
                let rewrite = ctx.rewrite().rename_key(property, right);
                rewrite.fix(format!("Rename it to `{right}`"), Applicability::Unsafe)
            });
        }
    }
}

/// Where keys are judged by other rules, or were chosen elsewhere: `identityProfile` of clusters, arguments of modules.
fn elsewhere(ctx: &Ctx<'_>, scope: ScopeId) -> Ranges<()> {
    let file = ctx.eval.scope(scope).file;
    let template = ctx.eval.template(scope);
    let arguments = template.modules.iter().filter_map(|module| module.arguments);
    let mut ranges: Vec<TextRange> = arguments.map(|arguments| template.exprs.range(arguments)).collect();
    for resource in ctx.eval.clusters() {
        let cluster = Cluster::new(ctx.eval, resource);
        for case in cluster.slots(&["properties", "identityProfile"]) {
            let place = case.value.place.map(|place| ctx.eval.location(place));
            ranges.extend(place.filter(|place| place.file == file).map(|place| place.range));
        }
    }
    Ranges::new(ranges.into_iter().map(|range| (range, ())).collect())
}

/// Whether [`corrected`] may find something in a name. Nearly all names are too short, and most others have nothing in them
/// that begins like "kubelet".
pub(crate) fn may_be_misspelt(name: &str) -> bool {
    let bytes = name.as_bytes();
    let begins = |at| matches!(bytes.get(at + 1), Some(b'u' | b'U'));
    name.len() >= "kubel".len() + "identit".len() && memchr::memchr2_iter(b'k', b'K', bytes).any(begins)
}

/// A name with its misspelling of "kubelet" in front of "identity" mended; `None` when there is none.
fn corrected(name: &str) -> Option<String> {
    if !may_be_misspelt(name) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if !lower.is_ascii() {
        return None;
    }
    let identity = lower.find("identit")?;
    let before = lower[..identity].trim_end_matches(['-', '_', ' ', '.']);
    let word = &before[before.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1)..];
    let start = before.len() - word.len() + word.rfind('k')?;
    let word = &before[start..];
    let is_other = ["kubelet", "kubelets"].contains(&word) || word.starts_with("kubern");
    let distance = strsim::damerau_levenshtein(word, "kubelet");
    if is_other || distance > 2 || !word.starts_with("ku") || word.len() < 5 {
        return None;
    }
    let right = if name[start..].starts_with('K') { "Kubelet" } else { "kubelet" };
    Some(format!("{}{right}{}", &name[..start], &name[start + word.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_all, check_fix};

    #[test]
    fn mends_the_word_and_nothing_else() {
        for (name, right) in [
            ("kubletIdentity", "kubeletIdentity"),
            ("assignKubletIdentity", "assignKubeletIdentity"),
            ("assignkubletidentity", "assignkubeletidentity"),
            ("kubeletteIdentityId", "kubeletIdentityId"),
            ("aks-kublet-identity", "aks-kubelet-identity"),
        ] {
            assert_eq!(corrected(name).as_deref(), Some(right));
        }
        for name in [
            "kubeletIdentity",
            "kubeletidentity",
            "kubeIdentity",
            "kubernetesIdentity",
            "kubeletsIdentity",
            "aksIdentity",
            "identity",
        ] {
            assert_eq!(corrected(name), None, "{name}");
        }
    }

    #[test]
    fn one_mistake_is_reported_once() {
        check_all(
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
//- README.md
Give `--assign-kublet-identity` an ID.
        ^^^^^^^^^^^^^^^^^^^^^^ warning[kubelet-identity-misspelt]: is misspelt
```bash
az aks create --assign-identity $M --assign-kublet-identity $K
                                   ^^^^^^^^^^^^^^^^^^^^^^^^ error[cli-flag-typo]: has no flag
```
",
        );
        check(
            RULE,
            "param kubletIdentityId string
      ^^^^^^^^^^^^^^^^ warning[kubelet-identity-misspelt]: is misspelt
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: { identityProfile: { kubletidentity: { resourceId: kubletIdentityId } } }
}
",
        );
    }

    #[test]
    fn mends_text() {
        check_fix(RULE, "//- a.md\nSay `--assign-kublet-identity`.\n", "//- a.md\nSay `--assign-kubelet-identity`.\n");
    }
}
