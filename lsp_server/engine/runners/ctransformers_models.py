"""From the name of a model to a ctransformers runner.  Imports no native library by itself."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from lsp_server.directories import directories
from lsp_server.engine.chat import ChatFormat
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.machine import num_usable_cores
from lsp_server.engine.memory_check import check_memory, model_bytes
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.runners.bpe_vocabulary import BpeVocabulary
from lsp_server.engine.runners.ctransformers import CtransformersFile, CtransformersRunner
from lsp_server.engine.runners.ctransformers_library import import_library
from lsp_server.engine.runners.model_measures import (
    DEFAULT_CELLS,
    chars_per_token,
    trained_context_tokens,
)
from lsp_server.errors import EngineStoppedError
from lsp_server.models.catalogue import ModelFile, find_model
from lsp_server.models.chat_formats import find_chat_format
from lsp_server.models.conversion.cache import converted_file
from lsp_server.models.conversion.restore import restored_header
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import GgufHeader, read_gguf_header
from lsp_server.settings.schema import EngineSettings

logger = logging.getLogger(__name__)

#: How much of loading the conversion is, where there is one.
_CONVERSION_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class CtransformersModel:
    """Which model is to be loaded.

    Attributes:
        name: The name that the request used, for messages and for clients.
        plain_name: Catalogue id, or absolute path.
    """

    name: str
    plain_name: str


def load_ctransformers_model(
    model: CtransformersModel, settings: EngineSettings, report_progress: ReportProgress
) -> LoadedRunner:
    """Load a model of the catalogue or a GGUF file, converting it first where that is needed.

    Args:
        model: Which one.
        settings: Context size and threads.
        report_progress: Takes the fraction that is done; returns whether to go on.

    Raises:
        ModelNotFoundError: There is no such model.
        ModelFileError: ctransformers cannot run its file.
        ModelLoadError: ctransformers is missing, or memory is short.
        EngineStoppedError: `report_progress` said not to go on.
    """
    started_s = time.monotonic()
    found = find_model(model.plain_name)
    source = read_gguf_header(found.path)
    import_library()
    converted = _convert(source, found, report_progress)
    header = restored_header(converted)
    finding = find_fim_format(header)
    chat = ChatFormat(find_chat_format(header), model.name)
    vocabulary = BpeVocabulary(header, finding, model.name)
    trained_tokens = trained_context_tokens(header)
    # One sequence has no use for cells beyond the positions that the model was trained for.
    num_cells = min(settings.context_tokens or DEFAULT_CELLS, trained_tokens)
    check_memory(header, num_cells)
    runner = CtransformersRunner(
        CtransformersFile(converted.path, model.name, trained_tokens, vocabulary),
        num_cells=num_cells,
        num_threads=settings.threads or num_usable_cores(),
    )
    report_progress(1.0)
    logger.info(
        "loaded %s with ctransformers in %.1f s: %d cells, %s",
        converted.path,
        time.monotonic() - started_s,
        num_cells,
        finding.reason,
    )
    return LoadedRunner(
        runner,
        ModelInfo(
            model=model.name,
            description=header.metadata.try_text("general.name") or found.description,
            architecture=header.metadata.text("general.architecture"),
            context_tokens=runner.limits.context_tokens,
            fim_format=finding.format_id,
            fim_reason=finding.reason,
            chars_per_token=chars_per_token(vocabulary),
            has_chat=chat.is_usable(),
            chat_reason=chat.reason,
            can_shift=runner.shift_support.is_allowed,
            shift_reason=runner.shift_support.reason,
        ),
        chat,
        num_bytes=model_bytes(header, num_cells),
    )


def _convert(source: GgufHeader, found: ModelFile, report_progress: ReportProgress) -> GgufHeader:
    def report(fraction: float) -> None:
        if not report_progress(fraction * _CONVERSION_SHARE):
            raise EngineStoppedError(f"loading {found.path.name} was given up")

    return converted_file(source, directories().cache, report)
