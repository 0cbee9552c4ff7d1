"""How many tokens a step may have: numbers in, numbers out.

Nobody can be answered before the running step has ended, so a step is as long as pays for who waits
for it, and no longer than is felt by who may come: see the fourth and fifth rule of `scheduler.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lsp_server.engine.api import Priority
from lsp_server.engine.step_costs import StepCosts


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """How large a step may be.

    Attributes:
        max_step_tokens: Tokens in one step; bounds how long a keystroke waits for it.
        min_prefill_tokens: Tokens that are kept for prefills when there are any.
        tile_tokens: From so many on, llama.cpp reads cells for many tokens at once; a step of
            half as many takes longer where it stands deep in a prompt (docs/engine-facts.md).
            A step has at least so many for each prompt that somebody who types waits for.
        max_long_tokens: Tokens in a step of an action while nobody types, and in the last step
            of a prompt; 0 if they are to have no more than others.
        target_step_ms: A step has fewer tokens, down to `min_prefill_tokens`, where it would
            take longer.
        age_s: Seconds of waiting that raise a request by one class.
        typing_s: Seconds after a request of somebody who types in which the next is expected.
        silence_share: A step of an action may take this share of the time since that request.
        last_ratio: The last step of a prompt may have so many times the tokens of others: the few
            that would be left over take a step of their own otherwise.
    """

    max_step_tokens: int = 64
    min_prefill_tokens: int = 16
    tile_tokens: int = 64
    max_long_tokens: int = 0
    target_step_ms: float = 150.0
    age_s: float = 10.0
    typing_s: float = 2.0
    silence_share: float = 0.1
    last_ratio: float = 2.0

    @classmethod
    def for_batches_of(
        cls,
        max_batch_tokens: int,
        *,
        max_step_tokens: int | None = None,
        target_step_ms: float | None = None,
    ) -> StepPolicy:
        """Return a policy for a runner that takes this many tokens at once.

        Args:
            max_batch_tokens: What the runner takes.
            max_step_tokens: What was found to be enough; `None` for the default.
            target_step_ms: `None` for the default.
        """
        wanted = cls().max_step_tokens if max_step_tokens is None else max_step_tokens
        max_tokens = min(wanted, max_batch_tokens)
        return cls(
            max_tokens,
            min(cls().min_prefill_tokens, max_tokens),
            max_long_tokens=max_batch_tokens,
            target_step_ms=cls().target_step_ms if target_step_ms is None else target_step_ms,
        )


class StepSizes:
    """The sizes of one model's steps, by what was measured of them and by who types.

    Attributes:
        policy: How large a step may be.
    """

    def __init__(self, policy: StepPolicy, clock: Callable[[], float]) -> None:
        """Start with nothing measured, when nobody has typed yet.

        Args:
            policy: How large a step may be.
            clock: Monotonic seconds.
        """
        self.policy = policy
        self._clock = clock
        #: Of steps that were computed, and before any was, of what `tune` was told.
        self._costs = StepCosts()
        self._last_typed_s = -math.inf

    def tune(self, policy: StepPolicy, step_ms: Mapping[int, float]) -> None:
        """Go on with another policy and with what was measured.

        Args:
            policy: How large a step may be from now on.
            step_ms: Milliseconds by the tokens of a step.
        """
        self.policy = policy
        self._costs = StepCosts(step_ms)

    def note_ms(self, num_tokens: int, ms: float) -> None:
        """Take in how long a step of so many tokens took, in milliseconds."""
        self._costs.note(num_tokens, ms)

    def note_typing(self) -> None:
        """Take in that there is a request of somebody who types."""
        self._last_typed_s = self._clock()

    def prefill_tokens(
        self, priority: int, *, num_prompts: int, num_left: int, num_decoding: int
    ) -> int:
        """Return the budget of a step that computes prompts.

        Args:
            priority: The best one among their requests (`Priority`).
            num_prompts: How many they are.
            num_left: Tokens that these prompts still have to compute.
            num_decoding: Sequences that write their answers in the same step.
        """
        policy = self.policy
        is_interactive = priority <= Priority.POPUP
        silence_s = self._clock() - self._last_typed_s
        if not is_interactive and silence_s < policy.typing_s:
            return self._costs.tokens_as_quick_as(policy.min_prefill_tokens, policy.max_step_tokens)
        within = self._tokens_within(policy.target_step_ms, policy.max_step_tokens)
        if is_interactive and not num_decoding:
            # Nobody waits for the end of this step but who waits for the end of these prompts.
            tile_tokens = min(policy.tile_tokens, policy.max_step_tokens)
            most = max(policy.max_step_tokens, policy.max_long_tokens)
            return self._or_all(num_left, max(within, min(num_prompts * tile_tokens, most)))
        if priority == Priority.ACTION:
            ms = max(policy.target_step_ms, silence_s * 1_000.0 * policy.silence_share)
            most = max(policy.max_step_tokens, policy.max_long_tokens)
            return self._or_all(num_left + num_decoding, self._tokens_within(ms, most))
        return self._costs.tokens_as_quick_as(within, policy.max_step_tokens)

    def width(self, num_decoding: int) -> int:
        """Return how many of the sequences that write take part in the next step.

        As many as a prefill may have tokens are never too many.
        """
        return self._costs.width_within(
            self.policy.target_step_ms, self.policy.min_prefill_tokens, num_decoding
        )

    def _tokens_within(self, ms: float, most: int) -> int:
        return self._costs.tokens_within(ms, self.policy.min_prefill_tokens, most)

    def _or_all(self, num_left: int, num_tokens: int) -> int:
        """Return the tokens of a step, or all that are left if those are few more."""
        most = min(int(num_tokens * self.policy.last_ratio), self.policy.max_long_tokens)
        return num_left if num_tokens < num_left <= most else num_tokens
