from __future__ import annotations

from pathlib import PurePath

import pytest

from lsp_server.context.grammars import load_query
from lsp_server.context.languages.registry import (
    LanguageFacts,
    family_extensions,
    language_of_id,
    language_of_path,
    languages,
)
from lsp_server.context.languages.resolver import BaseResolver, load_resolver

QUERIES = ["definitions", "imports", "identifiers", "scopes"]


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.folder)
@pytest.mark.parametrize("query", QUERIES)
def test_every_language_has_every_query(language: LanguageFacts, query: str) -> None:
    assert load_query(language, query).pattern_count > 0


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.folder)
def test_every_language_finds_files_behind_imports(language: LanguageFacts) -> None:
    assert type(load_resolver(language)) is not BaseResolver


def test_no_ending_and_no_id_belongs_to_two_languages() -> None:
    for names in ("extensions", "language_ids"):
        found = [name for language in languages() for name in getattr(language, names)]
        assert len(found) == len(set(found))


def test_a_file_is_known_by_its_ending_and_a_document_by_its_id() -> None:
    by_path = language_of_path(PurePath("a/b.tsx"))
    assert by_path is not None
    assert by_path is language_of_id("typescriptreact")
    assert language_of_path(PurePath("a.unknown")) is None
    assert language_of_id("klingon") is None


def test_typescript_and_javascript_files_can_import_each_other() -> None:
    assert {".ts", ".tsx", ".js", ".mjs"} <= family_extensions("ecmascript")
