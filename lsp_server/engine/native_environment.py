"""Environment variables that have to stand before a native library is loaded."""

from __future__ import annotations

from collections.abc import Mapping

#: About a tenth of a millisecond; measured in docs/engine-facts.md.
_SPIN_COUNT = "3000"


def native_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment with what the model library needs in it.

    What the user has set already stays.

    - `OMP_WAIT_POLICY=passive`: OpenMP's default is to spin for milliseconds while it waits; beside
      another busy process that makes steps several times slower (docs/architecture.md,
      "Measured").
    - `GOMP_SPINCOUNT`: but to sleep at once makes them slower on a quiet machine, because threads
      wait for each other for some microseconds many times a step.  GNU's OpenMP reads it.
    - `GGML_NO_BACKTRACE=1`: a failed assertion must not start a debugger.

    Args:
        environ: The environment to start from; it is not changed.
    """
    is_users = "OMP_WAIT_POLICY" in environ
    waiting = {} if is_users else {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": _SPIN_COUNT}
    return {**waiting, "GGML_NO_BACKTRACE": "1", **environ}
