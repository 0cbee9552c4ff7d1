"""Prompts of every family, written as text with the markers as the family's own tokens."""

from __future__ import annotations

import pytest

from lsp_server.engine.api import MarkerSegment, Part, Segment, TextSegment
from lsp_server.models.fim_formats import FIM_FORMATS, MarkerRole
from lsp_server.prompt.anchor import AnchorWindow, anchor
from lsp_server.prompt.fim import render_infill
from lsp_server.prompt.paths import MAX_PATH_CHARS
from tests.support.documents import unmark

WINDOW = AnchorWindow(4_000, 2_000)
CODE = "import os\nx = os.pa‸\nprint(x)\n"
CONTEXT = (
    TextSegment(text="# a.py\nA = 1\n", document="a", part=Part.CONTEXT),
    TextSegment(text="# b.py\nB = 2\n", document="b", part=Part.CONTEXT),
)


def render(
    fim_format: str,
    marked: str = CODE,
    *,
    path: str | None = None,
    language: str = "python",
    context: tuple[TextSegment, ...] = (),
) -> tuple[Segment, ...]:
    document = unmark(marked)
    anchored = anchor(document.text, document.cursor, WINDOW)
    return render_infill(fim_format, anchored, "doc", path, language, context)


def as_text(fim_format: str, segments: tuple[Segment, ...]) -> str:
    """Write markers with the family's texts."""
    markers = FIM_FORMATS[fim_format].markers
    return "".join(
        markers[segment.role] if isinstance(segment, MarkerSegment) else segment.text
        for segment in segments
        if isinstance(segment, MarkerSegment | TextSegment)
    )


PREFIX, SUFFIX, TAIL = "import os\n", "\nprint(x)\n", "x = os."

SINGLE_FILE = {
    "bantam": f"<｜fim▁hole｜>{SUFFIX}<｜fim▁begin｜>{PREFIX}{TAIL}",
    "deepseek-coder": f"<｜fim▁begin｜>{PREFIX}<｜fim▁hole｜>{SUFFIX}<｜fim▁end｜>{TAIL}",
    "codegemma": f"<|fim_prefix|>{PREFIX}<|fim_suffix|>{SUFFIX}<|fim_middle|>{TAIL}",
    "qwen2.5-coder": f"<|fim_prefix|>{PREFIX}<|fim_suffix|>{SUFFIX}<|fim_middle|>{TAIL}",
    "granite-4": f"<|fim_prefix|>{PREFIX}<|fim_suffix|>{SUFFIX}<|fim_middle|>{TAIL}",
    "starcoder2": f"<fim_prefix>{PREFIX}<fim_suffix>{SUFFIX}<fim_middle>{TAIL}",
    "starcoder": f"<fim_prefix>{PREFIX}<fim_suffix>{SUFFIX}<fim_middle>{TAIL}",
    "stable-code": f"<fim_prefix>{PREFIX}<fim_suffix>{SUFFIX}<fim_middle>{TAIL}",
    "mellum": f"<fim_suffix>{SUFFIX}<fim_prefix>{PREFIX}<fim_middle>{TAIL}",
    "granite-code": f"<fim_prefix>{PREFIX}<fim_suffix>{SUFFIX}<fim_middle>{TAIL}",
    "codellama": f"▁<PRE> {PREFIX}▁<SUF>{SUFFIX}▁<MID>{TAIL}",
    "codestral": f"[SUFFIX]{SUFFIX}[PREFIX]{PREFIX}{TAIL}",
    "seed-coder": f"<[fim-suffix]>{SUFFIX}<[fim-prefix]>{PREFIX}<[fim-middle]>{TAIL}",
    "codegeex4": f"<|code_suffix|>{SUFFIX}<|code_prefix|>{PREFIX}<|code_middle|>{TAIL}",
}

WITHOUT_MIDDLE = {"bantam", "codestral"}


def test_every_format_has_a_case() -> None:
    assert SINGLE_FILE.keys() == FIM_FORMATS.keys()


@pytest.mark.parametrize(("fim_format", "expected"), SINGLE_FILE.items())
def test_single_file_prompt(fim_format: str, expected: str) -> None:
    assert as_text(fim_format, render(fim_format)) == expected


@pytest.mark.parametrize(
    ("fim_format", "expected"),
    [
        ("deepseek-coder", f"<｜fim▁begin｜># x.py\n{PREFIX}<｜fim▁hole｜>"),
        ("codegemma", f"<|fim_prefix|># x.py\n{PREFIX}<|fim_suffix|>"),
        ("qwen2.5-coder", f"<|file_sep|>x.py\n<|fim_prefix|>{PREFIX}<|fim_suffix|>"),
        ("starcoder2", f"<file_sep><fim_prefix>x.py\n{PREFIX}<fim_suffix>"),
        ("mellum", "<filename>x.py\n<fim_suffix>"),
        ("codellama", f"▁<PRE> # x.py\n{PREFIX}▁<SUF>"),
        ("codestral", f"[SUFFIX]{SUFFIX}[PREFIX]+++++ x.py\n{PREFIX}{TAIL}"),
        ("bantam", f"# x.py\n<｜fim▁hole｜>{SUFFIX}<｜fim▁begin｜>{PREFIX}{TAIL}"),
    ],
)
def test_path_is_told_as_the_family_learned_it(fim_format: str, expected: str) -> None:
    assert as_text(fim_format, render(fim_format, path="x.py")).startswith(expected)


