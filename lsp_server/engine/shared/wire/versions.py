"""Which engine a client may use, and when it puts its own in the place of a running one."""

from __future__ import annotations

import enum
import importlib.metadata
import re

import msgspec

from lsp_server.engine.api import PROTOCOL_VERSION
from lsp_server.version import __version__

_NUMBERED = re.compile(r"v?(\d+(?:\.\d+)*)(?:[.\-_]?(dev|a|b|rc|post)\.?(\d*))?")
#: Before and after the release itself, which stands at 0 (PEP 440).
_STAGES = {"dev": -4, "a": -3, "b": -2, "rc": -1, "post": 1}


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What client and engine say of themselves first; the answer to `hello`.

    Every later protocol version keeps these fields, so that any two can always tell.

    Attributes:
        protocol_version: `PROTOCOL_VERSION`.
        package_version: `lsp_server.__version__`.
        llama_cpp_build: Version of llama-cpp-python, which pins its llama.cpp; empty without.
        pid: Process id.
    """

    protocol_version: int
    package_version: str
    llama_cpp_build: str
    pid: int = 0


class Agreement(enum.Enum):
    """What a client does with a running engine."""

    USE = "use"
    REPLACE = "replace"
    REFUSE = "refuse"


def own_versions(pid: int = 0) -> Versions:
    """Return the versions of this installation, without importing any model library."""
    try:
        build = importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        build = ""
    return Versions(
        protocol_version=PROTOCOL_VERSION,
        package_version=__version__,
        llama_cpp_build=build,
        pid=pid,
    )


def agree(client: Versions, engine: Versions) -> Agreement:
    """Decide what a client does with an engine.

    The newer installation wins, by protocol, then package, then llama.cpp: after an upgrade
    the first new window replaces the engine, and older windows go on with the new one as long
    as they speak its protocol.  The order is total, so two clients never take turns.
    """
    if _age(client) > _age(engine):
        return Agreement.REPLACE
    if client.protocol_version < engine.protocol_version:
        return Agreement.REFUSE
    return Agreement.USE


_Release = tuple[tuple[int, ...], int, int]


def _age(versions: Versions) -> tuple[int, _Release, _Release]:
    return (
        versions.protocol_version,
        _release(versions.package_version),
        _release(versions.llama_cpp_build),
    )


def _release(version: str) -> _Release:
    """Return a key that sorts versions; what is not a version comes before all that are."""
    match = _NUMBERED.match(version)
    if match is None:
        return (), 0, 0
    numbers, stage, stage_number = match.groups()
    release = tuple(int(number) for number in numbers.split("."))
    while release and release[-1] == 0:
        release = release[:-1]
    return release, _STAGES.get(stage, 0), int(stage_number or 0)
