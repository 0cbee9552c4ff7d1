"""The stub of llama-server as a peer."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.peer.program import Peer

_STUB = Path(__file__).with_name("stub_llama_server.py")

STUB_PEER = Peer(
    "a stub",
    lambda model, options, port: [
        *(sys.executable, str(_STUB), str(model), str(options.context_tokens), str(port))
    ],
)
