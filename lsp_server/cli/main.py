"""The `bantam` command: which subcommands there are, and nothing that is slow to import.

`bantam serve` starts with every editor window, so the module of a subcommand is imported only
when it is called, and each imports what it needs only when it runs.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from lsp_server import __version__

#: Subcommand -> the module below `lsp_server.cli` that holds it, in the order of `--help`.
_MODULES = {
    "complete": "complete",
    "context": "context",
    "act": "act",
    "serve": "serve",
    "engine": "engine",
    "models": "models",
    "doctor": "doctor",
    "clean": "clean",
}

_EPILOG = """\
\b
Exit status:
  0    all went well; "no suggestion" is an answer too
  1    the engine, a model or standard output failed, or doctor found something broken
  2    the command line, a position, a file, a folder or a setting cannot be used
  130  interrupted
  141  whoever read standard output went away, or nobody did

Bantam's folders are moved with BANTAM_CONFIG_HOME, BANTAM_STATE_HOME, BANTAM_CACHE_HOME,
BANTAM_DATA_HOME and BANTAM_RUNTIME_DIR; `bantam doctor` shows them.
"""


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all subcommands."""
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        del ctx
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"lsp_server.cli.{_MODULES[cmd_name]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; an unknown one is an error that lists the known ones."""
        if args[0] not in _MODULES and not args[0].startswith("-"):
            known = ", ".join(_MODULES)
            raise click.UsageError(f"there is no command {args[0]!r}; the commands are {known}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="bantam", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
def bantam(**options: Any) -> None:
    """Code completion by a small model that runs on your own machine."""
    # `--debug` is read by the border, which also catches what goes wrong before this runs.
    del options


def main() -> None:
    """Run the command line; the entry point of `bantam`."""
    if sys.getfilesystemencoding() != "utf-8":
        # Names of files are UTF-8 here, whatever the locale is; only a new interpreter reads the
        # command line anew.
        arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
        os.execv(sys.executable, arguments)  # noqa: S606 - it is this very command
    from lsp_server.cli.border import run

    sys.exit(run(bantam, sys.argv[1:]))
