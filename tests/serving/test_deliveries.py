import datetime as dt
import shutil
import sqlite3
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.deliveries.receipts import blocks, plain
from tests.pages import visiting
from tests.serving.uploading import files_below, serving_once
from vitrina.catalogue import CONTRACTS
from vitrina.dictionary import DataDictionary
from vitrina.i18n import catalogue
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.findings import Findings
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.ledger_reading import LedgerReader
from vitrina.inbox.messages import shown
from vitrina.inbox.receipts import receipt, write_receipts
from vitrina.inbox.template_files import has_template, template_csv, template_workbook
from vitrina.inbox.validate import validate_file
from vitrina.markdown import escaped_markdown
from vitrina.publication import Candidate, publish
from vitrina.settings import Settings
from vitrina.state.roles import EVERYTHING, Grant, Role
from vitrina.stores.contracts import CONTRACTS as STORES_CONTRACTS
from vitrina.stores.tables import StoresRefusedRows
from vitrina.warehouse import Warehouse, locate

NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
RUSSIAN = {"Accept-Language": "ru"}
HOSTILE = "stores/sales/<b>x</b> ![y](z|w) _q_.csv"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving_once(tmp_path_factory.mktemp("deliveries"), Grant(Role.MANAGER, "stores"), Grant(Role.VIEWER, "posts")) as found:
        yield found


@pytest.fixture
def settings(served):
    return served.settings


@pytest.fixture
def visitor(served):
    return served.emptied()


def deliver(settings, path, content):
    target = settings.data / "inbox" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content)


def run(settings, now=NOW):
    return ingest(
        "stores",
        STORES_CONTRACTS,
        settings=settings,
        warehouse=Warehouse(locate(settings, "stores")),
        ledger=Ledger(settings.ledger),
        now=now,
        refused_table=StoresRefusedRows,
    )


def entry(delivery, path, **more):
    given = {
        "contract": "sales",
        "version": 1,
        "state": State.LOADED,
        "size": 10,
        "modified": "1",
        "fingerprint": f"{delivery:064x}",
    }
    return Entry(product="stores", delivery=delivery, path=path, received_at=NOW + dt.timedelta(minutes=delivery), **given | more)


@pytest.fixture(scope="module")
def deliveries(served, tmp_path_factory):
    """A master that is loaded, sales with bad rows, their copy, and a file that is no sales: made once, where it is restored."""
    served.emptied()
    settings = served.settings
    deliver(settings, "stores/stores.csv", "store_id,name,format\n00123,Lenina 5,Hypermarket\n7,Mira 1,express\n")
    deliver(settings, "stores/sales/a.csv", "store_id,date,revenue\n00123,2024-01-31,100.50\n7,2024-13-01,20\n7,2024-02-29,н/д\n")
    run(settings)
    deliver(settings, "stores/sales/b.csv", "store_id,date,revenue\n00123,2024-01-31,100.50\n7,2024-13-01,20\n7,2024-02-29,н/д\n")
    deliver(settings, "stores/sales/c.csv", "nothing,useful\n1,2\n")
    run(settings, NOW + dt.timedelta(hours=1))
    deliver(settings, "stores/geo.csv", "store_id,population\n7,100\n")
    Ledger(settings.ledger).mark_stale("stores", ["2024-01-01"], NOW)
    kept = tmp_path_factory.mktemp("kept") / "data"
    shutil.copytree(settings.data, kept, ignore=shutil.ignore_patterns("state*"))
    return kept


@pytest.fixture
def delivered(deliveries, settings, visitor):
    shutil.copytree(deliveries, settings.data, dirs_exist_ok=True)
    return visitor


def test_deliveries_say_what_became_of_each_file_and_what_waits(delivered):
    page = delivered.page("/deliveries").text
    assert "loaded without 2 rows" in page
    assert "not loaded" in page
    assert "known already" in page
    assert "stores/geo.csv" in page
    assert "2024-01-01" in page
    assert 'href="/deliveries/stores/2"' in page
    russian = delivered.page("/deliveries", headers=RUSSIAN).text
    for words in ("загружено без 2 строк", "не загружен", "уже известно", "Что передано и что с этим стало", "Устаревших периодов"):
        assert words in russian


@pytest.mark.parametrize(
    ("state", "paths"),
    [
        ("", {"stores.csv", "a.csv", "b.csv", "c.csv"}),
        ("loaded", {"stores.csv", "a.csv"}),
        ("refused", {"a.csv"}),
        ("quarantined", {"c.csv"}),
        ("duplicate", {"b.csv"}),
        ("superseded", set()),
    ],
)
def test_deliveries_are_filtered(delivered, state, paths):
    listed = delivered.page(f"/deliveries?product=stores&state={state}").text.partition('id="latest"')[2]
    assert {path for path in ("stores.csv", "a.csv", "b.csv", "c.csv") if path in listed} == paths


