"""Draw docs/images/neovim.svg: ghost text by the embedded model on the screen of a real Neovim.

Needs tmux and Neovim 0.12 (scripts/install_neovim).

Usage: .venv/bin/python -m scripts.make_neovim_picture path/to/nvim
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.make_picture import picture_of

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "neovim.svg"
_DEADLINE_S = 60.0
_TMUX = ("tmux", "-L", "bantam-picture")
_DOCUMENT = '''"""Read and count the lines of text files."""


def count_lines(path):
    """Return how many lines a file has."""
    count = 0
    with open(path) as file:
        for line in file:
            count += 1
    return count


def read_lines(path):
    """Return the lines of a file."""
    lines = []
    with open(path) as file:
        for line in file:
'''
_TYPED = "lines.app"
_SUGGESTED = "end(line)"
#: Typing before the server is there would ask nobody.
_WAIT_FOR_SERVER = (
    ":lua vim.wait(60000, function() local client = require('bantam.server').client(0) "
    "return client and client.initialized end)"
)
_INIT = """
vim.opt.runtimepath:append({plugin!r})
vim.opt.number = true
vim.opt.laststatus = 2
vim.cmd.colorscheme('habamax')
require('bantam').setup{{ cmd = {{ {bantam!r}, 'serve' }} }}
"""


def screen_with_ghost_text(neovim: str) -> str:
    """Return the screen, with colours, once the suggestion stands on it.

    Raises:
        TimeoutError: It did not come.
    """
    with tempfile.TemporaryDirectory(prefix="bantam-") as folder:
        root = Path(folder)
        bantam = str(Path(sys.executable).with_name("bantam"))
        (root / "reader.py").write_text(_DOCUMENT, encoding="utf-8")
        init = _INIT.format(plugin=str(ROOT / "editors" / "neovim"), bantam=bantam)
        (root / "init.lua").write_text(init, encoding="utf-8")
        moved = [f"BANTAM_{name}_HOME={root}/{name}" for name in ("CONFIG", "STATE", "CACHE")]
        moved += [f"XDG_{name}_HOME={root}/{name}" for name in ("CONFIG", "STATE", "CACHE", "DATA")]
        environment = ["env", "COLORTERM=truecolor", f"BANTAM_RUNTIME_DIR={root}/run", *moved]
        editor = [neovim, "--clean", "-n", "-u", f"{root}/init.lua", f"{root}/reader.py"]
        size = ("-x", "72", "-y", "22")
        tmux("new-session", "-d", *size, *environment, *editor)
        try:
            wait_for("def read_lines")
            tmux("send-keys", "-l", _WAIT_FOR_SERVER)
            tmux("send-keys", "Enter", "G", "o")
            tmux("send-keys", "-l", _TYPED)
            return wait_for(_TYPED + _SUGGESTED).replace(f"{root}/", "")
        finally:
            tmux("kill-server")
            subprocess.run([*environment, bantam, "engine", "stop"], check=True)


def wait_for(text: str) -> str:
    """Return the screen, with colours, once it holds `text`.

    Raises:
        TimeoutError: It does not.
    """
    end_s = time.monotonic() + _DEADLINE_S
    while text not in tmux("capture-pane", "-p"):
        if time.monotonic() > end_s:
            raise TimeoutError(f"{text!r} is not on the screen:\n{tmux('capture-pane', '-p')}")
        time.sleep(0.05)
    return tmux("capture-pane", "-p", "-e")


def tmux(*arguments: str) -> str:
    """Run a command of tmux in a server of its own and return what it prints."""
    run = subprocess.run([*_TMUX, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout


if __name__ == "__main__":
    PICTURE.write_text(
        picture_of(screen_with_ghost_text(sys.argv[1]), title="Neovim"), encoding="utf-8"
    )
    print(PICTURE)
