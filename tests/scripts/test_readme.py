"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from lsp_server.cli.main import bantam

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_SECTION = re.compile(r"\]\(#([^)]+)\)")
_SCRIPT = re.compile(r"(?<!tests/)`?(scripts/\w+)\b")
_COMMAND = re.compile(r"\bbantam (\w+)(?: (\w+))?")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    links = [link for link in _LINK.findall(document.read_text("utf-8")) if "://" not in link]
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_every_section_that_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    assert set(_SECTION.findall(text)) <= anchors


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_script_that_is_named_is_there(document: Path) -> None:
    names = set(_SCRIPT.findall(document.read_text("utf-8")))
    assert sorted(name for name in names if not any(ROOT.glob(f"{name}*"))) == []


def test_every_command_of_the_readme_is_one() -> None:
    code = "\n".join(
        re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    )
    context = click.Context(bantam)
    for name, inner in _COMMAND.findall(code):
        command = bantam.get_command(context, name)
        assert command is not None, f"bantam {name}"
        if isinstance(command, click.Group):
            assert inner in command.list_commands(context), f"bantam {name} {inner}"
