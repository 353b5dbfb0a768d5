"""Which prompts a router was made from: hashes beside the bundle, so that nobody judges it on them unawares.

The file is not needed to route, and may be left out of what is shipped; without it, only the very data set of the
training is recognised.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.errors import BundleCorruptError
from pointsman_train.split.groups import normalise

SEEN_FILE = "seen.npz"
# Hashes that are kept, of 8 bytes each. Of more prompts those with the smallest, which are a random draw.
_MOST = 50_000


@dataclass(frozen=True, slots=True)
class SeenPrompts:
    """Prompts that a router has seen.

    Attributes
    ----------
    hashes
        ndarray of shape (n_kept,), ascending.
    most
        The largest hash up to which every prompt's is there.
    """

    hashes: NDArray[np.uint64]
    most: int

    @classmethod
    def of(cls, prompts: Iterable[str], most: int = _MOST) -> SeenPrompts:
        """Remember prompts, of which case, Unicode form and white space do not count."""
        hashes = np.unique(_hashes(prompts))
        whole = len(hashes) <= most
        return cls(hashes[:most], int(np.iinfo(np.uint64).max) if whole else int(hashes[most - 1]))

    def share(self, prompts: Sequence[str]) -> float:
        """Estimate the share of prompts that were seen, by those whose hash is small enough; 0 where none is.

        Examples
        --------
        >>> SeenPrompts.of(["What is 2+2?", "Name a colour."]).share(["what is  2+2?", "Why?"])
        0.5
        """
        asked = _hashes(prompts)
        asked = asked[asked <= np.uint64(self.most)]
        return float(np.isin(asked, self.hashes).mean()) if len(asked) else 0.0

    def content(self) -> bytes:
        """Return the content of the file."""
        found = io.BytesIO()
        np.savez(found, hashes=self.hashes, most=np.uint64(self.most))
        return found.getvalue()


def read_seen(folder: str | Path) -> SeenPrompts | None:
    """Read a bundle's file; None where it has none.

    Raises
    ------
    pointsman.BundleError
        When the file is damaged.
    """
    path = Path(folder) / SEEN_FILE
    if not path.is_file():
        return None
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return SeenPrompts(file["hashes"].astype(np.uint64), int(file["most"]))
    except (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        raise BundleCorruptError(f"{path} cannot be read ({error}); export or copy the router again") from error


def _hashes(prompts: Iterable[str]) -> NDArray[np.uint64]:
    digests = (hashlib.blake2b(normalise(one).encode("utf-8", "replace"), digest_size=8).digest() for one in prompts)
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)
