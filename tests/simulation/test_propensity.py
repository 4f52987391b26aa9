"""The made-up bank: who opens an account, how likely that truly was, and what the bank knows of it."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from simulation.propensity import BankExtent, SimulatedBank, simulate_bank
from simulation.propensity_firms import EXCLUDED_OKVED, GAPS
from simulation.propensity_hazard import expected_gini
from simulation.propensity_snapshots import LEAK, MACRO

SEED = 5
AGE = (pl.col("snapshot_date") - pl.col("registered_on")).dt.total_days()
WINDOW_AND_LAST_MONTH = 3
"""Snapshots from the end whose three months are not over."""


@pytest.fixture(scope="module")
def tiny() -> SimulatedBank:
    return simulate_bank("tiny", SEED)


@pytest.fixture(scope="module")
def demo() -> SimulatedBank:
    return simulate_bank("demo", SEED)


def outcomes(bank: SimulatedBank) -> pl.DataFrame:
    """Truth of those who may be offered something, with what became of them, for months whose windows are closed."""
    until = pl.col("month").dt.offset_by("3mo")
    opened = (pl.col("opened_on") > pl.col("month")) & (pl.col("opened_on") <= until)
    return (
        bank.truth.filter("offered", pl.col("month") < bank.months[-WINDOW_AND_LAST_MONTH])
        .join(bank.openings, on="client_id", how="left", maintain_order="left")
        .with_columns(opened.fill_null(value=False).alias("opened"))
    )


def gini(scores: np.ndarray, opened: np.ndarray) -> float:
    """Share of pairs in the right order, less those in the wrong one; counted by ranks."""
    rank = pl.Series(scores).rank("average").to_numpy()
    positives = opened.sum()
    area = (rank[opened].sum() - positives * (positives + 1) / 2) / (positives * (opened.size - positives))
    return float(2 * area - 1)


def test_the_same_seed_draws_the_same_bank_and_another_seed_another(tiny: SimulatedBank) -> None:
    again, other = simulate_bank("tiny", SEED), simulate_bank("tiny", SEED + 1)
    for name in ("openings", "texts", "contacts", "truth"):
        assert_frame_equal(getattr(again, name), getattr(tiny, name))
        assert not getattr(other, name).equals(getattr(tiny, name))
    for month in tiny.months:
        assert_frame_equal(again.clients(month), tiny.clients(month))
        assert_frame_equal(again.payments(month), tiny.payments(month))


def test_every_snapshot_has_as_many_clients_and_each_once(tiny: SimulatedBank) -> None:
    assert len(tiny.months) == tiny.extent.months
    assert (tiny.months[-1], tiny.months[-1].day) == (dt.date(2026, 9, 1), 1)
    for month in tiny.months:
        rows = tiny.clients(month)
        assert rows.height == tiny.extent.clients
        assert rows.get_column("client_id").is_unique().all()
        assert rows.get_column("client_id").is_sorted()
        assert rows.get_column("snapshot_date").unique().to_list() == [month]


def test_a_bank_of_any_extent_and_last_day_can_be_drawn() -> None:
    bank = simulate_bank(BankExtent(clients=80, months=5, with_payments=1.0), SEED, dt.date(2024, 2, 10))
    assert bank.months == tuple(
        dt.date(year, month, 1) for year, month in ((2023, 10), (2023, 11), (2023, 12), (2024, 1), (2024, 2))
    )
    last = [bank.openings.get_column("opened_on").max(), bank.contacts.get_column("date").max()]
    last += [bank.payments(bank.months[-1]).get_column("date").max(), bank.texts.get_column("known_since").max()]
    assert all(day <= dt.date(2024, 2, 10) for day in last if isinstance(day, dt.date))


def test_the_true_propensity_reaches_the_gini_that_it_was_scaled_to(demo: SimulatedBank) -> None:
    ordinary = outcomes(demo).filter(~pl.col("shocked"))
    assert ordinary.get_column("month").n_unique() > 5
    found = []
    for _, rows in ordinary.group_by("month"):
        chances = rows.get_column("propensity").to_numpy()
        assert expected_gini(chances) == pytest.approx(0.6, abs=0.05)
        found.append(gini(chances, rows.get_column("opened").to_numpy()))
    assert np.mean(found) == pytest.approx(0.6, abs=0.05)


def test_what_is_delivered_carries_nearly_all_of_the_signal(demo: SimulatedBank) -> None:
    """A logistic regression on tenths of the delivered columns comes near the truth on months that it has not seen."""
    learnt, judged = (tabular(demo, months) for months in (demo.months[:6], (demo.months[7], demo.months[14])))
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = LogisticRegression(C=0.3, max_iter=300)
    model.fit(encoder.fit_transform(learnt.drop("opened", "propensity").to_numpy()), learnt.get_column("opened").to_numpy())
    scores = model.decision_function(encoder.transform(judged.drop("opened", "propensity").to_numpy()))
    opened = judged.get_column("opened").to_numpy()
    best = gini(judged.get_column("propensity").to_numpy(), opened)
    assert best - 0.04 < gini(scores, opened) < best + 0.01


def tabular(bank: SimulatedBank, months: tuple[dt.date, ...]) -> pl.DataFrame:
    """Delivered columns as words: categories, and tenths of numbers by the first month's borders."""
    first = bank.clients(bank.months[0]).with_columns(age=AGE)
    numbers = ["turnover", "turnover_growth", "web_visits", "card_spend", "age"]
    borders = {name: np.quantile(first.get_column(name).drop_nulls().to_numpy(), np.arange(1, 10) / 10) for name in numbers}
    rows = pl.concat([bank.clients(month).with_columns(age=AGE) for month in months])
    sold_online = bank.texts.filter(pl.col("known_since").is_null()).select(
        "client_id", online=pl.col("text").str.contains("сайт|маркетплейс|Интернет-магазин")
    )
    return (
        rows.join(outcomes(bank), left_on=["client_id", "snapshot_date"], right_on=["client_id", "month"])
        .join(sold_online, on="client_id", how="left", maintain_order="left")
        .select(
            *(_tenths(name, borders[name]) for name in numbers),
            *(
                pl.col(name).cast(pl.String).fill_null("none")
                for name in ("okved", "region", "tax_regime", "has_payroll", "other_accounts", "online")
            ),
            "opened",
            "propensity",
        )
    )


