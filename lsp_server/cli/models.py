"""`bantam models`: a subcommand per file, and `show` here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from lsp_server.cli.models_convert import convert
from lsp_server.cli.models_list import list_models
from lsp_server.cli.models_pull import pull
from lsp_server.cli.models_recommend import recommend
from lsp_server.cli.models_remove import remove

if TYPE_CHECKING:
    from lsp_server.cli.model_facts import ModelFacts


@click.group("models")
def command() -> None:
    """List the models that Bantam knows, look at one, download or remove one.

    Besides these, the path of any GGUF file is a model.
    """


for _subcommand in (list_models, recommend, pull, remove, convert):
    command.add_command(_subcommand)


@command.command("show")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def show(model: str, as_json: bool) -> None:
    """Say what MODEL is, a catalogue id or a GGUF file, and what it needs.

    Only the file's header is read, and the model is not loaded.  A file that the engine
    would refuse is refused here, too, with the reason.
    """
    from lsp_server.cli.model_facts import facts_of
    from lsp_server.cli.user_settings import model_name

    facts = facts_of(model_name(model) or model)
    if as_json:
        click.echo(json.dumps(facts.as_json(), indent=2, ensure_ascii=False))
    else:
        for name, value in _rows(facts):
            click.echo(f"{name:<14}  {value}")


def _rows(facts: ModelFacts) -> list[tuple[str, str]]:
    from lsp_server.cli.units import bytes_text, count_text

    context = "not said" if facts.context_tokens is None else f"{facts.context_tokens:,} tokens"
    rows = [
        ("Name", facts.name),
        ("File", f"{facts.path} ({bytes_text(facts.file_bytes)})"),
        ("Architecture", facts.architecture),
        ("Parameters", f"{count_text(facts.num_parameters)}, mostly {facts.quantisation}"),
        ("Context", context),
        ("Fills in", facts.fim_format or _without_fim(facts)),
        ("", facts.fim_reason),
    ]
    memory = f"about {bytes_text(facts.memory_bytes)} with {facts.reserved_tokens:,} tokens"
    if facts.kv_bytes_per_token is None:
        memory = f"{bytes_text(facts.memory_bytes)} for its weights alone"
    return [*rows, ("Memory", memory)]


def _without_fim(facts: ModelFacts) -> str:
    from lsp_server.cli.model_facts import COMPLETES_BY_CHAT

    if facts.has_chat:
        return f"no. {COMPLETES_BY_CHAT}"
    return "no: it cannot complete in the middle of a file"
