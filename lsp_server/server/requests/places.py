"""Positions and ranges of the protocol in the arguments of our own commands."""

from __future__ import annotations

from typing import Annotated

import msgspec
from lsprotocol import types

_Unsigned = Annotated[int, msgspec.Meta(ge=0)]


class Place(msgspec.Struct, frozen=True):
    """A position of the protocol."""

    line: _Unsigned
    character: _Unsigned

    @property
    def position(self) -> types.Position:
        """The same as the protocol's library has it."""
        return types.Position(self.line, self.character)


class Range(msgspec.Struct, frozen=True):
    """A range of the protocol."""

    start: Place
    end: Place
