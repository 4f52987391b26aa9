"""Which parameters the models are fitted with: settings are tried on rolling folds in time, all over before the validation.

A fold's models know only what was before the fold. Models of the whole catalogue are chosen first, each by itself, then the
re-ranker on top of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from vitrina.marketplace.judgement_tables import ModelTrials
from vitrina.marketplace.log import EventLog, Floats, purchased_pairs
from vitrina.marketplace.pair_features import feature_meanings
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.reranking import MOST_PAIRS_PER_WINDOW, NEGATIVES_PER_PAIR
from vitrina.marketplace.search_trials import (
    Curve,
    ListFold,
    Outcome,
    Setting,
    curve_outcomes,
    list_fold,
    list_outcome,
    processes_for,
    save_examples,
)
from vitrina.marketplace.windows import Plan, Window

PRECISION = "precision_at_10_full_catalogue_repeats_allowed"
AREA = f"auc_uniform_1to{NEGATIVES_PER_PAIR}"

LIGHTFM_SETTINGS: tuple[Setting, ...] = tuple(
    {"components": components, "epochs": epochs, "learning_rate": rate}
    for rate, epochs, components in product((0.05, 0.03), (10, 15, 5, 25), (64, 32))
)
"""The default first, then what is cheaper and maybe as good, then smaller steps, which take more epochs to get as far."""
KNN_SETTINGS: tuple[Setting, ...] = ({"shrinkage": 5.0}, {"shrinkage": 20.0}, {"shrinkage": 1.0})
LEAVES = (31, 15)
TREES = (60, 100, 150, 250)

INTERACTIONS_PER_SECOND = 300_000
"""LightFM with 64 components and 10 counterexamples at most, one thread, mean of 15 epochs: later ones look longer for a mistake."""
PRODUCTS_PER_SECOND = 30_000_000
"""Item-kNN: pairs of items that a user has both, squares of the users' numbers of items."""
SCORES_PER_SECOND = 12_000_000
"""Lists: scores of users by items that are computed and sorted."""
TREE_VALUES_PER_SECOND = 100_000_000
"""Re-ranker: trees by rows by features, with the reading of the curve."""

FEATURES = len(feature_meanings(("item_knn", "baskets", "linear", "als", "lightfm")))

_Run = Callable[..., list[Any]]


@dataclass(frozen=True)
class _ListModel:
    """A model of the whole catalogue that is searched by itself.

    Attributes
    ----------
    scorer
        Its name.
    settings
        The default first, then from the most to the least promising.
    seconds
        What a setting takes on a fold, as planned.
    effort
        How elaborate a setting is: less is simpler.
    budget_until
        Share of the budget that may be planned by the end of its trials: what it leaves goes to the next model.
    """

    scorer: str
    settings: Sequence[Setting]
    seconds: Callable[[ListFold, Setting], float]
    effort: Callable[[Setting], float]
    budget_until: float


@dataclass(frozen=True)
class _Stage:
    """The trials of one model.

    Attributes
    ----------
    scorer, measure
        Which model, and what is measured.
    settings
        In the order in which they are tried.
    effort
        How elaborate each setting is: less is simpler.
    folds, outcomes
        Folds that something could be said on; for each, an outcome per setting.
    """

    scorer: str
    measure: str
    settings: Sequence[Setting]
    effort: Sequence[float]
    folds: Sequence[Window]
    outcomes: Sequence[Sequence[Outcome]]

    def chosen(self) -> Setting:
        """The setting that goes on; nothing where nothing was tried."""
        if not self.folds:
            return {}
        values = np.array([[outcome.value for outcome in row] for row in self.outcomes])
        return self.settings[simplest_of_the_best(values, self.effort)]

    def rows(self) -> pl.DataFrame:
        """Rows of `ModelTrials`."""
        chosen = self.chosen()
        rows = [
            {
                "scorer": self.scorer,
                "trial": number,
                "fold": fold.start,
                "parameters": json.dumps(outcome.setting),
                "measure": self.measure,
                "training": outcome.training,
                "value": outcome.value,
                "n": outcome.n,
                "chosen": outcome.setting == chosen,
            }
            for fold, row in zip(self.folds, self.outcomes, strict=True)
            for number, outcome in enumerate(row)
        ]
        return pl.DataFrame(rows, schema=ModelTrials.polars_schema())


