from __future__ import annotations

from lsp_server.engine.native_environment import native_environment


def test_library_waits_passively_and_starts_no_debugger() -> None:
    environment = native_environment({"PATH": "/bin"})
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert environment["GGML_NO_BACKTRACE"] == "1"
    assert environment["PATH"] == "/bin"


def test_what_the_user_has_set_stays() -> None:
    assert native_environment({"OMP_WAIT_POLICY": "active"})["OMP_WAIT_POLICY"] == "active"
