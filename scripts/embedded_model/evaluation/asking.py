"""Questions as prompts of the product, and the answers of its engine, greedily."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from lsp_server.completion.context_segments import context_segments
from lsp_server.context.query import Block
from lsp_server.engine.api import (
    Cost,
    EndEvent,
    Engine,
    GenerateRequest,
    Limits,
    Priority,
    Segment,
    StopRules,
    TextEvent,
)
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import EngineError
from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow, anchor
from lsp_server.prompt.fim import render_infill
from lsp_server.prompt.healing import heal, pieces_of
from lsp_server.prompt.window import window_end, window_start
from lsp_server.settings.schema import CompletionSettings
from scripts.embedded_model.evaluation.cases import Case, Order

MAX_LINE_TOKENS = 64
_PSM_FORMAT = "deepseek-coder"
_LANGUAGE = "python"
_SHARE_OF_CONTEXT = 0.8
#: Other files may take this share, as in the server.
_CONTEXT_SHARE = 0.25


@dataclass(slots=True)
class Costs:
    """What the answers so far took together."""

    prompt_tokens: int = 0
    generated_tokens: int = 0
    prompt_seconds: float = 0.0
    decode_seconds: float = 0.0

    def add(self, cost: Cost) -> None:
        """Count one answer."""
        self.prompt_tokens += cost.tokens_computed
        self.generated_tokens += max(0, cost.tokens_generated - 1)
        self.prompt_seconds += cost.ms_prefill / 1000
        self.decode_seconds += cost.ms_decode / 1000


class Questioner:
    """Asks one model; the windows are those of the server's default settings."""

    def __init__(self, engine: Engine, info: ModelInfo) -> None:
        assert info.fim_format, f"{info.model} cannot fill in the middle: {info.fim_reason}"
        self._engine = engine
        self._info = info
        self._format = info.fim_format
        self.costs = Costs()
        wanted = CompletionSettings()
        tokens = info.context_tokens
        self._context_chars = int(tokens * _CONTEXT_SHARE * info.chars_per_token)
        room = (tokens * (1 - _CONTEXT_SHARE) - 2 * MAX_LINE_TOKENS) * info.chars_per_token
        scale = min(1.0, room * _SHARE_OF_CONTEXT / (wanted.prefix_chars + wanted.suffix_chars))
        self._window = AnchorWindow(
            int(wanted.prefix_chars * scale), int(wanted.suffix_chars * scale)
        )

    async def ask(self, case: Case) -> str:
        """The raw answer, up to the end of the last line that may be missing.

        Raises:
            EngineError: the engine failed.
        """
        anchored = self._anchored(case)
        num_lines = case.expected.count("\n") + 1
        request = GenerateRequest(
            request_id=case.key,
            model=self._info.model,
            segments=self._segments(case, anchored),
            forced_prefix=anchored.forced_prefix,
            priority=Priority.EVALUATION,
            limits=Limits(max_tokens=MAX_LINE_TOKENS * num_lines),
            stop=StopRules(max_lines=num_lines),
        )
        answer = ""
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, TextEvent):
                    answer += event.text
                elif isinstance(event, EndEvent):
                    if event.error is not None:
                        raise EngineError(f"{case.key}: {event.error.message}")
                    self.costs.add(event.cost)
        return answer

    def _anchored(self, case: Case) -> AnchoredDocument:
        pieces = pieces_of(self._format)
        text, cursor = case.before + case.after, len(case.before)
        if case.order is Order.PRODUCT and case.tail_tokens == 0:
            return anchor(text, cursor, self._window, None, pieces)
        num_tail_chars = round((case.tail_tokens or 0) * self._info.chars_per_token)
        place = max(0, cursor - num_tail_chars)
        typed = heal(text[place:cursor], pieces)
        if case.tail_tokens is None:
            healed = heal(case.before, pieces)
            place, typed = len(healed.kept), heal("", pieces)
            forced = healed.forced
        else:
            forced = typed.forced
        start = window_start(text, place, self._window.prefix_chars, None)
        end = window_end(text, cursor, self._window.suffix_chars, None)
        return AnchoredDocument(
            window=self._window,
            window_start=start,
            prefix=text[start:place],
            tail=typed.kept,
            forced_prefix=forced,
            closers="",
            suffix=text[cursor:end],
            num_chars_below=len(text) - end,
            reanchored=None,
        )

    def _segments(self, case: Case, anchored: AnchoredDocument) -> tuple[Segment, ...]:
        fim_format = self._format if case.order is Order.PRODUCT else _PSM_FORMAT
        blocks = [_block(text) for text in self._fitting(case.context)]
        context = context_segments(blocks, fim_format)
        return render_infill(
            fim_format, anchored, f"file:///{case.path}", case.path, _LANGUAGE, context
        )

    def _fitting(self, texts: Sequence[str]) -> Iterator[str]:
        """Blocks of other files, as many as there is room for."""
        room = self._context_chars
        for text in texts:
            room -= len(text)
            if room < 0:
                return
            yield text


def _block(text: str) -> Block:
    """A block as the server gathers it, from its text with a path comment on top."""
    comment, _, headers = text.partition("\n")
    return Block(
        path=comment.removeprefix("# "),
        start_line=1,
        end_line=1 + headers.count("\n"),
        kind="import",
        score=1.0,
        tokens=0,
        text=headers.strip("\n"),
        line_comment="#",
    )
