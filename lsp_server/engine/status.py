"""What a running engine says of itself: models, memory, clients, and who waits.

Part of the narrow waist (`api.py`): frozen values that `msgspec.json` can write.
"""

from __future__ import annotations

import msgspec


class TokenTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What a model did since it was loaded, over all requests that have ended.

    Attributes:
        computed: Prompt tokens that were evaluated.
        reused: Prompt tokens whose KV cells were in place.
        shifted: Prompt tokens whose KV cells were moved to a new position.
        idle: Tokens that were evaluated again while nobody waited.
        generated: Tokens sampled.
        num_shifts: Requests for which cells were moved.
    """

    computed: int = 0
    reused: int = 0
    shifted: int = 0
    idle: int = 0
    generated: int = 0
    num_shifts: int = 0


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """How often values of some sizes came.

    Attributes:
        bounds: Upper bound of each bucket but the last, which has none; ascending.
        counts: Values in each bucket; one more than bounds, or none at all.
        total: Sum of all values.
    """

    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    total: float = 0.0


class LoadedModel(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `EngineStatus`.

    Attributes:
        model: The name that requests use.
        num_running: Requests that hold KV cells now.
        num_waiting: Requests that wait for cells or for a sequence.
        cells_used: KV cells in use.
        cells_total: KV cells there are.
        bytes_saved: Memory of documents that left the KV cache and can come back.
        means: How it uses again what it computed, and why so, in words.
        totals: What it did so far.
        cells_running: KV cells that requests hold now; of those in use the others are parked.
        step_seconds: How long its steps took.
        num_bytes: Memory of its weights and KV cells; 0 before it is loaded.
    """

    model: str
    num_running: int
    num_waiting: int
    cells_used: int
    cells_total: int
    bytes_saved: int = 0
    means: str = ""
    totals: TokenTotals = TokenTotals()
    cells_running: int = 0
    step_seconds: Histogram = Histogram()
    num_bytes: int = 0


class ClientStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is connected to the engine process.

    Attributes:
        name: `process 123`, or `TCP` for all that come that way.
        num_connections: Open connections.
        num_requests: Open requests.
    """

    name: str
    num_connections: int
    num_requests: int


class WaitingModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that has no place beside those that are loaded.

    Attributes:
        model: The name that requests use.
        num_requests: Requests that wait for it.
        waited_s: Seconds since the first one came.
    """

    model: str
    num_requests: int
    waited_s: float


class EngineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a running engine says of itself.

    Attributes:
        pid: Process id of the engine.
        package_version: `lsp_server.__version__` of the engine process.
        protocol_version: `PROTOCOL_VERSION` of the engine process.
        uptime_s: Seconds since it started.
        models: The models that are loaded.
        memory_bytes: Resident memory of the engine process, if the system says.
        clients: Who is connected.
        waiting: The models that wait for a place, the next one first.
    """

    pid: int
    package_version: str
    protocol_version: int
    uptime_s: float
    models: tuple[LoadedModel, ...]
    memory_bytes: int | None = None
    clients: tuple[ClientStatus, ...] = ()
    waiting: tuple[WaitingModel, ...] = ()
