"""Answers that are still good: typing along a suggestion needs no model.

Unfiltered text is kept, because the filters look at the document, which changes with every
key.  Bounded in documents and in answers per document; nothing is written to disk.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.typing_along import Place, Written, rest_after, typed_since

MAX_DOCUMENTS = 32
MAX_ANSWERS_PER_DOCUMENT = 16


@dataclass(frozen=True, slots=True)
class _Answer:
    place: Place
    num_asked: int
    written: tuple[Written, ...]


class Memory:
    """The latest answers per document."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, deque[_Answer]] = OrderedDict()

    def remember(self, place: Place, num_asked: int, written: tuple[Written, ...]) -> None:
        """Keep what the model wrote at a place.

        Args:
            place: Where it was asked.
            num_asked: How many alternatives it was asked for.
            written: What it wrote; blank alternatives are not kept.
        """
        visible = tuple(one for one in written if one.text.strip())
        if not visible:
            return
        answers = self._answers.setdefault(place.uri, deque(maxlen=MAX_ANSWERS_PER_DOCUMENT))
        answers.append(_Answer(place, num_asked, visible))
        self._answers.move_to_end(place.uri)
        if len(self._answers) > MAX_DOCUMENTS:
            self._answers.popitem(last=False)

    def recall(self, cursor: Cursor, num_wanted: int) -> tuple[Written, ...]:
        """Return what remains of the newest answer that fits; empty if none does.

        Args:
            cursor: Where the question is.
            num_wanted: An answer to a question for fewer alternatives does not fit.
        """
        for answer in reversed(self._answers.get(cursor.uri, ())):
            if answer.num_asked < num_wanted:
                continue
            typed = typed_since(answer.place, cursor)
            if typed is not None and (rest := rest_after(typed, answer.written)):
                return rest
        return ()

    def forget(self, uri: str) -> None:
        """Drop the answers of a document."""
        self._answers.pop(uri, None)
