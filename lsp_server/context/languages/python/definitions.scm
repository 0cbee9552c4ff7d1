(class_definition
  name: (identifier) @name
  superclasses: (argument_list) @bases) @definition.class

(class_definition
  name: (identifier) @name) @definition.class

(function_definition
  name: (identifier) @name) @definition.function

(class_definition
  body: (block
    (expression_statement
      (assignment left: (identifier) @name right: (_) @value) @definition.field)))

(class_definition
  body: (block
    (expression_statement
      (assignment left: (identifier) @name) @definition.field)))

(class_definition
  body: (block
    (function_definition
      name: (identifier) @_constructor
      body: (block
        (expression_statement
          (assignment
            left: (attribute object: (identifier) @_self attribute: (identifier) @name)
            right: (_) @value) @definition.attribute))))
  (#eq? @_constructor "__init__")
  (#eq? @_self "self"))

(module
  (expression_statement
    (assignment left: (identifier) @name right: (_) @value) @definition.constant))

(module
  (expression_statement
    (assignment left: (identifier) @name) @definition.constant))

(type_alias_statement left: (type (identifier) @name)) @definition.type
