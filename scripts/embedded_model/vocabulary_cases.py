"""Texts on which tokenizers tend to disagree, and the fixture of their ids.

The fixture comes from the training tokenizer; a test then asks llama.cpp for the same ids without
needing the training packages.
"""

from __future__ import annotations

import json
from pathlib import Path

from .tokenizer import Vocabulary

TEXTS = (
    "",
    " ",
    "\n",
    "x",
    "def add(a: int, b: int) -> int:\n    return a + b\n",
    "class A:\n\tdef f(self):\n\t\tpass\n",
    "if x:\r\n    y = 1\r\n\r\nelse:\r\n    y = 2\r\n",
    "        \n            deep = {}\n                                        far = []\n",
    "a = 1234567890 + 3.14159e-10 + 0xFF + 1_000\n",
    "snake_case_name __dunder__ CamelCaseName SCREAMING_CASE _private x1 y22\n",
    "s = 'héllo wörld' + \"naïve café\" + 'Ωmega λ' + 'привет мир'\n",
    "世界你好 = '中文字符串'  # 注释，带标点。\n",
    "msg = 'ひらがな カタカナ 漢字 한국어 ภาษาไทย العربية עברית हिन्दी'\n",
    "emoji = '🎉👍🏽👨‍👩‍👧‍👦🇪🇺' # ✓ → ∑ €\n",
    "e\u0301 \u0301 a\u00a0b\u3000c\u2003d\u200be\u2028f\u2029g\ufeffh\n",
    "½ Ⅷ ٣ ² ₂ ① 𝟙 𝕏\n",
    "“quoted” ‘single’ — dash … « » „ ‚\n",
    "\x00\x01\x07\x0b\x0c\x1b\x1c\x7f\x85\n",
    "trailing   \n\n\n   \n\t \t\nend",
    "@decorator(arg=1, *args, **kwargs)\nasync def f(): await g(); yield\n",
    "x = [i**2 for i in range(10) if i % 2 == 0]; y = {**a, 'k': (1,)}; z = ~x ^ y | w & v\n",
    'f"{value!r:>{width}} {{literal}}" + r"\\d+\\s*" + b"\\x00\\xff"\n',
    "<|EOT> <fim_begin> <|fim_prefix|> </s> <s> [INST] <|endoftext|> <unk>\n",
    "https://example.org/path?query=1&other=two#fragment user@example.org\n",
    "$ ` ^ ~ | < > = + ¬ ± × ÷ ¢ £ ¥ © ® ° µ ¶ · § ¤ ¦\n",
)


def write_cases(vocabulary: Vocabulary, path: Path) -> None:
    """Write the fixture: each text with its ids, one case a line."""
    cases = [json.dumps({"text": text, "ids": vocabulary.encode(text)}) for text in TEXTS]
    path.write_text("[\n" + ",\n".join(cases) + "\n]\n", encoding="utf-8")
