"""Main of a client process for `overhead`: reads answers as a language server does.

`python -m scripts.engine_bench.stream_reader MODEL` reads JSON lines from standard input, each
with `prompts` and `tokens`; it asks for all prompts of a line together, and answers with how many
tokens each answer had.  The engine is the one of the folders that the environment names.
"""

from __future__ import annotations

import asyncio
import json
import sys

from lsp_server.directories import directories
from scripts.engine_bench.engine_process import attached
from scripts.engine_bench.streams import OurStreams


async def _read(model: str) -> None:
    async with attached(directories()) as client:
        streams = OurStreams(client, model)
        while line := await asyncio.to_thread(sys.stdin.readline):
            wanted = json.loads(line)
            answers = await asyncio.gather(
                *(
                    streams.ask(prompt, document, wanted["tokens"])
                    for document, prompt in enumerate(wanted["prompts"])
                )
            )
            print(json.dumps([one.tokens_generated for one in answers]), flush=True)


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1]))
