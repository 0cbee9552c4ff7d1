"""`bantam context`, called as the command line does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lsp_server.cli.main import bantam

PROJECT = Path(__file__).parents[1] / "context/fixtures/python"
APP = "from shop import Store\n\n\ndef sell(store: Store) -> None:\n    store.\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(PROJECT, root)
    (root / ".git").mkdir()
    (root / "bin").mkdir()
    path = root / "bin/app.py"
    path.write_text(APP, encoding="utf-8")
    return path


def run(*args: str) -> Result:
    return CliRunner().invoke(bantam, ["context", *args], catch_exceptions=False)


def test_json_has_the_blocks_and_what_enters_the_prompt(app: Path) -> None:
    result = run("--json", "--budget", "400", f"{app}:5:11")
    values = json.loads(result.output)
    assert set(values) == {"blocks", "prompt", "ms"}
    assert set(values["blocks"][-1]) == {
        "path", "start_line", "end_line", "kind", "score", "tokens", "text",
    }  # fmt: skip
    assert values["blocks"][-1]["path"] == "shop/store.py"
    assert "async def price_of(self, name: str) -> Money:" in values["blocks"][-1]["text"]
    assert all(block["text"] in values["prompt"] for block in values["blocks"])


def test_text_is_what_enters_the_prompt(app: Path) -> None:
    result = run(f"{app}:5:11")
    assert result.output.startswith("# shop/base.py\nclass Base:\n")


def test_budget_limits_the_blocks(app: Path) -> None:
    values = json.loads(run("--json", "--budget", "30", f"{app}:5:11").output)
    assert sum(block["tokens"] for block in values["blocks"]) <= 30


def test_position_outside_of_the_file_is_refused(app: Path) -> None:
    from lsp_server.errors import UsageError

    with pytest.raises(UsageError, match="no line 99"):
        run(f"{app}:99:1")
