use template::aks::CLUSTER;

use crate::conformance::{Compiler, Kind, Mistake};
use crate::rules::schema::read_only_property::written;
use crate::{Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds IDs of identities that are written although the service fills them in: `identity.principalId` and
    /// `identity.tenantId`, the `identity` of an add-on or of application routing, the issuer URL.
    ///
    /// ## Why is this a problem
    /// They come into templates by pasting what was read from a cluster. An add-on's identity cannot be chosen by them, and
    /// those who read the template believe it was.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity,expect=2
    /// "type": "SystemAssigned",
    /// "principalId": "11111111-1111-1111-1111-111111111111",
    /// "tenantId": "[subscription().tenantId]"
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// tenantId: tenant().tenantId
    /// ```
    /// ```json,frame=properties
    /// "addonProfiles": {
    ///   "omsagent": { "enabled": true, "identity": { "objectId": "11111111-1111-1111-1111-111111111111" } }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: {
    ///   omsagent: { enabled: true, identity: { objectId: '11111111-1111-1111-1111-111111111111' } }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "SystemAssigned"
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// ```
    ///
    /// ## Fix
    /// Takes it out.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct IdentityReadOnlyProperty {
        code: "identity-read-only-property",
        family: Identity,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP073",
    }
}

impl Rule for IdentityReadOnlyProperty {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let own = mistake.kind == Kind::ReadOnly && is_of_identity(mistake);
            own.then(|| (Compiler::Says, written(ctx, mistake)))
        });
    }
}

/// Whether a read-only property of a cluster has to do with identity.
pub(crate) fn is_of_identity(mistake: &Mistake) -> bool {
    let path = mistake.path.as_str();
    let below = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    mistake.ty.name() == CLUSTER && (path.starts_with("identity.") || below(&[".identity", ".issuerURL"]))
}