def _tenths(name: str, borders: np.ndarray) -> pl.Expr:
    above = pl.sum_horizontal(pl.col(name) > border for border in borders.tolist())
    return pl.when(pl.col(name).is_null()).then(pl.lit("none")).otherwise(above.cast(pl.String)).alias(name)


def test_as_many_open_an_account_as_the_propensities_add_up_to(demo: SimulatedBank) -> None:
    rows = outcomes(demo)
    low, high = (rows.filter(chosen) for chosen in (pl.col("propensity") < 0.05, pl.col("propensity") >= 0.2))
    for part in (rows, low, high):
        expected, seen = part.get_column("propensity").sum(), part.get_column("opened").sum()
        assert seen == pytest.approx(expected, rel=0.1)


def test_the_shock_halves_the_rate_for_three_months_and_is_harder_to_foresee(demo: SimulatedBank) -> None:
    first, *_, last = demo.shock_months
    assert len(demo.shock_months) == 3
    days = demo.openings.get_column("opened_on")
    within = days.filter((days > first) & (days <= last.replace(month=last.month + 1))).len()
    before = days.filter((days > dt.date(2025, 10, 1)) & (days <= dt.date(2026, 1, 1))).len()
    assert 0.35 < within / before < 0.65
    at_shock = demo.truth.filter("offered", pl.col("month") == first).get_column("propensity").to_numpy()
    assert expected_gini(at_shock) < 0.55


def test_months_are_shocked_whose_three_months_meet_the_shock(demo: SimulatedBank) -> None:
    shocked = demo.truth.filter("shocked").get_column("month").unique().sort().to_list()
    place = demo.months.index(demo.shock_months[0])
    assert tuple(shocked) == demo.months[place - 2 : place + 3]


