"""JavaScript and TypeScript: relative modules to files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lsp_server.context.languages.resolver import BaseResolver, Files

_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")

#: TypeScript imports are written with the ending of the file that will be compiled from them.
_SOURCES_OF = {
    ".js": (".ts", ".tsx", ".d.ts"),
    ".jsx": (".tsx",),
    ".mjs": (".mts",),
    ".cjs": (".cts",),
}


class Resolver(BaseResolver):
    """Follows `./` and `../`; packages stay outside the workspace."""

    def module_files(
        self,
        module: str,
        name: str | None,  # noqa: ARG002
        importer: Path,
        files: Files,
    ) -> tuple[Path, ...]:
        """Return the one file of a module."""
        if not module.startswith("."):
            return ()
        base = os.path.normpath(importer.parent / module)
        candidates = (Path(path) for path in _candidates(base))
        return tuple([path for path in candidates if files.is_file(path)][:1])


def _candidates(base: str) -> Iterator[str]:
    stem, ending = os.path.splitext(base)  # noqa: PTH122 - text, many times per keystroke
    if ending in _ENDINGS:
        yield base
    for source in _SOURCES_OF.get(ending, ()):
        yield stem + source
    for one in _ENDINGS:
        yield base + one
    for one in _ENDINGS:
        yield f"{base}/index{one}"
