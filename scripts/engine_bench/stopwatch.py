"""Where the engine's thread spends its processor time besides the model."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import llama_cpp

from lsp_server.engine.detokenizer import AnswerText
from lsp_server.engine.event_stream import EventStream
from lsp_server.engine.runners.llama_batch import LlamaBatch
from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.engine.sampling import Sampler
from lsp_server.engine.scheduler import Scheduler
from lsp_server.engine.step_loop import StepLoop
from scripts.engine_bench.mirrored_runner import MirroredRunner

WHOLE_STEP = "step"
#: What of a step is the model: for the engine, and computed again for the comparison.
MODEL = "llama_decode"
MIRROR = "mirror"
#: What the model's thread does besides, and the functions that do it; none calls another.
_PARTS: tuple[tuple[str, Any, str], ...] = (
    ("scheduling", Scheduler, "schedule"),
    ("filling the batch", LlamaBatch, "fill"),
    ("sampling", Sampler, "__call__"),
    ("detokenising", AnswerText, "add"),
    ("detokenising", LlamaVocabulary, "token_bytes"),
    ("handing on", EventStream, "put"),
)
PARTS = tuple(dict.fromkeys(part for part, _, _ in _PARTS))


class Stopwatch:
    """Processor time of the calling thread in some functions.

    Processor time, because the time on the wall depends on what else runs on the machine.

    Attributes:
        ms: Milliseconds by part.
    """

    def __init__(self) -> None:
        self.ms: defaultdict[str, float] = defaultdict(float)

    @property
    def ms_besides_model(self) -> float:
        """All of the steps but the model."""
        return self.ms[WHOLE_STEP] - self.ms[MODEL] - self.ms[MIRROR]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measure as long as the context lasts."""
        watched = [
            *_PARTS,
            (MODEL, llama_cpp, "llama_decode"),
            (MIRROR, MirroredRunner, "compute_again"),
            (WHOLE_STEP, StepLoop, "step"),
        ]
        with ExitStack() as stack:
            for part, owner, name in watched:
                timed = self._timed(part, getattr(owner, name))
                stack.enter_context(mock.patch.object(owner, name, timed))
            yield

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            started_s = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.ms[part] += (time.thread_time() - started_s) * 1_000.0

        return timed
