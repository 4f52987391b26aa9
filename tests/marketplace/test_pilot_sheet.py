"""The sheet for experts: filled and read back, hostile titles, nobody's identifier, nothing that gives the answer away."""

import ast
import datetime as dt
import inspect
import re
import shutil
import subprocess
import zipfile

import openpyxl
import polars as pl
import pytest

from vitrina.errors import InvalidTableError
from vitrina.i18n import catalogue
from vitrina.inbox.content import Content
from vitrina.inbox.judging import Delivery, judge_file
from vitrina.marketplace import pilot_sheet as words
from vitrina.marketplace import pilot_workbook, reasons
from vitrina.marketplace.contracts import EXPERT_VERDICTS
from vitrina.marketplace.pilot_results import LOST_OFFERS, PRECISION, pilot_results
from vitrina.marketplace.pilot_sheet import LAST_EVENTS, pilot_sheet, write_pilot_sheet
from vitrina.marketplace.pilot_tables import PilotCases

MADE_AT = dt.datetime(2024, 7, 1, 9, tzinfo=dt.UTC)
HASHES = {"1": "0badc0ffee0badc0ffee0badc0ffee00", "2": "feedfacefeedfacefeedfacefeedface"}
HOSTILE = [
    '=HYPERLINK("http://x")',
    "+1",
    "@SUM(A1)",
    "bell\x07 and\x00 zero",
    "#REF!",
    "_x0041_ <b>&</b>",
    "two\nlines",
    "x" * 40_000,
]
OFFICE = shutil.which("soffice")


def made_up_cases():
    rows = [
        ("2024-06", case, f"{place:05}", HASHES[case], place % 3 == 0, place + 1)
        for case in HASHES
        for place in range(len(HOSTILE))
    ]
    return pl.DataFrame(rows, schema=PilotCases.polars_schema(), orient="row")


def made_up_items():
    return pl.DataFrame(
        {
            "item_id": [f"{place:05}" for place in range(len(HOSTILE) + 1)],
            "title": [*HOSTILE, "Фонарь"],
            "category": ["=1+1"] * len(HOSTILE) + ["Свет"],
            "price_minor": [12_350] * len(HOSTILE) + [None],
            "price_band": [5] * len(HOSTILE) + [1],
        }
    )


