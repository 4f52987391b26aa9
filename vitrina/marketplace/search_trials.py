"""What one process of the search does: fit a model as a setting says, and measure it on a fold that it has not seen."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl

from vitrina.marketplace.history import History, history
from vitrina.marketplace.judging import best_items
from vitrina.marketplace.list_measures import judged_lists
from vitrina.marketplace.log import Codes, EventLog, Floats, purchased_pairs
from vitrina.marketplace.pair_features import PairFeatures
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.questions import questions
from vitrina.marketplace.reranking import (
    FEWEST_PAIRS,
    MOST_PAIRS_PER_WINDOW,
    NEGATIVES_PER_PAIR,
    Examples,
    examples,
    fit_reranker,
    fit_scorers,
)
from vitrina.marketplace.scorers import Scorer, item_neighbours, lightfm
from vitrina.marketplace.suitability import area_under_curve
from vitrina.marketplace.windows import Window

MOST_USERS = 2_000
"""Users of a fold whose lists are made: the precision is then known to about 0.005, and a catalogue is sorted for no more."""

LIST_LENGTH = 10

Setting = Mapping[str, Any]
Task = TypeVar("Task")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Outcome:
    """A measure of one setting on one fold.

    Attributes
    ----------
    setting
        Names of parameters and their values.
    training, value
        The measure on what was learnt from, and on the fold.
    n
        Users of the fold.
    """

    setting: Setting
    training: float
    value: float
    n: int


@dataclass(frozen=True)
class ListFold:
    """What lists are made of and measured by on one fold, and no more: it is sent to another process with every setting.

    Attributes
    ----------
    window
        The fold.
    known
        The history at its beginning, with nothing in it but who met what how strongly.
    allowed
        Items that are known at its beginning, by code.
    users, items
        Pairs that were bought in it.
    """

    window: Window
    known: History
    allowed: np.ndarray
    users: Codes
    items: Codes


@dataclass(frozen=True)
class SavedExamples:
    """Examples of a window in files, which processes map into memory instead of sending them to one another.

    Attributes
    ----------
    path
        Where they lie, but for the ends of the files' names.
    n_users
        Users among them.
    """

    path: Path
    n_users: int

    def load(self) -> Examples:
        """Read them."""
        return Examples(np.load(f"{self.path}.features.npy", mmap_mode="r"), np.load(f"{self.path}.bought.npy"))


@dataclass(frozen=True)
class Curve:
    """A re-ranker to be fitted once and read at several numbers of trees.

    Attributes
    ----------
    learnt
        What it learns from.
    judged
        A later window.
    leaves
        Leaves of a tree.
    trees
        Numbers of trees at which it is measured, ascending.
    """

    learnt: tuple[SavedExamples, ...]
    judged: SavedExamples
    leaves: int
    trees: tuple[int, ...]


def list_fold(log: EventLog, window: Window, *, seed: int) -> ListFold | None:
    """A fold for models that score the whole catalogue; ``None`` where no known user bought a known item.

    Parameters
    ----------
    log
        The log.
    window
        The fold.
    seed
        For the users whose lists are made, where there are more than `MOST_USERS`.
    """
    before = history(log, window.start)
    users, items = purchased_pairs(log.between(window.start, window.end))
    known = before.warm_users[users] & before.known_items[items]
    buyers = np.unique(users[known])
    if len(buyers) > MOST_USERS:
        buyers = np.sort(np.random.default_rng(seed).choice(buyers, MOST_USERS, replace=False))
    kept = known & np.isin(users, buyers)
    return ListFold(window, _met_only(before), before.known_items, users[kept], items[kept]) if kept.any() else None


def list_outcome(fold: ListFold, scorer: str, setting: Setting, seed: int) -> Outcome:
    """Precision at 10 of a model, over the full catalogue with repeats allowed, on a fold and on what it was fitted on.

    The same lists are held against both: what the users bought in the fold, and what they had met before it.

    Parameters
    ----------
    fold
        The fold.
    scorer
        ``"lightfm"`` or ``"item_knn"``.
    setting
        The parameters that it is fitted with.
    seed
        For its first vectors and draws.
    """
    with _one_thread():
        model = _MODELS[scorer](fold.known, setting, seed)
        users = np.unique(fold.users)
        lists = best_items(model, users, fold.allowed, LIST_LENGTH)
    met = fold.known.pairs.filter(pl.col("user").is_in(users.tolist()) & (pl.col("strength") > 0))
    who, what = (met[name].cast(pl.Int64).to_numpy() for name in ("user", "item"))
    return Outcome(setting, _precision(lists, who, what, fold), _precision(lists, fold.users, fold.items, fold), len(users))


def save_examples(log: EventLog, window: Window, parameters: Parameters, seed: int, path: Path) -> SavedExamples:
    """Fit the models at a window's beginning, and write what a re-ranker can learn from the window.

    Parameters
    ----------
    log
        The log; nothing after the window is looked at.
    window
        The window.
    parameters
        Of the models whose scores are features.
    seed
        For these models and the counterexamples.
    path
        Where to write, but for the ends of the files' names.
    """
    with _one_thread():
        before = history(log, window.start)
        known = PairFeatures(before, fit_scorers(before, parameters, seed=seed), seed=seed)
        made = examples(known, log.between(window.start, window.end), seed=seed)
    # the same draw once more: examples do not say whose they are
    asked = questions(
        before, log.between(window.start, window.end), ratio=NEGATIVES_PER_PAIR, seed=seed, most_pairs=MOST_PAIRS_PER_WINDOW
    )
    np.save(f"{path}.features.npy", made.features)
    np.save(f"{path}.bought.npy", made.bought)
    return SavedExamples(path, len(np.unique(asked.users)))


def curve_outcomes(curve: Curve, parameters: Parameters, seed: int) -> list[Outcome]:
    """Area under the ROC curve by number of trees, on a later window and on what was learnt from.

    The first trees of a larger model are those of a smaller one, so that one fit serves every number of trees. One model is
    fitted, whatever `Parameters.seeds`. Nothing is said where there is too little to learn from or nothing to judge.

    Parameters
    ----------
    curve
        What to fit, and what to measure it on.
    parameters
        Everything but leaves and trees.
    seed
        For the trees.
    """
    learnt, judged = Examples.of([part.load() for part in curve.learnt]), curve.judged.load()
    if int(learnt.bought.sum()) < FEWEST_PAIRS or not judged.bought.any() or judged.bought.all():
        return []
    with _one_thread():
        fitted = parameters.with_(leaves=curve.leaves, trees=max(curve.trees), seeds=1)
        (model,) = fit_reranker(learnt, fitted, seed=seed).models
        training, value = (_areas(model, part, curve.trees) for part in (learnt, judged))
    return [
        Outcome({"trees": trees, "leaves": curve.leaves}, on_training, on_fold, curve.judged.n_users)
        for trees, on_training, on_fold in zip(curve.trees, training, value, strict=True)
    ]


@contextmanager
def processes_for(number: int) -> Iterator[Callable[..., list[Any]]]:
    """Something that calls a function on many arguments, in that many processes, and returns the answers in order.

    Processes are spawned: forking one that runs threads, as polars does, may leave a lock closed for ever. With one, nothing is
    spawned.
    """
    if number == 1:
        yield _in_turn
        return
    with ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda function, *arguments: list(pool.map(function, *arguments))


def _in_turn(function: Callable[..., Answer], *arguments: Iterable[Any]) -> list[Answer]:
    return [function(*each) for each in zip(*arguments, strict=True)]


_MODELS: Mapping[str, Callable[[History, Setting, int], Scorer]] = {
    "lightfm": lambda known, setting, seed: lightfm(known, **setting, seed=seed),
    "item_knn": lambda known, setting, _: item_neighbours(known, **setting),
}


def _met_only(known: History) -> History:
    """A history without identifiers, events, and all that is known but the strength of pairs."""
    log = EventLog(
        pl.int_range(known.n_users, dtype=pl.Int32, eager=True),
        pl.int_range(known.n_items, dtype=pl.Int32, eager=True),
        known.log.events.clear(),
    )
    pairs = known.pairs.select(pl.col("user", "item").cast(pl.Int32), "strength")
    return replace(known, log=log, pairs=pairs, items=known.items.clear(), users=known.users.clear())


def _precision(lists: pl.DataFrame, users: Codes, items: Codes, fold: ListFold) -> float:
    return float(judged_lists(lists, users, items, fold.known.n_items).hits[:, :LIST_LENGTH].mean())


def _areas(model: Any, part: Examples, trees: Sequence[int]) -> list[float]:
    stages = islice(model.staged_decision_function(part.features), max(trees))
    return [_area(scores, part) for number, scores in enumerate(stages, start=1) if number in trees]


def _area(scores: Floats, part: Examples) -> float:
    return area_under_curve(scores[part.bought], scores[~part.bought])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads add up in any order, and the last digit decides a tie: results would depend on the machine's cores."""
    import implicit  # type: ignore[import-untyped]  # it has no types  # noqa: F401, PLC0415  # only loaded libraries can be told
    import sklearn.ensemble  # noqa: F401, PLC0415  # as above
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # loading the definitions need not pay for it

    with threadpool_limits(1):
        yield
