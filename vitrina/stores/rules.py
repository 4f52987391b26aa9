"""The clusters as rules that a person can repeat: a small decision tree on the features in their own units."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Labels, Points
from vitrina.stores.clustering import Clustering
from vitrina.stores.preparation import Flags
from vitrina.stores.trust_tables import ClusterRules

DEPTH = 3
FEWEST_COVERED = 3
FEWEST_COVERED_SHARE = 0.01
"""A rule about fewer stores tells of them alone."""
FOLDS = 5
MAX_FITTED = 20_000
"""Stores above which a tree of depth 3 hardly changes any more but takes seconds."""

AT_MOST = "<="
ABOVE = ">"

_MAX_DIGITS = 17
"""Significant digits with which every float is written exactly."""


@dataclass(frozen=True)
class Condition:
    """One comparison of a rule.

    Attributes
    ----------
    feature
        Column of `store_features`.
    sign
        ``"<="`` or ``">"``.
    threshold
        In the feature's unit.
    """

    feature: str
    sign: str
    threshold: float


def rules(clustering: Clustering, seed: int = 0) -> pl.DataFrame:
    """A decision tree of depth 3 that tells the clusters apart, one row per leaf.

    The tree sees the features that the clusters rest on, in their own units; a gap counts as the feature's median.

    Parameters
    ----------
    clustering
        What `cluster_stores` made.
    seed
        Of the folds, of the sample above `MAX_FITTED` stores, and of the order in which equal splits are tried.

    Returns
    -------
    polars.DataFrame
        Rows of `ClusterRules`, by cluster, the rule that finds most of its stores first. A threshold has as few digits
        as leave every store on its side. ``tree_accuracy`` is null where a cluster has fewer stores than there are folds.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), Classification and Regression Trees.
    """
    values, labels = _in_own_units(clustering), clustering.labels
    fitted = _sample(labels.size, seed)
    tree = _fitted(values[fitted], labels[fitted], seed).tree_
    stamp = {
        "quarter": clustering.quarter,
        "tree_accuracy": _unseen_accuracy(values[fitted], labels[fitted], seed),
        "scenario_id": clustering.scenario.identifier,
    }
    leaves = [
        _judged(covered, labels) | {"conditions": _to_json(_merged(conditions))}
        for conditions, covered in _leaves(tree, values, clustering.features)
    ]
    leaves.sort(key=lambda leaf: (leaf["cluster"], -leaf["recall"], leaf["conditions"]))
    rows = [leaf | stamp | {"rule": number} for number, leaf in enumerate(leaves, start=1)]
    return ClusterRules.check(pl.DataFrame(rows, schema=ClusterRules.polars_schema()))


def conditions_of(rule: str) -> tuple[Condition, ...]:
    """The comparisons of a row of `ClusterRules`, from its JSON; none for a rule that covers every store."""
    return tuple(Condition(**condition) for condition in json.loads(rule))


def _to_json(conditions: Iterable[Condition]) -> str:
    return json.dumps([asdict(condition) for condition in conditions], ensure_ascii=False)


def _in_own_units(clustering: Clustering) -> Points:
    """Shape (stores, features), gaps filled by medians."""
    filled = clustering.stores.select(
        pl.col(name).cast(pl.Float64).fill_null(pl.col(name).median()) for name in clustering.features
    )
    values: Points = filled.to_numpy()
    return values


def _sample(n_stores: int, seed: int) -> Labels:
    places: Labels = np.arange(n_stores)
    if n_stores > MAX_FITTED:
        places = np.sort(np.random.default_rng(seed).choice(n_stores, MAX_FITTED, replace=False))
    return places


def _fitted(values: Points, labels: Labels, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415  # loading the definitions need not pay for it

    fewest = max(FEWEST_COVERED, round(FEWEST_COVERED_SHARE * labels.size))
    with warnings.catch_warnings():
        # as many clusters as stores may be asked for by hand; scikit-learn then suspects a regression
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        return DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=fewest, random_state=seed).fit(values, labels)


def _unseen_accuracy(values: Points, labels: Labels, seed: int) -> float | None:
    """Share of stores that a tree puts right which was fitted without them."""
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415  # loading the definitions need not pay for it

    if np.bincount(labels)[1:].min() < FOLDS:
        return None
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(values, labels)
    right = sum(
        int((_fitted(values[seen], labels[seen], seed).predict(values[unseen]) == labels[unseen]).sum()) for seen, unseen in folds
    )
    return right / labels.size


def _leaves(tree: Any, values: Points, features: tuple[str, ...]) -> Iterator[tuple[list[Condition], Flags]]:
    """Conditions on the way to each leaf, and which stores they cover."""
    # scikit-learn compares 32-bit numbers
    compared = values.astype(np.float32)
    waiting: list[tuple[int, list[Condition], Flags]] = [(0, [], np.ones(values.shape[0], dtype=np.bool_))]
    while waiting:
        node, path, covered = waiting.pop()
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left == right:
            yield path, covered
            continue
        place = int(tree.feature[node])
        below: Flags = covered & (compared[:, place] <= tree.threshold[node])
        above: Flags = covered & ~below
        threshold = short_number(float(values[below, place].max()), float(values[above, place].min()))
        waiting.append((right, [*path, Condition(features[place], ABOVE, threshold)], above))
        waiting.append((left, [*path, Condition(features[place], AT_MOST, threshold)], below))


def short_number(low: float, high: float) -> float:
    """The number with fewest digits from `low` to just below `high`, near their middle.

    >>> short_number(1234.4, 1298.8), short_number(0.12345, 0.12346), short_number(7.0, 8.0)
    (1270.0, 0.123455, 7.5)
    """
    middle = low + (high - low) / 2
    for digits in range(1, _MAX_DIGITS):
        rounded = float(f"{middle:.{digits - 1}e}")
        if low <= rounded < high:
            return rounded
    return low


def _merged(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """One condition per feature and sign, the strongest, in the order in which the tree asks first."""
    strongest: dict[tuple[str, str], Condition] = {}
    for condition in conditions:
        key = condition.feature, condition.sign
        known = strongest.get(key, condition)
        stronger = max if condition.sign == ABOVE else min
        strongest[key] = Condition(*key, stronger(known.threshold, condition.threshold))
    return tuple(strongest.values())


def _judged(covered: Flags, labels: Labels) -> dict[str, Any]:
    """The cluster that most covered stores are in, and how well the rule finds it."""
    inside = np.bincount(labels[covered], minlength=int(labels.max()) + 1)
    cluster = int(inside.argmax())
    n_covered = int(covered.sum())
    return {
        "cluster": cluster,
        "n_stores": n_covered,
        "precision": float(inside[cluster] / n_covered),
        "recall": float(inside[cluster] / (labels == cluster).sum()),
    }