def test_a_receipt_is_there_in_both_languages_and_as_a_file(delivered, settings):
    page = delivered.page("/deliveries/stores/2").text
    assert "Some of its rows were refused; all others were loaded." in page
    assert "row 4: н/д" in page
    assert f"{settings.dagster_address}/assets/stores/raw_sales" in page
    russian = delivered.page("/deliveries/stores/2", headers=RUSSIAN).text
    assert "Часть строк отклонена, все остальные загружены." in russian
    assert "строка 4: н/д" in russian
    file = delivered.page("/deliveries/stores/2/receipt.md", headers=RUSSIAN)
    assert file.text.startswith("# Квитанция")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_receipt_that_was_deleted_takes_no_page_away(delivered, settings):
    for path in settings.receipts.rglob("*.md"):
        path.unlink()
    assert "There is no receipt of this delivery." in delivered.page("/deliveries/stores/2").text
    assert delivered.page("/deliveries/stores/2/receipt.md").status_code == 404
    assert delivered.api("/api/v1/deliveries/stores/2").json()["receipt"] is None


def test_a_receipt_in_another_language_is_better_than_none(delivered, settings):
    for path in settings.receipts.rglob("*.ru.md"):
        path.unlink()
    assert "Some of its rows were refused" in delivered.page("/deliveries/stores/2", headers=RUSSIAN).text


def test_refused_rows_that_were_published_are_listed_one_by_one(delivered, settings):
    warehouse = Warehouse(locate(settings, "stores"))
    publish(
        "stores",
        [Candidate(StoresRefusedRows.table_name())],
        DataDictionary.of([StoresRefusedRows]),
        warehouse=warehouse,
        settings=settings,
        now=NOW,
        run_id="run",
    )
    service = delivered.app.state.service
    service.versions.look()
    page = delivered.page("/deliveries/stores/2", headers=RUSSIAN).text
    rows = page.partition('id="rows"')[2]
    assert "2024-13-01" in rows
    assert "Пишите только цифры" in rows
    assert 'id="rows"' not in delivered.page("/deliveries/stores/1").text
    assert delivered.page("/deliveries/stores/2?offset=10000000").status_code == 200


def test_the_versions_of_a_file_lead_to_one_another(delivered, settings):
    deliver(settings, "stores/sales/c.csv", "store_id,date,revenue\n00123,2024-03-31,1\n")
    run(settings, NOW + dt.timedelta(hours=2))
    listed = delivered.api("/api/v1/deliveries?product=stores").json()["items"]
    later, earlier = [one["delivery"] for one in listed if one["path"] == "stores/sales/c.csv"]
    for number in (later, earlier):
        versions = delivered.page(f"/deliveries/stores/{number}").text.partition("All versions of this file")[2]
        assert f'href="/deliveries/stores/{later}"' in versions
        assert f'href="/deliveries/stores/{earlier}"' in versions


def test_names_and_values_of_strangers_are_text(settings, visitor):
    findings = Findings()
    hostile = entry(1, HOSTILE, message="<script>")
    Ledger(settings.ledger).record(replace(hostile, findings=findings))
    write_receipts(settings.receipts, hostile, findings, ("en", "ru"))
    for address in ("/deliveries", "/deliveries/stores/1", "/"):
        page = visitor.page(address).text
        assert "<b>x</b>" not in page
        assert "&lt;b&gt;x&lt;/b&gt; ![y](z|w) _q_.csv" in page


def test_a_ledger_that_is_not_there_is_told_and_not_made(settings, visitor):
    for address in ("/", "/deliveries", "/deliveries/templates", "/deliveries/new?product=stores"):
        assert visitor.page(address).status_code == 200
    assert "Nothing was read yet." in visitor.page("/deliveries").text
    assert "Ничего ещё не прочитано." in visitor.page("/deliveries", headers=RUSSIAN).text
    assert visitor.page("/deliveries/stores/1").status_code == 404
    assert visitor.api("/api/v1/deliveries").json() == {"total": 0, "items": []}
    assert [path for path in files_below(settings.data) if not path.startswith("state")] == []


def test_a_ledger_that_is_being_made_this_moment_is_empty(settings):
    settings.ledger.parent.mkdir(parents=True, exist_ok=True)
    settings.ledger.unlink(missing_ok=True)
    sqlite3.connect(settings.ledger).execute("PRAGMA journal_mode = WAL")
    assert LedgerReader(settings.ledger).standing() == {}


