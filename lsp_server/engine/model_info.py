"""What a client hears of a model: what it is, and what may be asked of it here.

Part of the narrow waist (`api.py`): frozen values that `msgspec.json` can write.
"""

from __future__ import annotations

import msgspec


class Budgets(msgspec.Struct, frozen=True, kw_only=True):
    """What a client should ask of a model on this machine, so that nobody waits too long.

    Attributes:
        prompt_tokens: Longest prompt that is read in time when nothing of it is cached.
        answer_tokens: Longest suggestion that is written in time.
        debounce_ms: Milliseconds to wait after a key before the model is asked.
    """

    prompt_tokens: int
    answer_tokens: int
    debounce_ms: int


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has to know of a loaded model to write prompts for it.

    Attributes:
        model: The name that requests use.
        description: `general.name` of the file, for people.
        architecture: `general.architecture` of the file.
        context_tokens: Tokens that prompt and answer may take together.
        fim_format: A key of `models.fim_formats.FIM_FORMATS`, or `None`: it cannot infill.
        fim_reason: How the format was found, or why there is none.
        chars_per_token: Measured on source code; for budgets that may be a little off.
        has_chat: Whether prompts may have turns.
        chat_reason: How the chat template was found, or why there is none.
        can_shift: Whether KV cells keep their content when text before them changes.
        shift_reason: Why, or why not.
        budgets: What was measured on this machine allows; `None` where nothing was.
        is_measuring: Whether budgets will come or change: ask again in a while.
    """

    model: str
    description: str
    architecture: str
    context_tokens: int
    fim_format: str | None
    fim_reason: str
    chars_per_token: float
    has_chat: bool = False
    chat_reason: str = ""
    can_shift: bool = False
    shift_reason: str = ""
    budgets: Budgets | None = None
    is_measuring: bool = False
