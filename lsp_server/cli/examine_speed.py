"""What `bantam doctor` says of the model's speed on this machine."""

from __future__ import annotations

from lsp_server.cli.findings import Finding, State
from lsp_server.cli.model_facts import facts_of
from lsp_server.cli.speed_words import speed_sentences
from lsp_server.directories import Directories
from lsp_server.engine.calibration_store import CalibrationStore, calibration_key
from lsp_server.engine.choice import is_remote
from lsp_server.engine.cost_model import Measurements, line_ms
from lsp_server.errors import ModelError
from lsp_server.settings.schema import Settings

_PART = "Speed"
_MEASURE = "run `bantam engine calibrate`"
#: Who waits longer for a line has typed it.
_SLOW_LINE_MS = 3_000.0


def examine_speed(settings: Settings, folders: Directories) -> list[Finding]:
    """Say what was measured; nothing where a remote server answers or there is no model."""
    if is_remote(settings):
        return []
    try:
        key = calibration_key(settings.model.name, settings.engine)
        context_tokens = facts_of(settings.model.name).context_tokens
    except (ModelError, OSError):  # What is wrong with it is a finding of its own.
        return []
    measured = CalibrationStore(folders.cache).read(key)
    if measured is None:
        text = "not measured yet with this model and these settings"
        hint = f"{_MEASURE}, or let the engine do it when you pause"
        return [Finding(_PART, text, remedy=hint)]
    sentences = speed_sentences(settings, measured, context_tokens)
    return [*(Finding(_PART, sentence) for sentence in sentences), *_doubts(measured)]


def _doubts(measured: Measurements) -> list[Finding]:
    if measured.was_busy:
        text = "this was measured while other programs kept the processor busy"
        return [Finding(_PART, text, State.WARNING, f"{_MEASURE} when they are done")]
    if line_ms(measured) > _SLOW_LINE_MS:
        text = "this machine is slow for this model"
        return [Finding(_PART, text, State.WARNING, "choose a smaller one: `bantam models list`")]
    return []
