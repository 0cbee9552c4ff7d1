"""Which of two installations wins."""

from __future__ import annotations

import itertools

import pytest

from lsp_server.engine.api import PROTOCOL_VERSION
from lsp_server.engine.shared.wire.versions import Agreement, Versions, agree, own_versions
from lsp_server.version import __version__


def versions(package: str = "1.0", protocol: int = 1, build: str = "0.3.36") -> Versions:
    return Versions(protocol_version=protocol, package_version=package, llama_cpp_build=build)


def test_own_versions_name_this_installation() -> None:
    own = own_versions(7)
    assert (own.protocol_version, own.package_version) == (PROTOCOL_VERSION, __version__)
    assert own.llama_cpp_build
    assert own.pid == 7


@pytest.mark.parametrize(
    ("client", "engine", "expected"),
    [
        (versions(), versions(), Agreement.USE),
        (versions("1.1"), versions("1.0"), Agreement.REPLACE),
        (versions("1.0"), versions("1.1"), Agreement.USE),
        (versions("1.10"), versions("1.9"), Agreement.REPLACE),
        (versions("1.0"), versions("1.0.0"), Agreement.USE),
        (versions("1.0"), versions("1.0rc1"), Agreement.REPLACE),
        (versions("1.0rc1"), versions("1.0"), Agreement.USE),
        (versions("1.0a2"), versions("1.0a1"), Agreement.REPLACE),
        (versions("1.0.post1"), versions("1.0"), Agreement.REPLACE),
        (versions("1.0"), versions("1.0.dev3"), Agreement.REPLACE),
        (versions("1.0"), versions("what is this"), Agreement.REPLACE),
        (versions(build="0.3.37"), versions(build="0.3.36"), Agreement.REPLACE),
        (versions(build="0.3.36"), versions(build="0.3.37"), Agreement.USE),
        (versions(build=""), versions(build="0.3.37"), Agreement.USE),
        (versions(protocol=2), versions(protocol=1), Agreement.REPLACE),
        (versions(protocol=1), versions(protocol=2), Agreement.REFUSE),
        (versions("2.0", protocol=1), versions("1.0", protocol=2), Agreement.REFUSE),
    ],
)
def test_the_newer_installation_wins(
    client: Versions, engine: Versions, expected: Agreement
) -> None:
    assert agree(client, engine) is expected


def test_two_clients_never_replace_each_others_engines_in_turns() -> None:
    packages = ["0.9", "1.0.dev1", "1.0a1", "1.0", "1.0.post1", "1.1", "nonsense", ""]
    all_versions = [
        versions(package, protocol, build)
        for package, protocol, build in itertools.product(packages, [1, 2], ["", "0.3.1", "0.4"])
    ]
    for one, other in itertools.product(all_versions, repeat=2):
        agreements = (agree(one, other), agree(other, one))
        assert agreements.count(Agreement.REPLACE) <= 1
