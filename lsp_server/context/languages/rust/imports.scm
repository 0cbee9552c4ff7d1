(use_declaration argument: (_) @tree)

(mod_item name: (identifier) @child !body)
