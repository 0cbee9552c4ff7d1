"""One KV cache over a runner of its own, asked as the engine's thread asks it, step by step.

What the thread does in a pause is done when it is told of one.

Prompts are written by the product's own code: the look from the cursor, the anchored layout, token
healing and the order of the model's format.  There is no clock and no second thread, so a run
depends on its seed alone, rounding aside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lsp_server.completion.cursor import Cursor, look_from_cursor
from lsp_server.completion.prompting import SHRINKING_FACTORS, PromptWriter
from lsp_server.completion.query import CompletionQuery
from lsp_server.engine.api import (
    EndEvent,
    Event,
    GenerateRequest,
    Limits,
    Sampling,
    StopRules,
    TextEvent,
)
from lsp_server.engine.job import Job
from lsp_server.engine.kv_cache import KeepPolicy, KvCache
from lsp_server.engine.loaded_model import LoadedRunner
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.preparation import RequestPreparer
from lsp_server.engine.refresh import Refresher
from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.sampling import LogitsRow
from lsp_server.engine.scheduler import Scheduler
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.errors import EngineError
from lsp_server.settings.schema import CompletionSettings
from scripts.agreement_bench.edits import Moment

#: Longest answer; a line has fewer.
MAX_ANSWER_TOKENS = 48
#: As the engine takes them: from steps of 64 tokens on, llama.cpp takes another way through
#: attention (docs/engine-facts.md).
LONG_STEPS = StepPolicy.for_batches_of(256)
#: Below, how a prompt is cut into steps makes no difference at all to what is computed.
SHORT_STEPS = StepPolicy(max_step_tokens=32)


def bench_settings() -> CompletionSettings:
    """Return the product's settings, but for the room of the document.

    It has all of the context to itself, and windows that are half as large again as by default:
    then many prompts have more than 1,500 tokens.
    """
    return CompletionSettings(
        prefix_chars=6_000, suffix_chars=3_000, context_tokens=0, max_tokens=MAX_ANSWER_TOKENS
    )


class Questioner:
    """Writes the requests of one document, each of which remembers the anchor of the last."""

    def __init__(
        self, info: ModelInfo, uri: str, path: str, does_fit: Callable[[GenerateRequest], bool]
    ) -> None:
        """Start without an anchor.

        Args:
            info: The model.
            uri: Names the document.
            path: What the model is told the file is called.
            does_fit: Whether the model's context takes a request.
        """
        self._info = info
        self._does_fit = does_fit
        self._uri = uri
        self._path = path
        self._prompts = PromptWriter(bench_settings())

    def request(self, moment: Moment, *, is_question: bool) -> GenerateRequest:
        """Return what is asked at a moment.

        Args:
            moment: The document.
            is_question: Whether the line at the place is asked for; otherwise one token at the
                cursor, as after a key whose answer nobody waits for.
        """
        offset = moment.place if is_question else moment.cursor
        return self._fitting(moment, offset, MAX_ANSWER_TOKENS if is_question else 1)

    def rest(self, moment: Moment) -> GenerateRequest:
        """Return what is computed while the cursor rests at the place."""
        return self._fitting(moment, moment.place, max_tokens=0)

    def _fitting(self, moment: Moment, offset: int, max_tokens: int) -> GenerateRequest:
        query = CompletionQuery(
            uri=self._uri, path=self._path, language="python", text=moment.text, cursor=offset
        )
        cursor = look_from_cursor(query)
        requests = (self._request(cursor, factor, max_tokens) for factor in SHRINKING_FACTORS)
        return next(request for request in requests if self._does_fit(request))

    def _request(self, cursor: Cursor, factor: float, max_tokens: int) -> GenerateRequest:
        prompt = self._prompts.prompt(cursor, self._info, shrinking_factor=factor)
        return GenerateRequest(
            request_id="agreement",
            model=self._info.model,
            segments=prompt.segments,
            document_key=self._uri,
            forced_prefix=prompt.forced_prefix,
            sampling=Sampling(temperature=0.0),
            limits=Limits(max_tokens=max_tokens),
            stop=StopRules(max_lines=1),
            supersedes=True,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What one request was told, and what its prompt's cells were like.

    Attributes:
        line: First line of the answer.
        tokens: Tokens of the answer, the one that ended it included.
        prompt: Tokens of the prompt.
        num_computed: Those that were evaluated.
        num_carried: Those whose keys and values were carried over a change before them.
        num_inexact: Those whose keys and values may differ from a full recompute: carried ones,
            and those computed behind them.
        mean_age: How many changes the carried ones were carried over.
        first_logits: Those of the answer's first token, `[n_vocab]`.
    """

    line: str
    tokens: tuple[int, ...]
    prompt: tuple[int, ...]
    num_computed: int
    num_carried: int
    num_inexact: int
    mean_age: float
    first_logits: LogitsRow


