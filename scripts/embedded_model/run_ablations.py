"""Train each variant of a configuration for a while and measure it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .ablations import Outcome, Variant
from .collect import SourceFile
from .config import CONFIG_NAME, RunConfig, read_config, write_config
from .holes import choose_holes
from .measure_copying import measure_copying
from .measure_lines import measure_lines
from .tokenizer import Vocabulary
from .train import Trainer

_NUM_LINES = 300
_NUM_COPIED_FILES = 40
_SEED = 5

#: Reads or makes the vocabulary of so many tokens.
GetVocabulary = Callable[[int], Vocabulary]


def run_variants(
    variants: Sequence[Variant],
    base: RunConfig,
    num_tokens: int,
    folder: Path,
    train_files: Sequence[SourceFile],
    held_out_files: Sequence[SourceFile],
    get_vocabulary: GetVocabulary,
) -> Iterator[Outcome]:
    """Train and measure one variant after the other, each in a folder of its own.

    A run that was interrupted goes on when the same variant is asked for again.

    Raises:
        ValueError: A variant's folder holds a run with other settings.
    """
    for variant in variants:
        config = variant.of(base, num_tokens)
        run = folder / variant.name.replace(" ", "-")
        run.mkdir(parents=True, exist_ok=True)
        kept = run / CONFIG_NAME
        if kept.exists() and read_config(kept) != config:
            raise ValueError(f"{run} holds a run with other settings; remove it or change --run")
        write_config(config, kept)
        vocabulary = get_vocabulary(config.shape.vocab_size)
        trainer = Trainer(config, run)
        trainer.try_resume()
        loss = trainer.run(train_files, held_out_files, vocabulary)
        assert loss is not None, "nobody stops a variant's run"
        network, position = trainer.network, trainer.position
        lines = measure_lines(network, choose_holes(held_out_files, _NUM_LINES, _SEED), vocabulary)
        copied = measure_copying(network, held_out_files[:_NUM_COPIED_FILES], vocabulary)
        yield Outcome(
            name=variant.name,
            num_parameters=config.shape.num_parameters,
            num_tokens=position.num_tokens,
            tokens_per_second=round(position.num_tokens / position.seconds, 1),
            bits_per_byte=round(loss.bits_per_byte, 4),
            line_bits_per_char=round(lines.bits_per_char, 4),
            line_exact=round(lines.exact, 4),
            once=round(copied.once, 3),
            twice=round(copied.twice, 3),
        )
