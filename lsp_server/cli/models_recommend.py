"""`bantam models recommend`: the model that suits this machine."""

from __future__ import annotations

import json

import click

_EMBEDDED_ID = "bantam-embedded"


@click.command("recommend")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def recommend(as_json: bool) -> None:
    """Say which model suits this machine for completion, and why.

    Looks at the memory that is free now, the cores, and whether the engine library can use
    a GPU.  Nothing is downloaded.
    """
    from dataclasses import asdict

    from lsp_server.engine.machine import available_memory_bytes, num_physical_cores
    from lsp_server.models.hub.recommend import Machine
    from lsp_server.models.hub.recommend import recommend as choose
    from lsp_server.models.hub.shelf import hub_models

    machine = Machine(num_physical_cores(), available_memory_bytes(), _has_gpu())
    found = choose(hub_models(), machine, _EMBEDDED_ID)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return
    packed = "" if found.quantisation is None else f" ({found.quantisation})"
    click.echo(found.model_id + packed)
    for reason in found.reasons:
        click.echo(f"  - {reason}")
    if found.quantisation is not None:
        click.echo(
            f"\nDownload it with `bantam models pull {found.model_id} --quantisation "
            f'{found.quantisation}`, then set model.name = "{found.model_id}".'
        )


def _has_gpu() -> bool:
    from lsp_server.cli.border import warn
    from lsp_server.cli.library_probe import LibraryProbeError, probe_library

    try:
        return probe_library().has_gpu_offload
    except LibraryProbeError as error:
        warn(f"the engine library cannot be asked for a GPU: {error}; `bantam doctor` says more")
        return False
