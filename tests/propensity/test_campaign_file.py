"""The optimiser's file: who is in it, who is left alone, and that nothing of it is ever half there."""

import csv
import datetime as dt
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.files import sha256_of
from vitrina.propensity import campaign_file
from vitrina.propensity.campaign_file import (
    Campaign,
    CampaignError,
    as_csv,
    campaign_list,
    read_campaign_csv,
    write_campaign_file,
)
from vitrina.propensity.campaign_tables import CampaignLists, OptimiserFiles

MONTH = dt.date(2024, 3, 1)


def campaign(**more):
    given = {"budget": 90, "offer_value_minor": 1_000_000, "contact_cost_minor": 15_000, "control_share": 0.1, "seed": 7}
    return Campaign(MONTH, dt.date(2024, 3, 5), **{**given, **more})


def scores(n=400, *, clients=None):
    ids = clients or [f"{number:05d}" for number in range(n)]
    n = len(ids)
    return pl.DataFrame(
        {"client_id": ids, "probability": [0.5 * (1 - place / n) for place in range(n)], "rank": range(1, n + 1)}
    ).with_columns(model_version=pl.lit("logistic-2024-03"))


def controls(listed):
    return set(listed.filter(group="control").get_column("client_id"))


def test_the_budget_is_spent_and_the_control_group_comes_on_top_of_it():
    listed = campaign_list(scores(), campaign())

    assert listed.height == 100
    assert listed.get_column("rank").to_list() == list(range(1, 101))
    assert listed.filter(group="offer").height == 90
    assert listed.item(0, "expected_value_minor") == 485_000


@given(st.integers(1, 60), st.integers(1, 50), st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_the_offers_are_as_many_as_the_budget_or_all_there_are(budget, percent, n):
    listed = campaign_list(scores(n), campaign(budget=budget, control_share=percent / 100, contact_cost_minor=0))

    offers = listed.filter(group="offer").height
    assert offers <= budget
    if listed.height < n:
        assert offers == budget
    if listed.height > 1:
        assert controls(listed)


def test_nobody_is_in_the_file_whose_offer_costs_what_it_brings():
    # 0.5 * (1 - place / 10) * 1,000,000 is 500,000, 450,000, … 50,000
    listed = campaign_list(scores(10), campaign(contact_cost_minor=200_000))

    assert listed.get_column("expected_value_minor").to_list() == [300_000, 250_000, 200_000, 150_000, 100_000, 50_000]
    assert campaign_list(scores(10), campaign(contact_cost_minor=500_000)).is_empty()


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_the_order_of_rows_changes_nothing(random):
    places = list(range(400))
    random.shuffle(places)

    assert campaign_list(scores()[places], campaign()).equals(campaign_list(scores(), campaign()))


def test_another_seed_or_month_draws_another_control_group():
    first = campaign_list(scores(), campaign())
    other_seed = campaign_list(scores(), campaign(seed=8))
    other_month = campaign_list(
        scores(), Campaign(dt.date(2024, 4, 1), dt.date(2024, 4, 5), 90, 1_000_000, 15_000, control_share=0.1, seed=7)
    )

    assert controls(first) != controls(other_seed)
    assert controls(first) != controls(other_month)


def test_every_stretch_of_ranks_gives_its_part_to_the_control_group():
    listed = campaign_list(scores(3_000), campaign(budget=1_800))

    tenths = listed.filter(group="control").group_by((pl.col("rank") - 1) // 200).len()
    assert listed.height == 2_000
    assert tenths.get_column("len").to_list() == [20] * 10


def test_over_many_seeds_everybody_is_left_alone_as_often():
    times = dict.fromkeys(scores(20).get_column("client_id"), 0)
    for seed in range(150):
        for client in controls(campaign_list(scores(20), campaign(budget=15, control_share=0.25, seed=seed, contact_cost_minor=0))):
            times[client] += 1

    # 37.5 of 150 expected, standard deviation below 5.4
    assert all(16 <= count <= 59 for count in times.values())


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        (scores().drop("rank"), "lack rank"),
        (scores().with_columns(rank=1), "399 repeated ranks"),
        (scores().with_columns(probability=pl.lit(1.5)), "400 rows with a probability outside 0 to 1"),
        (scores().with_columns(probability=pl.lit(float("nan"))), "400 rows with a probability outside 0 to 1"),
        (pl.concat([scores(2), scores(2)]), "2 repeated clients"),
        (scores().with_columns(client_id=pl.lit(None, pl.String)), "400 rows with an empty value"),
        (scores(2).with_columns(model_version=pl.Series(["a", "b"])), "1 models too many"),
    ],
)
def test_unusable_scores_are_named(spoilt, named):
    with pytest.raises(CampaignError, match=named):
        campaign_list(spoilt, campaign())


