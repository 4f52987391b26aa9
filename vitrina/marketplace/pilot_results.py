"""What experts made of the recommendations: the measures of a pilot, with the intervals that few cases allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from vitrina.marketplace.agreement import cohen_kappa, two_by_two
from vitrina.marketplace.pilot_tables import PilotResults
from vitrina.marketplace.resampling import UNKNOWN, drawn_totals, interval, or_none, ratio

PRECISION = "precision: share of the judged recommendations that suit"
LOST_OFFERS = "lost offers: share of the items in the sheet that suit which were not recommended"
OVERLAP = "overlap at 10: mean over users of the share of the items that suit (at most ten) which were recommended"
KAPPA = "Cohen's kappa between recommended and suits"
KAPPA_OF_EXPERTS = "Cohen's kappa between experts who judged the same items"
MEASURES = (PRECISION, LOST_OFFERS, OVERLAP, KAPPA, KAPPA_OF_EXPERTS)

SEED = 20_240_601
"""Of the bootstrap: results of the same verdicts do not change from run to run."""

_ITEM = ("case", "item_id")


@dataclass(frozen=True, eq=False)
class _Measured:
    """A measure of sums over cases.

    Attributes
    ----------
    rows
        One row per case that has anything to say, shape ``(n_cases, columns)``.
    value
        From sums over cases, shape ``(…, columns)``, to the measure, shape ``(…)``.
    verdicts
        Verdicts that it rests on.
    """

    rows: np.ndarray
    value: Callable[[np.ndarray], np.ndarray]
    verdicts: int


def pilot_results(cases: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Measure what experts said of the items that they were shown.

    Where several experts judged an item, their majority counts; an item on which they are evenly divided is left out of all
    measures but the agreement between experts. That is Cohen's kappa for each pair of experts, over the items that both
    judged, and their mean weighted by the number of these items (R. J. Light, 1971, takes the plain mean). Verdicts without
    an expert's name count as one expert's. Verdicts about other pilots, cases or items are left out, and so are cells that
    were left empty; of several verdicts of one expert on one item the last counts.

    The overlap of a case is the share of its items that suit which were recommended, of at most as many as were recommended:
    with the list of ten, overlap at 10. Cases in which nothing suits have none. Lost offers are those that the sheet shows:
    its other items are a draw, not the whole range.

    Parameters
    ----------
    cases
        Rows of `PilotCases`, of one pilot or several.
    verdicts
        ``pilot``, ``case``, ``item_id``, ``expert``, ``suits``.

    Returns
    -------
    polars.DataFrame
        `PilotResults`: for each pilot all of `MEASURES`, null where the verdicts do not define them. Intervals by bootstrap
        over cases; ``cases`` and ``verdicts`` count what the measure rests on.
    """
    rows = [
        row
        for (pilot,), shown in cases.sort("pilot").group_by("pilot", maintain_order=True)
        for row in _results_of(str(pilot), shown, verdicts.filter(pl.col("pilot") == pilot))
    ]
    return pl.DataFrame(rows, schema=PilotResults.polars_schema(), orient="row")


def _results_of(pilot: str, shown: pl.DataFrame, verdicts: pl.DataFrame) -> list[tuple[object, ...]]:
    given = (
        verdicts.filter(pl.col("suits").is_not_null())
        .with_columns(pl.col("expert").fill_null(""))
        .unique([*_ITEM, "expert"], keep="last", maintain_order=True)
        .select(*_ITEM, "expert", "suits")
        .join(shown.select(*_ITEM, "recommended"), on=_ITEM)
        .sort(*_ITEM, "expert")
    )
    judged = (
        given.group_by(*_ITEM, "recommended", maintain_order=True)
        .agg(pl.col("suits").mean().alias("share"), pl.len().alias("verdicts"))
        .filter(pl.col("share") != 0.5)
        .with_columns((pl.col("share") > 0.5).alias("suits"))
    )
    measured = {
        PRECISION: _share(judged.filter("recommended"), "suits"),
        LOST_OFFERS: _share(judged.filter("suits").with_columns(lost=~pl.col("recommended")), "lost"),
        OVERLAP: _overlap(judged, shown),
        KAPPA: _kappa(judged),
        KAPPA_OF_EXPERTS: _kappa_of_experts(given),
    }
    return [(pilot, *_result(measure, found)) for measure, found in measured.items()]