def test_a_ledger_that_cannot_be_read_takes_only_its_own_pages_away(settings, visitor):
    settings.ledger.write_bytes(b"no database" * 1000)
    home = visitor.page("/")
    assert home.status_code == 200
    assert "Deliveries cannot be told" in home.text
    assert visitor.page("/deliveries").status_code == 422
    assert visitor.api("/api/v1/deliveries").status_code == 422


def test_a_ledger_of_a_newer_vitrina_is_told(settings, visitor):
    with sqlite3.connect(settings.ledger) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "newer Vitrina" in visitor.page("/deliveries").text


def test_pages_neither_wait_for_writers_nor_make_them_wait(delivered, settings):
    writer = sqlite3.connect(settings.ledger, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM files")
    begun = time.monotonic()
    page = delivered.page("/deliveries").text
    assert time.monotonic() - begun < 2
    assert "stores/sales/a.csv" in page
    writer.execute("ROLLBACK")
    writer.close()


def test_looking_changes_nothing_in_the_ledger(delivered, settings):
    with sqlite3.connect(settings.ledger) as connection:
        before = connection.execute("SELECT * FROM files ORDER BY delivery").fetchall()
    for address in ("/", "/deliveries", "/deliveries/stores/1", "/api/v1/deliveries"):
        delivered.page(address)
    with sqlite3.connect(settings.ledger) as connection:
        assert connection.execute("SELECT * FROM files ORDER BY delivery").fetchall() == before


def test_the_first_page_says_what_was_delivered_and_what_is_stale(delivered):
    home = delivered.page("/").text
    assert "1 file was loaded without some of its rows" in home
    assert "1 file waits to be read" in home
    assert "1 period to be computed again" in home
    russian = delivered.page("/", headers=RUSSIAN).text
    for words in ("1 файл загружен без части строк", "1 файл ждёт чтения", "1 период ждёт пересчёта", "не загружен"):
        assert words in russian


def test_a_long_list_has_pages(settings, visitor):
    ledger = Ledger(settings.ledger)
    for number in range(1, 61):
        ledger.record(entry(number, f"stores/sales/{number:03d}.csv"))
    first, second = visitor.page("/deliveries?product=stores").text, visitor.page("/deliveries?product=stores&offset=50").text
    assert "060.csv" in first
    assert "060.csv" not in second
    assert "001.csv" in second
    assert "/deliveries?product=stores&amp;state=&amp;offset=50" in first
    api = visitor.api("/api/v1/deliveries?limit=7&offset=55").json()
    assert (api["total"], [item["delivery"] for item in api["items"]]) == (60, [5, 4, 3, 2, 1])


def test_the_api_lists_what_became_of_files(delivered):
    answer = delivered.api("/api/v1/deliveries?product=stores").json()
    assert answer["total"] == 4
    states = {item["path"]: (item["state"], item["rows_refused"]) for item in answer["items"]}
    assert states["stores/sales/a.csv"] == ("loaded", 2)
    assert states["stores/sales/c.csv"] == ("quarantined", 0)
    assert [item["path"] for item in delivered.api("/api/v1/deliveries?refused=true").json()["items"]] == ["stores/sales/a.csv"]
    assert delivered.api("/api/v1/deliveries?state=duplicate").json()["total"] == 1
    one = delivered.api("/api/v1/deliveries/stores/2", headers=RUSSIAN).json()
    assert one["receipt"].startswith("# Квитанция")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/deliveries?product=nothing", 404),
        ("/api/v1/deliveries?product=propensity", 404),
        ("/api/v1/deliveries?product=feedback", 404),
        ("/api/v1/deliveries?limit=0", 422),
        ("/api/v1/deliveries?limit=1001", 422),
        ("/api/v1/deliveries?offset=99999999999999999999", 422),
        ("/api/v1/deliveries?state=lost", 422),
        ("/api/v1/deliveries/stores/99", 404),
        ("/api/v1/deliveries/stores/99999999999999999999", 422),
        ("/api/v1/deliveries/stores/x", 422),
        ("/api/v1/deliveries/propensity/1", 403),
        ("/api/v1/deliveries/nothing/1", 403),
        ("/deliveries?product=%00", 404),
        ("/deliveries?product=propensity", 404),
        ("/deliveries?state=%00", 422),
        ("/deliveries?offset=-1", 422),
        ("/deliveries/stores/0", 422),
        ("/deliveries/stores/2147483648", 422),
        ("/deliveries/stores/2147483647", 404),
        ("/deliveries/templates/stores/nothing.csv", 404),
        ("/deliveries/templates/propensity/clients.csv", 404),
        ("/deliveries/templates/posts/channels.xlsx", 404),
        ("/deliveries/templates/stores/..%2fsales.csv", 404),
        ("/deliveries/sellers/videos", 404),
    ],
)
def test_what_is_not_there_or_not_ones_own_is_told(delivered, address, status):
    assert delivered.page(address).status_code == status


