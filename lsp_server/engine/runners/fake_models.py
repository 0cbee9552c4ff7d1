"""The fake models that requests can name; for tests, so they stand in no catalogue.

fake            writes `return a + b` and ends
fake:slow       writes lines without end, 20 ms a step
fake:noise      writes bytes that depend on every token of the prompt
fake:no-infill  like `fake`, but without markers for filling in the middle
fake:chat-only  has a chat template and no markers
fake:chat       has a chat template, and answers with a block of code and a sentence
fake:broken     cannot be loaded
"""

from __future__ import annotations

from lsp_server.engine.chat import ChatFormat
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.engine.runners.fake import (
    BOS_TEXT,
    END_TEXT,
    FakeRunner,
    FakeVocabulary,
    hashed_logits,
    scripted_logits,
)
from lsp_server.errors import ModelLoadError, ModelNotFoundError
from lsp_server.models.chat_formats import ChatFinding

#: What `fake` writes.
FAKE_COMPLETION = "return a + b"

#: The prompt format that fits the fake vocabulary, a key of `models.fim_formats.FIM_FORMATS`.
FAKE_FIM_FORMAT = "deepseek-coder"

#: What `fake:chat` writes.
FAKE_CHAT_ANSWER = """\
```python
def add(a, b):
    return a + b
```
It adds two numbers.
"""

#: What `fake:chat-only` writes where code is missing.
FAKE_CHAT_COMPLETION = """\
total = a + b
    return total
```
It adds two numbers.
"""

_CHAT_FINDING = ChatFinding(
    template="{{ bos_token }}{% for message in messages %}"
    "[{{ message.role }}]\n{{ message.content }}{{ eos_token }}\n{% endfor %}[assistant]\n",
    reason="the fake model has a template",
    bos_text=BOS_TEXT,
    eos_text=END_TEXT,
)
#: A character is a token here, and prompts in turns are long.
_CHAT_LIMITS = RunnerLimits(
    context_tokens=8192, num_cells=8192, max_sequences=8, max_batch_tokens=512
)

_ENDLESS = "".join(f"line_{number} = {number}\n" for number in range(1000))


def is_fake(model: str) -> bool:
    """Return whether a name is one of the fake models'."""
    return model == "fake" or model.startswith("fake:")


def load_fake_model(model: str, report_progress: ReportProgress) -> LoadedRunner:
    """Load a fake model.

    Raises:
        ModelNotFoundError: There is no fake model of this name.
        ModelLoadError: It is the one that cannot be loaded.
    """
    for percent in range(0, 101, 25):
        report_progress(percent / 100)
    chats = model in ("fake:chat", "fake:chat-only")
    chat = ChatFormat(_CHAT_FINDING, model) if chats else None
    match model:
        case "fake":
            runner = FakeRunner(scripted_logits(FAKE_COMPLETION))
        case "fake:slow":
            runner = FakeRunner(scripted_logits(_ENDLESS), delay_s=0.02)
        case "fake:noise":
            runner = FakeRunner(hashed_logits)
        case "fake:no-infill":
            vocabulary = FakeVocabulary(has_markers=False)
            runner = FakeRunner(scripted_logits(FAKE_COMPLETION), vocabulary=vocabulary)
        case "fake:chat":
            runner = FakeRunner(scripted_logits(FAKE_CHAT_ANSWER), _CHAT_LIMITS)
        case "fake:chat-only":
            vocabulary = FakeVocabulary(has_markers=False)
            script = scripted_logits(FAKE_CHAT_COMPLETION)
            runner = FakeRunner(script, _CHAT_LIMITS, vocabulary=vocabulary)
        case "fake:broken":
            raise ModelLoadError("the model fake:broken cannot be loaded: it never can")
        case _:
            raise ModelNotFoundError(
                f"there is no model {model!r}; the fake ones are fake, fake:slow, fake:noise, "
                "fake:no-infill, fake:chat, fake:chat-only and fake:broken"
            )
    return LoadedRunner(runner, _describe(model, runner, chat), chat)


def _describe(model: str, runner: FakeRunner, chat: ChatFormat | None) -> ModelInfo:
    can_infill = model not in ("fake:no-infill", "fake:chat-only")
    return ModelInfo(
        model=model,
        description="a fake model for tests",
        architecture="fake",
        context_tokens=runner.limits.context_tokens,
        fim_format=FAKE_FIM_FORMAT if can_infill else None,
        fim_reason="the fake vocabulary has all markers" if can_infill else "it has no markers",
        chars_per_token=1.0,
        has_chat=chat is not None and chat.is_usable(),
        chat_reason="the fake model has no template" if chat is None else chat.reason,
        can_shift=runner.shift_support.is_allowed,
        shift_reason=runner.shift_support.reason,
    )
