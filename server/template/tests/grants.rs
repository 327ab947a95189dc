//! Who is given which role on what. Each test asks whether the control plane may assign the identity of the kubelet.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use syntax::SourceText;
use template::Evaluator;
use template::aks::Cluster;
use template::condition::Conditions;
use template::grants::{Bearer, Right, Truth, Wanted, rights};
use template::workspace::{FileId, SourceFile, Workspace};

const START: &str = "
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'kmi', location: 'x' }
resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'other', location: 'x' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
  properties: { identityProfile: { kubeletidentity: { resourceId: kmi.id } } }
}
";

fn with<T>(files: &[(&str, &str)], f: impl FnOnce(&Evaluator<'_>) -> T) -> T {
    let file = |&(path, text): &(&str, &str)| Arc::new(SourceFile::parse(Path::new(path), SourceText::new(text)));
    let workspace = Workspace::new(files.iter().map(file).collect());
    f(&Evaluator::new(&workspace, FileId(0)).expect("the fixture is a template"))
}

/// The answers with their conditions, joined.
fn ask(eval: &Evaluator<'_>) -> String {
    let cluster = Cluster::new(eval, eval.clusters()[0]);
    let mut all = Vec::new();
    for case in eval.join(cluster.control_plane_ids(), cluster.kubelet_ids()) {
        let bearer = Bearer::Identity(case.value.0.clone());
        let wanted = Wanted { right: &rights::ASSIGN_IDENTITY, bearer: &bearer, on: Some(case.value.1) };
        for answer in eval.granted(&wanted, &case.when) {
            let when = eval.describe(&answer.when);
            all.push(if when.is_empty() {
                format!("{:?}", answer.value)
            } else {
                format!("{:?} if {when}", answer.value)
            });
        }
    }
    all.join("; ")
}

fn bicep(more: &str) -> String {
    with(&[("main.bicep", &format!("{START}{more}"))], ask)
}

fn grant(role: &str, scope: &str, principal: &str) -> String {
    format!(
        "resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  {scope}
  name: guid('x')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: {principal}
  }}
}}
"
    )
}

const OPERATOR: &str = "f1a07417-d97a-45cb-824c-7a7467783830";
const PRINCIPAL: &str = "mi.properties.principalId";

#[test]
fn it_is_not_granted_when_nothing_grants_it() {
    assert_eq!(bicep(""), "No");
    assert_eq!(bicep(&grant(OPERATOR, "scope: other", PRINCIPAL)), "No", "on another identity");
    assert_eq!(bicep(&grant(OPERATOR, "scope: mi", "kmi.properties.principalId")), "No", "the other way round");
    assert_eq!(bicep(&grant(OPERATOR, "scope: kmi", "aks.properties.identityProfile.kubeletidentity.objectId")), "No");
    assert_eq!(bicep(&grant("4d97b98b-1d4f-4787-a291-c67834d212e7", "scope: kmi", PRINCIPAL)), "No", "another role");
}

#[test]
fn it_is_granted_on_the_identity_and_on_what_is_around_it() {
    for scope in ["scope: kmi", "", "scope: resourceGroup()", "scope: subscription()"] {
        assert_eq!(bicep(&grant(OPERATOR, scope, PRINCIPAL)), "Yes", "{scope}");
    }
    assert_eq!(bicep(&grant("b24988ac-6180-42a0-ab88-20f7382dd24c", "", PRINCIPAL)), "Yes", "by a wider role");
    assert_eq!(bicep(&grant(OPERATOR, "scope: kmi", "aks.identity.userAssignedIdentities[mi.id].principalId")), "Yes");
}

#[test]
fn what_is_not_known_is_not_decided() {
    let parameter = "param someone string\n";
    assert_eq!(bicep(&format!("{parameter}{}", grant(OPERATOR, "scope: kmi", "someone"))), "Unknown");
    assert_eq!(
        bicep(&grant("00000000-1111-2222-3333-444444444444", "scope: kmi", PRINCIPAL)),
        "Unknown",
        "a custom role"
    );
    assert_eq!(bicep("module m 'br/public:avm/x:1.0' = { name: 'm', params: {} }\n"), "Unknown");
    let script = "resource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = { name: 's', kind: 'AzureCLI' }\n";
    assert_eq!(bicep(script), "Unknown");
    let elsewhere = "resource k2 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: n }\nparam n string\n";
    assert_eq!(bicep(&format!("{elsewhere}{}", grant(OPERATOR, "scope: k2", PRINCIPAL))), "Unknown");
}

#[test]
fn conditions_divide_the_cases() {
    let text = format!("param own bool\n{}", grant(OPERATOR, "scope: kmi", PRINCIPAL)).replace("= {", "= if (own) {");
    assert_eq!(bicep(&text), "Yes if `own` is true; No if `own` is false");
}

