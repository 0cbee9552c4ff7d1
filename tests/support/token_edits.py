"""Random edits of token lists, and a question about such a list."""

from __future__ import annotations

import dataclasses
import enum
import random
from collections.abc import Sequence

import numpy as np

from lsp_server.engine.job import Job
from lsp_server.engine.runners.base import Logits
from tests.support.engine import EngineHarness, Heard


class TokenEdit(enum.Enum):
    """What happens at a place; the first token of all always stays."""

    INSERT = enum.auto()
    DELETE = enum.auto()
    REPLACE = enum.auto()
    DROP_HEAD = enum.auto()
    APPEND = enum.auto()
    TAKE_BACK = enum.auto()


def random_tokens(chance: random.Random, num_tokens: int) -> list[int]:
    """Return plain tokens of the tiny models' vocabulary."""
    return [chance.randrange(10, 210) for _ in range(num_tokens)]


def edited(
    tokens: list[int], chance: random.Random, kinds: Sequence[TokenEdit], *, most_dropped: int
) -> list[int]:
    """Return tokens with one to three places changed.

    Args:
        tokens: At least three.
        chance: Decides.
        kinds: What may happen; a kind that stands there twice happens twice as often.
        most_dropped: Most tokens that drop out at the head.
    """
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        start = chance.randrange(1, len(tokens) + 1)
        end = min(start + chance.randrange(1, 12), len(tokens))
        new = random_tokens(chance, chance.randrange(1, 10))
        match chance.choice(kinds):
            case TokenEdit.INSERT:
                tokens = tokens[:start] + new + tokens[start:]
            case TokenEdit.DELETE:
                tokens = tokens[:start] + tokens[end:]
            case TokenEdit.REPLACE:
                tokens = tokens[:start] + new + tokens[end:]
            case TokenEdit.DROP_HEAD:
                tokens = tokens[:1] + tokens[chance.randrange(2, most_dropped + 2) :]
            case TokenEdit.APPEND:
                tokens = tokens + new
            case TokenEdit.TAKE_BACK:
                tokens = tokens[:1] + tokens[1 : -chance.randrange(1, 4)]
    return tokens


def ask_behind(harness: EngineHarness, key: str, tokens: list[int]) -> Heard:
    """Ask for the one token behind others, as a document's prompt, and wait for it."""
    heard, job = harness.prepare(prompt="x", max_tokens=1, document_key=key)
    spec = dataclasses.replace(job.spec, prompt=tuple(tokens))
    answers = [sequence.answer for sequence in job.sequences]
    harness.scheduler.submit(Job.create(spec, answers, heard.events.append))
    harness.run()
    assert heard.end.error is None
    parked = harness.cache.parked(key)
    assert parked is not None
    assert parked.tokens == tokens
    return heard


def difference_sd(left: Logits, right: Logits) -> float:
    """Return the largest difference of two rows, in standard deviations of the second."""
    return float(np.abs(left - right).max() / right.std())
