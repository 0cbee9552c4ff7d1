"""Random edits: the store has what a client has that keeps its text as code units.

`FUZZ_EDITS` says how many edits, `FUZZ_SEED` which; a failure tells its seed.
"""

from __future__ import annotations

import json
import os
import random
import secrets

import pytest
from lsprotocol import types

from lsp_server.server.protocol.documents import DocumentStore
from lsp_server.server.protocol.indexed_text import IndexedText
from lsp_server.server.protocol.positions import PositionCodec
from tests.support.client_document import ClientDocument, Encoding, units_of

NUM_EDITS = int(os.environ.get("FUZZ_EDITS", "100000"))
SEED = os.environ.get("FUZZ_SEED", secrets.token_hex(4))
URI = "untitled:Untitled-1"
#: Line breaks of LSP, those of Python that are none, and characters of every width.
CHARS = [
    *"\n\n\r\r",
    "\r\n",
    *"\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
    *"ab \tß漢\u0301\ufeff\u200d\x00",
    *"😀🏳",
    "👩\u200d👩",
    "\ud83d",
    "\ude00",
]
MAX_CHANGES = 4
EDITS_PER_DOCUMENT = 40


def some_text(chance: random.Random, max_pieces: int) -> str:
    pieces = "".join(chance.choices(CHARS, k=chance.randint(0, max_pieces)))
    # On its way through JSON two halves of a pair become one character.
    text: str = json.loads(json.dumps(pieces))
    return text


def position(chance: random.Random, client: ClientDocument) -> types.Position:
    """Return a position that is mostly inside, and now and then far outside."""
    lines = client.lines()
    if chance.random() < 0.05:
        return types.Position(len(lines) + chance.randint(0, 3), chance.randint(0, 9))
    line = chance.randrange(len(lines))
    start, end = lines[line]
    beyond = chance.choice((0, 0, 0, 1, 2**30))
    return types.Position(line, chance.randint(0, end - start) + beyond)


def change(chance: random.Random, client: ClientDocument) -> types.TextDocumentContentChangeEvent:
    if chance.random() < 0.02:
        return types.TextDocumentContentChangeWholeDocument(some_text(chance, 40))
    start = position(chance, client)
    end = start if chance.random() < 0.5 else position(chance, client)
    return types.TextDocumentContentChangePartial(types.Range(start, end), some_text(chance, 3))


def check_document(seed: str, encoding: Encoding, num_pieces: int, num_edits: int) -> None:
    chance = random.Random(seed)
    beginning = some_text(chance, num_pieces)
    client = ClientDocument(beginning, encoding)
    store, codec = DocumentStore(), PositionCodec(encoding)
    store.open(types.TextDocumentItem(URI, "python", 0, beginning))
    version = num_done = 0
    while num_done < num_edits:
        changes = []
        for _ in range(chance.choice((1, 1, 1, MAX_CHANGES))):
            changes.append(change(chance, client))
            client.change(changes[-1])
        version, num_done = version + 1, num_done + len(changes)
        store.change(types.VersionedTextDocumentIdentifier(version, URI), changes, codec)
        document = store.get(URI)
        assert document is not None
        assert units_of(document.text, encoding) == client.units, changes
        if encoding is Encoding.Utf16:
            # Halves that have come together are one character, as they are for the client.
            joined = document.text.encode("utf-16", "surrogatepass")
            assert document.text == joined.decode("utf-16", "surrogatepass"), changes
        assert document.content.num_lines == len(client.lines()), changes
        check_positions(chance, client, codec, document.content)


def check_positions(
    chance: random.Random, client: ClientDocument, codec: PositionCodec, content: IndexedText
) -> None:
    encoding = client.encoding
    at = position(chance, client)
    num_units = len(units_of(content.text[: codec.offset_of(content, at)], encoding))
    wanted = client.index_of(at.line, at.character)
    # A request may point between the halves of a pair, which is no place in a text.
    assert num_units == wanted or (encoding is Encoding.Utf16 and num_units == wanted - 1), at
    offset = chance.randint(0, len(content.text))
    place = codec.position_of(content, offset)
    start, end = client.lines()[place.line]
    assert place.character <= end - start, offset
    is_inside_break = content.text[offset - 1 : offset + 1] == "\r\n"
    wanted = len(units_of(content.text[:offset], encoding)) - is_inside_break
    assert client.index_of(place.line, place.character) == wanted, offset


@pytest.mark.timeout(600)
@pytest.mark.parametrize("encoding", list(Encoding))
def test_the_store_has_what_the_client_has(encoding: Encoding) -> None:
    num_documents = max(1, NUM_EDITS // len(Encoding) // EDITS_PER_DOCUMENT)
    for number in range(num_documents + 1):
        seed = f"{SEED}/{encoding.value}/{number}"
        # Most mistakes need few characters; one document in a hundred has many lines.
        num_pieces = 1_000 if number % 100 == 99 else number % 30
        try:
            check_document(seed, encoding, num_pieces, EDITS_PER_DOCUMENT)
        except Exception as error:
            error.add_note(f"repeat it with FUZZ_SEED={SEED}; it was document {number}")
            raise
