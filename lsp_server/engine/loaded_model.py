"""What loading a model gives, and how it reports its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lsp_server.engine.chat import ChatFormat
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.runners.base import Runner
from lsp_server.engine.tuning import TuningPlan


@dataclass(frozen=True, slots=True)
class LoadedRunner:
    """A model that is ready to run, and what clients have to know of it.

    Attributes:
        runner: Runs it.
        info: What clients have to know.
        chat: Its chat template; `None` for models that are known to have none.
        kv_cache_bytes: Memory of its KV cache; 0 if that is not known.
        num_bytes: Memory that it takes: weights and KV cache; 0 if that is not known.
        keep: What its KV cache keeps of older prompts.
        tuning: How it is measured on this machine; `None` for what is not to be measured.
    """

    runner: Runner
    info: ModelInfo
    chat: ChatFormat | None = None
    kv_cache_bytes: int = 0
    num_bytes: int = 0
    keep: KeepPolicy = field(default_factory=KeepPolicy)
    tuning: TuningPlan | None = None


#: Takes the fraction that is loaded, 0 to 1; returns whether loading should go on.
ReportProgress = Callable[[float], bool]

#: Loads a model by the name that requests use; raises a `BantamError` if that is impossible.
LoadModel = Callable[[str, ReportProgress], LoadedRunner]

#: Says how many bytes of memory a model will take, by the name that requests use; raises a
#: `BantamError` if it cannot be loaded anyway.
MeasureModel = Callable[[str], int]
