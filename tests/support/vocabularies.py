"""Vocabularies for tests: loaded by llama.cpp without weights, and families made of others."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import llama_cpp

from lsp_server.engine.runners.llama_library import start_library
from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.models.fim_detection import FimFinding, find_fim_format
from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.gguf_metadata import ArrayValue
from tests.support import gguf_files

#: Token types of GGUF.
CONTROL, USER_DEFINED = 3, 4
_TOKENS = "tokenizer.ggml.tokens"
_CASE_SEPARATOR = "\n__ggml_vocab_test__\n"


@dataclass(frozen=True, slots=True)
class TokenizerCase:
    """A text and its tokens as the model's own tokenizer makes them."""

    text: str
    tokens: tuple[int, ...]


@contextmanager
def loaded_vocabulary(path: Path) -> Iterator[LlamaVocabulary]:
    """Load a file's vocabulary, with the FIM format that we find in it."""
    start_library()
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
    assert model, f"llama.cpp does not load {path}"
    try:
        yield LlamaVocabulary(model, finding_of(path), path.stem)
    finally:
        llama_cpp.llama_model_free(model)


def finding_of(path: Path) -> FimFinding:
    """Return what we find out about a file."""
    return find_fim_format(read_gguf_header(path))


def vocabulary_file(folder: Path, name: str) -> Path:
    """Return one of llama.cpp's vocabulary-only files."""
    return folder / f"ggml-vocab-{name}.gguf"


def tokenizer_cases(path: Path) -> list[TokenizerCase]:
    """Return the cases that lie beside a vocabulary."""
    content = Path(f"{path}.inp").read_bytes().decode()
    # In most files the separator stands after the last case, too.
    texts = content.removesuffix(_CASE_SEPARATOR).split(_CASE_SEPARATOR)
    lines = Path(f"{path}.out").read_text(encoding="utf-8").splitlines()
    return [
        TokenizerCase(text, tuple(map(int, line.split())))
        for text, line in zip(texts, lines, strict=True)
    ]


def with_markers(
    source: Path,
    folder: Path,
    markers: Iterable[str],
    *,
    architecture: str,
    token_type: int = CONTROL,
) -> Path:
    """Write a copy of a vocabulary with missing markers behind its tokens.

    It stands for families whose own vocabulary is not to be had; it is not theirs.
    """
    metadata = read_gguf_header(source).metadata
    old_architecture = metadata.text("general.architecture")
    old_tokens = set(metadata.texts(_TOKENS))
    new = [marker for marker in dict.fromkeys(markers) if marker not in old_tokens]
    added = {
        _TOKENS: b"".join(map(gguf_files.string, new)),
        "tokenizer.ggml.token_type": struct.pack("<i", token_type) * len(new),
        "tokenizer.ggml.scores": bytes(4 * len(new)),
    }
    entries = [gguf_files.text("general.architecture", architecture)]
    for key, entry in metadata.entries.items():
        new_key = key.replace(f"{old_architecture}.", f"{architecture}.")
        if isinstance(entry.value, ArrayValue):
            data = entry.value.data + added.get(key, b"")
            num_items = entry.value.num_items + (len(new) if key in added else 0)
            entries.append(gguf_files.array(new_key, entry.value.item_type, num_items, data))
        elif isinstance(entry.value, str):
            if key != "general.architecture":
                entries.append(gguf_files.text(new_key, entry.value))
        else:
            entries.append(gguf_files.scalar(new_key, entry.type, entry.value))
    return gguf_files.RawGguf(entries=tuple(entries), tensors=()).write(folder)
