"""Fields that other servers have and this engine does not.  Data.

Tools send many of them with values that change nothing; those are accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Fields that change no answer here, whatever they say.
IGNORED_FIELDS = frozenset(
    {
        # For the accounts of a service.
        "metadata",
        "parallel_tool_calls",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "user",
        # Hints for llama-server's own scheduling and cache.
        "min_keep",
        "n_cache_reuse",
        "n_discard",
        "n_keep",
        "t_max_prompt_ms",
        # They only shape what a field of `NEUTRAL_VALUES` turns on.
        "dry_allowed_length",
        "dry_base",
        "dry_penalty_last_n",
        "dry_sequence_breakers",
        "dynatemp_exponent",
        "mirostat_eta",
        "mirostat_tau",
        "repeat_last_n",
        "xtc_threshold",
    }
)

#: Fields with the values that ask for nothing; any other is refused.  The first is named as
#: remedy.
NEUTRAL_VALUES: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "add_special": (False,),
        "best_of": (1,),
        "dry_multiplier": (0,),
        "dynatemp_range": (0,),
        "echo": (False,),
        "frequency_penalty": (0,),
        "function_call": ("none", "auto"),
        "functions": ([],),
        "grammar": ("",),
        "ignore_eos": (False,),
        "json_schema": ({},),
        "logit_bias": ({}, []),
        "lora": ([],),
        "mirostat": (0,),
        "modalities": (["text"],),
        "n_probs": (0,),
        "parse_special": (False,),
        "post_sampling_probs": (False,),
        "presence_penalty": (0,),
        "repeat_penalty": (1,),
        "response_format": ({"type": "text"},),
        "return_progress": (False,),
        "return_tokens": (False,),
        "timings_per_token": (False,),
        "tool_choice": ("none", "auto"),
        "tools": ([],),
        "top_logprobs": (0,),
        "top_n_sigma": (-1,),
        "typical_p": (1,),
        "xtc_probability": (0,),
    }
)
