//! API versions that a provider answers to, where that is known and is more than was ever published.

use crate::{ApiVersion, ResourceType};

/// Those of role assignments in October 2021, as the provider itself lists them in the error message quoted in
/// MicrosoftDocs/azure-docs#82469.
const ROLE_ASSIGNMENTS: [&str; 19] = [
    "2014-04-01-preview",
    "2014-07-01-preview",
    "2014-10-01-preview",
    "2015-05-01-preview",
    "2015-06-01",
    "2015-07-01",
    "2016-07-01",
    "2017-05-01",
    "2017-09-01",
    "2017-10-01-preview",
    "2018-01-01-preview",
    "2018-07-01",
    "2018-09-01-preview",
    "2018-12-01-preview",
    "2019-04-01-preview",
    "2020-03-01-preview",
    "2020-04-01-preview",
    "2020-08-01-preview",
    "2021-04-01-preview",
];
/// Versions up to that day are in the list, if the provider has them.
const LISTED_UNTIL: &str = "2021-04-01";

/// Whether a provider answers to an API version of a type that was not published; `None` when that is not known.
pub fn answers(ty: ResourceType, version: ApiVersion) -> Option<bool> {
    if ty.name() != "Microsoft.Authorization/roleAssignments" {
        return None;
    }
    let version = version.to_string();
    if ROLE_ASSIGNMENTS.contains(&version.as_str()) {
        return Some(true);
    }
    (version.get(..LISTED_UNTIL.len())? <= LISTED_UNTIL).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_type;

    #[test]
    fn tells_listed_versions_from_others_of_their_time() {
        let ty = resource_type("Microsoft.Authorization/roleAssignments").unwrap();
        let answer = |version: &str| answers(ty, version.parse().unwrap());
        assert_eq!(answer("2021-04-01-preview"), Some(true));
        assert_eq!(answer("2020-04-01"), Some(false));
        assert_eq!(answer("2021-04-01"), Some(false));
        assert_eq!(answer("2022-01-01-preview"), None);
        let cluster = resource_type("Microsoft.ContainerService/managedClusters").unwrap();
        assert_eq!(answers(cluster, "2020-04-02".parse().unwrap()), None);
    }
}
