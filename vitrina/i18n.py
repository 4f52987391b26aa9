"""What people read, in their language: one gettext catalogue per locale and domain.

English stands in the code. Another locale has `vitrina/locales/<locale>/LC_MESSAGES/<domain>.po`, read as text when it is
first needed, so there are no compiled files to forget.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from vitrina.errors import SettingsError

LOCALES = Path(__file__).parent / "locales"
SOURCE_LOCALE = "en"

Translate = Callable[[str], str]
TranslatePlural = Callable[[str, str, int], str]
"""English for one, English for any other number, and the number."""


def translator(locale: str, domain: str) -> Translate:
    """A function from the English message to that of a locale.

    Parameters
    ----------
    locale
        ``"en"`` or ``"ru"``.
    domain
        The catalogue, e.g. ``"receipts"``.

    Returns
    -------
    callable
        A message that the catalogue lacks comes back in English, so that people read something rather than nothing.

    Raises
    ------
    SettingsError
        There is no such catalogue.

    Examples
    --------
    >>> translator("ru", "receipts")("Rows read")
    'Прочитано строк'
    """
    if locale == SOURCE_LOCALE:
        return _as_it_is
    messages = catalogue(locale, domain)
    return lambda message: messages.get(message) or message


@cache
def plural_translator(locale: str, domain: str) -> TranslatePlural:
    """A function for messages that depend on a number, which `translator` does without: Russian has three forms of them.

    Parameters
    ----------
    locale
        ``"en"`` or ``"ru"``.
    domain
        The catalogue, e.g. ``"marketplace"``.

    Returns
    -------
    callable
        The form for the number; the number itself is still to be filled in. A message that the catalogue lacks comes back
        in English.

    Raises
    ------
    SettingsError
        There is no such catalogue.

    Examples
    --------
    >>> plural_translator("en", "marketplace")("{days} day", "{days} days", 2)
    '{days} days'
    """
    if locale == SOURCE_LOCALE:
        return gettext.NullTranslations().ngettext
    with BytesIO() as compiled:
        # gettext knows how to evaluate a language's rule of plurals, but reads compiled catalogues only
        write_mo(compiled, _read(locale, domain))
        compiled.seek(0)
        return gettext.GNUTranslations(compiled).ngettext


@cache
def catalogue(locale: str, domain: str) -> dict[str, str]:
    """All messages of a catalogue as ``{english: translated}``; do not change it, it is shared.

    Where a message has plural forms, both sides are the text of all of them together; `plural_translator` tells them apart.
    """
    messages = _read(locale, domain)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string and not message.fuzzy}


def _read(locale: str, domain: str) -> Catalog:
    path = LOCALES / locale / "LC_MESSAGES" / f"{domain}.po"
    if not path.is_file():
        known = sorted({SOURCE_LOCALE, *(folder.name for folder in LOCALES.iterdir() if folder.is_dir())})
        raise SettingsError(
            f"There is no catalogue {domain!r} for the locale {locale!r}.", f"Use one of the locales {', '.join(known)}."
        )
    with path.open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def _as_it_is(message: str) -> str:
    return message
