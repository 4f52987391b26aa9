"""Past scores against what came: one month by hand."""

import datetime as dt

import polars as pl
import pytest

from tests.propensity.small_bank import shuffled
from vitrina.propensity.backtest import backtest_rows, deciles_of_months
from vitrina.propensity.tables import ModelPredictions, PropensityBacktest, PropensityDeciles

MONTH, NEXT = dt.date(2022, 5, 1), dt.date(2022, 6, 1)
GOOD, BAD = "good", "bad"
"""Orders of clients: those who open an account first, or last."""


def predictions(month, opened, **said):
    """Rows of one month: 0.9 for openers and 0.1 for others where the order is good, the reverse where it is bad, or one number."""
    rows = [
        {"month": month, "client_id": f"{client:03d}"}
        | {name: {GOOD: 0.9 if opens else 0.1, BAD: 0.1 if opens else 0.9}.get(order, order) for name, order in said.items()}
        for client, opens in enumerate(opened)
    ]
    return ModelPredictions.check(pl.DataFrame(rows, schema=ModelPredictions.polars_schema()))


def labels(month, opened):
    return pl.DataFrame({"client_id": [f"{client:03d}" for client in range(len(opened))], "month": month, "opened": opened})


def segments(month, sizes, activities=None):
    return pl.DataFrame(
        {
            "client_id": [f"{client:03d}" for client in range(len(sizes))],
            "month": month,
            "segment": sizes,
            "activity": activities or [None] * len(sizes),
        },
        schema_overrides={"client_id": pl.String, "segment": pl.String, "activity": pl.String},
    )


NO_SEGMENTS = segments(MONTH, [None])[:0]
OPENED = [client % 2 == 0 for client in range(80)]
EVERYTHING = {
    "logistic": 0.5,
    "logistic_uncalibrated": 0.7,
    "boosted": BAD,
    "boosted_uncalibrated": BAD,
    "scores": GOOD,
    "scores_uncalibrated": GOOD,
    "one_column": GOOD,
    "without_payments": BAD,
    "without_texts": GOOD,
    "without_calendar": None,
}


def judged(said=None, opened=OPENED, divided=NO_SEGMENTS):
    return backtest_rows(predictions(MONTH, opened, **(said or EVERYTHING)), labels(MONTH, opened), divided, seed=0)


def values(rows, scorer, kind="all"):
    found = rows.filter((pl.col("scorer") == scorer) & (pl.col("segment_kind") == kind))
    return dict(found.select("measure", "value").iter_rows())


def test_openers_who_all_come_first_are_ranked_perfectly():
    found = values(judged(), "scores")
    assert found == {
        "gini": pytest.approx(1),
        "ks": pytest.approx(1),
        "average_precision": pytest.approx(1),
        "brier": pytest.approx(0.01),
        "calibration_error": pytest.approx(0.1),
        "calibration_in_the_large": pytest.approx(0),
    }


def test_one_number_for_everybody_ranks_nobody_and_the_reverse_order_ranks_backwards():
    rows = judged()
    flat, reverse = values(rows, "logistic"), values(rows, "boosted")
    assert (flat["gini"], flat["ks"], flat["brier"]) == (pytest.approx(0), pytest.approx(0), pytest.approx(0.25))
    assert (reverse["gini"], reverse["brier"]) == (pytest.approx(-1), pytest.approx(0.81))


def test_of_uncalibrated_probabilities_only_their_distance_from_what_came_is_told():
    rows = judged()
    assert values(rows, "logistic_uncalibrated") == {"calibration_error": pytest.approx(0.2)}
    assert values(rows, "boosted_uncalibrated") == {"calibration_error": pytest.approx(0.9)}
    assert values(rows, "scores_uncalibrated") == {"calibration_error": pytest.approx(0.1)}


def test_a_random_order_has_only_measures_of_ranking_and_ranks_nobody():
    rows = judged()
    found = values(rows, "random")
    assert set(found) == {"gini", "ks"}
    low, high = rows.filter((pl.col("scorer") == "random") & (pl.col("measure") == "gini")).select("low", "high").row(0)
    assert low < 0 < high


def test_what_a_modality_adds_is_the_gini_with_it_less_the_gini_without_it():
    found = values(judged(), "logistic")
    assert found["gini_gained_by_payments"] == pytest.approx(1)
    assert found["gini_gained_by_texts"] == pytest.approx(-1)
    assert "gini_gained_by_calendar_columns" not in found


def test_what_was_not_said_is_not_judged():
    rows = judged(EVERYTHING | {"one_column": None, "without_payments": None})
    assert values(rows, "one_column") == {}
    assert "gini_gained_by_payments" not in values(rows, "logistic")


