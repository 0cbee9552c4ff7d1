"""One row per model that Bantam knows: what it is, whether it is here and whether it fits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lsp_server.cli.model_facts import ModelFacts, model_facts
from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.hub.entry import HubModel
from lsp_server.models.hub.fit import estimated_file_bytes, estimated_memory_bytes, fits
from lsp_server.models.hub.storage import downloaded_path


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model.

    Attributes:
        id: Its name, or the path of its file.
        used: Whether completions use it.
        downloaded: Whether its file is here.
        path: The file, or `None` if it is not here.
        architecture: `general.architecture`.
        kind: `base` or `instruct`; `None` for a file that the catalogue does not know.
        num_parameters: Numbers in the model.
        quantisation: How most of them are packed.
        context_tokens: Tokens that it was trained for, or `None` if unknown.
        fim_format: How it fills in the middle, or `None`: it cannot.
        file_bytes: Size of the file; an estimate before it is here.
        memory_bytes: Weights and a KV cache; an estimate before it is here.
        fits: Whether that is available now; `None` if the system hides it.
        quantisations: What can be downloaded.
        license: The licence of the weights, or `None` if the catalogue does not know it.
        license_url: Its text.
        note: What people should know, or empty.
    """

    id: str
    used: bool
    downloaded: bool
    path: str | None
    architecture: str
    kind: str | None
    num_parameters: int
    quantisation: str
    context_tokens: int | None
    fim_format: str | None
    file_bytes: int
    memory_bytes: int
    fits: bool | None
    quantisations: tuple[str, ...]
    license: str | None
    license_url: str | None
    note: str

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        return asdict(self)


def row_of_file(
    name: str, facts: ModelFacts, license_name: str | None, *, used: bool,
    available_bytes: int | None,
) -> ModelRow:  # fmt: skip
    """Return the row of a file that is here, and that is not to be downloaded."""
    return ModelRow(
        id=name,
        used=used,
        downloaded=True,
        path=facts.path,
        architecture=facts.architecture,
        kind=None,
        num_parameters=facts.num_parameters,
        quantisation=facts.quantisation,
        context_tokens=facts.context_tokens,
        fim_format=facts.fim_format,
        file_bytes=facts.file_bytes,
        memory_bytes=facts.memory_bytes,
        fits=fits(facts.memory_bytes, available_bytes),
        quantisations=(),
        license=license_name,
        license_url=None,
        note="",
    )


def row_of_hub_model(
    model: HubModel, models: Path, *, used: bool, available_bytes: int | None
) -> ModelRow:
    """Return the row of a model of the catalogue, with its file's own facts if it is here.

    Args:
        model: The model.
        models: The folder of downloaded models.
        used: Whether completions use it.
        available_bytes: Memory that is available, if the system says so.

    Raises:
        ModelFileError: Its file is here and cannot be read.
    """
    path = downloaded_path(models, model)
    facts = None if path is None else model_facts(read_gguf_header(path))
    file = model.files[0]
    memory_bytes = facts.memory_bytes if facts else estimated_memory_bytes(model, file)
    return ModelRow(
        id=model.id,
        used=used,
        downloaded=path is not None,
        path=None if path is None else str(path),
        architecture=model.architecture,
        kind=model.kind,
        num_parameters=facts.num_parameters if facts else model.parameters,
        quantisation=facts.quantisation if facts else file.quantisation,
        context_tokens=model.context_tokens,
        fim_format=facts.fim_format if facts else model.fim_format,
        file_bytes=facts.file_bytes if facts else estimated_file_bytes(model, file),
        memory_bytes=memory_bytes,
        fits=fits(memory_bytes, available_bytes),
        quantisations=tuple(one.quantisation for one in model.files),
        license=model.license,
        license_url=model.license_url,
        note=model.remark,
    )
