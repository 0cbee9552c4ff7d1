"""Which chat template a model file has: its own, or that of its family if the file says enough.

A template is Jinja text that `lsp_server.engine.chat` renders.  Families are told apart by the
texts of their special tokens and by what the file calls itself, never by the file's name.
Formats whose turns end in plain words and no token (Granite Code, StarCoder2 Instruct) have no
entry: such words stand in code, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_metadata import Metadata


@dataclass(frozen=True, slots=True)
class ChatFallback:
    """The format of one family, for files of it that bring no template.

    Attributes:
        id: Name of the format.
        template: Jinja text.
        token_texts: Texts that must all be special tokens of the vocabulary.
        source: Where the format was read.
        architectures: `general.architecture` of the family's files; empty when the token texts
            belong to this family alone.
    """

    id: str
    template: str
    token_texts: tuple[str, ...]
    source: str
    architectures: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class ChatFinding:
    """What was found out about a model file.

    Attributes:
        template: Jinja text, or `None`: the model was not made to chat.
        reason: A sentence for people that says why.
        bos_text: Text of the token that begins prompts; empty without one.
        eos_text: Text of the token that ends answers; empty without one.
    """

    template: str | None
    reason: str
    bos_text: str = ""
    eos_text: str = ""


_DEEPSEEK_CODER = """\
{{ bos_token }}{% for message in messages %}\
{% if message.role == 'system' %}{{ message.content }}{{ '\\n' }}\
{% elif message.role == 'user' %}{{ '### Instruction:\\n' + message.content + '\\n' }}\
{% else %}{{ '### Response:\\n' + message.content + '\\n<|EOT|>\\n' }}{% endif %}\
{% endfor %}{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}"""

# No space after the last colon: with one, the model answers garbage.
_DEEPSEEK_V2 = """\
{{ bos_token }}{% for message in messages %}\
{% if message.role == 'system' %}{{ message.content + '\\n\\n' }}\
{% elif message.role == 'user' %}{{ 'User: ' + message.content + '\\n\\n' }}\
{% else %}{{ 'Assistant: ' + message.content + eos_token }}{% endif %}\
{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""

_GEMMA = """\
{{ bos_token }}{% if messages[0].role == 'system' %}\
{{ raise_exception('there is no system role') }}{% endif %}\
{% for message in messages %}\
{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else 'user') + '\\n' }}\
{{ message.content + '<end_of_turn>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"""

_GEMMA_4 = """\
{{ bos_token }}{% for message in messages %}\
{{ '<|turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' }}\
{{ message.content + '<turn|>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|turn>model\\n' }}{% endif %}"""

_CHATML = """\
{% for message in messages %}\
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

_GRANITE = """\
{% for message in messages %}\
{{ '<|start_of_role|>' + message.role + '<|end_of_role|>' + message.content }}\
{{ '<|end_of_text|>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}"""

#: In the order in which they are tried.
_FALLBACKS = (
    ChatFallback(
        id="deepseek-coder",
        template=_DEEPSEEK_CODER,
        token_texts=("<|EOT|>", "<｜fim▁hole｜>"),
        architectures=frozenset({"llama"}),
        source="deepseek-ai/DeepSeek-Coder README.md; ggml-org/llama.cpp src/llama-chat.cpp",
    ),
    ChatFallback(
        id="deepseek-coder-v2",
        template=_DEEPSEEK_V2,
        token_texts=("<｜end▁of▁sentence｜>", "<｜fim▁hole｜>"),
        architectures=frozenset({"deepseek2"}),
        source="deepseek-ai/DeepSeek-Coder-V2 README.md",
    ),
    ChatFallback(
        id="gemma-4",
        template=_GEMMA_4,
        token_texts=("<|turn>", "<turn|>"),
        source="ai.google.dev/gemma/docs/core/prompt-formatting-gemma4",
    ),
    ChatFallback(
        id="gemma",
        template=_GEMMA,
        token_texts=("<start_of_turn>", "<end_of_turn>"),
        source="ggml-org/llama.cpp models/templates/google-gemma-2-2b-it.jinja",
    ),
    ChatFallback(
        id="granite",
        template=_GRANITE,
        token_texts=("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"),
        source="ggml-org/llama.cpp src/llama-chat.cpp; ibm.com/granite/docs",
    ),
    ChatFallback(
        id="chatml",
        template=_CHATML,
        token_texts=("<|im_start|>", "<|im_end|>"),
        source="ggml-org/llama.cpp src/llama-chat.cpp; QwenLM/Qwen2.5-Coder README.md",
    ),
)

#: How instruct models call themselves in `general.finetune` and `general.name`.
_INSTRUCT_NAME = re.compile(r"(?<![a-z])(?:instruct|it|chat)(?![a-z])", re.IGNORECASE)
_TEMPLATE_KEY = "tokenizer.chat_template"
#: Token types that a marker may have; see `fim_detection`.
_SPECIAL_TYPES = frozenset({3, 4, 5})


def find_chat_format(header: GgufHeader) -> ChatFinding:
    """Say how the model of a file is asked in turns.

    Raises:
        ModelFileError: The file's metadata has the wrong type.
    """
    metadata = header.metadata
    tokens = metadata.try_texts("tokenizer.ggml.tokens") or ()
    bos = _token_text(metadata, tokens, "tokenizer.ggml.bos_token_id")
    eos = _token_text(metadata, tokens, "tokenizer.ggml.eos_token_id")
    if own := metadata.try_text(_TEMPLATE_KEY):
        return ChatFinding(own, "The file has a chat template.", bos, eos)
    names = (metadata.try_text("general.finetune"), metadata.try_text("general.name"))
    called = next((name for name in names if name and _INSTRUCT_NAME.search(name)), None)
    if called is None:
        return ChatFinding(
            None,
            f"The file has no chat template ({_TEMPLATE_KEY}) and does not call itself an "
            "instruct model, so it is a base model: it continues text and follows no instructions.",
            bos,
            eos,
        )
    for fallback in _FALLBACKS:
        if _is_of_family(fallback, metadata, tokens):
            reason = (
                f"The file calls itself {called!r} and has no chat template; it gets the format "
                f"of its family, {fallback.id}."
            )
            return ChatFinding(fallback.template, reason, bos, eos)
    return ChatFinding(
        None,
        f"The file calls itself {called!r}, but it has no chat template ({_TEMPLATE_KEY}) and its "
        "family is not known; convert the model again with its template.",
        bos,
        eos,
    )


def _is_of_family(fallback: ChatFallback, metadata: Metadata, tokens: tuple[str, ...]) -> bool:
    architecture = metadata.text("general.architecture")
    if fallback.architectures and architecture not in fallback.architectures:
        return False
    types = metadata.try_integers("tokenizer.ggml.token_type") or ()
    special = {text for text, type_ in zip(tokens, types, strict=False) if type_ in _SPECIAL_TYPES}
    return special.issuperset(fallback.token_texts)


def _token_text(metadata: Metadata, tokens: tuple[str, ...], key: str) -> str:
    token = metadata.try_integer(key)
    return tokens[token] if token is not None and 0 <= token < len(tokens) else ""
