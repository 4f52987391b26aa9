"""The graph of propensity on a made-up bank: what comes in, what is scored, and what bad input does on the way."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from simulation.propensity_inbox import write_inbox
from simulation.retailer import Size
from tests.kept import keep
from tests.support import Place, make_place, published
from vitrina.propensity.campaign_file import read_campaign_csv
from vitrina.propensity.storing import load as load_model
from vitrina.propensity.tables import PropensityScores
from vitrina.publication import current
from vitrina.runs import covering
from vitrina.warehouse import Warehouse, locate
from vitrina.warehouse import load as load_table

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("bank")]

PRODUCT = "propensity"
FEW_MONTHS = 8


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, tuple]]:
    """A tiny bank, from the inbox to publication, with the cells that were spoiled in its files."""
    made = make_place(tmp_path_factory.mktemp("bank"))
    slips = write_inbox(Path(str(made.settings.inbox_folder)), Size.TINY, 5)
    with made.instance:
        made.execute("propensity_ingest")
        made.refresh(PRODUCT)
        keep(made, PRODUCT, tmp_path_factory)
        yield made, slips


def asked(bank, sql: str) -> list[tuple]:
    return published(bank[0].settings, sql, PRODUCT)


def scores(place: Place) -> pl.DataFrame:
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        return load_table(connection, PropensityScores).sort("month", "rank")


def test_exactly_the_spoiled_rows_are_refused(bank):
    place, slips = bank
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        refused = connection.execute("SELECT DISTINCT source_file, source_row FROM refused_rows").fetchall()
    assert set(refused) == {(slip.source_file, slip.source_row) for slip in slips}


def test_every_scored_month_ranks_its_clients_with_reasons_in_both_languages(bank):
    rows = asked(
        bank,
        "SELECT month, count(*), max(rank), min(decile), max(decile), count(*) FILTER (reason_en = '' OR reason_ru = '') "
        "FROM mart_propensity_scores GROUP BY month ORDER BY month",
    )
    assert len(rows) >= 6
    for _, clients, last, first_decile, last_decile, unexplained in rows:
        assert clients == last
        assert (first_decile, last_decile, unexplained) == (1, 10, 0)


def test_models_learn_only_from_months_that_were_over(bank):
    early = """
        SELECT count(*) FROM propensity_models
        WHERE learnt_until + INTERVAL 3 MONTH > month OR rehearsed_until + INTERVAL 3 MONTH > calibrated_on
    """
    assert asked(bank, early) == [(0,)]
    assert asked(bank, "SELECT count(*) FROM propensity_models WHERE makes_scores")[0][0] >= 6


def test_whom_nobody_scores_is_counted_by_rule(bank):
    counted = dict(asked(bank, "SELECT rule, sum(clients) FROM mart_exclusion_audit GROUP BY rule"))
    assert {"scored", "liquidated", "already has the account"} <= set(counted)
    assert all(number > 0 for number in counted.values())


def test_the_optimisers_file_is_as_its_manifest_says_and_leaves_some_alone(bank):
    place, _ = bank
    (path, rows, control, digest, manifest) = asked(
        bank, "SELECT path, rows, control_rows, sha256, manifest FROM optimiser_files WHERE format = 'csv' ORDER BY month DESC"
    )[0]
    listed = read_campaign_csv(place.settings.data / path)
    told = json.loads((place.settings.data / manifest).read_text(encoding="utf-8"))
    assert listed.height == rows == told["rows"]
    assert listed.filter(group="control").height == control > 0
    assert digest in {file["sha256"] for file in told["files"]}


def test_a_stored_model_scores_as_it_did(bank):
    place, _ = bank
    month, family, path = asked(bank, "SELECT month, family, path FROM propensity_models WHERE makes_scores ORDER BY month DESC")[0]
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        frame = connection.execute("SELECT * FROM client_features WHERE month = ? ORDER BY client_id", [month]).pl()
        told = connection.execute(
            f"SELECT {family} FROM model_predictions WHERE month = ? ORDER BY client_id", [month]
        ).pl()  # a family of models
    assert load_model(place.settings.data / path).probabilities(frame) == pytest.approx(told[family].to_numpy(), abs=1e-12)


def test_the_score_as_sql_is_that_of_python(bank):
    place, _ = bank
    month, path, sql = asked(bank, "SELECT month, path, sql FROM propensity_models WHERE family = 'logistic' ORDER BY month DESC")[
        0
    ]
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        frame = connection.execute("SELECT * FROM client_features WHERE month = ? ORDER BY client_id", [month]).pl()
        told = connection.execute("SELECT logistic FROM model_predictions WHERE month = ? ORDER BY client_id", [month]).pl()
    with duckdb.connect() as connection:
        # texts become numbers in Python alone
        connection.register(
            "client_features", load_model(place.settings.data / path).model.prepared(frame).with_columns(frame["client_id"])
        )
        scored = connection.execute(f"SELECT probability FROM ({sql}) ORDER BY client_id").pl()
    assert scored["probability"].to_numpy() == pytest.approx(told["logistic"].to_numpy(), abs=1e-9)


def test_a_month_that_is_computed_again_has_the_same_content(bank):
    place, _ = bank
    before = scores(place)
    months = before["month"].unique().sort().to_list()
    place.execute("propensity_refresh", tags=covering(months[-2].isoformat(), months[-1].isoformat()))
    assert scores(place).equals(before)


def test_a_column_that_changes_its_kind_is_told_and_the_month_stays(bank):
    place, _ = bank
    before, version = scores(place), current(place.settings, PRODUCT).version
    months = before["month"].unique().sort().to_list()
    folder = Path(str(place.settings.inbox_folder)) / PRODUCT / "clients"
    latest = max(folder.glob(f"{months[-1]:%Y-%m}*"))
    kept = latest.read_bytes()
    rows = pl.read_parquet(latest)
    assert latest.suffix == ".parquet"
    try:
        rows.with_columns(turnover=pl.lit("very large")).write_parquet(latest)
        place.execute("propensity_ingest")
        failed = place.refresh(PRODUCT, raise_on_error=False)
        assert not failed.success
        told = [event.event_specific_data.error.to_string() for event in failed.all_events if event.is_step_failure]
        assert any("turnover" in message for message in told), told
        assert scores(place).equals(before)
        assert current(place.settings, PRODUCT).version >= version
    finally:
        latest.write_bytes(kept)


def test_a_column_built_from_the_future_holds_the_scores_back(tmp_path):
    place = make_place(tmp_path)
    inbox = Path(str(place.settings.inbox_folder))
    write_inbox(inbox, Size.TINY, 5, planted_leak=True, without=("payments", "texts", "contacts"))
    # eight months are enough for scores
    for file in sorted((inbox / PRODUCT / "clients").iterdir())[FEW_MONTHS:]:
        file.unlink()
    with place.instance:
        place.execute("propensity_ingest")
        ended = place.refresh(PRODUCT, raise_on_error=False)
    assert not ended.success
    failed = {found.check_name: found for found in ended.get_asset_check_evaluations() if not found.passed}
    assert "nothing_gives_the_answer_away" in failed
    assert "tariff_requests" in str(failed["nothing_gives_the_answer_away"].description)
    assert current(place.settings, PRODUCT) is None
