"""The models of one month: what they learn from, which of them makes the scores, and what is said of each client."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.propensity.small_bank import MONTHS, SMALL, bank, features_of, few, shuffled, with_gaps
from vitrina.files import sha256_of
from vitrina.propensity.deciles import deciles
from vitrina.propensity.fitting import fit
from vitrina.propensity.measures import gini
from vitrina.propensity.models import ModelParameters
from vitrina.propensity.monthly import Scored, score_month
from vitrina.propensity.storing import load
from vitrina.propensity.tables import ModelPredictions, PropensityDrift, PropensityModels, PropensityScores
from vitrina.propensity.teaching import FEWEST_OPENINGS, lessons, taught_by

SCORED = MONTHS[-1]
SAID = ("logistic", "logistic_uncalibrated", "boosted", "boosted_uncalibrated", "scores", "scores_uncalibrated", "one_column")
WITHOUT = ("without_payments", "without_texts", "without_calendar")


@dataclass(frozen=True)
class Bank:
    """A bank, what was made of its last month, and the folder where the models lie."""

    features: pl.DataFrame
    labels: pl.DataFrame
    scored: Scored
    folder: Path


def score(features, labels, folder, *, seed=1, month=SCORED, champion="logistic", order=lambda frame: frame):
    taught = taught_by(lessons(labels, month), labels, features_of(features))
    clients = order(features_of(features)([month]))
    return score_month(
        month,
        clients,
        taught,
        champion=champion,
        parameters=SMALL,
        labels_of_columns={"n_turnover": "Turnover"},
        folder=folder / "models",
        data=folder,
        seed=seed,
    )


def made(folder, **kind):
    features, labels = bank(**kind)
    return Bank(features, labels, score(features, labels, folder), folder)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return made(tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module")
def curved(tmp_path_factory):
    return made(tmp_path_factory.mktemp("curved"), curved=True)


def predictions(scored):
    return scored.frames[ModelPredictions].sort("client_id")


def models(scored):
    return scored.frames[PropensityModels].sort("family")


def assert_same(one, other):
    """The same content, but for the files: two files of one model differ, for they name parts by their address."""
    assert one.told == other.told
    for table, frame in one.frames.items():
        left, right = (each.drop("path", "fingerprint", strict=False).sort(*table.key()) for each in (frame, other.frames[table]))
        assert_frame_equal(left, right, check_exact=True)


def test_every_table_is_as_declared(straight, curved):
    for scored in (straight.scored, curved.scored):
        for table, frame in scored.frames.items():
            assert_frame_equal(table.check(frame), frame)


def test_clients_are_ranked_by_the_model_that_makes_the_scores(straight, curved):
    for each in (straight, curved):
        opened = each.labels.filter(pl.col("month") == SCORED).sort("client_id")["opened"].to_numpy()
        assert gini(predictions(each.scored)["scores"].to_numpy(), opened) > 0.5


def test_a_challenger_that_sees_what_no_straight_line_can_makes_the_scores(curved):
    found = models(curved.scored)
    assert found.select("family", "makes_scores").rows() == [("boosted", True), ("logistic", False)]
    said = predictions(curved.scored)
    assert said["scores"].equals(said["boosted"])
    assert curved.scored.frames[PropensityScores]["version"].unique().to_list() == found["version"].to_list()[:1]
    assert curved.scored.told["model"] == found["version"][0]


def test_otherwise_the_champion_stays(straight):
    assert models(straight.scored)["makes_scores"].to_list() == [False, True]
    said = predictions(straight.scored)
    assert said["scores"].equals(said["logistic"])
    assert said["scores_uncalibrated"].equals(said["logistic_uncalibrated"])


@pytest.mark.parametrize("champion", ["logistic", "boosted"])
def test_whoever_makes_the_scores_gives_way_to_nothing_but_better_ranks(straight, curved, tmp_path, champion):
    def makers(features, labels):
        return models(score(features, labels, tmp_path, champion=champion)).filter("makes_scores")["family"].to_list()

    assert makers(straight.features, straight.labels) == ["logistic"]
    assert makers(curved.features, curved.labels) == ["boosted"]
    by_chance = straight.labels.with_columns(pl.col("opened").shuffle(seed=1))
    assert makers(straight.features, by_chance) == [champion]


def test_what_models_learnt_from_is_told(straight):
    for row in models(straight.scored).iter_rows(named=True):
        assert (row["learnt_from"], row["learnt_until"]) == (MONTHS[0], MONTHS[4])
        assert (row["rehearsed_until"], row["calibrated_on"]) == (MONTHS[1], MONTHS[4])
        learnt = straight.labels.filter(pl.col("month").is_in(list(MONTHS[:5])))
        assert (row["clients"], row["openings"]) == (learnt.height, learnt["opened"].sum())
        assert ModelParameters.from_json(row["parameters"]) == SMALL[row["family"]]
        assert row["gini_held_out"] == straight.scored.told[f"gini_held_out_{row['family']}"]
        assert (row["sql"] is not None) == (row["family"] == "logistic")


def test_the_stored_models_are_those_that_said_it(straight):
    clients = straight.features.filter(pl.col("month") == SCORED).sort("client_id")
    for row in models(straight.scored).iter_rows(named=True):
        path = straight.folder / row["path"]
        assert sha256_of(path) == row["fingerprint"]
        model = load(path)
        np.testing.assert_allclose(model.probabilities(clients), predictions(straight.scored)[row["family"]].to_numpy())


def test_ranks_on_the_held_out_month_are_those_of_a_model_that_learnt_from_months_over_before(straight):
    held_out = straight.features.filter(pl.col("month") == MONTHS[4]).sort("client_id")
    opened = straight.labels.filter(pl.col("month") == MONTHS[4]).sort("client_id")["opened"].to_numpy()
    earlier = straight.features.filter(pl.col("month") <= MONTHS[1])
    for row in models(straight.scored).iter_rows(named=True):
        model = fit(earlier, straight.labels, row["family"], parameters=SMALL[row["family"]], seed=1)
        assert gini(model.log_odds(held_out), opened) == pytest.approx(row["gini_held_out"])


def test_ranks_and_deciles_follow_the_probability(straight):
    scores = straight.scored.frames[PropensityScores].sort("rank")
    assert scores["rank"].to_list() == list(range(1, 301))
    assert scores["probability"].is_sorted(descending=True)
    assert scores["decile"].value_counts().sort("decile")["count"].to_list() == [30] * 10
    assert scores["decile"].is_sorted()
    by_client = scores.sort("client_id")
    assert by_client["probability"].equals(predictions(straight.scored)["scores"].rename("probability"))
    assert by_client["decile"].to_list() == deciles(by_client["probability"].to_numpy()).tolist()


def test_equal_clients_stand_in_the_order_of_their_identifiers(tmp_path):
    features, labels = bank(MONTHS[:5], n=200)
    last = features.filter((pl.col("month") == MONTHS[4]) & (pl.col("client_id") == "0000"))
    same = pl.concat([last.with_columns(client_id=pl.lit(f"{number:02d}"), month=pl.lit(SCORED)) for number in range(12)])
    found = score(pl.concat([features, shuffled(same)]), labels, tmp_path).frames[PropensityScores]
    assert found.sort("rank")["client_id"].to_list() == [f"{number:02d}" for number in range(12)]
    assert found.sort("rank")["decile"].to_list() == [1, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10]


def test_the_same_seed_says_the_same_whatever_the_order_of_rows(straight, tmp_path):
    again = score(shuffled(straight.features), shuffled(straight.labels), tmp_path, order=shuffled)
    assert_same(again, straight.scored)


def test_nothing_is_learnt_from_months_whose_horizon_is_not_over(straight, tmp_path):
    late = pl.col("month") > MONTHS[4]
    turned = straight.labels.with_columns(opened=pl.col("opened") ^ late)
    gone = straight.features.with_columns(n_size=pl.when(late & (pl.col("month") < SCORED)).then(-9.0).otherwise("n_size"))
    assert_same(score(gone, turned, tmp_path), straight.scored)


def test_labels_of_earlier_months_do_matter(straight, tmp_path):
    turned = straight.labels.with_columns(opened=pl.col("opened") ^ (pl.col("month") < MONTHS[4]))
    found = predictions(score(straight.features, turned, tmp_path))
    assert not found["logistic"].equals(predictions(straight.scored)["logistic"])


@pytest.mark.parametrize("month", [SCORED, MONTHS[4]])
def test_a_column_that_the_scored_month_or_the_month_of_calibration_lacks_is_not_learnt(straight, tmp_path, month):
    found = score(with_gaps(straight.features, "n_turnover", [month]), straight.labels, tmp_path)
    without = score(straight.features.drop("n_turnover"), straight.labels, tmp_path)
    assert predictions(found).equals(predictions(without))
    assert models(found)["features"].equals(models(without)["features"])


def test_a_column_that_is_new_in_the_scored_month_changes_nothing_and_has_not_moved(straight, tmp_path):
    assert_same(score(with_gaps(straight.features, "c_city", MONTHS[:5]), straight.labels, tmp_path),
                score(straight.features.drop("c_city"), straight.labels, tmp_path))  # fmt: skip


def test_what_is_said_without_each_modality_does_not_look_at_it(straight, tmp_path):
    said = predictions(straight.scored)
    assert all(said[name].null_count() == 0 for name in (*SAID, *WITHOUT))
    lacking = {"without_payments": "n_pay_count", "without_texts": "t_text", "without_calendar": "n_rate"}
    for name, column in lacking.items():
        less = predictions(score(straight.features.drop(column), straight.labels, tmp_path))
        assert said[name].rank().to_list() == less["logistic"].rank().to_list()
        assert less[name].null_count() == less.height
        assert all(less[other].null_count() == 0 for other in (*SAID, *WITHOUT) if other != name)


def test_the_one_column_is_the_one_that_ranks_best_by_itself(straight, tmp_path):
    alone = score(straight.features.select("client_id", "month", "snapshot_date", "n_turnover"), straight.labels, tmp_path)
    assert predictions(straight.scored)["one_column"].rank().to_list() == predictions(alone)["logistic"].rank().to_list()
    assert all(predictions(alone)[name].null_count() == predictions(alone).height for name in ("one_column", *WITHOUT))


def test_a_month_is_scored_even_where_what_is_left_without_payments_says_nothing(straight, tmp_path):
    poor = straight.features.select("client_id", "month", "snapshot_date", "n_pay_count").with_columns(c_country=pl.lit("RU"))
    found = predictions(score(poor, straight.labels, tmp_path))
    assert found["without_payments"].null_count() == found.height
    assert found["logistic"].equals(found["one_column"].rename("logistic"))


def test_a_month_is_scored_where_no_month_alone_has_thirty_openings(straight, tmp_path):
    sparse = straight.labels
    for month in MONTHS[:4]:
        sparse = few(sparse, [month], FEWEST_OPENINGS - 1)
    constant_first = straight.features.select(
        "client_id", "month", "snapshot_date", pl.lit("RU").alias("c_country"), "n_turnover", "n_size"
    )
    found = score(constant_first, sparse, tmp_path)
    ModelPredictions.check(found.frames[ModelPredictions])


def test_what_has_moved_is_told_and_what_moves_with_the_calendar_is_named(straight, tmp_path):
    drift = {row["feature"]: row for row in straight.scored.frames[PropensityDrift].iter_rows(named=True)}
    assert set(drift) == {"score", "c_city", "n_pay_count", "n_rate", "n_size", "n_turnover"}
    assert [feature for feature, row in drift.items() if row["has_drifted"]] == ["n_rate"]
    assert "calendar" in drift["n_rate"]["proposal"]
    assert drift["n_size"]["proposal"] is None
    assert straight.scored.told["score_psi"] == drift["score"]["psi"]
    richer = straight.features.with_columns(n_turnover=pl.col("n_turnover") + 2.0 * (pl.col("month") == SCORED))
    moved = score(richer, straight.labels, tmp_path).frames[PropensityDrift].filter("has_drifted")
    assert set(moved["feature"]) == {"score", "n_rate", "n_turnover"}


def test_a_column_that_knows_the_answer_is_suspected(straight, tmp_path):
    told = straight.features.join(straight.labels, on=("client_id", "month"))
    told = told.with_columns(n_told=pl.col("opened").cast(pl.Float64)).drop("opened")
    found = score(told, straight.labels, tmp_path)
    suspicions = next(frame for table, frame in found.frames.items() if table.table_name() == "feature_suspicions")
    assert suspicions.select("month", "feature").rows() == [(SCORED, "n_told")]
    assert suspicions["gini"][0] == pytest.approx(1)


def test_reasons_name_columns_by_their_names_for_people(straight):
    scores = straight.scored.frames[PropensityScores].sort("rank")
    assert scores["reason_en"].str.contains("Turnover: high").head(30).mean() > 0.5
    assert scores["reason_ru"].str.contains("[а-я]").mean() > 0.9


def test_a_later_month_learns_from_more(straight, tmp_path):
    earlier = score(straight.features, straight.labels, tmp_path, month=MONTHS[6])
    assert models(earlier)["calibrated_on"].to_list() == [MONTHS[3]] * 2
    assert models(earlier)["learnt_until"].to_list() == [MONTHS[3]] * 2
