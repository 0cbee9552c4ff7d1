"""From the bytes of tokens to the text of an answer, and where that text has to stop.

Characters may be made of several tokens, and a stop text may begin in one token and end in
another: what could still become part of either is held back and never leaks.
"""

from __future__ import annotations

import codecs

from lsp_server.engine.api import StopRules, TokenText


class AnswerText:
    """The text of one alternative, fed token by token.

    Attributes:
        is_stopped: Whether a stop rule was met; nothing may be added afterwards.
    """

    def __init__(self, stop: StopRules, forced: bytes = b"") -> None:
        """Start an empty text.

        Args:
            stop: Where the text ends.
            forced: Bytes at the start that the tokens repeat and that are not given out.
        """
        self.is_stopped = False
        self._stop_texts = tuple(text for text in stop.texts if text)
        self._lines_left = stop.max_lines
        self._num_forced_bytes = len(forced)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held: list[TokenText] = []

    def add(self, data: bytes, logprob: float | None = None) -> tuple[TokenText, ...]:
        """Take the bytes of the next token and return the tokens whose text is final.

        A token that lies wholly in the forced bytes is not part of the answer.  Bytes that are
        not UTF-8 become U+FFFD.
        """
        if self._num_forced_bytes:
            num_cut = min(self._num_forced_bytes, len(data))
            self._num_forced_bytes -= num_cut
            data = data[num_cut:]
            if not data:
                return ()
        self._held.append(TokenText(text=self._decoder.decode(data), logprob=logprob))
        text = "".join(token.text for token in self._held)
        end = self._find_stop(text)
        if end is not None:
            self.is_stopped = True
            return self._release_until(end)
        return self._release(len(text) - self._num_held_chars(text))

    def finish(self) -> tuple[TokenText, ...]:
        """Return what was held back: no stop text can follow any more.

        A character that was begun and not completed is left out.
        """
        released = tuple(self._held)
        self._held.clear()
        return () if self.is_stopped else released

    def _find_stop(self, text: str) -> int | None:
        ends = [text.find(stop) for stop in self._stop_texts]
        ends.append(self._find_last_line_end(text))
        return min((end for end in ends if end >= 0), default=None)

    def _find_last_line_end(self, text: str) -> int:
        """Return where the last allowed line ends in the held text, or -1."""
        if self._lines_left is None:
            return -1
        newline = -1
        for _ in range(self._lines_left):
            newline = text.find("\n", newline + 1)
            if newline < 0:
                return -1
        return newline - 1 if text[newline - 1 : newline] == "\r" else newline

    def _num_held_chars(self, text: str) -> int:
        """Return how many characters at the end may be the beginning of a stop."""
        held = 1 if self._lines_left is not None and text.endswith("\r") else 0
        for stop in self._stop_texts:
            longest = min(len(stop) - 1, len(text))
            begun = (n for n in range(longest, held, -1) if text.endswith(stop[:n]))
            held = max(held, next(begun, 0))
        return held

    def _release(self, num_chars: int) -> tuple[TokenText, ...]:
        """Give out the held tokens that lie wholly within the first `num_chars` characters."""
        released = []
        while self._held and len(self._held[0].text) <= num_chars:
            token = self._held.pop(0)
            num_chars -= len(token.text)
            released.append(token)
            if self._lines_left is not None:
                self._lines_left -= token.text.count("\n")
        return tuple(released)

    def _release_until(self, end: int) -> tuple[TokenText, ...]:
        """Give out the held tokens up to character `end`, the last of them cut."""
        released = []
        for token in self._held:
            if end <= 0:
                break
            released.append(TokenText(text=token.text[:end], logprob=token.logprob))
            end -= len(token.text)
        self._held.clear()
        return tuple(released)
