"""Which tokens run in the next step.

A step is three calls: `schedule`, the runner's `forward`, `take_in`.  The policy:

1. Requests are admitted in order of class and arrival; one that does not fit yet holds back
   those behind it.  Admission reserves all cells that the request may take.  One of a lower
   class gives its cells away if that lets a higher one in, and goes on later where it was.
2. Only the best class among the admitted ones runs; the others pause and keep their cells.
3. Who waits while others run rises by one class every `age_s`, so nobody starves.
4. A step has one budget of tokens, small enough that it stays short on this machine.  Sequences
   that decode come first, as many as pay together, one token each; then prefills in chunks, in
   order of arrival, each up to the next run of tokens that is kept.
5. While somebody types, other work takes the shortest steps that prefill at all: a key that comes
   in the middle of one waits for its end.  The longer nobody has typed, the longer are the steps
   of an action that somebody waits for.

No model is known here; `kv_cache` decides which cells are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lsp_server.engine.admission import Admission
from lsp_server.engine.api import EndReason, ErrorReport, PromptEvent, TextEvent
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.job import Job
from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.runners.base import Logits
from lsp_server.engine.sampling import LogitsRow
from lsp_server.engine.sequence import TokenSequence
from lsp_server.engine.status import TokenTotals
from lsp_server.engine.step import Chunk, Step
from lsp_server.engine.step_sizes import StepPolicy, StepSizes
from lsp_server.engine.totals import TotalsCounter
from lsp_server.errors import BantamError


class Scheduler:
    """Runs the requests of one model.  Belongs to one thread."""

    def __init__(self, cache: KvCache, policy: StepPolicy, clock: Callable[[], float]) -> None:
        """Start without requests.

        Args:
            cache: The KV cells of the runner.
            policy: How large a step may be.
            clock: Monotonic seconds.
        """
        self._cache = cache
        self._clock = clock
        self._sizes = StepSizes(policy, clock)
        self._totals = TotalsCounter()
        self._waiting: list[Job] = []
        self._admitted: list[Job] = []
        #: Who was computed for in the last step, and when it was scheduled.
        self._last_jobs: list[Job] = []
        self._last_scheduled_s = clock()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._waiting and not self._admitted

    @property
    def num_waiting(self) -> int:
        """Requests that wait for cells or for a sequence."""
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        """Requests that hold cells."""
        return len(self._admitted)

    @property
    def totals(self) -> TokenTotals:
        """What the requests that have ended came to; any thread may ask."""
        return self._totals.totals

    def note_idle_tokens(self, num_tokens: int) -> None:
        """Count tokens that were computed while there was no request."""
        self._totals.add_idle(num_tokens)

    def submit(self, job: Job) -> None:
        """Take a request; it may end others of its document, or be ended by a newer one."""
        if self.is_idle:
            self._last_scheduled_s = self._clock()
        try:
            self._cache.check_possible(job.demand)
        except BantamError as error:
            self._end(job, EndReason.ERROR, report_of(error))
            return
        if any(other.spec.supersedes_spec(job.spec) for other in self._jobs):
            self._end(job, EndReason.SUPERSEDED)
            return
        for other in [other for other in self._jobs if job.spec.supersedes_spec(other.spec)]:
            self._end(other, EndReason.SUPERSEDED)
        self._waiting.append(job)

    def end(self, arrival: int, reason: EndReason, error: ErrorReport | None = None) -> None:
        """End a request now, if it is still there; its cells are free for others at once."""
        for job in [job for job in self._jobs if job.spec.arrival == arrival]:
            self._end(job, reason, error)

    def end_all(self, reason: EndReason, error: ErrorReport | None = None) -> None:
        """End every request now."""
        for job in self._jobs:
            self._end(job, reason, error)

    def schedule(self) -> Step:
        """Return what the next step computes; empty only when the scheduler is idle."""
        self._let_age()
        self._note_typing()
        self._end_overdue()
        self._admit_waiting()
        best_class = min((self._class_of(job) for job in self._admitted), default=None)
        running = [
            (job, sequence)
            for job in sorted(self._admitted, key=self._order_of)
            if self._class_of(job) == best_class
            for sequence in job.active_sequences
        ]
        decoding = [pair for pair in running if pair[1].num_uncomputed == 1]
        prefilling = [pair for pair in running if pair[1].num_uncomputed > 1]
        step = Step(self._step_tokens(prefilling, len(decoding)))
        for job, sequence in decoding[: self._sizes.width(len(decoding))]:
            step.add(job, sequence, keep=self._sizes.policy.min_prefill_tokens if prefilling else 0)
        for job, sequence in prefilling:
            step.add(job, sequence)
        self._note_scheduled(step)
        return step

    def tune(self, policy: StepPolicy, step_ms: Mapping[int, float]) -> None:
        """Go on with another policy and with what was measured while nobody asked.

        Args:
            policy: How large a step may be from now on.
            step_ms: Milliseconds by the tokens of a step.
        """
        self._sizes.tune(policy, step_ms)

    def note_step_ms(self, step: Step, ms: float) -> None:
        """Take in how long a step took, in milliseconds."""
        self._sizes.note_ms(sum(chunk.end - chunk.start for chunk in step.chunks), ms)

    def take_in(self, step: Step, logits: Logits | None) -> None:
        """Take in what the runner computed.

        Args:
            step: What was scheduled.
            logits: One row for each chunk that wanted one, `[n_wanted, n_vocab]`; `None` if the
                call was aborted.
        """
        for chunk in step.chunks:
            self._note_computed(chunk, was_aborted=logits is None)
        if logits is not None:
            sampling = [chunk for chunk in step.chunks if chunk.wants_logits]
            for chunk, row in zip(sampling, logits, strict=True):
                if chunk.sequence.is_running:
                    self._take_logits(chunk.job, chunk.sequence, row)
        for job in step.jobs:
            self._finish(job)

    def fail(self, step: Step, error: BantamError) -> None:
        """End the requests of a step that could not be computed; their cells are given up."""
        report = report_of(error)
        for job in step.jobs:
            for sequence in job.sequences:
                self._give_up_cells(sequence)
            self._end(job, EndReason.ERROR, report)

    @property
    def _jobs(self) -> list[Job]:
        return [*self._admitted, *self._waiting]

    def _end_overdue(self) -> None:
        now = self._clock()
        for job in self._jobs:
            if job.spec.deadline_s is not None and now >= job.spec.deadline_s:
                self._end(job, EndReason.TIME)

    def _let_age(self) -> None:
        """Note for everybody who was not computed for that time has passed."""
        now = self._clock()
        passed_s, self._last_scheduled_s = now - self._last_scheduled_s, now
        if not self._last_jobs:
            return
        for job in self._jobs:
            if job not in self._last_jobs:
                job.waited_s += passed_s

    def _class_of(self, job: Job) -> int:
        """Return a request's class, raised by the time that it had to wait."""
        return max(job.spec.priority - int(job.waited_s / self._sizes.policy.age_s), 0)

    def _order_of(self, job: Job) -> tuple[int, int]:
        return (self._class_of(job), job.spec.arrival)

    def _note_typing(self) -> None:
        if any(job.spec.is_interactive for job in self._jobs):
            self._sizes.note_typing()

    def _step_tokens(self, prefilling: list[tuple[Job, TokenSequence]], num_decoding: int) -> int:
        """Return the budget of a step with these prompts and so many that write answers."""
        if not prefilling:
            return self._sizes.policy.max_step_tokens
        return self._sizes.prefill_tokens(
            min(job.spec.priority for job, _ in prefilling),
            num_prompts=len(prefilling),
            num_left=sum(sequence.num_uncomputed for _, sequence in prefilling),
            num_decoding=num_decoding,
        )

    def _admit_waiting(self) -> None:
        """Start waiting requests in their order until one does not fit."""
        for job in sorted(self._waiting, key=self._order_of):
            admission = self._cache.try_admit(job.demand)
            while admission is None:
                lower = self._next_to_suspend(job)
                if lower is None:
                    return
                self._suspend(lower)
                admission = self._cache.try_admit(job.demand)
            self._start(job, admission)

    def _start(self, job: Job, admission: Admission) -> None:
        """Let a request run, or go on, with the cells that it was given."""
        for sequence, kv in zip(job.sequences, admission.sequences, strict=True):
            sequence.kv = kv
            kv.document_key = job.spec.document_key
        # Of a request that goes on, what it held when it was suspended is counted already.
        num_found = admission.num_reused - job.num_held
        job.num_reused += max(num_found, 0)
        job.num_shifted += admission.num_shifted
        job.is_suspended = False
        self._waiting.remove(job)
        self._admitted.append(job)
        self._finish(job)

    def _next_to_suspend(self, job: Job) -> Job | None:
        """Return the last of the requests that have to give way to a waiting one."""
        lower = [
            other
            for other in self._admitted
            if self._class_of(other) > self._class_of(job) and other.can_be_suspended
        ]
        return max(lower, key=self._order_of, default=None)

    def _suspend(self, job: Job) -> None:
        """Keep a running request's cells apart, where they may be evicted, and let it wait."""
        job.is_suspended = True
        job.num_held = job.sequences[0].num_computed
        for sequence in job.sequences:
            kv, sequence.kv = sequence.kv, None
            assert kv is not None, "a running request has cells"
            kv.document_key = job.parking_key
            if sequence.alternative == 0:
                self._cache.park(kv)
            else:
                self._cache.release(kv)
        self._admitted.remove(job)
        self._waiting.append(job)

    def _note_scheduled(self, step: Step) -> None:
        now = self._clock()
        self._last_jobs = step.jobs
        for job in step.jobs:
            if job.times.started_s is None:
                job.times.started_s = now

    def _note_computed(self, chunk: Chunk, *, was_aborted: bool) -> None:
        kv = chunk.sequence.kv
        assert kv is not None, "a scheduled sequence keeps its cells until it is taken in"
        tokens = chunk.sequence.tokens[chunk.start : chunk.end]
        if was_aborted:
            self._cache.note_aborted(kv, tokens)
            if chunk.wants_logits and chunk.sequence.num_uncomputed == 0:
                self._cache.take_back_last(kv)
            num_computed = max(min(chunk.sequence.num_computed, chunk.end) - chunk.start, 0)
        else:
            self._cache.extend(kv, tokens)
            num_computed = len(tokens)
        if not chunk.job.has_answers:
            chunk.job.num_prompt_computed += num_computed

    def _take_logits(self, job: Job, sequence: TokenSequence, logits: LogitsRow) -> None:
        """Sample the next token; after the prompt, the first one of every alternative."""
        if job.has_answers:
            self._sample(job, [sequence], logits)
            return
        job.has_answers = True
        job.times.first_token_s = self._clock()
        job.emit(PromptEvent(cost=job.cost()))
        for other in job.sequences[1:]:
            assert sequence.kv is not None and other.kv is not None, "admitted together"
            self._cache.share(sequence.kv, other.kv)
        self._sample(job, job.sequences, logits)

    def _sample(self, job: Job, sequences: Iterable[TokenSequence], logits: LogitsRow) -> None:
        for sequence in sequences:
            try:
                taken = sequence.answer.take(logits)
            except BantamError as error:
                self._end(job, EndReason.ERROR, report_of(error))
                return
            sequence.tokens.append(taken.token)
            job.times.last_token_s = self._clock()
            if taken.texts:
                job.emit(TextEvent(alternative=sequence.alternative, tokens=taken.texts))
            if taken.end_reason is not None:
                self._end_sequence(sequence, taken.end_reason)

    def _finish(self, job: Job) -> None:
        """Send the end event of a request that has nothing left to compute."""
        if job.spec.max_tokens == 0 and job.sequences[0].num_uncomputed == 0:
            job.times.first_token_s = self._clock()
            self._end(job, EndReason.LENGTH)
        elif not job.has_ended and not any(sequence.is_running for sequence in job.sequences):
            self._end(job, EndReason.STOP)

    def _end(self, job: Job, reason: EndReason, error: ErrorReport | None = None) -> None:
        """End what still runs of a request, and send its end event once."""
        if job.has_ended:
            return
        job.has_ended = True
        for sequence in job.sequences:
            if not sequence.is_running:
                continue
            held_back = sequence.answer.finish() if reason is EndReason.TIME else ()
            if held_back:
                job.emit(TextEvent(alternative=sequence.alternative, tokens=held_back))
            self._end_sequence(sequence, reason)
        for jobs in (self._waiting, self._admitted):
            if job in jobs:
                jobs.remove(job)
        if job.is_suspended:
            self._cache.forget(job.parking_key)
        self._totals.add_request(job.cost())
        job.emit(job.end_event(error))

    def _end_sequence(self, sequence: TokenSequence, reason: EndReason) -> None:
        """Keep the first alternative's cells for the next prompt; free those of the others."""
        sequence.end_reason = reason
        kv, sequence.kv = sequence.kv, None
        if kv is None:
            return
        if sequence.alternative == 0:
            self._cache.park(kv)
        else:
            self._cache.release(kv)

    def _give_up_cells(self, sequence: TokenSequence) -> None:
        if sequence.kv is not None:
            self._cache.release(sequence.kv)
            sequence.kv = None
