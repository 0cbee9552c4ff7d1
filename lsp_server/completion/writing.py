"""Have the model write: one request to the engine, read until it ends or we end it."""

from __future__ import annotations

import itertools
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.completion.budgets import adapted
from lsp_server.completion.cursor import Cursor
from lsp_server.completion.extent import num_lines_wanted
from lsp_server.completion.gathering import ContextSource
from lsp_server.completion.generation import Answer, Draft
from lsp_server.completion.loading import LoadingReporter
from lsp_server.completion.model_knowledge import ModelKnowledge
from lsp_server.completion.prompting import SHRINKING_FACTORS, Prompt, PromptWriter
from lsp_server.completion.query import OutcomeReason
from lsp_server.completion.reading import Reading
from lsp_server.completion.stages import StageTimes
from lsp_server.engine.api import (
    Cost,
    EndEvent,
    EndReason,
    Engine,
    ErrorKind,
    GenerateRequest,
    Limits,
    LoadingEvent,
    Priority,
    PromptEvent,
    Sampling,
    StopRules,
    TextEvent,
)
from lsp_server.engine.error_reports import error_of, report_of
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import BantamError
from lsp_server.settings.schema import Settings

#: Several alternatives differ only if they are drawn by lot.
MIN_TEMPERATURE_OF_ALTERNATIVES = 0.5
_REQUEST_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a question asks for besides its place.

    Attributes:
        num_alternatives: How many answers.
        priority: Who waits.
    """

    num_alternatives: int
    priority: Priority


@dataclass(frozen=True, slots=True)
class Question:
    """One question on its way: where, what, where the text goes, and what it takes."""

    cursor: Cursor
    wish: Wish
    draft: Draft
    stages: StageTimes


class ModelWriter:
    """Answers questions with the model of the settings."""

    def __init__(self, engine: Engine, settings: Settings, loading: LoadingReporter) -> None:
        self._engine = engine
        self._settings = settings
        self._wanted = settings.completion
        self._loading = loading
        self._knowledge = ModelKnowledge(engine, settings.model.name, loading)
        self._context = ContextSource(settings.completion)
        self._prompts = PromptWriter(settings.completion)

    @property
    def debounce_ms(self) -> int:
        """How long to wait after a key, as far as this machine is known by now."""
        return self._wanted.debounce_ms

    async def write(self, cursor: Cursor, wish: Wish, draft: Draft) -> Answer:
        """Ask the model, and put what it says into `draft` while it says it.

        Engine and model errors are answers, too.  Cancelling this closes the stream.
        """
        stages = StageTimes()
        try:
            answer = await self._write(Question(cursor, wish, draft, stages))
        except BantamError as error:
            answer = Answer(interrupted=OutcomeReason.FAILED, error=report_of(error))
        return replace(answer, stage_ms=stages.stage_ms)

    async def prepare(self, cursor: Cursor) -> Cost | None:
        """Have the prompt for a place computed, which nobody asks for yet.

        Neither a model is loaded nor an engine started for it.

        Returns:
            What it cost, or `None` if it was not computed.

        Raises:
            BantamError: The engine could not answer.
        """
        info = self._knowledge.known
        if info is None or not self._is_worth_preparing(cursor):
            return None
        self._adapt(info)
        context = await self._context.blocks(cursor, info)
        for factor in SHRINKING_FACTORS:
            end = await self._compute(self._prompts.prompt(cursor, info, context, factor), cursor)
            if end.error is None:
                return end.cost if end.reasons == (EndReason.LENGTH,) else None
            if end.error.kind is not ErrorKind.PROMPT_TOO_LONG:
                raise error_of(end.error)
        return None

    def forget(self, uri: str) -> None:
        """Drop what is kept for a document."""
        self._prompts.forget(uri)

    def saved(self, path: Path) -> None:
        """Take note that a file changed on disk."""
        self._context.saved(path)

    async def aclose(self) -> None:
        """Stop waiting for the model, and end the thread that gathers."""
        self._context.close()
        await self._knowledge.aclose()

    async def _write(self, question: Question) -> Answer:
        """Ask with the first prompt that fits the model's context.

        Raises:
            BantamError: The model cannot be used.
        """
        with question.stages.time("model"):
            info = await self._knowledge.info()
        self._adapt(info)
        with question.stages.time("gather"):
            context = await self._context.blocks(question.cursor, info)
        answer = Answer()
        for factor in SHRINKING_FACTORS:
            with question.stages.time("prompt"):
                prompt = self._prompts.prompt(question.cursor, info, context, factor)
            answer = await self._ask(prompt, question)
            if answer.error is None or answer.error.kind is not ErrorKind.PROMPT_TOO_LONG:
                break
        return answer

    def _adapt(self, info: ModelInfo) -> None:
        """Want what this machine does in time, as far as the settings leave it open."""
        self._wanted = adapted(self._settings, info)
        self._prompts.settings = self._context.settings = self._wanted

    async def _ask(self, prompt: Prompt, question: Question) -> Answer:
        """Ask, and load the model first where the engine has unloaded it or was restarted."""
        with question.stages.time("generate"):
            answer = await self._read(prompt, question, can_wait_for_model=False)
        if answer is None:
            # Loading inside a request would count against its time limit and end with it.
            with question.stages.time("model"):
                await self._knowledge.load_again()
            with question.stages.time("generate"):
                answer = await self._read(prompt, question, can_wait_for_model=True)
        assert answer is not None, "a request that waits for the model has an answer"
        return answer

    async def _read(
        self, prompt: Prompt, question: Question, *, can_wait_for_model: bool
    ) -> Answer | None:
        """Return the answer; `None` if the model has to be loaded and we do not wait for it."""
        reading = Reading(question.cursor, question.draft)
        with self._loading.watching() as on_loading:
            async with aclosing(self._engine.generate(self._request(prompt, question))) as events:
                async for event in events:
                    match event:
                        case LoadingEvent() if not can_wait_for_model:
                            return None
                        case LoadingEvent():
                            on_loading(event)
                        case PromptEvent():
                            reading.take_prompt(event)
                        case TextEvent():
                            reading.take(event)
                            if reading.is_over:
                                return reading.answer_cut_short()
                        case EndEvent():
                            return reading.answer(event)
        raise AssertionError("every stream of an engine ends with an end event")

    def _is_worth_preparing(self, cursor: Cursor) -> bool:
        where = self._settings.completion.prepare
        return where == "opened" or (
            where == "edited" and self._prompts.has_written_for(cursor.uri)
        )

    async def _compute(self, prompt: Prompt, cursor: Cursor) -> EndEvent:
        """Have a prompt computed, and return how that ended."""
        request = GenerateRequest(
            request_id=f"preparation-{next(_REQUEST_NUMBERS)}",
            model=self._settings.model.name,
            segments=prompt.segments,
            document_key=cursor.uri,
            priority=Priority.WARM,
            limits=Limits(max_tokens=0),
            supersedes=True,
            loads_model=False,
        )
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, EndEvent):
                    return event
        raise AssertionError("every stream of an engine ends with an end event")

    def _request(self, prompt: Prompt, question: Question) -> GenerateRequest:
        wanted = self._wanted
        return GenerateRequest(
            request_id=f"completion-{next(_REQUEST_NUMBERS)}",
            model=self._settings.model.name,
            segments=prompt.segments,
            document_key=question.cursor.uri,
            forced_prefix=prompt.forced_prefix,
            priority=question.wish.priority,
            sampling=Sampling(temperature=self._temperature(question.wish)),
            limits=Limits(max_tokens=wanted.max_tokens, max_ms=wanted.max_ms),
            stop=StopRules(
                texts=prompt.stop_texts,
                max_lines=num_lines_wanted(question.cursor, wanted.max_lines),
            ),
            num_alternatives=question.wish.num_alternatives,
            supersedes=True,
        )

    def _temperature(self, wish: Wish) -> float:
        temperature = self._settings.completion.temperature
        if wish.num_alternatives > 1:
            return max(temperature, MIN_TEMPERATURE_OF_ALTERNATIVES)
        return temperature
