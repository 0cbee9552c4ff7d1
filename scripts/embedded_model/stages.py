"""The stages of making the model, each from parsed options; PyTorch is imported only where used.

`collect` needs the network, `train` time, `export` a trained run, and
`card` also what `scripts/eval_embedded_model` measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .config import CHECKPOINT_NAME, CONFIG_NAME, LOG_NAME, TOKENIZER_NAME, write_config
from .options import config_from, training_command

if TYPE_CHECKING:
    from .collect import SourceFile
    from .tokenizer import Vocabulary

_SHUFFLE_SEED = 11
_FORMAT_FILES = 40
_VOCABULARY_CHARS = 24_000_000


def _collect(options: argparse.Namespace) -> None:
    from .collect import CollectLimits, collect
    from .packages import read_package_list

    sources = collect(
        read_package_list(options.packages),
        options.cache,
        CollectLimits(),
        options.corpus,
        options.standard_library,
    )
    for split in ("train", "held_out"):
        part = [source for source in sources if source.split == split]
        num_bytes = sum(source.num_bytes for source in part)
        print(f"{split}: {len(part)} projects, {num_bytes / 1e6:.1f} MB")


def _train(options: argparse.Namespace) -> None:
    if options.after:
        _require(options.after, CONFIG_NAME, TOKENIZER_NAME, CHECKPOINT_NAME, LOG_NAME)
    _prepare_processor()
    from .train import Trainer

    config = config_from(options)
    write_config(config, options.run / CONFIG_NAME)
    train_files, held_out_files = _read_files(options)
    tokenizer = options.run / TOKENIZER_NAME
    if options.after and not tokenizer.exists():
        shutil.copyfile(options.after / TOKENIZER_NAME, tokenizer)
    vocabulary = _vocabulary(tokenizer, config.shape.vocab_size, train_files)
    trainer = Trainer(config, options.run)
    if trainer.try_resume():
        print(f"going on from step {trainer.position.step}")
    elif options.after:
        trainer.begin_after(options.after)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: trainer.stop())
    print(f"{config.shape.num_parameters / 1e6:.2f} M parameters on {trainer.device}")
    loss = trainer.run(train_files, held_out_files, vocabulary)
    if loss is None:
        minutes = trainer.position.seconds / 60
        print(f"stopped after {minutes:.1f} minutes, {trainer.progress:.0%} of it; run it again")
        return
    print(f"held-out loss {loss.nats_per_token:.4f} nats/token, {loss.bits_per_byte:.4f} bits/byte")


def _require(run: Path, *names: str) -> None:
    """End the command with a sentence where a folder is not one of a run."""
    missing = [name for name in names if not (run / name).is_file()]
    if missing:
        raise SystemExit(
            f"{run} is not the folder of a run that was trained: it has no {', '.join(missing)}; "
            "give --after the folder that an earlier `train` had as --run"
        )


def _ablate(options: argparse.Namespace) -> None:
    _prepare_processor()
    from .ablations import VARIANTS, outcome_table, read_outcomes, write_outcomes
    from .run_ablations import run_variants

    outcomes = read_outcomes()
    known = {one.name for one in outcomes if one.num_tokens >= options.ablation_tokens}
    missing = [one for one in VARIANTS if one.name not in known]
    train_files, held_out_files = _read_files(options)

    def vocabulary_of(num_tokens: int) -> Vocabulary:
        path = options.run / f"tokenizer-{num_tokens}.json"
        return _vocabulary(path, num_tokens, train_files)

    base, folder = config_from(options), options.run / "ablations"
    for outcome in run_variants(
        *(missing, base, options.ablation_tokens, folder),
        *(train_files, held_out_files, vocabulary_of),
    ):
        outcomes = [one for one in outcomes if one.name != outcome.name] + [outcome]
        write_outcomes(outcomes)
    print(outcome_table(outcomes), end="")


def _prepare_processor() -> None:
    """Set what has to be set before PyTorch is imported."""
    from .memory import keep_freed_memory

    # OpenMP's spinning makes a shared machine several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    keep_freed_memory()


def _read_files(options: argparse.Namespace) -> tuple[list[SourceFile], list[SourceFile]]:
    """What is trained on and, in an order by chance, what is held out."""
    from .collect import read_corpus

    held_out_files = read_corpus(options.corpus, "held_out")
    Random(_SHUFFLE_SEED).shuffle(held_out_files)
    return read_corpus(options.corpus, "train"), held_out_files


def _vocabulary(path: Path, num_tokens: int, files: Sequence[SourceFile]) -> Vocabulary:
    """The vocabulary at a path, learnt from the files if it is not there yet."""
    from .tokenizer import read_vocabulary, train_vocabulary

    if path.exists():
        return read_vocabulary(path)
    return train_vocabulary(_vocabulary_texts(files), num_tokens, path)


def _vocabulary_texts(files: Sequence[SourceFile]) -> Iterator[str]:
    """Texts of randomly chosen files, enough to learn a vocabulary from."""
    chosen = Random(_SHUFFLE_SEED).sample(list(files), len(files))
    num_chars = 0
    for file in chosen:
        if num_chars >= _VOCABULARY_CHARS:
            return
        num_chars += len(file.text)
        yield file.text


def _export(options: argparse.Namespace) -> None:
    from .checkpoint import read_checkpoint
    from .export_gguf import MatrixType, export_gguf
    from .vocabulary_cases import write_cases

    checkpoint = read_checkpoint(options.run)
    model = _model_path(options)
    model.parent.mkdir(parents=True, exist_ok=True)
    matrix_type = MatrixType(options.matrix_type)
    shape, vocabulary = checkpoint.config.shape, checkpoint.vocabulary
    export_gguf(checkpoint.weights, shape, vocabulary, matrix_type, model)
    print(f"{model}: {model.stat().st_size / 1e6:.2f} MB")
    if options.vocabulary_cases:
        write_cases(vocabulary, options.vocabulary_cases)


def _formats(options: argparse.Namespace) -> None:
    from .checkpoint import read_checkpoint
    from .collect import read_corpus
    from .export_gguf import MatrixType, export_gguf
    from .quantize import check_formats, format_table

    checkpoint = read_checkpoint(options.run)
    f16 = options.run / "bantam-embedded-f16.gguf"
    shape, vocabulary = checkpoint.config.shape, checkpoint.vocabulary
    export_gguf(checkpoint.weights, shape, vocabulary, MatrixType.F16, f16)
    files = read_corpus(options.corpus, "held_out")
    Random(_SHUFFLE_SEED).shuffle(files)
    results = check_formats(f16, options.run, files[:_FORMAT_FILES], os.cpu_count() or 1)
    table = format_table(results)
    (options.run / "formats.md").write_text(table, encoding="utf-8")
    print(table, end="")


def _card(options: argparse.Namespace) -> None:
    from .card import RunFacts, describe_hardware, write_card
    from .checkpoint import read_checkpoint
    from .collect import read_sources
    from .evaluation.results import RESULTS_NAME, read_results
    from .plot import PLOT_NAME, write_loss_plot
    from .progress import read_log
    from .train import choose_device

    checkpoint = read_checkpoint(options.run)
    results = read_results(options.output / RESULTS_NAME)
    if options.label not in results:
        raise SystemExit(
            f"{options.output / RESULTS_NAME} has no results named {options.label!r}; run "
            f"scripts/eval_embedded_model --label {options.label} first"
        )
    train = checkpoint.config.train
    facts = RunFacts(
        config=checkpoint.config,
        file_name=_model_path(options).name,
        num_steps=checkpoint.num_steps,
        num_tokens=checkpoint.num_tokens,
        seconds=checkpoint.seconds,
        hardware=describe_hardware(choose_device(train.device).type, os.cpu_count() or 1),
        training_command=training_command(checkpoint.config),
        results=results[options.label],
        others=tuple(one for label, one in results.items() if label != options.label),
    )
    write_card(facts, read_sources(options.corpus), options.output)
    write_loss_plot(read_log(options.run / LOG_NAME), options.output / PLOT_NAME)


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    "collect": _collect,
    "train": _train,
    "ablate": _ablate,
    "export": _export,
    "formats": _formats,
    "card": _card,
}


def _model_path(options: argparse.Namespace) -> Path:
    return Path(options.output) / f"bantam-embedded-{options.matrix_type}.gguf"
