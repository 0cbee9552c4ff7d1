"""What the engine process inherits of the environment of the window that starts it: little.

The engine serves every window, so nothing that one window, its virtual environment or its
workspace has set may decide how it runs.
"""

from __future__ import annotations

import site
from collections.abc import Mapping
from pathlib import Path

import lsp_server
from lsp_server.directories import Directories
from lsp_server.engine.native_environment import native_environment

_NAMES = frozenset(
    {
        "HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "TMPDIR",
        "TZ",
        "USER",
    }
)
#: Locale and folders, then whatever the model library and its accelerators read.
_PREFIXES = (
    "LC_",
    "XDG_",
    "BANTAM_",
    "CUDA_",
    "GGML_",
    "GOMP_",
    "HIP_",
    "HSA_",
    "KMP_",
    "LLAMA_",
    "NVIDIA_",
    "OMP_",
    "ROCM_",
    "ROCR_",
    "VK_",
)


def child_environment(directories: Directories, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for an engine process.

    Args:
        directories: The engine uses the same ones.
        environ: The environment of this process.
    """
    inherited = {
        name: value
        for name, value in environ.items()
        if name in _NAMES or name.startswith(_PREFIXES)
    }
    return native_environment(
        {
            **inherited,
            **_import_path(),
            # Paths come from clients as text, whatever the locale is.
            "PYTHONUTF8": "1",
            "BANTAM_CONFIG_HOME": str(directories.config),
            "BANTAM_STATE_HOME": str(directories.state),
            "BANTAM_CACHE_HOME": str(directories.cache),
            "BANTAM_DATA_HOME": str(directories.data),
            "BANTAM_RUNTIME_DIR": str(directories.runtime),
        }
    )


def _import_path() -> dict[str, str]:
    """Return `PYTHONPATH` if the interpreter would not find this package by itself.

    It does when the package is installed.  It may not when an editor's extension brings the
    package along in a folder of its own.
    """
    root = Path(lsp_server.__file__).resolve().parents[1]
    installed = [*site.getsitepackages(), site.getusersitepackages()]
    if root in (Path(folder).resolve() for folder in installed):
        return {}
    return {"PYTHONPATH": str(root)}
