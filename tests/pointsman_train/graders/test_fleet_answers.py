from __future__ import annotations

import pandas as pd

from pointsman_train.graders import GradeItem, make_grader
from pointsman_train.paths import data_dir


def test_graders_give_the_shipped_answers_their_shipped_scores():
    prompts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet").set_index("prompt_id")
    outcomes = pd.read_parquet(data_dir() / "fleet" / "outcomes.parquet")
    graders = {name: make_grader(name) for name in prompts["grader"].unique()}
    graded = outcomes[outcomes["score"].notna()]
    assert len(graded) > 1000
    for row in graded.itertuples():
        asked = prompts.loc[row.prompt_id]
        verdict = graders[asked["grader"]].grade(row.response, GradeItem(asked["prompt"], asked["reference"]))
        assert verdict.score == row.score, (row.prompt_id, row.model)
