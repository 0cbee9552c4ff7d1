"""A network that copies before it has learnt anything."""

# What needs the training packages is imported after asking for them.
# ruff: noqa: E402

from __future__ import annotations

import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="the training packages are not installed")
torch.set_num_threads(1)

from torch.nn import functional

from scripts.embedded_model.config import ModelShape
from scripts.embedded_model.network import Network
from scripts.embedded_model.wiring import wire_copying

SHAPE = ModelShape(vocab_size=512, context_tokens=256)


def test_repeated_tokens_are_expected_and_new_ones_are_not() -> None:
    torch.manual_seed(1)
    network = Network(SHAPE)
    wire_copying(network)
    tokens = torch.randint(0, SHAPE.vocab_size, (4, 60))
    row = torch.cat((tokens, tokens), dim=1)
    with torch.no_grad():
        logits = network(row[:, :-1]).transpose(1, 2)
    losses = functional.cross_entropy(logits, row[:, 1:], reduction="none")
    new, repeated = losses[:, :59].mean(), losses[:, 64:].mean()
    assert repeated < new - 1.0


def test_too_small_a_network_is_refused() -> None:
    with pytest.raises(ValueError, match="copying needs"):
        wire_copying(Network(dataclasses.replace(SHAPE, num_layers=1)))
