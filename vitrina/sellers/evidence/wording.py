"""Words on pictures of sellers, which people read in their language."""

from __future__ import annotations

from vitrina.i18n import Translate, translator

DOMAIN = "evidence"


def words(locale: str) -> Translate:
    """From the English text of a picture to that of a locale."""
    return translator(locale, DOMAIN)


def role_names(translate: Translate) -> dict[str, str]:
    """What each role is called."""
    return {
        "seller": translate("seller"),
        "customer": translate("customer"),
        "unknown": translate("unknown"),
        "fixture": translate("no person"),
    }
