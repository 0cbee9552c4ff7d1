"""Exact match of single lines in held-out projects, through llama.cpp, greedily.

The prompt is the server's anchored layout: prefix up to the line's start, suffix, middle marker,
then the indentation but its last blank as forced text; the first token chosen has to begin with
that blank (token healing). What is generated up to the line's end must be the line.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import llama_cpp
import numpy as np

from .holes import LineHole
from .scores import ExactMatch, wilson_interval
from .tokenizer import END_OF_TEXT, END_OF_TURN, FIM_BEGIN, FIM_END, FIM_HOLE

PREFIX_TOKENS = 1000
SUFFIX_TOKENS = 500
MAX_LINE_TOKENS = 64
_CONTEXT_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class HoleResult:
    """What the model wrote into one hole."""

    project: str
    path: str
    line_idx: int
    expected: str
    generated: str

    @property
    def is_exact(self) -> bool:
        """Whether it is the line, trailing blanks aside."""
        return self.generated.rstrip() == self.expected


class LineCompleter:
    """A GGUF file behind llama.cpp, asked for one line at a time."""

    def __init__(self, model: Path, num_threads: int) -> None:
        self._llama = llama_cpp.Llama(
            str(model), n_ctx=_CONTEXT_TOKENS, n_threads=num_threads, verbose=False
        )
        self._begin, self._hole, self._end, self._end_of_text, self._end_of_turn = map(
            self._marker, (FIM_BEGIN, FIM_HOLE, FIM_END, END_OF_TEXT, END_OF_TURN)
        )
        pieces = [self._piece(token) for token in range(self._llama.n_vocab())]
        self._pieces = pieces
        self.prefill_seconds = self.decode_seconds = 0.0
        self.num_prefill_tokens = self.num_decode_tokens = 0

    def complete(self, hole: LineHole) -> str:
        """The rest of the line after its indentation, as the model writes it."""
        forced, healed = hole.indent[:-1], hole.indent[-1:]
        prefix = self._tokens(hole.prefix)[-PREFIX_TOKENS:]
        suffix = self._tokens(hole.suffix)[:SUFFIX_TOKENS]
        prompt = [self._llama.token_bos(), self._begin, *prefix, self._hole, *suffix, self._end]
        prompt += self._tokens(forced)
        self._llama.reset()
        started = time.monotonic()
        self._llama.eval(prompt)
        self.prefill_seconds += time.monotonic() - started
        self.num_prefill_tokens += len(prompt)
        started = time.monotonic()
        text = self._generate(healed.encode())
        self.decode_seconds += time.monotonic() - started
        return text.removeprefix(healed)

    def _generate(self, healed: bytes) -> str:
        """Greedy tokens up to the end of the line; the first one begins with `healed`."""
        out = b""
        for _ in range(MAX_LINE_TOKENS):
            token = self._best_token(healed if not out else b"")
            if token in (self._end_of_text, self._end_of_turn, self._begin, self._hole, self._end):
                break
            out += self._pieces[token]
            if b"\n" in out:
                break
            self._llama.eval([token])
            self.num_decode_tokens += 1
        return out.split(b"\n")[0].decode("utf-8", errors="replace")

    def _best_token(self, start: bytes) -> int:
        logits = np.ctypeslib.as_array(
            llama_cpp.llama_get_logits(self._llama.ctx), shape=(self._llama.n_vocab(),)
        )
        if not start:
            return int(logits.argmax())
        fits = np.array([piece.startswith(start) for piece in self._pieces])
        return int(np.where(fits, logits, -np.inf).argmax())

    def _tokens(self, text: str) -> list[int]:
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=False))

    def _marker(self, text: str) -> int:
        (token,) = self._llama.tokenize(text.encode(), add_bos=False, special=True)
        return int(token)

    def _piece(self, token: int) -> bytes:
        return bytes(self._llama.detokenize([token]))


def evaluate_lines(
    model: Path, holes: Sequence[LineHole], num_threads: int
) -> tuple[ExactMatch, list[HoleResult]]:
    """Complete every hole; returns the score and each result."""
    completer = LineCompleter(model, num_threads)
    results = [
        HoleResult(hole.project, hole.path, hole.line_idx, hole.expected, completer.complete(hole))
        for hole in holes
    ]
    num_exact = sum(result.is_exact for result in results)
    low, high = wilson_interval(num_exact, len(results))
    score = ExactMatch(
        num_holes=len(results),
        num_exact=num_exact,
        low=low,
        high=high,
        prefill_tokens_per_second=completer.num_prefill_tokens / completer.prefill_seconds,
        decode_tokens_per_second=completer.num_decode_tokens / completer.decode_seconds,
        load_average=os.getloadavg()[0],
    )
    return score, results


def describe(result: HoleResult) -> dict[str, object]:
    """One result as plain values, for a JSON file."""
    return {**asdict(result), "is_exact": result.is_exact}
