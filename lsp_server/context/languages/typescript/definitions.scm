(abstract_class_declaration name: (_) @name (class_heritage) @bases) @definition.class

(abstract_class_declaration name: (_) @name) @definition.class

(interface_declaration name: (_) @name (extends_type_clause) @bases) @definition.interface

(interface_declaration name: (_) @name) @definition.interface

(type_alias_declaration name: (_) @name) @definition.type

(enum_declaration name: (_) @name) @definition.enum

(enum_body name: (property_identifier) @name @definition.field)

(enum_body (enum_assignment name: (_) @name) @definition.field)

(method_signature name: (_) @name) @definition.function

(abstract_method_signature name: (_) @name) @definition.function

(function_signature name: (_) @name) @definition.function

(interface_body (property_signature name: (_) @name) @definition.field)

(public_field_definition name: (_) @name value: (_) @value) @definition.field

(public_field_definition name: (_) @name) @definition.field

(required_parameter
  [(accessibility_modifier) "readonly"]
  pattern: (identifier) @name) @definition.attribute

(program
  (export_statement
    (lexical_declaration
      (variable_declarator
        name: (identifier) @name
        value: (arrow_function
          return_type: (type_annotation) @type
          body: (_) @body))) @definition.function))

(program
  (export_statement
    (lexical_declaration
      (variable_declarator
        name: (identifier) @name
        type: (type_annotation) @type
        value: (_) @value)) @definition.constant))
