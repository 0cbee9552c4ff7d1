"""llama-server's `/tokenize`."""

from __future__ import annotations

import pytest

from tests.support.tcp_engine import TcpEngine


async def test_token_ids_and_pieces(tools: TcpEngine) -> None:
    async with tools.http.post("/tokenize", json={"content": "a=1"}) as answer:
        ids = (await answer.json())["tokens"]
    async with tools.http.post("/tokenize", json={"content": "a=1", "with_pieces": True}) as answer:
        tokens = (await answer.json())["tokens"]
    assert [token["id"] for token in tokens] == ids
    assert "".join(token["piece"] for token in tokens) == "a=1"


@pytest.mark.real_model
@pytest.mark.parametrize("model", ["bantam-embedded"])
async def test_text_never_becomes_a_special_token(tools: TcpEngine) -> None:
    body = {"content": "<｜fim▁begin｜>é", "with_pieces": True}
    async with tools.http.post("/tokenize", json=body) as answer:
        tokens = (await answer.json())["tokens"]
    assert len(tokens) > 2
    async with tools.http.post("/tokenize", json={**body, "parse_special": True}) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["param"] == "parse_special"
