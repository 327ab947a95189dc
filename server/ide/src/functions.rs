//! Functions of ARM expressions and of Bicep, with their parameters, in our own words.

use Where::{Arm, Bicep, Both};

/// A function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// `?` behind an optional one, `…` behind one that may be repeated.
    pub(crate) parameters: &'static [&'static str],
    pub(crate) doc: &'static str,
    pub(crate) language: Where,
}

/// The language that has a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Both,
    Arm,
    Bicep,
}

impl Function {
    /// As it is called: `resourceId(type, name…)`.
    pub(crate) fn call(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }

    pub(crate) fn is_in(&self, json: bool) -> bool {
        match self.language {
            Both => true,
            Arm => json,
            Bicep => !json,
        }
    }
}

/// The functions of one language, by name.
pub(crate) fn functions(json: bool) -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().filter(move |function| function.is_in(json))
}

/// The function of that name, ignoring case.
pub(crate) fn function(name: &str, json: bool) -> Option<&'static Function> {
    functions(json).find(|function| function.name.eq_ignore_ascii_case(name))
}

const fn f(name: &'static str, parameters: &'static [&'static str], language: Where, doc: &'static str) -> Function {
    Function { name, parameters, doc, language }
}

static FUNCTIONS: &[Function] = &[
    f("add", &["left", "right"], Arm, "The sum of two whole numbers."),
    f("and", &["first", "second", "more…"], Arm, "Whether all arguments are true."),
    f("any", &["value"], Bicep, "The value, without any check of its type."),
    f("array", &["value"], Both, "An array with the value as its only element; an array stays as it is."),
    f("base64", &["text"], Both, "The text in base 64."),
    f("base64ToJson", &["text"], Both, "The JSON value in a base 64 text."),
    f("base64ToString", &["text"], Both, "The text in a base 64 text."),
    f("bool", &["value"], Both, "The truth value of a text or number."),
    f("buildUri", &["parts"], Both, "An address made of its parts: scheme, host, port, path, query."),
    f("cidrHost", &["network", "index"], Both, "The address of a host in a network, counted from 0."),
    f(
        "cidrSubnet",
        &["network", "length", "index"],
        Both,
        "A part of a network, with a prefix of that length, counted from 0.",
    ),
    f("coalesce", &["first", "more…"], Arm, "The first argument that is not null."),
    f("concat", &["first", "more…"], Both, "Texts or arrays joined together."),
    f(
        "contains",
        &["container", "item"],
        Both,
        "Whether an array has the element, an object the key, or a text the part.",
    ),
    f(
        "copyIndex",
        &["loop?", "start?"],
        Arm,
        "The number of the current round of a `copy` loop, from 0 or from `start`.",
    ),
    f("createArray", &["element…"], Arm, "An array of the arguments."),
    f("createObject", &["key", "value", "more…"], Arm, "An object of keys and values in turn."),
    f("dataUri", &["text"], Both, "The text as a data URI."),
    f("dataUriToString", &["uri"], Both, "The text in a data URI."),
    f("dateTimeAdd", &["time", "duration", "format?"], Both, "A time later (or earlier) by an ISO 8601 duration."),
    f("dateTimeFromEpoch", &["seconds"], Both, "The time so many seconds after the beginning of 1970."),
    f("dateTimeToEpoch", &["time"], Both, "The seconds from the beginning of 1970 to a time."),
    f(
        "deployer",
        &[],
        Both,
        "Who deploys: `objectId`, `tenantId`, `userPrincipalName`. Another principal in every pipeline.",
    ),
    f("deployment", &[], Both, "The deployment under way: its name, location and template."),
    f("div", &["left", "right"], Arm, "The whole part of a division."),
    f("empty", &["value"], Both, "Whether a text, array or object has nothing in it, or the value is null."),
    f("endsWith", &["text", "end"], Both, "Whether a text ends with another, ignoring case."),
    f(
        "environment",
        &[],
        Both,
        "The cloud deployed to: its names and addresses. Use it in place of addresses written out.",
    ),
    f("equals", &["left", "right"], Arm, "Whether two values are the same."),
    f(
        "extensionResourceId",
        &["base", "type", "name…"],
        Both,
        "The ID of a resource that extends another one, such as a role assignment.",
    ),
    f(
        "externalInput",
        &["kind", "config?"],
        Bicep,
        "A value that the tool supplies which deploys; in parameter files only.",
    ),
    f("fail", &["message"], Both, "Ends the deployment with a message."),
    f("false", &[], Arm, "The value false."),
    f("filter", &["array", "condition"], Both, "The elements for which the lambda is true."),
    f("first", &["value"], Both, "The first element or character."),
    f("flatten", &["arrays"], Both, "One array of all elements of an array of arrays."),
    f("float", &["value"], Arm, "The number with a fraction in a text."),
    f("format", &["pattern", "value…"], Both, "The pattern with `{0}`, `{1}`, … replaced by the values."),
    f(
        "getSecret",
        &["name", "version?"],
        Bicep,
        "A secret of a vault declared as `existing`; only for secure parameters of modules.",
    ),
    f("greater", &["left", "right"], Arm, "Whether the left value is greater."),
    f("greaterOrEquals", &["left", "right"], Arm, "Whether the left value is greater or the same."),
    f("groupBy", &["array", "key"], Both, "An object of arrays: the elements by the key that the lambda gives."),
    f(
        "guid",
        &["seed", "more…"],
        Both,
        "A GUID made from the texts: the same texts give the same GUID. The right name for a role assignment is made from scope, principal and role.",
    ),
    f("if", &["condition", "then", "else"], Arm, "One of two values; only the chosen one is evaluated."),
    f("indexFromEnd", &["array", "index"], Arm, "An element counted from the end, from 1."),
    f("indexOf", &["text", "part"], Both, "Where a text or element is found first, from 0; -1 if nowhere."),
    f("int", &["value"], Both, "The whole number in a text."),
    f("intersection", &["first", "second", "more…"], Both, "What arrays or objects have in common."),
    f("items", &["object"], Both, "The members of an object as an array of `key` and `value`, by key."),
    f("join", &["array", "separator"], Both, "The elements as one text with the separator between them."),
    f("json", &["text"], Both, "The JSON value in a text."),
    f("lambda", &["parameter…", "body"], Arm, "A function for `map`, `filter`, `reduce` and others."),
    f("lambdaVariables", &["name"], Arm, "A parameter of the lambda around it."),
    f("last", &["value"], Both, "The last element or character."),
    f("lastIndexOf", &["text", "part"], Both, "Where a text or element is found last, from 0; -1 if nowhere."),
    f("length", &["value"], Both, "The number of elements, members or characters."),
    f("less", &["left", "right"], Arm, "Whether the left value is less."),
    f("lessOrEquals", &["left", "right"], Arm, "Whether the left value is less or the same."),
    f(
        "listKeys",
        &["resource", "apiVersion", "body?"],
        Arm,
        "The keys of a resource. They end up in the deployment's history unless they go into a secure property.",
    ),
    f(
        "loadDirectoryFileInfo",
        &["path", "pattern?"],
        Bicep,
        "The names of the files in a folder, read when the file is compiled.",
    ),
    f("loadFileAsBase64", &["path"], Bicep, "The content of a file in base 64, read when the file is compiled."),
    f(
        "loadJsonContent",
        &["path", "jsonPath?", "encoding?"],
        Bicep,
        "The value in a JSON file, read when the file is compiled.",
    ),
    f("loadTextContent", &["path", "encoding?"], Bicep, "The text of a file, read when the file is compiled."),
    f(
        "loadYamlContent",
        &["path", "yamlPath?", "encoding?"],
        Bicep,
        "The value in a YAML file, read when the file is compiled.",
    ),
    f("managementGroup", &[], Both, "The management group deployed to."),
    f("managementGroupResourceId", &["type", "name…"], Both, "The ID of a resource of a management group."),
    f("map", &["array", "body"], Both, "The array of what the lambda makes of each element."),
    f("mapValues", &["object", "body"], Both, "The object with what the lambda makes of each value."),
    f("max", &["first", "more…"], Both, "The greatest number."),
    f("min", &["first", "more…"], Both, "The least number."),
    f("mod", &["left", "right"], Arm, "The rest of a division."),
    f("mul", &["left", "right"], Arm, "The product of two whole numbers."),
    f("nameof", &["reference"], Bicep, "The name of what is referred to, as a text."),
    f(
        "newGuid",
        &[],
        Both,
        "A new GUID in every deployment; allowed in defaults of parameters only. Not for names of role assignments: use `guid()`.",
    ),
    f("not", &["value"], Arm, "The opposite truth value."),
    f("null", &[], Arm, "The value null."),
    f("objectKeys", &["object"], Both, "The keys of an object."),
    f("or", &["first", "second", "more…"], Arm, "Whether any argument is true."),
    f("padLeft", &["text", "length", "fill?"], Both, "The text filled up on its left to a length."),
    f("parameters", &["name"], Arm, "The value of a parameter."),
    f("parseCidr", &["network"], Both, "The parts of a network: address, mask, first and last host."),
    f("parseUri", &["address"], Both, "The parts of an address: scheme, host, port, path, query."),
    f(
        "pickZones",
        &["namespace", "type", "location", "count?", "offset?"],
        Both,
        "Availability zones that the type has in a location.",
    ),
    f(
        "providers",
        &["namespace", "type?"],
        Arm,
        "What a resource provider offers. Deprecated: write API versions out.",
    ),
    f("range", &["start", "count"], Both, "So many whole numbers from a first one on."),
    f(
        "readEnvironmentVariable",
        &["name", "default?"],
        Bicep,
        "A variable of the environment; in parameter files only.",
    ),
    f("reduce", &["array", "start", "body"], Both, "One value made of all elements by the lambda."),
    f(
        "reference",
        &["resource", "apiVersion?", "'Full'?"],
        Arm,
        "What a resource looks like once deployed: its `properties`, or with `'Full'` all of it. Needed for the identity that the service makes: `reference(id, version, 'Full').identity.principalId`.",
    ),
    f("references", &["loop", "'Full'?"], Arm, "What all resources of a `copy` loop look like once deployed."),
    f("replace", &["text", "old", "new"], Both, "The text with every occurrence of a part replaced."),
    f("resourceGroup", &["name?"], Both, "The resource group deployed to: `id`, `name`, `location`, `tags`."),
    f(
        "resourceId",
        &["type", "name…"],
        Both,
        "The ID of a resource in this resource group. Before the type may stand a subscription and a group.",
    ),
    f("resourceInfo", &["symbol"], Arm, "ID, name, type and version of a resource by its symbolic name."),
    f("shallowMerge", &["objects"], Both, "One object of several; of equal keys the last counts."),
    f("skip", &["value", "count"], Both, "What is behind the first elements or characters."),
    f("sort", &["array", "isBefore"], Both, "The array in the order that the lambda gives."),
    f("split", &["text", "separator"], Both, "The parts of a text between separators."),
    f("startsWith", &["text", "start"], Both, "Whether a text starts with another, ignoring case."),
    f("string", &["value"], Both, "The value as a text; objects and arrays as JSON."),
    f("sub", &["left", "right"], Arm, "The difference of two whole numbers."),
    f(
        "subscription",
        &["id?"],
        Both,
        "The subscription deployed to: `id`, `subscriptionId`, `tenantId`, `displayName`.",
    ),
    f(
        "subscriptionResourceId",
        &["type", "name…"],
        Both,
        "The ID of a resource of the subscription, such as a role definition.",
    ),
    f("substring", &["text", "start", "length?"], Both, "A part of a text."),
    f("take", &["value", "count"], Both, "The first elements or characters."),
    f("tenant", &[], Both, "The tenant deployed to."),
    f("tenantResourceId", &["type", "name…"], Both, "The ID of a resource of the tenant."),
    f("toLogicalZone", &["subscription", "location", "zone"], Both, "The logical zone of a physical one."),
    f("toLower", &["text"], Both, "The text in lower case."),
    f("toObject", &["array", "key", "value?"], Both, "An object made of an array by lambdas for key and value."),
    f("toPhysicalZone", &["subscription", "location", "zone"], Both, "The physical zone of a logical one."),
    f("toUpper", &["text"], Both, "The text in upper case."),
    f("trim", &["text"], Both, "The text without blanks at its ends."),
    f("true", &[], Arm, "The value true."),
    f("tryGet", &["container", "key", "more…"], Arm, "The element or property, or null if there is none."),
    f("tryIndexFromEnd", &["array", "index"], Arm, "An element counted from the end, or null if there is none."),
    f(
        "union",
        &["first", "second", "more…"],
        Both,
        "All elements of arrays, or all members of objects; objects under the same key are merged.",
    ),
    f(
        "uniqueString",
        &["seed", "more…"],
        Both,
        "13 characters made from the texts: the same texts give the same characters.",
    ),
    f("uri", &["base", "relative"], Both, "An address relative to another."),
    f("uriComponent", &["text"], Both, "The text as it is written in an address."),
    f("uriComponentToString", &["text"], Both, "What a text stands for that is written as in an address."),
    f("utcNow", &["format?"], Both, "The time of the deployment; allowed in defaults of parameters only."),
    f("variables", &["name"], Arm, "The value of a variable."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_sorted_by_name_and_described() {
        let key = |function: &Function| function.name.to_ascii_lowercase();
        assert!(FUNCTIONS.is_sorted_by(|a, b| key(a) < key(b)));
        assert!(FUNCTIONS.iter().all(|function| function.doc.ends_with('.')));
    }

    #[test]
    fn are_told_apart_by_language() {
        assert!(function("RESOURCEID", true).is_some());
        assert!(function("reference", false).is_none());
        assert!(function("loadTextContent", true).is_none());
    }
}
