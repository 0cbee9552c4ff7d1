"""Whether a network copies: the loss of held-out source that is said twice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from .collect import SourceFile
from .network import Network
from .scores import CopyingLoss
from .tokenizer import Vocabulary

_SAID_TOKENS = 400
#: The first tokens have little before them to be found by.
_LEFT_OUT_TOKENS = 20


def measure_copying(
    network: Network, files: Sequence[SourceFile], vocabulary: Vocabulary
) -> CopyingLoss:
    """The loss of the first tokens of each file, and of the same tokens right after them.

    Raises:
        ValueError: No file is long enough.
    """
    said_tokens = min(_SAID_TOKENS, (network.shape.context_tokens - 1) // 2)
    once: list[float] = []
    twice: list[float] = []
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        for file in files:
            said = vocabulary.encode(file.text)[:said_tokens]
            if len(said) < said_tokens:
                continue
            ids = [vocabulary.markers.begin_of_text, *said, *said]
            row = torch.tensor([ids], device=network.token_embd.weight.device)
            logits = network(row[:, :-1]).float()[0]
            losses = functional.cross_entropy(logits, row[0, 1:], reduction="none")
            first, second = losses.view(2, said_tokens)[:, _LEFT_OUT_TOKENS:].mean(1).tolist()
            once.append(first)
            twice.append(second)
    if not once:
        raise ValueError(f"no file has {said_tokens} tokens; give longer ones")
    return CopyingLoss(sum(once) / len(once), sum(twice) / len(twice))
