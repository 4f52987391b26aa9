"""What people read, in their language."""

import pytest

from vitrina.errors import SettingsError
from vitrina.i18n import LOCALES, catalogue, plural_translator, translator


def test_english_is_what_stands_in_the_code():
    assert translator("en", "receipts")("Rows read") == "Rows read"


def test_russian_comes_from_the_catalogue_and_an_unknown_message_stays_english():
    assert translator("ru", "receipts")("Rows read") == "Прочитано строк"
    assert translator("ru", "receipts")("No such message.") == "No such message."


def test_a_locale_without_a_catalogue_is_refused_with_those_that_have_one():
    with pytest.raises(SettingsError, match="en, ru"):
        translator("fr", "receipts")
    with pytest.raises(SettingsError, match="en, ru"):
        plural_translator("fr", "receipts")


@pytest.mark.parametrize(("number", "english", "russian"), [(1, "day", "день"), (3, "days", "дня"), (12, "days", "дней")])
def test_a_message_with_a_number_has_the_form_that_its_language_wants(number, english, russian):
    message = "Bought again about every day", "Bought again about every {days} days"
    assert plural_translator("en", "marketplace")(*message, number).endswith(f" {english}")
    assert plural_translator("ru", "marketplace")(*message, number).endswith(f" {russian}")


def test_an_unknown_message_with_a_number_stays_english():
    forms = [plural_translator("ru", "marketplace")("{n} such", "{n} suches", number) for number in (1, 2)]
    assert forms == ["{n} such", "{n} suches"]


@pytest.mark.parametrize("path", sorted(LOCALES.rglob("*.po")), ids=lambda path: path.stem)
def test_every_catalogue_is_complete(path):
    text = path.read_text()
    messages = catalogue(path.parent.parent.name, path.stem)
    assert len(messages) == text.count("\nmsgid ") - text.count('\nmsgid ""\nmsgstr')
    assert "fuzzy" not in text
