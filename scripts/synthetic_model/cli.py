"""`scripts/make_synthetic_model`: write a model with random weights."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.make import preset_vocabulary
from scripts.synthetic_model.presets import PRESETS
from scripts.synthetic_model.quantisation import Quantisation
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.vocabulary import VocabularyData, tiny_vocabulary, vocabulary_of
from scripts.synthetic_model.write import write_model
from scripts.vocabularies.fetch import FetchFailed

_SIZES = {
    "layers": "num_layers",
    "embedding": "embedding_size",
    "heads": "num_heads",
    "kv-heads": "num_kv_heads",
    "feed-forward": "feed_forward_size",
    "context": "context_tokens",
}


def main(arguments: list[str] | None = None) -> int:
    """Write the model and return the exit status."""
    options = _parse(arguments)
    shape = _shape(options)
    if problem := _problem(shape):
        print(f"make_synthetic_model: error: {problem}", file=sys.stderr)
        return 2
    try:
        vocabulary = _vocabulary(options)
        _write(options, vocabulary, shape)
    except (FetchFailed, OSError) as error:
        print(f"make_synthetic_model: error: {error}", file=sys.stderr)
        return 1
    size_mb = options.output.stat().st_size / 1e6
    print(f"{options.output}: {size_mb:,.1f} MB, {vocabulary.num_tokens} tokens, {shape}")
    return 0


def _architecture(options: argparse.Namespace) -> str:
    return PRESETS[options.model].architecture if options.model else options.architecture


def _shape(options: argparse.Namespace) -> Shape:
    base = PRESETS[options.model].shape if options.model else None
    given = {field: getattr(options, field) for field in _SIZES.values()}
    return replace(
        base or ARCHITECTURES[options.architecture].shape,
        **{field: value for field, value in given.items() if value is not None},
    )


def _problem(shape: Shape) -> str | None:
    """Return what is wrong with a shape."""
    is_split = shape.own_head_size is None and shape.embedding_size % shape.num_heads
    if is_split or shape.num_heads % shape.num_kv_heads:
        return (
            f"--embedding {shape.embedding_size} must be a multiple of --heads {shape.num_heads}, "
            f"and that one of --kv-heads {shape.num_kv_heads}"
        )
    return None


def _vocabulary(options: argparse.Namespace) -> VocabularyData:
    if options.vocabulary:
        return vocabulary_of(options.vocabulary)
    return preset_vocabulary(PRESETS[options.model]) if options.model else tiny_vocabulary()


def _write(options: argparse.Namespace, vocabulary: VocabularyData, shape: Shape) -> None:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(options.output.name, total=1.0)
        write_model(
            *(options.output, vocabulary, shape),
            architecture=ARCHITECTURES[_architecture(options)],
            seed=options.seed,
            quantisation=Quantisation[options.quantisation],
            sharpness=options.sharpness,
            name=options.output.stem,
            on_progress=lambda share: progress.update(task, completed=share),
        )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/make_synthetic_model",
        description="Write a GGUF with random weights, for tests and measurements.",
    )
    parser.add_argument("output", type=Path, help="the file to write")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--model",
        choices=tuple(PRESETS),
        help="a model whose architecture, shape and vocabulary are taken",
    )
    kind.add_argument(
        "--architecture",
        choices=tuple(ARCHITECTURES),
        default="llama",
        help="what kind of small model it is, without --model (default: %(default)s)",
    )
    parser.add_argument(
        "--vocabulary",
        type=Path,
        help="GGUF whose vocabulary is taken; without it that of --model, or a tiny one with "
        "DeepSeek-Coder's markers",
    )
    parser.add_argument(
        "--quantisation",
        choices=tuple(one.name for one in Quantisation),
        default=Quantisation.F32.name,
        help="what weights are stored as (default: %(default)s)",
    )
    for option, field in _SIZES.items():
        parser.add_argument(f"--{option}", type=int, dest=field, help="(default: the model's)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    parser.add_argument(
        "--sharpness",
        type=float,
        default=1.0,
        help="how strongly attention prefers some tokens; from 3 on, answers depend on single "
        "ones (default: 1)",
    )
    return parser.parse_args(arguments)
