"""Fill-in-the-middle formats, one entry per model family: data, no policy.

Which family a model file belongs to is decided in `fim_detection`, how a prompt is laid out from
an entry in `lsp_server.prompt.fim`.  Adding a family means adding an entry here.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class MarkerRole(enum.Enum):
    """A token with a meaning of its own, named by role; each model has its own token for it."""

    FIM_PREFIX = "fim_prefix"
    FIM_SUFFIX = "fim_suffix"
    FIM_MIDDLE = "fim_middle"
    FILE_SEPARATOR = "file_separator"
    REPOSITORY_NAME = "repository_name"


class FimOrder(enum.Enum):
    """In which order markers (capitals) and texts stand; what is typed comes last in all."""

    PSM = "PREFIX prefix SUFFIX suffix MIDDLE"
    SPM = "SUFFIX suffix PREFIX prefix MIDDLE"
    SUFFIX_PREFIX = "SUFFIX suffix PREFIX prefix"


class FileHeader(enum.Enum):
    """How the model is told where a file begins and what its path is."""

    COMMENT = "a comment in the file's own language with the path, as first line"
    COMMENT_AFTER_SEPARATOR = "such a comment, and the file separator token between two files"
    SEPARATOR_AND_PATH = "the file separator token, then the path on a line of its own"
    PLUS_LINE = "a line of five plus signs and the path"


class HeaderPlace(enum.Enum):
    """Where gathered context and the path of the completed file stand."""

    IN_PREFIX = "both at the beginning of the prefix, after its marker"
    BEFORE_MARKERS = "both before the first FIM marker"
    PATH_IN_PREFIX = "context before the first FIM marker, the path after the prefix marker"


@dataclass(frozen=True, slots=True)
class FimFormat:
    """How one family of models was trained to fill in the middle.

    Attributes:
        id: Name of the format in `FIM_FORMATS`.
        markers: Token text per role that prompts use: prefix and suffix always, the middle
            unless the order has none, the file separator if the header has one.  Every one of
            them must be a single special token of the vocabulary.
        optional_markers: Token texts of roles that some checkpoints lack.
        stop_texts: Token texts that end an answer; those that a checkpoint lacks are left out.
            The markers themselves always end an answer and are not repeated here.
        order: The trained order of the parts.
        header: How paths are told.
        header_place: Where context and path stand.
        architectures: `general.architecture` of the family's files; empty when the marker texts
            belong to this family alone.
        pre_tokenizers: `tokenizer.ggml.pre` per architecture that other families share; an
            architecture that is not a key takes any.
        wants_bos: Whether the maker asks for the BOS token; `None` when that is not known.  The
            file's own flag decides, a contradiction is reported.
        joins_mark_and_letters: The family's pre-tokenizer makes one piece of a punctuation mark
            and the letters after it, as Llama 3's does; see `lsp_server.prompt.healing`.
        space_before_prefix: The prefix is tokenised with SentencePiece's leading space.
        source: Where each fact was read.
    """

    id: str
    markers: Mapping[MarkerRole, str]
    stop_texts: tuple[str, ...]
    order: FimOrder
    source: str
    header: FileHeader = FileHeader.COMMENT
    header_place: HeaderPlace = HeaderPlace.IN_PREFIX
    optional_markers: Mapping[MarkerRole, str] = field(default_factory=dict)
    architectures: frozenset[str] = frozenset()
    pre_tokenizers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    wants_bos: bool | None = None
    joins_mark_and_letters: bool = False
    space_before_prefix: bool = False


def _markers(
    prefix: str, suffix: str, middle: str | None, separator: str | None = None
) -> Mapping[MarkerRole, str]:
    texts = {
        MarkerRole.FIM_PREFIX: prefix,
        MarkerRole.FIM_SUFFIX: suffix,
        MarkerRole.FIM_MIDDLE: middle,
        MarkerRole.FILE_SEPARATOR: separator,
    }
    return MappingProxyType({role: text for role, text in texts.items() if text is not None})


def _repository_name(text: str) -> Mapping[MarkerRole, str]:
    return MappingProxyType({MarkerRole.REPOSITORY_NAME: text})


_PIPED = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
_PLAIN = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")

#: In the order in which detection tries them.
_FORMATS = (
    FimFormat(
        id="bantam",
        # DeepSeek-Coder's markers; the token between files is ours and tells the family.
        markers=_markers("<｜fim▁begin｜>", "<｜fim▁hole｜>", None, "<｜file▁separator｜>"),
        optional_markers=MappingProxyType({MarkerRole.FIM_MIDDLE: "<｜fim▁end｜>"}),
        stop_texts=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        order=FimOrder.SUFFIX_PREFIX,
        header=FileHeader.COMMENT_AFTER_SEPARATOR,
        header_place=HeaderPlace.BEFORE_MARKERS,
        architectures=frozenset({"llama"}),
        wants_bos=True,
        source="scripts/embedded_model/layout.py",
    ),
    FimFormat(
        id="deepseek-coder",
        # The bars are U+FF5C and the low lines U+2581; the hole stands between prefix and suffix.
        markers=_markers("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
        stop_texts=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        order=FimOrder.PSM,
        wants_bos=True,
        source="deepseek-ai/DeepSeek-Coder README.md; deepseek-ai/DeepSeek-Coder-V2 README.md; "
        "ggml-vocab-deepseek-coder.gguf of ggml-org/llama.cpp",
    ),
    FimFormat(
        id="codegemma",
        markers=_markers(*_PIPED, "<|file_separator|>"),
        stop_texts=("<|file_separator|>", "<eos>", "<end_of_turn>"),
        order=FimOrder.PSM,
        # The token between files is the maker's; the comment with the path is our choice.
        header=FileHeader.COMMENT_AFTER_SEPARATOR,
        header_place=HeaderPlace.PATH_IN_PREFIX,
        architectures=frozenset({"gemma"}),
        wants_bos=True,
        source="ai.google.dev/gemma/docs/codegemma/prompt-structure; arXiv 2406.11409",
    ),
    FimFormat(
        id="qwen2.5-coder",
        markers=_markers(*_PIPED, "<|file_sep|>"),
        optional_markers=_repository_name("<|repo_name|>"),
        stop_texts=(
            "<|endoftext|>",
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>",
            "<|im_start|>",
            "<|im_end|>",
        ),
        order=FimOrder.PSM,
        header=FileHeader.SEPARATOR_AND_PATH,
        header_place=HeaderPlace.BEFORE_MARKERS,
        architectures=frozenset({"qwen2", "qwen2moe", "qwen3", "qwen3moe", "qwen3next"}),
        wants_bos=False,
        joins_mark_and_letters=True,
        source="QwenLM/Qwen2.5-Coder README.md; QwenLM/Qwen3-Coder README.md",
    ),
    FimFormat(
        id="granite-4",
        markers=_markers(*_PIPED),
        stop_texts=("<|end_of_text|>", "<|fim_pad|>"),
        order=FimOrder.PSM,
        architectures=frozenset({"granite", "granitemoe", "granitehybrid"}),
        joins_mark_and_letters=True,
        source="continuedev/continue core/autocomplete/templating/AutocompleteTemplate.ts; "
        "ibm.com/granite/docs",
    ),
    FimFormat(
        id="starcoder2",
        markers=_markers(*_PLAIN, "<file_sep>"),
        optional_markers=_repository_name("<repo_name>"),
        stop_texts=("<|endoftext|>", "<file_sep>", "<repo_name>"),
        order=FimOrder.PSM,
        header=FileHeader.SEPARATOR_AND_PATH,
        header_place=HeaderPlace.PATH_IN_PREFIX,
        architectures=frozenset({"starcoder2"}),
        wants_bos=False,
        source="arXiv 2402.19173 section 5.1; nuprl/MultiPL-E starcoder2.py; "
        "ggml-vocab-starcoder.gguf of ggml-org/llama.cpp",
    ),
    FimFormat(
        id="starcoder",
        markers=_markers(*_PLAIN),
        stop_texts=("<|endoftext|>", "<fim_pad>", "<filename>", "<reponame>"),
        order=FimOrder.PSM,
        architectures=frozenset({"starcoder", "refact"}),
        wants_bos=False,
        source="arXiv 2305.06161; ggml-vocab-refact.gguf of ggml-org/llama.cpp",
    ),
    FimFormat(
        id="stable-code",
        markers=_markers(*_PLAIN),
        stop_texts=("<|endoftext|>",),
        order=FimOrder.PSM,
        architectures=frozenset({"stablelm"}),
        wants_bos=False,
        source="model card of stabilityai/stable-code-3b",
    ),
    FimFormat(
        id="mellum",
        markers=_markers(*_PLAIN, "<filename>"),
        stop_texts=("<|endoftext|>", "<filename>"),
        order=FimOrder.SPM,
        header=FileHeader.SEPARATOR_AND_PATH,
        header_place=HeaderPlace.BEFORE_MARKERS,
        architectures=frozenset({"llama"}),
        pre_tokenizers=MappingProxyType({"llama": frozenset({"mellum"})}),
        source="arXiv 2510.05788; ggml-org/llama.cpp pull 15045 for the pre-tokenizer",
    ),
    FimFormat(
        id="granite-code",
        markers=_markers(*_PLAIN),
        optional_markers=_repository_name("<reponame>"),
        stop_texts=("<|end_of_text|>", "<|endoftext|>", "<fim_pad>", "<reponame>"),
        order=FimOrder.PSM,
        architectures=frozenset({"granite", "granitemoe", "granitehybrid", "llama"}),
        # The 3b and 8b of the first generation are `llama` files, an architecture of many.
        pre_tokenizers=MappingProxyType({"llama": frozenset({"refact", "starcoder"})}),
        source="ggml-org/llama.cpp pulls 7481 and 12988",
    ),
    FimFormat(
        id="codellama",
        markers=_markers("▁<PRE>", "▁<SUF>", "▁<MID>"),
        stop_texts=("▁<EOT>", "</s>"),
        order=FimOrder.PSM,
        architectures=frozenset({"llama"}),
        wants_bos=True,
        space_before_prefix=True,
        source="meta-llama/codellama llama/generation.py and llama/tokenizer.py",
    ),
    FimFormat(
        id="codestral",
        markers=_markers("[PREFIX]", "[SUFFIX]", None),
        stop_texts=("</s>",),
        order=FimOrder.SUFFIX_PREFIX,
        header=FileHeader.PLUS_LINE,
        architectures=frozenset({"llama", "mistral3"}),
        wants_bos=True,
        source="mistralai/mistral-common src/mistral_common/tokens/tokenizers/instruct.py; "
        "the file header is the convention of continuedev/continue",
    ),
    FimFormat(
        id="seed-coder",
        markers=_markers("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"),
        stop_texts=("<[end▁of▁sentence]>",),
        order=FimOrder.SPM,
        joins_mark_and_letters=True,
        source="arXiv 2506.03524, section on fill-in-the-middle",
    ),
    FimFormat(
        id="codegeex4",
        markers=_markers("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
        stop_texts=("<|user|>", "<|endoftext|>"),
        order=FimOrder.SPM,
        joins_mark_and_letters=True,
        source="continuedev/continue core/autocomplete/templating/AutocompleteTemplate.ts; "
        "ggml-org/llama.cpp src/llama-vocab.cpp",
    ),
)

#: Every format by its id.
FIM_FORMATS: Mapping[str, FimFormat] = MappingProxyType({entry.id: entry for entry in _FORMATS})
