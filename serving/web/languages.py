"""The language that somebody reads: what they chose, or what their browser asks for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from babel.core import negotiate_locale
from fastapi import Request

from vitrina.i18n import LOCALES, SOURCE_LOCALE, plural_translator, translator
from vitrina.settings import Locale

LANGUAGES: dict[Locale, str] = {"en": "English", "ru": "Русский"}
COOKIE = "vitrina_language"
DOMAINS = "pages"
"""Catalogues of the pages begin with this: `pages` for all, `pages_stores` and so on for a product."""


def locale_of(request: Request) -> Locale:
    """The language of an answer.

    Examples
    --------
    >>> locale_of(Request({"type": "http", "headers": [(b"accept-language", b"ru-RU,ru;q=0.9,en;q=0.8")]}))
    'ru'
    """
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return cast("Locale", chosen)
    wanted = [tag for tag, _ in sorted(_weighed(request.headers.get("accept-language", "")[:500]), key=lambda pair: -pair[1])]
    found = negotiate_locale(wanted, list(LANGUAGES), sep="-")
    return cast("Locale", found) if found in LANGUAGES else "en"


def _weighed(header: str) -> Iterable[tuple[str, float]]:
    for part in header.split(","):
        tag, _, weight = part.partition(";q=")
        try:
            yield tag.strip(), float(weight or 1)
        except ValueError:
            continue


@cache
def domains(locale: Locale) -> tuple[str, ...]:
    """Catalogues of the pages in a language."""
    found = (LOCALES / locale / "LC_MESSAGES").glob(f"{DOMAINS}*.po")
    return tuple(sorted(path.stem for path in found))


def translate(locale: Locale, message: str) -> str:
    """A message of the pages; in English where no catalogue has it."""
    if locale == SOURCE_LOCALE:
        return message
    for domain in domains(locale):
        found = translator(locale, domain)(message)
        if found != message:
            return found
    return message


def translate_plural(locale: Locale, one: str, many: str, n: int) -> str:
    """A message that depends on a number."""
    if locale == SOURCE_LOCALE:
        return one if n == 1 else many
    for domain in domains(locale):
        found = plural_translator(locale, domain)(one, many, n)
        if found not in (one, many):
            return found
    return one if n == 1 else many


def speaker(locale: Locale) -> Any:
    """`translate` for one language, for code that says several things."""
    return lambda message, **values: translate(locale, message).format(**values) if values else translate(locale, message)
