"""What the model library on this machine is and can do, printed as JSON for `bantam doctor`.

Run as a program (`python -m lsp_server.engine.library_facts`) and never imported by a client:
loading a native library can end the process.
"""

from __future__ import annotations

import sys

import llama_cpp
import msgspec


def main() -> None:
    """Print one JSON object: see `cli.library_probe.LibraryFacts`."""
    facts = {
        "binding_version": llama_cpp.__version__,
        "library_version": llama_cpp.llama_version().decode(),
        "system_info": llama_cpp.llama_print_system_info().decode(),
        "has_gpu_offload": bool(llama_cpp.llama_supports_gpu_offload()),
    }
    sys.stdout.write(msgspec.json.encode(facts).decode())


if __name__ == "__main__":
    main()
