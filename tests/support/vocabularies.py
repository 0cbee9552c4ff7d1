"""Vocabularies for tests: loaded by llama.cpp without weights, and families made of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gguf
import llama_cpp

from lsp_server.engine.runners.llama_library import start_library
from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.models.fim_detection import FimFinding, find_fim_format
from lsp_server.models.gguf import read_gguf_header

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
    target: Path,
    markers: Sequence[str],
    *,
    architecture: str,
    metadata: Mapping[str, bool | str] | None = None,
    token_type: gguf.TokenType = gguf.TokenType.CONTROL,
) -> Path:
    """Write a copy of a vocabulary with markers behind its tokens, as another architecture.

    It stands for families whose own vocabulary is not to be had; it is not theirs.
    """
    reader = gguf.GGUFReader(source)
    old_architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(target, architecture)
    for key, field in reader.fields.items():
        if key.startswith(("GGUF.", "general.architecture")) or key in (metadata or {}):
            continue
        value = field.contents()
        if key == gguf.Keys.Tokenizer.LIST:
            value = [*value, *markers]
        elif key == gguf.Keys.Tokenizer.TOKEN_TYPE:
            value = [*value, *[int(token_type)] * len(markers)]
        elif key == gguf.Keys.Tokenizer.SCORES:
            value = [*value, *[0.0] * len(markers)]
        new_key = key.replace(f"{old_architecture}.", f"{architecture}.")
        item_type = field.types[-1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(new_key, value, field.types[0], item_type)
    for key, value in (metadata or {}).items():
        is_flag = isinstance(value, bool)
        writer.add_key_value(
            key, value, gguf.GGUFValueType.BOOL if is_flag else gguf.GGUFValueType.STRING
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return target
