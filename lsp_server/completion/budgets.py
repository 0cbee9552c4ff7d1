"""What nobody has set follows what was measured on this machine."""

from __future__ import annotations

import msgspec

from lsp_server.engine.model_info import Budgets, ModelInfo
from lsp_server.settings.schema import CompletionSettings, Settings

#: Settings that together make up a prompt, and what one unit of each is in tokens: a token, or
#: a character.
_PROMPT_CHARS = ("prefix_chars", "suffix_chars")
_PROMPT_TOKENS = ("context_tokens",)


def adapted(settings: Settings, info: ModelInfo) -> CompletionSettings:
    """Return the settings of completion as they fit this machine.

    What somebody has set stays as it is.  Defaults only become smaller: a fast machine has room
    for them, and more was not found to help.

    Args:
        settings: What is set.
        info: The model, with its budgets if they are known.
    """
    if info.budgets is None:
        return settings.completion
    changes = {
        **_prompt_sizes(settings, info, info.budgets),
        "max_tokens": min(settings.completion.max_tokens, info.budgets.answer_tokens),
        "debounce_ms": info.budgets.debounce_ms,
    }
    free = {
        name: value
        for name, value in changes.items()
        if not settings.is_chosen(f"completion.{name}")
    }
    return msgspec.structs.replace(settings.completion, **free)


def _prompt_sizes(settings: Settings, info: ModelInfo, budgets: Budgets) -> dict[str, int]:
    """Return the parts of a prompt, shrunk alike so that they fit; chosen ones come first."""
    tokens_of = {
        **dict.fromkeys(_PROMPT_CHARS, 1.0 / info.chars_per_token),
        **dict.fromkeys(_PROMPT_TOKENS, 1.0),
    }
    sizes = {name: getattr(settings.completion, name) for name in tokens_of}
    is_free = {name: not settings.is_chosen(f"completion.{name}") for name in sizes}
    num_free = sum(sizes[name] * tokens_of[name] for name in sizes if is_free[name])
    num_chosen = sum(sizes[name] * tokens_of[name] for name in sizes if not is_free[name])
    room = max(budgets.prompt_tokens - num_chosen, 0.0)
    scale = min(1.0, room / num_free) if num_free else 1.0
    return {name: int(size * scale) for name, size in sizes.items()}
