"""Receipts that people can read, in their language."""

import ast
import datetime as dt
import importlib
import re
from pathlib import Path

import pytest

import vitrina.inbox
from vitrina.i18n import catalogue
from vitrina.inbox import receipts as receipts_module
from vitrina.inbox import validate as validate_module
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.findings import Counts, Example, Findings, Problem
from vitrina.inbox.messages import message
from vitrina.inbox.receipts import PROBLEMS, receipt, receipt_path
from vitrina.inbox.rules import WHOLE_ROW

ENTRY = Entry(
    "stores",
    7,
    "stores/sales/a_b.csv",
    "sales",
    2,
    State.LOADED,
    10,
    "1",
    "a" * 64,
    dt.datetime(2024, 6, 30, 12, 5, tzinfo=dt.UTC),
    unresolved=1,
)


def problem(column="revenue", values=3, value="дёшево"):
    return Problem(column, message("a number"), message("Write the date as 2024-01-31."), values, (Example(17, value),))


def test_a_receipt_says_what_was_read_refused_and_what_to_do():
    findings = Findings(Counts(12_345, 12_342, 3), (problem(),), (), None, dt.date(2024, 1, 1), dt.date(2024, 3, 1))
    text = receipt(ENTRY, findings, "en")
    assert "# Receipt for stores/sales/a_b.csv" in text
    assert "Rows read: 12,345, loaded: 12,342, refused: 3." in text
    assert "| revenue | a number | 3 | row 17: дёшево | Write the date as 2024-01-31. |" in text
    assert "deliver the whole file again" in text
    assert "read again by themselves" in text


def test_the_russian_receipt_says_the_same_in_russian():
    findings = Findings(
        Counts(12_345, 12_342, 3), (problem(), problem(WHOLE_ROW)), (), None, dt.date(2024, 1, 1), dt.date(2024, 3, 1)
    )
    text = receipt(ENTRY, findings, "ru")
    assert "Квитанция на файл stores/sales/a_b.csv" in text
    assert "Прочитано строк: 12\u00a0345, загружено: 12\u00a0342, отклонено: 3." in text
    assert "| revenue | число | 3 | строка 17: дёшево | Запишите дату в виде 2024-01-31. |" in text
    assert "30 июня 2024" in text
    english = re.findall(r"\b[A-Za-z]{4,}\b", text.replace(ENTRY.fingerprint, ""))
    assert set(english) <= {"stores", "sales", "revenue"}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("locale", ["en", "ru"])
def test_every_outcome_has_a_receipt_that_says_what_happens_next(state, locale):
    entry = Entry(**{**{name: getattr(ENTRY, name) for name in ENTRY.__dataclass_fields__}, "state": state})
    heading = {"en": "## What happens next", "ru": "## Что дальше"}[locale]
    assert re.search(heading + r"\n\n- \w", receipt(entry, Findings(), locale))


def test_a_receipt_lists_the_first_problems_and_counts_the_others():
    problems = tuple(problem(f"column{number}") for number in range(PROBLEMS + 5))
    text = receipt(ENTRY, Findings(Counts(100, 0, 100), problems), "en")
    assert text.count("| a number |") == PROBLEMS
    assert "not listed here: 5" in text


def test_a_value_cannot_break_the_table_or_bring_in_html():
    nasty = "a|b\n# c <script>alert(1)</script> [x](http://y) `z` \x1b[31m &amp;"
    text = receipt(ENTRY, Findings(Counts(1, 0, 1), (problem(value=nasty, column=nasty),)), "en")
    row = next(line for line in text.splitlines() if "a number" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert "<script>" not in text.replace("\\<", "")
    assert "\x1b" not in text


def test_receipts_of_different_files_never_share_a_name(tmp_path):
    names = {
        receipt_path(tmp_path, Entry(**{**vars(ENTRY), "path": path}), "en")
        for path in ("stores/a b.csv", "stores/a-b.csv", "stores/A_B.csv")
    }
    assert len(names) == 3


def literals(path):
    """English sentences of a module: what is made into a message, or translated."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("message", "Message", "_"):
            first = node.args[0]
            for part in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                if isinstance(part, ast.Constant):
                    yield part.value


def test_every_sentence_has_a_russian_translation_with_the_same_values():
    folders = [Path(vitrina.inbox.__file__).parent, Path(vitrina.posts.exports.__file__).parent]
    found = {text for folder in folders for path in folder.glob("*.py") for text in literals(path)}
    found |= set(receipts_module.OUTCOMES.values()) | {WHOLE_ROW}
    for module in (receipts_module, validate_module):
        found |= {
            value
            for name, value in vars(importlib.import_module(module.__name__)).items()
            if re.fullmatch(r"_WHEN_\w+|ACCEPTED|PARTLY|REFUSED", name)
        }
    russian = catalogue("ru", "receipts")
    assert len(found) > 80
    assert not found - set(russian)
    for text in found:
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", russian[text])), text