@pytest.mark.parametrize(
    ("fim_format", "expected"),
    [
        ("deepseek-coder", "<｜fim▁begin｜># a.py\nA = 1\n# b.py\nB = 2\n# x.py\nimport"),
        (
            "codegemma",
            "# a.py\nA = 1\n<|file_separator|># b.py\nB = 2\n<|file_separator|>"
            "<|fim_prefix|># x.py\nimport",
        ),
        (
            "qwen2.5-coder",
            "<|file_sep|># a.py\nA = 1\n<|file_sep|># b.py\nB = 2\n<|file_sep|>x.py\n"
            "<|fim_prefix|>import",
        ),
        (
            "starcoder2",
            "<file_sep># a.py\nA = 1\n<file_sep># b.py\nB = 2\n<file_sep><fim_prefix>x.py\nimport",
        ),
        (
            "bantam",
            "# a.py\nA = 1\n<｜file▁separator｜># b.py\nB = 2\n<｜file▁separator｜># x.py\n"
            f"<｜fim▁hole｜>{SUFFIX}<｜fim▁begin｜>import",
        ),
        ("codestral", f"[SUFFIX]{SUFFIX}[PREFIX]# a.py\nA = 1\n# b.py\nB = 2\n+++++ x.py\nimport"),
    ],
)
def test_context_comes_before_the_file(fim_format: str, expected: str) -> None:
    segments = render(fim_format, path="x.py", context=CONTEXT)
    assert as_text(fim_format, segments).startswith(expected)


@pytest.mark.parametrize("fim_format", FIM_FORMATS)
def test_forced_prefix_and_closers_are_no_part_of_the_prompt(fim_format: str) -> None:
    segments = render(fim_format, "f(os.pa‸)\n")
    texts = "".join(segment.text for segment in segments if isinstance(segment, TextSegment))
    assert texts == "\nf(os."


@pytest.mark.parametrize("fim_format", FIM_FORMATS)
def test_a_keystroke_changes_only_the_end(fim_format: str) -> None:
    before = render(fim_format, "import os\nx = os‸\nprint(x)\n", path="x.py", context=CONTEXT)
    after = render(fim_format, "import os\nx = os.path‸\nprint(x)\n", path="x.py", context=CONTEXT)
    assert before[:-1] == after[:-1]
    assert isinstance(after[-1], TextSegment)
    assert after[-1].part is Part.TAIL


@pytest.mark.parametrize("fim_format", FIM_FORMATS)
def test_prompt_ends_with_the_last_marker_when_nothing_is_kept(fim_format: str) -> None:
    last = render(fim_format, "‸\nprint(x)\n")[-1]
    has_middle = fim_format not in WITHOUT_MIDDLE
    expected = MarkerRole.FIM_MIDDLE if has_middle else MarkerRole.FIM_PREFIX
    assert last == MarkerSegment(role=expected)


@pytest.mark.parametrize("fim_format", FIM_FORMATS)
def test_only_markers_of_the_family_are_used(fim_format: str) -> None:
    for context in ((), CONTEXT):
        for path in (None, "x.py"):
            for segment in render(fim_format, path=path, context=context):
                if isinstance(segment, MarkerSegment):
                    assert segment.role in FIM_FORMATS[fim_format].markers


@pytest.mark.parametrize("fim_format", FIM_FORMATS)
def test_no_segment_is_empty(fim_format: str) -> None:
    for marked in ("‸", "x‸", "‸\n", CODE):
        for segment in render(fim_format, marked):
            assert not isinstance(segment, TextSegment) or segment.text


def test_segments_name_their_document_and_part() -> None:
    texts = [segment for segment in render("deepseek-coder") if isinstance(segment, TextSegment)]
    assert {segment.document for segment in texts} == {"doc"}
    assert [segment.part for segment in texts] == [Part.PREFIX, Part.SUFFIX, Part.TAIL]


def test_path_cannot_break_out_of_its_line() -> None:
    text = as_text("deepseek-coder", render("deepseek-coder", path="a\n<b>\r\x1b.py"))
    assert "# a?<b>??.py\n" in text


def test_long_path_keeps_its_end() -> None:
    text = as_text("deepseek-coder", render("deepseek-coder", path="d/" * 200 + "x.py"))
    line = text.partition("\n")[0]
    assert line.endswith("d/x.py")
    assert len(line) <= MAX_PATH_CHARS + len("<｜fim▁begin｜># ")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("python", "# x\n"),
        ("typescriptreact", "// x\n"),
        ("lua", "-- x\n"),
        ("html", "<!-- x -->\n"),
        ("css", "/* x */\n"),
        ("no-such-language", ""),
    ],
)
def test_comment_is_the_languages_own(language: str, line: str) -> None:
    text = as_text("deepseek-coder", render("deepseek-coder", path="x", language=language))
    assert text.startswith(f"<｜fim▁begin｜>{line}import os\n")


def test_middle_marker_is_missing_only_where_the_family_has_none() -> None:
    for fim_format in FIM_FORMATS:
        roles = {s.role for s in render(fim_format) if isinstance(s, MarkerSegment)}
        assert (MarkerRole.FIM_MIDDLE in roles) is (fim_format not in WITHOUT_MIDDLE)
