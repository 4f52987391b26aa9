"""What the command line prints is text, whoever named the files in it."""

import datetime as dt
import importlib
import io

import polars as pl
import pytest
from rich.console import Console

from vitrina.cli import summary
from vitrina.dictionary import DataDictionary
from vitrina.errors import VitrinaError
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.ledger import Ledger
from vitrina.publication import Candidate, publish
from vitrina.settings import Settings
from vitrina.tables import Table, column
from vitrina.warehouse import Warehouse, locate, replace

# the package's attribute of the same name hides the module
app = importlib.import_module("vitrina.cli.app")

NOW = dt.datetime(2024, 6, 30, tzinfo=dt.UTC)
HOSTILE = "stores/sales/[/b].csv"


class Shelf(Table, product="stores", published=True, name="shelf"):
    """One row per shelf; the test's own."""

    shelf: str = column("Name of the shelf.", key=True)


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "[/i]data", inbox=str(tmp_path / "[/b]in"), _env_file=None)


def deliver(settings, path):
    Ledger(settings.ledger).record(Entry("stores", 1, path, "sales", 1, State.LOADED, 5, "1", "a" * 64, NOW))


def printed(settings):
    file = io.StringIO()
    summary.show(settings, "stores", Console(file=file, width=300, force_terminal=True))
    return file.getvalue()


def test_a_file_named_like_markup_is_printed_as_it_is_named(settings):
    deliver(settings, HOSTILE)
    assert HOSTILE in printed(settings)


def test_a_file_name_cannot_command_the_terminal(settings):
    deliver(settings, "stores/sales/\x1b]0;owned\x07\x1b[2J.csv")
    text = printed(settings)
    assert "]0;owned" in text
    assert "\x1b]0" not in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text


def test_a_publication_without_reports_is_shown_without_them(settings):
    deliver(settings, HOSTILE)
    warehouse = Warehouse(locate(settings, "stores"), 10)
    with warehouse.write() as connection:
        replace(connection, Shelf, pl.DataFrame({"shelf": ["a"]}))
    dictionary = DataDictionary.of([Shelf])
    candidates = [Candidate("shelf", None, NOW)]
    publish("stores", candidates, dictionary, warehouse=warehouse, settings=settings, now=NOW, run_id="r")
    text = printed(settings)
    assert "receipts of the deliveries" in text
    assert "Excel report" not in text


def test_an_error_is_printed_as_text_on_its_own_lines(monkeypatch, capsys):
    def failing():
        raise VitrinaError("First [/b] \x1b[2J\nSecond [red]x", "Rename [/i].")

    monkeypatch.setattr(app, "app", failing)
    with pytest.raises(SystemExit):
        app.main()
    said = capsys.readouterr().err
    assert "VitrinaError: First [/b] \N{REPLACEMENT CHARACTER}[2J\nSecond [red]x\nWhat to do: Rename [/i].\n" in said
