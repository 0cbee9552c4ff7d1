"""How well a network fills in held-out lines, without an engine: a quick look while it is made.

`scripts/eval_embedded_model` asks the product itself; here every token is given those before it,
so one pass through the network answers for a whole line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from lsp_server.settings.schema import CompletionSettings

from .fim import Hole
from .holes import LineHole
from .languages import path_comment
from .layout import Layout, encode_hole
from .network import Network
from .scores import LineScore
from .tokenizer import Vocabulary

_WINDOWS = CompletionSettings()


def measure_lines(network: Network, holes: Sequence[LineHole], vocabulary: Vocabulary) -> LineScore:
    """Fill in each line after its indentation, suffix first."""
    num_exact, nats, num_chars = 0, 0.0, 0
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        for hole in holes:
            ids, num_wanted = _question(hole, network.shape.context_tokens, vocabulary)
            row = torch.tensor([ids], device=network.token_embd.weight.device)
            states = network.hidden(row[:, :-1])[0, -num_wanted:]
            logits = functional.linear(states, network.token_embd.weight).float()
            wanted = row[0, -num_wanted:]
            likeliest = logits.argmax(-1)
            is_right = bool((likeliest[:-1] == wanted[:-1]).all())
            num_exact += is_right and _is_end(int(likeliest[-1]), vocabulary)
            # The end is asked for, but costs no character.
            nats += functional.cross_entropy(logits[:-1], wanted[:-1], reduction="sum").item()
            num_chars += len(hole.expected)
    bits = nats / math.log(2) / num_chars
    return LineScore(num_exact / len(holes), bits, len(holes))


def _is_end(token: int, vocabulary: Vocabulary) -> bool:
    """Whether a line is complete before this token: a prompt does not say how long its hole is."""
    if token == vocabulary.markers.end_of_text:
        return True
    return vocabulary.decode([token]).startswith("\n")


def _question(hole: LineHole, context_tokens: int, vocabulary: Vocabulary) -> tuple[list[int], int]:
    """The sample's token ids, and how many at its end are asked for: line and end marker.

    Tokens that hold nothing but indentation are given; the first other one may begin with a blank.
    """
    prefix = hole.prefix[-_WINDOWS.prefix_chars :]
    if len(hole.prefix) > _WINDOWS.prefix_chars:
        prefix = prefix[prefix.find("\n") + 1 :]
    head = vocabulary.encode(path_comment(hole.path))
    middle = Hole(prefix, hole.indent + hole.expected, hole.suffix[: _WINDOWS.suffix_chars])
    ids = encode_hole(middle, Layout(), head, context_tokens, vocabulary)
    typed = vocabulary.encode(middle.middle)
    num_given = 0
    while len(vocabulary.decode(typed[: num_given + 1])) <= len(hole.indent):
        num_given += 1
    return ids, len(typed) - num_given + 1
