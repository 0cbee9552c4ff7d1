"""Draw a run's loss over its tokens as a small SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scripts.plots.axis import even_axis
from scripts.plots.picture import Picture

from .progress import LogEntry

PLOT_NAME = "loss.svg"

_MAX_POINTS = 160


def write_loss_plot(entries: Sequence[LogEntry], path: Path) -> None:
    """Draw training loss (line, averaged over neighbouring steps) and held-out loss (dots)."""
    path.write_text(loss_plot(entries), encoding="utf-8")


def loss_plot(entries: Sequence[LogEntry]) -> str:
    """The picture as SVG text; losses in nats a token, tokens in millions."""
    trained = _averaged(entries)
    held_out = [
        (entry.num_tokens / 1e6, entry.held_out_loss)
        for entry in entries
        if entry.held_out_loss is not None
    ]
    losses = [loss for _, loss in [*trained, *held_out]]
    picture = Picture(
        "Loss in nats a token: training (line), held-out sample (dots)",
        even_axis(0.0, entries[-1].num_tokens / 1e6, lambda tokens: f"{tokens:.1f} M"),
        even_axis(min(losses), max(losses), lambda loss: f"{loss:.2f}"),
    )
    picture.line(trained, "#369")
    for tokens, loss in held_out:
        picture.dot(tokens, loss, "#c33")
    return picture.svg()


def _averaged(entries: Sequence[LogEntry]) -> list[tuple[float, float]]:
    """Million tokens and mean loss of runs of steps, few enough to draw."""
    size = max(1, -(-len(entries) // _MAX_POINTS))
    return [
        (group[-1].num_tokens / 1e6, sum(entry.loss for entry in group) / len(group))
        for group in (entries[start : start + size] for start in range(0, len(entries), size))
    ]
