"""`scripts/make_synthetic_model`: write a small model with random weights."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.vocabulary import tiny_vocabulary, vocabulary_of
from scripts.synthetic_model.write import Shape, write_model


def main(arguments: list[str] | None = None) -> int:
    """Write the model and return the exit status."""
    options = _parse(arguments)
    architecture = ARCHITECTURES[options.architecture]
    layers = architecture.shape.num_layers if options.layers is None else options.layers
    if options.embedding % options.heads or options.heads % options.kv_heads:
        print(
            f"make_synthetic_model: error: --embedding {options.embedding} must be a multiple of "
            f"--heads {options.heads}, and that one of --kv-heads {options.kv_heads}",
            file=sys.stderr,
        )
        return 2
    shape = Shape(
        num_layers=layers,
        embedding_size=options.embedding,
        num_heads=options.heads,
        num_kv_heads=options.kv_heads,
        feed_forward_size=options.feed_forward,
        context_tokens=options.context,
    )
    vocabulary = vocabulary_of(options.vocabulary) if options.vocabulary else tiny_vocabulary()
    write_model(
        *(options.output, vocabulary, shape),
        architecture=architecture,
        seed=options.seed,
        name=options.output.stem,
    )
    print(f"{options.output}: {vocabulary.num_tokens} tokens, {shape}")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    default = Shape()
    parser = argparse.ArgumentParser(
        prog="scripts/make_synthetic_model",
        description="Write a GGUF with random weights, for tests.",
    )
    parser.add_argument("output", type=Path, help="the file to write")
    parser.add_argument(
        "--vocabulary",
        type=Path,
        help="GGUF whose vocabulary is taken; without it a tiny one with DeepSeek-Coder's markers",
    )
    parser.add_argument(
        "--architecture",
        choices=tuple(ARCHITECTURES),
        default="llama",
        help="what kind of model it is (default: llama)",
    )
    parser.add_argument("--layers", type=int, help="(default: what the architecture needs)")
    for option, value in [
        ("embedding", default.embedding_size),
        ("heads", default.num_heads),
        ("kv-heads", default.num_kv_heads),
        ("feed-forward", default.feed_forward_size),
        ("context", default.context_tokens),
    ]:
        parser.add_argument(f"--{option}", type=int, default=value, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    return parser.parse_args(arguments)
