"""Which chat template a file has, from what it says of itself."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from lsp_server.engine.chat import USUAL_ROLES, ChatFormat
from lsp_server.engine.chat_sandbox import render
from lsp_server.models.chat_formats import find_chat_format
from lsp_server.models.gguf import read_gguf_header
from tests.support.chat_model import CHATML, CHATML_TOKENS, write_chat_model

GEMMA = ("<start_of_turn>", "<end_of_turn>")
GEMMA_4 = ("<|turn>", "<turn|>")
GRANITE = ("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>")


def write_vocabulary(path: Path, special: tuple[str, ...], name: str) -> None:
    """Write a file that has only a vocabulary, of a family that only its tokens tell."""
    writer = gguf.GGUFWriter(path, "other")
    writer.add_name(name)
    writer.add_token_list(["a", "b", *special])
    writer.add_token_types([gguf.TokenType.NORMAL] * 2 + [gguf.TokenType.CONTROL] * len(special))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def test_instruct_model_of_no_known_family_has_no_format(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "m.gguf", ("<odd>",), name="Odd Instruct")
    finding = find_chat_format(read_gguf_header(tmp_path / "m.gguf"))
    assert finding.template is None
    assert "family is not known" in finding.reason


def test_own_template_comes_first(tmp_path: Path) -> None:
    write_chat_model(tmp_path / "m.gguf", name="some base")
    finding = find_chat_format(read_gguf_header(tmp_path / "m.gguf"))
    assert finding.template == CHATML
    assert finding.bos_text == "<｜begin▁of▁sentence｜>"
    assert finding.eos_text == "<｜end▁of▁sentence｜>"


@pytest.mark.parametrize("name", ["tiny", "Instructor", "DeepSeek Coder 1.3B Base", "git-it-7b"])
def test_file_without_template_is_a_base_model_unless_it_says_otherwise(
    tmp_path: Path, name: str
) -> None:
    write_chat_model(tmp_path / "m.gguf", template=None, name=name)
    finding = find_chat_format(read_gguf_header(tmp_path / "m.gguf"))
    assert (finding.template is None) == (name != "git-it-7b")


@pytest.mark.parametrize(
    ("tokens", "texts"),
    [
        (
            CHATML_TOKENS,
            (
                "<|im_start|>system\n",
                "<|im_end|>\n<|im_start|>user\n",
                "<|im_end|>\n<|im_start|>assistant\n",
            ),
        ),
        (
            GEMMA,
            ("<start_of_turn>user\n", "\n\n", "<end_of_turn>\n<start_of_turn>model\n"),
        ),
        (
            GEMMA_4,
            ("<|turn>system\n", "<turn|>\n<|turn>user\n", "<turn|>\n<|turn>model\n"),
        ),
        (
            GRANITE,
            (
                "<|start_of_role|>system<|end_of_role|>",
                "<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>",
                "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
            ),
        ),
    ],
)
def test_families_by_their_tokens(
    tmp_path: Path, tokens: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    write_vocabulary(tmp_path / "m.gguf", tokens, name="x-7b-instruct")
    finding = find_chat_format(read_gguf_header(tmp_path / "m.gguf"))
    layout = ChatFormat(finding, "m", render).layout(USUAL_ROLES[0])
    assert layout.texts == texts