def _result(measure: str, found: _Measured) -> tuple[object, ...]:
    rows = found.rows
    value = or_none(float(found.value(rows.sum(axis=0))))
    rng = np.random.default_rng([SEED, MEASURES.index(measure)])
    between = UNKNOWN if value is None else interval(found.value(drawn_totals(rng, rows)), len(rows))
    return measure, value, *between, len(rows), found.verdicts


def _share(judged: pl.DataFrame, column: str) -> _Measured:
    counted = judged.group_by("case", maintain_order=True).agg(pl.col(column).sum().alias("yes"), pl.len().alias("all"))
    return _Measured(_array(counted, "yes", "all"), _first_over_second, _verdicts(judged))


def _overlap(judged: pl.DataFrame, shown: pl.DataFrame) -> _Measured:
    suits = judged.filter("suits")
    length = shown.group_by("case").agg(pl.col("recommended").sum().alias("length"))
    by_case = suits.group_by("case", maintain_order=True).agg(pl.col("recommended").sum().alias("hits"), pl.len().alias("all"))
    of_cases = by_case.join(length, on="case", maintain_order="left").select(
        (pl.col("hits") / pl.min_horizontal("all", "length")).fill_nan(None).alias("share"), pl.lit(1.0).alias("one")
    )
    return _Measured(_array(of_cases.drop_nulls(), "share", "one"), _first_over_second, _verdicts(suits))


def _kappa(judged: pl.DataFrame) -> _Measured:
    tables = two_by_two(judged.get_column("recommended").to_numpy(), judged.get_column("suits").to_numpy())
    by_case = _summed(judged.get_column("case"), tables.reshape(-1, 4))
    return _Measured(by_case, lambda sums: cohen_kappa(sums.reshape(*sums.shape[:-1], 2, 2)), _verdicts(judged))


def _kappa_of_experts(given: pl.DataFrame) -> _Measured:
    """One table per pair of experts, beside one another."""
    several = given.filter(pl.len().over(_ITEM) > 1)
    pairs = list(combinations(several.get_column("expert").unique().sort().to_list(), 2))
    both = several.join(several, on=_ITEM, suffix="_of_second").filter(pl.col("expert") < pl.col("expert_of_second"))
    tables = np.zeros((both.height, len(pairs), 2, 2))
    place = {pair: number for number, pair in enumerate(pairs)}
    of_pair = [place[pair] for pair in both.select("expert", "expert_of_second").iter_rows()]
    tables[np.arange(both.height), of_pair] = two_by_two(
        both.get_column("suits").to_numpy(), both.get_column("suits_of_second").to_numpy()
    )

    def value(sums: np.ndarray) -> np.ndarray:
        by_pair = sums.reshape(*sums.shape[:-1], len(pairs), 2, 2)
        kappa = cohen_kappa(by_pair)
        weight = by_pair.sum(axis=(-2, -1)) * np.isfinite(kappa)
        return ratio((np.nan_to_num(kappa) * weight).sum(axis=-1), weight.sum(axis=-1))

    by_case = _summed(both.get_column("case"), tables.reshape(both.height, 4 * len(pairs)))
    return _Measured(by_case, value, several.height)


def _summed(case: pl.Series, rows: np.ndarray) -> np.ndarray:
    """Rows summed within each case."""
    numbers, places = np.unique(case.to_numpy(), return_inverse=True)
    summed = np.zeros((numbers.size, rows.shape[1]))
    np.add.at(summed, places, rows)
    return summed


def _array(frame: pl.DataFrame, *columns: str) -> np.ndarray:
    return np.asarray(frame.select(pl.col(columns).cast(pl.Float64)).to_numpy())


def _verdicts(judged: pl.DataFrame) -> int:
    return int(judged.get_column("verdicts").sum())


def _first_over_second(sums: np.ndarray) -> np.ndarray:
    return ratio(sums[..., 0], sums[..., 1])
