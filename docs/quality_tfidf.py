"""The baseline of an afternoon: scikit-learn's TF-IDF and a logistic regression a model, with our splits and rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pointsman.decide import Rule
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.evaluate.stage import Judged, complete_rows, router_of, testset_of
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import fold_of
from pointsman_train.study.crossfit import BOUNDARY_MARGIN, Round
from pointsman_train.study.folds import Fold
from pointsman_train.train.rows import describe_models, rows_of
from pointsman_train.train.sigmoid import shared_logistic

NAME = "TF-IDF of scikit-learn"
# An operating point is not fitted for it: it is compared over the whole sweep.
_LAMBDA = 0.05


def tfidf_round(labelled: Labelled, group: Ints, fold: Fold) -> Round:
    """Fit and judge it in one round: words and pairs, punctuation kept, at least 3 prompts, 30,000 terms, sublinear."""
    rows, test = rows_of(labelled, group, fold.train), complete_rows(labelled, fold.test)
    descriptors, mean_score = describe_models(labelled, fold.train)
    inner = fold_of(rows.group, 5, np.random.default_rng(0))
    success = rows.targets.success
    unseen = np.empty_like(success)
    for k in range(5):
        out = inner == k
        unseen[out] = _margins(_texts(rows.prompt, ~out), success[~out], _texts(rows.prompt, out))
    calibration = shared_logistic(unseen, success)
    p_success = calibration.success_probability(_margins(rows.prompt, success, _texts(labelled.outcomes.prompt, test)))
    n_models = success.shape[1]
    no_labels = np.full((len(p_success), n_models + 1), 1 / (n_models + 1))
    rules = {"fixed": Rule("utility", _LAMBDA)}
    judged = Judged(p_success, no_labels, rules, "fixed", descriptors.mean_cost, mean_score)
    testset, _ = testset_of(labelled, group, test, judged, BOUNDARY_MARGIN)
    return Round(testset, router_of(testset, judged))


def _texts(prompts: Sequence[str], rows: Bools) -> list[str]:
    return [prompt for prompt, kept in zip(prompts, rows, strict=True) if kept]


def _margins(prompts: Sequence[str], success: Floats, others: Sequence[str]) -> Floats:
    pattern = r"(?u)\w+|[^\w\s]"
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=3, max_features=30_000, sublinear_tf=True, token_pattern=pattern
    )
    seen, new = vectorizer.fit_transform(prompts), vectorizer.transform(others)
    columns = []
    for outcome in success.T:
        known = ~np.isnan(outcome)
        with threadpool_limits(1):
            model = LogisticRegression(max_iter=300).fit(seen[known], outcome[known])
        columns.append(model.decision_function(new))
    return np.stack(columns, axis=1)
