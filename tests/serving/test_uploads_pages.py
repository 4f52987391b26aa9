import datetime as dt
import re
import subprocess

import pytest

from serving.deliveries import checking
from serving.deliveries.checking import Outcome
from serving.deliveries.desk import desk_of
from tests.pages import visiting
from tests.serving.uploading import PARTLY, SALES, STORES, Sender, check_here, serving_once
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.state.roles import Grant, Role
from vitrina.stores.contracts import CONTRACTS
from vitrina.stores.tables import StoresRefusedRows
from vitrina.warehouse import Warehouse, locate

RUSSIAN = {"Accept-Language": "ru"}
LATER = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving_once(tmp_path_factory.mktemp("uploads"), Grant(Role.MANAGER, "stores")) as found:
        yield found


@pytest.fixture
def settings(served):
    return served.settings


@pytest.fixture
def sender(served, monkeypatch):
    check_here(monkeypatch)
    return Sender(served.emptied())


def page_of(location):
    return location.replace("/api/v1", "/deliveries")


def run(settings):
    """What `make run` does with the inbox."""
    ingest(
        "stores",
        CONTRACTS,
        settings=settings,
        warehouse=Warehouse(locate(settings, "stores")),
        ledger=Ledger(settings.ledger),
        now=LATER,
        refused_table=StoresRefusedRows,
    )


def test_a_file_goes_from_the_form_to_its_receipt(sender, settings):
    visitor = sender.visitor
    assert 'data-uploads="/api/v1/uploads/stores"' in visitor.page("/deliveries/new?product=stores").text
    assert sender.deliver(sender.send(STORES, filename="stores.csv")).status_code == 201
    location = sender.send(PARTLY, filename="sales.csv")
    sender.checked(location)
    page = visitor.page(page_of(location)).text
    assert "The file would be loaded without some of its rows." in page
    assert "2024-13-01" in page
    assert "Write the date as 2024-01-31." in page
    russian = visitor.page(page_of(location), headers=RUSSIAN).text
    assert "Файл будет загружен без части строк." in russian
    assert not (settings.data / "inbox" / "stores" / "sales").exists()
    delivered = visitor.submit(f"{page_of(location)}/deliver")
    assert (delivered.status_code, delivered.headers["Location"]) == (303, page_of(location))
    waiting = visitor.page(page_of(location)).text
    assert "no run has read it yet" in waiting
    assert "make run PRODUCT=stores" in waiting
    assert "stores/sales/sales.csv" in visitor.page("/deliveries").text
    run(settings)
    read = visitor.page(page_of(location))
    assert (read.status_code, read.headers["Location"]) == (303, "/deliveries/stores/2")
    receipt = visitor.page("/deliveries/stores/2").text
    assert "Some of its rows were refused; all others were loaded." in receipt
    assert "loaded without 1 row<" in receipt
    assert "delivered" in visitor.page("/deliveries/new?product=stores").text
    assert visitor.api(location).json()["delivery"] == 2


def test_a_page_waits_for_a_verdict_by_asking_again(sender, monkeypatch):
    monkeypatch.setattr(checking.Checker, "_check", lambda *_: None)
    location = sender.send(SALES, filename="sales.csv")
    page = sender.visitor.page(page_of(location)).text
    assert f'hx-get="{page_of(location)}/verdict" hx-trigger="load delay:1s"' in page
    part = sender.visitor.page(f"{page_of(location)}/verdict").text
    assert "Being checked" in part
    assert "<html" not in part
    answer = sender.visitor.submit(f"{page_of(location)}/deliver", headers=RUSSIAN)
    assert answer.status_code == 409
    assert "Файл ещё проверяется." in answer.text


def test_an_unfinished_upload_says_how_far_it_is(sender):
    location = sender.begin(1000, filename="sales.csv").headers["Location"]
    sender.patch(location, 0, b"x" * 250)
    page = sender.visitor.page(page_of(location), headers=RUSSIAN).text
    assert "Получено 250 байт из" in page
    assert '<progress max="1000" value="250"' in page
    assert "25" in sender.visitor.page("/deliveries/new?product=stores").text


def test_a_refused_file_has_no_button_that_delivers_it(sender):
    location = sender.send(b"", filename="stores.csv")
    sender.checked(location)
    page = sender.visitor.page(page_of(location)).text
    assert "The file would not be loaded." in page
    assert "/deliver" not in re.findall(r'action="[^"]*?(/\w+)"', page)
    assert "/discard" in re.findall(r'action="[^"]*?(/\w+)"', page)
    assert sender.visitor.submit(f"{page_of(location)}/deliver").status_code == 422


