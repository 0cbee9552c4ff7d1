"""What the model that is set can do, as far as that is known without loading it."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.actions.values import Need
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import ModelError
from lsp_server.models.catalogue import find_model
from lsp_server.models.chat_formats import find_chat_format
from lsp_server.models.engine_names import split_library
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header


@dataclass(frozen=True, slots=True)
class Abilities:
    """Why a model cannot do a thing; empty where it can, and where nobody knows yet."""

    no_infill: str = ""
    no_chat: str = ""

    def lack(self, need: Need) -> str:
        """Return why the model does not have what an action needs; empty if it has."""
        return self.no_infill if need is Need.INFILL else self.no_chat


def abilities_of_info(info: ModelInfo) -> Abilities:
    """Return what the engine says of a loaded model."""
    return _abilities(
        info.model,
        "" if info.fim_format or info.has_chat else info.fim_reason,
        "" if info.has_chat else info.chat_reason,
    )


def abilities_of_file(model: str) -> Abilities:
    """Return what a model's file says; takes as long as reading its vocabulary does.

    A file that cannot be read says nothing: whoever asks for an action hears why.
    """
    try:
        header = read_gguf_header(find_model(split_library(model)[1]).path)
        fim, chat = find_fim_format(header), find_chat_format(header)
    except ModelError:
        return Abilities()
    return _abilities(
        model,
        "" if fim.format_id or chat.template else fim.reason,
        "" if chat.template else chat.reason,
    )


def _abilities(model: str, no_infill: str, no_chat: str) -> Abilities:
    return Abilities(
        _sentence(model, Need.INFILL, no_infill, "a code model that was made to"),
        _sentence(model, Need.CHAT, no_chat, "an instruct model"),
    )


def _sentence(model: str, need: Need, why: str, remedy: str) -> str:
    if not why:
        return ""
    return f"{model} cannot {need.value}: {why.rstrip('.')}. Choose {remedy} in model.name."