#[test]
fn modules_are_looked_into() {
    let module = "
param principal string
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'kmi' }
";
    let main = format!("{START}module m 'grant.bicep' = {{ name: 'm', params: {{ principal: {PRINCIPAL} }} }}\n");
    let module = format!("{module}{}", grant(OPERATOR, "scope: kmi", "principal"));
    assert_eq!(with(&[("main.bicep", &main), ("grant.bicep", &module)], ask), "Yes");
}

#[test]
fn elements_of_a_looped_module_are_told_apart() {
    let main = "
module ids 'id.bicep' = [for name in ['mi', 'kmi']: { name: name, params: { name: name } }]
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${ids[0].outputs.id}': {} } }
  properties: { identityProfile: { kubeletidentity: { resourceId: ids[1].outputs.id } } }
}
";
    let id = "
param name string
resource one 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: name, location: 'x' }
output id string = one.id
output principal string = one.properties.principalId
";
    let ask_with = |more: &str| with(&[("main.bicep", &format!("{main}{more}")), ("id.bicep", id)], ask);
    assert_eq!(ask_with(""), "No");
    let existing =
        "resource k 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'kmi' }\n";
    let granted = |principal: &str| format!("{existing}{}", grant(OPERATOR, "scope: k", principal));
    assert_eq!(ask_with(&granted("ids[0].outputs.principal")), "Yes");
    assert_eq!(ask_with(&granted("ids[1].outputs.principal")), "No");
}

#[test]
fn json_says_the_same() {
    let rid = |name: &str| format!("resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '{name}')");
    let text = |scope: &str| {
        format!(
            r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
  {{ "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi" }},
  {{ "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi" }},
  {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks",
    "identity": {{ "type": "UserAssigned", "userAssignedIdentities": {{ "[{mi}]": {{}} }} }},
    "properties": {{ "identityProfile": {{ "kubeletidentity": {{ "resourceId": "[{kmi}]" }} }} }} }},
  {{ "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid('x')]"{scope},
    "properties": {{ "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{OPERATOR}')]",
      "principalId": "[reference({mi}, '2023-01-31').principalId]" }} }}
] }}"#,
            mi = rid("mi"),
            kmi = rid("kmi"),
        )
    };
    let ask_with = |scope: &str| with(&[("main.json", &text(scope))], ask);
    assert_eq!(ask_with(""), "Yes");
    assert_eq!(ask_with(r#", "scope": "Microsoft.ManagedIdentity/userAssignedIdentities/kmi""#), "Yes");
    assert_eq!(
        ask_with(r#", "scope": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]""#),
        "No"
    );
    assert_eq!(ask_with(r#", "scope": "[resourceGroup().id]""#), "Yes");
    assert_eq!(ask_with(r#", "scope": "[parameters('scope')]""#), "Unknown");
}

#[test]
fn names_that_differ_in_a_known_part_are_different() {
    let text = "
param prefix string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: '${prefix}-mi' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: '${prefix}-kmi' }
resource plain 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: prefix }
param anything string
resource any 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: anything }
";
    with(&[("main.bicep", text)], |eval| {
        let ids: Vec<_> = eval.resources_of(template::aks::IDENTITY).into_iter().map(|one| eval.id_of(one)).collect();
        let same = |a: usize, b: usize| eval.same_resource(&ids[a], &ids[b]);
        assert_eq!(
            [same(0, 0), same(0, 1), same(0, 2), same(1, 3)],
            [Truth::Yes, Truth::No, Truth::No, Truth::Unknown]
        );
    });
}

#[test]
fn a_role_on_a_network_holds_for_its_subnets() {
    let text = "
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource net 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: 'net'
  resource nodes 'subnets' = { name: 'nodes' }
}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
  properties: { agentPoolProfiles: [{ name: 'a', vnetSubnetID: net::nodes.id }] }
}
";
    let text = format!("{text}{}", grant("4d97b98b-1d4f-4787-a291-c67834d212e7", "scope: net", PRINCIPAL));
    with(&[("main.bicep", &text)], |eval| {
        let cluster = Cluster::new(eval, eval.clusters()[0]);
        let needs = cluster.needs();
        let [need] = &needs[..] else { panic!("one need, not {needs:?}") };
        let right: &Right = need.value.right;
        assert_eq!(right.role_name(), "Network Contributor");
        let bearer = Bearer::Identity(cluster.control_plane_ids()[0].value.clone());
        let wanted = Wanted { right, bearer: &bearer, on: Some(&need.value.on) };
        let answers = eval.granted(&wanted, &Conditions::TRUE);
        assert_eq!(answers.iter().map(|case| case.value).collect::<Vec<_>>(), [Truth::Yes]);
    });
}

#[test]
fn the_kubelet_is_its_own_identity_or_a_generated_one() {
    let bearers = |profile: &str| {
        let text = START.replace("identityProfile: { kubeletidentity: { resourceId: kmi.id } }", profile);
        with(&[("main.bicep", &text)], |eval| {
            let all = eval.kubelet_bearers(eval.clusters()[0]);
            let word = |bearer: &Option<Bearer>| match bearer {
                Some(Bearer::Identity(_)) => "identity",
                Some(Bearer::Generated { .. }) => "generated",
                Some(Bearer::System(_)) => "system",
                None => "unknown",
            };
            all.iter().map(|case| word(&case.value)).collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(bearers("identityProfile: { kubeletidentity: { resourceId: kmi.id } }"), "identity");
    assert_eq!(bearers(""), "generated");
    assert_eq!(bearers("identityProfile: someProfile"), "unknown");
}

/// Identities of every form, with a role for each; and role assignments for others than identities.
const FORMS: &str = "
param prefix string
param env string
param given string
param on bool
var ids = ['x1', 'x2']
resource cluster 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'c' }
resource a1 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'a1', location: 'x' }
resource a2 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: '${prefix}-a2', location: 'x' }
resource a3 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = if (on) { name: 'a3', location: 'x' }
resource a4 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [for id in ids: { name: id, location: 'x' }]
resource b1 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'b1' }
resource b2 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: '${prefix}-b2' }
resource b3 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: '${prefix}-b3' }
resource b4 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'b4-${env}-x' }
resource b5 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'b5-${env}-x' }
resource b6 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'b5-${env}-y' }
resource b7 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: given }
resource b8 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: prefix }
resource b9 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'B1', scope: resourceGroup('g') }
";

