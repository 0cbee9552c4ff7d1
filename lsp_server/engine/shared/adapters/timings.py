"""llama-server's `timings`, which local tools show.  Pure.

Field names: `result_timings` in ggml-org/llama.cpp `tools/server/server-task.cpp`.
"""

from __future__ import annotations

from lsp_server.engine.shared.adapters.answers import Answers


def timings(answers: Answers) -> dict[str, float]:
    """Return tokens, milliseconds and rates of prompt and answer."""
    cost = answers.cost
    return {
        "cache_n": answers.cached_tokens,
        **_rates("prompt", cost.tokens_computed, cost.ms_prefill),
        **_rates("predicted", cost.tokens_generated, cost.ms_decode),
    }


def _rates(name: str, num_tokens: int, ms: float) -> dict[str, float]:
    return {
        f"{name}_n": num_tokens,
        f"{name}_ms": ms,
        f"{name}_per_token_ms": ms / num_tokens if num_tokens else 0.0,
        f"{name}_per_second": num_tokens / ms * 1_000.0 if ms else 0.0,
    }
