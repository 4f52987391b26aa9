import ast
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from vitrina.i18n import catalogue, translator
from vitrina.sellers import days, drift, metrics, report
from vitrina.sellers.report.by_hour import hour_name
from vitrina.sellers.report.reasons import REASONS, reason, remedies, remedy
from vitrina.sellers.report.wording import DOMAIN, measure_advice, measure_names, metric_names, words

RUSSIAN = translator("ru", DOMAIN)


@pytest.fixture
def english():
    return words("en", "RUB", ZoneInfo("UTC"))


@pytest.fixture
def russian():
    return words("ru", "RUB", ZoneInfo("UTC"))


def test_every_message_of_the_report_has_a_russian_translation_and_every_translation_is_used():
    used = {*_messages_in_code(), *REASONS, "RUB", *(metric.meaning for metric in metrics.METRICS)}
    translated = set(catalogue("ru", DOMAIN))
    assert not used - translated, "these messages need a translation in seller_report.po"
    assert not translated - used, "nobody uses these translations"


def test_placeholders_are_the_same_in_both_languages():
    def placeholders(text):
        return {part.split("}")[0] for part in text.split("{")[1:]}

    for english_text, russian_text in catalogue("ru", DOMAIN).items():
        assert placeholders(english_text) == placeholders(russian_text), english_text


@pytest.mark.parametrize("module", [metrics, days])
def test_every_reason_that_numbers_come_with_is_told_in_russian(module, russian):
    refusals = list(_refusals(module))
    assert len(refusals) >= 2
    for refusal in refusals:
        told = reason(refusal, RUSSIAN, russian.percent)
        assert any("а" <= letter <= "я" for letter in told), refusal


def test_names_and_shares_in_a_reason_are_kept(russian):
    told = "Cameras a.b and c ran at once, and nobody said whether they see the same floor: declare `overlaps` for a.b and c."
    assert reason(told, RUSSIAN, russian.percent) == (
        "Камеры a.b и c снимали одновременно, и не указано, один ли участок зала они видят: заполните `overlaps` для a.b, c."
    )
    told = "40% of the time could be seen; numbers are told from 50% on."
    assert reason(told, RUSSIAN, russian.percent) == "Видно 40\u00a0% времени; числа указываются начиная с 50\u00a0%."


def test_a_reason_that_nobody_knows_is_told_as_it_came():
    assert reason("The moon {stood} in the way.", RUSSIAN, str) == "The moon {stood} in the way."
    assert not remedy("The moon {stood} in the way.", RUSSIAN)


def test_every_remedy_is_for_a_known_reason():
    assert set(remedies(str)) <= set(REASONS)
    assert remedy("0% of the time could be seen; numbers are told from 50% on.", str).startswith("Look at the footage")


def test_every_metric_and_every_measure_has_a_name():
    assert set(metric_names(str)) == set(metrics.BY_NAME)
    assert set(measure_names(str)) == set(measure_advice(str)) == set(drift.MEASURES)


def test_ends_of_ranges_are_rounded_outwards(english):
    assert english.range(metrics.INTERACTIONS, 12.2, 26.1) == "12 to 27"
    assert english.range(metrics.INTERACTIONS, 12.0, 26.0) == "12 to 26"
    assert english.range(metrics.INTERACTION_RATIO, 0.4567, 0.58) == "45% to 58%"
    assert english.range(metrics.PRESENT_S, 600.0, 4200.0) == "10 min to 1 h 10 min"
    assert english.range(metrics.DIFFERENCE, -20_000.0, 130_000.0) == "−200 to 1,300\u00a0RUB"


def test_a_single_case_has_no_range(english):
    assert english.range(metrics.WITH_CONSULTATION, None, None) == "unknown: a single case"


def test_numbers_inside_sentences_are_written_as_the_reader_does(english, russian):
    assert english.money(330_912) == "3,309\u00a0RUB"
    assert russian.money(330_912) == "3\u00a0309\u00a0руб."
    assert russian.money(1_250) == "12,50\u00a0руб."
    assert (english.times(2.179), russian.times(2.179)) == ("×2.18", "×2,18")


def test_a_quotation_mark_in_the_currency_does_not_end_the_cells_format():
    value, shown = words("en", 'R"0', ZoneInfo("UTC")).cell(metrics.WITH_CONSULTATION, 500_000)
    assert (value, shown) == (5000, '#,##0" R0"')


def test_the_last_hour_of_the_day_ends_at_midnight():
    assert hour_name(23) == "23:00 – 00:00"


def _messages_in_code():
    for path in Path(report.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
            if is_call and getattr(node.func, "id", getattr(node.func, "attr", "")) == "translate":
                yield node.args[0].value


def _refusals(module):
    """Sentences of a module that are no docstrings, errors or meanings of metrics; what they are filled with is 7."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    left_out = {id(node) for call in ast.walk(tree) if isinstance(call, ast.Raise) for node in ast.walk(call)}
    left_out |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    left_out |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    meanings = {metric.meaning for metric in metrics.METRICS}
    for node in ast.walk(tree):
        if id(node) in left_out or not isinstance(node, (ast.Constant, ast.JoinedStr)):
            continue
        text = _filled(node)
        if isinstance(text, str) and text.endswith(".") and text not in meanings:
            yield text


def _filled(node):
    if isinstance(node, ast.Constant):
        return node.value
    parts = [part.value if isinstance(part, ast.Constant) else _sample(part) for part in node.values]
    return "".join(map(str, parts))


def _sample(part):
    if part.format_spec is not None:
        return "7%"
    # the one sentence that is chosen from two
    return "with" if ast.unparse(part.value).startswith("words") else "7"
