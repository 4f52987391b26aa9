"""How much of a list stays when nothing that matters has changed: another seed, or a week less of history."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from vitrina.marketplace.fitted import Fitted, likeness, scored_candidates
from vitrina.marketplace.judgement_tables import RecommendationStability
from vitrina.marketplace.list_measures import overlap_at_10
from vitrina.marketplace.log import Codes
from vitrina.marketplace.pair_features import PairFeatures
from vitrina.marketplace.reranking import Reranker, fit_reranker
from vitrina.marketplace.suitability import means_with_intervals
from vitrina.marketplace.windows import Plan

MOST_USERS = 300
OTHER_SEED = 1_000
"""Added to the seed; re-rankers of one fit have seeds that follow one another."""
EARLIER = dt.timedelta(days=7)
FEWEST_USERS = 2
"""Of one user there is no interval."""


def stability(  # noqa: PLR0913  # what is judged, and how lists are made
    fitted: Fitted, plan: Plan, users: Codes, reranker: Reranker, *, diversity: float, seed: int
) -> pl.DataFrame:
    """Compare top tens at the beginning of the test with those of models that differ in what should not matter.

    Against another seed, the models, the re-ranker's counterexamples and its trees are drawn anew. Against a week earlier,
    the models and all that is known of users and items end seven days before; the re-ranker is the same. What users bought
    in that week may rightly change their lists, so that this overlap is not meant to be 1.

    Parameters
    ----------
    fitted
        Models by cut.
    plan
        Its `test` and `before_test` are used.
    users
        Codes of users; at most 300 of those who were known a week before the test are compared.
    reranker
        Learnt from `plan.before_test`.
    diversity
        As of `Parameters`.
    seed
        For the users that are compared.

    Returns
    -------
    polars.DataFrame
        Rows of `RecommendationStability`; none where fewer than two users can be compared.
    """
    cut = plan.test.start
    earlier = fitted.known(cut - EARLIER)
    compared = np.unique(users[earlier.history.warm_users[users]])
    if len(compared) < FEWEST_USERS:
        return RecommendationStability.empty()
    if len(compared) > MOST_USERS:
        compared = np.sort(np.random.default_rng(seed).choice(compared, MOST_USERS, replace=False))
    lists = _top(fitted.known(cut), reranker, compared, diversity)
    others = {
        "another seed": _top(*_drawn_anew(fitted, plan), compared, diversity),
        "trained a week earlier": _top(earlier, reranker, compared, diversity),
    }
    overlaps = np.column_stack([overlap_at_10(lists, other, compared.tolist()) for other in others.values()])
    rows = [
        {"compared": mean.measure, "overlap_at_10": mean.value, "low": mean.low, "high": mean.high, "n": mean.n}
        for mean in means_with_intervals(tuple(others), overlaps)
    ]
    return pl.DataFrame(rows, schema=RecommendationStability.polars_schema())


def _drawn_anew(fitted: Fitted, plan: Plan) -> tuple[PairFeatures, Reranker]:
    """What is known at the beginning of the test, and a re-ranker, both with another seed; its examples stay as they were."""
    other = Fitted(fitted.log, fitted.parameters, fitted.seed + OTHER_SEED)
    learnt = fit_reranker(fitted.list_examples(plan.before_test), fitted.parameters.for_lists(), seed=other.seed)
    return other.known(plan.test.start), learnt


def _top(known: PairFeatures, reranker: Reranker, users: Codes, diversity: float) -> pl.DataFrame:
    return scored_candidates(known, reranker, users).lists(likeness(known), penalty=diversity, n=10)
