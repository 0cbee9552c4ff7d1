"""Which files are worth learning from."""

from __future__ import annotations

import pytest

from scripts.embedded_model.filters import (
    DuplicateFilter,
    clean_text,
    is_skipped_path,
    is_test_path,
    reason_to_drop,
)

CODE = "".join(f"def function_{name}(a, b):\n    return a + b\n\n\n" for name in "abcdefgh")


def test_plain_code_is_kept() -> None:
    assert reason_to_drop(CODE) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\n", "size"),
        (CODE + "x = '" + "long " * 80 + "'\n", "minified"),
        ("# This file is auto-generated, do not edit.\n" + CODE, "generated"),
        (CODE + "TABLE = [\n" + "    1234567890, 9876543210,\n" * 20 + "]\n", "table"),
        (CODE + 'KEY = "-----BEGIN RSA PRIVATE KEY-----"\n', "secret"),
        (CODE + 'KEY = "' + "AKIA" + "ABCDEFGHIJKLMNOP" + '"\n', "secret"),
        (CODE + 'BLOB = "' + "aGVsbG8" * 20 + '"\n', "secret"),
    ],
)
def test_reason_to_drop(text: str, reason: str) -> None:
    assert reason_to_drop(text) == reason


def test_copies_of_other_projects_are_skipped() -> None:
    assert is_skipped_path("pip/_vendor/rich/console.py")
    assert not is_skipped_path("flask/app.py")


def test_tests_are_known_by_folder_or_name() -> None:
    assert is_test_path("pkg/tests/helpers.py")
    assert is_test_path("pkg/test_app.py")
    assert not is_test_path("pkg/contest.py")


def test_clean_text_drops_a_licence_notice_but_no_other_comment() -> None:
    assert clean_text("# Copyright 2020\n# See LICENSE.\n\nimport os\n") == "import os\n"
    assert clean_text("# Helpers.\nimport os\n") == "# Helpers.\nimport os\n"


def test_a_notice_in_a_pair_of_marks_is_dropped_too() -> None:
    assert clean_text("/*\n * Copyright 2020\n */\nlet a = 1\n") == "let a = 1\n"
    assert clean_text("// SPDX-License-Identifier: MIT\nlet a = 1\n") == "let a = 1\n"
    assert clean_text("/* Helpers. */\nlet a = 1\n").startswith("/* Helpers")


def test_clean_text_unifies_line_ends_and_trailing_blanks() -> None:
    assert clean_text("a = 1  \r\nb = 2\t\r\n\r\n") == "a = 1\nb = 2\n"


def test_a_file_seen_before_is_no_news_however_indented() -> None:
    duplicates = DuplicateFilter()
    assert duplicates.try_add(CODE)
    assert not duplicates.try_add(CODE)
    assert not duplicates.try_add(CODE.replace("    ", "\t") + "extra = 1\n")


def test_a_file_with_a_few_known_lines_is_kept() -> None:
    duplicates = DuplicateFilter()
    duplicates.try_add(CODE)
    fresh = "".join(f"value_{name} = compute({name})\n" for name in "abcdefghijklmnopqrstuvw")
    assert duplicates.try_add(CODE[:60] + fresh)
