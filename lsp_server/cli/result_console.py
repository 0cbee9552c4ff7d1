"""The console that results are printed on with colours and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def result_console(**options: Any) -> Console:
    """Return a console on standard output whose faults end at the border of the command.

    Args:
        options: Of rich's `Console`.
    """
    from rich.console import Console

    class ResultConsole(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the border, which ends quietly; rich ends the process itself."""
            raise BrokenPipeError

    return ResultConsole(highlight=False, **options)
