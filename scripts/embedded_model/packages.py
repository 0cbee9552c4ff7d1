"""Read the pinned package list, fetch packages and decide whether a licence is permissive.

Wheels only and without dependencies: nothing that was downloaded is ever run.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Literal

PACKAGE_LIST = Path(__file__).with_name("packages.toml")

# Wheels are chosen for this version, so that the result does not depend on who runs the script.
WHEEL_PYTHON_VERSION = "3.13"

_PERMISSIVE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|0BSD|HPND|Unlicense)\b",
    re.IGNORECASE,
)
_RESTRICTED = re.compile(
    r"\b(A?L?GPL\w*|GNU|Mozilla|MPL|EUPL|CDDL|Eclipse|EPL|proprietary|commercial)\b|GPL",
    re.IGNORECASE,
)
_LICENCE_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned distribution of PyPI or npm."""

    name: str
    version: str
    registry: Literal["pypi", "npm"] = "pypi"

    @property
    def requirement(self) -> str:
        """The form that pip takes: `name==version`."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class PackageList:
    """What is trained on and what is kept for measuring."""

    train: tuple[Package, ...]
    held_out: tuple[Package, ...]


class LicenceError(Exception):
    """A wheel does not state a permissive licence."""


def read_package_list(path: Path = PACKAGE_LIST) -> PackageList:
    """Read the list.

    Raises:
        ValueError: a project is both trained on and held out.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    train = _packages(tables["train"], "pypi") + _packages(tables.get("train_npm", {}), "npm")
    held_out = _packages(tables["held_out"], "pypi")
    both = {package.name for package in train} & {package.name for package in held_out}
    if both:
        raise ValueError(f"{path}: trained on and held out at once: {', '.join(sorted(both))}")
    return PackageList(train, held_out)


def _packages(versions: Mapping[str, str], registry: Literal["pypi", "npm"]) -> tuple[Package, ...]:
    return tuple(Package(name, versions[name], registry) for name in sorted(versions))


def download_wheel(package: Package, cache: Path) -> Path:
    """Fetch one wheel with pip, unless the cache has it; returns its path.

    Raises:
        subprocess.CalledProcessError: pip found no such wheel.
    """
    folder = cache / f"{package.name}-{package.version}"
    present = list(folder.glob("*.whl"))
    if present:
        return present[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:"]
    command += ["--python-version", WHEEL_PYTHON_VERSION, "--dest", str(folder)]
    subprocess.run([*command, package.requirement], check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def read_licence(wheel: Path) -> str:
    """The licence that the wheel's own metadata states, in one line; empty if it states none.

    `License-Expression` (PEP 639) is asked first, then the classifiers, then the free-text field.
    """
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    expression = headers.get("License-Expression", "").strip()
    if expression:
        return expression
    classifiers = [
        value.split("::")[-1].strip()
        for value in headers.get_all("Classifier", [])
        if value.startswith("License ::") and not value.endswith("OSI Approved")
    ]
    if classifiers:
        return "; ".join(classifiers)
    return " ".join(headers.get("License", "").split())[:_LICENCE_NAME_CHARS]


def is_permissive(licence: str) -> bool:
    """Whether a stated licence is one of the permissive ones and names no other kind."""
    return bool(_PERMISSIVE.search(licence)) and not _RESTRICTED.search(licence)


def check_licence(package: Package, licence: str) -> str:
    """The stated licence of a package, if it is permissive.

    Raises:
        LicenceError: it is missing or not permissive; take the package off the list.
    """
    if not is_permissive(licence):
        raise LicenceError(f"{package.requirement}: licence {licence!r} is not permissive")
    return licence
