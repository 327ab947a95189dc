//! The mistakes: each one changes a template where the pattern it needs is there.

use super::source::{IDENTITY, Member, Mutant, Source, marked};

/// One way to get identity wrong.
pub(super) struct Operator {
    pub(super) name: &'static str,
    /// The rules any of which may report it.
    pub(super) codes: &'static [&'static str],
    pub(super) mutate: fn(&Source<'_>) -> Option<Mutant>,
}

const fn operator(
    name: &'static str,
    codes: &'static [&'static str],
    mutate: fn(&Source<'_>) -> Option<Mutant>,
) -> Operator {
    Operator { name, codes, mutate }
}

const OTHER_ID: &str = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'id-other')";
const GUID: &str = "5b1c0e52-93a7-4d43-8c0f-7a2f0d3b9e61";

/// All mistakes, by family of rules.
pub(super) static OPERATORS: &[Operator] = &[
    // The identity block.
    operator("map dropped", &["user-assigned-without-ids"], |source| {
        let map = source.member("userAssignedIdentities")?;
        let kind = source.quoted("UserAssigned")?;
        Some(Mutant::default().mark(&kind).remove(source, &map.whole()))
    }),
    operator("map empty", &["user-assigned-without-ids"], |source| {
        let map = source.member("userAssignedIdentities")?;
        Some(Mutant::wrong(&map.value, "{}"))
    }),
    operator("second entry", &["more-than-one-identity"], |source| {
        let entry = source.entry()?;
        let key = source.key(OTHER_ID);
        let separator = if source.is_json { ", " } else { "\n" };
        let second = format!("{separator}{}: {{}}", marked(&key));
        Some(Mutant::default().replace(&(entry.value.end..entry.value.end), &second))
    }),
    operator("kubelet in the map", &["more-than-one-identity"], |source| {
        let (entry, kubelet) = (source.entry()?, source.kubelet_id()?);
        let key = source.as_key(source.str(&kubelet.value));
        let separator = if source.is_json { ", " } else { "\n" };
        let second = format!("{separator}{}: {{}}", marked(&key));
        Some(Mutant::default().replace(&(entry.value.end..entry.value.end), &second))
    }),
    operator("same identity twice", &["duplicate-identity-key"], |source| {
        let entry = source.entry()?;
        let key = source.str(&entry.key);
        let other = if key.contains(IDENTITY) {
            key.replace(IDENTITY, &IDENTITY.to_lowercase())
        } else {
            let id = key.strip_prefix("'${")?.strip_suffix(".id}'")?;
            format!("'${{resourceId('{IDENTITY}', {id}.name)}}'")
        };
        // The same name in another resource group would be another identity.
        if source.text.contains(" existing = ") || source.text.contains("[index]") {
            return None;
        }
        let separator = if source.is_json { ", " } else { "\n" };
        let second = format!("{separator}{}: {{}}", marked(&other));
        Some(Mutant::default().replace(&(entry.value.end..entry.value.end), &second))
    }),
    operator("both kinds", &["identity-type-combined"], |source| {
        kind(source, "UserAssigned", "SystemAssigned, UserAssigned")
    }),
    operator("both kinds, other way round", &["identity-type-combined"], |source| {
        kind(source, "UserAssigned", "UserAssigned,SystemAssigned")
    }),
    operator("both kinds without a map", &["identity-type-combined"], |source| {
        kind(source, "SystemAssigned", "SystemAssigned,UserAssigned")
    }),
    operator("type misspelt", &["identity-type-unknown"], |source| kind(source, "UserAssigned", "UserAsigned")),
    operator("type of other resources", &["identity-type-unknown"], |source| {
        kind(source, "SystemAssigned", "ManagedIdentity")
    }),
    operator("type cased", &["identity-type-unknown"], |source| kind(source, "UserAssigned", "userAssigned")),
    operator("system type cased", &["identity-type-unknown"], |source| {
        kind(source, "SystemAssigned", "systemassigned")
    }),
    operator("type missing", &["identity-not-object"], |source| {
        let kind = source.quoted("UserAssigned").or_else(|| source.quoted("SystemAssigned"))?;
        let key = source.text[..kind.start].rfind("type")?;
        let key = if source.is_json { key - 1 } else { key };
        let block = source.text[..key].rfind('{')?;
        Some(Mutant::default().mark(&source.value_at(block)).remove(source, &(key..kind.end)))
    }),
    operator("identity a text", &["identity-not-object"], |source| {
        let identity = literal_identity(source).filter(|_| source.kubelet_id().is_none())?;
        Some(Mutant::wrong(&identity.value, &source.literal("SystemAssigned")))
    }),
    operator("identity empty", &["identity-not-object"], |source| {
        let identity = literal_identity(source).filter(|_| source.kubelet_id().is_none())?;
        Some(Mutant::wrong(&identity.value, "{}"))
    }),
    operator("identity dropped", &["no-cluster-identity"], |source| {
        let identity = source.in_cluster("identity")?;
        (source.member("clientId").is_none() && source.kubelet_id().is_none()).then_some(())?;
        Some(Mutant::default().mark(&source.cluster_header()?).remove(source, &identity.whole()))
    }),
    operator("identity dropped beside a kubelet identity", &["kubelet-needs-user-assigned"], |source| {
        let (identity, profile) = (source.in_cluster("identity")?, source.member("identityProfile")?);
        Some(Mutant::default().remove(source, &identity.whole()).mark(&profile.whole()))
    }),
    operator("identity in properties", &["identity-misplaced"], |source| {
        let identity = source.in_cluster("identity")?;
        let properties = object(source, source.in_cluster("properties")?)?;
        let member = marked(source.str(&identity.whole()));
        Some(Mutant::default().remove(source, &identity.whole()).insert(source, &properties.value, &member))
    }),
    operator("map beside identity", &["identity-misplaced"], |source| {
        let identity = literal_identity(source)?;
        let map = source.member_within(identity.value.clone(), "userAssignedIdentities")?;
        let member = marked(source.str(&map.whole()));
        Some(Mutant::default().remove(source, &map.whole()).insert_before(source, &identity, &member))
    }),
    operator("map in properties", &["identity-misplaced"], |source| {
        let identity = literal_identity(source)?;
        let map = source.member_within(identity.value, "userAssignedIdentities")?;
        let properties = object(source, source.in_cluster("properties")?)?;
        let member = marked(source.str(&map.whole()));
        Some(Mutant::default().remove(source, &map.whole()).insert(source, &properties.value, &member))
    }),
    operator("kubelet identity in identity", &["identity-misplaced"], |source| {
        let identity = literal_identity(source)?;
        let profile = source.in_cluster("identityProfile")?;
        let kubelet = source.member_within(profile.value.clone(), "kubeletidentity")?;
        let member = marked(source.str(&kubelet.whole()));
        Some(Mutant::default().remove(source, &profile.whole()).insert(source, &identity.value, &member))
    }),
    operator("identityProfile beside properties", &["identity-misplaced"], |source| {
        let identity = literal_identity(source)?;
        let profile = source.in_cluster("identityProfile")?;
        let member = marked(source.str(&profile.whole()));
        Some(Mutant::default().remove(source, &profile.whole()).insert_before(source, &identity, &member))
    }),
    operator("system-assigned with a map", &["ids-without-user-assigned"], |source| {
        source.kubelet_id().is_none().then_some(())?;
        let map = source.member("userAssignedIdentities")?;
        let kind = source.quoted("UserAssigned")?;
        Some(Mutant::wrong(&kind, &source.literal("SystemAssigned")).mark(&map.whole()))
    }),
    operator("system-assigned with an empty map", &["ids-without-user-assigned"], |source| {
        source.member("userAssignedIdentities").is_none().then_some(())?;
        let kind = source.quoted("SystemAssigned")?;
        let separator = if source.is_json { ", " } else { "\n" };
        let map = marked(&source.member_text("userAssignedIdentities", "{}"));
        Some(Mutant::default().replace(&(kind.end..kind.end), &format!("{separator}{map}")))
    }),
    operator("none with a map", &["ids-without-user-assigned", "identity-none-conflict"], |source| {
        source.kubelet_id().is_none().then_some(())?;
        let map = source.member("userAssignedIdentities")?;
        let kind = source.quoted("UserAssigned")?;
        Some(Mutant::wrong(&kind, &source.literal("None")).mark(&map.whole()))
    }),
    operator("none", &["identity-none-conflict"], |source| {
        source.member("clientId").is_none().then_some(())?;
        kind(source, "SystemAssigned", "None")
    }),
    operator("list of IDs", &["ids-as-array"], |source| {
        let (map, entry) = (source.member("userAssignedIdentities")?, source.entry()?);
        Some(Mutant::wrong(&map.value, &format!("[{}]", source.id_of(&entry))))
    }),
    operator("resourceId in the map", &["ids-as-array"], |source| {
        let (map, entry) = (source.member("userAssignedIdentities")?, source.entry()?);
        Some(Mutant::wrong(&map.value, &source.object("resourceId", &source.id_of(&entry))))
    }),
    operator("map a text", &["ids-as-array"], |source| {
        let (map, entry) = (source.member("userAssignedIdentities")?, source.entry()?);
        Some(Mutant::wrong(&map.value, &source.id_of(&entry)))
    }),
    operator("principalId for id in the map", &["id-key-not-resource-id"], |source| {
        id_key(source, ".properties.principalId}'")
    }),
    operator("clientId for id in the map", &["id-key-not-resource-id"], |source| {
        id_key(source, ".properties.clientId}'")
    }),
    operator("name for id in the map", &["id-key-not-resource-id"], |source| id_key(source, ".name}'")),
    operator("literal name in the map", &["id-key-not-resource-id"], |source| {
        let entry = source.entry()?;
        Some(Mutant::wrong(&entry.key, &source.literal("id-control-plane")))
    }),
    operator("literal principal in the map", &["id-key-not-resource-id"], |source| {
        let entry = source.entry()?;
        Some(Mutant::wrong(&entry.key, &source.literal(GUID)))
    }),
    operator("wrong type in the map", &["id-key-not-resource-id"], |source| {
        let entry = source.entry()?;
        let key = source.str(&entry.key);
        key.contains(IDENTITY).then(|| Mutant::wrong(&entry.key, &key.replace(IDENTITY, "Microsoft.KeyVault/vaults")))
    }),
    operator("expression as text in the map", &["id-key-not-resource-id"], |source| {
        let entry = source.entry()?;
        let key = source.str(&entry.key);
        let bare = if source.is_json {
            format!("\"{}\"", key.strip_prefix("\"[")?.strip_suffix("]\"")?)
        } else {
            format!("'{}'", key.strip_prefix("'${")?.strip_suffix("}'")?)
        };
        Some(Mutant::wrong(&entry.key, &bare))
    }),
    operator("slash missing in the map", &["id-key-not-resource-id"], |source| {
        let entry = source.entry()?;
        let key = source.str(&entry.key);
        (&key[1..2] == "/").then(|| Mutant::wrong(&entry.key, &format!("{}{}", &key[..1], &key[2..])))
    }),
    operator("name misspelt in the map", &["identity-not-declared"], |source| {
        let entry = source.entry()?;
        let key = source.str(&entry.key);
        source.member("name").filter(|name| source.str(&name.value) == source.literal("id-control-plane"))?;
        if source.text.contains(" existing = ") {
            return None;
        }
        let misspelt = if key.contains("'id-control-plane'") {
            key.replace("id-control-plane", "id-contorl-plane")
        } else if key == "'${controlPlane.id}'" {
            source.key(&format!("resourceId('{IDENTITY}', 'id-contorl-plane')"))
        } else {
            return None;
        };
        Some(Mutant::wrong(&entry.key, &misspelt))
    }),
    operator("read-out as value", &["id-value-not-empty"], |source| {
        let value = source.object("principalId", &source.literal(GUID));
        Some(Mutant::wrong(&source.entry()?.value, &value))
    }),
    operator("null as value", &["id-value-not-empty"], |source| Some(Mutant::wrong(&source.entry()?.value, "null"))),
    operator("list as value", &["id-value-not-empty"], |source| Some(Mutant::wrong(&source.entry()?.value, "[]"))),
    operator("principalId written", &["identity-read-only-property"], |source| {
        beside_kind(source, "principalId", &source.literal(GUID))
    }),
    operator("tenantId written", &["identity-read-only-property"], |source| {
        beside_kind(source, "tenantId", &source.expression("subscription().tenantId"))
    }),
    operator("delegated resources", &["delegated-resources"], |source| {
        let value = source.object("other", &source.object("resourceId", &source.expression("resourceGroup().id")));
        beside_kind(source, "delegatedResources", &value)
    }),
    operator("dependency on the identity dropped", &["missing-depends-on-identity"], |source| {
        source.is_json.then_some(())?;
        let depends = source.in_cluster("dependsOn")?;
        source.kubelet_id().is_none().then_some(())?;
        source.entry()?;
        let entry = source.entry()?;
        Some(Mutant::default().remove(source, &depends.whole()).mark(&entry.key))
    }),
    operator("old API version", &["property-newer-than-api-version"], |source| {
        let profile = source.member("identityProfile")?;
        let cluster = source.cluster_type()?;
        let at = cluster.start + source.text[cluster.start..].find("2025-05-01")?;
        Some(Mutant::default().replace(&(at..at + 10), "2019-10-01").mark(&profile.whole()))
    }),
    // The identity of the kubelet.
    operator("system-assigned with a kubelet identity", &["kubelet-needs-user-assigned"], |source| {
        let profile = source.member("identityProfile")?;
        let identity = literal_identity(source)?;
        let system = source.object("type", &source.literal("SystemAssigned"));
        Some(Mutant::wrong(&identity.value, &system).mark(&profile.whole()))
    }),
    operator("kubelet key cased", &["kubelet-key-casing"], |source| kubelet_key(source, "kubeletIdentity")),
    operator("kubelet key misspelt", &["identity-profile-unknown-key", "kubelet-identity-misspelt"], |source| {
        kubelet_key(source, "kubletidentity")
    }),
    operator("kubelet key short", &["identity-profile-unknown-key"], |source| kubelet_key(source, "kubelet")),
    operator("kubelet key of another thing", &["identity-profile-unknown-key"], |source| {
        kubelet_key(source, "agentpool")
    }),
    operator("ID as key of the profile", &["identity-profile-unknown-key"], |source| {
        let (profile, id) = (source.member("identityProfile")?, source.kubelet_id()?);
        // A key that is a parameter may turn out right.
        is_visible(source.str(&id.value)).then_some(())?;
        let key = source.as_key(source.str(&id.value));
        Some(Mutant::wrong(&profile.value, &format!("{{ {key}: {{}} }}")))
    }),
    operator("resourceId missing", &["kubelet-without-resource-id"], |source| {
        let kubelet = source.member("kubeletidentity")?;
        Some(
            Mutant::default()
                .mark(&kubelet.whole())
                .replace(&kubelet.value, &source.object("clientId", &source.literal(GUID))),
        )
    }),
    operator("resourceId misspelt", &["kubelet-without-resource-id"], |source| kubelet_member(source, "resurceId")),
    operator("id for resourceId", &["kubelet-without-resource-id"], |source| kubelet_member(source, "id")),
    operator("clientId for resourceId", &["kubelet-resource-id-wrong"], |source| kubelet_value(source, "clientId")),
    operator("principalId for resourceId", &["kubelet-resource-id-wrong"], |source| {
        kubelet_value(source, "principalId")
    }),
    operator("name for resourceId", &["kubelet-resource-id-wrong"], |source| {
        Some(Mutant::wrong(&source.kubelet_id()?.value, &source.literal("id-kubelet")))
    }),
    operator("wrong type in resourceId", &["kubelet-resource-id-wrong"], |source| {
        let id = source.kubelet_id()?;
        let vault = source.expression("resourceId('Microsoft.KeyVault/vaults', 'id-kubelet')");
        Some(Mutant::wrong(&id.value, &vault))
    }),
    operator("literal IDs of the kubelet", &["kubelet-ids-redundant"], |source| {
        let id = source.kubelet_id()?;
        let member = marked(&source.member_text("clientId", &source.literal(GUID)));
        Some(Mutant::default().insert_before(source, &id, &member))
    }),
    operator("client and object ID swapped", &["kubelet-ids-swapped"], |source| {
        let id = source.kubelet_id()?;
        let (client, object) = (of_kubelet(source, &id, "principalId")?, of_kubelet(source, &id, "clientId")?);
        Some(
            Mutant::default()
                .insert_before(source, &id, &marked(&source.member_text("clientId", &client)))
                .insert_before(source, &id, &marked(&source.member_text("objectId", &object))),
        )
    }),
    operator("kubelet identity a text", &["kubelet-map-shape"], |source| {
        let kubelet = source.member("kubeletidentity")?;
        Some(Mutant::wrong(&kubelet.value, source.str(&source.kubelet_id()?.value)))
    }),
    operator("kubelet identity a map", &["kubelet-map-shape"], |source| {
        let (kubelet, id) = (source.member("kubeletidentity")?, source.kubelet_id()?);
        // A key that is a parameter may turn out right.
        is_visible(source.str(&id.value)).then_some(())?;
        let key = source.as_key(source.str(&id.value));
        Some(Mutant::wrong(&kubelet.value, &format!("{{ {key}: {{}} }}")))
    }),
    operator("generated identity", &["kubelet-generated-identity"], |source| {
        let id = source.kubelet_id()?;
        let generated = format!("resourceId('MC_shop_aks-shop_westeurope', '{IDENTITY}', 'aks-shop-agentpool')");
        Some(Mutant::wrong(&id.value, &source.expression(&generated)))
    }),
    operator("role dropped", &["kubelet-role-missing"], |source| {
        let kubelet = source.kubelet_id()?;
        let role = role(source)?;
        let mutant = if source.is_json {
            let depends = source.in_cluster("dependsOn")?;
            let element = element(source, &depends, "extensionResourceId")?;
            Mutant::default().remove(source, &role).remove(source, &element)
        } else {
            Mutant::default().replace(&role, "").remove(source, &source.in_cluster("dependsOn")?.whole())
        };
        Some(mutant.mark(&kubelet.whole()))
    }),
    operator("dependency on the role dropped", &["kubelet-role-no-dependency"], |source| {
        role(source)?;
        let depends = source.in_cluster("dependsOn")?;
        Some(if source.is_json {
            let element = element(source, &depends, "extensionResourceId")?;
            Mutant::default().remove(source, &element).mark(&depends.whole())
        } else {
            Mutant::default().remove(source, &depends.whole()).mark(&source.cluster_header()?)
        })
    }),
    operator("role on the control plane itself", &["kubelet-role-wrong-target"], |source| {
        let scope = source.member_within(role(source)?, "scope")?;
        Some(Mutant::wrong(&scope.value, &other_way(source.str(&scope.value))))
    }),
    operator("role given to the kubelet", &["kubelet-role-wrong-target"], |source| {
        let principal = source.member_within(role(source)?, "principalId")?;
        Some(Mutant::wrong(&principal.value, &other_way(source.str(&principal.value))))
    }),
    operator("role the other way round", &["kubelet-role-wrong-target"], |source| {
        let role = role(source)?;
        let scope = source.member_within(role.clone(), "scope")?;
        let principal = source.member_within(role, "principalId")?;
        Some(
            Mutant::wrong(&scope.value, &other_way(source.str(&scope.value)))
                .replace(&principal.value, &marked(&other_way(source.str(&principal.value)))),
        )
    }),
    operator("control plane and kubelet swapped", &["kubelet-role-wrong-target"], |source| {
        let role = role(source)?;
        let (entry, kubelet) = (source.entry()?, source.kubelet_id()?);
        Some(
            Mutant::default()
                .replace(&entry.key, &other_way(source.str(&entry.key)))
                .replace(&kubelet.value, &other_way(source.str(&kubelet.value)))
                .mark(&source.member_within(role.clone(), "scope")?.whole())
                .mark(&source.member_within(role, "principalId")?.whole()),
        )
    }),
    // The service principal.
    operator("msi without identity", &["msi-without-identity"], |source| {
        let client = source.member("clientId").filter(|client| source.str(&client.value).contains("msi"))?;
        let identity = source.in_cluster("identity")?;
        Some(Mutant::default().remove(source, &identity.whole()).mark(&client.value))
    }),
    operator("principal becomes msi", &["msi-without-identity"], |source| {
        let profile = source.member("servicePrincipalProfile")?;
        let client = source.member_within(profile.value, "clientId")?;
        source.in_cluster("identity").is_none().then(|| Mutant::wrong(&client.value, &source.literal("msi")))
    }),
    operator("principal beside an identity", &["principal-and-identity"], |source| {
        let profile = source.member("servicePrincipalProfile")?;
        source.in_cluster("identity").is_none().then_some(())?;
        let properties = source.in_cluster("properties")?;
        let identity = source.member_text("identity", &source.object("type", &source.literal("SystemAssigned")));
        Some(Mutant::default().insert_before(source, &properties, &identity).mark(&profile.whole()))
    }),
    operator("literal secret", &["principal-secret-exposed"], |source| {
        Some(Mutant::wrong(&source.member("secret")?.value, &source.literal("q8T~horse.battery-staple_42")))
    }),
    operator("secret in a plain parameter", &["principal-secret-exposed"], |source| {
        source.member("secret")?;
        if source.is_json {
            let kind = source.quoted("securestring")?;
            let parameter = source.member("appSecret")?;
            return Some(Mutant::default().replace(&kind, &source.literal("string")).mark(&parameter.whole()));
        }
        let secure = source.text.find("@secure()\n")?;
        let parameter = secure + "@secure()\n".len();
        let end = parameter + source.text[parameter..].find('\n')?;
        Some(Mutant::default().replace(&(secure..parameter), "").mark(&(parameter..end)))
    }),
    operator("msi cased", &["msi-casing"], |source| kind(source, "msi", "MSI")),
    operator("msi with a secret", &["msi-with-secret"], |source| {
        let msi = source.quoted("msi")?;
        let separator = if source.is_json { ", " } else { "\n" };
        let secret = marked(&source.member_text("secret", &source.expression("uniqueString('a')")));
        Some(Mutant::default().replace(&(msi.end..msi.end), &format!("{separator}{secret}")))
    }),
    operator("secret missing", &["principal-object-id"], |source| {
        let (client, secret) = (source.member("clientId")?, source.member("secret")?);
        // What a parameter brings may be `msi`, which needs none.
        Some(Mutant::wrong(&client.value, &source.literal(GUID)).remove(source, &secret.whole()))
    }),
    operator("principal of a managed identity", &["principal-object-id"], |source| {
        let client = source.member("clientId")?;
        source.member("secret")?;
        let id = format!("resourceId('{IDENTITY}', 'id-control-plane')");
        Some(Mutant::wrong(&client.value, &source.expression(&format!("reference({id}, '2023-01-31').principalId"))))
    }),
    operator("name of the principal", &["principal-client-id-shape"], |source| {
        source.member("secret")?;
        Some(Mutant::wrong(&source.member("clientId")?.value, &source.literal("http://aks-shop")))
    }),
    operator("GUID in braces", &["principal-client-id-shape"], |source| {
        source.member("secret")?;
        Some(Mutant::wrong(&source.member("clientId")?.value, &source.literal(&format!("{{{GUID}}}"))))
    }),
    operator("vault reference of the principal", &["principal-keyvault-ref"], |source| {
        let secret = source.member("secret")?;

        let vault =
            source.member_text("vaultID", &source.expression("resourceId('Microsoft.KeyVault/vaults', 'kv-shop')"));
        let name = source.member_text("secretName", &source.literal("aks"));
        let text = source.member_text("keyVaultSecretRef", &format!("{{ {vault}, {name} }}"));
        Some(Mutant::wrong(&secret.whole(), &text))
    }),
];

