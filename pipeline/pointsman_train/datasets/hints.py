"""Words for error messages: near matches and short lists."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

_SHOWN = 20


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest up to three known names that are near to ``name``, or that contain it, case aside.

    Examples
    --------
    >>> did_you_mean("GPT4", ["gpt-4", "llama"])
    " (did you mean 'gpt-4'?)"
    >>> did_you_mean("mixtral", ["mistralai/Mixtral-8x7B-Instruct-v0.1"])
    " (did you mean 'mistralai/Mixtral-8x7B-Instruct-v0.1'?)"
    >>> did_you_mean("zzz", ["gpt-4"])
    ''
    """
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, n=3) or [k for k in folded if name.lower() in k][:3]
    return f" (did you mean {' or '.join(repr(folded[key]) for key in near)}?)" if near else ""


def listed(names: Collection[str]) -> str:
    """List names in quotes, the first 20 of them.

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    >>> listed([])
    'none'
    """
    shown = ", ".join(repr(name) for name in list(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return (shown or "none") + (f" and {more} more" if more > 0 else "")
