"""What the compiler is told on processors with AMX, and that it then compiles what it should."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.set_up import processor
from scripts.set_up.processor import compiler_environment, compiler_repair

ROOT = Path(__file__).parents[2]
HEADER = ROOT / "scripts" / "set_up" / "amx_tiles.h"

#: All 64 bytes are stored before the instruction reads them, so none may be left out.
PROGRAM = """
#include <immintrin.h>
struct Tiles { unsigned char palette, start, none[14]; unsigned short columns[16];
               unsigned char rows[16]; };
void configure() {
    Tiles tiles = {};
    tiles.palette = 1;
    for (int i = 0; i < 8; ++i) { tiles.columns[i] = 64; tiles.rows[i] = 11; }
    _tile_loadconfig(&tiles);
}
"""


def with_features(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *features: str) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor : 0\nflags : {' '.join(features)}\n")
    monkeypatch.setattr(processor, "_CPU_INFO", info)


def test_other_processors_are_compiled_for_as_they_were(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_features(monkeypatch, tmp_path, "avx2", "avx512f")
    assert compiler_environment({"PATH": "/bin"}) == {"PATH": "/bin"}
    assert compiler_repair() == ""


def test_the_repair_comes_behind_the_user_s_flags(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_features(monkeypatch, tmp_path, "avx2", "amx_tile")
    assert compiler_environment({"CXXFLAGS": "-g"}) == {"CXXFLAGS": f"-g -include {HEADER}"}
    assert compiler_environment({}) == {"CXXFLAGS": f"-include {HEADER}"}


@pytest.mark.skipif(
    shutil.which("g++") is None or platform.machine() != "x86_64", reason="needs g++ for x86-64"
)
def test_no_byte_of_the_tiles_configuration_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "tiles.cpp"
    source.write_text(PROGRAM)
    compiled = subprocess.run(
        [
            *("g++", "-O3", "-mamx-tile", "-include", str(HEADER)),
            *("-S", "-o", "-", str(source)),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "ldtilecfg" in compiled
    # Eight rows of eleven: the eight bytes 0x0b of `rows`, in whatever way they are stored.
    assert str(0x0B0B0B0B0B0B0B0B) in compiled or compiled.count("$11,") >= 8


@pytest.mark.skipif(
    shutil.which("g++") is None or platform.machine() != "x86_64", reason="needs g++ for x86-64"
)
def test_a_repaired_library_is_known_by_a_name(tmp_path: Path) -> None:
    source, library = tmp_path / "tiles.cpp", tmp_path / "libtiles.so"
    source.write_text(PROGRAM)
    command = ["g++", "-O3", "-mamx-tile", "-include", str(HEADER), "-shared", "-fPIC"]
    subprocess.run([*command, "-o", str(library), str(source)], check=True)
    assert hasattr(ctypes.CDLL(str(library)), "bantam_amx_tiles")