fn kind(source: &Source<'_>, before: &str, after: &str) -> Option<Mutant> {
    Some(Mutant::wrong(&source.quoted(before)?, &source.literal(after)))
}

/// The member, where its value is an object that is written there.
fn object(source: &Source<'_>, member: Member) -> Option<Member> {
    source.str(&member.value).starts_with('{').then_some(member)
}

/// Whether an expression shows that it is an ID.
fn is_visible(id: &str) -> bool {
    id.contains(IDENTITY) || id.strip_suffix(".id").is_some()
}

/// The identity, where it is an object in the cluster.
fn literal_identity(source: &Source<'_>) -> Option<Member> {
    object(source, source.in_cluster("identity")?)
}

/// Puts another end to the key `'${symbol.id}'`.
fn id_key(source: &Source<'_>, end: &str) -> Option<Mutant> {
    let entry = source.entry()?;
    let symbol = source.str(&entry.key).strip_suffix(".id}'")?;
    Some(Mutant::wrong(&entry.key, &format!("{symbol}{end}")))
}

/// Adds a member behind the type of the identity.
fn beside_kind(source: &Source<'_>, key: &str, value: &str) -> Option<Mutant> {
    let kind = source.quoted("UserAssigned").or_else(|| source.quoted("SystemAssigned"))?;
    let separator = if source.is_json { ", " } else { "\n" };
    let member = marked(&source.member_text(key, value));
    Some(Mutant::default().replace(&(kind.end..kind.end), &format!("{separator}{member}")))
}

