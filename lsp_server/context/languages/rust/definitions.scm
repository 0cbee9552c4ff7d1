(struct_item name: (type_identifier) @name) @definition.class

(enum_item name: (type_identifier) @name) @definition.enum

(union_item name: (type_identifier) @name) @definition.class

(trait_item name: (type_identifier) @name) @definition.interface

(impl_item
  type: [
    (type_identifier) @name
    (generic_type type: (type_identifier) @name)
  ]) @definition.extension

(function_item name: (identifier) @name) @definition.function

(function_signature_item name: (identifier) @name) @definition.function

(field_declaration name: (field_identifier) @name) @definition.field

(enum_variant name: (identifier) @name) @definition.field

(type_item name: (type_identifier) @name) @definition.type

(const_item name: (identifier) @name) @definition.constant

(static_item name: (identifier) @name) @definition.constant

(macro_definition name: (identifier) @name) @definition.function
