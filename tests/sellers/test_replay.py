"""A replay tells what other parameters would change, number by number, and changes nothing itself."""

import datetime as dt
import re

import polars as pl
import pytest

from vitrina.errors import SettingsError, VitrinaError
from vitrina.i18n import catalogue
from vitrina.sellers.day_tables import ReplayDifferences, SellerDayMetrics
from vitrina.sellers.metrics import METRICS
from vitrina.sellers.replay import ID_LENGTH, differences, replay_id
from vitrina.sellers.replay_report import DOMAIN, MOST_ROWS, replay_report, write_replay_reports

DAY = dt.date(2026, 10, 14)
MADE = dt.datetime(2026, 10, 20, 9, 30, tzinfo=dt.UTC)
NEARER = {"interaction.start_m": 1.2}
FACTS = ("store_id", "day", "seller_id", "metric", "value", "low", "high")
STORED = (
    ("shop", DAY, "", "interactions", 40.0, 34.0, 47.0),
    ("shop", DAY, "", "customers_served", 30.0, 24.0, 36.0),
    ("shop", DAY, "", "customers_present", 60.0, 52.0, 68.0),
    ("shop", DAY, "", "interaction_ratio", 0.5, 0.4, 0.6),
    ("shop", DAY, "", "average_purchase_with_consultation", 150_000.0, 120_000.0, 190_000.0),
    ("shop", DAY, "S01", "idle_s", 3600.0, 3500.0, 3700.0),
    ("shop", DAY, "S02", "interactions", 9.0, 5.0, 14.0),
    ("shop", DAY, "", "waiting_unserved", None, None, None),
)
CHANGES = {
    ("", "interactions"): 25.0,
    ("", "customers_served"): 27.0,
    ("", "interaction_ratio"): 0.45,
    ("", "average_purchase_with_consultation"): 200_000.0,
    ("S01", "idle_s"): 4500.0,
    ("", "waiting_unserved"): 3.0,
}


def metrics(rows):
    full = [dict(zip(FACTS, row, strict=True)) | {"n": 1, "coverage": 0.9, "refused": None} for row in rows]
    return SellerDayMetrics.check(pl.DataFrame(full, schema=SellerDayMetrics.polars_schema()))


def replayed(rows=STORED, changes=CHANGES, without=("S02",)):
    return metrics([(*row[:4], changes.get((row[2], row[3]), row[4]), None, None) for row in rows if row[2] not in without])


def found(**more):
    return differences(metrics(STORED), replayed(**more), NEARER, MADE)


def row_of(frame, metric, seller_id=""):
    return frame.filter(metric=metric, seller_id=seller_id).row(0, named=True)


def test_a_number_moves_by_the_new_less_the_stored_value():
    row = row_of(found(), "interactions")
    assert (row["stored"], row["replayed"], row["difference"], row["within"]) == (40.0, 25.0, -15.0, False)
    assert row_of(found(), "customers_served")["within"] is True
    assert row_of(found(), "customers_present")["difference"] == 0


def test_a_number_that_is_known_on_one_side_only_has_no_difference():
    gone = row_of(found(), "interactions", "S02")
    assert (gone["stored"], gone["replayed"], gone["difference"], gone["within"]) == (9.0, None, None, None)
    new = row_of(found(), "waiting_unserved")
    assert (new["stored"], new["replayed"], new["difference"], new["within"]) == (None, 3.0, None, None)


def test_a_seller_who_is_found_by_the_replay_alone_has_rows():
    more = metrics([*STORED, ("shop", DAY, "S03", "interactions", 4.0, None, None)])
    row = row_of(differences(metrics(STORED), more, NEARER, MADE), "interactions", "S03")
    assert (row["stored"], row["replayed"]) == (None, 4.0)


def test_days_that_were_not_replayed_are_left_out():
    others = [
        ("shop", DAY - dt.timedelta(days=1), "", "interactions", 8.0, 1.0, 9.0),
        ("other", DAY, "", "interactions", 8.0, 1.0, 9.0),
    ]
    assert differences(metrics([*STORED, *others]), replayed(), NEARER, MADE).equals(found())


def test_the_order_of_rows_changes_nothing():
    shuffled = differences(metrics(STORED[::-1]), replayed().reverse(), NEARER, MADE)
    assert shuffled.equals(found())


def test_the_same_numbers_replayed_do_not_move():
    same = differences(metrics(STORED), metrics(STORED), {}, MADE)
    assert set(same["difference"].drop_nulls()) == {0.0}
    assert same["within"].drop_nulls().all()


def test_a_replay_is_named_by_what_was_asked_for_and_not_by_when():
    days = metrics(STORED)
    name = replay_id(NEARER, days)
    assert re.fullmatch(f"[0-9a-f]{{{ID_LENGTH}}}", name)
    assert replay_id({"a": 1, "b": 2}, days) == replay_id({"b": 2, "a": 1}, days.reverse())
    assert found()["replay"].unique().to_list() == [name]
    others = [replay_id({"interaction.start_m": 1.3}, days), replay_id(NEARER, days.with_columns(day=DAY - dt.timedelta(days=1)))]
    assert len({name, *others}) == 3


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_parameter_that_is_no_json_is_refused(value):
    with pytest.raises(SettingsError, match="JSON"):
        replay_id({"a": value}, metrics(STORED))


