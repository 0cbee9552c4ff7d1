"""What one step computes: chunks of sequences, under one budget of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lsp_server.engine.job import Job, JobSpec
from lsp_server.engine.runners.base import BatchToken
from lsp_server.engine.sequence import TokenSequence


@dataclass(frozen=True, slots=True)
class Chunk:
    """The tokens that one sequence computes in a step: `tokens[start:end]`."""

    job: Job
    sequence: TokenSequence
    start: int
    end: int

    @property
    def wants_logits(self) -> bool:
        """Whether a token is sampled after this chunk."""
        return self.end == len(self.sequence.tokens) and self.job.spec.max_tokens > 0

    def batch_tokens(self) -> Iterator[BatchToken]:
        """Yield its tokens for the runner."""
        kv = self.sequence.kv
        assert kv is not None, "only admitted sequences are scheduled"
        last = self.end - 1 if self.wants_logits else None
        for position in range(self.start, self.end):
            token = self.sequence.tokens[position]
            yield BatchToken(token, position, kv.sequence_id, position == last)


@dataclass(slots=True)
class Step:
    """What one step computes; it is filled under a budget and dies with the step."""

    budget: int
    chunks: list[Chunk] = field(default_factory=list)

    def add(self, job: Job, sequence: TokenSequence, *, keep: int = 0) -> None:
        """Give a sequence as many tokens as the budget has, less those to `keep`."""
        start = sequence.num_computed
        num_tokens = min(sequence.num_ready, self.budget - keep)
        if num_tokens > 0:
            self.chunks.append(Chunk(job, sequence, start, start + num_tokens))
            self.budget -= num_tokens

    @property
    def jobs(self) -> list[Job]:
        """The requests that take part, each once."""
        return list(dict.fromkeys(chunk.job for chunk in self.chunks))

    @property
    def specs(self) -> tuple[JobSpec, ...]:
        """What the requests that take part asked for."""
        return tuple(job.spec for job in self.jobs)

    def batch(self) -> list[BatchToken]:
        """Return the tokens for the runner, chunk after chunk."""
        return [token for chunk in self.chunks for token in chunk.batch_tokens()]
