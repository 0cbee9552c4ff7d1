"""What a machine does with a model, in words."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.engine.cost_model import (
    LINE_TOKENS,
    Measurements,
    Targets,
    budgets_from,
    first_ms,
    line_ms,
    prefill_ms_per_token,
)
from lsp_server.settings.schema import Settings

#: Of source code; each model has its own number, which only its vocabulary tells.
_CHARS_PER_TOKEN = 3.5
_MORE_TOKENS = 1_000


def speed_sentences(
    settings: Settings, measured: Measurements, model_context_tokens: int | None
) -> tuple[str, ...]:
    """Return what a person waits for, and what more would cost.

    Args:
        settings: What is asked of the model.
        measured: What its steps take.
        model_context_tokens: What the model can be shown at most, if that is known.
    """
    targets = Targets.of(settings.engine)
    read_ms = prefill_ms_per_token(measured, targets.step_ms)
    num_shown = _num_shown(settings, measured, model_context_tokens)
    lines = [
        f"a suggestion of one line takes about {seconds_text(line_ms(measured))} "
        f"({LINE_TOKENS} tokens, {_per_second(measured.token_ms)} per second)",
        f"the first one in a file takes about "
        f"{seconds_text(first_ms(measured, num_shown, targets.step_ms))}, because about "
        f"{num_shown:,} tokens are read before ({_per_second(read_ms)} per second)",
        f"longer context would cost {seconds_text(_MORE_TOKENS * read_ms)} more for every "
        f"{_MORE_TOKENS:,} tokens, once in each file",
    ]
    return (*lines, *_limits(settings, measured))


def seconds_text(ms: float) -> str:
    """Return a time as people say it: `0.04 s`, `0.4 s`, `33 s`, `2 min`."""
    seconds = ms / 1_000.0
    if seconds < 0.0095:
        return "less than 0.01 s"
    if seconds < 0.095:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 119.5 else f"{seconds / 60.0:.0f} min"


def _limits(settings: Settings, measured: Measurements) -> Sequence[str]:
    """Return what this machine makes smaller than it is by default."""
    budgets = budgets_from(measured, Targets.of(settings.engine))
    lines = []
    free_parts = [
        name
        for name in ("prefix_chars", "suffix_chars", "context_tokens")
        if not settings.is_chosen(f"completion.{name}")
    ]
    if free_parts and budgets.prompt_tokens < _num_wanted(settings):
        lines.append(
            f"the model is shown less than the usual {_num_wanted(settings):,} tokens, to keep "
            f"to engine.target_first_ms ({settings.engine.target_first_ms:,} ms)"
        )
    is_free = not settings.is_chosen("completion.max_tokens")
    if is_free and budgets.answer_tokens < settings.completion.max_tokens:
        lines.append(
            f"suggestions end after {budgets.answer_tokens} tokens, to keep to "
            f"engine.target_answer_ms ({settings.engine.target_answer_ms:,} ms)"
        )
    return lines


def _num_shown(settings: Settings, measured: Measurements, model_context_tokens: int | None) -> int:
    budgets = budgets_from(measured, Targets.of(settings.engine))
    room = model_context_tokens or _num_wanted(settings)
    return min(_num_wanted(settings), budgets.prompt_tokens, room)


def _num_wanted(settings: Settings) -> int:
    wanted = settings.completion
    num_chars = wanted.prefix_chars + wanted.suffix_chars
    return wanted.context_tokens + int(num_chars / _CHARS_PER_TOKEN)


def _per_second(ms_per_token: float) -> str:
    rate = 1_000.0 / ms_per_token
    return f"{rate:,.0f}" if rate >= 10.0 else f"{rate:.1f}"