def test_who_opened_an_account_leaves_but_for_a_few_that_are_still_listed(demo: SimulatedBank) -> None:
    month = demo.months[9]
    opened = demo.openings.filter(pl.col("opened_on") <= month)
    listed = demo.clients(month).join(opened, on="client_id", how="semi").height
    assert 0 < listed < 30
    assert demo.truth.filter(pl.col("month") == month).join(opened, on="client_id", how="semi").is_empty()
    assert demo.openings.get_column("client_id").is_unique().all()


def test_a_liquidation_is_known_one_to_three_months_after_it_happened(demo: SimulatedBank) -> None:
    rows = pl.concat([demo.clients(month) for month in demo.months])
    known = rows.filter(pl.col("liquidated_on").is_not_null())
    first = known.group_by("client_id").agg(pl.col("snapshot_date").min(), pl.col("liquidated_on").first())
    later = first.filter(pl.col("snapshot_date") > demo.months[0])
    assert later.height > 50
    assert later.filter(pl.col("liquidated_on").dt.offset_by("1mo") > pl.col("snapshot_date")).is_empty()
    assert later.filter(pl.col("liquidated_on").dt.offset_by("3mo") < pl.col("snapshot_date")).is_empty()
    assert rows.filter((pl.col("status") == "liquidated") != pl.col("liquidated_on").is_not_null()).is_empty()
    openings = first.join(demo.openings, on="client_id")
    assert openings.filter(pl.col("opened_on") > pl.col("liquidated_on")).is_empty()


def test_macro_columns_are_the_same_for_all_and_move_over_the_calendar(tiny: SimulatedBank) -> None:
    rows = pl.concat([tiny.clients(month) for month in tiny.months])
    for name in MACRO:
        by_month = rows.group_by("snapshot_date", maintain_order=True).agg(
            pl.col(name).n_unique().alias("kinds"), pl.col(name).first()
        )
        assert by_month.get_column("kinds").to_list() == [1] * len(tiny.months)
        assert by_month.get_column(name).n_unique() > len(tiny.months) // 2


def test_columns_have_gaps_that_stay_and_none_is_empty(demo: SimulatedBank) -> None:
    one, next_one = demo.clients(demo.months[3]), demo.clients(demo.months[4])
    both = one.join(next_one, on="client_id", suffix="_next")
    for name, share in GAPS.items():
        assert one.get_column(name).null_count() / one.height == pytest.approx(share, abs=0.02)
        assert both.filter(pl.col(name).is_null() != pl.col(f"{name}_next").is_null()).is_empty()


def test_offers_are_made_to_small_businesses_of_the_right_activities_that_live(tiny: SimulatedBank) -> None:
    month = tiny.months[5]
    offered = tiny.truth.filter(pl.col("month") == month, "offered")
    rows = tiny.clients(month).join(offered, on="client_id", how="semi")
    assert rows.get_column("segment").unique().to_list() == ["small business"]
    assert rows.get_column("status").unique().to_list() == ["active"]
    assert not any(code.startswith(EXCLUDED_OKVED) for code in rows.get_column("okved").drop_nulls())


def test_a_planted_leak_knows_the_future_and_changes_nothing_else(tiny: SimulatedBank) -> None:
    leaking = simulate_bank("tiny", SEED, planted_leak=True)
    month = tiny.months[2]
    rows = leaking.clients(month)
    assert_frame_equal(rows.drop(LEAK), tiny.clients(month))
    opening = outcomes(tiny).filter(pl.col("month") == month).select("client_id", "opened")
    asked = rows.join(opening, on="client_id").group_by("opened").agg((pl.col(LEAK) > 0).mean())
    shares = dict(asked.iter_rows())
    assert shares[True] > 0.7
    assert shares[False] < 0.1


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12))
def test_the_expected_gini_counts_all_pairs(chances: list[float]) -> None:
    chance = np.array(chances)
    weight = np.outer(chance, 1 - chance)
    order = np.sign(np.subtract.outer(chance, chance))
    assert expected_gini(chance) == pytest.approx((weight * order).sum() / weight.sum(), abs=1e-9)