class Asker:
    """One cache, with a runner of its own."""

    def __init__(self, loaded: LoadedRunner, keep: KeepPolicy, policy: StepPolicy) -> None:
        self._runner = loaded.runner
        self._cache = KvCache(loaded.runner, keep)
        self._max_step_tokens = policy.max_step_tokens
        self._scheduler = Scheduler(self._cache, policy, lambda: 0.0)
        self._refresher = Refresher(self._cache, policy.max_step_tokens, policy.max_long_tokens)
        self._preparer = RequestPreparer(
            loaded.info.model, loaded.runner.vocabulary, loaded.runner.limits
        )
        self._num_asked = 0

    def prompt(self, request: GenerateRequest) -> tuple[int, ...]:
        """Return the tokens of a request's prompt."""
        return self._prepare(request, []).spec.prompt

    def does_fit(self, request: GenerateRequest) -> bool:
        """Return whether the model's context takes a request."""
        return len(self.prompt(request)) < self._runner.limits.context_tokens

    def ask(self, request: GenerateRequest) -> Told:
        """Answer a request to its end.

        Raises:
            EngineError: The request was refused.
        """
        events: list[Event] = []
        job = self._prepare(request, events)
        first_logits = self._run(job, events)
        assert first_logits is not None, "an answer has a first token"
        return self._told(job, events, first_logits)

    def compute(self, request: GenerateRequest) -> None:
        """Compute the prompt of a request that asks for no answer.

        Raises:
            EngineError: The request was refused.
        """
        events: list[Event] = []
        self._run(self._prepare(request, events), events)

    def pause(self) -> int:
        """Let a pause pass in which everything stale is computed again; return how much that is."""
        num_tokens = 0
        while (chunk := self._refresher.next_chunk()) is not None:
            logits = self._runner.forward(chunk.batch())
            num_tokens += self._refresher.take_in(chunk, was_aborted=logits is None)
        return num_tokens

    def forget(self) -> None:
        """Free all cells: what is asked next is computed in full."""
        self._cache.evict_all()
        self._cache.check_integrity()
        self._runner.reuse_places()

    def next_logits(self, tokens: tuple[int, ...]) -> Logits:
        """Return the logits behind some tokens by a full recompute, `[n_vocab]`."""
        self.forget()
        logits = None
        for start in range(0, len(tokens), self._max_step_tokens):
            chunk = tokens[start : start + self._max_step_tokens]
            batch = [
                BatchToken(token, start + offset, 0, start + offset == len(tokens) - 1)
                for offset, token in enumerate(chunk)
            ]
            logits = self._runner.forward(batch)
        assert logits is not None and len(logits) == 1, "there is a last token"
        row = np.array(logits[0])
        self._runner.remove_cells(0, 0, None)
        return row

    def _run(self, job: Job, events: list[Event]) -> LogitsRow | None:
        """Take a request to its end; return the logits of its answer's first token."""
        self._scheduler.submit(job)
        first_logits: LogitsRow | None = None
        while not self._scheduler.is_idle:
            step = self._scheduler.schedule()
            if not step.chunks:
                continue
            logits = self._runner.forward(step.batch())
            if first_logits is None and logits is not None and len(logits):
                first_logits = np.array(logits[0])
            self._scheduler.take_in(step, logits)
        end = events[-1]
        assert isinstance(end, EndEvent), "a request ends with its end event"
        if end.error is not None:
            raise EngineError(end.error.message)
        return first_logits

    def _prepare(self, request: GenerateRequest, events: list[Event]) -> Job:
        self._num_asked += 1
        return self._preparer.prepare(
            request, arrival=self._num_asked, taken_s=0.0, emit=events.append
        )

    def _told(self, job: Job, events: list[Event], first_logits: LogitsRow) -> Told:
        prompt = job.spec.prompt
        parked = self._cache.parked(job.spec.document_key)
        assert parked is not None, "a request that ended leaves its cells behind"
        ages = parked.ages[: len(prompt)]
        carried = [age for age in ages if age]
        text = "".join(event.text for event in events if isinstance(event, TextEvent))
        return Told(
            line=text.split("\n")[0],
            tokens=tuple(job.sequences[0].tokens[len(prompt) :]),
            prompt=prompt,
            num_computed=job.num_prompt_computed,
            num_carried=len(carried),
            num_inexact=len(ages) - min(parked.num_exact, len(ages)),
            mean_age=sum(carried) / len(carried) if carried else 0.0,
            first_logits=first_logits,
        )
