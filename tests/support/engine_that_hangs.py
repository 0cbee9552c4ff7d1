"""The real engine process with an engine that never finishes closing, in the foreground."""

from __future__ import annotations

import sys
import time
from unittest import mock

from lsp_server.engine.shared import boot
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import ScriptedEngine


class HangingEngine(ScriptedEngine):
    """Blocks its thread for ever, as native code can."""

    async def aclose(self) -> None:
        time.sleep(1_000)  # noqa: ASYNC251 - that is the point


def make_engine(settings: EngineSettings) -> HangingEngine:
    return HangingEngine()


if __name__ == "__main__":
    with (
        mock.patch.object(boot, "create_local_engine", make_engine),
        mock.patch.object(boot, "_END_TIMEOUT_S", 0.3),
    ):
        sys.exit(boot.serve())