def test_somebody_without_a_role_sees_nothing(settings):
    with visiting(settings, Grant(Role.MONITOR, EVERYTHING), name="nobody in particular") as visitor:
        assert "You have no role in any product yet." in visitor.page("/deliveries").text
        assert visitor.api("/api/v1/templates").json() == []
        assert visitor.page("/deliveries/templates/stores/sales.csv").status_code == 404


def test_tables_are_shown_to_whom_the_whole_product_is_open(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    Ledger(settings.ledger).record(replace(entry(1, "sellers/shifts.csv", contract="shifts"), product="sellers"))
    with visiting(settings, Grant(Role.VIEWER, "sellers", "S01")) as visitor:
        assert "shifts.csv" not in visitor.page("/deliveries").text
        assert "shifts.csv" not in visitor.page("/").text
        assert visitor.api("/api/v1/deliveries").json()["total"] == 0
        assert visitor.page("/deliveries/sellers/1").status_code == 403
        assert visitor.api("/api/v1/deliveries/sellers/1").status_code == 403


ALL = [contract for contract in CONTRACTS if has_template(contract)]


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: f"{contract.product}-{contract.name}")
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_template_is_a_file_that_would_be_loaded(contract, suffix, tmp_path):
    content = template_csv(contract) if suffix == "csv" else template_workbook(contract, "ru", NOW)
    path = tmp_path / f"template.{suffix}"
    path.write_bytes(content)
    of_product = [one for one in CONTRACTS if one.product == contract.product]
    verdict = validate_file(path, of_product, today=dt.date(2026, 12, 31), contract=contract.name)
    assert verdict.accepted, verdict.text()
    assert verdict.findings.counts.loaded == 1


def test_templates_are_explained_and_there_to_take_away(visitor):
    page = visitor.page("/deliveries/templates", headers=RUSSIAN).text
    assert "Код магазина, как у вас. Это текст: 00123 сохраняет нули." in page
    assert 'id="stores-sales"' in page
    assert 'id="propensity-clients"' not in page
    assert 'id="stores-sales" open' in visitor.page("/deliveries/templates?kind=stores-sales").text
    csv = visitor.page("/deliveries/templates/stores/sales.csv")
    assert csv.content.startswith(b"\xef\xbb\xbfstore_id,date,revenue")
    workbook = visitor.page("/deliveries/templates/stores/sales.xlsx")
    assert workbook.content[:2] == b"PK"
    listed = {(one["product"], one["contract"]): one for one in visitor.api("/api/v1/templates").json()}
    assert listed["stores", "sales"]["csv"] == "/deliveries/templates/stores/sales.csv"
    assert listed["posts", "channels"]["csv"] is None
    assert not listed["stores", "decisions"]["uploadable"]


def test_every_column_of_every_file_is_explained_in_russian():
    known = catalogue("ru", "contracts")
    said = {contract.table.description() for contract in CONTRACTS}
    said |= {text for contract in CONTRACTS for row in contract.template() for text in (row.meaning, row.unit, row.type) if text}
    assert said - known.keys() == set()
    headings = {"Columns", "Column", "Required", "Type", "Unit", "What it means", "Example", "yes", "no", "any further column"}
    assert known.keys() - said - headings == set()


@given(st.text())
@example("a\\b|c")
@example("`x` *y* _z_ <b>&amp;</b> [q](r) http://s www.t u@v")
@example("\\\\|\\`\\")
def test_what_a_receipt_escapes_a_page_shows_as_it_was(text):
    joined = shown(text, 1000).replace("\N{WORD JOINER}", "")
    assert plain(escaped_markdown(text)) == joined


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4))
def test_cells_of_a_receipts_table_stay_apart(cells):
    line = f"| {' | '.join(escaped_markdown(cell) for cell in cells)} |"
    rule = f"| {' | '.join('---' for _ in cells)} |"
    (table,) = blocks(f"{rule.replace('-', 'x')}\n{rule}\n{line}")
    assert [cell.strip() for cell in table.rows[0]] == [shown(cell, 1000).replace("\N{WORD JOINER}", "").strip() for cell in cells]


def test_a_receipt_is_taken_apart_into_what_it_was_made_of():
    made = entry(1, "stores/sales/a.csv")
    kinds = [block.kind for block in blocks(receipt(made, Findings(), "ru"))]
    assert kinds == ["title", "strong", "list", "heading", "list", "paragraph"]
