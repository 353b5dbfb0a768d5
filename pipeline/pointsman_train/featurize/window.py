"""The window: the part of a prompt that is read, whatever the prompt's length.

The text is cut into pieces of about 250 characters, at white space where there is some. Of a long text the first
and the last eight pieces are read (a document comes with its question in front or behind); a text of at most
sixteen pieces is read whole. So work is bounded by about 4,500 characters plus one cheap pass that cuts;
and that pass by ``pointsman.text.LONGEST``, beyond which the graph is not given a text's middle.

The pieces are read from both ends inwards, the first, the last, the second and so on: what is content with less
than the window takes so many pieces from its beginning, and has both ends too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman.text import LONGEST
from pointsman_train.data import Ints
from pointsman_train.graph import FLOAT, MICROSOFT, ML, GraphBuilder, in_block

# Longest match wins: a cut at white space within 50 characters beyond 250, else a hard cut at 250. Longer counted
# repeats make RE2 rebuild its automaton over and over on non-ASCII text (41 ms instead of 0.1 ms at 1,000).
_PIECE = r"(?s).{1,300}\s|.{1,250}"
WINDOW_PIECES = 16
# No piece but the last is shorter than a hard cut, so a text that is given has no more.
_MOST_PIECES = LONGEST // 250 + 1

# Tokenizer puts these before and behind each piece that it cuts further. Without them the last character of a piece
# would stand next to the first of the next in a prompt alone, but not in a batch, where a longer row brings padding.
MARKS = ("\x02", "\x03")


@dataclass(frozen=True, slots=True)
class Window:
    """Names of results in the graph.

    Attributes
    ----------
    pieces
        string [N, P], P at most 16, from both ends inwards, padded with "".
    piece_count
        float [N, 1], pieces of the whole text: its length in steps of about 250 characters.
    """

    pieces: str
    piece_count: str


@in_block("window")
def add_window(g: GraphBuilder, prompt: str) -> Window:
    """Add the cutting of ``prompt`` (string [N]) into the pieces that are read."""
    # A text is never empty after this; Tokenizer returns no column at all for a batch without a token.
    text = g.add("StringConcat", prompt, g.const(["\n"]))
    pieces = g.add("Tokenizer", text, domain=MICROSOFT, mark=0, mincharnum=1, pad_value="", tokenexp=_PIECE)
    filled = g.add("LabelEncoder", pieces, domain=ML, keys_strings=[""], values_int64s=[0], default_int64=1)
    count = g.add("ReduceSum", filled, g.ints(1), keepdims=1)
    window = g.add("GatherElements", pieces, _positions(g, pieces, count), axis=1)
    return Window(pieces=window, piece_count=g.add("Cast", count, to=FLOAT))


def _positions(g: GraphBuilder, pieces: str, count: str) -> str:
    """Positions to read, [N, min(P, 16)]: 0, the last, 1, the last but one; beyond a short text its padding."""
    known = g.add("Min", count, g.ints(_MOST_PIECES))
    positions = g.add("GatherND", g.const(positions_of(np.arange(_MOST_PIECES + 1))), known)
    return g.add("Slice", positions, g.ints(0), g.add("Shape", pieces, start=1, end=2), g.ints(1))


def positions_of(count: Ints) -> Ints:
    """Positions to read of texts of so many pieces, ndarray of shape (n_texts, 16).

    Examples
    --------
    >>> positions_of(np.array([3, 100]))[:, :6].tolist()
    [[0, 2, 1, 3, 4, 5], [0, 99, 1, 98, 2, 97]]
    """
    slot = np.arange(WINDOW_PIECES)
    from_end = slot % 2
    inwards = count[:, None] * from_end + np.where(from_end, -(slot + 1) // 2, slot // 2)
    return np.where(slot < count[:, None], inwards, slot)
