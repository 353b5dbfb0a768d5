"""Settings from a file, in TOML, JSON or YAML.

They are the fields of :class:`pointsman.dispatch.settings.Settings`, and defaults for requests::

shadow = true                       # decide and log; requests go where they would have gone
default_model = "large"
explore = 0.05
retries = {tries = 3, deadline_s = 120}
defaults = {operating_point = "no_loss", provider = {data_collection = "deny"}}
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pointsman.dispatch.content import parsed
from pointsman.dispatch.controls import check_defaults
from pointsman.dispatch.errors import BodyError, SettingsError
from pointsman.dispatch.settings import Breaker, Retries, Settings

_GROUPS: Mapping[str, type] = {"retries": Retries, "breaker": Breaker}
_DEFAULTS = "defaults"


def read_settings(path: str | Path) -> tuple[Settings, dict[str, Any]]:
    """Read settings, and the routing fields that count where a request does not have them.

    Raises
    ------
    SettingsError
        When the file cannot be read, or a field or a default is unknown or of the wrong form. Ranges are checked when
        the settings meet a router: :meth:`Settings.check`.
    """
    path = Path(path)
    content = parsed(path, "settings file", SettingsError)
    defaults = content.pop(_DEFAULTS, {})
    if not isinstance(defaults, dict):
        raise SettingsError(f"{path}: {_DEFAULTS} is {defaults!r}, expected a mapping of routing fields")
    try:
        check_defaults(defaults)
    except BodyError as error:
        raise SettingsError(f"{path}: {_DEFAULTS}: {error}") from error
    for name, kind in _GROUPS.items():
        if name in content:
            content[name] = _made(kind, content[name], f"{path}: {name}")
    return _made(Settings, content, str(path)), defaults


def _made(kind: type, content: Any, where: str) -> Any:
    if not isinstance(content, dict):
        raise SettingsError(f"{where}: expected a mapping, got {content!r}")
    hints = get_type_hints(kind)
    for name, value in content.items():
        if name not in hints:
            near = difflib.get_close_matches(str(name), hints, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected some of {list(hints)!r}"
            raise SettingsError(f"{where}: unknown setting {name!r}; {hint}")
        if not _is(value, hints[name]):
            expected = " or ".join(one.__name__ for one in _kinds(hints[name]))
            raise SettingsError(f"{where}: {name} is {value!r}, expected {expected}")
    return kind(**content)


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) or (hint,)


def _is(value: Any, hint: Any) -> bool:
    kinds = _kinds(hint)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)
