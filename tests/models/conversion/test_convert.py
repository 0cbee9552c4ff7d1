"""The converted file: weights unchanged, header by the recipe, written aside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import pytest

from lsp_server.errors import ModelFileError, UsageError
from lsp_server.models.conversion.convert import write_converted
from lsp_server.models.conversion.plan import plan_conversion
from lsp_server.models.gguf import read_gguf_header
from tests.support.converted import Converted
from tests.support.model_copies import copy_model

KIND = gguf.GGUFValueType


def test_every_weight_stays_as_it_is(converted: Converted) -> None:
    for tensor in converted.source.tensors:
        assert converted.weights(converted.copy, tensor.name) == converted.weights(
            converted.source, tensor.name
        )


@pytest.mark.real_model
def test_tied_weights_get_their_second_name_without_a_second_copy(
    converted_embedded: Converted,
) -> None:
    names = {tensor.name for tensor in converted_embedded.source.tensors}
    assert "output.weight" not in names
    assert {tensor.name for tensor in converted_embedded.copy.tensors} == {*names, "output.weight"}
    copy = converted_embedded.copy
    assert converted_embedded.weights(copy, "output.weight") == converted_embedded.weights(
        converted_embedded.source, "token_embd.weight"
    )
    data_bytes = copy.file_bytes - copy.data_offset
    source = converted_embedded.source
    assert data_bytes <= source.file_bytes - source.data_offset


def test_the_library_gets_a_vocabulary_that_it_can_load(converted: Converted) -> None:
    metadata = converted.copy.metadata
    source_texts = converted.source.metadata.texts("tokenizer.ggml.tokens")
    texts = metadata.texts("tokenizer.ggml.tokens")
    assert metadata.text("tokenizer.ggml.model") == "llama"
    assert metadata.value("tokenizer.ggml.merges") is None
    assert len(texts) == len(metadata.integers("tokenizer.ggml.token_type")) == len(source_texts)
    assert texts[source_texts.index("Ċ")] == "<0x0A>"
    scores = converted.value("tokenizer.ggml.scores")
    assert (scores.item_type.name, scores.num_items) == ("FLOAT32", len(source_texts))


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        ({}, 1.0),
        (
            {
                "llama.rope.scaling.type": (KIND.STRING, "linear"),
                "llama.rope.scaling.factor": (KIND.FLOAT32, 4.0),
            },
            4.0,
        ),
        ({"llama.rope.scale_linear": (KIND.FLOAT32, 2.0)}, 2.0),
        (
            {
                "llama.rope.scaling.type": (KIND.STRING, "none"),
                "llama.rope.scaling.factor": (KIND.FLOAT32, 4.0),
            },
            1.0,
        ),
    ],
)
def test_rope_scaling_gets_its_old_name(
    tiny_model: Path, tmp_path: Path, changes: dict[str, Any], scale: float
) -> None:
    source = copy_model(tiny_model, tmp_path / "source.gguf", changes)
    converted = Converted(source, tmp_path / "converted.gguf")
    assert converted.value("llama.rope.scale_linear") == scale
    assert converted.value("llama.rope.scaling.type") is None


def test_progress_rises_to_the_end(tiny_model: Path, tmp_path: Path) -> None:
    fractions: list[float] = []
    plan = plan_conversion(read_gguf_header(tiny_model))
    write_converted(plan, tmp_path / "converted.gguf", fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_giving_up_leaves_nothing_and_the_old_file(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "converted.gguf"
    target.write_bytes(b"old")

    def give_up(_fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_converted(plan_conversion(read_gguf_header(tiny_model)), target, give_up)
    assert [path.name for path in tmp_path.iterdir()] == ["converted.gguf"]
    assert target.read_bytes() == b"old"


def test_a_source_that_is_cut_meanwhile_is_noticed(tiny_model: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.gguf"
    source.write_bytes(tiny_model.read_bytes())
    plan = plan_conversion(read_gguf_header(source))
    source.write_bytes(tiny_model.read_bytes()[:-1_000])
    with pytest.raises(ModelFileError, match="became shorter"):
        write_converted(plan, tmp_path / "converted.gguf", lambda _fraction: None)
    assert not (tmp_path / "converted.gguf").exists()


def test_a_place_that_cannot_be_written_is_named(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "missing" / "converted.gguf"
    with pytest.raises(UsageError, match=r"missing/converted\.gguf cannot be written"):
        write_converted(
            plan_conversion(read_gguf_header(tiny_model)), target, lambda _fraction: None
        )
