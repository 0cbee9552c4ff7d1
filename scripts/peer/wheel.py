"""The llama-server inside the `xllamacpp` wheel: for machines where none can be built.

It is of another llama.cpp than ours, built with other flags; whoever shows its figures says so.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from scripts.peer.options import BATCH_TOKENS, CACHE_REUSE, PeerOptions
from scripts.set_up.install import cache_folder, clean_environment
from scripts.set_up.progress import Reporter, StepFailed, run_step

VERSION = "2026.10.11549"
#: Its server takes llama-server's own options.
_SERVE = """
import json, signal, sys
sys.path.insert(0, sys.argv[1])
import xllamacpp
model, port, values = sys.argv[2:]
params = xllamacpp.CommonParams()
params.model.path = model
params.hostnames = ["127.0.0.1"]
params.port = int(port)
values = json.loads(values)
if (threads := values.pop("n_threads")) is not None:
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
for name, value in values.items():
    setattr(params, name, value)
server = xllamacpp.Server(params)
signal.pause()
"""


class WheelMissing(Exception):
    """The wheel could not be installed; the message has pip's last lines."""


def ensure_wheel(reporter: Reporter) -> Path:
    """Return the folder that the wheel is installed in; installs it once.

    Raises:
        WheelMissing: pip could not install it.
    """
    cache = cache_folder(os.environ)
    folder = cache / "peer" / f"xllamacpp-{VERSION}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".wheel-") as aside:
        target = Path(aside, "target")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
        try:
            run_step(
                f"Installing xllamacpp {VERSION}",
                [*pip, "--no-deps", "--target", str(target), f"xllamacpp=={VERSION}"],
                reporter,
                log_file=cache / "logs" / "xllamacpp.log",
                environment=clean_environment(os.environ),
            )
        except StepFailed as error:
            raise WheelMissing(str(error)) from error
        target.rename(folder)
    return folder


def wheel_command(folder: Path, model: Path, options: PeerOptions, port: int) -> list[str]:
    """Return the command that serves a model."""
    values: dict[str, int | bool | None] = {
        "n_ctx": options.context_tokens,
        "n_batch": BATCH_TOKENS,
        "n_ubatch": BATCH_TOKENS,
        "n_cache_reuse": CACHE_REUSE,
        "n_threads": options.num_threads,
    }
    if options.num_slots is not None:
        values |= {"n_parallel": options.num_slots, "kv_unified": True}
    settings = json.dumps(values)
    return [sys.executable, "-c", _SERVE, str(folder), str(model), str(port), settings]
