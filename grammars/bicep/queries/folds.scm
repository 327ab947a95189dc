; What can be folded.

[
  (object)
  (array)
  (for_expression)
  (arguments)
  (object_type)
  (tuple_type)
  (typed_parameters)
  (import_list)
  (multiline_string)
  (interpolated_multiline_string)
  (comment)
] @fold
