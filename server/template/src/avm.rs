//! What is known of modules of the public registry although they are not at hand.

use std::sync::{Arc, OnceLock};

use crate::workspace::SourceFile;

/// What stands for the module of Azure Verified Modules that deploys a cluster: how its parameters, of all its versions,
/// become the identities of one. All else in it may be anything.
const CLUSTER: &str = include_str!("avm/managed_cluster.bicep");

/// Whether a reference names the module that deploys a cluster, in whichever registry it is mirrored.
pub(crate) fn is_cluster(reference: &str) -> bool {
    reference.to_ascii_lowercase().contains("avm/res/container-service/managed-cluster:")
}

/// What stands for it. Read once, for it is the same for all.
pub(crate) fn cluster() -> Arc<SourceFile> {
    static FILE: OnceLock<Arc<SourceFile>> = OnceLock::new();
    FILE.get_or_init(|| Arc::new(SourceFile::standing_in("avm/res/container-service/managed-cluster", CLUSTER))).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_is_without_mistakes() {
        let file = cluster();
        assert!(file.syntax_errors.is_empty(), "{:?}", file.syntax_errors);
        assert_eq!(file.template.as_ref().map(crate::Template::cluster_count), Some(1));
    }

    #[test]
    fn only_one_module_is_known() {
        assert!(is_cluster("br/public:avm/res/container-service/managed-cluster:0.10.1"));
        assert!(is_cluster("br:mcr.microsoft.com/bicep/avm/res/container-service/managed-cluster:0.10.1"));
        assert!(!is_cluster("br/public:avm/res/container-service/managed-cluster/agent-pool:0.10.1"));
        assert!(!is_cluster("modules/managed-cluster.bicep"));
    }
}
