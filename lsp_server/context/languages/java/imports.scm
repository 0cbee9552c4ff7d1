(import_declaration (scoped_identifier scope: (_) @module name: (identifier) @name) .)

(import_declaration (scoped_identifier) @module (asterisk) @wildcard)
