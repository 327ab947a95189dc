; Colours. Capture names are those that Neovim and Helix have in common; of two patterns that match the same node the
; later one wins in Neovim, the more special one is therefore always below.

(comment) @comment
(directive) @keyword.directive

; ---------------------------------------------------------------- names

(identifier) @variable
(property_identifier) @variable.other.member
(type_identifier) @type
(member_expression property: (property_identifier) @variable.member)
(resource_access_expression name: (property_identifier) @variable.member)
(qualified_type property: (property_identifier) @type)

(property key: (identifier) @property)
(stray_property key: (identifier) @property)
(type_member key: (identifier) @property)

(parameter_declaration name: (identifier) @variable.parameter)
(typed_parameter name: (identifier) @variable.parameter)
(lambda_parameters parameter: (identifier) @variable.parameter)
(type_declaration name: (identifier) @type)
(function_declaration name: (identifier) @function)
(extension_statement name: (identifier) @module)
(import_statement name: (identifier) @module)
(wildcard_import alias: (identifier) @module)

(call_expression function: (identifier) @function.call)
(call_expression function: (member_expression property: (property_identifier) @function.call))

(decorator "@" @attribute)
(decorator expression: (identifier) @attribute)
(decorator expression: (call_expression function: (identifier) @attribute))
(decorator expression: (call_expression function: (member_expression property: (property_identifier) @attribute)))

((type_identifier) @type.builtin
  (#any-of? @type.builtin "any" "array" "bool" "int" "object" "resourceDerivedType" "resourceInput" "resourceOutput" "string"))

((call_expression function: (identifier) @function.builtin)
  (#any-of? @function.builtin
    "any" "array" "base64" "base64ToJson" "base64ToString" "bool" "buildUri" "cidrHost" "cidrSubnet" "concat" "contains"
    "createArray" "createObject" "dataUri" "dataUriToString" "dateTimeAdd" "dateTimeFromEpoch" "dateTimeToEpoch"
    "deployer" "deployment" "empty" "endsWith" "environment" "extensionResourceId" "fail" "filter" "first" "flatten"
    "format" "getSecret" "groupBy" "guid" "indexOf" "int" "intersection" "items" "join" "json" "last" "lastIndexOf"
    "length" "list" "listKeys" "loadFileAsBase64" "loadJsonContent" "loadTextContent" "loadYamlContent"
    "managementGroup" "managementGroupResourceId" "map" "mapValues" "max" "min" "newGuid" "objectKeys" "padLeft"
    "parseCidr" "parseUri" "pickZones" "providers" "range" "readEnvironmentVariable" "reduce" "reference" "replace"
    "resourceGroup" "resourceId" "shallowMerge" "skip" "sort" "split" "startsWith" "string" "subscription"
    "subscriptionResourceId" "substring" "take" "tenant" "tenantResourceId" "toLogicalZone" "toLogicalZones" "toLower"
    "toObject" "toPhysicalZone" "toPhysicalZones" "toUpper" "trim" "tryGet" "union" "uniqueString" "uri"
    "uriComponent" "uriComponentToString" "utcNow"))

; ---------------------------------------------------------------- literals

[
  (string)
  (multiline_string)
  (interpolated_string)
  (interpolated_multiline_string)
  (unterminated_string)
  (unterminated_multiline_string)
  (double_quoted_string)
] @string

(property key: (string) @property)
(type_member key: (string) @property)

(resource_declaration type: (string) @string.special)
(resource_type resource: (string) @string.special)
(module_declaration path: (string) @string.special.path)
(import_statement path: (string) @string.special.path)
(using_statement path: (string) @string.special.path)
(extends_statement path: (string) @string.special.path)

(integer) @number
(boolean) @boolean
(null) @constant.builtin
(none) @constant.builtin
(any_key) @operator

; ---------------------------------------------------------------- words and signs

[
  "assert" "extends" "extension" "extensionConfig" "func" "metadata" "module" "output" "param" "provider" "resource"
  "targetScope" "test" "type" "using" "var"
] @keyword

["import" "from" "as" "with"] @keyword.import
["if" "existing"] @keyword.conditional
["for" "in"] @keyword.repeat

[
  "!" "!=" "!~" "%" "&&" "*" "+" "-" "/" "<" "<=" "=" "==" "=>" "=~" ">" ">=" "??" "||" "|" "^" "..."
] @operator

(ternary_expression ["?" ":"] @keyword.conditional.ternary)
(nullable_type "?" @operator)

["." ".?" "::" ":" ","] @punctuation.delimiter
["(" ")" "[" "[?" "]" "{" "}"] @punctuation.bracket
(interpolation ["${" "}"] @punctuation.special)
