use template::aks::{IDENTITY, IdentityBlock, Kind};
use template::scripts::DEPLOYMENT_SCRIPT;
use template::value::ResourceRef;

use crate::offers::label;
use crate::write::Target;
use crate::{Applicability, At, Ctx, Finding, New, Resources, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds deployment scripts with a system-assigned identity.
    ///
    /// ## Why is this a problem
    /// `Microsoft.Resources/deploymentScripts` takes user-assigned identities only. The type is an open list in newer versions, so Bicep does not
    /// object.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Resources/deploymentScripts",
    ///   "apiVersion": "2023-08-01",
    ///   "name": "run",
    ///   "location": "westeurope",
    ///   "kind": "AzureCLI",
    ///   "identity": { "type": "SystemAssigned" },
    ///   "properties": { "azCliVersion": "2.84.0", "retentionInterval": "PT1H", "scriptContent": "echo" }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource run 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
    ///   name: 'run'
    ///   location: 'westeurope'
    ///   kind: 'AzureCLI'
    ///   identity: { type: 'SystemAssigned' }
    ///   properties: { azCliVersion: '2.84.0', retentionInterval: 'PT1H', scriptContent: 'echo' }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Resources/deploymentScripts",
    ///   "apiVersion": "2023-08-01",
    ///   "name": "run",
    ///   "location": "westeurope",
    ///   "kind": "AzureCLI",
    ///   "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } },
    ///   "dependsOn": [ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" ],
    ///   "properties": { "azCliVersion": "2.84.0", "retentionInterval": "PT1H", "scriptContent": "echo" }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource run 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
    ///   name: 'run'
    ///   location: 'westeurope'
    ///   kind: 'AzureCLI'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: { azCliVersion: '2.84.0', retentionInterval: 'PT1H', scriptContent: 'echo' }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Names an identity that the template declares.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct CliDeploymentScriptIdentity {
        code: "cli-deployment-script-identity",
        family: Command,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for CliDeploymentScriptIdentity {
    fn resources(&self) -> Resources {
        Resources::Of(&[DEPLOYMENT_SCRIPT])
    }

    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        if ctx.eval.resource(resource).existing {
            return;
        }
        ctx.judge(&ctx.eval.identities(resource), |case| {
            let IdentityBlock::Object { kind, kind_slot, ids_slot, .. } = &case.value.block else { return None };
            if !matches!(kind, Kind::SystemAssigned | Kind::Combined) {
                return None;
            }
            let at = ctx.eval.written_at(kind_slot)?;
            let identities = (0..)
                .zip(&ctx.eval.template(resource.scope).resources)
                .filter(|(_, other)| other.is_type(IDENTITY) && other.repeat.is_none());
            let fixes = identities.filter_map(|(index, _)| {
                let identity = ResourceRef { scope: resource.scope, index, element: None };
                let place = kind_slot.place.filter(|place| place.scope == resource.scope && ids_slot.is_absent())?;
                let map = New::Object(vec![(New::id(identity), New::empty_object())]);
                ctx.rewrite()
                    .replace(place, New::str("UserAssigned"))
                    .insert(kind_slot.holder?, At::Last, "userAssignedIdentities", map)
                    .depend_unless_implied(resource, Target::Declared(identity))
                    .fix(format!("Use the identity `{}`", label(ctx, identity)), Applicability::Unsafe)
            });
            Some(
                Finding::at(at, "a deployment script takes user-assigned identities only")
                    .help("Use `UserAssigned` and name the identity in `userAssignedIdentities`")
                    .fix(fixes),
            )
        });
    }
}
