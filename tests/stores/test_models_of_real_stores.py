import datetime as dt
import os

import polars as pl
import pytest

from tests.stores.made_up_quarters import approval, decisions
from tests.stores.real_network import real_network
from vitrina.stores.backtest import backtest
from vitrina.stores.cluster_rows import assignment_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.features import store_features
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.over_time import over_time
from vitrina.stores.quarters import add_months
from vitrina.stores.scenario import Scenario
from vitrina.stores.standing import fold_decisions

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("VITRINA_REAL_DATA" not in os.environ, reason="VITRINA_REAL_DATA names no folder of real data"),
]

FITS = (dt.date(2020, 10, 1), dt.date(2021, 1, 1), dt.date(2021, 4, 1))
LAST_SIX = tuple(add_months(dt.date(2021, 4, 1), 3 * number) for number in range(6))
TARGET = 0.65


@pytest.fixture(scope="module")
def hypermarkets():
    network = real_network()
    made = [store_features(network, quarter) for quarter in (FITS[0], FITS[1], *LAST_SIX)]
    return tuple(pl.concat(parts, how="diagonal") for parts in zip(*made, strict=True))


def request(*, transform="plain", features=("share_*",)):
    return Scenario(features=features, transform=transform, n_clusters=5, n_bootstraps=0)


@pytest.mark.parametrize("fitted_on", FITS)
@pytest.mark.parametrize("transform", ["plain", "robust"])
def test_an_approved_model_stays_steady_over_the_last_six_quarters(hypermarkets, transform, fitted_on):
    found = backtest(*hypermarkets, request(transform=transform), fitted_on=fitted_on, quarters=LAST_SIX)
    mean, challenger = (found.get_column(name).mean() for name in ("ari", "ari_of_challenger"))
    print(f"{transform} {fitted_on}: approved model {mean:.3f}, clustered anew {challenger:.3f}")  # noqa: T201  # the measurement is what a person runs this for
    assert found.get_column("n_common").min() > 300
    assert mean >= TARGET
    assert mean > challenger + 0.2


def test_the_default_parameters_alone_depend_on_the_quarter_of_the_fit(hypermarkets):
    means = [
        backtest(*hypermarkets, request(transform=transform, features=()), fitted_on=fitted_on, quarters=LAST_SIX)
        .get_column("ari")
        .mean()
        for transform in ("plain", "robust")
        for fitted_on in FITS
    ]
    print("default parameters:", [round(mean, 3) for mean in means])  # noqa: T201  # as above
    assert min(means) < 0.5
    assert max(means) > 0.8


def test_the_tables_say_what_the_backtest_says(hypermarkets):
    features, catalogue = hypermarkets
    asked, fitted_on = request(), dt.date(2021, 1, 1)
    clusterings = {
        quarter: cluster_stores(*(frame.filter(pl.col("quarter") == quarter) for frame in hypermarkets), asked)
        for quarter in (fitted_on, *LAST_SIX)
    }
    approved = approval(fitted_on, asked, fingerprint=clusterings[fitted_on].fingerprint)
    standing = fold_decisions(decisions(approved), features, catalogue, ClusterModels.empty())
    fresh = pl.concat([assignment_rows(clustering) for clustering in clusterings.values()])
    comparison = over_time(features, fresh, standing).comparison.filter(pl.col("quarter").is_in(LAST_SIX))
    expected = backtest(features, catalogue, asked, fitted_on=fitted_on, quarters=LAST_SIX)
    assert comparison.get_column("ari_to_previous").to_list() == expected.get_column("ari").to_list()
    assert comparison.get_column("ari_of_fresh").to_list() == expected.get_column("ari_of_challenger").to_list()
    assert comparison.get_column("share_moved").to_list() == expected.get_column("share_moved").to_list()