@pytest.mark.parametrize(
    "wrong", [{"budget": 0}, {"control_share": 0}, {"control_share": 0.6}, {"offer_value_minor": 0}, {"contact_cost_minor": -1}]
)
def test_a_campaign_that_proves_nothing_or_costs_nonsense_is_refused(wrong):
    with pytest.raises(CampaignError, match=next(iter(wrong))):
        campaign(**wrong)


HOSTILE = [
    "=cmd|'/c calc'!A0",
    "+7",
    "-1",
    "@SUM(A1)",
    "'quoted",
    "''=1",
    "\t=1",
    "\r=1",
    "\n=1",
    '="a","b"',
    "＝1",
    'Ёж, "и" ко',
    "007",
]


def test_no_client_is_a_formula_and_each_comes_back_as_it_was(tmp_path):
    listed = campaign_list(scores(clients=HOSTILE), campaign(budget=9, contact_cost_minor=0))

    files = write_campaign_file(listed, campaign(), data=tmp_path, run_id="run-1")

    path, parquet = (tmp_path / files.filter(format=each).item(0, "path") for each in ("csv", "parquet"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert not any(row["client_id"].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for row in rows)
    assert [row["client_id"].removeprefix("'") for row in rows] == listed.get_column("client_id").to_list()
    assert read_campaign_csv(path).equals(listed)
    assert pl.read_parquet(parquet).equals(listed)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8), min_size=1))
@settings(max_examples=50, deadline=None)
def test_any_text_survives_the_csv(texts):
    rows = list(csv.reader(as_csv(pl.DataFrame({"client_id": texts})).splitlines(keepends=True)[1:], strict=True))
    got = pl.read_csv(as_csv(pl.DataFrame({"client_id": texts})).encode(), infer_schema=False).get_column("client_id")

    assert rows
    assert [text.removeprefix("'") if text else "" for text in got] == texts


def test_the_manifest_says_what_the_files_hold(tmp_path):
    files = write_campaign_file(campaign_list(scores(), campaign()), campaign(), data=tmp_path, run_id="run-1")

    manifest = json.loads((tmp_path / files.item(0, "manifest")).read_text("utf-8"))
    assert OptimiserFiles.check(files).select("rows", "control_rows", "model_version").unique().rows() == [
        (100, 10, "logistic-2024-03")
    ]
    assert (manifest["made_by"], manifest["month"], manifest["run_id"]) == ("Vitrina", "2024-03-01", "run-1")
    assert (manifest["model"], manifest["rows"], manifest["control_rows"]) == ("logistic-2024-03", 100, 10)
    assert [column["name"] for column in manifest["columns"]] == [column.name for column in CampaignLists.columns()]
    for row, file in zip(files.iter_rows(named=True), manifest["files"], strict=True):
        assert file["sha256"] == row["sha256"] == sha256_of(tmp_path / row["path"])
        assert Path(row["path"]).name == file["name"]


def _contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_existing_file_is_never_written_over(tmp_path):
    one, other = campaign_list(scores(), campaign()), campaign_list(scores(), campaign(seed=8))
    written = write_campaign_file(one, campaign(), data=tmp_path, run_id="run-1")
    before = _contents(tmp_path)

    assert write_campaign_file(one, campaign(), data=tmp_path, run_id="run-1").equals(written)
    with pytest.raises(CampaignError, match="already holds another list"):
        write_campaign_file(other, campaign(seed=8), data=tmp_path, run_id="run-1")
    assert _contents(tmp_path) == before

    write_campaign_file(other, campaign(seed=8), data=tmp_path, run_id="run-2")
    assert before.items() <= _contents(tmp_path).items()


@pytest.mark.parametrize("failing", ["clients.csv", "clients.parquet", "manifest.json"])
def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, failing):
    real = campaign_file.write_atomically

    def full_disk(path, content):
        if path.name == failing:
            raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(campaign_file, "write_atomically", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_campaign_file(campaign_list(scores(), campaign()), campaign(), data=tmp_path, run_id="run-1")

    assert _contents(tmp_path) == {}


@pytest.mark.parametrize("run_id", ["", "../elsewhere", "a/b", "x" * 65])
def test_a_run_that_cannot_name_a_folder_is_refused(tmp_path, run_id):
    with pytest.raises(CampaignError, match="cannot name a folder"):
        write_campaign_file(campaign_list(scores(), campaign()), campaign(), data=tmp_path, run_id=run_id)


def test_a_list_without_clients_is_told_and_not_written(tmp_path):
    listed = campaign_list(scores(10), campaign(contact_cost_minor=500_000))

    with pytest.raises(CampaignError, match="worth the cost"):
        write_campaign_file(listed, campaign(), data=tmp_path, run_id="run-1")
