"""llama-cpp-python's own server, which loads weights as the engine does.

Where the library was built for AMX, its defaults end the process (docs/engine-facts.md, trap 13).
"""

from __future__ import annotations

from llama_cpp import llama_cpp
from llama_cpp.server.__main__ import main

from lsp_server.engine.runners.llama_library import may_repack_weights

_default_params = llama_cpp.llama_model_default_params


def _params() -> llama_cpp.llama_model_params:
    params = _default_params()
    params.use_extra_bufts = may_repack_weights()
    return params


if __name__ == "__main__":
    llama_cpp.llama_model_default_params = _params
    main()