def search(log: EventLog, plan: Plan, *, budget_s: float, seed: int, processes: int = 2) -> tuple[Parameters, pl.DataFrame]:
    """Choose parameters on rolling folds.

    The budget is not read off a clock: what a trial takes is planned from the sizes of its input and measured rates, and
    trials are taken, from the most to the least promising, if they still fit. So the same log and seed choose the same on every
    machine, whatever runs beside. The default setting is always tried.

    Parameters
    ----------
    log
        The log.
    plan
        Its `folds` are used.
    budget_s
        Planned seconds of one processor for all trials. What the re-ranker's features take comes on top.
    seed
        For everything that is drawn.
    processes
        Folds and settings are tried in so many processes; the result does not depend on it. With more than one, the caller's
        main module must be importable without effects, as for every spawned process.

    Returns
    -------
    tuple
        The parameters: the default ones but for those that were chosen. And every trial, as `ModelTrials` has it; none where no
        fold has a purchase of a known item by a known user.
    """
    parameters, stages, planned_s = Parameters(), [], 0.0
    folds = [fold for window in plan.folds if (fold := list_fold(log, window, seed=seed)) is not None]
    if not folds:
        return parameters, ModelTrials.empty()
    with processes_for(processes) as run:
        for model in _LIST_MODELS:
            costs = [sum(model.seconds(fold, setting) for fold in folds) for setting in model.settings]
            taken = affordable(costs, model.budget_until * budget_s - planned_s)
            planned_s += sum(costs[number] for number in taken)
            stages.append(_list_stage(run, model, taken, folds, seed))
            parameters = parameters.with_(**stages[-1].chosen())
        windows = [fold.window for fold in folds]
        stages.append(_reranker_stage(run, log, windows, parameters, budget_s=budget_s - planned_s, seed=seed))
    return parameters.with_(**stages[-1].chosen()), pl.concat(stage.rows() for stage in stages)


def affordable(costs: Sequence[float], budget: float) -> list[int]:
    """Places of the trials that are taken: the first in any case, then each that still fits.

    Parameters
    ----------
    costs
        What each trial takes, from the most to the least promising.
    budget
        What all of them may take, in the same unit.
    """
    taken, spent = [0], costs[0]
    for place, cost in enumerate(costs[1:], start=1):
        if spent + cost <= budget:
            taken.append(place)
            spent += cost
    return taken


def simplest_of_the_best(values: Floats, effort: Sequence[float]) -> int:
    """The least elaborate setting within one standard error of the best one, by the mean over folds.

    The best of many settings is the best partly by luck, and the luck does not come back on the next month; a simpler one that
    cannot be told from it is fitted in less time and learns less by heart. The standard error is that of a setting's mean once
    folds have been allowed for: that purchases of December are easier to guess than those of January is the same for all.

    Parameters
    ----------
    values
        Higher is better, shape (folds, settings).
    effort
        How elaborate each setting is, shape (settings,).

    Returns
    -------
    int
        The place of a setting. Of equally simple ones the better; the first of those that are equal in both.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), Classification and Regression Trees, section 3.4.3: the rule of one
    standard error. Settings and folds are the two ways of an analysis of variance without interaction.
    """
    means = values.mean(axis=0)
    near = np.flatnonzero(means >= means.max() - _standard_error(values))
    return min(near.tolist(), key=lambda place: (effort[place], -means[place], place))


def _standard_error(values: Floats) -> float:
    """Of a setting's mean over folds; 0 where one fold or one setting leaves nothing to judge it by."""
    folds, settings = values.shape
    freedom = (folds - 1) * (settings - 1)
    if freedom == 0:
        return 0.0
    left = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float(np.sqrt((left**2).sum() / freedom / folds))


