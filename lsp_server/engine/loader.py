"""From the name of a model to a runner."""

from __future__ import annotations

import dataclasses
import logging

import msgspec

from lsp_server.directories import directories
from lsp_server.engine.calibration_store import CalibrationStore, calibration_key
from lsp_server.engine.cost_model import Targets
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.loaded_model import LoadedRunner, LoadModel, ReportProgress
from lsp_server.engine.machine import total_memory_bytes
from lsp_server.engine.runners.fake_models import is_fake, load_fake_model
from lsp_server.engine.tuning import TuningPlan
from lsp_server.errors import ModelNotFoundError
from lsp_server.lasting_objects import leave_out_lasting_objects
from lsp_server.models.engine_names import split_library
from lsp_server.settings.schema import EngineSettings

logger = logging.getLogger(__name__)

#: Below this size of its KV cache a model computes a document again in no time, so its engine
#: keeps but half as much outside of the cache, and stays small.
_SMALL_CACHE_BYTES = 64 * 1024**2
#: Most memory for documents that left the KV cache; on small machines a tenth of all memory.
_MAX_SAVED_BYTES = 1024**3


def make_loader(settings: EngineSettings) -> LoadModel:
    """Return the function that loads models as the settings say.

    A model's name may choose the library (`ctransformers:bantam-embedded`); the setting
    `engine.library` is for names that do not.  It raises what `load_llama_model`,
    `load_ctransformers_model` and `load_fake_model` raise.
    """

    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        loaded = load_runner(model, report_progress)
        keep = _keep_policy(settings, loaded.kv_cache_bytes)
        if not is_fake(model):  # It leaves nothing that lasts.
            leave_out_lasting_objects()
        return dataclasses.replace(loaded, keep=keep, tuning=_tuning_plan(model, settings))

    def load_runner(model: str, report_progress: ReportProgress) -> LoadedRunner:
        if is_fake(model):
            return load_fake_model(model, report_progress)
        chosen, plain_name = split_library(model)
        # Imported here, because they load native libraries: an engine that has not been asked
        # for a model yet starts without them.
        if (chosen or settings.library) == "ctransformers":
            from lsp_server.engine.runners.ctransformers_models import (
                CtransformersModel,
                load_ctransformers_model,
            )

            return load_ctransformers_model(
                CtransformersModel(model, plain_name), settings, report_progress
            )
        from lsp_server.engine.runners.llama_models import load_llama_model

        loaded = load_llama_model(plain_name, settings, report_progress)
        # Clients know the model by the name that they used.
        return dataclasses.replace(loaded, info=msgspec.structs.replace(loaded.info, model=model))

    return load


def _tuning_plan(model: str, settings: EngineSettings) -> TuningPlan | None:
    """Return how a model is measured; nothing is to be learnt of a fake one."""
    if is_fake(model):
        return None
    try:
        key = calibration_key(model, settings)
    except (OSError, ModelNotFoundError) as error:  # Its file is gone since it was loaded.
        logger.warning("%s is not measured: %s", model, error)
        return None
    return TuningPlan(key, CalibrationStore(directories().cache), Targets.of(settings))


def _keep_policy(settings: EngineSettings, kv_cache_bytes: int) -> KeepPolicy:
    """Return what a KV cache keeps: as set, and outside of it what this machine has room for."""
    max_saved_bytes = min(_MAX_SAVED_BYTES, (total_memory_bytes() or 0) // 10)
    if kv_cache_bytes < _SMALL_CACHE_BYTES:
        max_saved_bytes = min(max_saved_bytes, kv_cache_bytes // 2)
    return KeepPolicy(settings.max_stale_edits, max_saved_bytes)
