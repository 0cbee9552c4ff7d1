(formal_parameter type: (_) @type name: (identifier) @name)

(local_variable_declaration
  type: (type_identifier) @_var
  declarator: (variable_declarator
    name: (identifier) @name
    value: (_) @value)
  (#eq? @_var "var"))

(local_variable_declaration
  type: (_) @type
  declarator: (variable_declarator name: (identifier) @name)
  (#not-eq? @type "var"))

(enhanced_for_statement type: (_) @type name: (identifier) @name)

(resource type: (_) @type name: (identifier) @name)