fn kubelet_key(source: &Source<'_>, key: &str) -> Option<Mutant> {
    let kubelet = source.member("kubeletidentity")?;
    Some(Mutant::wrong(&kubelet.key, &source.pick(&format!("\"{key}\""), key)))
}

fn kubelet_member(source: &Source<'_>, key: &str) -> Option<Mutant> {
    let kubelet = source.member("kubeletidentity")?;
    let id = source.kubelet_id()?;
    let text = source.str(&id.value);
    let object = format!("{{ {} }}", source.member_text(key, text));
    Some(Mutant::default().mark(&kubelet.whole()).replace(&kubelet.value, &object))
}

fn kubelet_value(source: &Source<'_>, property: &str) -> Option<Mutant> {
    let id = source.kubelet_id()?;
    Some(Mutant::wrong(&id.value, &of_kubelet(source, &id, property)?))
}

/// A property of the kubelet's identity, where its ID is an expression or symbol.
fn of_kubelet(source: &Source<'_>, id: &Member, property: &str) -> Option<String> {
    let id = source.str(&id.value);
    if source.is_json {
        let id = id.strip_prefix("\"[")?.strip_suffix("]\"")?;
        return id.starts_with("resourceId").then(|| format!("\"[reference({id}, '2023-01-31').{property}]\""));
    }
    Some(format!("{}.properties.{property}", id.strip_suffix(".id")?))
}

