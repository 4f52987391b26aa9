"""Whatever people read on pages is there in every language, with what is filled in."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from fastapi import Request

import serving
import vitrina
from serving.web.languages import domains, locale_of, translate, translate_plural
from vitrina.i18n import LOCALES, catalogue

HERE = Path(serving.__file__).parent
PLACEHOLDERS = re.compile(r"%\(\w+\)s|\{\w*(?::[^}]*)?\}")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "translate": (2,), "refused": None, "_password_page": (3,)}


def messages():
    """Every message of templates and code, with where it stands."""
    methods = [("bot/**", "ignore"), ("templates/**.html", "jinja2"), ("**.py", "python")]
    options = {"templates/**.html": {"trimmed": "false", "silent": "false"}}
    found = {}
    for file, line, message, _, _ in extract_from_dir(str(HERE), methods, options, keywords=KEYWORDS):
        for one in (message if isinstance(message, tuple) else (message,))[:1]:
            if one:
                found.setdefault(one, f"{file}:{line}")
    return found


def test_there_is_something_to_translate():
    assert {"Sign in", "What is published"} <= messages().keys()


def test_every_message_of_the_pages_is_there_in_russian():
    known = {message for domain in domains("ru") for message in _ids(domain)}
    missing = {message: where for message, where in messages().items() if message not in known}
    assert not missing


def test_translations_fill_in_what_the_original_does():
    for domain in domains("ru"):
        for message, translated in catalogue("ru", domain).items():
            assert sorted(set(PLACEHOLDERS.findall(message))) == sorted(set(PLACEHOLDERS.findall(translated))), (domain, message)


def test_no_message_is_translated_that_nobody_says():
    # some stand in the domain, and pages translate whatever it says
    said = {*messages(), *literals(HERE), *literals(Path(vitrina.__file__).parent)}
    assert not [message for domain in domains("ru") for message in _ids(domain) if message not in said]


def literals(folder):
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (b"ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (b"en-GB,en;q=0.9,ru;q=0.5", "en"),
        (b"de-DE,de;q=0.9", "en"),
        (b"de,ru;q=0.4", "ru"),
        (b"", "en"),
        (b"*;q=x,,;;;" + b"\xff" * 40, "en"),
        (b"ru;q=0.1,en;q=0.9", "en"),
    ],
)
def test_pages_speak_the_language_of_the_browser(header, locale):
    assert locale_of(Request({"type": "http", "headers": [(b"accept-language", header)]})) == locale


def test_a_chosen_language_counts_more_than_the_browser():
    headers = [(b"accept-language", b"ru"), (b"cookie", b"vitrina_language=en")]
    assert locale_of(Request({"type": "http", "headers": headers})) == "en"


def test_russian_has_three_forms_of_a_plural():
    forms = {translate_plural("ru", "%(num)s table is held back", "%(num)s tables are held back", n) for n in (1, 2, 5, 11, 21)}
    assert len(forms) == 3


def test_what_no_catalogue_has_stays_in_english():
    assert translate("ru", "nobody has said this yet") == "nobody has said this yet"


def _ids(domain):
    """The first form of each message."""
    from babel.messages.pofile import read_po  # noqa: PLC0415  # only this test reads what stands in the file

    with (LOCALES / "ru" / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return [message.id[0] if isinstance(message.id, tuple) else message.id for message in read_po(file) if message.id]
