"""All architectures by name."""

from __future__ import annotations

from scripts.synthetic_model.architectures.deepseek2 import DEEPSEEK2
from scripts.synthetic_model.architectures.gemma import GEMMA, GEMMA2, GEMMA3
from scripts.synthetic_model.architectures.gemma4 import GEMMA4
from scripts.synthetic_model.architectures.llama import LLAMA
from scripts.synthetic_model.architectures.qwen2 import QWEN2

ARCHITECTURES = {one.name: one for one in (LLAMA, DEEPSEEK2, GEMMA, GEMMA2, GEMMA3, GEMMA4, QWEN2)}
