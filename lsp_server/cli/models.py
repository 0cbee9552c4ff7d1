"""`bantam models`: which models there are, and what a model file is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from lsp_server.cli.models_convert import convert

if TYPE_CHECKING:
    from lsp_server.cli.model_facts import ModelFacts


@click.group("models")
def command() -> None:
    """List the models that Bantam knows, or look at one.

    Besides these, the path of any GGUF file is a model.
    """


command.add_command(convert)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def list_models(as_json: bool) -> None:
    """List the models that Bantam knows; `*` marks the one that is used."""
    from lsp_server.cli.user_settings import settings_or_fail
    from lsp_server.models.catalogue import catalogue

    used = settings_or_fail({}).model.name
    names = dict.fromkeys([*(entry.id for entry in catalogue()), used])
    models = [(name, facts) for name in names if (facts := _facts_or_warning(name))]
    if as_json:
        values = [
            {"id": model_id, "used": model_id == used, **facts.as_json()}
            for model_id, facts in models
        ]
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        _print_table(models, used)


@command.command("show")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def show(model: str, as_json: bool) -> None:
    """Say what MODEL is, a catalogue id or a GGUF file, and what it needs.

    Only the file's header is read, and the model is not loaded.
    """
    from lsp_server.cli.model_facts import facts_of
    from lsp_server.cli.user_settings import model_name

    facts = facts_of(model_name(model) or model)
    if as_json:
        click.echo(json.dumps(facts.as_json(), indent=2, ensure_ascii=False))
    else:
        for name, value in _rows(facts):
            click.echo(f"{name:<14}  {value}")


def _facts_or_warning(name: str) -> ModelFacts | None:
    from lsp_server.cli.border import warn
    from lsp_server.cli.model_facts import facts_of
    from lsp_server.errors import ModelError

    try:
        return facts_of(name)
    except ModelError as error:
        warn(str(error))
        return None


def _print_table(models: list[tuple[str, ModelFacts]], used: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from lsp_server.cli.units import bytes_text, count_text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("", "Model", "Parameters", "Packed as", "Fills in", "File"):
        table.add_column(header)
    for model_id, facts in models:
        table.add_row(
            "*" if model_id == used else "",
            model_id,
            count_text(facts.num_parameters),
            facts.quantisation,
            facts.fim_format or "no",
            bytes_text(facts.file_bytes),
        )
    # A pipe gets whole lines, whatever is on them.
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=1_000)
    console.print(table)


def _rows(facts: ModelFacts) -> list[tuple[str, str]]:
    from lsp_server.cli.units import bytes_text, count_text

    context = "not said" if facts.context_tokens is None else f"{facts.context_tokens:,} tokens"
    rows = [
        ("Name", facts.name),
        ("File", f"{facts.path} ({bytes_text(facts.file_bytes)})"),
        ("Architecture", facts.architecture),
        ("Parameters", f"{count_text(facts.num_parameters)}, mostly {facts.quantisation}"),
        ("Context", context),
        ("Fills in", facts.fim_format or "no: it cannot complete in the middle of a file"),
        ("", facts.fim_reason),
    ]
    memory = f"about {bytes_text(facts.memory_bytes)} with {facts.reserved_tokens:,} tokens"
    if facts.kv_bytes_per_token is None:
        memory = f"{bytes_text(facts.memory_bytes)} for its weights alone"
    return [*rows, ("Memory", memory)]
