"""Which figures there are, and what they mean.  Pure."""

from __future__ import annotations

from lsp_server.engine.shared.adapters.model_names import public_name
from lsp_server.engine.shared.metrics.families import Family, exposition
from lsp_server.engine.shared.metrics.metered_engine import RequestMeter
from lsp_server.engine.status import EngineStatus, LoadedModel

#: Metric of each field of `TokenTotals`.
_TOKENS = {
    "computed": "Prompt tokens that were evaluated.",
    "reused": "Prompt tokens whose KV cells were in place.",
    "shifted": "Prompt tokens whose KV cells were moved to a new position.",
    "idle": "Tokens that were evaluated again while nobody waited.",
    "generated": "Tokens sampled.",
}


def metrics_text(status: EngineStatus, meter: RequestMeter) -> str:
    """Return everything as text for Prometheus.

    What belongs to a model begins anew when it is loaded again, as counters may.
    """
    models = _named(status)
    families = [
        *_token_families(models),
        *_cell_families(models),
        *_request_families(models, meter),
        *_process_families(status),
    ]
    return exposition(families)


def _named(status: EngineStatus) -> dict[str, LoadedModel]:
    """Return the models by labels that differ and show no folder."""
    named: dict[str, LoadedModel] = {}
    for model in status.models:
        name = label = public_name(model.model)
        number = 1
        while label in named:
            number += 1
            label = f"{name} #{number}"
        named[label] = model
    return named


def _token_families(models: dict[str, LoadedModel]) -> list[Family]:
    families = []
    for kind, help_text in _TOKENS.items():
        family = Family(f"bantam_tokens_{kind}_total", "counter", help_text)
        for name, model in models.items():
            family.add(getattr(model.totals, kind), model=name)
        families.append(family)
    return families


def _cell_families(models: dict[str, LoadedModel]) -> list[Family]:
    cells = Family(
        "bantam_kv_cells",
        "gauge",
        "KV cells: held by requests, parked for the next prompt of a document, or free.",
    )
    saved = Family(
        "bantam_kv_saved_bytes",
        "gauge",
        "Memory of documents that left the KV cache and can come back.",
    )
    shifts = Family("bantam_kv_shifts_total", "counter", "Requests for which KV cells were moved.")
    for name, model in models.items():
        # They are read one after the other while the model goes on.
        running = min(model.cells_running, model.cells_used)
        cells.add(running, model=name, state="running")
        cells.add(model.cells_used - running, model=name, state="parked")
        cells.add(model.cells_total - model.cells_used, model=name, state="free")
        saved.add(model.bytes_saved, model=name)
        shifts.add(model.totals.num_shifts, model=name)
    return [cells, saved, shifts]


def _request_families(models: dict[str, LoadedModel], meter: RequestMeter) -> list[Family]:
    requests = Family(
        "bantam_requests_total", "counter", "Requests that have ended, by priority and reason."
    )
    for (priority, reason), number in sorted(
        meter.ends.items(), key=lambda item: (item[0][0], item[0][1].value)
    ):
        requests.add(number, priority=priority.name.lower(), reason=reason.value)
    queue = Family(
        "bantam_queue_seconds",
        "histogram",
        "How long requests waited before they were computed, loading included.",
    )
    for priority, histogram in sorted(meter.queue_seconds.items()):
        queue.add(histogram, priority=priority.name.lower())
    steps = Family("bantam_step_seconds", "histogram", "How long steps of a model took.")
    running = Family("bantam_requests_running", "gauge", "Requests that hold KV cells now.")
    waiting = Family("bantam_requests_waiting", "gauge", "Requests that wait for KV cells.")
    for name, model in models.items():
        steps.add(model.step_seconds, model=name)
        running.add(model.num_running, model=name)
        waiting.add(model.num_waiting, model=name)
    return [requests, running, waiting, queue, steps]


def _process_families(status: EngineStatus) -> list[Family]:
    info = Family("bantam_engine_info", "gauge", "The version of the engine; always 1.")
    info.add(1, version=status.package_version)
    uptime = Family("bantam_engine_uptime_seconds", "gauge", "Seconds since the engine started.")
    uptime.add(status.uptime_s)
    memory = Family("bantam_engine_memory_bytes", "gauge", "Resident memory of the engine.")
    if status.memory_bytes is not None:
        memory.add(status.memory_bytes)
    clients = Family("bantam_engine_connections", "gauge", "Open connections of clients.")
    clients.add(sum(client.num_connections for client in status.clients))
    return [info, uptime, memory, clients]
