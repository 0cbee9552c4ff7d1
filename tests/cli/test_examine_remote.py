"""What `bantam doctor` says when a remote server answers."""

from __future__ import annotations

import pytest

from lsp_server.cli.examine_remote import examine_answering
from lsp_server.cli.findings import State
from lsp_server.settings.schema import RemoteSettings, Settings


def test_it_says_that_code_leaves_the_machine_and_where_to() -> None:
    remote = RemoteSettings(url="https://models.example/v1", fim_format="deepseek-coder")
    where, key, fim = examine_answering(Settings(remote=remote))
    assert where.state is State.WARNING
    assert "CODE LEAVES THIS MACHINE" in where.text
    assert "https://models.example/v1" in where.text
    assert (key.text, fim.state) == ("none is sent", State.OK)


def test_the_key_is_named_by_its_place_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS_KEY", "very-secret")
    remote = RemoteSettings(url="https://models.example/v1", key_variable="MODELS_KEY")
    findings = examine_answering(Settings(remote=remote))
    assert "MODELS_KEY" in findings[1].text
    assert not any("very-secret" in f"{one.text} {one.remedy}" for one in findings)


def test_plain_http_across_a_network_is_broken() -> None:
    remote = RemoteSettings(url="http://models.example/v1")
    assert examine_answering(Settings(remote=remote))[0].state is State.BROKEN
