"""VS Code's server with the packaged extension, in folders of its own, for one test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from scripts.vscode.workbench import Workbench
from tests.e2e.vscode.process_group import running_group

_SCRIPTS = Path(__file__).parent
_EXTENSION_HOST_TESTS = _SCRIPTS / "extension_host"
_LISTENS_ON = re.compile(r"Extension host agent listening on (\d+)")
_START_LIMIT_S = 60.0
_BROWSER_LIMIT_S = 150.0

#: Without these options the server ignores that the page asks for a test in the extension host;
#: with them it shows no notifications.
EXTENSION_TEST_OPTIONS = ("--enable-smoke-test-driver",)

#: Quiet, little besides the editor, and nothing that would suggest besides Bantam.
_SETTINGS: dict[str, Any] = {
    "breadcrumbs.enabled": False,
    "chat.disableAIFeatures": True,
    "editor.inlineSuggest.enabled": True,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.hideCursorInOverviewRuler": True,
    "editor.minimap.enabled": False,
    "editor.cursorBlinking": "solid",
    "editor.fontSize": 15,
    "editor.scrollbar.vertical": "hidden",
    "editor.stickyScroll.enabled": False,
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "files.autoSave": "off",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "workbench.activityBar.location": "hidden",
    "workbench.layoutControl.enabled": False,
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
}


@dataclass(frozen=True, slots=True)
class WorkbenchServer:
    """A running server.

    Attributes:
        port: Where it listens on 127.0.0.1.
        workspace: The folder that it opens.
        root: For the browser's profile and the like.
    """

    workbench: Workbench
    port: int
    workspace: Path
    root: Path

    def run_in_extension_host(self, module: str) -> None:
        """Run a module of `extension_host/`; fails with its log if it throws."""
        payload = {
            "extensionDevelopmentPath": self._remote(_EXTENSION_HOST_TESTS),
            "extensionTestsPath": self._remote(_EXTENSION_HOST_TESTS / module),
        }
        result = self._browse("run_in_extension_host.cjs", payload)
        assert result["exit_code"] == 0, "\n".join(result["log"])

    def type_in_editor(self, file: str, typed: str, screenshot: Path | None) -> dict[str, Any]:
        """Type at the end of a file, see ghost text, accept it and save.

        Returns:
            `ghost`, the pieces of the text that was shown, and `status`, the text in the status
            bar.
        """
        return self._browse(
            "type_in_editor.cjs",
            {"openFile": self._remote(self.workspace / file)},
            typed=typed,
            screenshot=str(screenshot) if screenshot else None,
        )

    def problem(self) -> dict[str, Any]:
        """Wait for a notification; returns its `message` and its `buttons`."""
        return self._browse("read_problem.cjs", {})

    def problem_when_typing(self, file: str, typed: str) -> dict[str, Any]:
        """Type into a file and wait for a notification, as `problem` does."""
        payload = {"openFile": self._remote(self.workspace / file)}
        return self._browse("read_problem.cjs", payload, typed=typed)

    def _browse(self, script: str, payload: dict[str, str], **options: Any) -> dict[str, Any]:
        query = {
            "folder": str(self.workspace),
            "payload": json.dumps([*map(list, payload.items()), ["skipWelcome", "true"]]),
        }
        arguments = {
            "chromium": str(self.workbench.chromium),
            "profile": str(self.root / "profile"),
            "url": f"http://127.0.0.1:{self.port}/?{urlencode(query, quote_via=quote)}",
            "timeout_ms": int((_BROWSER_LIMIT_S - 20) * 1000),
            **options,
        }
        command = [str(self.workbench.node), str(_SCRIPTS / script), json.dumps(arguments)]
        environment = {
            **os.environ,
            "NODE_PATH": str(self.workbench.node_modules),
            # Nothing of the browser in the user's own folders.
            **dict.fromkeys(("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"), str(self.root)),
        }
        with running_group(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as browser:
            output, errors = browser.communicate(timeout=_BROWSER_LIMIT_S)
        assert browser.returncode == 0, errors
        result: dict[str, Any] = json.loads(output)
        return result

    def _remote(self, path: Path) -> str:
        return f"vscode-remote://127.0.0.1:{self.port}{path}"


@contextmanager
def running_workbench(
    workbench: Workbench,
    vsix: Path,
    root: Path,
    *,
    programs: Path,
    settings: Mapping[str, Any] = MappingProxyType({}),
    options: Sequence[str] = (),
) -> Iterator[WorkbenchServer]:
    """Install the extension into fresh folders and serve the workbench.

    Args:
        workbench: The installed VS Code.
        vsix: The extension.
        root: A folder whose path is short, because sockets lie below it.
        programs: Where the extension looks for `bantam`.
        settings: The user's settings, over those that keep VS Code quiet.
        options: More options of VS Code's server.
    """
    workspace = root / "workspace"
    workspace.mkdir(exist_ok=True)
    environment = _environment(root, programs)
    _write_settings(root, {**_SETTINGS, **settings})
    _install_extension(workbench, vsix, root, environment)
    log_file = root / "server.log"
    command = [
        *_server_command(workbench, root),
        *("--host", "127.0.0.1", "--port", "0", "--without-connection-token"),
        *("--telemetry-level", "off", "--disable-workspace-trust"),
        # Else PATH would be that of a login shell, where our `bantam` is not.
        "--force-disable-user-env",
        *options,
    ]
    with (
        log_file.open("wb") as log,
        running_group(command, env=environment, stdout=log, stderr=log) as server,
    ):
        yield WorkbenchServer(workbench, _port(server, log_file), workspace, root)


def _server_command(workbench: Workbench, root: Path) -> list[str]:
    return [
        *(str(workbench.node), str(workbench.server_main), "--accept-server-license-terms"),
        *("--server-data-dir", str(root / "data"), "--extensions-dir", str(root / "extensions")),
    ]


def _environment(root: Path, programs: Path) -> dict[str, str]:
    path = os.pathsep.join([str(programs), "/usr/bin", "/bin"])
    return {**os.environ, "PATH": path, "TMPDIR": str(root)}


def _write_settings(root: Path, settings: dict[str, Any]) -> None:
    folder = root / "data" / "data" / "Machine"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def _install_extension(
    workbench: Workbench, vsix: Path, root: Path, environment: dict[str, str]
) -> None:
    command = [*_server_command(workbench, root), "--install-extension", str(vsix)]
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def _port(server: subprocess.Popen[Any], log_file: Path) -> int:
    deadline_s = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline_s and server.poll() is None:
        if found := _LISTENS_ON.search(log_file.read_text(encoding="utf-8", errors="replace")):
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(
        f"VS Code's server does not listen; it wrote\n{log_file.read_text(errors='replace')}"
    )
