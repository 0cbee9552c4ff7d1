"""`workspace/executeCommand`: what became of a suggestion, and how the server is doing."""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.engine.choice import named_for_people
from lsp_server.server.session import Session


async def accepted(session: Session, *arguments: Any) -> None:
    """`bantam.accepted ID`: the person took a suggestion."""
    session.feedback.accept(_suggestion_id(arguments))


async def dismissed(session: Session, *arguments: Any) -> None:
    """`bantam.dismissed ID`: the person did not want it."""
    session.feedback.dismiss(_suggestion_id(arguments))


async def status(session: Session, *arguments: Any) -> dict[str, Any]:
    """`bantam.status`: what became of questions and suggestions, as numbers by name."""
    del arguments
    counts = session.completer.counts
    return {
        "model": named_for_people(session.configuration.settings).model.name,
        "outcomes": {} if counts is None else dict(counts.by_reason),
        "rules": {} if counts is None else dict(counts.by_rule),
        "prepared": 0 if counts is None else counts.num_prepared,
        "suggestions": dict(session.feedback.counts),
    }


def _suggestion_id(arguments: tuple[Any, ...]) -> str:
    match arguments:
        case (str(suggestion_id),):
            return suggestion_id
    raise JsonRpcInvalidParams("the command takes one argument, the id of a suggestion")
