"""As many of the best headers as the budget holds, put together per outermost definition."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from lsp_server.context.definitions import Definition
from lsp_server.context.index import FileFacts
from lsp_server.context.query import Block, CountTokens, Ranked, Source
from lsp_server.context.render import path_comment
from lsp_server.context.workspace import Workspace

#: Share of the budget for names that are not seen near the cursor, by budget in tokens; in
#: between, in proportion.
UNSEEN_SHARES = ((256, 0.1), (1024, 0.33), (2048, 0.5))

_SEEN = frozenset({Source.RECEIVER, Source.SEEN})


def fit(
    ranked: Sequence[Ranked], budget_tokens: int, count: CountTokens, workspace: Workspace
) -> tuple[Block, ...]:
    """Return blocks that take no more than the budget, each with its path comment.

    Args:
        ranked: Best first.
        budget_tokens: For everything together.
        count: Counts the tokens of a text.
        workspace: Names the folder that paths are relative to.
    """
    seen = [one for one in ranked if one.candidate.source in _SEEN]
    unseen = [one for one in ranked if one.candidate.source not in _SEEN]
    chosen = _Chosen(budget_tokens, count, workspace)
    chosen.take(seen, int(budget_tokens * (1 - unseen_share(budget_tokens))))
    chosen.take(unseen, budget_tokens)
    chosen.take(seen, budget_tokens)
    return chosen.blocks()


def unseen_share(budget_tokens: int) -> float:
    """Return which share of a budget is for names that were not seen yet."""
    points = ((0, 0.0), *UNSEEN_SHARES)
    for (low, low_share), (high, high_share) in itertools.pairwise(points):
        if budget_tokens <= high:
            return low_share + (high_share - low_share) * (budget_tokens - low) / (high - low)
    return points[-1][1]


class _Chosen:
    """What was taken so far and what it costs; lives for one call of `fit`."""

    def __init__(self, budget_tokens: int, count: CountTokens, workspace: Workspace) -> None:
        self._budget_tokens = budget_tokens
        self._count = count
        self._workspace = workspace
        self._used_tokens = 0
        self._counts: dict[str, int] = {}
        self._groups: dict[tuple[Path, int], _Group] = {}
        self._paths: set[Path] = set()

    def take(self, ranked: Iterable[Ranked], limit_tokens: int) -> None:
        """Take what still fits below a limit."""
        for one in ranked:
            file, definition = one.candidate.file, one.candidate.definition
            needed = [*_owners_of(definition, file), definition]
            group = self._groups.get((file.path, needed[0].start_row))
            if group is not None and _key(definition) in group.definitions:
                continue
            cost = self._cost(file, needed, group)
            if self._used_tokens + cost <= limit_tokens:
                self._used_tokens += cost
                self._add(one, needed)

    def blocks(self) -> tuple[Block, ...]:
        """Return what was taken."""
        return tuple(
            group.block(self._workspace.relative(group.file.path), self._count)
            for group in self._groups.values()
        )

    def _add(self, one: Ranked, needed: list[Definition]) -> None:
        file = one.candidate.file
        key = (file.path, needed[0].start_row)
        group = self._groups.setdefault(key, _Group(file, one))
        group.definitions.update({_key(one): one for one in needed})
        self._paths.add(file.path)

    def _cost(self, file: FileFacts, needed: list[Definition], group: _Group | None) -> int:
        known = group.definitions if group is not None else {}
        cost = sum(self._count_once(one.header + "\n") for one in needed if _key(one) not in known)
        if file.path not in self._paths:
            comment = path_comment(self._workspace.relative(file.path), file.language.line_comment)
            cost += self._count_once(comment + "\n\n")
        return cost

    def _count_once(self, text: str) -> int:
        if text not in self._counts:
            self._counts[text] = self._count(text)
        return self._counts[text]


class _Group:
    """Headers of one outermost definition."""

    def __init__(self, file: FileFacts, best: Ranked) -> None:
        self.file = file
        self.best = best
        self.definitions: dict[tuple[int, str], Definition] = {}

    def block(self, path: str, count: CountTokens) -> Block:
        """Put the headers together in the order of the file."""
        ordered = sorted(
            self.definitions.values(), key=lambda one: (one.start_row, len(one.owners))
        )
        text = "\n".join(one.header for one in ordered)
        return Block(
            path=path,
            start_line=ordered[0].start_row + 1,
            end_line=max(one.end_row for one in ordered) + 1,
            kind=self.best.candidate.source.value,
            score=round(self.best.score, 4),
            tokens=count(text),
            text=text,
            line_comment=self.file.language.line_comment,
        )


def _owners_of(definition: Definition, file: FileFacts) -> list[Definition]:
    """Return the definitions around a definition, outermost first; a type before its methods."""
    around = [
        one
        for one in file.classes
        if one.start_row <= definition.start_row
        and definition.end_body_row <= one.end_body_row
        and one is not definition
        and one.name in definition.owners
    ]
    if around or not definition.owners:
        return around
    named = file.class_named(definition.owner)
    return [named] if named is not None else []


def _key(definition: Definition) -> tuple[int, str]:
    """Return what tells a definition from the others of its file."""
    return definition.start_row, definition.name
