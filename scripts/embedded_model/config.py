"""Every choice of a run in one place: the network's sizes, the data mix, the schedule."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: Names within a run's folder.
CONFIG_NAME = "config.json"
TOKENIZER_NAME = "tokenizer.json"
CHECKPOINT_NAME = "checkpoint.pt"
STABLE_NAME = "stable.pt"
LOG_NAME = "log.jsonl"


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a llama-architecture network.

    Widths are multiples of 32, since a Q8_0 block holds 32 weights of one row.
    """

    vocab_size: int = 8192
    context_tokens: int = 4096
    num_layers: int = 6
    width: int = 256
    feed_forward_width: int = 704
    num_heads: int = 4
    num_kv_heads: int = 4
    rope_base: float = 200_000.0
    norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if self.width % self.num_heads or self.num_heads % self.num_kv_heads:
            raise ValueError(f"{self}: heads must divide the width, and KV heads the heads")
        if self.width % 32 or self.feed_forward_width % 32:
            raise ValueError(f"{self}: widths must be multiples of 32, the size of a Q8_0 block")

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.num_heads

    @property
    def num_parameters(self) -> int:
        """Weights in all, the embedding counted once because the output layer shares it."""
        attention = 2 * self.width * (self.width + self.num_kv_heads * self.head_width)
        layer = attention + 3 * self.width * self.feed_forward_width + 2 * self.width
        return self.vocab_size * self.width + self.num_layers * layer + self.width


@dataclass(frozen=True, slots=True)
class FimConfig:
    """How a window of source becomes prefix, suffix and middle, and in which order they stand.

    The five weights say how often the middle is: a whole line from its start (what the server's
    anchored layout asks for), a few lines from a line start, the rest of a line, the rest of a
    line and some more, and any run of characters.

    Most holes are written suffix first, so that the middle goes on where the prefix ends; a
    `psm_share` of them in prefix, suffix, middle order, of which `anchored_share` have what was
    typed since an earlier line start behind the middle marker.  `split_share` of the middles are
    tokenised apart from what stands before them, as where typing stops inside a word.
    """

    rate: float = 0.85
    line_weight: float = 0.5
    lines_weight: float = 0.15
    rest_of_line_weight: float = 0.2
    rest_of_lines_weight: float = 0.05
    characters_weight: float = 0.1
    max_lines: int = 8
    max_chars: int = 300
    empty_suffix_rate: float = 0.1
    path_comment_rate: float = 0.5
    psm_share: float = 0.1
    anchored_share: float = 0.85
    split_share: float = 0.2
    cross_file_rate: float = 0.3
    cross_file_min_tokens: int = 1024


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training run.

    `minutes` is wall-clock time of training itself, pauses between resumed runs not counted; the
    learning rate follows it: warm-up, stable, then linear decay to zero.  `max_tokens`, unless 0,
    takes the place of time, so that runs can be compared whatever else the machine does.

    Rows are short at first; in the last `long_row_share` of the time a `long_row_rate` of the steps
    have rows of the whole context, the others of `medium_row_tokens`.  At a `skip_rate` the
    positions of short rows jump, so that far distances are known before long rows come.

    After `piece_minutes`, unless 0, a run saves itself and ends, to be resumed where a command may
    not take longer.  `packers` are processes that prepare rows, for a GPU.
    """

    minutes: float = 60.0
    max_tokens: int = 0
    piece_minutes: float = 0.0
    warmup_share: float = 0.02
    decay_share: float = 0.75
    batch_tokens: int = 4096
    micro_batch_tokens: int = 4096
    row_tokens: int = 1024
    medium_row_tokens: int = 2048
    long_row_share: float = 0.3
    long_row_rate: float = 0.25
    skip_rate: float = 0.1
    muon_rate: float = 0.008
    embedding_rate: float = 0.06
    norm_rate: float = 0.002
    weight_decay: float = 0.05
    packers: int = 0
    seed: int = 7
    checkpoint_seconds: float = 300.0
    device: str = "auto"
    compile: bool = True


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that makes a run what it is; kept in its folder.

    `earlier_commands` made the run whose weights this one began with, the first one first.
    """

    shape: ModelShape = field(default_factory=ModelShape)
    fim: FimConfig = field(default_factory=FimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    earlier_commands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        longest = max(self.train.row_tokens, self.train.medium_row_tokens)
        if longest > self.shape.context_tokens:
            raise ValueError(
                f"rows of {longest} tokens are longer than the context of "
                f"{self.shape.context_tokens}; lower row_tokens and medium_row_tokens"
            )


def write_config(config: RunConfig, path: Path) -> None:
    """Keep a run's choices as JSON."""
    path.write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")


def read_config(path: Path) -> RunConfig:
    """Read what `write_config` wrote."""
    parts = json.loads(path.read_text(encoding="utf-8"))
    return RunConfig(
        ModelShape(**parts["shape"]),
        FimConfig(**parts["fim"]),
        TrainConfig(**parts["train"]),
        tuple(parts.get("earlier_commands", ())),
    )
