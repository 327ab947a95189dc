//! What a rule is.

use template::aks::{Cluster, RoleAssignment};
use template::eval::ScopeId;
use template::value::ResourceRef;
use template::workspace::FileId;

use crate::{CommandAt, Ctx, Family, Reporter, Severity};

/// A rule. It overrides one of the `check_*` methods, the most specific one that will do; [`declare_rule!`] writes
/// [`Described::metadata`].
///
/// A deployment is a file that no other file of the workspace deploys, with its modules; so a module is judged by what its
/// callers pass. Findings in files that nobody asked about are dropped, so a rule need not care which files these are.
/// What cannot be evaluated is never the ground for a finding.
///
/// [`declare_rule!`]: crate::declare_rule
pub trait Rule: Described + Sync {
    /// Checks a file to be checked, which need not be a template: its text, its tree.
    fn check_document(&self, _report: &Reporter<'_>, _file: FileId) {}

    /// Checks a call of `az` in a file to be checked: in a script, a pipeline, a page of Markdown, a string or comment of a
    /// template.
    fn check_command(&self, _report: &Reporter<'_>, _at: &CommandAt<'_>) {}

    /// Checks a deployment as a whole.
    fn check_deployment(&self, _ctx: &Ctx<'_>) {}

    /// Checks a template of the deployment: the root, a module, a nested template.
    fn check_template(&self, _ctx: &Ctx<'_>, _scope: ScopeId) {}

    /// Checks a resource, deployed or existing, of those that [`Rule::resources`] wants.
    fn check_resource(&self, _ctx: &Ctx<'_>, _resource: ResourceRef) {}

    /// Which resources [`Rule::check_resource`] is for. Most resources of most templates are none of any rule's business.
    fn resources(&self) -> Resources {
        Resources::None
    }

    /// Checks a cluster that is deployed.
    fn check_cluster(&self, _ctx: &Ctx<'_>, _cluster: &Cluster<'_, '_>) {}

    /// Checks a role assignment that is deployed.
    fn check_role_assignment(&self, _ctx: &Ctx<'_>, _assignment: &RoleAssignment) {}
}

/// Resources of a deployment, by their types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resources {
    /// None at all.
    None,
    /// Those of these types.
    Of(&'static [&'static str]),
    /// Those of types of which facts are known.
    Known,
}

/// The part of a rule that [`declare_rule!`] writes.
///
/// [`declare_rule!`]: crate::declare_rule
pub trait Described {
    /// What is said about the rule.
    fn metadata(&self) -> &'static Metadata;
}

/// What is said about a rule.
#[derive(Debug)]
pub struct Metadata {
    /// Its name, in kebab-case.
    pub code: &'static str,
    /// Its family: the folder it is in.
    pub family: Family,
    /// How bad its findings are when nothing is configured.
    pub severity: Severity,
    /// Why it only runs when it is asked for; `None` when it always runs.
    pub off: Option<&'static str>,
    /// Whether it can mend what it reports.
    pub fix: FixAvailability,
    /// The version of this program that has it first.
    pub since: &'static str,
    /// The languages it applies to.
    pub languages: Languages,
    /// What the Bicep compiler says by itself, so that the rule is quiet in Bicep unless the settings want both.
    pub bicep: Option<&'static str>,
    /// The documentation, in Markdown; see [`crate::docs`].
    pub docs: &'static str,
}

/// Whether a rule can mend what it reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixAvailability {
    /// Never.
    None,
    /// For some of its findings.
    Sometimes,
    /// For all of its findings.
    Always,
}

/// The languages a rule applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Languages {
    /// ARM JSON and Bicep.
    Both,
    /// ARM JSON only, with the reason.
    Json(&'static str),
    /// Bicep only, with the reason.
    Bicep(&'static str),
    /// Command lines, with where they are looked for. Its examples are scripts; templates may stand beside them.
    Commands(&'static str),
}

/// Declares a rule: its documentation and its metadata.
///
/// ```ignore
/// declare_rule! {
///     /// ## What it does
///     /// …
///     pub(crate) struct UserAssignedWithoutIds {
///         code: "user-assigned-without-ids",
///         family: Identity,
///         severity: Error,
///         fix: Sometimes,
///         since: "0.1.0",
///     }
/// }
/// ```
///
/// Optional, behind `since`, in this order: `only: Json, "why"` (or `Bicep`, or `Commands, "where"`), `bicep: "BCP037"` for
/// a rule that leaves `.bicep` files to the compiler as far as that says the same, and `off: "why"` for a rule that runs
/// only when somebody selects it.
#[macro_export]
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            code: $code:literal,
            family: $family:ident,
            severity: $severity:ident,
            fix: $fix:ident,
            since: $since:literal
            $(, only: $only:ident, $only_reason:literal)?
            $(, bicep: $bicep:literal)?
            $(, off: $off:literal)?
            $(,)?
        }
    ) => {
        // Its documentation is data: for pages and hovers, not for rustdoc.
        $vis struct $name;

        impl $crate::rule::Described for $name {
            fn metadata(&self) -> &'static $crate::Metadata {
                static METADATA: $crate::Metadata = $crate::Metadata {
                    code: $code,
                    family: $crate::Family::$family,
                    severity: $crate::Severity::$severity,
                    off: $crate::declare_rule!(@off $($off)?),
                    fix: $crate::FixAvailability::$fix,
                    since: $since,
                    languages: $crate::declare_rule!(@languages $($only, $only_reason)?),
                    bicep: $crate::declare_rule!(@off $($bicep)?),
                    docs: concat!($($doc, "\n"),*),
                };
                &METADATA
            }
        }

        /// The rule of this file.
        $vis const RULE: &dyn $crate::Rule = &$name;
    };
    (@off) => { None };
    (@off $reason:literal) => { Some($reason) };
    (@languages) => { $crate::Languages::Both };
    (@languages $only:ident, $reason:literal) => { $crate::Languages::$only($reason) };
}