/// The role assignment, as a whole resource.
fn role(source: &Source<'_>) -> Option<std::ops::Range<usize>> {
    let at = source.text.find("Microsoft.Authorization/roleAssignments")?;
    if source.is_json {
        let start = source.text[..at].rfind('{')?;
        let end = start + source.text[start..].find("\n    }")? + "\n    }".len();
        return Some(start..end);
    }
    let start = source.text[..at].rfind("resource ")?;
    let end = start + source.text[start..].find("\n}")? + "\n}".len();
    Some(start..end)
}

/// The element of a list of texts that starts with a word.
fn element(source: &Source<'_>, list: &Member, word: &str) -> Option<std::ops::Range<usize>> {
    let at = source.str(&list.value).find(&format!("\"[{word}"))?;
    let start = list.value.start + at;
    let end = start + source.text[start..].find("]\"")? + 2;
    Some(start..end)
}

/// The same of the other one of the two identities.
fn other_way(text: &str) -> String {
    let pairs = [("id-control-plane", "id-kubelet"), ("controlPlane", "kubelet")];
    for (control_plane, kubelet) in pairs {
        if text.contains(control_plane) {
            return text.replace(control_plane, kubelet);
        }
        if text.contains(kubelet) {
            return text.replace(kubelet, control_plane);
        }
    }
    text.to_owned()
}
