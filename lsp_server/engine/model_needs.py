"""How much memory a model will take, from its header alone, and how much there is for all."""

from __future__ import annotations

from lsp_server.engine.loaded_model import MeasureModel
from lsp_server.engine.machine import total_memory_bytes
from lsp_server.engine.memory_check import model_bytes
from lsp_server.engine.runners.fake_models import is_fake
from lsp_server.engine.runners.model_measures import DEFAULT_CELLS
from lsp_server.models.catalogue import find_model
from lsp_server.models.engine_names import split_library
from lsp_server.models.gguf import read_gguf_header
from lsp_server.settings.schema import EngineSettings

_MIB = 1024**2


def make_measure(settings: EngineSettings) -> MeasureModel:
    """Return the function that says, by a model's name, how many bytes it will take.

    It reads the file's header, and raises `ModelNotFoundError` or `ModelFileError` like loading.
    """

    def measure(model: str) -> int:
        if is_fake(model):
            return 0
        _, plain_name = split_library(model)
        header = read_gguf_header(find_model(plain_name).path)
        return model_bytes(header, settings.context_tokens or DEFAULT_CELLS)

    return measure


def max_model_bytes(settings: EngineSettings) -> int | None:
    """Return how much memory loaded models may take together, or `None`: no limit is known."""
    if settings.max_memory_mib:
        return settings.max_memory_mib * _MIB
    total_bytes = total_memory_bytes()
    return None if total_bytes is None else total_bytes // 2
