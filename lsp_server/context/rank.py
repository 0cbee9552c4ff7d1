"""How much each candidate is worth: weights, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsp_server.context.definitions import DefinitionKind
from lsp_server.context.languages.registry import LanguageFacts
from lsp_server.context.query import Candidate, Ranked, Source
from lsp_server.context.situation import Situation

WEIGHTS = {
    Source.RECEIVER: 4.0,
    Source.SEEN: 2.0,
    Source.REACHABLE: 1.0,
    Source.OUTLINE: 0.5,
}

#: What is left of a weight far from the cursor.
FAR_SHARE = 0.3

#: Names that a language keeps to their file or class.
PRIVATE_FACTOR = 0.2

#: A field's row says less than a function's header.
FIELD_FACTOR = 0.8
_FIELDS = frozenset({DefinitionKind.FIELD, DefinitionKind.ATTRIBUTE})

#: Members that begin with what is typed after the dot, and those that do not.
MATCHING_FACTOR = 1.5
OTHER_FACTOR = 0.7


def rank(candidates: Iterable[Candidate], situation: Situation) -> tuple[Ranked, ...]:
    """Return candidates with their scores, best first; ties in the order of path and row."""
    ranked = [Ranked(one, _score(one, situation)) for one in candidates]
    return tuple(sorted(ranked, key=_order))


def _order(one: Ranked) -> tuple[float, str, int, str]:
    definition = one.candidate.definition
    path = str(one.candidate.file.path)
    return (-one.score, path, definition.start_row, definition.name)


def _score(candidate: Candidate, situation: Situation) -> float:
    score = WEIGHTS[candidate.source] * (FAR_SHARE + (1 - FAR_SHARE) * candidate.closeness)
    receiver = situation.receiver
    if candidate.source is Source.RECEIVER and receiver is not None and receiver.partial:
        matches = candidate.definition.name.startswith(receiver.partial)
        score *= MATCHING_FACTOR if matches else OTHER_FACTOR
    if candidate.definition.kind in _FIELDS:
        score *= FIELD_FACTOR
    if _is_private(candidate, candidate.file.language, situation):
        score *= PRIVATE_FACTOR
    return score


def _is_private(candidate: Candidate, language: LanguageFacts, situation: Situation) -> bool:
    definition = candidate.definition
    here, there = situation.file.path, candidate.file.path
    if here == there or (language.private_to_folder and here.parent == there.parent):
        return False
    if definition.owner and definition.owner == situation.class_name:
        return False
    if language.private_name and re.search(language.private_name, definition.name):
        return True
    return bool(language.private_header and re.search(language.private_header, definition.header))
