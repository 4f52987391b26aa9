"""A column that was built from the future is caught, and honest ones are left alone."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from tests.propensity.staged import client, connected, payment, raw
from vitrina.propensity.leak import ginis_alone, late_features, suspicious_features
from vitrina.propensity.month_features import month_features

MONTHS = [dt.date(2024, month, 1) for month in (1, 2)]
N = 600


def clients(seed=0, months=MONTHS):
    """Clients of some months and who opened the account: every fifth, by chance."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "client_id": [f"c{place:04}" for place in range(N)] * len(months),
            "month": [month for month in months for _ in range(N)],
            "opened": rng.random(N * len(months)) < 0.2,
        }
    )
    return frame.with_columns(noise=pl.Series(rng.normal(size=frame.height)), snapshot_date="month")


def judged(*columns, frame=None):
    given = clients() if frame is None else frame
    features = given.select("client_id", "month", "snapshot_date", *columns)
    labels = given.select("client_id", "month", "opened")
    found = ginis_alone(features, labels)
    return {row["feature"]: row for row in found.iter_rows(named=True)}, suspicious_features(features, labels)


def test_a_column_built_from_the_future_is_caught_and_honest_ones_are_not():
    answer = pl.col("opened").cast(pl.Float64)
    _, suspected = judged(
        (answer + 0.1 * pl.col("noise")).alias("n_days_with_account"),
        pl.when(pl.col("opened")).then(pl.lit("tariff")).otherwise(pl.lit("none")).alias("c_tariff"),
        (answer + pl.col("noise")).alias("n_honest_and_good"),
        pl.col("noise").alias("n_noise"),
        pl.lit("north").alias("c_region"),
    )
    assert set(suspected["feature"]) == {"n_days_with_account", "c_tariff"}
    assert all("gini of" in why for why in suspected["why"])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_gini_of_a_number_is_that_of_its_better_direction_averaged_over_months_by_openings(sign):
    frame = clients().with_columns(n_a=sign * (pl.col("opened") + pl.col("noise")))
    found, _ = judged("n_a", frame=frame)
    parts = [part for _, part in frame.group_by("month")]
    expected = [2 * roc_auc_score(part["opened"], sign * part["n_a"]) - 1 for part in parts]
    assert found["n_a"]["gini"] == pytest.approx(np.average(expected, weights=[part["opened"].sum() for part in parts]))


def test_clients_without_a_value_rank_together_at_the_better_end():
    # openers have no value, others one of chance: what is missing tells everything
    frame = clients().with_columns(n_a=pl.when(~pl.col("opened")).then(pl.col("noise")))
    found, suspected = judged("n_a", frame=frame)
    assert found["n_a"]["gini"] == pytest.approx(1)
    assert "it has a value for 0% of the clients who open an account, and for 100% of the others" in suspected["why"][0]


def test_a_column_that_is_filled_in_step_with_the_answer_is_caught_though_its_values_say_nothing():
    filled = pl.col("opened") & (pl.int_range(pl.len()) % 4 > 0)
    found, suspected = judged(
        pl.when(filled).then(pl.lit("x")).alias("c_note"), pl.when(filled).then(pl.lit("word")).alias("t_text")
    )
    assert set(suspected["feature"]) == {"c_note", "t_text"}
    assert found["t_text"]["gini"] is None


def test_having_no_value_is_a_level_of_a_category():
    place = pl.int_range(pl.len()).over("opened")
    level = pl.when(pl.col("opened")).then(pl.when(place % 2 == 0).then(pl.lit("middle")))
    level = level.otherwise(pl.when(place % 4 == 0).then(pl.lit("middle")).otherwise(pl.lit("low")))
    found, _ = judged(level.alias("c_level"))
    # half of the openers, without a value, rank above all others; half tie with a quarter of these: an area of 15/16
    assert found["c_level"]["gini"] == pytest.approx(7 / 8, abs=0.02)


