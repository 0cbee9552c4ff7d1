"""From the name of a model to a runner."""

from __future__ import annotations

from lsp_server.engine.loaded_model import LoadedRunner, LoadModel, ReportProgress
from lsp_server.engine.runners.fake_models import is_fake, load_fake_model
from lsp_server.errors import ModelNotFoundError
from lsp_server.settings.schema import EngineSettings


def make_loader(settings: EngineSettings) -> LoadModel:
    """Return the function that loads models as the settings say."""

    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        if is_fake(model):
            return load_fake_model(model, report_progress)
        raise ModelNotFoundError(f"there is no model {model!r}")

    return load
