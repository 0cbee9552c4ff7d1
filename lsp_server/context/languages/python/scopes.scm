(typed_parameter (identifier) @name type: (type) @type)

(typed_default_parameter name: (identifier) @name type: (type) @type)

(assignment left: (identifier) @name type: (type) @type)

(assignment
  left: (identifier) @name
  right: [(call) (attribute) (identifier) (await)] @value)

(named_expression name: (identifier) @name value: (call) @value)

(as_pattern
  (call) @value
  alias: (as_pattern_target (identifier) @name))
