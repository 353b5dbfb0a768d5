from __future__ import annotations

import hashlib
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.datasets.fingerprint import fingerprint

IDS, TEXTS, MODELS = ["a", "b"], ["Why?", "How?"], ["x", "y"]
SCORE = np.array([[1.0, 0.5], [np.nan, 0.0]])
TRIALS = np.array([[1, 2], [0, 1]])
COST = np.array([[1e-5, 2e-5], [np.nan, 3e-5]])


def of(ids=IDS, texts=TEXTS, models=MODELS, score=SCORE, trials=TRIALS, cost=COST):
    return fingerprint((ids, texts), models, score, trials, cost)


def test_it_is_the_sha_256_of_names_texts_and_little_endian_arrays():
    nan, words = struct.pack("<f", np.nan), ["2", "x", "y", "2", "a", "b", "2", "Why?", "How?"]
    content = b"".join(struct.pack("<q", len(word)) + word.encode() for word in words)
    content += struct.pack("<2f", 1.0, 0.5) + nan + struct.pack("<f", 0.0)
    content += struct.pack("<4q", 1, 2, 0, 1)
    content += struct.pack("<2f", 1e-5, 2e-5) + nan + struct.pack("<f", 3e-5)
    assert of() == hashlib.sha256(content).hexdigest()


@given(st.permutations(range(2)), st.permutations(range(2)))
def test_order_of_prompts_and_models_does_not_matter(rows, columns):
    grid = np.ix_(rows, columns)
    ids, texts, models = [IDS[i] for i in rows], [TEXTS[i] for i in rows], [MODELS[i] for i in columns]
    assert of(ids, texts, models, SCORE[grid], TRIALS[grid], COST[grid]) == of()


def test_every_part_matters():
    other = [
        of(ids=["a", "c"]),
        of(texts=["Why?", "How? "]),
        of(models=["x", "z"]),
        of(score=np.where(np.isnan(SCORE), 0.0, SCORE)),
        of(trials=TRIALS + 1),
        of(cost=COST * 1.001),
        of(ids=["aW", "b"], texts=["hy?", "How?"]),
    ]
    assert len({of(), *other}) == len(other) + 1


def test_width_of_floats_sign_of_zero_and_kind_of_nan_do_not_matter():
    narrow = SCORE.astype(np.float32).astype(np.float64)
    assert of(score=np.where(SCORE == 0, -0.0, narrow)) == of()
    assert of(cost=np.where(np.isnan(COST), -np.nan, COST)) == of()
    third = np.full((2, 2), 1 / 3)
    assert of(score=third.astype(np.float32).astype(np.float64)) == of(score=third)
