"""The stages of making the model, each from parsed options; PyTorch is imported only where used.

`collect` needs the network, `train` time, `export` and `evaluate` a trained run, `card` all of it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from .config import write_config
from .options import config_from, training_command

_SHUFFLE_SEED = 11


def _collect(options: argparse.Namespace) -> None:
    from .collect import CollectLimits, collect
    from .packages import read_package_list

    sources = collect(
        read_package_list(options.packages), options.cache, CollectLimits(), options.corpus
    )
    for split in ("train", "held_out"):
        part = [source for source in sources if source.split == split]
        num_bytes = sum(source.num_bytes for source in part)
        print(f"{split}: {len(part)} projects, {num_bytes / 1e6:.1f} MB")


def _train(options: argparse.Namespace) -> None:
    # OpenMP's spinning makes a shared machine several times slower; read before PyTorch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from .collect import read_corpus
    from .tokenizer import read_vocabulary, train_vocabulary
    from .train import Trainer

    config = config_from(options)
    write_config(config, options.run / "config.json")
    train_files = read_corpus(options.corpus, "train")
    held_out_files = read_corpus(options.corpus, "held_out")
    Random(_SHUFFLE_SEED).shuffle(held_out_files)
    path = options.run / "tokenizer.json"
    if not path.exists():
        train_vocabulary((file.text for file in train_files), config.shape.vocab_size, path)
    trainer = Trainer(config, options.run)
    if trainer.try_resume():
        print(f"going on from step {trainer.position.step}")
    print(f"{config.shape.num_parameters / 1e6:.2f} M parameters on {trainer.device}")
    loss = trainer.run(train_files, held_out_files, read_vocabulary(path))
    print(f"held-out loss {loss.nats_per_token:.4f} nats/token, {loss.bits_per_byte:.4f} bits/byte")


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


def _evaluate(options: argparse.Namespace) -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from .checkpoint import read_checkpoint
    from .collect import read_corpus
    from .measure import evaluate_run, write_evaluation

    evaluation, results = evaluate_run(
        read_checkpoint(options.run),
        _model_path(options),
        read_corpus(options.corpus, "held_out"),
        options.holes,
        options.holes_seed,
        f"scripts/train_embedded_model evaluate --holes {options.holes}",
    )
    write_evaluation(evaluation, results, options.run)
    score, loss = evaluation.exact_match, evaluation.loss
    print(f"held-out loss {loss.nats_per_token:.4f} nats/token, {loss.bits_per_byte:.4f} bits/byte")
    print(
        f"exact match {score.share:.2%} ({score.num_exact} of {score.num_holes},"
        f" 95 % interval {score.low:.2%} to {score.high:.2%}), load {score.load_average:.1f}"
    )


def _card(options: argparse.Namespace) -> None:
    from .card import RunFacts, describe_hardware, write_card
    from .checkpoint import read_checkpoint
    from .collect import read_sources
    from .measure import read_evaluation
    from .plot import PLOT_NAME, write_loss_plot
    from .progress import read_log
    from .train import LOG_NAME, choose_device

    checkpoint = read_checkpoint(options.run)
    evaluation = read_evaluation(options.run)
    train = checkpoint.config.train
    facts = RunFacts(
        config=checkpoint.config,
        file_name=_model_path(options).name,
        num_steps=checkpoint.num_steps,
        num_tokens=checkpoint.num_tokens,
        seconds=checkpoint.seconds,
        hardware=describe_hardware(choose_device(train.device).type, os.cpu_count() or 1),
        training_command=training_command(checkpoint.config),
        evaluation_command=evaluation.command,
        loss=evaluation.loss,
        exact_match=evaluation.exact_match,
        holes_seed=evaluation.seed,
    )
    write_card(facts, read_sources(options.corpus), options.output)
    write_loss_plot(read_log(options.run / LOG_NAME), options.output / PLOT_NAME)


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    "collect": _collect,
    "train": _train,
    "export": _export,
    "evaluate": _evaluate,
    "card": _card,
}


def _model_path(options: argparse.Namespace) -> Path:
    return Path(options.output) / f"bantam-embedded-{options.matrix_type}.gguf"
