"""The program that is the peer: built here, or out of a wheel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.peer.build import PeerBuild, PeerNotBuilt
from scripts.peer.options import BATCH_TOKENS, CACHE_REUSE, PeerOptions
from scripts.peer.wheel import VERSION, WheelMissing, ensure_wheel, wheel_command
from scripts.set_up.processor import cpu_features
from scripts.set_up.progress import Reporter


class PeerFailed(Exception):
    """The peer cannot be started or does not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that is llama-server.

    Attributes:
        name: For people; says where it comes from.
        command: Returns the command that serves a model: model, options, port.
    """

    name: str
    command: Callable[[Path, PeerOptions, int], list[str]]


def find_peer(reporter: Reporter) -> Peer:
    """Return the peer: built from our own llama.cpp, else the one of the wheel.

    Raises:
        PeerFailed: There is neither.
    """
    build = PeerBuild.of()
    try:
        program = build.ensure(reporter)
    except PeerNotBuilt as reason:
        return _wheel_peer(reporter, reason)
    return Peer(
        f"llama-server of {build.archive}",
        lambda model, options, port: _command(program, model, options, port),
    )


def _command(program: Path, model: Path, options: PeerOptions, port: int) -> list[str]:
    command = [
        *(str(program), "--model", str(model), "--ctx-size", str(options.context_tokens)),
        *("--batch-size", str(BATCH_TOKENS), "--ubatch-size", str(BATCH_TOKENS)),
        *("--cache-reuse", str(CACHE_REUSE), "--host", "127.0.0.1", "--port", str(port)),
    ]
    if "amx_int8" in cpu_features():
        # A build for AMX may end; as in our engine, weights stay as they are (trap 13).
        command.append("--no-repack")
    if options.num_threads is not None:
        threads = str(options.num_threads)
        command += ["--threads", threads, "--threads-batch", threads]
    if options.num_slots is not None:
        command += ["--parallel", str(options.num_slots), "--kv-unified"]
    return command


def _wheel_peer(reporter: Reporter, reason: PeerNotBuilt) -> Peer:
    try:
        folder = ensure_wheel(reporter)
    except WheelMissing as error:
        raise PeerFailed(
            f"llama-server can neither be built ({reason}) nor taken from a wheel ({error}); "
            "run scripts/build_peer to see the build alone"
        ) from error
    return Peer(
        f"llama-server in the wheel xllamacpp {VERSION}, another llama.cpp than ours",
        lambda model, options, port: wheel_command(folder, model, options, port),
    )
