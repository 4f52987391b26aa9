"""Several quarters of made-up stores, and decisions about their clusters."""

import datetime as dt

import polars as pl

from tests.stores.made_up_stores import three_groups
from vitrina.stores.quarters import add_months
from vitrina.stores.scenario import Scenario

FIRST = dt.date(2021, 1, 1)
THREE = Scenario(n_clusters=3, n_bootstraps=0)
LEAST_OF_A_DECISION = {
    "decision_id": pl.String(),
    "kind": pl.String(),
    "made_at": pl.Datetime("us", "UTC"),
    "made_by": pl.String(),
    "reason": pl.String(),
    "quarter": pl.Date(),
    "version": pl.Int64(),
    "scenario": pl.String(),
    "fingerprint": pl.String(),
    "cluster": pl.Int64(),
    "name": pl.String(),
    "store_id": pl.String(),
}


def day(number):
    """First day of the quarter so many quarters after the first."""
    return add_months(FIRST, 3 * number)


def quarters(n=3, per_group=10):
    """The same three obvious groups in each of n quarters, drawn anew each time: s000 … are the richest."""
    made = [three_groups(per_group=per_group, seed=number) for number in range(n)]
    dated = [[frame.with_columns(quarter=pl.lit(day(number))) for frame in frames] for number, frames in enumerate(made)]
    return tuple(pl.concat(parts, how="diagonal") for parts in zip(*dated, strict=True))


def changed(features, quarter, store_id, **values):
    """Other values for one store of one quarter."""
    there = (pl.col("quarter") == quarter) & (pl.col("store_id") == store_id)
    return features.with_columns(
        pl.when(there).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in values.items()
    )


def decisions(*made):
    """Decisions in the order in which they are given, an hour apart and called d1, d2, …, unless they say otherwise."""
    start = dt.datetime(2022, 1, 1, tzinfo=dt.UTC)
    rows = [
        dict.fromkeys(LEAST_OF_A_DECISION)
        | {"decision_id": f"d{number}", "made_at": start + dt.timedelta(hours=number), "made_by": "analyst", "reason": "r"}
        | {"quarter": FIRST}
        | given
        for number, given in enumerate(made, 1)
    ]
    return pl.DataFrame(rows, schema=LEAST_OF_A_DECISION)


def approval(quarter=FIRST, scenario=THREE, **given):
    return {"kind": "approve", "quarter": quarter, "scenario": scenario.to_json(), **given}
