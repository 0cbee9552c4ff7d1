"""The file of `bantam act`: read once, with the lines that are meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.actions.syntax_errors import syntax_errors
from lsp_server.actions.values import ActionQuery, Diagnostic
from lsp_server.cli.document import absolute, decode, language_of, read_file, shown_path
from lsp_server.cli.lines import FileLines
from lsp_server.cli.location import LineIndex
from lsp_server.completion.query import Project
from lsp_server.context.project import project_roots


@dataclass(frozen=True, slots=True)
class ActDocument:
    """A file and what is asked of it.

    Attributes:
        path: Where it stands, absolute.
        name: What messages call it.
        data: What it holds.
        query: The place, with what is wrong there.
    """

    path: Path
    name: str
    data: bytes
    query: ActionQuery


def read_act_document(lines: FileLines, language: str | None, words: str) -> ActDocument:
    """Read a file.

    Args:
        lines: The file, and which of its lines are meant.
        language: LSP's language id; otherwise the file's ending says.
        words: What the person says of them.

    Raises:
        UsageError: The file is missing, too large, no text, or has no such lines.
    """
    path = absolute(Path(lines.file))
    data = read_file(Path(lines.file))
    text = decode(data, lines.file)
    start, end = lines.span(LineIndex(text))
    query = ActionQuery(
        uri=path.as_uri(),
        path=shown_path(path),
        language=language or language_of(path),
        text=text,
        start=start,
        end=end,
        instruction=words,
        project=Project(path, project_roots(path)),
    )
    said = (Diagnostic(start, end, words),) if words else syntax_errors(query)
    return ActDocument(path, lines.file, data, replace(query, diagnostics=said))
