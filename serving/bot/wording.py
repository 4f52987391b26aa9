"""What the bot says, in English and Russian."""

from __future__ import annotations

import re

from vitrina.i18n import SOURCE_LOCALE, translator

DOMAIN = "bot"
LOCALES = ("en", "ru")
MOST_UNITS = 4096
"""Longest message, in UTF-16 code units, as Telegram counts."""

_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)

HELP = (
    "Ask me a question, and I look for the post that has answered it: you get its link and a short quote, or nothing if I am not "
    "sure.\n\n/ask <question> — look for an answer\n/privacy — what is kept\n/forget_me — erase what is kept of you\n"
    "/forget — for administrators, as a reply to my answer or with the link of a post: erase the post"
)
PRIVACY = (
    "I keep questions that I looked up, for {days} days: without names, numbers and addresses, and with a code in place of who "
    "asked. I keep which post I showed and which button was pressed. Other messages are not kept. /forget_me erases it all."
)
FORGOTTEN = "Done. What I kept of you is being erased everywhere."
NOTHING_FOUND = "I found no post that answers this."
NO_CHANNELS = "There is no channel that I may search here."
ASK_WHAT = "Write the question after the command: /ask when do you open?"
TOO_MANY = "These were many questions. Please try again in a minute."
OVER_QUOTA = "This month's answers have been used up."
FAILED = "Something went wrong. Please ask again later."
ADMINS_ONLY = "Only administrators of this chat can do that."
FORGET_WHICH = (
    "Reply to my answer with /forget, or add the link of a post of this chat's channels: /forget https://t.me/channel/123"
)
POST_FORGOTTEN = "Done. The post is being erased from what I search."
HELPED = "Helped"
NOT_HELPED = "Did not help"
THANKS = "Thank you!"
TOO_OLD = "This answer is too old for that."


def locale_of(user_locale: str | None, text: str) -> str:
    """The language to speak: that of the person's app, otherwise that of the text.

    Examples
    --------
    >>> locale_of("ru-RU", "hello"), locale_of("de", "Когда?"), locale_of(None, "When?")
    ('ru', 'ru', 'en')
    """
    language = (user_locale or "").lower().split("-")[0]
    if language in LOCALES:
        return language
    return "ru" if _CYRILLIC.search(text) else SOURCE_LOCALE


def say(locale: str, message: str, **values: object) -> str:
    """A message of this module in a language, with its values filled in."""
    said = translator(locale, DOMAIN)(message)
    return said.format(**values) if values else said


def answer_text(quote: str, link: str | None) -> str:
    """The quote with its link below; a quote that is too long loses its end, never the link."""
    below = f"\n\n{link}" if link else ""
    return f"“{cut(quote.strip(), MOST_UNITS - _units(below) - 2)}”{below}"


def cut(text: str, units: int) -> str:
    """A text of at most so many UTF-16 code units, with an ellipsis where it was cut."""
    if _units(text) <= units:
        return text
    # half of a pair of surrogates is dropped, for it is no character
    return text.encode("utf-16-le")[: 2 * (units - 1)].decode("utf-16-le", errors="ignore").rstrip() + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