#[test]
fn nobody_who_may_have_a_role_is_passed_over() {
    let named = ["a1", "a2", "a3", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9"];
    let mut principals: Vec<String> = named.iter().map(|name| format!("{name}.properties.principalId")).collect();
    principals.extend(["a4[0].properties.principalId", "given", "cluster.identity.principalId"].map(str::to_owned));
    principals.push("cluster.properties.identityProfile.kubeletidentity.objectId".to_owned());
    principals.push("aks.properties.addonProfiles.omsagent.identity.objectId".to_owned());
    let mut text = format!("{START}{FORMS}");
    for (number, principal) in principals.iter().enumerate() {
        let role = if number % 5 == 4 { "b24988ac-6180-42a0-ab88-20f7382dd24c" } else { OPERATOR };
        text.push_str(&grant(role, "", principal).replace("resource grant", &format!("resource grant{number}")));
    }
    with(&[("main.bicep", &text)], |eval| {
        let grants = eval.grants();
        assert!(grants.all.len() >= principals.len());
        let place_of = |one: &template::grants::Grant| {
            grants.all.iter().position(|other| std::ptr::eq(one, other)).expect("a grant of these")
        };
        for bearer in grants.all.iter().filter_map(|grant| grant.bearer.as_ref()) {
            let mut expected = Vec::new();
            let mut certain = Vec::new();
            for (place, grant) in grants.all.iter().enumerate() {
                let truth = grant.bearer.as_ref().map_or(Truth::Unknown, |own| eval.same_bearer(own, bearer));
                if truth == Truth::Yes {
                    certain.push(place);
                }
                if truth != Truth::No && grant.role.as_deref() == Some(OPERATOR) {
                    expected.push(place);
                }
            }
            let found = eval.possibly_of(&grants, bearer, &|role| role == Some(OPERATOR));
            let found: Vec<usize> = found.map(place_of).collect();
            assert!(found.is_sorted(), "{bearer:?}: {found:?}");
            let missing: Vec<_> = expected.iter().filter(|place| !found.contains(place)).collect();
            assert!(missing.is_empty(), "{bearer:?}: {missing:?} of {found:?}");
            assert!(found.len() < grants.all.len(), "{bearer:?}");
            let known: Vec<usize> = grants.certainly_of(bearer).map(|(place, _)| place).collect();
            assert_eq!(known, certain, "{bearer:?}");
        }
    });
}

/// Counted, not timed: what is looked at for one of many is the same however many there are.
#[test]
fn what_one_identity_has_is_found_without_those_of_all_others() {
    let looked_at = |count: usize, name: &str, kind: &str| {
        let mut text = "param prefix string\n".to_owned();
        for number in 0..count {
            let name = name.replace("{n}", &number.to_string());
            let _ = writeln!(
                text,
                "resource i{number} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' {kind}= {{ name: {name}, location: 'x' }}"
            );
            let own = grant(OPERATOR, "", &format!("i{number}.properties.principalId"));
            text.push_str(&own.replace("resource grant", &format!("resource grant{number}")));
        }
        with(&[("main.bicep", &text)], |eval| {
            let grants = eval.grants();
            let bearers = grants.all.iter().filter_map(|grant| grant.bearer.as_ref());
            let found = bearers.map(|bearer| eval.possibly_of(&grants, bearer, &|_| true).count());
            found.max().unwrap_or_default()
        })
    };
    for (name, kind) in
        [("'a{n}'", ""), ("'a{n}'", "existing "), ("'${prefix}-a{n}'", "existing "), ("'x-${prefix}-a{n}'", "")]
    {
        assert_eq!(looked_at(40, name, kind), 1, "{kind}{name}");
    }
}
