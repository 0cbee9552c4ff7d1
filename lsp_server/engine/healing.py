"""Token healing: answers that must begin with text that is typed already.

A word that is half typed would be cut into tokens that the model has hardly seen.  So the
prompt ends before it, and the first tokens are chosen only among those that spell it: tokens
that begin with what is left of it, or that what is left of it begins with.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from lsp_server.engine.api import MarkerRole
from lsp_server.engine.runners.base import Vocabulary
from lsp_server.engine.sampling import TokenIds
from lsp_server.errors import BadRequestError

#: Above every byte string that begins with `x`, if it is appended to `x`: no token is longer.
_ABOVE_ALL = b"\xff" * 64


class TokenSpelling:
    """The tokens of a vocabulary, sorted by their bytes; built once for each model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Sort all tokens that have bytes, except those that carry a meaning of their own."""
        special = set(vocabulary.end_tokens)
        special.update(
            token
            for token in (vocabulary.bos_token, *map(vocabulary.marker_token, MarkerRole))
            if token is not None
        )
        spelled = (
            (data, token)
            for token in range(vocabulary.size)
            if token not in special and (data := vocabulary.token_bytes(token))
        )
        table = sorted(spelled)
        self._bytes = [data for data, _ in table]
        self._tokens = np.array([token for _, token in table], dtype=np.int32)

    def tokens_towards(self, rest: bytes) -> TokenIds:
        """Return the tokens that spell `rest` or a beginning of it, or go on after it.

        Args:
            rest: The bytes that are still to be spelled; not empty.

        Returns:
            Token ids in ascending order.
        """
        start = bisect_left(self._bytes, rest)
        end = bisect_left(self._bytes, rest + _ABOVE_ALL, lo=start)
        runs = [self._tokens[start:end]]
        for length in range(1, len(rest)):
            first = bisect_left(self._bytes, rest[:length])
            last = first
            while last < len(self._bytes) and self._bytes[last] == rest[:length]:
                last += 1
            runs.append(self._tokens[first:last])
        return np.sort(np.concatenate(runs))


class ForcedPrefix:
    """What is left of the forced bytes of one alternative."""

    def __init__(self, forced: bytes, spelling: TokenSpelling) -> None:
        """Start with all of them.

        Args:
            forced: The bytes that the answer must begin with.
            spelling: The vocabulary's tokens by their bytes.
        """
        self._rest = forced
        self._spelling = spelling

    def allowed_tokens(self) -> TokenIds | None:
        """Return the tokens that may come next, ascending, or `None` for all of them.

        Raises:
            BadRequestError: No token of the vocabulary spells what is left.
        """
        if not self._rest:
            return None
        allowed = self._spelling.tokens_towards(self._rest)
        if len(allowed) == 0:
            raise BadRequestError(
                f"the model has no token for the byte 0x{self._rest[0]:02x} of the forced prefix; "
                "send this text in the prompt instead"
            )
        return allowed

    def take(self, data: bytes) -> None:
        """Take off what a chosen token spelled."""
        self._rest = self._rest[len(data) :]
