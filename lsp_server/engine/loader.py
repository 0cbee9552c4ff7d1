"""From the name of a model to a runner."""

from __future__ import annotations

from lsp_server.engine.loaded_model import LoadedRunner, LoadModel, ReportProgress
from lsp_server.engine.runners.fake_models import is_fake, load_fake_model
from lsp_server.settings.schema import EngineSettings


def make_loader(settings: EngineSettings) -> LoadModel:
    """Return the function that loads models as the settings say.

    It raises what `load_llama_model` and `load_fake_model` raise.
    """

    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        if is_fake(model):
            return load_fake_model(model, report_progress)
        # Imported here, because it loads the native library: an engine that has not been asked
        # for a model yet starts without it.
        from lsp_server.engine.runners.llama_models import load_llama_model

        return load_llama_model(model, settings, report_progress)

    return load
