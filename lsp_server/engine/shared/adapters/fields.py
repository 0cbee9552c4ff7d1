"""From the bytes of a body to its fields, and what is said when one of them cannot be used.  Pure.

Formats of bodies: the OpenAI API reference (completions, chat), and `tools/server/README.md` of
ggml-org/llama.cpp (`/infill`, `/tokenize`).
"""

from __future__ import annotations

import json
import re
from typing import TypeVar

import msgspec

from lsp_server.engine.shared.adapters.known_fields import IGNORED_FIELDS, NEUTRAL_VALUES
from lsp_server.errors import BadRequestError

Body = TypeVar("Body", bound=msgspec.Struct)

_MAX_SHOWN_CHARS = 60
#: What msgspec adds to the messages of values inside, and how it names fields.
_PLACE = re.compile(r"(?P<problem>.*) - at `\$\.?(?P<place>[^`]*)`$")
_FIELD = re.compile(r"Object (?P<problem>contains unknown|missing required) field `(?P<field>.*)`")


class FieldError(BadRequestError):
    """A field of a body has a value that this engine cannot use."""

    def __init__(self, message: str, param: str | None) -> None:
        """Say what is wrong.

        Args:
            message: With the field, its value and the remedy.
            param: The field; `None` for the body as a whole.
        """
        super().__init__(message)
        self.param = param


def refused(field: str, value: object, why: str) -> FieldError:
    """Return the error for a value.

    Args:
        field: Its name.
        value: What was sent.
        why: What is wrong with it and what to do.
    """
    return FieldError(f"{field} is {_shown(value)}: {why}", field)


def decode_fields(body: bytes, kind: type[Body]) -> Body:
    """Return a body's fields; those that are null count as left out.

    Raises:
        FieldError: It is no JSON object, or a field cannot be used.
    """
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FieldError(f"the body is no JSON: {error}", None) from error
    if not isinstance(values, dict):
        raise FieldError("the body is no JSON object; send {...} with the fields in it", None)
    known = kind.__struct_fields__
    wanted = {
        name: value
        for name, value in values.items()
        if value is not None and (name in known or not _is_without_effect(name, value))
    }
    try:
        return msgspec.convert(wanted, kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), values) from error


def _is_without_effect(name: str, value: object) -> bool:
    """Return whether leaving a field out changes nothing.

    Raises:
        FieldError: It asks for something that this engine does not have.
    """
    if name in IGNORED_FIELDS:
        return True
    if name not in NEUTRAL_VALUES:
        return False
    neutral = NEUTRAL_VALUES[name]
    if any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in neutral):
        return True
    raise refused(
        name,
        value,
        f"this engine does not have that; leave it out or send {_shown(neutral[0])}",
    )


def _explained(message: str, values: dict[str, object]) -> FieldError:
    if field := _FIELD.fullmatch(message):
        name = field["field"]
        if field["problem"] == "contains unknown":
            return refused(
                name, values.get(name), "this engine does not know the field; leave it out"
            )
        return FieldError(f"{name} is missing; send it", name)
    place = _PLACE.fullmatch(message)
    if place is None:
        return FieldError(f"the body cannot be used: {message}", None)
    name = re.split(r"[.\[]", place["place"], maxsplit=1)[0]
    problem = place["problem"][0].lower() + place["problem"][1:]
    return refused(name, values.get(name), f"{problem}; correct it or leave it out")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…"
