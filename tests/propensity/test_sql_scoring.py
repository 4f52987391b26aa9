"""The score as SQL."""

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.propensity.test_models import clients, fitted, labels, with_texts
from vitrina.propensity.calibration import calibrate
from vitrina.propensity.encoding import ModelError
from vitrina.propensity.sql_scoring import scoring_sql

HOSTILE = ["it's", '"', "two\nlines", "Ы😀\u202e", "", "a\0b", "'; drop table client_features; --", "{x} %s \\"]


def hostile_clients(seed=0):
    """Levels that would break a statement which did not quote them, and numbers that need care."""
    frame = clients(800, seed=seed)
    rng = np.random.default_rng(seed)
    return frame.with_columns(
        pl.Series("c_city", [*HOSTILE, None])[rng.integers(0, 9, 800)].alias("c_city"),
        pl.Series('n_a"b', np.where(rng.random(800) < 0.2, np.nan, rng.lognormal(20, 3, 800))),
        n_turnover=pl.when(pl.int_range(pl.len()) % 50 == 0).then(float("inf")).otherwise("n_turnover"),
    )


def made(frame):
    finite = frame.with_columns(pl.when(pl.col("n_turnover").is_finite()).then("n_turnover"))
    return calibrate(fitted(frame, known=labels(finite)), frame, labels(finite, seed=2))


def by_sql(model, frame):
    with duckdb.connect() as connection:
        connection.register("client_features", frame.to_arrow())
        found = connection.execute(scoring_sql(model, "client_features")).pl()
    return frame.select("client_id").join(found, on="client_id", maintain_order="left").get_column("probability").to_numpy()


def test_sql_scores_as_python_does_whatever_the_levels_are_called():
    model = made(hostile_clients())
    assert set(model.model.encoding.categories[0].levels) == set(HOSTILE)
    later = hostile_clients(seed=5).with_columns(pl.col("n_pay_count") * 1e6)
    unseen = later.with_columns(c_city=pl.lit("never seen"), n_pay_count=pl.lit(None, dtype=pl.Float64))
    for frame in (later, unseen):
        np.testing.assert_allclose(by_sql(model, frame), model.probabilities(frame), rtol=0, atol=1e-9)


def test_sql_takes_the_numbers_of_texts():
    frame = with_texts(clients())
    model = made(frame)
    later = with_texts(clients(seed=4))
    numbers = later.drop("t_text").hstack(model.model.texts.transform(later.get_column("t_text")))
    np.testing.assert_allclose(by_sql(model, numbers), model.probabilities(later), rtol=0, atol=1e-9)


MODEL = made(clients())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.just("Тула"), st.text())
        ),
        min_size=1,
        max_size=20,
    )
)
def test_sql_scores_any_row_as_python_does(rows):
    schema = {"n_turnover": pl.Float64, "n_pay_count": pl.Float64, "c_city": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("client_id").cast({"client_id": pl.String})
    np.testing.assert_allclose(by_sql(MODEL, frame), MODEL.probabilities(frame), rtol=0, atol=1e-9)


def test_the_parts_of_a_table_s_name_are_quoted():
    assert 'from "propensity"."client ""features"""' in scoring_sql(MODEL, 'propensity.client "features"')


def test_trees_have_no_sql():
    frame = clients()
    with pytest.raises(ModelError, match="logistic regression"):
        scoring_sql(calibrate(fitted(frame, "boosted"), frame, labels(frame)), "client_features")
