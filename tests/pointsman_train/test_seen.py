"""What a bundle remembers of the prompts that it was made from."""

from __future__ import annotations

import io

import numpy as np
import pytest

from pointsman.errors import BundleCorruptError
from pointsman_train.seen import SEEN_FILE, SeenPrompts, read_seen

PROMPTS = [f"What is {n} + {n}?" for n in range(2000)]


def test_the_share_is_exact_where_all_are_kept_and_an_estimate_where_some_are(tmp_path):
    new = [f"Why {n}?" for n in range(1000)]
    assert SeenPrompts.of(PROMPTS).share([*PROMPTS[:250], *new[:750]]) == 0.25
    few = SeenPrompts.of(PROMPTS, most=500)
    assert len(few.hashes) == 500
    assert few.share([*PROMPTS[:1000], *new]) == pytest.approx(0.5, abs=0.1)
    assert (few.share(PROMPTS), few.share(new), few.share([])) == (1.0, 0.0, 0.0)


def test_case_and_white_space_do_not_make_another_prompt():
    assert SeenPrompts.of(["What is\n2+2?"]).share(["  what IS 2+2? "]) == 1.0


def test_a_router_that_is_exported_remembers_what_is_not_for_its_test(trained):
    prepared = trained.result.prepared
    seen, test = read_seen(trained.bundle), prepared.split.rows("test")
    prompts = np.array(prepared.labelled.outcomes.prompt, object)
    assert seen.share(prompts[~test].tolist()) == 1.0
    assert seen.share(prompts[test].tolist()) == 0.0


def test_the_file_is_read_back_and_a_damaged_one_is_an_error(tmp_path):
    assert read_seen(tmp_path) is None
    seen = SeenPrompts.of(PROMPTS, most=100)
    (tmp_path / SEEN_FILE).write_bytes(seen.content())
    found = read_seen(tmp_path)
    assert (found.hashes.tolist(), found.most) == (seen.hashes.tolist(), seen.most)
    other = io.BytesIO()
    np.savez(other, hashes=np.array([object()]))
    for content in (b"", b"PK", seen.content()[:-20], other.getvalue()):
        (tmp_path / SEEN_FILE).write_bytes(content)
        with pytest.raises(BundleCorruptError, match=r"seen.npz cannot be read .*; export or copy the router again"):
            read_seen(tmp_path)
