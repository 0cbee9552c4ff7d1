"""Write the settings of the VS Code extension, or check that they are fresh.

Usage: python scripts/generate_vscode_settings.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from lsp_server.settings.fields import SettingField, setting_fields

PACKAGE_JSON = Path(__file__).resolve().parents[1] / "editors/vscode/package.json"

#: The one setting that only the extension reads, so the server's schema does not have it.
_SERVER_PATH = {
    "type": "string",
    "default": "",
    "scope": "machine",
    "markdownDescription": "Absolute path of the program `bantam`; empty looks for it on PATH. "
    "Never one inside a workspace.",
}


def vscode_settings() -> dict[str, dict[str, Any]]:
    """Return what stands under `contributes.configuration.properties`."""
    return {
        "bantam.serverPath": _SERVER_PATH,
        **{f"bantam.{field.key}": _property(field) for field in setting_fields().values()},
    }


def with_settings(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the extension's manifest with fresh settings; the argument stays as it is."""
    fresh: dict[str, Any] = json.loads(json.dumps(manifest))
    settings = vscode_settings()
    fresh["contributes"]["configuration"]["properties"] = settings
    fresh["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = [
        key for key, setting in settings.items() if setting["scope"] == "machine"
    ]
    return fresh


def main(arguments: list[str], package_json: Path = PACKAGE_JSON) -> int:
    """Write or check the manifest; returns the exit status."""
    old = json.loads(package_json.read_text(encoding="utf-8"))
    new = with_settings(old)
    if new == old:
        return 0
    if "--check" in arguments:
        print(f"{package_json} is stale; run scripts/generate_vscode_settings", file=sys.stderr)
        return 1
    package_json.write_text(json.dumps(new, indent=2) + "\n", encoding="utf-8")
    return 0


def _property(field: SettingField) -> dict[str, Any]:
    schema = msgspec.json.schema(field.type)
    return {
        **{key: value for key, value in schema.items() if key != "description"},
        "default": field.default,
        # "machine" settings are the user's own: no workspace can set them.
        "scope": "machine" if field.is_user_only else "window",
        "markdownDescription": field.description,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