def test_intervals_hold_the_value_and_clients_and_openings_are_counted():
    rows = judged()
    assert set(rows.select("clients", "openings").iter_rows()) == {(80, 40)}
    assert rows.filter((pl.col("low") > pl.col("value") + 1e-9) | (pl.col("high") < pl.col("value") - 1e-9)).is_empty()


@pytest.mark.parametrize(("openings", "known"), [(29, False), (30, True)])
def test_below_thirty_openings_a_month_is_named_and_not_measured(openings, known):
    opened = [client < openings for client in range(80)]
    rows = judged(opened=opened)
    assert set(rows["openings"]) == {openings}
    assert {value is not None for value in rows["value"]} == {known}
    assert {value is not None for value in rows["low"]} == {known}


def test_scores_are_judged_by_segment_where_a_segment_has_thirty_openings():
    sizes = ["micro"] * 60 + ["small"] * 15 + [None] * 5
    rows = judged(divided=segments(MONTH, sizes))
    found = rows.filter(pl.col("segment_kind") == "segment")
    assert found.select("scorer", "measure").unique().rows() == [("scores", "gini")]
    assert found.sort("segment").select("segment", "clients", "openings", "value").rows() == [
        ("micro", 60, 30, pytest.approx(1)),
        ("not known", 5, 2, None),
        ("small", 15, 8, None),
    ]


def test_a_division_that_nobody_has_told_makes_no_segments():
    rows = judged(divided=segments(MONTH, ["micro"] * 80))
    assert set(rows["segment_kind"]) == {"all", "segment"}
    assert set(judged()["segment_kind"]) == {"all"}


def test_clients_and_months_without_a_label_are_not_judged():
    said = pl.concat([predictions(MONTH, OPENED, **EVERYTHING), predictions(NEXT, OPENED, **EVERYTHING)])
    rows = backtest_rows(said, labels(MONTH, OPENED[:70]), NO_SEGMENTS, seed=0)
    assert set(rows["month"]) == {MONTH}
    assert set(rows["clients"]) == {70}


def test_months_are_judged_apart():
    worse = EVERYTHING | {"scores": BAD}
    said = pl.concat([predictions(NEXT, OPENED, **worse), predictions(MONTH, OPENED, **EVERYTHING)])
    known = pl.concat([labels(NEXT, OPENED), labels(MONTH, OPENED)])
    rows = backtest_rows(said, known, NO_SEGMENTS, seed=0).filter((pl.col("scorer") == "scores") & (pl.col("measure") == "gini"))
    assert rows.select("month", "value").rows() == [(MONTH, pytest.approx(1)), (NEXT, pytest.approx(-1))]


def test_the_same_seed_tells_the_same_whatever_the_order_of_rows():
    divided = segments(MONTH, ["micro"] * 60 + ["small"] * 20)
    said, known = predictions(MONTH, OPENED, **EVERYTHING), labels(MONTH, OPENED)
    again = backtest_rows(shuffled(said), shuffled(known), shuffled(divided), seed=0)
    assert again.equals(backtest_rows(said, known, divided, seed=0))
    assert deciles_of_months(shuffled(said), shuffled(known)).equals(deciles_of_months(said, known))


def test_without_scores_or_labels_the_tables_are_empty():
    said, known = predictions(MONTH, OPENED, **EVERYTHING), labels(MONTH, OPENED)
    for given, judgement in ((ModelPredictions.empty(), known), (said, known.clear())):
        assert backtest_rows(given, judgement, NO_SEGMENTS, seed=0).equals(PropensityBacktest.empty())
        assert deciles_of_months(given, judgement).equals(PropensityDeciles.empty())


def test_deciles_say_what_was_promised_and_what_came():
    said = predictions(MONTH, [False] * 20, **EVERYTHING)
    said = said.with_columns(scores=pl.Series([(100 - client) / 100 for client in range(20)]))
    # of the first two both open, of the next two the first
    rows = deciles_of_months(said, labels(MONTH, [client < 3 for client in range(20)]))
    first, second, third = rows.head(3).rows(named=True)
    assert rows["decile"].to_list() == list(range(1, 11))
    assert first == {
        "month": MONTH, "decile": 1, "clients": 2, "openings": 2, "mean_probability": pytest.approx(0.995),
        "rate": 1.0, "lift": pytest.approx(1 / 0.15), "gain": pytest.approx(2 / 3),
    }  # fmt: skip
    assert (second["openings"], second["rate"], second["gain"]) == (1, 0.5, pytest.approx(1))
    assert (third["openings"], third["lift"], third["gain"]) == (0, 0.0, pytest.approx(1))


def test_where_nobody_opened_there_is_no_lift():
    rows = deciles_of_months(predictions(MONTH, [False] * 20, **EVERYTHING), labels(MONTH, [False] * 20))
    assert rows["rate"].to_list() == [0.0] * 10
    assert rows["lift"].null_count() == rows["gain"].null_count() == 10
