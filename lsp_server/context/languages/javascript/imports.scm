((import_statement
  (import_clause (identifier) @alias)
  source: (string (string_fragment) @module))
  (#set! name "default"))

(import_statement
  (import_clause (namespace_import (identifier) @alias))
  source: (string (string_fragment) @module))

(import_statement
  (import_clause
    (named_imports (import_specifier name: (_) @name !alias)))
  source: (string (string_fragment) @module))

(import_statement
  (import_clause
    (named_imports (import_specifier name: (_) @name alias: (identifier) @alias)))
  source: (string (string_fragment) @module))

(export_statement
  (export_clause (export_specifier name: (_) @name !alias))
  source: (string (string_fragment) @module))

(export_statement
  (export_clause (export_specifier name: (_) @name alias: (_) @alias))
  source: (string (string_fragment) @module))

(export_statement
  "*" @wildcard
  source: (string (string_fragment) @module))

(variable_declarator
  name: (identifier) @alias
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments (string (string_fragment) @module)))
  (#eq? @_require "require"))

(variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @name)
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments (string (string_fragment) @module)))
  (#eq? @_require "require"))

(variable_declarator
  name: (object_pattern
    (pair_pattern key: (property_identifier) @name value: (identifier) @alias))
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments (string (string_fragment) @module)))
  (#eq? @_require "require"))