def test_a_replay_without_numbers_makes_no_rows():
    assert differences(metrics(STORED), metrics([]), NEARER, MADE).equals(ReplayDifferences.empty())


def section(report, title):
    return report.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_report_says_which_numbers_leave_their_interval_and_which_stay_within():
    report = replay_report(found(), "en", before={"interaction.start_m": 1.5}, currency="RUB")
    assert "Numbers that were compared: 8; changed: 7; of these, out of their interval: 3." in report
    assert "| interaction.start_m | 1.5 | 1.2 |" in report
    assert "| 14 Oct 2026 | shop | all of the store | interactions |" in report
    beyond = section(report, "Moved out of the interval")
    assert "| interactions | 40 | 25 | −15 (−37.5 %) |" in beyond
    assert "| average_purchase_with_consultation, RUB | 1,500.00 | 2,000.00 | +500.00 (+33.3 %) |" in beyond
    assert "| S01 | idle_s | 60.0 min | 75.0 min | +15.0 min (+25.0 %) |" in beyond
    assert beyond.index("−37.5") < beyond.index("+33.3") < beyond.index("+25.0")
    assert "| interaction_ratio | 50.0 % | 45.0 % | −5.0 pp (−10.0 %) |" in section(report, "Moved within the interval")
    assert "| S02 | interactions | 9 | – | – |" in section(report, "No longer told")
    assert "| waiting_unserved | – | 3 | – |" in section(report, "Told for the first time")
    assert "customers_present" not in report


def test_the_report_in_russian_has_no_english_sentence():
    report = replay_report(found(), "ru", before={}, currency="RUB")
    assert "вышло за свой интервал: 3" in report
    assert "| весь магазин | interactions | 40 | 25 | −15 (−37,5 %) |" in report
    assert "75,0 мин" in report
    assert "−5,0 п. п. (−10,0 %)" in report
    assert not re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", report.replace("RUB", ""))


def test_every_metric_has_its_meaning_in_russian():
    assert {metric.meaning for metric in METRICS} <= set(catalogue("ru", DOMAIN))


def test_a_replay_that_changes_nothing_says_so():
    report = replay_report(differences(metrics(STORED), metrics(STORED), {}, MADE), "en")
    assert "Nothing changes. Numbers that were compared: 7." in report
    assert "None differ" in report
    assert "Moved" not in report


def test_a_difference_in_the_last_digit_is_none():
    nearly = replayed(changes={("S01", "idle_s"): 3600.0 * (1 + 1e-12)}, without=())
    assert "Nothing changes" in replay_report(found_of(nearly), "en")


def found_of(frame):
    return differences(metrics(STORED), frame, NEARER, MADE)


def test_a_long_list_is_cut_and_says_so():
    rows = [("shop", DAY, f"S{n:03d}", "interactions", 10.0, 9.0, 11.0) for n in range(MOST_ROWS + 5)]
    other = metrics([(*row[:4], 20.0 + place, None, None) for place, row in enumerate(rows)])
    report = replay_report(differences(metrics(rows), other, NEARER, MADE), "en")
    assert len(re.findall(r"\| S\d", report)) == MOST_ROWS
    assert "not listed here: 5" in report


def test_hostile_names_stay_text():
    rows = [("<b>|x", DAY, "![a](http://b)", "interactions", 10.0, 9.0, 11.0)]
    other = metrics([(*rows[0][:4], 20.0, None, None)])
    report = replay_report(differences(metrics(rows), other, {"a`|b": "`|<i>"}, MADE), "en")
    assert "<b>" not in report
    assert "<i>" not in report
    assert "![a]" not in report
    table = [line for line in section(report, "Moved out of the interval").splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_rows_of_several_replays_are_refused():
    other = differences(metrics(STORED), replayed(), {}, MADE)
    with pytest.raises(VitrinaError, match="one replay"):
        replay_report(pl.concat([found(), other]), "en")
    with pytest.raises(VitrinaError, match="one replay"):
        replay_report(found().clear(), "en")


def test_reports_are_written_in_each_language_and_replaced(tmp_path):
    paths = write_replay_reports(tmp_path / "replays", found(), ("en", "ru"), currency="RUB")
    name = found()["replay"][0]
    assert [path.name for path in paths] == [f"replay-{name}.en.md", f"replay-{name}.ru.md"]
    assert write_replay_reports(tmp_path / "replays", found(), ("en", "ru"), currency="RUB") == paths
    assert sorted(path.name for path in (tmp_path / "replays").iterdir()) == [path.name for path in paths]
    assert "Что изменил бы пересчёт" in paths[1].read_text()
