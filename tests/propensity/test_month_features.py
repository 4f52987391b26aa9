"""What is known of a month's clients, put together."""

import datetime as dt

import pytest
from polars.testing import assert_frame_equal

from tests.propensity.staged import client, connected, opening, payment, raw
from vitrina.propensity.column_types import ColumnTypeError
from vitrina.propensity.month_features import NoClientsError, month_features
from vitrina.propensity.tables import ClientFeatures, PropensityFeatureCatalogue

FEBRUARY, MARCH = dt.date(2024, 2, 1), dt.date(2024, 3, 1)
CUT = dt.date(2024, 3, 5)
BEFORE = dt.date(2024, 3, 4)


def clients(day=CUT, turnover=("100", "200", None), **values):
    return [client(name, day, x_turnover=value, x_region="north", **values) for name, value in zip("cab", turnover, strict=True)]


def made(rows=None, month=MARCH, known=None, **more):
    with connected(clients() if rows is None else rows, **more) as connection:
        return month_features(connection, month, known)


def text(name, words, since=None):
    return raw(client_id=name, text=words, known_since=since)


def test_snapshot_payments_and_texts_stand_side_by_side_by_client():
    found = made(payments=[payment("a", BEFORE)], texts=[text("b", "bread")])
    assert found.frame["client_id"].to_list() == ["a", "b", "c"]
    assert found.frame["n_turnover"].to_list() == [200.0, None, 100.0]
    assert found.frame["c_region"].to_list() == ["north"] * 3
    assert found.frame["n_pay_count_12m"].to_list() == [1.0, 0.0, 0.0]
    assert found.frame["t_text"].to_list() == [None, "bread", None]
    assert found.frame["month"].unique().to_list() == [MARCH]
    assert found.frame["snapshot_date"].unique().to_list() == [CUT]


def test_the_frames_fit_their_tables():
    found = made(payments=[payment("a", BEFORE)])
    ClientFeatures.check(found.frame)
    PropensityFeatureCatalogue.check(found.catalogue)


def test_the_catalogue_says_where_a_feature_comes_from_how_full_it_is_and_how_late_its_facts_are():
    payments = [payment("a", dt.date(2024, 2, 1)), payment("b", dt.date(2024, 2, 20)), payment("a", CUT)]
    texts = [text("a", "bread", dt.date(2024, 1, 7)), text("a", "cake"), text("b", "later", CUT)]
    catalogue = made(payments=payments, texts=texts).catalogue
    rows = {row["feature"]: row for row in catalogue.iter_rows(named=True)}
    assert rows["n_turnover"] == {
        "month": MARCH,
        "feature": "n_turnover",
        "source": "snapshot",
        "kind": "number",
        "label": "turnover",
        "missing_share": pytest.approx(1 / 3),
        "distinct": 2,
        "latest_known_at": CUT,
        "snapshot_date": CUT,
    }
    assert {name: rows["n_pay_days_since_last"][name] for name in ("source", "kind", "latest_known_at")} == {
        "source": "payments",
        "kind": "number",
        "latest_known_at": dt.date(2024, 2, 20),
    }
    assert rows["t_text"]["kind"] == "text"
    assert rows["t_text"]["latest_known_at"] == dt.date(2024, 1, 7)
    assert rows["c_region"]["kind"] == "category"


def test_texts_count_when_they_were_known_before_the_snapshot_and_stand_in_the_order_of_their_days():
    texts = [text("a", "second", BEFORE), text("a", "too late", CUT), text("a", "first", dt.date(2024, 1, 1)), text("a", "always")]
    assert made(texts=texts).frame["t_text"].to_list() == ["always first second", None, None]


def test_without_payments_and_texts_there_is_nothing_of_them_and_payments_are_told():
    found = made()
    assert [name for name in found.frame.columns if name.startswith("n_pay")] == []
    assert found.frame["t_text"].null_count() == 3
    assert set(found.catalogue["source"]) == {"snapshot"}
    assert any("Payments" in note for note in found.notes)


def test_nothing_that_is_delivered_for_later_days_changes_a_month():
    now = {"payments": [payment("a", BEFORE, counterparty=None)], "texts": [text("a", "bread", BEFORE)]}
    later = {
        "payments": [*now["payments"], payment("a", CUT), payment("b", dt.date(2024, 4, 1))],
        "texts": [*now["texts"], text("b", "cake", CUT)],
        "openings": [opening("a", dt.date(2024, 3, 20))],
    }
    more = [*clients(), *clients(dt.date(2024, 4, 1), ("a", "b", "c"), status="liquidated", okved="1")]
    one, other = made(**now), made(more, **later)
    assert_frame_equal(one.frame, other.frame)
    assert_frame_equal(one.catalogue, other.catalogue)


def test_clients_that_are_left_out_take_no_part_even_in_finding_out_what_a_column_holds():
    rows = [*clients(), *(client(f"z{place}", CUT, x_turnover="closed", status="liquidated") for place in range(9))]
    found = made(rows)
    assert found.frame["client_id"].to_list() == ["a", "b", "c"]
    assert "n_turnover" in found.frame.columns


def test_a_column_is_held_against_earlier_months_that_are_stored_and_not_against_later_ones():
    rows = [*clients(FEBRUARY), *clients(CUT, ("high", "low", "low"))]
    with connected(rows) as connection:
        before = month_features(connection, FEBRUARY)
        connection.register("feature_catalogue_rows", before.catalogue)
        connection.execute("CREATE TABLE feature_catalogue AS FROM feature_catalogue_rows")
        assert month_features(connection, FEBRUARY).kinds == before.kinds == {"x_region": "category", "x_turnover": "number"}
        with pytest.raises(ColumnTypeError, match="x_turnover"):
            month_features(connection, MARCH)
        connection.execute("UPDATE feature_catalogue SET month = DATE '2024-04-01'")
        assert month_features(connection, MARCH).kinds["x_turnover"] == "category"
    with pytest.raises(ColumnTypeError, match="x_turnover"):
        made(rows, known=before.kinds)


def test_kinds_of_columns_that_a_month_does_not_have_are_remembered():
    assert made(known={"x_old": "number"}).kinds == {"x_old": "number", "x_region": "category", "x_turnover": "number"}


def test_a_month_without_a_snapshot_is_an_error_that_names_it():
    with pytest.raises(NoClientsError, match="2024-05"):
        made(month=dt.date(2024, 5, 1))


def test_a_month_of_which_nobody_is_scored_is_an_error_that_counts_the_reasons():
    with pytest.raises(NoClientsError, match=r"liquidated: 3.*VITRINA_PROPENSITY_LIQUIDATED_STATUSES"):
        made(clients(status="liquidated"))
