"""Which packages may be trained on, and how their licences are read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from scripts.embedded_model.packages import (
    LicenceError,
    Package,
    check_licence,
    is_permissive,
    read_licence,
    read_package_list,
)


def make_wheel(folder: Path, metadata: str) -> Path:
    path = folder / "some-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some-1.0.dist-info/METADATA", metadata)
    return path


def test_the_list_holds_out_whole_projects() -> None:
    packages = read_package_list()
    held_out = {package.name for package in packages.held_out}
    assert {"httpx", "rich", "pygls"} <= held_out
    assert held_out.isdisjoint(package.name for package in packages.train)


def test_a_project_on_both_sides_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "packages.toml"
    path.write_text('[train]\nflask = "1"\n[held_out]\nflask = "1"\n')
    with pytest.raises(ValueError, match="flask"):
        read_package_list(path)


@pytest.mark.parametrize(
    "licence",
    ["MIT", "BSD-3-Clause", "Apache-2.0", "MIT License", "ISC License (ISCL)", "PSF-2.0",
     "Python Software Foundation License", "Apache-2.0 OR BSD-3-Clause"],
)  # fmt: skip
def test_permissive_licences_are_taken(licence: str) -> None:
    assert is_permissive(licence)


@pytest.mark.parametrize(
    "licence",
    ["", "UNKNOWN", "GPL-3.0", "LGPLv3", "AGPL-3.0-only", "MPL-2.0 AND MIT",
     "Apache-2.0 OR GPL-2.0-or-later", "GNU General Public License v3", "Proprietary"],
)  # fmt: skip
def test_other_licences_are_refused(licence: str) -> None:
    assert not is_permissive(licence)


def test_the_expression_goes_before_classifiers(tmp_path: Path) -> None:
    metadata = "License-Expression: MIT\nClassifier: License :: OSI Approved :: BSD License\n\n"
    assert read_licence(make_wheel(tmp_path, metadata)) == "MIT"


def test_classifiers_go_before_the_free_text(tmp_path: Path) -> None:
    metadata = "License: see LICENSE\nClassifier: License :: OSI Approved :: BSD License\n\n"
    assert read_licence(make_wheel(tmp_path, metadata)) == "BSD License"


def test_a_wheel_without_a_licence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LicenceError, match="some"):
        wheel = make_wheel(tmp_path, "Name: some\n\n")
        check_licence(Package("some", "1.0"), read_licence(wheel))
