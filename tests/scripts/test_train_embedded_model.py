"""The whole way on a handful of files: collect, train in pieces, export, and measure."""

# What needs the training packages is imported after asking for them.
# ruff: noqa: E402

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training packages are not installed")
torch.set_num_threads(1)
pytest.importorskip("llama_cpp", reason="the engine is not installed")

from scripts.embedded_model.cli import main as train_main
from scripts.embedded_model.config import ModelShape, RunConfig, TrainConfig, write_config
from scripts.embedded_model.evaluation.cli import main as eval_main
from scripts.embedded_model.evaluation.results import RESULTS_NAME, read_results

SHAPE = ModelShape(
    vocab_size=512,
    context_tokens=512,
    num_layers=2,
    width=96,
    feed_forward_width=64,
    num_heads=3,
    num_kv_heads=3,
)
TRAIN = TrainConfig(
    minutes=0.06,
    piece_minutes=0.04,
    batch_tokens=512,
    micro_batch_tokens=256,
    row_tokens=128,
    medium_row_tokens=256,
    packers=1,
    compile=False,
)
CONFIG = RunConfig(shape=SHAPE, train=TRAIN)


def function(name: str) -> str:
    return (
        f"def {name}(first, second):\n    total_{name} = first + second * {len(name)}\n"
        f"    print('{name}', total_{name})\n    return total_{name}\n\n\n"
    )


def add_wheel(cache: Path, name: str, words: str) -> None:
    folder = cache / f"{name}-1"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/a.py", "".join(map(function, words.split())))
        archive.writestr("x.dist-info/METADATA", "License-Expression: MIT\n\n")


def test_from_nothing_to_a_measured_model(tmp_path: Path) -> None:
    add_wheel(tmp_path / "wheels", "learned", "add append apply allow answer arrange ask attach")
    add_wheel(tmp_path / "wheels", "kept", "begin bind blink bring build burn buy blend")
    packages = tmp_path / "packages.toml"
    packages.write_text('[train]\nlearned = "1"\n[held_out]\nkept = "1"\n', encoding="utf-8")
    library = tmp_path / "library"
    library.mkdir()
    text = Path(__file__).read_text(encoding="utf-8")
    library.joinpath("module.py").write_text(text, encoding="utf-8")
    write_config(CONFIG, tmp_path / "tiny.json")
    run = tmp_path / "run"
    shared = ["--packages", packages, "--cache", tmp_path / "wheels", "--output", tmp_path]
    shared += ["--corpus", tmp_path / "corpus.jsonl"]
    words = [str(word) for word in [*shared, "--run", run, "--standard-library", library]]
    words += ["--config", str(tmp_path / "tiny.json")]
    assert train_main(["collect", *words]) == 0
    assert train_main(["train", *words]) == 0
    first = json.loads((run / "log.jsonl").read_text().splitlines()[-1])["step"]
    assert train_main(["train", *words]) == 0, "the second piece goes on"
    assert json.loads((run / "log.jsonl").read_text().splitlines()[-1])["step"] > first
    assert (run / "stable.pt").exists()
    assert train_main(["export", *words]) == 0
    assert train_main(["formats", *words]) == 0
    table = (run / "formats.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in table for name in ("f16", "q8_0", "q4_0", "q4_k"))
    options = [str(word) for word in [*shared, "--answers", tmp_path / "answers"]]
    model = ["--model", str(tmp_path / "bantam-embedded-q8_0.gguf"), "--threads", "1"]
    assert eval_main([*options, *model, "--layouts", "1"]) == 0
    assert read_results(tmp_path / RESULTS_NAME)["embedded"].loss is not None
    assert train_main(["card", *words]) == 0
    card = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "kept 1" in card
