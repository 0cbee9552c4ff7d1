"""What may stand where the engine listens, and what is removed at its end."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lsp_server.engine.shared.listener import Listener
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.errors import EngineStartError


@pytest.fixture
def path(folder: RuntimeFolder) -> Path:
    return folder.socket


def can_connect(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as peer:
        return peer.connect_ex(str(path)) == 0


def test_only_the_user_may_connect(path: Path) -> None:
    listener = Listener(path)
    assert can_connect(path)
    assert path.stat().st_mode & 0o777 == 0o600
    listener.close()


def test_a_stale_socket_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert not can_connect(path)
    listener = Listener(path)
    assert can_connect(path)
    listener.close()


def test_a_plain_file_is_replaced(path: Path) -> None:
    path.write_text("not a socket")
    listener = Listener(path)
    assert can_connect(path)
    listener.close()


def test_a_folder_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(EngineStartError, match=f"cannot listen at {path}.*remove"):
        Listener(path)


def test_closing_removes_the_socket_also_twice(path: Path) -> None:
    listener = Listener(path)
    listener.close()
    listener.close()
    assert not path.exists()


def test_closing_leaves_the_socket_of_another_engine(path: Path) -> None:
    first = Listener(path)
    second = Listener(path)
    assert not first.is_reachable
    first.close()
    assert second.is_reachable
    assert can_connect(path)
    second.close()
