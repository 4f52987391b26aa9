"""Whether a text has a capital that may begin somebody's name, looked at before a model is asked.

The model of names finds none in lower case. So a text whose capitals only begin sentences, with words that are nobody's name,
holds no name that it could find; of questions in chats that is most, and looking costs a fiftieth of asking the model.
"""

from __future__ import annotations

import re
from functools import lru_cache

# the one dictionary of the process: another one would take its memory twice
from vitrina.posts.language import russian_morphology

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_ENDS_SENTENCE = re.compile(r"[.!?…\n]")
_OF_NAMES = frozenset({"Name", "Surn", "Patr", "Init", "Abbr"})
_OF_SURNAMES = frozenset({"NOUN", "ADJF", "ADJS"})
"""What surnames are made of: Мороз, Толстой."""

_POLITE_FORMS = "вы вас вам вами ваш ваша ваше ваши вашего вашей вашему вашим вашем вашу ваших вашими"
_POLITE = frozenset(_POLITE_FORMS.split())
"""Written with a capital within sentences, too."""

_BEGINNINGS = """
    а и в у с о к я добрый доброе доброго доброй день вечер утро привет всем друзья ребята коллеги народ вопрос
    what when where which who whose why how is are was were do does did can could would should has have please hello hi hey
    the a an in on at if and but there this that
"""
_OPENERS = frozenset(_BEGINNINGS.split())
"""Begin sentences in chats, and would be held for possible names by their part of speech or their alphabet."""

MOST_KNOWN = 100_000
"""Words that are remembered, some 15 MB."""


def may_hold_name(text: str) -> bool:
    """Whether a capital of a text may begin a name; where this is False, a model of names need not look.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    bool
        True where a capital stands within a sentence or within a word, and where a sentence begins with a word that is a
        noun, an adjective or a name in any reading, or stands in no dictionary.

    Examples
    --------
    >>> may_hold_name("Здравствуйте! Подскажите, когда вы открываетесь?")
    False
    >>> may_hold_name("Вера уже пришла?")
    True
    """
    end = 0
    for found in _WORD.finditer(text):
        word, begins = found[0], end == 0 or bool(_ENDS_SENTENCE.search(text, end, found.start()))
        end = found.end()
        # with a point behind it, a letter is an initial
        is_initial = len(word) == 1 and text.startswith(".", end)
        if not word.islower() and (is_initial or not _is_no_name(word, begins=begins)):
            return True
    return False


def _is_no_name(word: str, *, begins: bool) -> bool:
    lower = word.lower()
    if word[1:] != lower[1:]:
        return False
    return lower in _POLITE or (begins and (lower in _OPENERS or _is_plain(lower)))


@lru_cache(MOST_KNOWN)
def _is_plain(word: str) -> bool:
    """Whether a word in lower case is in the dictionary, and in none of its readings a name or what surnames are made of."""
    dictionary = russian_morphology()
    if not dictionary.word_is_known(word):
        return False
    tags = [reading.tag for reading in dictionary.parse(word)]
    return not any(_OF_NAMES & tag.grammemes or (tag.POS in _OF_SURNAMES and "Apro" not in tag) for tag in tags)
