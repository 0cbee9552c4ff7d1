"""Environment variables that have to stand before a native library is loaded."""

from __future__ import annotations

from collections.abc import Mapping


def native_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment with what the model library needs in it.

    What the user has set already stays.

    - `OMP_WAIT_POLICY=passive`: OpenMP's default is to spin while it waits; beside another busy
      process that makes steps several times slower (docs/architecture.md, "Measured").
    - `GGML_NO_BACKTRACE=1`: a failed assertion must not start a debugger.

    Args:
        environ: The environment to start from; it is not changed.
    """
    return {"OMP_WAIT_POLICY": "passive", "GGML_NO_BACKTRACE": "1", **environ}
