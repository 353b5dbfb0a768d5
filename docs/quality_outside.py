"""Baselines that are made outside of pointsman, with its splits, calibration and decision rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from pointsman.decide import Rule
from pointsman_train.cores import one_thread
from pointsman_train.data import Floats, Ints
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.stage import Judged, router_of
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import fold_of
from pointsman_train.study.crossfit import Round
from pointsman_train.study.folds import Fold
from pointsman_train.train.link import logit
from pointsman_train.train.rows import describe_models, rows_of
from pointsman_train.train.sigmoid import shared_logistic

# Positions to fit on, their success with NaN for unknown, positions to predict: log-odds of those.
Margins: TypeAlias = Callable[[Ints, Floats, Ints], Floats]

NEIGHBOURS = 50
# An operating point is not fitted for them: they are compared over the whole sweep.
_LAMBDA = 0.05


def outside_round(labelled: Labelled, group: Ints, fold: Fold, margins: Margins) -> Round:
    """Fit and judge a baseline in one round; its calibration is fitted on out-of-fold predictions, as ours is."""
    seen, test = np.flatnonzero(fold.train), complete_rows(labelled, fold.test)
    rows = rows_of(labelled, group, fold.train)
    descriptors, mean_score = describe_models(labelled, fold.train)
    inner = fold_of(rows.group, 5, np.random.default_rng(0))
    success = rows.targets.success
    unseen = np.empty_like(success)
    for k in range(5):
        out = inner == k
        unseen[out] = margins(seen[~out], success[~out], seen[out])
    p_success = shared_logistic(unseen, success).success_probability(margins(seen, success, np.flatnonzero(test)))
    n_models = success.shape[1]
    no_labels = np.full((len(p_success), n_models + 1), 1 / (n_models + 1))
    rules = {"fixed": Rule("utility", _LAMBDA)}
    judged = Judged(p_success, no_labels, rules, "fixed", descriptors.mean_cost, mean_score)
    testset, _ = take_testset(labelled, group, test, descriptors.mean_cost, mean_score)
    return Round(testset, router_of(testset, judged))


def tfidf(labelled: Labelled) -> Margins:
    """Logistic regression on words and pairs, punctuation kept, at least 3 prompts, 30,000 terms, sublinear."""
    prompts = np.array([*labelled.outcomes.prompt, None], object)[:-1]

    def margins(seen: Ints, success: Floats, new: Ints) -> Floats:
        vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), min_df=3, max_features=30_000, sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]"
        )
        return _logistic(vectorizer.fit_transform(prompts[seen]), success, vectorizer.transform(prompts[new]), 1.0)

    return margins


def embedded_logistic(embedding: Floats) -> Margins:
    """Logistic regression on an embedding of shape (n_prompts, dimensions)."""

    def margins(seen: Ints, success: Floats, new: Ints) -> Floats:
        scaler = StandardScaler().fit(embedding[seen])
        return _logistic(scaler.transform(embedding[seen]), success, scaler.transform(embedding[new]), 0.01)

    return margins


def embedded_neighbours(embedding: Floats) -> Margins:
    """Success rate of the 50 nearest training prompts by cosine, with one success and one failure added."""

    def margins(seen: Ints, success: Floats, new: Ints) -> Floats:
        _, near = (
            NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine").fit(embedding[seen]).kneighbors(embedding[new])
        )
        found = success[near]
        known = ~np.isnan(found)
        return logit((np.nansum(found, axis=1) + 1) / (known.sum(axis=1) + 2))

    return margins


def _logistic(seen: Floats, success: Floats, new: Floats, strength: float) -> Floats:
    columns = []
    for outcome in success.T:
        known = ~np.isnan(outcome)
        with one_thread():
            model = LogisticRegression(C=strength, max_iter=300).fit(seen[known], outcome[known])
        columns.append(model.decision_function(new))
    return np.stack(columns, axis=1)
