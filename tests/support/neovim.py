"""A real Neovim with Bantam's plugin, driven as a person would."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynvim
import pytest

REPOSITORY = Path(__file__).parents[2]
PLUGIN = REPOSITORY / "editors" / "neovim"
BANTAM = Path(sys.executable).with_name("bantam")

#: The machine may be busy with a build; what is waited for normally takes a second.
DEADLINE_S = 90.0
GHOST_TEXT_NAMESPACE = "nvim.lsp.inline_completion"


def find_neovim() -> Path:
    """Return Neovim 0.12: the one that is named, the tests' own, or the user's.

    In CI it is installed; on a user's machine a test without it is skipped with a sentence.
    """
    cached = Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "bantam-dev/neovim/bin/nvim"
    )
    for candidate in (os.environ.get("BANTAM_TEST_NEOVIM"), str(cached), shutil.which("nvim")):
        if candidate and Path(candidate).is_file() and _is_new_enough(candidate):
            return Path(candidate)
    if os.environ.get("CI"):
        installer = REPOSITORY / "scripts" / "install_neovim"
        run = subprocess.run([installer], stdout=subprocess.PIPE, text=True, check=True)
        return Path(run.stdout.splitlines()[-1])
    pytest.skip("Neovim 0.12 is not on this machine; scripts/install_neovim installs it")


def _is_new_enough(program: str) -> bool:
    run = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=False)
    first_line = run.stdout.partition("\n")[0]
    version = first_line.removeprefix("NVIM v").split("-")[0].split(".")
    return run.returncode == 0 and [int(part) for part in version[:2]] >= [0, 12]


class Neovim:
    """One running editor."""

    def __init__(self, program: Path, home: Path, setup: str = "{}") -> None:
        """Start it with the plugin set up.

        Args:
            program: Neovim itself.
            home: A folder for its files.
            setup: The options given to `setup`, as Lua, besides `cmd`.
        """
        init = home / "init.lua"
        init.write_text(
            f"vim.opt.runtimepath:append({str(PLUGIN)!r})\n"
            f"local options = {setup}\n"
            f"options.cmd = options.cmd or {{ {str(BANTAM)!r}, 'serve' }}\n"
            "require('bantam').setup(options)\n",
            encoding="utf-8",
        )
        arguments = ["--embed", "--headless", "--clean", "-n", "-u", str(init)]
        self.rpc = pynvim.attach("child", argv=[str(program), *arguments])

    def lua(self, code: str, *arguments: object) -> Any:
        return self.rpc.exec_lua(code, *arguments)

    def open(self, path: Path) -> None:
        self.rpc.command(f"edit {path}")

    def type(self, keys: str) -> None:
        self.rpc.input(keys)

    @property
    def lines(self) -> list[str]:
        lines: list[str] = self.rpc.api.buf_get_lines(0, 0, -1, True)
        return lines

    @property
    def ghost_text(self) -> str:
        """What is shown and not there yet; empty if nothing is."""
        marks = self.lua(
            "local namespace = vim.api.nvim_create_namespace(...)\n"
            "return vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })",
            GHOST_TEXT_NAMESPACE,
        )
        shown: list[str] = []
        for *_, details in marks:
            shown.append("".join(text for text, *_ in details.get("virt_text", [])))
            shown += ["".join(text for text, *_ in line) for line in details.get("virt_lines", [])]
        return "\n".join(shown)

    @property
    def status(self) -> dict[str, Any]:
        """What the server says of itself."""
        status: dict[str, Any] = self.lua(
            "local client = require('bantam.server').client(0)\n"
            "local params = { command = 'bantam.status' }\n"
            "return client:request_sync('workspace/executeCommand', params, 10000).result"
        )
        return status

    def wait_for_server(self) -> None:
        self.wait_until(
            lambda: self.lua(
                "local client = require('bantam.server').client(0)\n"
                "return client ~= nil and client.initialized == true"
            ),
            "the language server to be attached",
        )

    def wait_for_ghost_text(self) -> str:
        self.wait_until(lambda: self.ghost_text.strip() != "", "ghost text")
        return self.ghost_text

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while not is_so():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"waited for {what}; messages: {self.messages}")
            time.sleep(0.02)

    @property
    def messages(self) -> str:
        return str(self.rpc.api.exec2("messages", {"output": True})["output"])

    def close(self) -> None:
        # It goes away while it is asked to.
        with contextlib.suppress(EOFError, OSError):
            self.rpc.command("qa!")
        self.rpc.close()
