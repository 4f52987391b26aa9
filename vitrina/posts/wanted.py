"""What a question names, and whether it asks for a time: what an answer must hold beside the question's other words."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from vitrina.posts.language import words

_CAPITAL = re.compile(
    r"""(?: (?<=[\w,;:»”"')]\s) | (?<=\w[-–—]) | (?<=\s[«“"'(]) ) [^\W\d_][^\W_]*  # a word that begins no sentence""", re.VERBOSE
)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_ASKS_WHEN = re.compile(
    r"""\b(?: (?:когда|when)\b
    | (?:как(?:ой|ого|ом|ому|им|ая|ую|ое|ие|их)|what|which)\s+(?:год|век|столет|месяц|день|дня|числ|дат|year|centur|date|month|day|decade) )
    """,
    re.IGNORECASE | re.VERBOSE,
)

YEARS: Final = range(1000, 2100)
"""Numbers that are read as years."""

_OF_TIME = """
    январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
    понедельник вторник среда четверг пятница суббота воскресенье сегодня завтра послезавтра вчера год век столетие
    минута час день неделя месяц утро вечер ночь весна лето осень зима
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday year century
    minute hour day week month morning evening night spring summer autumn winter
"""
WORDS_OF_TIME: Final = tuple(_OF_TIME.split())
"""Words that tell when something is."""


def named(text: str, tokens: Collection[str]) -> frozenset[str]:
    """Tokens that are numbers, begin with a capital within a sentence, or are Latin in a Cyrillic text.

    Of a text in capitals alone, none counts for its capitals.

    Parameters
    ----------
    text
        A question.
    tokens
        Its `words`.

    Examples
    --------
    >>> sorted(named("Кто в 1187 году напал на Чингисхана?", ["кто", "в", "1187", "году", "напал", "на", "чингисхана"]))
    ['1187', 'чингисхана']
    """
    capitals: set[str] = set()
    if not text.isupper():
        for word in _CAPITAL.findall(text):
            if word[0].isupper():
                capitals.update(words(word))
    is_cyrillic = _CYRILLIC.search(text) is not None
    return frozenset(
        token for token in tokens if token[0].isdigit() or token in capitals or (is_cyrillic and "a" <= token[0] <= "z")
    )


def asks_when(text: str) -> bool:
    """Whether a question asks for a time.

    Examples
    --------
    >>> asks_when("В каком году открыли метро?"), asks_when("Кто открыл метро?")
    (True, False)
    """
    return _ASKS_WHEN.search(text) is not None
