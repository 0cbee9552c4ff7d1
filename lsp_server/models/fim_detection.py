"""Which fill-in-the-middle format a model file has, from its own vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lsp_server.models.fim_formats import MarkerRole


@dataclass(frozen=True, slots=True)
class FimFinding:
    """What was found out about a model file.

    Attributes:
        format_id: A key of `FIM_FORMATS`, or `None`: the model cannot infill.
        reason: A sentence for people that says why.
        marker_tokens: Token id per role; empty without a format.
        stop_tokens: Ids of the family's stop texts and markers; empty without a format.
    """

    format_id: str | None
    reason: str
    marker_tokens: Mapping[MarkerRole, int]
    stop_tokens: frozenset[int]
