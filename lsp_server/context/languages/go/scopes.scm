(parameter_declaration name: (identifier) @name type: (_) @type)

(var_spec name: (identifier) @name type: (_) @type)

(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . (composite_literal type: (_) @type)))

(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . (unary_expression operand: (composite_literal type: (_) @type))))

(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . [(call_expression) (selector_expression) (identifier)] @value))
