"""Next-token loss of a GGUF file over held-out text, computed by Bantam's own runner."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from lsp_server.engine.runners.base import BatchToken, Runner
from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.scores import HeldOutLoss

MAX_FILE_TOKENS = 1_024


def measure_loss(
    runner: Runner, files: Sequence[SourceFile], report_done: Callable[[int], None]
) -> HeldOutLoss:
    """Loss of the first 1,023 tokens of each file, or of one context, after the begin marker.

    Args:
        runner: the model.
        files: held-out files.
        report_done: told after each file how many are done.
    """
    vocabulary = runner.vocabulary
    nats, num_tokens, num_bytes = 0.0, 0, 0
    max_tokens = min(MAX_FILE_TOKENS, runner.limits.context_tokens)
    for num_done, file in enumerate(files, start=1):
        bos = vocabulary.bos_token
        ids = ([] if bos is None else [bos]) + vocabulary.tokenize(file.text)
        ids = ids[:max_tokens]
        nats += _nats(runner, ids)
        num_tokens += len(ids) - 1
        num_bytes += sum(len(vocabulary.token_bytes(token)) for token in ids[1:])
        report_done(num_done)
    return HeldOutLoss(nats / num_tokens, nats / math.log(2) / num_bytes, num_tokens, num_bytes)


def _nats(runner: Runner, ids: Sequence[int]) -> float:
    """Summed loss of all ids but the first."""
    total, step = 0.0, runner.limits.max_batch_tokens
    for start in range(0, len(ids) - 1, step):
        piece = ids[start : min(start + step, len(ids) - 1)]
        batch = [BatchToken(token, start + i, 0, True) for i, token in enumerate(piece)]
        logits = runner.forward(batch)
        assert logits is not None, "nobody aborts this run"
        rows = logits.astype(np.float64)
        top = rows.max(axis=1)
        log_sums = top + np.log(np.exp(rows - top[:, None]).sum(axis=1))
        wanted = np.array(ids[start + 1 : start + 1 + len(piece)])
        total += float((log_sums - rows[np.arange(len(piece)), wanted]).sum())
    runner.remove_cells(0, 0, None)
    return total
