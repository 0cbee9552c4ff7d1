"""How a comment looks in each language, for the line that tells a model the file's path."""

from __future__ import annotations

#: LSP language identifiers by what opens and closes a comment.
_LANGUAGES_OF_MARKS = {
    ("//", ""): "c cpp csharp cuda-cpp dart fsharp go groovy java javascript javascriptreact "
    "jsonc kotlin less objective-c objective-cpp pascal php proto rust scala scss solidity "
    "swift typescript typescriptreact v zig",
    ("#", ""): "cmake coffeescript dockerfile elixir fish julia makefile nim nix perl "
    "powershell python r ruby shellscript starlark terraform toml yaml",
    ("--", ""): "ada elm haskell lua purescript sql",
    (";", ""): "clojure commonlisp lisp racket scheme",
    ("%", ""): "erlang latex matlab prolog tex",
    ("/*", " */"): "css",
    ("<!--", " -->"): "html markdown svelte vue xml",
}
_MARKS = {
    language: marks
    for marks, languages in _LANGUAGES_OF_MARKS.items()
    for language in languages.split()
}


def path_comment(path: str, language: str) -> str:
    """Return a comment line with the path, or an empty text if the language is not known."""
    marks = _MARKS.get(language)
    if marks is None:
        return ""
    opener, closer = marks
    return f"{opener} {path}{closer}\n"
