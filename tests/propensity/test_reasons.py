"""What speaks for a client, in words."""

import numpy as np
import polars as pl
import pytest

from tests.propensity.test_models import FAMILIES, clients, fitted, labels, with_texts
from vitrina.i18n import catalogue
from vitrina.propensity import encoding
from vitrina.propensity.calibration import CalibratedModel
from vitrina.propensity.reasons import DOMAIN, MOST_NAME, reasons


def made(family="logistic", frame=None):
    return CalibratedModel(fitted(clients(2_000) if frame is None else frame, family), 1.0, 0.0)


def one(turnover, city="Тула", payments=3.0):
    row = {"client_id": ["a"], "n_turnover": [turnover], "n_pay_count": [payments], "c_city": [city]}
    return pl.DataFrame(row, schema_overrides={"n_turnover": pl.Float64, "c_city": pl.String, "n_pay_count": pl.Float64})


@FAMILIES
def test_what_raises_the_score_is_said_in_both_languages(family):
    found = reasons(made(family), one(3.0, "Омск"), labels={"n_turnover": "Turnover"})
    assert found.columns == ["client_id", "reason_en", "reason_ru"]
    assert found.item(0, "reason_en").startswith("Turnover: high")
    assert found.item(0, "reason_ru").startswith("Turnover: высокое значение")


def test_a_level_is_called_by_its_name():
    assert "; city: Омск" in reasons(made(), one(3.0, "Омск")).item(0, "reason_en")


@FAMILIES
def test_what_lowers_the_score_is_no_reason(family):
    assert "turnover" not in reasons(made(family), one(-3.0)).item(0, "reason_en")


def test_contributions_to_logistic_regression_are_those_against_the_average_client():
    model, frame = made(), clients(2_000)
    terms = {term.encoding.feature: term for term in model.model.terms()}
    for name, average in model.model.average.items():
        assert average == pytest.approx(terms[name].contributions(frame).mean(), abs=1e-9)
    speaks = terms["n_turnover"].contributions(frame) > model.model.average["n_turnover"]
    assert 0 < speaks.sum() < frame.height
    assert reasons(model, frame).get_column("reason_en").str.contains("turnover").to_list() == speaks.tolist()


def test_reasons_of_trees_are_what_is_lost_at_the_typical_value():
    model = made("boosted")
    number = next(found for found in model.model.encoding.numbers if found.feature == "n_turnover")
    frame = clients(200, seed=3)
    without = frame.with_columns(n_turnover=pl.lit(number.median))
    gained = model.model.log_odds(frame) - model.model.log_odds(without)
    said = reasons(model, frame, n=3).get_column("reason_en").str.contains("turnover")
    assert said.to_list() == (gained > 1e-6).tolist()


def test_terciles_tell_high_typical_and_low_apart_and_missing_values_are_not_known():
    frame = clients(2_000).with_columns(n_turnover=-pl.col("n_turnover"))
    known = labels(clients(2_000))
    falling = CalibratedModel(fitted(frame, known=known), 1.0, 0.0)
    assert "turnover: low" in reasons(falling, one(-3.0)).item(0, "reason_en")
    number = next(found for found in falling.model.encoding.numbers if found.feature == "n_turnover")
    just_below_the_mean = (number.mean + number.low_tercile) / 2
    assert "turnover: typical" in reasons(falling, one(just_below_the_mean)).item(0, "reason_en")
    # who has no turnover in the books opens more often
    gaps = clients(2_000).with_columns(opened=pl.col("n_turnover").is_null() | (pl.int_range(pl.len()) % 9 == 0))
    for family in ("logistic", "boosted"):
        model = CalibratedModel(fitted(gaps.drop("opened"), family, known=gaps.select("client_id", "month", "opened")), 1.0, 0.0)
        found = reasons(model, one(None), n=1)
        assert found.row(0) == ("a", "turnover: not known", "turnover: нет данных")


@FAMILIES
def test_there_are_at_most_so_many_reasons_and_a_sentence_where_there_is_none(family):
    model, frame = made(family), clients(300, seed=2)
    for n in (1, 2):
        assert reasons(model, frame, n=n).get_column("reason_en").str.split("; ").list.len().max() <= n
    worst = reasons(model, one(-3.0, None, 3.0), n=3).item(0, "reason_en")
    assert worst
    assert reasons(model, frame, n=0).get_column("reason_ru").unique().to_list() == ["Ничто не выделяется"]


@FAMILIES
def test_every_client_has_the_reasons_that_it_would_have_alone(family, monkeypatch):
    model, frame = made(family, with_texts(clients())), with_texts(clients(50, seed=2))
    together = reasons(model, frame)
    assert together.get_column("client_id").to_list() == frame.get_column("client_id").to_list()
    monkeypatch.setattr(encoding, "ROWS_AT_A_TIME", 7)
    assert reasons(model, frame).equals(together)
    assert reasons(model, frame.reverse()).reverse().equals(together)
    assert reasons(model, frame[:0]).is_empty()


@FAMILIES
def test_texts_speak_as_one(family):
    words = ["ремонт авто", "торговля молоком", "торговля молоком", None]
    frame = clients(600).with_columns(t_text=pl.Series([words[row % 4] for row in range(600)]))
    opened = frame.get_column("t_text").str.contains("ремонт").fill_null(value=False)
    known = frame.select("client_id", "month", opened=opened & (pl.int_range(pl.len()) % 7 > 0))
    model = CalibratedModel(fitted(frame, family, known=known), 1.0, 0.0)
    said = reasons(model, frame, n=1).filter(opened).get_column("reason_ru")
    assert set(said) == {"Тексты о клиенте: как у клиентов, которые открывают счёт"}


def test_labels_and_levels_are_cut_and_stay_on_one_line():
    frame = clients(2_000).with_columns(pl.col("c_city").replace("Омск", "{0}\nlevel " * 40))
    model = CalibratedModel(fitted(frame, known=labels(clients(2_000))), 1.0, 0.0)
    found = reasons(model, one(-3.0, "{0}\nlevel " * 40), labels={"c_city": "{level}\nCity " * 40}).item(0, "reason_en")
    assert "\n" not in found
    assert "{level} City" in found
    assert "{0} level" in found
    assert len(found.split("; ")[0]) <= 2 * MOST_NAME + 2


def test_every_wording_has_a_translation():
    wordings = {"high", "low", "typical", "not known", "other", "{level}", "as of clients who open the account"}
    messages = {f"{{label}}: {wording}" for wording in wordings} | {"Nothing stands out", "Texts about the client"}
    assert messages <= catalogue("ru", DOMAIN).keys()
    assert all(np.char.count(catalogue("ru", DOMAIN)[message], "{label}") == message.count("{label}") for message in messages)