def made_up_histories(n=40):
    """Views of one item a day, the last a purchase; of the first case only, and of somebody who is no case."""
    rows = [
        (user, "00008", "purchase" if day == n - 1 else "view", MADE_AT - dt.timedelta(days=n - day), "Site", 500, 1)
        for user in (HASHES["1"], "5" * 32)
        for day in range(n)
    ]
    schema = {
        "user_hash": pl.String,
        "item_id": pl.String,
        "kind": pl.String,
        "event_time": pl.Datetime("us", "UTC"),
        "platform": pl.String,
        "price_minor": pl.Int64,
        "quantity": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def written(tmp_path, locale="en", cases=None, name="sheet.xlsx"):
    path = tmp_path / name
    given = made_up_cases() if cases is None else cases
    write_pilot_sheet(path, given, made_up_histories(), made_up_items(), locale, made_at=MADE_AT)
    return path


def read_back(path):
    delivery = Delivery("expert_verdicts/sheet.xlsx", 1)
    return judge_file(Content.in_memory(path.read_bytes()), EXPERT_VERDICTS, delivery, today=dt.date(2024, 7, 2), references={})


def fill(path, answer, expert="A. B."):
    book = openpyxl.load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        row[6].value, row[7].value = expert, answer(row[2].value)
    book.save(path)


@pytest.mark.parametrize(("locale", "yes", "no"), [("en", "yes", "no"), ("ru", "да", "нет")])
def test_what_experts_fill_in_comes_back_through_the_inbox_as_results(tmp_path, locale, yes, no):
    path = written(tmp_path, locale)
    # every third item is recommended, and every second suits; of the last nothing is said
    fill(path, lambda item: None if item == "00007" else yes if int(item) % 2 == 0 else no)
    judgement = read_back(path)
    assert judgement.findings.failure is None
    assert (judgement.rows.height, judgement.refused.height) == (16, 0)
    assert judgement.rows.get_column("item_id").unique().sort().to_list() == [f"{place:05}" for place in range(8)]
    assert judgement.rows.get_column("suits").null_count() == 2
    found = dict(pilot_results(made_up_cases(), judgement.rows).select("measure", "value").iter_rows())
    # recommended 0, 3, 6, of which 0 and 6 suit; what suits is 0, 2, 4, 6
    assert found[PRECISION] == pytest.approx(2 / 3)
    assert found[LOST_OFFERS] == pytest.approx(1 / 2)


def test_a_sheet_that_nobody_filled_says_nothing_and_breaks_nothing(tmp_path):
    judgement = read_back(written(tmp_path))
    assert (judgement.rows.height, judgement.refused.height) == (16, 0)
    assert judgement.rows.get_column("suits").null_count() == 16
    assert judgement.rows.get_column("expert").null_count() == 16


def test_the_first_sheet_has_the_machines_names_in_every_language(tmp_path):
    for locale in ("en", "ru"):
        sheet = openpyxl.load_workbook(written(tmp_path, locale)).worksheets[0]
        assert [cell.value for cell in sheet[1]] == ["pilot", "case", "nm", "title", "category", "price", "expert", "suits"]
        assert [sheet.cell(2, column).value for column in (1, 2, 3, 6)] == ["2024-06", "1", "00000", 123.5]


@pytest.mark.parametrize(("locale", "answers"), [("en", '"yes,no"'), ("ru", '"да,нет"')])
def test_verdicts_are_chosen_from_a_list_and_headings_stay_in_sight(tmp_path, locale, answers):
    sheet = openpyxl.load_workbook(written(tmp_path, locale)).worksheets[0]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert rules["H2:H17"].type == "list"
    assert rules["H2:H17"].formula1 == answers
    assert rules["H2:H17"].allow_blank
    assert "G2:G17" in rules
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:H17"
    filled = {sheet.cell(row, column).fill.fgColor.rgb for row in (2, 17) for column in (7, 8)}
    assert filled == {f"00{colour[1:]}" for colour in pilot_workbook.TO_FILL}
    assert sheet.cell(2, 4).fill.fgColor.rgb == "00000000"


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_no_identifier_of_a_user_is_anywhere_in_the_file(tmp_path, locale):
    with zipfile.ZipFile(written(tmp_path, locale)) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert b"00003" in content
    for hashed in (*HASHES.values(), "5" * 32):
        assert hashed.encode() not in content


def test_nothing_in_the_file_depends_on_what_was_recommended(tmp_path):
    turned = made_up_cases().with_columns(~pl.col("recommended"))
    assert written(tmp_path).read_bytes() == written(tmp_path, cases=turned, name="turned.xlsx").read_bytes()


def test_hostile_titles_stay_text(tmp_path):
    book = openpyxl.load_workbook(written(tmp_path))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type not in {"f", "e"}, (sheet.title, cell.coordinate)
    titles = [book.worksheets[0].cell(row, 4).value for row in range(2, 2 + len(HOSTILE))]
    assert titles[:3] == HOSTILE[:3]
    assert titles[3] == "bell and zero"
    assert len(titles[7]) < len(HOSTILE[7])


def history_of(sheet):
    return [(*row[:1], row[1] and row[1].date(), *row[2:]) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_the_history_tells_the_last_events_in_words_below_a_line_about_the_user(tmp_path):
    rows = history_of(openpyxl.load_workbook(written(tmp_path)).worksheets[2])
    assert rows[0][:3] == (
        "1",
        None,
        "Platform: Site · Price level: the cheapest goods of a category · Purchases: 1 · Last 30 of 40 events",
    )
    assert rows[1] == ("1", dt.date(2024, 6, 30), "bought", "Фонарь", "Свет", 5, 1)
    assert rows[2][1:4] == (dt.date(2024, 6, 29), "viewed", "Фонарь")
    assert [row[0] for row in rows].count("1") == 1 + LAST_EVENTS
    assert rows[-1][:3] == ("2", None, "Nothing is known of this user's past.")


def test_cases_stand_in_the_order_of_their_numbers_and_positions():
    cases = made_up_cases().filter(pl.col("position") <= 2)
    many = pl.concat([cases.with_columns(case=pl.lit(case), user_hash=pl.lit(case * 4)) for case in ("10", "9", "1")])
    many = many.unique(["case", "item_id"]).sample(fraction=1, shuffle=True, seed=3)
    shown = pilot_sheet(many, made_up_histories(), made_up_items(), "en", made_at=MADE_AT).questions
    assert shown.select("case", "item_id").rows() == [(case, item) for case in ("1", "9", "10") for item in ("00000", "00001")]


def test_an_item_that_the_catalogue_lacks_is_called_by_its_number():
    shown = pilot_sheet(made_up_cases(), made_up_histories(), made_up_items().head(0), "en", made_at=MADE_AT)
    assert shown.questions.row(0) == ("2024-06", "1", "00000", "00000", None, None)
    assert shown.about["1"] == "Platform: Site · Purchases: 1 · Last 30 of 40 events"


def test_equal_contents_give_equal_bytes_whatever_the_order_of_rows(tmp_path):
    again = tmp_path / "again.xlsx"
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=2) for frame in (made_up_cases(), made_up_histories(), made_up_items())]
    fingerprint = write_pilot_sheet(again, *shuffled, "en", made_at=MADE_AT)
    assert again.read_bytes() == written(tmp_path).read_bytes()
    assert re.fullmatch("[0-9a-f]{64}", fingerprint)


@pytest.mark.parametrize("pilots", [[], ["2024-06", "2024-07"]])
def test_a_sheet_of_no_pilot_or_of_two_is_refused(tmp_path, pilots):
    cases = pl.concat([made_up_cases().head(0), *(made_up_cases().with_columns(pilot=pl.lit(pilot)) for pilot in pilots)])
    with pytest.raises(InvalidTableError, match=f"{len(pilots)} pilots"):
        written(tmp_path, cases=cases)


def messages_of(module):
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"translate", "ngettext"}:
                given = tuple(argument.value for argument in node.args if isinstance(argument, ast.Constant))
                yield from (str(given),) if len(given) > 1 else given


def test_every_message_has_a_russian_translation_with_the_same_placeholders_and_every_translation_is_used():
    used = {message for module in (words, pilot_workbook, reasons) for message in messages_of(module)} | {"RUB"}
    translated = catalogue("ru", "marketplace")
    assert not used - set(translated), "these messages need a translation in marketplace.po"
    assert not set(translated) - used, "nobody uses these translations"
    for english, russian in translated.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", russian)), english


@pytest.mark.slow
@pytest.mark.xdist_group("office")
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_a_sheet_that_libreoffice_saved_again_is_read_as_it_was(tmp_path):
    path = written(tmp_path, "ru")
    fill(path, lambda item: "да" if int(item) % 2 else "нет")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    (tmp_path / "saved").mkdir()
    subprocess.run(
        [str(OFFICE), profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "saved"), str(path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    judgement = read_back(tmp_path / "saved" / path.name)
    assert judgement.findings.failure is None
    assert judgement.refused.is_empty()
    columns = ["pilot", "case", "item_id", "expert", "suits"]
    assert judgement.rows.select(columns).equals(read_back(path).rows.select(columns))
