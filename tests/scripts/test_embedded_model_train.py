"""A run of moments: it learns, saves, and goes on from where it was."""

# What needs the training packages is imported after asking for them.
# ruff: noqa: E402

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

MISSING = "the training packages are not installed"
torch = pytest.importorskip("torch", reason=MISSING)
torch.set_num_threads(1)
pytest.importorskip("tokenizers", reason=MISSING)

from scripts.embedded_model.ablations import Variant
from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.config import LOG_NAME, ModelShape, RunConfig, TrainConfig
from scripts.embedded_model.progress import read_log
from scripts.embedded_model.run_ablations import run_variants
from scripts.embedded_model.tokenizer import Vocabulary, train_vocabulary
from scripts.embedded_model.train import Trainer

TEXT = Path(__file__).read_text(encoding="utf-8")
FILES = [SourceFile("train", "p", "m.py", TEXT)]
SHAPE = ModelShape(
    vocab_size=320,
    context_tokens=256,
    num_layers=1,
    width=32,
    feed_forward_width=64,
    num_heads=2,
    num_kv_heads=1,
)


def make_trainer(folder: Path, num_steps: int, max_tokens: int = 0) -> tuple[Trainer, Vocabulary]:
    """A trainer whose clock moves by one second a step."""
    train = TrainConfig(
        minutes=num_steps / 60,
        max_tokens=max_tokens,
        batch_tokens=512,
        micro_batch_tokens=256,
        row_tokens=128,
        medium_row_tokens=128,
        compile=False,
    )
    vocabulary = train_vocabulary(iter([TEXT]), SHAPE.vocab_size, folder / "tokenizer.json")
    config = RunConfig(shape=SHAPE, train=train)
    return Trainer(config, folder, clock=count(0.0, 1.0).__next__), vocabulary


def test_a_run_learns_and_another_goes_on_from_it(tmp_path: Path) -> None:
    trainer, vocabulary = make_trainer(tmp_path, num_steps=30)
    trainer.run(FILES, FILES, vocabulary)
    first = read_log(tmp_path / LOG_NAME)
    assert first[-1].loss < first[0].loss - 0.5

    longer, _ = make_trainer(tmp_path, num_steps=35)
    assert longer.try_resume()
    assert longer.position == trainer.position
    longer.run(FILES, FILES, vocabulary)
    steps = [entry.step for entry in read_log(tmp_path / LOG_NAME)]
    assert steps == list(range(1, 36))


def test_a_run_after_another_has_its_whole_budget_and_counts_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    first, vocabulary = make_trainer(tmp_path / "first", num_steps=20)
    first.run(FILES, FILES, vocabulary)

    second, _ = make_trainer(tmp_path / "second", num_steps=10)
    second.begin_after(tmp_path / "first")
    assert second.progress == 0.0
    capsys.readouterr()
    second.run(FILES, FILES, vocabulary)
    log = read_log(tmp_path / "second" / LOG_NAME)
    assert [entry.step for entry in log] == list(range(1, 31))
    shown = capsys.readouterr().err
    assert "10%  step 21 " in shown
    assert " 512 tokens/s  0.1 min left" in shown
    assert log[20].loss < log[0].loss - 0.3, "it begins with what the first one learnt"

    again, _ = make_trainer(tmp_path / "second", num_steps=20)
    assert again.try_resume()
    assert again.progress == pytest.approx(0.5)


def test_a_run_by_tokens_ends_by_them(tmp_path: Path) -> None:
    trainer, vocabulary = make_trainer(tmp_path, num_steps=1, max_tokens=4 * 512)
    assert trainer.run(FILES, FILES, vocabulary) is not None
    assert trainer.position.step == 4


def test_variants_are_trained_and_measured(tmp_path: Path) -> None:
    trainer, vocabulary = make_trainer(tmp_path, num_steps=1)
    variants = (Variant("as it is", {}), Variant("narrow", {"shape": {"feed_forward_width": 32}}))
    wide, narrow = run_variants(
        variants, trainer.config, 2 * 512, tmp_path, FILES, FILES, lambda _size: vocabulary
    )
    assert wide.num_tokens == narrow.num_tokens == 2 * 512
    assert wide.num_parameters - narrow.num_parameters == 3 * 32 * SHAPE.width
    assert wide.bits_per_byte > 1.0
    assert wide.once > 1.0


def test_a_variant_does_not_go_on_from_other_settings(tmp_path: Path) -> None:
    trainer, vocabulary = make_trainer(tmp_path, num_steps=1)
    variants = (Variant("as it is", {}),)

    def run(num_tokens: int) -> None:
        files = (FILES, FILES, lambda _size: vocabulary)
        list(run_variants(variants, trainer.config, num_tokens, tmp_path, *files))

    run(512)
    with pytest.raises(ValueError, match="other settings; remove it"):
        run(1024)


def test_a_new_folder_has_nothing_to_resume(tmp_path: Path) -> None:
    trainer, _ = make_trainer(tmp_path, num_steps=1)
    assert not trainer.try_resume()
