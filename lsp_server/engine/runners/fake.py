"""A model without a model: bytes for tokens, and answers that depend on the cells alone.

It is as strict as llama.cpp, so that a wrong batch fails in a test and not in an editor, and it
simulates every KV cell with its owners.  What it answers depends only on the tokens that the
cells really hold: an answer made from wrongly reused cells differs from a full recompute.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lsp_server.engine.api import MarkerRole
from lsp_server.engine.runners.base import (
    BatchToken,
    Logits,
    RunnerLimits,
    SequenceState,
    ShiftSupport,
)
from lsp_server.errors import EngineError, NoCellsError

#: Ids 0 to 255 are bytes; then come one token for each marker role, BOS and the end token.
NUM_BYTES = 256
_MARKERS = {role: NUM_BYTES + index for index, role in enumerate(MarkerRole)}
BOS_TOKEN = NUM_BYTES + len(_MARKERS)
END_TOKEN = BOS_TOKEN + 1

#: What chat templates call the two tokens.
BOS_TEXT = "<bos>"
END_TEXT = "<end>"
_SPECIAL_TOKENS = {BOS_TEXT: BOS_TOKEN, END_TEXT: END_TOKEN}
_SPECIAL_TEXT = re.compile(f"({BOS_TEXT}|{END_TEXT})")

DEFAULT_LIMITS = RunnerLimits(
    context_tokens=2048, num_cells=2048, max_sequences=32, max_batch_tokens=512
)

_STATE_DTYPE = np.dtype([("token", "<i4"), ("position", "<i4"), ("digest", "<u4")])

#: From the tokens of a sequence to the logits of the next one, `[n_vocab]`.
NextLogits = Callable[[list[int]], Logits]


class FakeVocabulary:
    """One token for each byte, each marker, BOS and the end of the answer."""

    def __init__(self, *, has_markers: bool = True) -> None:
        """Make a vocabulary with or without markers for filling in the middle."""
        self._has_markers = has_markers

    @property
    def size(self) -> int:
        """Number of tokens."""
        return END_TOKEN + 1

    @property
    def bos_token(self) -> int | None:
        """The token that every prompt starts with."""
        return BOS_TOKEN

    @property
    def end_tokens(self) -> frozenset[int]:
        """The end token and the markers."""
        return frozenset({END_TOKEN, *_MARKERS.values()})

    def tokenize(self, text: str) -> list[int]:
        """Return the bytes of the text in UTF-8."""
        return list(text.encode())

    def tokenize_template(self, text: str) -> list[int]:
        """Return the bytes of the text; BOS and the end token have their names."""
        tokens: list[int] = []
        for piece in _SPECIAL_TEXT.split(text):
            tokens += [_SPECIAL_TOKENS[piece]] if piece in _SPECIAL_TOKENS else piece.encode()
        return tokens

    def token_bytes(self, token: int) -> bytes:
        """Return the byte, or nothing for the other tokens."""
        return bytes([token]) if token < NUM_BYTES else b""

    def marker_token(self, role: MarkerRole) -> int | None:
        """Return the token of a role."""
        return _MARKERS[role] if self._has_markers else None


@dataclass(slots=True)
class FakeCell:
    """One KV cell: a token at a position, and the sequences that own it.

    Attributes:
        token: Token id.
        position: Its position, for all owners.
        digest: Of the token and of all cells that it saw when it was computed, as keys and
            values of a real model depend on them.
        owners: Ids of the sequences that own it.
    """

    token: int
    position: int
    digest: int
    owners: set[int] = field(default_factory=set)


class FakeRunner:
    """A runner whose cells can be looked at.

    Attributes:
        cells: Every cell that has an owner, by number.
        num_forwards: Calls of `forward` so far.
        num_tokens_forwarded: Tokens evaluated so far.
    """

    def __init__(
        self,
        next_logits: NextLogits,
        limits: RunnerLimits = DEFAULT_LIMITS,
        vocabulary: FakeVocabulary | None = None,
        delay_s: float = 0.0,
        *,
        can_shift: bool = True,
    ) -> None:
        """Start with empty cells.

        Args:
            next_logits: The model; see `hashed_logits` and `scripted_logits`.
            limits: What the runner can hold.
            vocabulary: The tokens; all of them by default.
            delay_s: How long each forward takes; an abort cuts it short.
            can_shift: Whether cells may move.
        """
        self.cells: dict[int, FakeCell] = {}
        self.num_forwards = 0
        self.num_tokens_forwarded = 0
        self._next_logits = next_logits
        self._limits = limits
        self._vocabulary = vocabulary or FakeVocabulary()
        self._delay_s = delay_s
        self._abort = threading.Event()
        self._can_shift = can_shift
        self._has_pending_shift = False
        self._is_closed = False

    @property
    def limits(self) -> RunnerLimits:
        """What this runner can hold."""
        return self._limits

    @property
    def vocabulary(self) -> FakeVocabulary:
        """The model's tokens."""
        return self._vocabulary

    @property
    def shift_support(self) -> ShiftSupport:
        """As the test wants it."""
        return ShiftSupport(self._can_shift, "the fake model has no positions to rotate")

    @property
    def has_pending_shift(self) -> bool:
        """Whether cells were moved since the last `forward`."""
        return self._has_pending_shift

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        """Evaluate a batch; see `Runner.forward`."""
        self._check(batch)
        self._abort.clear()
        self.num_forwards += 1
        may_abort = not self._has_pending_shift
        self._has_pending_shift = False
        if self._delay_s and self._abort.wait(self._delay_s) and may_abort:
            return None
        self.num_tokens_forwarded += len(batch)
        rows = []
        free = (number for number in range(self._limits.num_cells) if number not in self.cells)
        for token, number in zip(batch, list(free), strict=False):
            digest = next_digest([cell.digest for cell in self._visible(token)], token.token)
            owners = {token.sequence_id}
            self.cells[number] = FakeCell(token.token, token.position, digest, owners)
            if token.wants_logits:
                rows.append(self._next_logits([cell.token for cell in self._visible(token)]))
        return np.stack(rows) if rows else np.empty((0, self._vocabulary.size), np.float32)

    def end_position(self, sequence_id: int) -> int:
        """Return the position after the sequence's last cell; 0 for an empty one."""
        self._check_id(sequence_id)
        return max((cell.position + 1 for cell in self._owned(sequence_id)), default=0)

    def first_position(self, sequence_id: int) -> int:
        """Return the position of the sequence's first cell; 0 for an empty one."""
        self._check_id(sequence_id)
        return min((cell.position for cell in self._owned(sequence_id)), default=0)

    def can_resume(self, sequence_id: int, position: int) -> bool:
        """Return whether the sequence has every cell before `position`."""
        held = {cell.position for cell in self._owned(sequence_id)}
        return held.issuperset(range(position))

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        """Make `target` a second owner of the source's cells at positions [start, end)."""
        self._check_id(source)
        self._check_id(target)
        for cell in self._owned(source):
            if start <= cell.position < end:
                cell.owners.add(target)

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up its cells at positions [start, end), or from start on."""
        self._check_id(sequence_id)
        for number, cell in list(self.cells.items()):
            is_within = start <= cell.position and (end is None or cell.position < end)
            if sequence_id in cell.owners and is_within:
                cell.owners.remove(sequence_id)
                if not cell.owners:
                    del self.cells[number]

    def retire_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells; where others lie makes no difference here."""
        self.remove_cells(sequence_id, start, end)

    @property
    def num_retired_cells(self) -> int:
        """Return 0: no place is left empty."""
        return 0

    def reuse_places(self) -> None:
        """Do nothing; no place is left empty."""

    def shift_cells(self, sequence_id: int, num_positions: int) -> None:
        """Move all cells of a sequence; they may have no other owner."""
        self._check_id(sequence_id)
        assert self._can_shift, "this runner was told not to move cells"
        for cell in self._owned(sequence_id):
            assert cell.owners == {sequence_id}, "a cell moves for all its owners"
            cell.position += num_positions
            assert cell.position >= 0, "a cell before the beginning is lost"
        self._has_pending_shift = True

    def state_bytes(self, sequence_id: int) -> int:
        """Return the size of what `save_state` returns."""
        return _STATE_DTYPE.itemsize * len(self._owned(sequence_id))

    def save_state(self, sequence_id: int) -> SequenceState:
        """Return token, position and digest of each cell."""
        assert not self._has_pending_shift, "a state that is saved now would be wrong"
        rows = [(cell.token, cell.position, cell.digest) for cell in self._owned(sequence_id)]
        return (np.array(rows, _STATE_DTYPE).view(np.uint8),)

    def restore_state(self, sequence_id: int, state: SequenceState) -> bool:
        """Fill an empty sequence with new cells; return whether there was room."""
        self._check_id(sequence_id)
        assert not self._owned(sequence_id), "only an empty sequence is restored"
        assert not self._has_pending_shift, "what is pending would be done to it, too"
        rows = [row for piece in state for row in piece.view(_STATE_DTYPE).tolist()]
        free = [number for number in range(self._limits.num_cells) if number not in self.cells]
        if len(rows) > len(free):
            return False
        for number, (token, position, digest) in zip(free, rows, strict=False):
            self.cells[number] = FakeCell(token, position, digest, {sequence_id})
        return True

    def request_abort(self) -> None:
        """Make a running `forward` return soon."""
        self._abort.set()

    def close(self) -> None:
        """Forget all cells."""
        self.cells.clear()
        self._is_closed = True

    def _owned(self, sequence_id: int) -> list[FakeCell]:
        return [cell for cell in self.cells.values() if sequence_id in cell.owners]

    def _visible(self, query: BatchToken) -> list[FakeCell]:
        """Return the cells that a token attends to, in the order of their positions."""
        seen = [cell for cell in self._owned(query.sequence_id) if cell.position <= query.position]
        return sorted(seen, key=lambda cell: cell.position)

    def _check(self, batch: Sequence[BatchToken]) -> None:
        assert not self._is_closed, "a closed runner computes nothing"
        assert 0 < len(batch) <= self._limits.max_batch_tokens, "the batch fits the runner"
        ends: dict[int, int] = {}
        for token in batch:
            assert 0 <= token.token < self._vocabulary.size, f"unknown token {token.token}"
            end = ends.setdefault(token.sequence_id, self.end_position(token.sequence_id))
            if token.position != end:
                raise EngineError(
                    f"position {token.position} of sequence {token.sequence_id} does not follow "
                    f"its end {end}"
                )
            ends[token.sequence_id] += 1
        num_free = self._limits.num_cells - len(self.cells)
        if len(batch) > num_free:
            raise NoCellsError(f"{len(batch)} tokens need cells and {num_free} are free")

    def _check_id(self, sequence_id: int) -> None:
        assert 0 <= sequence_id < self._limits.max_sequences, f"no sequence {sequence_id}"


