"""Loss on held-out projects, left to right, each file from its start."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from .collect import SourceFile
from .network import Network
from .pack import held_out_rows
from .scores import HeldOutLoss
from .tokenizer import Vocabulary

_MAX_ROW_TOKENS = 1024


def measure_held_out_loss(
    network: Network, files: Sequence[SourceFile], vocabulary: Vocabulary
) -> HeldOutLoss:
    """The loss of the first 1,023 tokens of each file, or of one context, in full precision."""
    token_bytes = vocabulary.num_bytes()
    row_tokens = min(_MAX_ROW_TOKENS, network.shape.context_tokens)
    device = network.token_embd.weight.device
    nats, num_tokens, num_bytes = 0.0, 0, 0
    # Every row has a length of its own, and compiling for each would take longer than measuring.
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        for ids in held_out_rows(files, vocabulary, row_tokens):
            row = torch.tensor([ids], device=device)
            logits = network(row[:, :-1]).float()[0]
            nats += functional.cross_entropy(logits, row[0, 1:], reduction="sum").item()
            num_tokens += len(ids) - 1
            num_bytes += sum(token_bytes[token] for token in ids[1:])
    return HeldOutLoss(nats / num_tokens, nats / math.log(2) / num_bytes, num_tokens, num_bytes)
