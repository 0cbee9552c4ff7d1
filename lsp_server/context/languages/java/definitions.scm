(class_declaration name: (identifier) @name superclass: (_) @bases) @definition.class

(class_declaration name: (identifier) @name) @definition.class

(interface_declaration name: (identifier) @name (extends_interfaces) @bases) @definition.interface

(interface_declaration name: (identifier) @name) @definition.interface

(enum_declaration name: (identifier) @name) @definition.enum

(record_declaration name: (identifier) @name) @definition.class

(method_declaration name: (identifier) @name) @definition.function

(constructor_declaration name: (identifier) @name) @definition.constructor

(field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.field

(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.field

(enum_constant name: (identifier) @name) @definition.field

(record_declaration
  parameters: (formal_parameters
    (formal_parameter name: (identifier) @name) @definition.attribute))
