"""What the stores of a cluster are like, beside the whole network. Known values only: what was imputed says nothing."""

from __future__ import annotations

import polars as pl

from vitrina.stores.clustering import Clustering

CLUSTERED = "clustered"
PROFILE_ONLY = "profile only"

SCHEMA = {
    "cluster": pl.Int64(),
    "feature": pl.String(),
    "role": pl.String(),
    "n": pl.Int64(),
    "mean": pl.Float64(),
    "network_mean": pl.Float64(),
    "z": pl.Float64(),
    "difference": pl.Float64(),
}


def profile(clustering: Clustering) -> pl.DataFrame:
    """One row per feature and cluster, features in the order of the request, those that shape the clusters first.

    Returns
    -------
    polars.DataFrame
        ``cluster``; ``feature``; ``role`` (``"clustered"`` or ``"profile only"``); ``n``, stores with a value;
        ``mean``; ``network_mean``, over all clustered stores; ``z``, the difference of the two in standard deviations
        of the network; ``difference``, the same as a share of the network's mean. Null where it is not defined: a
        share of a mean says nothing about a feature that is negative for some stores, such as growth.

    Notes
    -----
    A z of a feature that shapes the clusters describes them; it is no test, for the clusters were made to differ.
    """
    stores = clustering.stores.with_columns(pl.Series("cluster", clustering.labels))
    known = roles(clustering)
    if not known:
        return pl.DataFrame(schema=SCHEMA)
    values = stores.select("cluster", *known).unpivot(index="cluster", variable_name="feature", value_name="value")
    network = values.group_by("feature").agg(
        pl.col("value").mean().alias("network_mean"),
        pl.col("value").std(ddof=0).alias("network_deviation"),
        pl.col("value").min().alias("least"),
    )
    order = pl.DataFrame({"feature": list(known), "role": list(known.values()), "place": range(len(known))})
    return (
        values.group_by("cluster", "feature")
        .agg(pl.col("value").count().cast(pl.Int64).alias("n"), pl.col("value").mean().alias("mean"))
        .join(network, on="feature")
        .join(order, on="feature")
        .with_columns(
            _ratio(pl.col("mean") - pl.col("network_mean"), pl.col("network_deviation")).alias("z"),
            pl.when(pl.col("least") >= 0)
            .then(_ratio(pl.col("mean") - pl.col("network_mean"), pl.col("network_mean")))
            .alias("difference"),
        )
        .sort("place", "cluster")
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def roles(clustering: Clustering) -> dict[str, str]:
    """Feature → ``"clustered"`` or ``"profile only"``, in the order in which they are shown; none without any value."""
    described = {name: PROFILE_ONLY for name in clustering.selected.profile_only if name in clustering.stores.columns}
    known = {name for name in described if clustering.stores.get_column(name).count()}
    return dict.fromkeys(clustering.features, CLUSTERED) | {name: role for name, role in described.items() if name in known}


def _ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    # a spread of 1e-17 is a constant that was summed, not a difference
    return pl.when(denominator > 1e-12).then(numerator / denominator)
