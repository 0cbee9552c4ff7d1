"""The parts that make training fast compute what PyTorch's plain functions compute."""

# What needs the training packages is imported after asking for them.
# ruff: noqa: E402

from __future__ import annotations

from collections.abc import Iterator

import pytest

MISSING = "the training packages are not installed"
torch = pytest.importorskip("torch", reason=MISSING)
pytest.importorskip("tokenizers", reason=MISSING)

from torch import Tensor
from torch.nn import functional

from scripts.embedded_model.attention import causal_attention
from scripts.embedded_model.loss import sum_of_losses
from scripts.embedded_model.muon import Muon
from scripts.embedded_model.pack import IGNORED_LABEL

# Rounding to bfloat16 leaves 8 bits.
TOLERANCE = 0.01


@pytest.fixture(autouse=True)
def _uncompiled() -> Iterator[None]:
    with torch.compiler.set_stance("force_eager"):
        yield


def relative_error(found: Tensor, wanted: Tensor) -> float:
    difference = (found.detach().float() - wanted.detach()).norm()
    return float(difference / wanted.detach().norm())


@pytest.mark.parametrize("tokens", [1, 100, 256, 700])
def test_attention_and_its_gradients_are_those_of_full_precision(tokens: int) -> None:
    torch.manual_seed(tokens)
    full = [torch.randn(2, 3, tokens, 32).bfloat16().float() for _ in range(4)]
    *inputs, grad = full
    low = [tensor.bfloat16().requires_grad_() for tensor in inputs]
    high = [tensor.requires_grad_() for tensor in inputs]
    found = causal_attention(*low)
    wanted = functional.scaled_dot_product_attention(*high, is_causal=True)
    assert relative_error(found, wanted) < TOLERANCE
    found_grads = torch.autograd.grad(found, low, grad.bfloat16())
    wanted_grads = torch.autograd.grad(wanted, high, grad)
    # One token attends to itself alone, so nothing depends on its query and its key.
    compared = zip(found_grads, wanted_grads, strict=True) if tokens > 1 else ()
    assert all(relative_error(*pair) < TOLERANCE for pair in compared)


def test_loss_and_its_gradients_are_those_of_cross_entropy() -> None:
    torch.manual_seed(1)
    states = torch.randn(2_500, 32).bfloat16().float().requires_grad_()
    weight = (torch.randn(300, 32) / 8).bfloat16().float().requires_grad_()
    labels = torch.randint(0, 300, (2_500,))
    labels[::3] = IGNORED_LABEL
    found = sum_of_losses(states, weight, labels)
    wanted = functional.cross_entropy(
        states @ weight.t(), labels, ignore_index=IGNORED_LABEL, reduction="sum"
    )
    assert relative_error(found, wanted) < TOLERANCE
    found_grads = torch.autograd.grad(found, (states, weight))
    wanted_grads = torch.autograd.grad(wanted, (states, weight))
    for pair in zip(found_grads, wanted_grads, strict=True):
        assert relative_error(*pair) < TOLERANCE


def test_muon_steps_like_the_one_of_pytorch() -> None:
    torch.manual_seed(2)
    shapes = [(64, 64), (64, 64), (96, 64), (64, 96)]
    start = [torch.randn(shape) for shape in shapes]
    ours = [torch.nn.Parameter(matrix.clone()) for matrix in start]
    theirs = [torch.nn.Parameter(matrix.clone()) for matrix in start]
    optimizer = Muon(ours, lr=0.02, weight_decay=0.1)
    plain = torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        optimizer.step()
        plain.step()
    for mine, other, first in zip(ours, theirs, start, strict=True):
        assert relative_error(mine - first, (other - first).detach()) < TOLERANCE
