"""From the name of a model to a llama.cpp runner.  Imported only where models run."""

from __future__ import annotations

import logging
import time

from lsp_server.engine.chat import ChatFormat
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.machine import num_usable_cores
from lsp_server.engine.memory_check import check_memory, kv_cell_bytes, model_bytes
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.engine.runners.llama_library import can_offload
from lsp_server.engine.runners.model_measures import (
    DEFAULT_CELLS,
    chars_per_token,
    trained_context_tokens,
)
from lsp_server.models.catalogue import find_model
from lsp_server.models.chat_formats import find_chat_format
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header, require_weights
from lsp_server.models.soundness import require_sound
from lsp_server.settings.schema import EngineSettings

logger = logging.getLogger(__name__)


def load_llama_model(
    model: str, settings: EngineSettings, report_progress: ReportProgress
) -> LoadedRunner:
    """Load a model of the catalogue or a GGUF file.

    Args:
        model: Catalogue id, or absolute path.
        settings: Context size and threads.
        report_progress: Takes the fraction that is loaded; returns whether to go on.

    Raises:
        ModelNotFoundError: There is no such model.
        ModelFileError: Its file cannot be used.
        ModelLoadError: Memory is short, or the library refused the file.
        EngineStoppedError: `report_progress` said not to go on.
    """
    started_s = time.monotonic()
    found = find_model(model)
    header = read_gguf_header(found.path)
    require_weights(header)
    require_sound(header)
    trained_context_tokens(header)  # The library asks for it, too, but does not say so well.
    finding = find_fim_format(header)
    chat = ChatFormat(find_chat_format(header), model)
    num_cells = settings.context_tokens or DEFAULT_CELLS
    if not can_offload():
        check_memory(header, num_cells)
    runner = LlamaCppRunner(
        LlamaFile(found.path, model, finding),
        LlamaSettings(
            num_cells, settings.threads or num_usable_cores(), adapts_threads=not settings.threads
        ),
        report_progress,
    )
    logger.info(
        "loaded %s in %.1f s: %d cells, %s",
        found.path,
        time.monotonic() - started_s,
        runner.limits.num_cells,
        finding.reason,
    )
    return LoadedRunner(
        runner,
        ModelInfo(
            model=model,
            description=header.metadata.try_text("general.name") or found.description,
            architecture=header.metadata.text("general.architecture"),
            context_tokens=runner.limits.context_tokens,
            fim_format=finding.format_id,
            fim_reason=finding.reason,
            chars_per_token=chars_per_token(runner.vocabulary),
            has_chat=chat.is_usable(),
            chat_reason=chat.reason,
            can_shift=runner.shift_support.is_allowed,
            shift_reason=runner.shift_support.reason,
        ),
        chat,
        kv_cache_bytes=num_cells * kv_cell_bytes(header),
        num_bytes=model_bytes(header, num_cells),
    )
