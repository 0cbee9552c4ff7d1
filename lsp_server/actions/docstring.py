"""Write the documentation of the function or class at the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from lsp_server.actions.body_gap import is_docstring
from lsp_server.actions.generating import Generator, OnProgress, Written
from lsp_server.actions.infilling import Hole, cursor_in, fill
from lsp_server.actions.languages import DocPlace, DocStyle
from lsp_server.actions.scene import Scene, body_of, name_of
from lsp_server.actions.soundness import breaks
from lsp_server.actions.values import REWRITE, Effect, Need, Offer, Result
from lsp_server.completion.stops.at_repetition import stop_at_repetition
from lsp_server.context.definitions import Found
from lsp_server.errors import ActionError

_MAX_LINES = 12
#: Nodes that a definition can stand in without being a part of it.
_WRAPPERS = frozenset({"export_statement", "decorated_definition"})
_ATTRIBUTES = frozenset({"attribute_item", "decorator"})


@dataclass(frozen=True, slots=True)
class _DocPlace:
    """Where documentation goes: offset, what stands before and after it, and its indentation."""

    offset: int
    before: str
    after: str
    indentation: str


class WriteDocstring:
    """Documents a definition that has no documentation."""

    name = "docstring"
    kind = REWRITE
    need = Need.INFILL
    effect = Effect.EDIT
    takes_words = False
    where = "a function or class that has no documentation"

    def offers(self, scene: Scene) -> tuple[Offer, ...]:
        """Return one offer in a definition without documentation."""
        found = scene.definition
        if found is None or scene.language is None or _place(scene, found) is None:
            return ()
        return (Offer(self.name, f"{scene.language.doc.title} for {name_of(found)}"),)

    async def perform(self, scene: Scene, generator: Generator, on_progress: OnProgress) -> Result:
        """Have the documentation written between its quotes or comment marks."""
        found, language = scene.definition, scene.language
        place = _place(scene, found) if found is not None else None
        assert found is not None, "there is an offer"
        assert language is not None, "there is an offer"
        assert place is not None, "there is an offer"
        style = language.doc
        opener = place.before + style.opener.format(name=name_of(found))
        hole = Hole(
            before=scene.text[: place.offset] + opener,
            after=style.closer + place.after + scene.text[place.offset :],
            stop_texts=(style.stop,) if style.stop else (),
            max_lines=_MAX_LINES if style.stop else 1,
        )
        cursor = cursor_in(hole, scene.query)
        written = await fill(
            hole, scene.query, generator, on_progress, lambda text: stop_at_repetition(text, cursor)
        )
        said = _said(written, style)
        text = opener + _in_style(said, style, place.indentation) + place.after
        if not said or breaks(scene, place.offset, place.offset, text):
            raise ActionError(
                "the model wrote no documentation that the file's grammar understands; nothing "
                "was changed: choose a larger model in model.name"
            )
        return scene.edit(place.offset, place.offset, text)


def _said(written: Written, style: DocStyle) -> str:
    """Return what was written without marks at its end, cut to whole lines if it was cut."""
    text = written.text
    if not written.is_finished and "\n" in text:
        text = text.rpartition("\n")[0]
    return text.strip().rstrip(style.unwanted).rstrip()


def _in_style(said: str, style: DocStyle, indentation: str) -> str:
    """Return what is said, with the closer; several rows have it on a row of its own."""
    first, *rest = said.split("\n")
    if not rest:
        return first + style.closer
    if not style.row:
        return "\n".join([first, *rest, indentation + style.closer])
    rows = [f"{style.row}{row.strip().removeprefix('*').strip()}".rstrip() for row in rest]
    return "\n".join([first, *(indentation + row for row in rows), indentation + style.closer])


def _place(scene: Scene, found: Found) -> _DocPlace | None:
    assert scene.language is not None, "a definition was found"
    if scene.language.doc.place is DocPlace.INSIDE:
        return _place_inside(scene, found)
    return _place_above(scene, found)


def _place_inside(scene: Scene, found: Found) -> _DocPlace | None:
    body = body_of(found)
    if body is None or not body.named_children or is_docstring(body.named_children[0]):
        return None
    first = scene.span(body.named_children[0])[0]
    if scene.text[scene.row_start(first) : first].strip():
        return None
    colon = next((one for one in reversed(found.node.children) if one.type == ":"), None)
    if colon is None:
        return None
    offset = scene.row_end(scene.span(colon)[1])
    indentation = scene.indentation_at(first)
    return _DocPlace(offset, f"\n{indentation}", "", indentation)


def _place_above(scene: Scene, found: Found) -> _DocPlace | None:
    node = found.node
    while node.parent is not None and (
        node.parent.type in _WRAPPERS or _begins_with(node.parent, node)
    ):
        node = node.parent
    previous = node.prev_named_sibling
    while previous is not None and previous.type in _ATTRIBUTES:
        node, previous = previous, previous.prev_named_sibling
    start = scene.span(node)[0]
    row_start = scene.row_start(start)
    if scene.text[row_start:start].strip() or _is_documented(scene, row_start, previous):
        return None
    indentation = scene.text[row_start:start]
    return _DocPlace(row_start, indentation, "\n", indentation)


def _begins_with(parent: Node, node: Node) -> bool:
    """Whether a declaration begins on the row of the definition in it, as `type` in Go."""
    return parent.parent is not None and parent.start_point.row == node.start_point.row


def _is_documented(scene: Scene, row_start: int, previous: Node | None) -> bool:
    """Whether the row above is the end of a comment."""
    if previous is None or "comment" not in previous.type:
        return False
    # Rust's comments reach over their line break.
    return not scene.text[scene.span(previous)[1] : row_start].strip(" \t\n") and (
        scene.text[scene.span(previous)[1] : row_start].count("\n") <= 1
    )
