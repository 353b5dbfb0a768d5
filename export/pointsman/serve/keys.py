"""The keys of the server's callers."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from pathlib import Path

from pointsman.serve.errors import ServeError

_SHORTEST = 16


class Keys:
    """Bearer keys; only their hashes are held, so that neither a dump nor ``repr`` shows one.

    Parameters
    ----------
    keys
        One at least, each of 16 or more printable ASCII characters without a blank.
    source
        Where they come from, for errors.

    Raises
    ------
    ServeError
        When there is none, or one is of another form; the key itself is not repeated.
    """

    def __init__(self, keys: Iterable[str], source: str = "the argument keys") -> None:
        given = tuple(keys)
        if not given:
            raise ServeError(f"{source} has no key; put one there, or serve on a loopback address without keys")
        for place, key in enumerate(given, 1):
            if len(key) < _SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
                raise ServeError(
                    f"key {place} of {source} has {len(key)} characters; expected {_SHORTEST} or more, "
                    "all of them printable ASCII and none a blank"
                )
        self._hashes = tuple(_hash(key.encode()) for key in given)

    @classmethod
    def from_env(cls, variable: str) -> Keys:
        """Read keys from an environment variable, with blanks or commas between them."""
        found = os.environ.get(variable, "").replace(",", " ").split()
        return cls(found, f"the environment variable {variable}")

    @classmethod
    def from_file(cls, path: str | Path) -> Keys:
        """Read keys from a file, one a line; lines that begin with ``#`` are left out."""
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ServeError(f"the file of keys {path} cannot be read: {error}") from error
        stripped = (line.strip() for line in lines)
        return cls((line for line in stripped if line and not line.startswith("#")), f"the file {path}")

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"Keys({len(self._hashes)})"

    def allow(self, authorization: bytes) -> bool:
        """Say whether the header ``authorization`` has one of the keys, in a time that does not depend on which.

        Examples
        --------
        >>> keys = Keys(["0123456789abcdef"])
        >>> keys.allow(b"Bearer 0123456789abcdef"), keys.allow(b"Bearer x"), keys.allow(b"")
        (True, False, False)
        """
        scheme, _, token = authorization.partition(b" ")
        given = _hash(token.strip())
        # Each is compared: to stop at the first would tell its place.
        hits = [hmac.compare_digest(given, known) for known in self._hashes]
        return scheme.lower() == b"bearer" and any(hits)


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
