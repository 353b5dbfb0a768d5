"""Prompts that every exported graph is checked on: ordinary ones, and those that break tokenizers.

They are written here and not drawn from the training data, so that no user's prompt ends up in a manifest.
"""

from __future__ import annotations

ORDINARY: tuple[str, ...] = (
    "What is 17 * 23?",
    "Summarise the following paragraph in one sentence, then translate it into French.",
    "def f(xs):\n    return sorted(set(xs))[-2]\n\nWhat does f([3, 1, 3, 2]) return?",
    "Which of the following is a noble gas?\nA. Oxygen\nB. Neon\nC. Nitrogen\nD. Chlorine",
    'Return JSON with the keys "name" and "age" for: Ada, aged 36.',
    "A train leaves at 9:40 and arrives at 13:05. How long does the journey take? Explain step by step.",
)

EDGE: tuple[str, ...] = (
    "",
    " ",
    "\n\n\n",
    "\t\r\n",
    "a",
    "?",
    "\ue000\ufffd\u200b\u2028\ufeff",
    "word " * 3_000,
    "x" * 20_000,
    "\n" * 5_000,
    "中文没有空格的一段话。" * 60,
    "Ünïcödé ŽŠ Ελληνικά Кириллица עברית العربية हिन्दी 한국어",
    "🙂👩‍👩‍👧‍👦🇩🇪" * 20,
    "e\u0301" * 40,
    "$\\int_0^1 x^2\\,dx$ = \\frac{1}{3} ≤ ∞ ∑",
    "A. B. C. D. (A) (B) 1) 2) - * ```python\nprint(1)\n```",
    "0.000001 1e-300 99999999999999999999 -0 +1 1,234.56",
    "'\"`\\/<>{}[]()#@&|~^%*_=+-:;,.!?$",
)
