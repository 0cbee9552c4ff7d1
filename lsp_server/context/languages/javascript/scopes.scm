(variable_declarator
  name: (identifier) @name
  value: [
    (new_expression)
    (call_expression)
    (member_expression)
    (identifier)
    (await_expression)
  ] @value)

(assignment_expression
  left: (identifier) @name
  right: [(new_expression) (call_expression) (await_expression)] @value)
