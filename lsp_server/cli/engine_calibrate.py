"""`bantam engine calibrate`: measure what this machine does with a model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lsp_server.engine.cost_model import Measurements
    from lsp_server.settings.schema import LibraryName, Settings


@click.command("calibrate")
@click.option("--model", help="Catalogue id or GGUF file; otherwise the setting model.name.")
@click.option(
    "--engine", "library", type=click.Choice(["llama.cpp", "ctransformers"]),
    help="What runs the model; otherwise the setting engine.library.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def calibrate(model: str | None, library: LibraryName | None, as_json: bool) -> None:
    """Measure this machine's speed with a model, and size prompts and suggestions by it.

    Takes some seconds, and longer for large models; Ctrl+C gives it up and changes nothing.
    The engine does the same by itself in the pauses of the first use.  What is found counts
    from the next time that the model is loaded; `bantam doctor` says what it means.
    """
    from lsp_server.cli.user_settings import model_overrides, settings_or_fail, with_engine
    from lsp_server.cli.work_bar import WorkBar
    from lsp_server.directories import directories
    from lsp_server.engine.calibration_run import CalibrationOrder, measure_now
    from lsp_server.engine.choice import is_remote
    from lsp_server.errors import UsageError

    settings = with_engine(settings_or_fail(model_overrides(model)), library)
    if is_remote(settings):
        raise UsageError(
            f"a remote server answers ({settings.remote.url}), and only this machine can be "
            "measured; name a model with --model"
        )
    order = CalibrationOrder(model=settings.model.name, engine=settings.engine)
    with WorkBar(f"Measuring {settings.model.name}") as bar:
        measured = measure_now(order, directories(), bar.show)
    if as_json:
        click.echo(json.dumps(_json(settings, measured), indent=2))
    else:
        click.echo("\n".join(_lines(settings, measured)))


def _lines(settings: Settings, measured: Measurements) -> list[str]:
    from lsp_server.cli.model_facts import facts_of
    from lsp_server.cli.speed_words import speed_sentences

    context_tokens = facts_of(settings.model.name).context_tokens
    lines = [f"{settings.model.name} on this machine:"]
    lines += [f"  {each}" for each in speed_sentences(settings, measured, context_tokens)]
    if measured.was_busy:
        lines.append("  other programs kept the processor busy: measure again when they are done")
    return lines


def _json(settings: Settings, measured: Measurements) -> dict[str, Any]:
    import msgspec

    from lsp_server.engine.cost_model import Targets, budgets_from

    budgets = budgets_from(measured, Targets.of(settings.engine))
    return {
        "model": settings.model.name,
        "measured": msgspec.to_builtins(measured, str_keys=True),
        "budgets": msgspec.to_builtins(budgets),
    }
