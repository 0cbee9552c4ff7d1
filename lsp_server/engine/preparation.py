"""From a request to a job for the scheduler: tokens, limits and empty answers."""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.engine.answer import make_answers
from lsp_server.engine.api import CountReply, CountRequest, Event, GenerateRequest
from lsp_server.engine.chat import ChatFormat
from lsp_server.engine.healing import TokenSpelling
from lsp_server.engine.job import Job, JobSpec
from lsp_server.engine.prompt_tokens import PromptTokenizer
from lsp_server.engine.runners.base import RunnerLimits, Vocabulary


class RequestPreparer:
    """Prepares the requests of one model.  Safe to call from any thread."""

    def __init__(
        self,
        model: str,
        vocabulary: Vocabulary,
        limits: RunnerLimits,
        chat: ChatFormat | None = None,
    ) -> None:
        """Sort the vocabulary, which takes a second for 256,000 tokens.

        Args:
            model: The model's name, for messages.
            vocabulary: Its tokens.
            limits: What its runner can hold.
            chat: Its chat template, if it has one that can be used.
        """
        self._vocabulary = vocabulary
        self._context_tokens = limits.context_tokens
        self._tokenizer = PromptTokenizer(vocabulary, model, chat=chat)
        # Nearly every keystroke asks for it, so it belongs to loading.
        self._spelling = TokenSpelling(vocabulary)

    def prepare(
        self,
        request: GenerateRequest,
        *,
        arrival: int,
        taken_s: float,
        emit: Callable[[Event], None],
    ) -> Job:
        """Return the job of a request.

        Args:
            request: What was asked for.
            arrival: Its number in the order in which the engine took requests.
            taken_s: When that was, in seconds of the scheduler's clock.
            emit: Takes its events; must not block.

        Raises:
            BadRequestError: The prompt has no token, or its turns are in disorder.
            CannotInfillError: The model has no token for a marker.
            CannotChatError: The prompt has turns, and the model has no chat template for them.
        """
        prompt = self._tokenizer.tokenize(request.segments).tokens
        max_ms = request.limits.max_ms
        spec = JobSpec(
            arrival=arrival,
            prompt=prompt,
            priority=request.priority,
            document_key=_key_of(request),
            supersedes=request.supersedes,
            max_tokens=self._max_tokens(request.limits.max_tokens, len(prompt)),
            taken_s=taken_s,
            deadline_s=None if max_ms is None else taken_s + max_ms / 1000.0,
        )
        answers = make_answers(request, self._vocabulary, self._spelling, spec.max_tokens)
        return Job.create(spec, answers, emit)

    def count(self, request: CountRequest) -> CountReply:
        """Return how many tokens each text has."""
        counts = (len(self._tokenizer.tokens_of_text(text)) for text in request.texts)
        return CountReply(counts=tuple(counts))

    def tokenize(self, text: str) -> tuple[tuple[int, bytes], ...]:
        """Return id and bytes of each token of document text."""
        tokens = self._tokenizer.tokens_of_text(text)
        return tuple((token, self._vocabulary.token_bytes(token)) for token in tokens)

    def _max_tokens(self, wanted: int, num_prompt_tokens: int) -> int:
        """Return what the context leaves; the last token of an answer takes no place in it."""
        if wanted == 0:
            return 0
        return min(wanted, max(self._context_tokens - num_prompt_tokens + 1, 1))


def _key_of(request: GenerateRequest) -> str:
    """Return the document's key for its client; empty for no document."""
    if request.client and request.document_key:
        return f"{request.client}\0{request.document_key}"
    return request.document_key
