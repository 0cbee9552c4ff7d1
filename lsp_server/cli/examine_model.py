"""What `bantam doctor` says of the model that completions use."""

from __future__ import annotations

from lsp_server.cli.findings import Finding, State
from lsp_server.cli.model_facts import COMPLETES_BY_CHAT, ModelFacts, facts_of
from lsp_server.cli.units import bytes_text, count_text
from lsp_server.engine.machine import available_memory_bytes
from lsp_server.errors import ModelError
from lsp_server.settings.schema import Settings

_CHOOSE = "set model.name in your settings file; `bantam models list` shows what is there"


def examine_model(settings: Settings) -> list[Finding]:
    """Look at the model's file, its format for filling in, and the memory it needs."""
    try:
        facts = facts_of(settings.model.name)
    except ModelError as error:
        return [Finding("Model", str(error), State.BROKEN, _CHOOSE)]
    return [
        Finding(
            "Model",
            f"{settings.model.name}: {facts.architecture}, {count_text(facts.num_parameters)} "
            f"parameters, {facts.path}",
        ),
        _fim(facts),
        _memory(facts),
    ]


def _fim(facts: ModelFacts) -> Finding:
    if facts.fim_format is None and facts.has_chat:
        return Finding("Fills in", f"{facts.fim_reason} {COMPLETES_BY_CHAT}")
    if facts.fim_format is None:
        return Finding("Fills in", facts.fim_reason, State.BROKEN, _CHOOSE)
    return Finding("Fills in", facts.fim_reason)


def _memory(facts: ModelFacts) -> Finding:
    needed = bytes_text(facts.memory_bytes)
    available_bytes = available_memory_bytes()
    if available_bytes is None:
        return Finding("Memory", f"the model takes about {needed}")
    text = f"the model takes about {needed} of {bytes_text(available_bytes)} that are free"
    if facts.memory_bytes > available_bytes:
        return Finding("Memory", text, State.WARNING, "close programs or choose a smaller model")
    return Finding("Memory", text)
