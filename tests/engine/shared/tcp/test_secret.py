"""The file of the secret, and what is shown of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lsp_server.engine.shared.tcp.secret import Secret, load_or_create_secret, load_secret
from lsp_server.errors import ConfigError

TEXT = "0123456789abcdef" * 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "secret"


def written(path: Path, text: str = TEXT, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    return path


def test_a_new_secret_is_the_users_alone_and_is_kept(path: Path) -> None:
    os.umask(old := os.umask(0))
    try:
        os.umask(0)
        secret = load_or_create_secret(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="ascii").strip()
    assert len(text) == 64
    assert secret.matches(text)
    assert load_or_create_secret(path).matches(text)


def test_two_secrets_differ(path: Path, tmp_path: Path) -> None:
    load_or_create_secret(path)
    load_or_create_secret(tmp_path / "other")
    assert path.read_text(encoding="ascii") != (tmp_path / "other").read_text(encoding="ascii")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    written(path, mode=mode)
    with pytest.raises(ConfigError, match=f"{mode:04o}, not 0600; remove it") as caught:
        load_secret(path)
    assert TEXT not in str(caught.value)


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    written(tmp_path / "elsewhere")
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    for load in (load_secret, load_or_create_secret):
        with pytest.raises(ConfigError, match="symbolic link"):
            load(path)


def test_a_pipe_is_refused_and_not_waited_for(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigError, match="no regular file"):
        load_secret(path)


def test_a_file_of_somebody_else_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path)
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    with pytest.raises(ConfigError, match=f"user id {own}, not to you"):
        load_secret(path)


@pytest.mark.parametrize("text", ["", "short", "with blanks " * 9, "ü" * 50])
def test_what_is_no_secret_is_refused_and_not_shown(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="holds no secret of at least 32"):
        load_secret(path)


def test_no_file_is_an_error_that_says_what_makes_one(path: Path) -> None:
    with pytest.raises(ConfigError, match="bantam engine serve --tcp"):
        load_secret(path)


@pytest.mark.parametrize("token", ["", TEXT[:-1], TEXT + "0", TEXT.upper(), "ü", "\udcff"])
def test_only_the_secret_matches(token: str) -> None:
    assert Secret(TEXT).matches(TEXT)
    assert not Secret(TEXT).matches(token)


def test_it_is_not_shown() -> None:
    assert TEXT not in f"{Secret(TEXT)} {Secret(TEXT)!r} {[Secret(TEXT)]}"


def test_a_proof_depends_on_secret_nonce_and_port() -> None:
    proofs = {
        Secret(text).prove(nonce, port)
        for text in (TEXT, TEXT[::-1])
        for nonce in (b"1" * 16, b"2" * 16)
        for port in (1, 2)
    }
    assert len(proofs) == 8
    assert Secret(TEXT).prove(b"1" * 16, 1) == Secret(TEXT).prove(b"1" * 16, 1)
