"""How the peer serves a model."""

from __future__ import annotations

from dataclasses import dataclass

#: The values that llama-server's own presets for infilling set (`--fim-qwen-1.5b-default` in
#: common/arg.cpp of llama.cpp) and llama.vim recommends.
BATCH_TOKENS = 1_024
CACHE_REUSE = 256


@dataclass(frozen=True, slots=True)
class PeerOptions:
    """What differs from one measurement to the other; the rest is as llama.vim recommends.

    Attributes:
        context_tokens: `n_ctx`.
        num_threads: CPU threads; `None` leaves them to the server.
        num_slots: Requests at one time, each of which may take all of `n_ctx`; `None` leaves
            them to the server, which then has four.
    """

    context_tokens: int
    num_threads: int | None = None
    num_slots: int | None = None
