"""Main of the engine process: `python -m lsp_server.engine.shared.serve`.

Imports little at first: a detached engine forks before there is anything to lose by it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engine and return the exit status.

    Args:
        arguments: Of the command line; the default is the process's own.
    """
    options = _parser().parse_args(arguments)
    if options.detach is None:
        from lsp_server.engine.shared.boot import serve

        return serve(tcp=options.tcp, is_lasting=options.lasting)
    _leave_the_starter()
    from lsp_server.engine.shared.boot import serve_detached

    return serve_detached(*options.detach)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lsp_server.engine.shared.serve",
        description="Run the shared engine, in the foreground unless it is told otherwise.",
    )
    parser.add_argument(
        "--detach",
        nargs=2,
        type=int,
        metavar=("READY_PIPE", "START_LOCK"),
        help="leave the starter; when clients can connect, say so in the pipe with this file "
        "descriptor, and close it and the lock",
    )
    parser.add_argument("--tcp", metavar="HOST:PORT", help="listen at a loopback address, too")
    parser.add_argument("--lasting", action="store_true", help="go on when nobody uses it")
    parser.add_argument(
        "--runtime", metavar="FOLDER", help="of no effect: says in lists of processes which it is"
    )
    return parser


def _leave_the_starter() -> None:
    """Go on in a child of the system's first process.

    A session of its own, which the starter has given it, is not enough: editors end a language
    server with all its descendants (vscode-languageclient, `terminateProcess.sh`).
    """
    if os.fork():
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
