"""What people read, in their language: one gettext catalogue per locale and domain.

English stands in the code. Another locale has `vitrina/locales/<locale>/LC_MESSAGES/<domain>.po`, read as text when it is
first needed, so there are no compiled files to forget.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from vitrina.errors import SettingsError

LOCALES = Path(__file__).parent / "locales"
SOURCE_LOCALE = "en"

Translate = Callable[[str], str]


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
def catalogue(locale: str, domain: str) -> dict[str, str]:
    """All messages of a catalogue as ``{english: translated}``; do not change it, it is shared."""
    path = LOCALES / locale / "LC_MESSAGES" / f"{domain}.po"
    if not path.is_file():
        known = sorted({SOURCE_LOCALE, *(folder.name for folder in LOCALES.iterdir() if folder.is_dir())})
        raise SettingsError(
            f"There is no catalogue {domain!r} for the locale {locale!r}.", f"Use one of the locales {', '.join(known)}."
        )
    with path.open("rb") as file:
        messages = read_po(file, locale=locale, abort_invalid=True)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string and not message.fuzzy}


def _as_it_is(message: str) -> str:
    return message
