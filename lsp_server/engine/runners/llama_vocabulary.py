"""A model's tokens through llama.cpp's own tokenizer, made safe for document text.

What llama.cpp would do to documents and is prevented here: match user-defined tokens such as
DeepSeek's FIM markers in plain text, put a space before SentencePiece text, and overflow the
stack on long runs (see `safe_pieces`).
"""

from __future__ import annotations

import llama_cpp

from lsp_server.engine.runners.raw_vocabulary import RawVocabulary, TokenKind
from lsp_server.engine.runners.safe_pieces import (
    LiteralFinder,
    is_literal,
    is_marker_literal,
    safe_pieces,
    utf8_bytes,
)
from lsp_server.errors import ModelFileError
from lsp_server.models.fim_detection import FimFinding
from lsp_server.models.fim_formats import MarkerRole

#: Contains what tokenizers trip over: indentation, digits, blank lines, letters beyond ASCII.
_PROBE = 'def main(x1):\n    return {"ä": x1 + 42}\n\n\n\tif a_b != 0x7F: pass  # 漢字 🙂\n'
#: Tried in order; see `_find_guard`.
_GUARDS = ("\n", "\x01", "\x02", "\x03")
_NO_LITERALS = LiteralFinder(frozenset())


class LlamaVocabulary:
    """Implements `runners.base.Vocabulary` for a model that llama.cpp has loaded.

    Any thread may call it.  The model must outlive it.
    """

    def __init__(self, model: llama_cpp.llama_model_p, finding: FimFinding, name: str) -> None:
        """Read the vocabulary and check it.

        Args:
            model: Pointer of the loaded model; loading with `vocab_only` is enough.
            finding: What `find_fim_format` said of the same file.
            name: The model's name in messages.

        Raises:
            ModelFileError: The vocabulary's kind is unknown, llama.cpp's view of it contradicts
                the file's, or code would not survive it.
        """
        self._raw = RawVocabulary(model)
        self._name = name
        self._finding = finding
        # llama.cpp knows some of the markers, and would write the others out.
        self._bytes: dict[int, bytes] = dict.fromkeys(finding.marker_tokens.values(), b"")
        self._check_kind()
        self._guard = self._find_guard()
        self._num_guard_tokens = len(self._raw.tokenize(self._guard)) if self._guard else 0
        kinds = {token: self._raw.kind(token) for token in range(self._raw.size)}
        special = {token for token, kind in kinds.items() if kind is not TokenKind.TEXT}
        controls = {token for token in special if kinds[token] is TokenKind.CONTROL}
        literals = self._literals_to_break(special - controls)
        self._finder = LiteralFinder(frozenset(literals.values()))
        self._forbidden = controls | literals.keys()
        self._bos_token = self._declared_bos_token()
        self._end_tokens = self._all_end_tokens(special)
        self._verify()

    @property
    def size(self) -> int:
        """Number of tokens."""
        return self._raw.size

    @property
    def bos_token(self) -> int | None:
        """The token that every prompt starts with, or `None` if the model wants none."""
        return self._bos_token

    @property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer: end of generation and the FIM markers."""
        return self._end_tokens

    def marker_token(self, role: MarkerRole) -> int | None:
        """Return the token of a role, or `None` if this model has none."""
        return self._finding.marker_tokens.get(role)

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of document text, without BOS or a leading space.

        Never a control token, and of the user-defined ones only white space and single
        characters, which mean themselves.  Lone surrogates count as U+FFFD.
        """
        tokens: list[int] = []
        for piece in safe_pieces(text, self._finder):
            tokens += self._tokenize_piece(piece)
        return tokens

    def tokenize_template(self, text: str) -> list[int]:
        """Return the tokens of a chat template's own text, special tokens included."""
        tokens: list[int] = []
        for piece in safe_pieces(text, _NO_LITERALS):
            guarded = self._guard + utf8_bytes(piece)
            tokens += self._raw.tokenize_special(guarded)[self._num_guard_tokens :]
        return tokens

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token; control tokens and markers have none.

        Raises:
            IndexError: There is no such token.
        """
        known = self._bytes.get(token)
        if known is None:
            if not 0 <= token < self.size:
                raise IndexError(f"token {token} is outside the {self.size} of {self._name}")
            known = self._bytes[token] = self._raw.piece(token)
        return known

    def _tokenize_piece(self, piece: str) -> list[int]:
        tokens = self._tokenize_guarded(piece)
        if self._forbidden.isdisjoint(tokens):
            return tokens
        # SentencePiece can merge its way to the text of a control token; one character at a time
        # it cannot, and what is forbidden even then is no text of this vocabulary.
        singles = (token for char in piece for token in self._tokenize_guarded(char))
        return [token for token in singles if token not in self._forbidden]

    def _tokenize_guarded(self, piece: str) -> list[int]:
        return self._raw.tokenize(self._guard + utf8_bytes(piece))[self._num_guard_tokens :]

    def _check_kind(self) -> None:
        if not self._raw.is_bpe_or_sentencepiece():
            raise ModelFileError(
                f"{self._name}: its vocabulary is neither byte-level BPE nor SentencePiece "
                "(tokenizer.ggml.model); Bantam cannot use it: choose a code model"
            )

    def _find_guard(self) -> bytes:
        """Return what to put before a text so that llama.cpp's own space does not touch it.

        SentencePiece vocabularies get a space before the first character.  A guard before the
        text takes it, and the guard's tokens are cut off again; that is exact if no token joins
        the guard with another character.  Empty where no space is added.
        """
        if b"".join(map(self._raw.piece, self._raw.tokenize(b"a"))) == b"a":
            return b""
        texts = [self._raw.text(token) for token in range(self._raw.size)]
        for guard in _GUARDS:
            if not any(guard in text and text != guard for text in texts):
                return guard.encode()
        raise ModelFileError(
            f"{self._name}: its vocabulary adds a space before every text and Bantam knows no "
            "way around it; choose another conversion of this model"
        )

    def _literals_to_break(self, user_defined: set[int]) -> dict[int, str]:
        """Return the tokens that llama.cpp would match in plain text and must not, with text."""
        tokens = user_defined.union(self._finding.marker_tokens.values())
        texts = {token: self._raw.text(token) for token in tokens}
        # Where a space is added, it is added after each user-defined token, too.
        must_break = is_literal if self._guard else is_marker_literal
        return {token: text for token, text in texts.items() if must_break(text)}

    def _declared_bos_token(self) -> int | None:
        if not self._raw.adds_bos():
            return None
        token = self._raw.bos()
        if not 0 <= token < self.size:
            raise ModelFileError(
                f"{self._name}: prompts are to start with a BOS token "
                f"(tokenizer.ggml.add_bos_token), but its id {token} is outside the {self.size} "
                "tokens; convert the model again"
            )
        return token

    def _all_end_tokens(self, special: set[int]) -> frozenset[int]:
        return (
            frozenset(token for token in special if self._raw.ends_generation(token))
            | self._finding.stop_tokens
            | frozenset(self._finding.marker_tokens.values())
        )

    def _verify(self) -> None:
        """Check what prompts rely on (one token per marker, safe text, exact round trip)."""
        outside = [token for token in self.end_tokens if not 0 <= token < self.size]
        if outside:
            raise ModelFileError(
                f"{self._name}: end tokens {sorted(outside)} are outside the {self.size} tokens "
                "that llama.cpp sees; the file is damaged, download it again"
            )
        markers = "".join(map(self._raw.text, self._finding.marker_tokens.values()))
        # SentencePiece reads U+2581 and a blank as the same, so both ways of writing are tried.
        for text in (markers, markers.replace("\u2581", " ")):
            if not self._forbidden.isdisjoint(self.tokenize(_PROBE + text + _PROBE)):
                raise ModelFileError(
                    f"{self._name}: text of documents would become its markers; choose another "
                    "conversion of this model"
                )
        if b"".join(map(self.token_bytes, self.tokenize(_PROBE))) != _PROBE.encode():
            raise ModelFileError(
                f"{self._name}: its vocabulary does not give code back unchanged; choose another "
                "model or conversion"
            )
