"""Detection on real vocabularies, and on families made by appending markers to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.models.fim_formats import FIM_FORMATS, MarkerRole
from tests.support.vocabularies import finding_of, vocabulary_file, with_markers

WITH_FORMAT = {
    "deepseek-coder": "deepseek-coder",
    "starcoder": "starcoder2",
    "refact": "starcoder",
}


@pytest.mark.parametrize(("name", "expected"), WITH_FORMAT.items())
def test_formats_of_real_vocabularies(name: str, expected: str, vocabularies: Path) -> None:
    assert finding_of(vocabulary_file(vocabularies, name)).format_id == expected


def test_ids_of_deepseek_coder(vocabularies: Path) -> None:
    finding = finding_of(vocabulary_file(vocabularies, "deepseek-coder"))
    assert finding.marker_tokens == {
        MarkerRole.FIM_PREFIX: 32016,
        MarkerRole.FIM_SUFFIX: 32015,
        MarkerRole.FIM_MIDDLE: 32017,
    }
    assert finding.stop_tokens == {32014, 32015, 32016, 32017, 32021}


def test_no_format_in_the_others(vocabularies: Path) -> None:
    files = sorted(vocabularies.glob("ggml-vocab-*.gguf"))
    others = [path for path in files if path.stem.removeprefix("ggml-vocab-") not in WITH_FORMAT]
    assert len(others) >= 10
    for path in others:
        assert finding_of(path).format_id is None, path.name


@pytest.mark.parametrize(
    ("source", "architecture", "expected"),
    [("qwen2", "qwen2", "qwen2.5-coder"), ("llama-spm", "gemma", "codegemma")],
)
def test_formats_of_families_made_by_appending_markers(
    source: str, architecture: str, expected: str, vocabularies: Path, tmp_path: Path
) -> None:
    fim_format = FIM_FORMATS[expected]
    path = with_markers(
        vocabulary_file(vocabularies, source),
        tmp_path,
        [*fim_format.markers.values(), *fim_format.stop_texts],
        architecture=architecture,
    )
    assert finding_of(path).format_id == expected