def test_an_identifier_cannot_learn_its_own_answer_by_heart():
    found, suspected = judged(pl.col("client_id").alias("c_id"), pl.format("{} {}", "client_id", "month").alias("c_row"))
    assert suspected.is_empty()
    assert abs(found["c_row"]["gini"]) < 0.1
    assert abs(found["c_id"]["gini"]) < 0.1


def test_a_column_that_only_moves_with_the_calendar_says_nothing_of_a_client():
    rate = pl.when(pl.col("month") == MONTHS[0]).then(0.1).otherwise(0.9)
    frame = clients().with_columns(opened=pl.Series(np.random.default_rng(1).random(2 * N)) < rate)
    found, suspected = judged(
        pl.col("month").dt.month().cast(pl.Float64).alias("n_month"),
        pl.when(pl.col("month") == MONTHS[1]).then(pl.lit("new")).alias("c_new"),
        frame=frame,
    )
    assert suspected.is_empty()
    assert found["n_month"]["gini"] == pytest.approx(0)
    assert found["c_new"]["gini"] == pytest.approx(0)


def test_a_column_is_judged_by_the_months_that_have_it():
    late = pl.col("month") == MONTHS[1]
    found, suspected = judged(
        pl.when(late).then(pl.col("opened").cast(pl.Float64)).alias("n_new"), pl.lit(None, pl.Float64).alias("n_none")
    )
    assert found["n_new"]["gini"] == 1
    assert found["n_none"]["gini"] is None
    assert suspected["feature"].to_list() == ["n_new"]


def test_months_with_fewer_than_thirty_openings_are_not_judged():
    frame = clients().with_columns(opened=pl.int_range(pl.len()) % N < 29, n_a=pl.col("noise"))
    assert judged("n_a", frame=frame)[0]["n_a"]["gini"] is None
    assert judged("n_a", frame=frame.clear())[0]["n_a"]["gini"] is None


def test_the_order_of_rows_changes_nothing():
    frame = clients().with_columns(n_a=pl.col("noise"), c_b=pl.col("client_id").str.tail(1))
    one, other = (judged("n_a", "c_b", frame=each)[0] for each in (frame, frame.sample(fraction=1, shuffle=True, seed=1)))
    assert one == other


def catalogue_of(month_rows, **more):
    with connected(month_rows, **more) as connection:
        return month_features(connection, MONTHS[1]).catalogue


def test_features_of_a_month_are_not_late():
    day = MONTHS[1]
    catalogue = catalogue_of(
        [client("a", day, x_a="1")],
        payments=[payment("a", day - dt.timedelta(days=1)), payment("a", day)],
        texts=[
            raw(client_id="a", text="bread", known_since=day - dt.timedelta(days=1)),
            raw(client_id="a", text="cake", known_since=day),
        ],
    )
    assert set(catalogue["source"]) == {"snapshot", "payments", "texts"}
    assert late_features(catalogue).is_empty()


@pytest.mark.parametrize(
    ("source", "days", "late"),
    [
        ("payments", 0, True),
        ("payments", -1, False),
        ("texts", 0, True),
        ("texts", None, False),
        ("snapshot", 0, False),
        ("snapshot", 1, True),
    ],
)
def test_a_feature_that_rests_on_a_fact_from_after_the_snapshot_is_late(source, days, late):
    day = MONTHS[1]
    row = {"feature": "n_a", "source": source, "snapshot_date": day}
    row["latest_known_at"] = None if days is None else day + dt.timedelta(days=days)
    schema = {"feature": pl.String, "source": pl.String, "snapshot_date": pl.Date, "latest_known_at": pl.Date}
    found = late_features(pl.DataFrame([row], schema=schema))
    assert found["feature"].to_list() == (["n_a"] if late else [])
    if late:
        assert source in found["why"][0]
        assert str(row["latest_known_at"]) in found["why"][0]
