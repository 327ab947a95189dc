; Names, where they are made and where they are used. Declarations are visible in the whole file.

[
  (source_file)
  (lambda_expression)
  (function_declaration)
  (for_expression)
] @local.scope

(parameter_declaration name: (identifier) @local.definition.parameter)
(variable_declaration name: (identifier) @local.definition.var)
(resource_declaration name: (identifier) @local.definition.var)
(module_declaration name: (identifier) @local.definition.var)
(function_declaration name: (identifier) @local.definition.function)
(type_declaration name: (identifier) @local.definition.type)
(typed_parameter name: (identifier) @local.definition.parameter)
(lambda_parameters parameter: (identifier) @local.definition.parameter)
(for_expression variable: (identifier) @local.definition.var)
(for_expression index: (identifier) @local.definition.var)
(import_item !alias name: (identifier) @local.definition.import)
(import_item alias: (identifier) @local.definition.import)
(wildcard_import alias: (identifier) @local.definition.import)

(identifier) @local.reference
(type_identifier) @local.reference