def next_digest(digests: list[int], token: int) -> int:
    """Return the digest of a cell whose token saw cells with these digests."""
    return zlib.crc32(np.array([*digests[-1:], len(digests), token], np.int64).tobytes())


def exact_digests(tokens: list[int]) -> list[int]:
    """Return the digests of the cells of a full recompute."""
    digests: list[int] = []
    for token in tokens:
        digests.append(next_digest(digests, token))
    return digests


def hashed_logits(tokens: list[int]) -> Logits:
    """Return noise that depends on every token, also on their order."""
    seed = zlib.crc32(np.array(tokens, np.int32).tobytes())
    noise = np.random.default_rng(seed).standard_normal(END_TOKEN + 1, dtype=np.float32)
    noise[NUM_BYTES:END_TOKEN] = -10.0
    return noise


def scripted_logits(script: str) -> NextLogits:
    """Return a model that writes `script` and then ends.

    It goes on wherever the tokens after the last marker (or all tokens) end with a beginning of
    the script, so text that was typed along the script is not written again.
    """
    wanted = script.encode()

    def next_logits(tokens: list[int]) -> Logits:
        after_marker = max((i for i, token in enumerate(tokens) if token >= NUM_BYTES), default=-1)
        held = bytes(tokens[after_marker + 1 :])[-len(wanted) :]
        lengths = range(min(len(held), len(wanted)), 0, -1)
        num_written = next((n for n in lengths if held.endswith(wanted[:n])), 0)
        logits = np.zeros(END_TOKEN + 1, np.float32)
        is_done = num_written == len(wanted)
        logits[END_TOKEN if is_done else wanted[num_written]] = 10.0
        return logits

    return next_logits
