"""The settings that the VS Code extension contributes: complete, fresh, closed to workspaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsp_server.settings.fields import setting_fields
from lsp_server.settings.schema import USER_ONLY
from scripts import generate_vscode_settings as script


@pytest.fixture
def manifest() -> dict[str, Any]:
    """The extension's own, as it is committed."""
    manifest: dict[str, Any] = json.loads(script.PACKAGE_JSON.read_text(encoding="utf-8"))
    return manifest


@pytest.fixture
def stale_package_json(tmp_path: Path, manifest: dict[str, Any]) -> Path:
    manifest["contributes"]["configuration"]["properties"] = {}
    path = tmp_path / "package.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return path


def test_the_committed_manifest_is_fresh(manifest: dict[str, Any]) -> None:
    assert script.with_settings(manifest) == manifest, "run scripts/generate_vscode_settings"


def test_every_setting_has_its_type_default_and_meaning() -> None:
    settings = script.vscode_settings()

    assert {f"bantam.{key}" for key in setting_fields()} | {"bantam.serverPath"} == settings.keys()
    max_tokens = settings["bantam.completion.max_tokens"]
    assert (max_tokens["type"], max_tokens["minimum"], max_tokens["maximum"]) == (
        "integer",
        1,
        1024,
    )
    assert settings["bantam.completion.popup"]["enum"] == ["auto", "off", "on"]
    assert all(setting["markdownDescription"] for setting in settings.values())
    assert all(
        settings[f"bantam.{key}"]["default"] == field.default
        for key, field in setting_fields().items()
    )


def test_no_workspace_can_set_what_is_the_user_s_own(manifest: dict[str, Any]) -> None:
    own = {f"bantam.{key}" for key in USER_ONLY} | {"bantam.serverPath"}
    settings = manifest["contributes"]["configuration"]["properties"]

    assert {key for key, setting in settings.items() if setting["scope"] == "machine"} == own
    trust = manifest["capabilities"]["untrustedWorkspaces"]
    assert set(trust["restrictedConfigurations"]) == own


def test_check_changes_nothing_and_fails_when_stale(stale_package_json: Path) -> None:
    before = stale_package_json.read_text(encoding="utf-8")

    assert script.main(["--check"], stale_package_json) == 1
    assert stale_package_json.read_text(encoding="utf-8") == before
    assert script.main([], stale_package_json) == 0
    assert script.main(["--check"], stale_package_json) == 0
