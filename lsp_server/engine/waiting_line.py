"""Who waits for a model that has no place yet, in the order in which they came."""

from __future__ import annotations

from dataclasses import dataclass, field

#: A model keeps its turn for so long after the last request for it has given up: while a person
#: types, every key ends the request before it.
_KEPT_S = 10.0


@dataclass(slots=True)
class _Wait:
    since_s: float
    left_s: float
    requests: set[object] = field(default_factory=set)


class WaitingLine:
    """The models that are waited for.  Not safe for threads by itself."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._waits: dict[str, _Wait] = {}

    def join(self, model: str, request: object, now_s: float) -> float:
        """Let a request wait for a model, also again; return since when its model is waited for."""
        self._drop_old(now_s)
        wait = self._waits.setdefault(model, _Wait(now_s, now_s))
        wait.requests.add(request)
        return wait.since_s

    def leave(self, model: str, request: object, now_s: float) -> None:
        """Let a request wait no longer; its model keeps its turn for a while."""
        wait = self._waits.get(model)
        if wait is not None and request in wait.requests:
            wait.requests.remove(request)
            wait.left_s = now_s

    def serve(self, model: str) -> None:
        """Take out a model whose turn it was; whoever waits on for it comes anew."""
        self._waits.pop(model, None)

    @property
    def first(self) -> str | None:
        """The model whose turn is next: the one that somebody waits for longest."""
        waiting = [(wait.since_s, model) for model, wait in self._waits.items() if wait.requests]
        return min(waiting)[1] if waiting else None

    def since_s(self, model: str) -> float:
        """Return since when a model of the line is waited for."""
        return self._waits[model].since_s

    @property
    def num_requests(self) -> dict[str, int]:
        """How many requests wait, by model, the longest waited for first."""
        waits = sorted(self._waits.items(), key=lambda item: item[1].since_s)
        return {model: len(wait.requests) for model, wait in waits if wait.requests}

    def _drop_old(self, now_s: float) -> None:
        old = [
            model
            for model, wait in self._waits.items()
            if not wait.requests and now_s - wait.left_s > _KEPT_S
        ]
        for model in old:
            del self._waits[model]
