"""Draw a run's loss over its tokens as a small SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .progress import LogEntry

PLOT_NAME = "loss.svg"

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 48
_MAX_POINTS = 160
_NUM_TICKS = 5


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
    low, high = min(losses), max(losses)
    most = entries[-1].num_tokens / 1e6

    def place(tokens: float, loss: float) -> tuple[float, float]:
        x = _MARGIN + tokens / most * (_WIDTH - 2 * _MARGIN)
        y = _MARGIN + (high - loss) / max(high - low, 1e-9) * (_HEIGHT - 2 * _MARGIN)
        return round(x, 1), round(y, 1)

    line = " ".join(f"{x},{y}" for x, y in (place(*point) for point in trained))
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="3" fill="#c33"/>\n'
        for x, y in (place(*point) for point in held_out)
    )
    ticks = "".join(_ticks(low, high, most))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="11">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
        f'<text x="{_MARGIN}" y="20">Loss in nats a token: training (line),'
        " held-out sample (dots)</text>\n"
        f'{ticks}<polyline points="{line}" fill="none" stroke="#369" stroke-width="1.5"/>\n'
        f"{dots}</svg>\n"
    )


def _averaged(entries: Sequence[LogEntry]) -> list[tuple[float, float]]:
    """Million tokens and mean loss of runs of steps, few enough to draw."""
    size = max(1, -(-len(entries) // _MAX_POINTS))
    return [
        (group[-1].num_tokens / 1e6, sum(entry.loss for entry in group) / len(group))
        for group in (entries[start : start + size] for start in range(0, len(entries), size))
    ]


def _ticks(low: float, high: float, most: float) -> list[str]:
    """Numbers along both axes."""
    labels = []
    for idx in range(_NUM_TICKS):
        share = idx / (_NUM_TICKS - 1)
        x = _MARGIN + share * (_WIDTH - 2 * _MARGIN)
        y = _MARGIN + (1 - share) * (_HEIGHT - 2 * _MARGIN)
        loss, tokens = low + share * (high - low), share * most
        labels += [
            f'<text x="8" y="{y:.0f}">{loss:.2f}</text>\n',
            f'<text x="{x:.0f}" y="{_HEIGHT - 16}" text-anchor="middle">{tokens:.1f} M</text>\n',
        ]
    return labels
