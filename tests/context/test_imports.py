"""Import queries, tested by source and what they bind."""

from __future__ import annotations

import pytest

from lsp_server.context.imports import find_imports
from lsp_server.context.languages.registry import language_of_id
from lsp_server.context.syntax import parse

CASES = [
    ("python", "import a.b", "a.b||a.b"),
    ("python", "import a.b as c, d", "a.b||c d||d"),
    ("python", "from . import x", ".|x|x"),
    ("python", "from ..y.z import (k as l, m)", "..y.z|k|l ..y.z|m|m"),
    ("python", "from q import *", "q||"),
    ("typescript", 'import D, {a as b, c} from "./x"', "./x|default|D ./x|a|b ./x|c|c"),
    ("typescriptreact", 'import D from "./x"', "./x|default|D"),
    ("typescript", 'import * as ns from "./y"', "./y||ns"),
    ("typescript", 'import type {T} from "./t"', "./t|T|T"),
    ("typescript", 'export {q as r} from "./z"; export * from "./w"', "./z|q|r ./w||"),
    ("javascript", 'const k = require("./m")', "./m||k"),
    ("javascript", 'const {p, t: u} = require("./n")', "./n|p|p ./n|t|u"),
    ("go", 'import ( s "x/y"\n "z/w"\n "z/q/v2" )', "x/y||s z/w||w z/q/v2||q"),
    ("rust", "use crate::a::{b, c::D as E};", "crate::a|b|b crate::a::c|D|E"),
    ("rust", "use a::x::{self, b::*}; mod m;", "a::x::b|| a|x|x self::m||m"),
    ("java", "import com.acme.Store;", "com.acme|Store|Store"),
    ("java", "import static com.acme.U.f; import com.z.*;", "com.acme.U|f|f com.z||"),
]


@pytest.mark.parametrize(("language_id", "text", "expected"), CASES)
def test_imports_bind(language_id: str, text: str, expected: str) -> None:
    language = language_of_id(language_id)
    assert language is not None
    prefix = "package p\n" if language_id == "go" else ""
    found = find_imports(parse(prefix + text, language))
    bound = {f"{one.module}|{one.name or ''}|{one.alias}" for one in found}
    assert bound == set(expected.split(" "))


def test_imports_keep_their_row() -> None:
    language = language_of_id("python")
    assert language is not None
    rows = [one.row for one in find_imports(parse("import a\n\nfrom b import c\n", language))]
    assert rows == [0, 2]
