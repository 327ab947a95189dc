//! Built-in roles that matter to the identities of a cluster.

/// A built-in role.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// The GUID of its definition, in lower case; the same in every tenant.
    pub guid: &'static str,
    /// Whom it is for.
    pub grantee: Grantee,
    /// What it is good for around a cluster.
    pub purpose: &'static str,
}

/// Who usually gets a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// The identity of the control plane.
    ControlPlane,
    /// The identity of the kubelets.
    Kubelet,
    /// The identity of an add-on, of a workload, or of another resource.
    Other,
    /// People and pipelines.
    People,
}

const fn role(name: &'static str, guid: &'static str, grantee: Grantee, purpose: &'static str) -> Role {
    Role { name, guid, grantee, purpose }
}

use Grantee::{ControlPlane, Kubelet, Other, People};

/// The roles, by name.
pub static ROLES: &[Role] = &[
    role(
        "AcrPull",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        Kubelet,
        "Pulls images from a container registry. The kubelet identity needs it on the registry; registries in ABAC mode ignore it.",
    ),
    role(
        "AcrPush",
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        People,
        "Pushes images to a container registry. For pipelines; nodes never push.",
    ),
    role(
        "Azure Kubernetes Service Cluster Admin Role",
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        People,
        "Fetches administrator credentials of a cluster.",
    ),
    role(
        "Azure Kubernetes Service Cluster User Role",
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        People,
        "Fetches user credentials of a cluster.",
    ),
    role(
        "Azure Kubernetes Service RBAC Cluster Admin",
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        People,
        "Does everything inside a cluster that authorises by Azure roles.",
    ),
    role(
        "Container Registry Repository Catalog Lister",
        "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
        Kubelet,
        "Lists the repositories of a registry in ABAC mode; beside Container Registry Repository Reader.",
    ),
    role(
        "Container Registry Repository Reader",
        "b93aa761-3e63-49ed-ac28-beffa264f7ac",
        Kubelet,
        "Pulls images from a registry in ABAC mode, where AcrPull has no effect.",
    ),
    role(
        "Contributor",
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        ControlPlane,
        "Changes everything but access. The control plane gets it on the node resource group by itself; elsewhere a narrower role does.",
    ),
    role(
        "DNS Zone Contributor",
        "befefa01-2a29-4197-83a8-272ff33ce314",
        Other,
        "Writes records of a public DNS zone. For the identity of the application routing add-on.",
    ),
    role(
        "Key Vault Certificate User",
        "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        Other,
        "Reads certificates with their keys. For the identity of the application routing add-on.",
    ),
    role(
        "Key Vault Contributor",
        "f25e0fa2-a7c8-4377-a976-54943a77a395",
        ControlPlane,
        "Manages a vault, not its contents. The control plane needs it to reach the key of etcd encryption in a private vault.",
    ),
    role("Key Vault Crypto Officer", "14b46e9e-c2b7-41b4-b07b-48a6ebf60603", People, "Manages the keys of a vault."),
    role(
        "Key Vault Crypto Service Encryption User",
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",
        Other,
        "Wraps and unwraps keys. For the identity of a disk encryption set.",
    ),
    role(
        "Key Vault Crypto User",
        "12338af0-0e69-4776-bea7-57ae8d297424",
        ControlPlane,
        "Encrypts and decrypts with keys. The control plane needs it on the vault of the key of etcd encryption.",
    ),
    role(
        "Key Vault Reader",
        "21090545-7ca7-4776-b22c-e363652d74d2",
        Other,
        "Sees a vault and its entries, not their contents.",
    ),
    role(
        "Key Vault Secrets User",
        "4633458b-17de-408a-b874-0445c86b69e6",
        Other,
        "Reads secrets. For the identity of the secrets provider add-on or of a workload.",
    ),
    role(
        "Managed Identity Contributor",
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        People,
        "Creates and deletes identities. Broader than a control plane needs to assign one.",
    ),
    role(
        "Managed Identity Operator",
        "f1a07417-d97a-45cb-824c-7a7467783830",
        ControlPlane,
        "Assigns an identity to resources. The control plane needs it on the kubelet identity before the cluster is created.",
    ),
    role(
        "Monitoring Metrics Publisher",
        "3913510d-42f4-4e42-8a64-420c390055eb",
        Other,
        "Sends metrics. The monitoring add-on no longer needs it.",
    ),
    role(
        "Network Contributor",
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        ControlPlane,
        "Manages networks. The control plane needs it on a subnet, route table or public address of your own.",
    ),
    role(
        "Private DNS Zone Contributor",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        ControlPlane,
        "Writes records of a private DNS zone. The control plane needs it on the zone of a private cluster, if it is your own.",
    ),
    role(
        "Reader",
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        ControlPlane,
        "Sees resources without changing them. The control plane needs it on a disk encryption set.",
    ),
    role(
        "Virtual Machine Contributor",
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        ControlPlane,
        "Manages machines and their disks. For disks outside the node resource group.",
    ),
];

/// The role whose definition has this GUID, in any case.
pub fn by_guid(guid: &str) -> Option<&'static Role> {
    // Every text that may be one is asked for, and its beginning tells it from nearly all others.
    let mut beginning = *guid.as_bytes().first_chunk::<8>()?;
    beginning.make_ascii_lowercase();
    ROLES
        .iter()
        .find(|role| role.guid.as_bytes().first_chunk() == Some(&beginning) && role.guid.eq_ignore_ascii_case(guid))
}

/// The role of this name, ignoring case.
pub fn by_name(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_guids_and_names_are_sorted() {
        for role in ROLES {
            let lengths: Vec<usize> = role.guid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{}", role.name);
            assert!(role.guid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{}", role.name);
        }
        assert!(ROLES.is_sorted_by(|a, b| a.name < b.name));
        for (n, role) in ROLES.iter().enumerate() {
            assert!(ROLES[n + 1..].iter().all(|other| other.guid != role.guid), "{}", role.name);
        }
    }

    #[test]
    fn looks_up_in_any_case() {
        let role = by_guid("F1A07417-D97A-45CB-824C-7A7467783830").unwrap();
        assert_eq!((role.name, role.grantee), ("Managed Identity Operator", ControlPlane));
        assert_eq!(by_name("acrpull").unwrap().guid, "7f951dda-4ed3-4680-a7ca-43fe172d538d");
        assert_eq!(by_guid("00000000-0000-0000-0000-000000000000"), None);
    }
}
