(class_declaration name: (_) @name (class_heritage) @bases) @definition.class

(class_declaration name: (_) @name) @definition.class

(function_declaration name: (identifier) @name) @definition.function

(generator_function_declaration name: (identifier) @name) @definition.function

(method_definition name: (_) @name) @definition.function

(method_definition
  name: (_) @_constructor
  body: (statement_block
    (expression_statement
      (assignment_expression
        left: (member_expression object: (this) property: (_) @name)
        right: (_) @value) @definition.attribute))
  (#eq? @_constructor "constructor"))

(program
  (lexical_declaration
    (variable_declarator
      name: (identifier) @name
      value: [
        (arrow_function body: (_) @body)
        (function_expression body: (_) @body)
      ])) @definition.function)

(program
  (export_statement
    (lexical_declaration
      (variable_declarator
        name: (identifier) @name
        value: [
          (arrow_function body: (_) @body)
          (function_expression body: (_) @body)
        ])) @definition.function))

(program
  (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @value))
  @definition.constant)

(program
  (export_statement
    (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @value))
    @definition.constant))
