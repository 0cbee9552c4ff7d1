"""Which file a model's name stands for: an id that Bantam knows, or any GGUF file by its path.

The embedded model's file is part of the package; those in `models/hub` must be downloaded before.

A name is an id of the catalogue or a path: absolute, or beginning with `~` for the home folder.
Other relative paths are refused here, because client and engine have different working
directories; a client makes them absolute before it sends them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsp_server.directories import directories
from lsp_server.errors import ModelNotFoundError
from lsp_server.models.hub.entry import HubModel
from lsp_server.models.hub.shelf import hub_models
from lsp_server.models.hub.storage import downloaded_path

_EMBEDDED_FOLDER = Path(__file__).parent / "embedded"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model whose file is part of Bantam.

    Attributes:
        id: The name.
        description: For people, one line.
        path: Where its file lies.
        license: SPDX expression of the weights.
        source: Where the file comes from.
    """

    id: str
    description: str
    path: Path
    license: str
    source: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that was found; whether its file can be used is not known yet.

    Attributes:
        name: The name that it was asked for by.
        path: Its file, absolute.
        description: For people, one line.
    """

    name: str
    path: Path
    description: str


_CATALOGUE = (
    CatalogueEntry(
        id="bantam-embedded",
        description="small starter model for Python, part of Bantam",
        path=_EMBEDDED_FOLDER / "bantam-embedded-q8_0.gguf",
        license="MIT",
        source="scripts/train_embedded_model",
    ),
)


def catalogue() -> tuple[CatalogueEntry, ...]:
    """Return the models whose files are part of Bantam."""
    return _CATALOGUE


def find_model(name: str) -> ModelFile:
    """Return the model with this id or at this path.

    Raises:
        ModelNotFoundError: No id, an id whose file is not downloaded, or no file at an absolute
            path.
        ConfigError: The folder of downloaded models is redirected to a relative path.
    """
    for entry in _CATALOGUE:
        if entry.id == name:
            return _embedded(entry)
    for model in hub_models():
        if model.id == name:
            return _downloaded(model)
    path = _expanded(name)
    if not path.is_absolute():
        raise ModelNotFoundError(
            f"the model {name!r} is unknown: it is no id of the catalogue ({_known_ids()}) and "
            "no absolute path; name one of these or the whole path of a .gguf file"
        )
    if not _may_exist(path):
        raise ModelNotFoundError(
            f"there is no model file {path}; give the path of a .gguf file that exists, or one "
            f"of the models that Bantam knows: {_known_ids()}"
        )
    return ModelFile(name, path, f"model file {path.name}")


def _embedded(entry: CatalogueEntry) -> ModelFile:
    if not entry.path.is_file():
        raise ModelNotFoundError(
            f"the model {entry.id} is part of Bantam, but its file {entry.path} is missing; "
            "install Bantam again"
        )
    return ModelFile(entry.id, entry.path, entry.description)


def _downloaded(model: HubModel) -> ModelFile:
    path = downloaded_path(directories().models, model)
    if path is None:
        raise ModelNotFoundError(
            f"the model {model.id} is not downloaded yet; run `bantam models pull {model.id}`"
        )
    return ModelFile(model.id, path, f"{model.family}, {model.kind}")


def _expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise ModelNotFoundError(
            f"the home folder in the model path {name!r} is unknown; write the whole path"
        ) from error


def _may_exist(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # A folder on the way may not be entered: reading the file will say so.
        return True


def _known_ids() -> str:
    return ", ".join([*(entry.id for entry in _CATALOGUE), *(model.id for model in hub_models())])
