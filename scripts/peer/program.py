"""The program that is the peer: built here, or out of a wheel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.peer.build import PeerBuild, PeerNotBuilt
from scripts.peer.wheel import VERSION, WheelMissing, ensure_wheel, wheel_command
from scripts.set_up.progress import Reporter

#: The values that llama-server's own presets for infilling set (`--fim-qwen-1.5b-default` in
#: common/arg.cpp of llama.cpp) and llama.vim recommends.
BATCH_TOKENS = 1_024
CACHE_REUSE = 256


class PeerFailed(Exception):
    """The peer cannot be started or does not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that is llama-server.

    Attributes:
        name: For people; says where it comes from.
        command: Returns the command that serves a model: model, context in tokens, port.
    """

    name: str
    command: Callable[[Path, int, int], list[str]]


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
        lambda model, context_tokens, port: [
            *(str(program), "--model", str(model), "--ctx-size", str(context_tokens)),
            *("--batch-size", str(BATCH_TOKENS), "--ubatch-size", str(BATCH_TOKENS)),
            *("--cache-reuse", str(CACHE_REUSE), "--host", "127.0.0.1", "--port", str(port)),
        ],
    )


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
        lambda model, context_tokens, port: wheel_command(
            folder, model, context_tokens, BATCH_TOKENS, CACHE_REUSE, port
        ),
    )
