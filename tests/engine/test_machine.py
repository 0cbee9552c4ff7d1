from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from lsp_server.engine import machine
from lsp_server.engine.machine import (
    available_memory_bytes,
    load_per_core,
    num_physical_cores,
    num_usable_cores,
    processor_name,
)


@pytest.fixture
def cpu_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_CPU_FOLDER", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3}, raising=False)
    return tmp_path


def write_siblings(folder: Path, *siblings: str) -> None:
    for cpu, names in enumerate(siblings):
        path = folder / f"cpu{cpu}" / "topology" / "thread_siblings_list"
        path.parent.mkdir(parents=True)
        path.write_text(f"{names}\n")


def test_hyperthreads_are_one_core(cpu_folder: Path) -> None:
    write_siblings(cpu_folder, "0,2", "1,3", "0,2", "1,3")
    assert num_physical_cores() == 2


def test_cpus_of_unknown_topology_are_cores(cpu_folder: Path) -> None:
    assert num_physical_cores() == 4


def test_there_is_at_least_one_core_and_no_more_than_cpus() -> None:
    assert 1 <= num_physical_cores() <= (os.cpu_count() or 1)


def test_available_memory_is_below_what_is_installed() -> None:
    available = available_memory_bytes()
    assert available is None or 0 < available <= psutil.virtual_memory().total


def test_control_group_limits_what_is_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\n")
    monkeypatch.setattr(machine, "_CGROUP_FOLDER", tmp_path)
    monkeypatch.setattr(machine, "_linux_available_bytes", lambda: 10_000)
    assert available_memory_bytes() == 500


def test_control_group_without_a_limit_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(machine, "_CGROUP_FOLDER", tmp_path)
    monkeypatch.setattr(machine, "_linux_available_bytes", lambda: 10_000)
    assert available_memory_bytes() == 10_000


@pytest.mark.parametrize(
    ("limit", "num_cores"),
    [("max 100000", 4), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)],
)
def test_a_container_that_may_use_few_processors_has_few_cores(
    limit: str, num_cores: int, cpu_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cpu_folder / "cpu.max").write_text(f"{limit}\n")
    monkeypatch.setattr(machine, "_CGROUP_FOLDER", cpu_folder)
    assert num_usable_cores() == num_cores


def test_without_control_groups_all_cores_are_usable(
    cpu_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_CGROUP_FOLDER", cpu_folder)
    assert num_usable_cores() == 4


def test_processor_has_a_name_and_a_load() -> None:
    assert processor_name()
    assert load_per_core() >= 0.0
