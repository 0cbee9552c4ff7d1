(parameter pattern: (identifier) @name type: (_) @type)

(let_declaration pattern: (identifier) @name type: (_) @type)

(let_declaration pattern: (identifier) @name value: (struct_expression name: (_) @type))

(let_declaration
  pattern: (identifier) @name
  value: (reference_expression value: (struct_expression name: (_) @type)))

(let_declaration
  pattern: (identifier) @name
  value: [
    (call_expression)
    (field_expression)
    (identifier)
    (reference_expression)
    (try_expression)
    (await_expression)
  ] @value)