def _list_stage(run: _Run, model: _ListModel, taken: Sequence[int], folds: Sequence[ListFold], seed: int) -> _Stage:
    settings = [model.settings[place] for place in taken]
    tasks = [(fold, model.scorer, setting, seed) for fold in folds for setting in settings]
    outcomes = run(list_outcome, *zip(*tasks, strict=True))
    by_fold = _in_rows(outcomes, len(settings))
    effort = [model.effort(setting) for setting in settings]
    return _Stage(model.scorer, PRECISION, settings, effort, [fold.window for fold in folds], by_fold)


def _reranker_stage(  # noqa: PLR0913  # what is tried, on what, and how
    run: _Run, log: EventLog, windows: Sequence[Window], parameters: Parameters, *, budget_s: float, seed: int
) -> _Stage:
    """Each fold but the first is judged by trees that have learnt from the folds before it."""
    leaves = [LEAVES[place] for place in affordable([_curve_seconds(log, windows)] * len(LEAVES), budget_s)]
    settings = [{"trees": trees, "leaves": number} for number in leaves for trees in TREES]
    with TemporaryDirectory() as folder:
        saved = []
        if len(windows) > 1:
            tasks = [(log.before(w.end), w, parameters, seed, Path(folder) / f"{w.start}") for w in windows]
            saved = run(save_examples, *zip(*tasks, strict=True))
        curves = [Curve(tuple(saved[:place]), saved[place], each, TREES) for place in range(1, len(saved)) for each in leaves]
        read = run(curve_outcomes, curves, [parameters] * len(curves), [seed] * len(curves))
    by_fold = [[outcome for curve in row for outcome in curve] for row in _in_rows(read, len(leaves))]
    judged = [(window, row) for window, row in zip(windows[1:], by_fold, strict=True) if row]
    effort = [float(setting["trees"] * setting["leaves"]) for setting in settings]
    return _Stage("reranker", AREA, settings, effort, [window for window, _ in judged], [row for _, row in judged])


def _in_rows(values: Sequence[Any], length: int) -> list[Sequence[Any]]:
    return [values[start : start + length] for start in range(0, len(values), length)]


def _curve_seconds(log: EventLog, windows: Sequence[Window]) -> float:
    """What all trees of one number of leaves take: the rows of every fold but the last are learnt from in each later one."""
    rows = [_n_examples(log, window) for window in windows]
    learnt = sum(sum(rows[:judged]) for judged in range(1, len(rows)))
    return learnt * FEATURES * max(TREES) / TREE_VALUES_PER_SECOND


def _n_examples(log: EventLog, window: Window) -> int:
    """Examples that a window gives at most."""
    pairs = len(purchased_pairs(log.between(window.start, window.end))[0])
    return min(pairs, MOST_PAIRS_PER_WINDOW) * (1 + NEGATIVES_PER_PAIR)


def _lightfm_seconds(fold: ListFold, setting: Setting) -> float:
    interactions = fold.known.pairs.height * int(setting["epochs"]) * int(setting["components"]) / 64
    return interactions / INTERACTIONS_PER_SECOND + _list_seconds(fold)


def _knn_seconds(fold: ListFold, _: Setting) -> float:
    items_of_users = fold.known.pairs.group_by("user").len()["len"].to_numpy().astype(float)
    return float((items_of_users**2).sum()) / PRODUCTS_PER_SECOND + _list_seconds(fold)


def _list_seconds(fold: ListFold) -> float:
    return len(np.unique(fold.users)) * fold.known.n_items / SCORES_PER_SECOND


_LIST_MODELS = (
    _ListModel("lightfm", LIGHTFM_SETTINGS, _lightfm_seconds, lambda tried: float(tried["components"] * tried["epochs"]), 0.5),
    # the more it is shrunk, the less a few users decide
    _ListModel("item_knn", KNN_SETTINGS, _knn_seconds, lambda tried: -float(tried["shrinkage"]), 0.6),
)
