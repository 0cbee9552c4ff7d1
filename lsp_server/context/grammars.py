"""Grammars and compiled queries, loaded when a language is first met.

A process that never opens a Go file never imports Go's grammar.
"""

from __future__ import annotations

import functools
import importlib

from tree_sitter import Language, Query

from lsp_server.context.languages.registry import LanguageFacts, read_query


@functools.cache
def load_grammar(language: LanguageFacts) -> Language:
    """Import a language's grammar; tens of milliseconds the first time."""
    module = importlib.import_module(language.grammar_module)
    return Language(getattr(module, language.grammar_function)())


@functools.cache
def load_query(language: LanguageFacts, name: str) -> Query:
    """Compile one of a language's queries; a few milliseconds the first time.

    Args:
        language: Whose query.
        name: `definitions`, `imports`, `identifiers` or `scopes`.
    """
    return Query(load_grammar(language), read_query(language, name))
