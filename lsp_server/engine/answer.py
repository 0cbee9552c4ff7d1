"""The answer of one alternative: which token comes next, and what text it makes."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.engine.api import EndReason, GenerateRequest, TokenText
from lsp_server.engine.detokenizer import AnswerText
from lsp_server.engine.healing import ForcedPrefix, TokenSpelling
from lsp_server.engine.runners.base import Vocabulary
from lsp_server.engine.sampling import LogitsRow, Sampler


@dataclass(frozen=True, slots=True)
class Taken:
    """What one row of logits came to.

    Attributes:
        token: The token that was chosen.
        texts: Text that became final, token by token; may belong to earlier tokens.
        end_reason: Set when the alternative ends with this token.
    """

    token: int
    texts: tuple[TokenText, ...]
    end_reason: EndReason | None


class Answer:
    """Chooses the tokens of one alternative and writes its text.

    Attributes:
        num_generated: Tokens chosen so far.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        sampler: Sampler,
        forced_prefix: ForcedPrefix,
        text: AnswerText,
        max_tokens: int,
    ) -> None:
        """Start an empty answer of at most `max_tokens` tokens."""
        self.num_generated = 0
        self._vocabulary = vocabulary
        self._sampler = sampler
        self._forced_prefix = forced_prefix
        self._text = text
        self._max_tokens = max_tokens

    def take(self, logits: LogitsRow) -> Taken:
        """Choose the next token from its logits, `[n_vocab]`.

        Raises:
            BantamError: No token can be chosen.
        """
        sampled = self._sampler(logits, self._forced_prefix.allowed_tokens())
        self.num_generated += 1
        if sampled.token in self._vocabulary.end_tokens:
            return Taken(sampled.token, self._text.finish(), EndReason.STOP)
        data = self._vocabulary.token_bytes(sampled.token)
        self._forced_prefix.take(data)
        texts = self._text.add(data, sampled.logprob)
        if self._text.is_stopped:
            return Taken(sampled.token, texts, EndReason.STOP)
        if self.num_generated >= self._max_tokens:
            return Taken(sampled.token, texts + self._text.finish(), EndReason.LENGTH)
        return Taken(sampled.token, texts, None)

    def finish(self) -> tuple[TokenText, ...]:
        """End the answer where it stands and return the text that was held back."""
        return self._text.finish()


def make_answers(
    request: GenerateRequest,
    vocabulary: Vocabulary,
    spelling: TokenSpelling,
    max_tokens: int,
) -> list[Answer]:
    """Return an empty answer for each alternative of a request.

    Args:
        request: What was asked for.
        vocabulary: The model's tokens.
        spelling: Its tokens by their bytes.
        max_tokens: Tokens per alternative; the request's limit or what the context leaves.
    """
    forced = request.forced_prefix.encode()
    return [
        Answer(
            vocabulary,
            Sampler(request.sampling, alternative, want_logprobs=request.want_logprobs),
            ForcedPrefix(forced, spelling),
            AnswerText(request.stop, forced),
            max_tokens,
        )
        for alternative in range(request.num_alternatives)
    ]
