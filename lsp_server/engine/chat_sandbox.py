"""Render chat templates that model files bring along: `python -m lsp_server.engine.chat_sandbox`.

A program of its own, because only a process can be held to a time and a size: whoever wrote the
template may have written a loop without end.  It reads one JSON object (`RenderJob`), and writes
one result per conversation.  No text of documents ever comes here.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import jinja2
import jinja2.ext
import msgspec
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

#: Real templates write less than a tenth of this around a conversation.
MAX_OUTPUT_CHARS = 65_536
MAX_CPU_S = 10
MAX_MEMORY_BYTES = 1 << 30


class RenderJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be rendered.

    Attributes:
        template: Jinja text.
        conversations: Each a list of messages as templates expect them.
        bos_token: Text of the token that begins prompts.
        eos_token: Text of the token that ends answers.
    """

    template: str
    conversations: tuple[list[dict[str, Any]], ...]
    bos_token: str
    eos_token: str


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one conversation: its text, or why there is none."""

    text: str = ""
    error: str = ""


class GenerationTag(jinja2.ext.Extension):
    """`{% generation %}` marks answers for training; here it means nothing."""

    tags = {"generation"}  # noqa: RUF012 - the base class has a plain set

    def parse(self, parser: Parser) -> list[Node]:
        """Return what stands inside of the tag."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def render(job: RenderJob) -> list[Rendered]:
    """Render every conversation; whatever a template does wrong is a result."""
    try:
        template = _environment().from_string(job.template)
    except (jinja2.TemplateError, RecursionError) as error:
        return [Rendered(error=_line(error))] * len(job.conversations)
    return [_render_one(template, messages, job) for messages in job.conversations]


def main() -> None:
    """Render what standard input asks for."""
    _limit_resources()
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=RenderJob)
    sys.stdout.buffer.write(msgspec.json.encode(render(job)))


def _render_one(
    template: jinja2.Template, messages: list[dict[str, Any]], job: RenderJob
) -> Rendered:
    pieces = template.generate(
        messages=messages,
        add_generation_prompt=True,
        bos_token=job.bos_token,
        eos_token=job.eos_token,
        # What thinking costs is not worth waiting for in an editor.
        enable_thinking=False,
        tools=None,
        documents=None,
    )
    try:
        return Rendered(text="".join(_limited(pieces)))
    except Exception as error:  # noqa: BLE001 - a template is a foreign program: it may raise anything
        return Rendered(error=_line(error))


def _limited(pieces: Iterator[str]) -> Iterator[str]:
    num_chars = 0
    for piece in pieces:
        num_chars += len(piece)
        if num_chars > MAX_OUTPUT_CHARS:
            raise jinja2.TemplateRuntimeError(f"it writes more than {MAX_OUTPUT_CHARS} characters")
        yield piece


def _environment() -> jinja2.Environment:
    """Return the environment that templates are written for (transformers, chat_template_utils)."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[jinja2.ext.loopcontrols, GenerationTag],
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise_exception(message: object = "") -> NoReturn:
    raise jinja2.TemplateRuntimeError(str(message))


def _strftime_now(layout: str) -> str:
    return datetime.datetime.now().astimezone().strftime(layout)


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _limit_resources() -> None:
    """Let the system end this process when it takes too much; where the system can."""
    with contextlib.suppress(ImportError):
        import resource

        for kind, limit in [
            (resource.RLIMIT_CPU, MAX_CPU_S),
            (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
            (resource.RLIMIT_CORE, 0),
        ]:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
