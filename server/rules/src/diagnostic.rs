//! What a rule reports.

use syntax::TextRange;
use template::workspace::{FileId, Location};

use crate::fix::Fix;

/// Something wrong at a place, and what to do about it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The rule's code, such as `user-assigned-without-ids`; `syntax-error` for a syntax error.
    pub code: &'static str,
    /// The family of the rule.
    pub family: Family,
    /// How bad it is, after configuration.
    pub severity: Severity,
    /// Whether it is wrong in every case.
    pub confidence: Confidence,
    /// What is wrong: one sentence, no full stop, names the property.
    pub message: String,
    /// What to do: one sentence or two.
    pub help: Option<String>,
    /// What to underline.
    pub location: Location,
    /// The other places that make it wrong.
    pub related: Vec<Related>,
    /// Ways to mend it, the preferred one first.
    pub fixes: Vec<Fix>,
    /// How an editor may render it besides underlining.
    pub tag: Option<Tag>,
}

/// How bad a diagnostic is. The order is from harmless to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A nudge; an editor shows it discreetly.
    Hint,
    /// Could be better.
    Info,
    /// Very likely wrong, or wrong for some values.
    Warning,
    /// Azure refuses it, or it cannot work.
    Error,
}

impl Severity {
    /// In lower case, as configuration and machine formats write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Whether a diagnostic holds in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Whatever the parameters are.
    Always,
    /// Only when this holds, in words: "`useUserAssigned` is false".
    Conditional(String),
}

/// The family of a rule: a folder of rules, and a word for `--select` and `--ignore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// The identity block of the cluster.
    Identity,
    /// The identity of the kubelet.
    Kubelet,
    /// `servicePrincipalProfile`.
    ServicePrincipal,
    /// Features that depend on identity.
    Feature,
    /// Reads of principals, and role assignments.
    Reference,
    /// `az` command lines.
    Command,
    /// Places that must agree across a whole deployment.
    Deployment,
    /// What API versions know: properties, values, casing.
    Schema,
    /// Syntax errors and suppressions: about the text, not about identity.
    Document,
}

impl Family {
    /// All families, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Kubelet,
        Self::ServicePrincipal,
        Self::Feature,
        Self::Reference,
        Self::Command,
        Self::Deployment,
        Self::Schema,
        Self::Document,
    ];

    /// In kebab-case, as configuration and machine formats write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Kubelet => "kubelet",
            Self::ServicePrincipal => "service-principal",
            Self::Feature => "feature",
            Self::Reference => "reference",
            Self::Command => "command",
            Self::Deployment => "deployment",
            Self::Schema => "schema",
            Self::Document => "document",
        }
    }
}

/// Another place that belongs to a diagnostic.
#[derive(Clone, Debug)]
pub struct Related {
    /// The place.
    pub location: Location,
    /// What it has to do with it: "the control plane's identity is set here".
    pub message: String,
}

/// How an editor may render a diagnostic besides underlining it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Faded: it can go.
    Unnecessary,
    /// Struck out: it is obsolete.
    Deprecated,
}

impl Diagnostic {
    /// The file that is underlined.
    pub fn file(&self) -> FileId {
        self.location.file
    }

    /// What is underlined, in bytes.
    pub fn range(&self) -> TextRange {
        self.location.range
    }
}
