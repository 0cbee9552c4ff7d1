"""Which languages there are: the facts of each folder, read once and only when asked for."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path, PurePath

import msgspec

FOLDER = Path(__file__).parent


class LanguageFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `facts.toml` says of a language.

    Attributes:
        name: For people.
        family: Languages of one family can import each other.
        grammar_module: The package that holds the grammar; imported when first needed.
        grammar_function: The function there that returns it.
        language_ids: What editors call the language.
        extensions: How its files end, with the dot.
        line_comment: What a comment to the end of the line begins with.
        member_access: What stands between a value or a type and its member.
        self_names: What a method calls its own object or type.
        constructors: Names of functions that make an object of the class they stand in.
        private_name: Regular expression of names that other files do not use.
        private_header: Regular expression of headers that other files do not use.
        private_to_folder: Whether all files of a folder share private names.
        sequences: Nodes that begin where their first statement begins, besides the root.
        block_row: Regular expression of a row, comments aside, that opens a block.
        indented_blocks: Whether indentation alone says what a block holds.
        queries: Folders whose queries are put together, in order.
        resolver: The folder whose `resolve.py` finds files; the language's own by default.
        folder: The language's own folder; not part of the file.
    """

    name: str
    family: str
    grammar_module: str
    grammar_function: str
    language_ids: tuple[str, ...]
    extensions: tuple[str, ...]
    line_comment: str
    member_access: tuple[str, ...]
    self_names: tuple[str, ...]
    constructors: tuple[str, ...]
    sequences: tuple[str, ...]
    block_row: str
    queries: tuple[str, ...]
    private_name: str = ""
    private_header: str = ""
    private_to_folder: bool = False
    indented_blocks: bool = False
    resolver: str = ""
    folder: str = ""


@functools.cache
def languages() -> tuple[LanguageFacts, ...]:
    """Return all languages, sorted by folder."""
    return tuple(_read_facts(path) for path in sorted(FOLDER.glob("*/facts.toml")))


def language_of_path(path: PurePath) -> LanguageFacts | None:
    """Return the language that a file's name says, if it is one of ours."""
    return _by_extension().get(path.suffix)


def language_of_id(language_id: str) -> LanguageFacts | None:
    """Return the language that an editor calls `language_id`, if it is one of ours."""
    return _by_id().get(language_id)


def family_extensions(family: str) -> frozenset[str]:
    """Return the endings of all files of a family."""
    return frozenset(
        extension for one in languages() if one.family == family for extension in one.extensions
    )


def read_query(language: LanguageFacts, name: str) -> str:
    """Return the text of a language's query, put together from its folders."""
    paths = [FOLDER / folder / f"{name}.scm" for folder in language.queries]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())


def _read_facts(path: Path) -> LanguageFacts:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    raw["folder"] = path.parent.name
    raw.setdefault("resolver", path.parent.name)
    return msgspec.convert(raw, LanguageFacts)


@functools.cache
def _by_extension() -> dict[str, LanguageFacts]:
    return {extension: one for one in languages() for extension in one.extensions}


@functools.cache
def _by_id() -> dict[str, LanguageFacts]:
    return {language_id: one for one in languages() for language_id in one.language_ids}
