"""The story of one completion: look, decide, remember, wait, have it written, filter, offer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from lsp_server.completion.counts import OutcomeCounts
from lsp_server.completion.cursor import Cursor, look_from_cursor
from lsp_server.completion.debounce import Debouncer
from lsp_server.completion.generation import Answer, Draft
from lsp_server.completion.loading import LoadingReporter
from lsp_server.completion.memory import Memory
from lsp_server.completion.offering import make_offer
from lsp_server.completion.query import (
    CompletionOutcome,
    CompletionQuery,
    OutcomeReason,
    Suggestion,
)
from lsp_server.completion.resting import RestingCursors
from lsp_server.completion.running import RunningGenerations
from lsp_server.completion.trigger import reason_not_to_ask
from lsp_server.completion.typing_along import Written, place_of, rest_after, typed_since
from lsp_server.completion.visit import Visit
from lsp_server.completion.writing import ModelWriter, Wish
from lsp_server.context.syntax import DocumentTrees
from lsp_server.engine.api import EndReason, Engine, LoadingEvent
from lsp_server.settings.schema import Settings


class CompletionPipeline:
    """Answers questions about one set of documents with one model.

    The newest question of a document wins: an older one that is still waiting ends as
    debounced, and one that is running ends as superseded unless its answer fits the new one.

    Attributes:
        counts: What became of the questions so far.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        on_loading: Callable[[LoadingEvent], None] | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        counts: OutcomeCounts | None = None,
    ) -> None:
        """Prepare; the engine is not asked before the first question.

        Args:
            engine: Who runs the model; stays the caller's to close.
            settings: The model, and how much to write how fast.
            on_loading: Called while the model is being loaded; the last call of each loading
                has the fraction 1, however it ended.
            sleep: Waits for seconds.
            counts: Goes on counting there.
        """
        self.counts = OutcomeCounts() if counts is None else counts
        self._settings = settings
        self._trees = DocumentTrees()
        self._memory = Memory()
        self._running = RunningGenerations()
        self._is_closed = False
        self._writer = ModelWriter(engine, settings, LoadingReporter(on_loading))
        self._debouncer = Debouncer(lambda: self._writer.debounce_ms, sleep)
        self._resting = RestingCursors(self._prepare, sleep)

    async def complete(
        self, query: CompletionQuery, is_current: Callable[[], bool] = lambda: True
    ) -> CompletionOutcome:
        """Answer a question.  Faults are outcomes; cancelling frees what the engine holds.

        Args:
            query: The question.
            is_current: Whether the document still is what the question says, asked at the
                end: an answer to an older text is stale and not shown.
        """
        visit = Visit(query, self._settings.model.name)
        self._resting.leave(query.uri)
        try:
            outcome = await self._complete(visit)
        except asyncio.CancelledError:
            self.counts.count_reason(visit.reason_if_cancelled)
            raise
        if outcome.suggestions and not is_current():
            outcome = replace(outcome, reason=OutcomeReason.STALE, suggestions=())
        self.counts.count(query, outcome)
        return outcome

    def rest(self, place: CompletionQuery, is_current: Callable[[], bool] = lambda: True) -> None:
        """Take note that the cursor came to a place; if it stays, the place is prepared.

        The first question there is quick then, and answered from what a full recompute gives.

        Args:
            place: Where the cursor is; nobody asks anything.
            is_current: Whether the document still is what `place` says.
        """
        if not self._is_closed:
            self._resting.rest(place, is_current)

    def so_far(self, query: CompletionQuery) -> tuple[Suggestion, ...]:
        """Return the complete lines that a running request has written for this place."""
        cursor = look_from_cursor(query, self._trees)
        running = self._running.fitting(cursor, query.num_alternatives)
        typed = None if running is None else typed_since(running.place, cursor)
        if running is None or typed is None:
            return ()
        lines = [text.rpartition("\n")[0] for text in running.draft.texts]
        written = rest_after(typed, [Written(text, EndReason.TIME) for text in lines])
        return make_offer(written, cursor).suggestions

    def forget(self, uri: str) -> None:
        """Drop everything that is kept for a document, its running request included."""
        self._resting.forget(uri)
        self._running.end(uri)
        self._memory.forget(uri)
        self._trees.forget(uri)
        self._writer.forget(uri)

    def saved(self, path: Path) -> None:
        """Take note that a file changed on disk: what the model is shown of it may be old."""
        self._writer.saved(path)

    async def aclose(self) -> None:
        """End all requests and wait until their streams are closed; no other one begins."""
        self._is_closed = True
        await self._resting.aclose()
        await self._running.aclose()
        await self._writer.aclose()

    async def _prepare(self, place: CompletionQuery) -> None:
        """Prepare a place, unless somebody waits for an answer in this document."""
        if self._running.has(place.uri):
            return
        cost = await self._writer.prepare(look_from_cursor(place, self._trees))
        if cost is not None:
            self.counts.count_preparation(cost)

    async def _complete(self, visit: Visit) -> CompletionOutcome:
        query = visit.query
        with visit.stages.time("look"):
            cursor = look_from_cursor(query, self._trees)
        if query.is_automatic and (reason := reason_not_to_ask(cursor)):
            return visit.end(reason)
        ticket = self._debouncer.take_turn(query.uri)
        if suggestions := self._recall(cursor, visit):
            return visit.end(OutcomeReason.REMEMBERED, suggestions)
        answer = await self._join(cursor, visit)
        if answer is None and await self._is_still_newest(ticket, visit):
            answer = None if self._is_closed else await self._ask(cursor, visit)
        if answer is None:
            return visit.end(OutcomeReason.DEBOUNCED)
        visit.stages.add_all(answer.stage_ms)
        if answer.interrupted is not None:
            return visit.end_with(answer.interrupted, (), answer)
        return self._offer(answer, cursor, visit)

    def _recall(self, cursor: Cursor, visit: Visit) -> tuple[Suggestion, ...]:
        with visit.stages.time("recall"):
            written = self._memory.recall(cursor, visit.query.num_alternatives)
            return make_offer(written, cursor).suggestions

    async def _join(self, cursor: Cursor, visit: Visit) -> Answer | None:
        """Wait for the request that runs already, if its answer continues at this cursor."""
        running = self._running.fitting(cursor, visit.query.num_alternatives)
        if running is None:
            return None
        with visit.stages.time("join"):
            answer = await running.answer(cursor)
        if answer is None or answer.interrupted is not None:
            return answer
        typed = typed_since(running.place, cursor)
        rest = () if typed is None else rest_after(typed, answer.written)
        return replace(answer, written=rest, stage_ms={}) if rest else None

    async def _is_still_newest(self, ticket: object, visit: Visit) -> bool:
        if not visit.query.is_automatic:
            return True
        with visit.debouncing():
            return await self._debouncer.is_newest_after_delay(visit.query.uri, ticket)

    async def _ask(self, cursor: Cursor, visit: Visit) -> Answer | None:
        wish = Wish(visit.query.num_alternatives, visit.query.priority)
        self._resting.note_asked(visit.query)

        async def write(draft: Draft) -> Answer:
            answer = await self._writer.write(cursor, wish, draft)
            # Even if nobody waits any more for exactly this, the next question may fit it.
            self._memory.remember(place_of(cursor), wish.num_alternatives, answer.written)
            self.counts.count_rules(answer.stopped_by)
            return answer

        return await self._running.start(cursor, wish.num_alternatives, write).answer(cursor)

    def _offer(self, answer: Answer, cursor: Cursor, visit: Visit) -> CompletionOutcome:
        with visit.stages.time("filter"):
            offer = make_offer(answer.written, cursor)
        self.counts.count_rules(offer.dropped_by)
        reason = OutcomeReason.SHOWN
        if not offer.suggestions:
            is_blank = not any(one.text.strip() for one in answer.written)
            reason = OutcomeReason.EMPTY if is_blank else OutcomeReason.FILTERED
        return visit.end_with(reason, offer.suggestions, answer)
