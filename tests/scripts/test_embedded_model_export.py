"""The exported file and the network behind it say the same, through llama.cpp."""

# What needs the training packages is imported after asking for them.
# ruff: noqa: E402

from __future__ import annotations

from pathlib import Path

import pytest

MISSING = "the training packages are not installed"
torch = pytest.importorskip("torch", reason=MISSING)
torch.set_num_threads(1)
pytest.importorskip("tokenizers", reason=MISSING)
gguf = pytest.importorskip("gguf", reason=MISSING)
llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

import numpy as np

from scripts.embedded_model.config import ModelShape
from scripts.embedded_model.export_gguf import MatrixType, export_gguf
from scripts.embedded_model.network import Network
from scripts.embedded_model.tokenizer import MARKERS, Vocabulary, train_vocabulary
from scripts.embedded_model.vocabulary_cases import TEXTS

SOURCE = Path(__file__).read_text(encoding="utf-8")
VOCAB_SIZE = 448
SHAPE = ModelShape(
    vocab_size=VOCAB_SIZE,
    context_tokens=256,
    num_layers=2,
    width=64,
    feed_forward_width=96,
    num_heads=4,
    num_kv_heads=2,
)
# llama.cpp keeps keys and values in half precision.
MAX_LOGIT_ERROR = 0.02


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.json"
    return train_vocabulary(iter([SOURCE, *TEXTS]), VOCAB_SIZE, path)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(1)
    network = Network(SHAPE)
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(std=0.1) if weight.ndim == 2 else weight.normal_(1.0, 0.1)
    return network


@pytest.fixture(scope="module")
def model(
    network: Network, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.gguf"
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    export_gguf(weights, SHAPE, vocabulary, MatrixType.F32, path)
    return path


def test_llama_cpp_gives_the_same_logits(
    model: Path, network: Network, vocabulary: Vocabulary
) -> None:
    ids = [vocabulary.markers.begin_of_text, *vocabulary.encode(SOURCE)][:200]
    with torch.no_grad():
        expected = network(torch.tensor([ids]))[0].numpy()
    llama = llama_cpp.Llama(str(model), n_ctx=256, logits_all=True, verbose=False, n_threads=1)
    llama.eval(ids)
    assert np.abs(llama.scores[: len(ids)] - expected).max() < MAX_LOGIT_ERROR


def test_llama_cpp_gives_the_same_token_ids(model: Path, vocabulary: Vocabulary) -> None:
    llama = llama_cpp.Llama(str(model), vocab_only=True, verbose=False)
    for text in [*TEXTS, SOURCE]:
        ids = llama.tokenize(text.encode(), add_bos=False, special=False)
        assert ids == vocabulary.encode(text), text


def test_the_metadata_mirrors_deepseek_coder(model: Path) -> None:
    fields = gguf.GGUFReader(model).fields
    assert fields["tokenizer.ggml.pre"].contents() == "deepseek-coder"
    assert fields["tokenizer.ggml.add_bos_token"].contents() is True
    assert fields["llama.context_length"].contents() == SHAPE.context_tokens
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    assert tuple(tokens[-len(MARKERS) :]) == MARKERS
    assert types[-len(MARKERS) :] == [3, 3, 4, 4, 4, 4, 4]


def test_a_vocabulary_of_another_size_is_refused(vocabulary: Vocabulary, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(VOCAB_SIZE)):
        export_gguf({}, ModelShape(), vocabulary, MatrixType.F32, tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []
