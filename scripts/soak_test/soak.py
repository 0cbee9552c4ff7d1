"""Run a soak: a server, an engine, a typist, and somebody who kills the engine."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.directories import Directories
from lsp_server.engine.shared.ending import engine_pid
from lsp_server.engine.shared.process import stop_engine
from lsp_server.engine.shared.runtime_folder import runtime_folder
from scripts.soak_test.editor import CAPABILITIES, EditorClient
from scripts.soak_test.memory import SAMPLE_S, MemoryWatch
from scripts.soak_test.report import Findings
from scripts.soak_test.tally import Tally
from scripts.soak_test.typist import Typist
from scripts.workplace import environment_of, workplace

_REPOSITORY = Path(__file__).parents[2]
_SERVE = (str(Path(sys.executable).with_name("bantam")), "serve")
#: Few, so that the engine has met all of them in its first minute: it remembers documents up to
#: a bound, and what it learns then is no leak.
_NUM_FILES = 6
#: Growth counts from here on; a soak that is not longer judges no growth.
WARM_UP_S = 60.0
#: Seconds in which the last requests have to be answered.
_SETTLE_S = 60.0
_END_S = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a soak is to do.

    Attributes:
        seconds: How long it types.
        seed: Of all dice.
        kill_every_s: Mean seconds between two kills of the engine.
        model: The setting `model.name`.
    """

    seconds: float
    seed: int
    kill_every_s: float
    model: str


async def run_soak(plan: Plan, on_progress: Callable[[float, str], None]) -> Findings:
    """Do it and return what it came to.

    Args:
        plan: What to do.
        on_progress: Called about every second with the seconds so far and a few words.
    """
    with workplace() as (root, folders):
        tally = Tally()
        client = await EditorClient.start(_SERVE, environment_of(folders), tally)
        try:
            files = _copy_sources(root / "wörk space", plan.seed)
            await _begin(client, files[0].parent, plan.model)
            soak = _Soak(plan, client, Typist(client, files, plan.seed), folders, on_progress)
            await soak.run()
            await client.settled(_SETTLE_S)
            status = await client.end(_END_S)
        finally:
            if client.process.returncode is None:
                client.process.kill()
            await stop_engine(folders)
        growths = [one.growth(WARM_UP_S) for one in soak.watch.processes]
        return Findings(
            tally=tally,
            growths=[growth for growth in growths if growth is not None],
            num_kills=soak.num_kills,
            exit_status=status,
        )


class _Soak:
    """The typist at work, under watch."""

    def __init__(
        self,
        plan: Plan,
        client: EditorClient,
        typist: Typist,
        folders: Directories,
        on_progress: Callable[[float, str], None],
    ) -> None:
        self.num_kills = 0
        self._plan = plan
        self._tally = client.tally
        self._typist = typist
        self._runtime = runtime_folder(folders)
        self._on_progress = on_progress
        self._dice = random.Random(plan.seed + 1)
        self._started_s = time.monotonic()
        self.watch = MemoryWatch(client.process.pid, self._started_s)

    async def run(self) -> None:
        """Type until the time is over; whatever fails ends all of it."""
        self._typist.open_files()
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._look()), group.create_task(self._kill())]
            while time.monotonic() - self._started_s < self._plan.seconds:
                await self._typist.act()
            for helper in helpers:
                helper.cancel()

    async def _look(self) -> None:
        while True:
            now_s = time.monotonic()
            self.watch.look(engine_pid(self._runtime), now_s)
            self._on_progress(
                now_s - self._started_s,
                f"{self._typist.num_actions} actions, "
                f"{self._tally.num_asked.total()} requests, {len(self._tally.pending)} open, "
                f"{len(self._tally.shown)} messages, {self.num_kills} kills",
            )
            await asyncio.sleep(SAMPLE_S)

    async def _kill(self) -> None:
        while True:
            await asyncio.sleep(self._plan.kill_every_s * self._dice.uniform(0.8, 1.2))
            pid = engine_pid(self._runtime)
            if pid is not None:
                self.num_kills += 1
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


async def _begin(client: EditorClient, workspace: Path, model: str) -> None:
    folder = {"uri": workspace.as_uri(), "name": workspace.name}
    params = {
        "processId": os.getpid(),
        "rootUri": folder["uri"],
        "workspaceFolders": [folder],
        "capabilities": CAPABILITIES,
        "initializationOptions": {"model": {"name": model}, "completion": {"popup": "on"}},
    }
    _, answer = client.ask("initialize", "initialize", params)
    await answer
    client.notify("initialized", {})


def _copy_sources(target: Path, seed: int) -> list[Path]:
    """Copy some of Bantam's own files as the workspace that is edited."""
    target.mkdir()
    sources = sorted((_REPOSITORY / "lsp_server").rglob("*.py"))
    chosen = random.Random(seed).sample([one for one in sources if one.stat().st_size], _NUM_FILES)
    return [
        Path(shutil.copyfile(source, target / f"{number}_{source.name}"))
        for number, source in enumerate(chosen)
    ]