def test_replacing_is_asked_for_with_what_is_replaced(sender, settings):
    sender.deliver(sender.send(STORES, filename="stores.csv"))
    run(settings)
    location = sender.send(STORES + b"9,Mira 3,express\n", filename="stores.csv")
    sender.checked(location)
    page = sender.visitor.page(page_of(location)).text
    assert "Its 2 rows are in use since 1 Oct 2026, 12:00 UTC" in page
    assert sender.visitor.submit(f"{page_of(location)}/deliver").status_code == 409
    stamp = re.search(r'name="replaces" value="([^"]+)"', page)[1]
    assert sender.visitor.submit(f"{page_of(location)}/deliver", {"replaces": stamp}).status_code == 303
    assert (settings.data / "inbox" / "stores" / "stores.csv").read_bytes().endswith(b"9,Mira 3,express\n")


def test_known_content_is_told_before_it_is_delivered(sender, settings):
    sender.deliver(sender.send(STORES, filename="stores.csv"))
    sender.deliver(sender.send(SALES, filename="sales.csv"))
    run(settings)
    same = sender.send(STORES, filename="stores.csv")
    sender.checked(same)
    page = sender.visitor.page(page_of(same)).text
    assert "The inbox holds this very file already" in page
    assert f"{page_of(same)}/deliver" not in page
    copy = sender.send(SALES, filename="sales copy.csv")
    sender.checked(copy)
    assert "The same content was delivered as stores/sales/sales.csv" in sender.visitor.page(page_of(copy)).text


def test_discarding_leads_back_to_the_form(sender):
    location = sender.send(SALES, filename="sales.csv")
    answer = sender.visitor.submit(f"{page_of(location)}/discard")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deliveries/new?product=stores")
    assert sender.visitor.page(page_of(location)).status_code == 404


def test_nothing_happens_without_the_pages_own_mark(sender):
    location = sender.send(SALES, filename="sales.csv")
    sender.checked(location)
    for action in ("deliver", "discard"):
        assert sender.visitor.post(f"{page_of(location)}/{action}", headers={"Accept": "text/html"}).status_code == 403


def test_a_hostile_name_is_shown_as_text(sender):
    location = sender.send(SALES, filename='<img src=x onerror="alert(1)">\u202e.csv', place="sales")
    for address in (page_of(location), "/deliveries/new?product=stores"):
        page = sender.visitor.page(address).text
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
        assert "\u202e" not in page


@pytest.mark.parametrize(
    "address", ["/deliveries/new?product=posts", "/deliveries/new?product=nothing", f"/deliveries/new?product={'x' * 40}"]
)
def test_a_product_that_is_not_ones_own_has_no_form(sender, address):
    assert sender.visitor.page(address).status_code == 404


def test_a_form_of_nobody_says_whom_to_ask(settings):
    with visiting(settings, Grant(Role.VIEWER, "stores"), name="viewer") as visitor:
        assert "Ask an admin for the role of a manager." in visitor.page("/deliveries/new").text
        assert "Upload a file</a>" not in visitor.page("/deliveries").text


@pytest.mark.integration
def test_a_check_is_a_process_of_its_own(served):
    sender = Sender(served.emptied())
    told = sender.checked(sender.send(PARTLY, filename="sales.csv"))
    assert (told["verdict"]["outcome"], told["verdict"]["rows_refused"]) == ("partly", 1)


@pytest.mark.parametrize("ends", ["killed", "too slow"])
def test_a_check_that_does_not_end_well_holds_nothing_up(served, monkeypatch, ends):
    def run(*_, **__):
        if ends == "too slow":
            raise subprocess.TimeoutExpired("check", 1)
        return subprocess.CompletedProcess([], -9, b"", b"Killed")

    monkeypatch.setattr("serving.deliveries.checking.subprocess.run", run)
    sender = Sender(served.emptied())
    location = sender.send(SALES, filename="sales.csv")
    assert sender.checked(location)["verdict"]["outcome"] == "unchecked"
    page = sender.visitor.page(page_of(location), headers=RUSSIAN).text
    assert "Проверить файл не удалось." in page
    assert {"killed": "больше памяти", "too slow": "слишком долго"}[ends] in page
    assert sender.deliver(location).status_code == 201


def test_two_workers_check_a_file_once(sender, monkeypatch):
    runs = []
    check = checking.check
    monkeypatch.setattr(
        checking.Checker,
        "_run",
        lambda _, folder: (runs.append(folder), (folder / "verdict.json").write_text(check(folder).as_json())),
    )
    location = sender.send(SALES, filename="sales.csv")
    desk = desk_of(sender.visitor.app.state.service)
    upload = desk.uploads._read(location.rpartition("/")[2])
    others = [checking.Checker(desk.uploads) for _ in range(3)]
    verdicts = [one.wait(upload, 30) or one.wait(upload, 30) for one in (desk.checker, *others)]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ACCEPTED}
    assert len(runs) == 1


def test_a_table_too_large_for_memory_is_delivered_unchecked(sender, monkeypatch):
    monkeypatch.setattr(checking, "MOST_BYTES", 10)
    location = sender.send(SALES, filename="sales.csv")
    told = sender.checked(location)
    assert (told["verdict"]["outcome"], told["verdict"]["text"]) == ("unchecked", "The file is too large to be checked here.")
    assert sender.deliver(location).status_code == 201
