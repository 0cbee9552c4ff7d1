"""Languages that may be trained on: by the end of a file's name, and how their comments begin."""

from __future__ import annotations

from pathlib import PurePosixPath

_LANGUAGES = {
    ".py": "python",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
    ".mts": "typescript",
    ".js": "javascript",
    ".jsx": "javascriptreact",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".c": "c",
    ".h": "c",
    ".cpp": "cpp",
    ".hpp": "cpp",
}


def language_of(path: str) -> str | None:
    """The LSP name of a file's language, or None if it is not trained on."""
    return _LANGUAGES.get(PurePosixPath(path).suffix)


def path_comment(path: str) -> str:
    """The line that tells a file's path, as the server writes it."""
    mark = "#" if language_of(path) == "python" else "//"
    return f"{mark} {path}\n"
