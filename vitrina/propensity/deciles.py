"""Clients in tenths by their probability: what was promised of each, and what came."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.propensity.measures import checked
from vitrina.propensity.resampling import Bools, Floats

N_DECILES = 10

DECILE_SCHEMA = {
    "decile": pl.Int64(),
    "clients": pl.Int64(),
    "openings": pl.Int64(),
    "mean_probability": pl.Float64(),
    "rate": pl.Float64(),
    "lift": pl.Float64(),
    "gain": pl.Float64(),
}


def deciles(probabilities: Floats) -> npt.NDArray[np.int64]:
    """The tenth that each client belongs to: 1 for the best.

    Tenths are equal in count, give or take one client. Clients with one probability stand in the order in which they are
    given and may be parted by a border: give them in the order of their identifiers, which knows nothing of the outcome.

    Parameters
    ----------
    probabilities
        Shape (clients,).
    """
    place = np.empty(len(probabilities), dtype=np.int64)
    place[np.argsort(-np.asarray(probabilities, dtype=np.float64), kind="stable")] = np.arange(len(probabilities))
    return place * N_DECILES // max(1, len(probabilities)) + 1


def decile_rows(probabilities: Floats, opened: Bools) -> pl.DataFrame:
    """One row per tenth of clients, the best first.

    Parameters
    ----------
    probabilities, opened
        Shape (clients,), in the order of the clients' identifiers (`deciles`).

    Returns
    -------
    polars.DataFrame
        ``decile`` (1 is the best tenth), ``clients``, ``openings``, ``mean_probability``, ``rate`` (share who opened),
        ``lift`` (rate over the rate of all) and ``gain`` (share of all openings in this tenth and better ones); the last two
        are null where nobody opened. A tenth without clients, where they are fewer than ten, has no row.

    Raises
    ------
    VitrinaError
        A probability is not a finite number, or the lengths differ.
    """
    probabilities, opened = checked("probability", probabilities, opened)
    clients = pl.DataFrame({"decile": deciles(probabilities), "probability": probabilities, "opened": opened})
    known = pl.col("openings").sum() > 0
    return (
        clients.group_by("decile")
        .agg(
            clients=pl.len().cast(pl.Int64),
            openings=pl.col("opened").sum().cast(pl.Int64),
            # summed in the order of size, so that the last digit does not depend on the order of rows
            mean_probability=pl.col("probability").sort().mean(),
            rate=pl.col("opened").mean(),
        )
        .sort("decile")
        .with_columns(
            lift=pl.when(known).then(pl.col("rate") * pl.col("clients").sum() / pl.col("openings").sum()),
            gain=pl.when(known).then(pl.col("openings").cum_sum() / pl.col("openings").sum()),
        )
        .select(pl.col(name).cast(kind) for name, kind in DECILE_SCHEMA.items())
    )
